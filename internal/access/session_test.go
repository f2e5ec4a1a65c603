package access

import (
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// let fails unless the secret of a session is good, or is not.
func (g *gate) let(what, secret string, in bool) {
	g.t.Helper()
	if _, err := g.BySession(g.t.Context(), secret); in && err != nil || !in && !fault.Is(err, fault.Unauthenticated) {
		g.t.Errorf("%s: let in should be %v: %v", what, in, err)
	}
}

func (g *gate) letToken(what, secret string, in bool) {
	g.t.Helper()
	if _, err := g.ByToken(g.t.Context(), secret); in && err != nil || !in && !fault.Is(err, fault.Unauthenticated) {
		g.t.Errorf("%s: let in should be %v: %v", what, in, err)
	}
}

func TestSignIn(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, true)
		p, secret, err := g.SignIn(ctx, " ANN@example.com", annsPassword, home)
		g.ok(err)
		got, err := g.BySession(ctx, secret)
		g.ok(err)
		if got.Account.ID != ann.ID || !got.Account.Admin || got.Session != p.Session || got.Scope != ScopeAdmin || !got.Token.IsZero() {
			t.Errorf("%+v", got)
		}
		if a := got.Actor(); a != (ledger.Actor{ID: ann.ID}) {
			t.Errorf("acts as %s", a)
		}
		for what, other := range map[string]string{
			"nothing": "", "a prefix": secret[:len(secret)-1], "more": secret + "A", "another case": "TLS_" + secret[4:], "the identifier": p.Session.String(),
		} {
			g.let(what, other, false)
		}
		g.letToken("a session is no token", secret, false)
	})
}

// TestFixation: what a browser held before never becomes a session; each sign-in has a
// secret of its own, and the earlier ones keep theirs.
func TestFixation(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		planted := newSecret("tls_")
		g.let("before", planted, false)
		_, first := g.signIn("ann", annsPassword)
		_, second := g.signIn("ann", annsPassword)
		if first == second || first == planted {
			t.Error("a secret is used again")
		}
		g.let("planted", planted, false)
		g.let("first", first, true)
		g.let("second", second, true)
	})
}

func TestIdleExpiry(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		_, used := g.signIn("ann", annsPassword)
		_, unused := g.signIn("ann", annsPassword)
		for range 3 { // in use, if seldom
			g.clock.Add(14*24*time.Hour - time.Minute)
			g.let("in use", used, true)
		}
		g.let("unused", unused, false)
		g.clock.Add(14*24*time.Hour - time.Microsecond)
		g.let("just in time", used, true)
		g.clock.Add(14 * 24 * time.Hour)
		g.let("too late", used, false)
		if g.ok(g.Sweep(t.Context())); dumpCount(g, "sessions") != 0 {
			t.Error("sessions that have ended are kept")
		}
	})
}

func dumpCount(g *gate, table string) (n int) {
	g.ok(g.db.QueryRowContext(g.t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func TestAbsoluteExpiry(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		p, secret := g.signIn("ann", annsPassword)
		ended := g.Ended(t.Context(), p)
		for range 8 {
			g.clock.Add(10 * 24 * time.Hour)
			g.let("in use", secret, true)
		}
		g.clock.Add(10*24*time.Hour - time.Microsecond)
		g.let("in its last moment", secret, true)
		g.clock.Add(time.Microsecond)
		g.let("after 90 days of use", secret, false)
		<-ended
	})
}

// TestIdleCountsUseElsewhere: one process has not seen a session for long, another has.
func TestIdleCountsUseElsewhere(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		_, secret := g.signIn("ann", annsPassword)
		other, _ := g.another()
		_, err := other.BySession(t.Context(), secret)
		g.ok(err)
		for range 2 {
			g.clock.Add(10 * 24 * time.Hour)
			g.let("here", secret, true)
		}
		if _, err := other.BySession(t.Context(), secret); err != nil {
			t.Errorf("there: %v", err)
		}
	})
}

