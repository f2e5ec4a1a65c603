package access

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
)

func TestCheckPassword(t *testing.T) {
	own := []string{"carla.winterbourne@example.com", "Carla Winterbourne"}
	good := []string{
		"violets grow at noon", "correct horse battery staple", "xk7#mQ9!vL2p", "zufällig gewählt", "密码很长很长很长很长很长的",
		"            spaces           count", "password-8391-lamp-5573-owl", strings.Repeat("äq7kümz", 110), "nine ladders of rhubarb",
	}
	for _, p := range good {
		var f fault.Fields
		if checkPassword("password", p, own, &f); f != nil {
			t.Errorf("%q is refused: %v", p, f)
		}
	}
	bad := map[string][]string{
		"fewer than 12": {"", "short", "elevenchars", "ääääääääßßß"[:12]},
		"1024 bytes":    {strings.Repeat("violets4", 129), strings.Repeat("ﷺ", 40) + strings.Repeat("x1y", 300)},
		"no character":  {"violets\x00grow at noon", "violets\ngrow at noon", "violets \xff grow at noon"},
		"guessed first": {
			"password1234", "PASSWORD1234", "P@ssw0rd2026!", "p4$$w0rd!!!!", "passwordpassword", "qwertyuiop123", "1qaz2wsx3edc",
			"123456789012", "098765432109", "aaaaaaaaaaaa", "ababababab12", "abcabcabcabc", "xK7!xK7!xK7!", "abcdefghijkl", "iloveyou1234",
			"dragondragon", "monkeymonkey12", "summer-winter", "Summer2026!!!", "Welcome2026!!", "liverpool2005!", "changeme12345", "ｐａｓｓｗｏｒｄ１２３４",
			"throughline123", "winterbourne1!", "carlawinterbourne", "Carla.Winterbourne1", "asdfghjklqwe", "michelle19841", "!!!football!!!",
		},
	}
	for says, all := range bad {
		for _, p := range all {
			var f fault.Fields
			own := append([]string{"winterbourne@example.com"}, own...)
			if checkPassword("password", p, own, &f); len(f) != 1 || !strings.Contains(f[0].Message, says) {
				t.Errorf("%q: %v, want it to say %q", p, f, says)
			}
		}
	}
	if n := len(commonWords()); n < 700 {
		t.Errorf("the list has %d words", n)
	}
}

// TestNothingIsCutOff: every byte counts, however long the password.
func TestNothingIsCutOff(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		for i, n := range []int{128, longestPassword} {
			name := []string{"ann", "bob"}[i]
			long := strings.Repeat("seven wet stones ", 100)[:n-1]
			g.account(name, long+"a", false)
			_, _, err := g.SignIn(t.Context(), name+"@example.com", long+"b", home)
			refused(t, "another last byte", err, fault.Unauthenticated)
			_, _, err = g.SignIn(t.Context(), name+"@example.com", long, home)
			refused(t, "without the last byte", err, fault.Unauthenticated)
			_, _, err = g.SignIn(t.Context(), name+"@example.com", long+"ab", home)
			refused(t, "with one more", err, fault.Unauthenticated)
			g.signIn(name, long+"a")
		}
	})
}

// TestAccentsAreFolded: a keyboard that composes and one that does not type the same.
func TestAccentsAreFolded(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", "caf\u00e9 au bord du lac", false)
		g.signIn("ann", "cafe\u0301 au bord du lac")
		_, _, err := g.SignIn(t.Context(), "ann@example.com", "cafe au bord du lac", home)
		refused(t, "without the accent", err, fault.Unauthenticated)
	})
}

// TestSameWorkForStrangers counts hashes: who has no account costs as much as who has.
func TestSameWorkForStrangers(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ann := g.account("ann", annsPassword, false)
		g.account("root", annsPassword, true)
		var answer string
		for name, try := range map[string][2]string{
			"wrong password": {"ann@example.com", bobsPassword},
			"no account":     {"eve@example.com", bobsPassword},
			"no address":     {"eve", bobsPassword},
			"too long":       {"ann@example.com", strings.Repeat("x", longestPassword+1)},
			"no password":    {"ann@example.com", ""},
		} {
			before := g.hasher.runs.Load()
			_, _, err := g.SignIn(t.Context(), try[0], try[1], Client{Addr: name})
			refused(t, name, err, fault.Unauthenticated)
			if n := g.hasher.runs.Load() - before; n != 1 {
				t.Errorf("%s: %d hashes", name, n)
			}
			if answer == "" {
				answer = err.Error()
			} else if err.Error() != answer {
				t.Errorf("%s: %q tells it from %q", name, err, answer)
			}
		}
		g.ok(g.Disable(t.Context(), Operator, ann.ID))
		before := g.hasher.runs.Load()
		_, _, err := g.SignIn(t.Context(), "ann@example.com", annsPassword, home)
		if n := g.hasher.runs.Load() - before; n != 1 || err.Error() != answer {
			t.Errorf("disabled: %d hashes, %v", n, err)
		}
		// nobody signs in as nobody, whatever the decoy is made of
		if right, err := g.hasher.verify(t.Context(), "", ""); right || err != nil {
			t.Errorf("the decoy is right: %v", err)
		}
	})
}

// TestRaisedCost: a password that was kept under a lower cost is kept anew at the next
// sign-in, and under the same cost not.
func TestRaisedCost(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		kept := func() (s string) {
			g.ok(g.db.QueryRowContext(t.Context(), `SELECT password FROM accounts`).Scan(&s))
			return s
		}
		g.account("ann", annsPassword, false)
		first := kept()
		g.signIn("ann", annsPassword)
		if kept() != first {
			t.Error("kept anew under the same cost")
		}
		g.hasher.cost = cost{memory: 128, time: 2, threads: 1}
		_, _, err := g.SignIn(t.Context(), "ann@example.com", bobsPassword, home)
		refused(t, "wrong password", err, fault.Unauthenticated)
		if kept() != first {
			t.Error("kept anew for a wrong password")
		}
		g.signIn("ann", annsPassword)
		if !strings.HasPrefix(kept(), "$argon2id$v=19$m=128,t=2,p=1$") {
			t.Errorf("kept as %s", kept())
		}
		g.signIn("ann", annsPassword)
	})
}

// TestToday: the cost of a real installation is the one recommended, at least.
func TestToday(t *testing.T) {
	h := newHasher()
	if c := h.cost; c.memory < 19*1024 || c.time < 2 || c.threads < 1 {
		t.Errorf("%+v", c)
	}
	if h.weaker(h.decoy) || h.decoy != today.encode(make([]byte, 16), make([]byte, 32)) {
		t.Error("a decoy costs less than an account")
	}
}

// TestHashingTakesTurns: no more hashes at once than processors, and who gives up waiting
// costs nothing.
func TestHashingTakesTurns(t *testing.T) {
	h := newHasher()
	h.cost = light
	if cap(h.turns) != runtime.GOMAXPROCS(0) {
		t.Errorf("%d hashes at once", cap(h.turns))
	}
	for range cap(h.turns) {
		h.turns <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.hash(ctx, annsPassword); !errors.Is(err, context.Canceled) {
		t.Errorf("out of turn: %v", err)
	}
	if n := h.runs.Load(); n != 0 {
		t.Errorf("%d hashes", n)
	}
	<-h.turns
	if _, err := h.hash(t.Context(), annsPassword); err != nil {
		t.Error(err)
	}
	if n := len(h.turns); n != cap(h.turns)-1 {
		t.Errorf("%d turns are taken", n)
	}
}
