package access

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// verbs are what the log says, the oldest first.
func (g *gate) verbs(q LogQuery) (verbs []string) {
	g.t.Helper()
	all, err := g.Log(g.t.Context(), Operator, q)
	g.ok(err)
	for _, e := range slices.Backward(all) {
		verbs = append(verbs, e.Verb)
	}
	return verbs
}

func TestLog(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		root := g.account("root", bobsPassword, true)
		ann := g.account("ann", annsPassword, false)
		asRoot, _ := g.signIn("root", bobsPassword)
		asRoot.From = Client{Addr: "198.51.100.1", Agent: "Browser/2"}
		_, _, err := g.SignIn(ctx, "ann@example.com", bobsPassword, home)
		refused(t, "wrong password", err, fault.Unauthenticated)
		p, _ := g.signIn("ann", annsPassword)
		byToken, _ := g.token(p, NewToken{Name: "ci", Scope: ScopeAdmin})
		byToken.From = home
		nested, _ := g.token(byToken, NewToken{Name: "nested", Scope: ScopeRead})
		i, _, _, err := g.Invite(ctx, p, Invitation{Email: "bob@example.com", Workspace: acme})
		g.ok(err)
		g.ok(g.RevokeInvitation(ctx, p, acme, i.ID))
		g.ok(g.RevokeToken(ctx, asRoot, byToken.Token))
		g.ok(g.ChangePassword(ctx, p, annsPassword, newPassword))
		secret, err := g.NewReset(ctx, asRoot, ann.ID)
		g.ok(err)
		g.ok(g.Reset(ctx, secret, annsPassword))
		g.ok(g.SetEmail(ctx, asRoot, ann.ID, "ann.b@example.com"))
		g.ok(g.Disable(ctx, asRoot, ann.ID))
		g.ok(g.Enable(ctx, asRoot, ann.ID))

		want := []string{
			"create account", "password refused", "sign in", "make token", "make token", "invite", "withdraw invitation",
			"change password", "make reset", "reset password", "change address", "disable account", "enable account",
		}
		if have := g.verbs(LogQuery{Account: ann.ID}); !slices.Equal(have, want) {
			t.Errorf("of ann:\n%q, want\n%q", have, want)
		}
		all, err := g.Log(ctx, Operator, LogQuery{Verb: "revoke token"})
		g.ok(err)
		if len(all) != 1 || all[0].Account != root.ID || all[0].Subject != byToken.Token || all[0].Detail != "ci" || all[0].From != asRoot.From || all[0].At != g.now() {
			t.Errorf("%+v", all)
		}
		all, err = g.Log(ctx, Operator, LogQuery{Verb: "make token"})
		g.ok(err)
		if len(all) != 2 || all[0].Subject != nested.Token || all[0].Token != byToken.Token || all[0].Account != ann.ID {
			t.Errorf("%+v", all)
		}

		// page by page
		var paged []string
		for q := (LogQuery{Limit: 4}); ; {
			page, err := g.Log(ctx, Operator, q)
			g.ok(err)
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				paged = append(paged, e.Verb)
			}
			q.Before = page[len(page)-1].ID
		}
		whole := g.verbs(LogQuery{})
		if slices.Reverse(paged); !slices.Equal(paged, whole) {
			t.Errorf("%q, want %q", paged, whole)
		}

		// who may read it
		_, err = g.Log(ctx, p, LogQuery{Account: ann.ID})
		g.ok(err)
		for _, account := range []ledger.ID{{}, root.ID} {
			_, err = g.Log(ctx, p, LogQuery{Account: account})
			refused(t, "ann reads on", err, fault.Forbidden)
		}

		// nothing is kept for ever
		g.clock.Add(logLasts - time.Microsecond)
		if g.ok(g.Sweep(ctx)); len(g.verbs(LogQuery{})) != len(whole) {
			t.Error("swept too soon")
		}
		g.clock.Add(time.Microsecond)
		if g.ok(g.Sweep(ctx)); len(g.verbs(LogQuery{})) != 0 {
			t.Error("swept too late")
		}
	})
}

// TestLogInjection: what a stranger sends neither begins a line of its own nor hides one.
func TestLogInjection(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		g.account("ann", annsPassword, false)
		for _, evil := range []string{
			"x\r\n2026-03-02 sign in root", "x\u2028sign in", "\x1b[2Jx", "\u202etxet", "x\x00y", "\xff\xfe", strings.Repeat("x", 1e6), "'); DROP TABLE accounts; --",
		} {
			from := Client{Addr: evil, Agent: evil}
			_, _, err := g.SignIn(ctx, evil, evil, from)
			refused(t, "a stranger", err, fault.Unauthenticated)
			_, _, err = g.SignIn(ctx, "ann@example.com", annsPassword, from)
			g.ok(err)
		}
		all, err := g.Log(ctx, Operator, LogQuery{})
		g.ok(err)
		for _, e := range all {
			for _, s := range []string{e.Detail, e.From.Addr, e.From.Agent} {
				if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) && r != unicode.ReplacementChar }) || len(s) > 800 {
					t.Errorf("%s: %q", e.Verb, s)
				}
			}
			if e.Verb == "password refused" && e.Detail != "" {
				t.Errorf("what is no address stands in the log: %q", e.Detail)
			}
		}
		p, _ := g.signIn("ann", annsPassword)
		sessions, err := g.Sessions(ctx, p)
		g.ok(err)
		for _, s := range sessions {
			if strings.ContainsAny(s.From.Agent+s.From.Addr, "\r\n\x00\x1b\u202e\u2028") {
				t.Errorf("%q", s.From)
			}
		}
	})
}

// TestThrottledTriesAreLoggedOnce: who goes on trying does not fill the log.
func TestThrottledTriesAreLoggedOnce(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		for range 3 * SignInLimit.N {
			_, _, err := g.SignIn(t.Context(), "ann@example.com", bobsPassword, home)
			if err == nil {
				t.Fatal("a stranger is let in")
			}
		}
		if n := len(g.verbs(LogQuery{Verb: "password refused"})); n != SignInLimit.N {
			t.Errorf("%d refused", n)
		}
		if n := len(g.verbs(LogQuery{Verb: "password tries throttled"})); n != 1 {
			t.Errorf("%d throttled", n)
		}
	})
}