// TestLastUseIsWrittenOnceAMinute counts writes by the values they leave.
func TestLastUseIsWrittenOnceAMinute(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, false)
		p, secret := g.signIn("ann", annsPassword)
		_, token := g.token(p, NewToken{Scope: ScopeRead})
		began := g.now()
		seen := func() (session, tok, account ledger.Time) {
			g.ok(g.db.QueryRowContext(ctx, `SELECT s.seen_at, t.seen_at, a.seen_at FROM accounts a JOIN sessions s ON s.account = a.id JOIN tokens t ON t.account = a.id`).
				Scan(&session, &tok, &account))
			return session, tok, account
		}
		g.clock.Add(59 * time.Second)
		g.let("session", secret, true)
		g.letToken("token", token, true)
		if s, tok, a := seen(); s != began || tok != began || a != began {
			t.Errorf("within the minute: %d %d %d, want %d", s, tok, a, began)
		}
		g.clock.Add(time.Second)
		atOnce(t, 16, func(int) error { _, err := g.BySession(ctx, secret); return err })
		g.letToken("token", token, true)
		want := began + ledger.Time(time.Minute.Microseconds())
		if s, tok, a := seen(); s != want || tok != want || a != want {
			t.Errorf("after the minute: %d %d %d, want %d", s, tok, a, want)
		}
		got, err := g.ByID(ctx, ann.ID)
		g.ok(err)
		if got.LastSeenAt != want {
			t.Errorf("last seen %d", got.LastSeenAt)
		}
	})
}

// TestRevocation: what ends a session or token ends it at once here, and in another
// process, also for who waits there, within a heartbeat.
func TestRevocation(t *testing.T) {
	type world struct {
		*gate
		ann, root Principal
		secret    string
		other     string // another session of ann's
		token     string
		tokenID   ledger.ID
	}
	for name, c := range map[string]struct {
		do                    func(w *world) error
		session, other, token bool // still good afterwards
	}{
		"sign out":           {func(w *world) error { return w.SignOut(w.t.Context(), w.ann) }, false, true, true},
		"end other sessions": {func(w *world) error { return w.EndOtherSessions(w.t.Context(), w.ann) }, true, false, true},
		"end a session": {func(w *world) error {
			all, err := w.Sessions(w.t.Context(), w.ann)
			w.ok(err)
			for _, s := range all {
				if s.ID != w.ann.Session {
					err = w.EndSession(w.t.Context(), w.ann, s.ID)
				}
			}
			return err
		}, true, false, true},
		"change the password": {func(w *world) error { return w.ChangePassword(w.t.Context(), w.ann, annsPassword, newPassword) }, true, false, false},
		"reset the password": {func(w *world) error {
			secret, err := w.NewReset(w.t.Context(), w.root, w.ann.Account.ID)
			w.ok(err)
			return w.Reset(w.t.Context(), secret, newPassword)
		}, false, false, false},
		"disable the account": {func(w *world) error { return w.Disable(w.t.Context(), w.root, w.ann.Account.ID) }, false, false, false},
		"revoke the token":    {func(w *world) error { return w.RevokeToken(w.t.Context(), w.ann, w.tokenID) }, true, true, false},
		"revoke it as an administrator": {
			func(w *world) error { return w.RevokeToken(w.t.Context(), w.root, w.tokenID) }, true, true, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			atGates(t, func(t *testing.T, g *gate) {
				w := &world{gate: g}
				g.account("ann", annsPassword, false)
				g.account("root", bobsPassword, true)
				w.ann, w.secret = g.signIn("ann", annsPassword)
				_, w.other = g.signIn("ann", annsPassword)
				w.root, _ = g.signIn("root", bobsPassword)
				byToken, token := g.token(w.ann, NewToken{Scope: ScopeWrite})
				w.token, w.tokenID = token, byToken.Token

				// another process has them all in memory, and streams that live by them
				there, _ := g.another()
				far := &gate{Accounts: there, t: t}
				far.let("session", w.secret, true)
				far.let("other session", w.other, true)
				far.letToken("token", w.token, true)
				if s, ok := there.ScopeOf(w.tokenID); !ok || s != ScopeWrite {
					t.Errorf("scope %q %v", s, ok)
				}
				streams := map[bool][]<-chan struct{}{}
				streams[c.session] = append(streams[c.session], there.Ended(t.Context(), w.ann))
				streams[c.token] = append(streams[c.token], there.Ended(t.Context(), byToken), g.Ended(t.Context(), byToken))

				g.ok(c.do(w))
				g.let("session", w.secret, c.session)
				g.let("other session", w.other, c.other)
				g.letToken("token", w.token, c.token)
				if _, ok := g.ScopeOf(w.tokenID); ok != c.token {
					t.Errorf("the token has a scope: %v", ok)
				}

				// there it takes what is left of the age that an answer may have
				g.ok(there.refresh(t.Context(), 0))
				far.let("session there", w.secret, c.session)
				far.let("other session there", w.other, c.other)
				far.letToken("token there", w.token, c.token)
				if _, ok := there.ScopeOf(w.tokenID); ok != c.token {
					t.Errorf("the token has a scope there: %v", ok)
				}
				for _, ended := range streams[false] {
					<-ended // or the test hangs
				}
				for _, ended := range streams[true] {
					select {
					case <-ended:
						t.Error("a stream ended whose principal has not")
					default:
					}
				}
			})
		})
	}
}

