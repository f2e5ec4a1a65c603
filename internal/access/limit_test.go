package access

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// after returns when a TooMany lets in again.
func after(t *testing.T, err error) time.Duration {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.TooMany {
		t.Fatalf("%v, want TooMany", err)
	}
	return e.After
}

func TestLimiter(t *testing.T) {
	clock := ledgertest.NewClock()
	l := NewLimiter(clock.Now)
	for _, limit := range []Limit{SignInLimit, TokenLimit, AnonymousLimit} {
		for range limit.N {
			if err := l.Take(limit, "ann"); err != nil {
				t.Fatal(err)
			}
		}
		if d := after(t, l.Take(limit, "ann")); d != limit.Per {
			t.Errorf("%s: again after %s", limit.Name, d)
		}
		if err := l.Take(limit, "bob"); err != nil {
			t.Errorf("bob pays for ann: %v", err)
		}
		clock.Add(limit.Per - time.Second)
		if d := after(t, l.Take(limit, "ann")); d != time.Second {
			t.Errorf("%s: again after %s", limit.Name, d)
		}
		clock.Add(time.Second)
		if err := l.Take(limit, "ann"); err != nil {
			t.Errorf("%s: after its time: %v", limit.Name, err)
		}
	}
	// a clock that is set back shuts nobody out for longer
	for range SignInLimit.N {
		_ = l.Take(SignInLimit, "cem")
	}
	clock.Add(-24 * time.Hour)
	if err := l.Take(SignInLimit, "cem"); err != nil {
		t.Errorf("after the clock was set back: %v", err)
	}
}

// TestLimiterForgets: neither old keys nor a flood of new ones fill the memory.
func TestLimiterForgets(t *testing.T) {
	clock := ledgertest.NewClock()
	l := NewLimiter(clock.Now)
	for i := range keptWindows + 10 {
		if err := l.Take(AnonymousLimit, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.windows); n > keptWindows {
		t.Errorf("%d windows", n)
	}
	clock.Add(time.Hour)
	_ = l.Take(AnonymousLimit, "ann")
	if n := len(l.windows); n != 1 {
		t.Errorf("%d windows after an hour", n)
	}
}

func TestPlace(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7":             "192.0.2.7",
		"::ffff:192.0.2.7":      "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":  "2001:db8:1:2::/64",
		"2001:db8:1:2::9":       "2001:db8:1:2::/64",
		"2001:db8:1:3::9":       "2001:db8:1:3::/64",
		"fe80::1%eth0":          "fe80::/64",
		"":                      "",
		"a socket without such": "a socket without such",
	} {
		if have := place(addr); have != want {
			t.Errorf("%s is at %s, want %s", addr, have, want)
		}
	}
}

// TestPasswordTriesAreLimited, wherever a password is asked for, together; and whoever
// guesses does not lock the owner out.
func TestPasswordTriesAreLimited(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		g.account("ann", annsPassword, false)
		p, _ := g.signIn("ann", annsPassword)
		stranger := Client{Addr: "198.51.100.9"}
		doors := []func(from Client, password string) error{
			func(from Client, password string) error {
				_, _, err := g.SignIn(ctx, "ann@example.com", password, from)
				return err
			},
			func(from Client, password string) error {
				p.From = from
				return g.Reauthenticate(ctx, p, password)
			},
			func(from Client, password string) error {
				p.From = from
				return g.ChangePassword(ctx, p, password, newPassword)
			},
		}
		for i := range SignInLimit.N {
			if err := doors[i%3](stranger, bobsPassword); fault.Is(err, fault.TooMany) || err == nil {
				t.Fatalf("try %d: %v", i, err)
			}
		}
		before := g.hasher.runs.Load()
		for i, door := range doors {
			if d := after(t, door(stranger, annsPassword)); d != SignInLimit.Per {
				t.Errorf("door %d: again after %s", i, d)
			}
		}
		if n := g.hasher.runs.Load() - before; n != 0 {
			t.Errorf("%d hashes for who may not try", n)
		}
		g.signIn("ann", annsPassword) // from home
		g.clock.Add(SignInLimit.Per)
		g.ok(doors[0](stranger, annsPassword))

		// who has the right password is not counted
		for range 3 * SignInLimit.N {
			g.ok(doors[0](stranger, annsPassword))
		}
		for range 3 * SignInLimit.N {
			g.ok(doors[1](stranger, annsPassword))
		}
	})
}