// TestOthersLearnByThemselves: nobody asks, and still the other process finds out.
func TestOthersLearnByThemselves(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		p, secret := g.signIn("ann", annsPassword)
		byToken, _ := g.token(p, NewToken{Scope: ScopeRead})
		there, _ := g.another()
		_, err := there.BySession(t.Context(), secret)
		g.ok(err)
		ended := there.Ended(t.Context(), byToken)
		g.ok(g.RevokeToken(t.Context(), p, byToken.Token))
		<-ended
		if _, ok := there.ScopeOf(byToken.Token); ok {
			t.Error("the stream ended, and the scope is still there")
		}
		// a token made here has a scope there before it is used
		made, _ := g.token(p, NewToken{Scope: ScopeRead})
		g.ok(there.refresh(t.Context(), 0))
		if s, ok := there.ScopeOf(made.Token); !ok || s != ScopeRead {
			t.Errorf("scope there: %q %v", s, ok)
		}
	})
}

// TestLongAway: a process that was away for longer than changes are kept forgets all.
func TestLongAway(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		p, secret := g.signIn("ann", annsPassword)
		byToken, token := g.token(p, NewToken{Scope: ScopeRead})
		there, db := g.another()
		far := &gate{Accounts: there, t: t}
		far.let("session", secret, true)
		far.letToken("token", token, true)
		ended := there.Ended(t.Context(), p)
		// the loop of that process is held up while others end the session and go on
		there.memory.reading.Lock()
		g.ok(g.RevokeToken(t.Context(), p, byToken.Token))
		g.ok(g.SignOut(t.Context(), p))
		if _, err := db.ExecContext(t.Context(), `DELETE FROM access_changes`); err != nil {
			t.Error(err)
		}
		g.account("bob", bobsPassword, false)
		there.memory.reading.Unlock()
		g.ok(there.refresh(t.Context(), 0))
		far.let("session", secret, false)
		far.letToken("token", token, false)
		if _, ok := there.ScopeOf(byToken.Token); ok {
			t.Error("the scope is still there")
		}
		<-ended
	})
}

// TestWhatIsReadWhileItEndsIsNotKept: an answer from before a revocation does not come into
// the memory after it.
func TestWhatIsReadWhileItEndsIsNotKept(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		p, secret := g.signIn("ann", annsPassword)
		c := credential{hash: hashOf(secret)}
		_, epoch := g.memory.recall(c)
		k, err := g.read(t.Context(), selectSessionByHash, c.hash)
		g.ok(err)
		g.ok(g.SignOut(t.Context(), p))
		g.memory.keep(c, k, epoch)
		g.let("after the sign-out", secret, false)
	})
}

// TestChangesOfAnAccountShow: what a principal says about its account is of now.
func TestChangesOfAnAccountShow(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, false)
		_, secret := g.signIn("ann", annsPassword)
		g.let("before", secret, true)
		g.ok(g.SetAdmin(ctx, Operator, ann.ID, true))
		p, err := g.BySession(ctx, secret)
		if err != nil || !p.Administers() {
			t.Errorf("%+v %v", p, err)
		}
		g.account("root", bobsPassword, true)
		g.ok(g.SetAdmin(ctx, Operator, ann.ID, false))
		if p, err = g.BySession(ctx, secret); err != nil || p.Administers() {
			t.Errorf("%+v %v", p, err)
		}
		g.ok(g.Disable(ctx, Operator, ann.ID))
		g.ok(g.Enable(ctx, Operator, ann.ID))
		g.let("a session from before the account was disabled", secret, false)
		g.signIn("ann", annsPassword)
	})
}

// TestDisabledIsEnough: a session or token that was left over opens nothing for a disabled
// account.
func TestDisabledIsEnough(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		p, secret := g.signIn("ann", annsPassword)
		_, token, err := g.NewToken(t.Context(), p, NewToken{Name: "ci", Scope: ScopeRead})
		g.ok(err)
		if _, err := g.db.ExecContext(t.Context(), `UPDATE accounts SET disabled = 1`); err != nil {
			t.Fatal(err)
		}
		g.let("session", secret, false)
		g.letToken("token", token, false)
	})
}

func TestSessionsBelongToTheirAccount(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		g.account("ann", annsPassword, false)
		g.account("bob", bobsPassword, false)
		ann, annsSecret := g.signIn("ann", annsPassword)
		bob, bobsSecret := g.signIn("bob", bobsPassword)
		reader, _ := g.token(ann, NewToken{Scope: ScopeWrite})
		g.ok(g.EndSession(ctx, bob, ann.Session))
		g.ok(g.EndOtherSessions(ctx, bob))
		g.let("ann", annsSecret, true)
		g.let("bob", bobsSecret, true)
		all, err := g.Sessions(ctx, ann)
		g.ok(err)
		if len(all) != 1 || all[0].ID != ann.Session || all[0].From != home {
			t.Errorf("%+v", all)
		}
		_, err = g.Sessions(ctx, reader)
		refused(t, "list by a narrow token", err, fault.Forbidden)
		refused(t, "end by a narrow token", g.EndSession(ctx, reader, ann.Session), fault.Forbidden)
		refused(t, "end all by a narrow token", g.EndOtherSessions(ctx, reader), fault.Forbidden)
	})
}

func TestChangePassword(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		g.account("ann", annsPassword, false)
		p, _ := g.signIn("ann", annsPassword)
		token, _ := g.token(p, NewToken{Scope: ScopeAdmin})
		refused(t, "by a token", g.ChangePassword(ctx, token, annsPassword, newPassword), fault.Forbidden)
		refused(t, "the old one is wrong", g.ChangePassword(ctx, p, bobsPassword, newPassword), fault.Invalid, "old")
		refused(t, "the new one is short", g.ChangePassword(ctx, p, annsPassword, "short"), fault.Invalid, "new")
		g.signIn("ann", annsPassword)
		g.ok(g.ChangePassword(ctx, p, annsPassword, newPassword))
		_, _, err := g.SignIn(ctx, "ann@example.com", annsPassword, home)
		refused(t, "the old one", err, fault.Unauthenticated)
		g.signIn("ann", newPassword)
	})
}

// TestSignInMeetsAChange: a password that is changed while it is being checked opens
// nothing.
func TestSignInMeetsAChange(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		p, _ := g.signIn("ann", annsPassword)
		turns := make(chan struct{}) // what is sent has to be taken
		g.hasher.turns = turns
		answer := make(chan error)
		go func() {
			_, _, err := g.SignIn(t.Context(), "ann@example.com", annsPassword, home)
			answer <- err
		}()
		<-turns // the sign-in has read the account and hashes
		if _, err := g.db.ExecContext(t.Context(), `UPDATE accounts SET password = $1 WHERE id = $2`,
			light.encode(make([]byte, 16), make([]byte, 32)), p.Account.ID); err != nil {
			t.Error(err)
		}
		turns <- struct{}{}
		refused(t, "the password of before", <-answer, fault.Unauthenticated)
	})
}
