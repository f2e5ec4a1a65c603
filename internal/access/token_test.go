package access

import (
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func TestCovers(t *testing.T) {
	order := []Scope{ScopeRead, ScopeWrite, ScopeAdmin}
	for i, a := range order {
		for j, b := range order {
			if a.Covers(b) != (i >= j) {
				t.Errorf("%s covers %s: %v", a, b, a.Covers(b))
			}
		}
		for _, odd := range []Scope{"", "Admin", "read write"} {
			if a.Covers(odd) || odd.Covers(a) || odd.Covers(odd) {
				t.Errorf("%q is a scope", odd)
			}
		}
	}
}

// TestTokenIsNeverWider tries every token that every token could make.
func TestTokenIsNeverWider(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, true)
		session, _ := g.signIn("ann", annsPassword)
		here, elsewhere := ledger.NewID(1), ledger.NewID(2)
		soon, later := g.now()+micros(time.Hour), g.now()+micros(2*time.Hour)
		scopes := []Scope{ScopeRead, ScopeWrite, ScopeAdmin}
		workspaces := []ledger.ID{{}, here, elsewhere}
		ends := []ledger.Time{0, soon, later}
		for i, scope := range scopes {
			for _, workspace := range workspaces[:2] {
				for _, end := range ends[:2] {
					by, _ := g.token(session, NewToken{Scope: scope, Workspace: workspace, ExpiresAt: end})
					for j, wanted := range scopes {
						for _, where := range workspaces {
							for _, until := range ends {
								allowed := scope != ScopeRead && j <= i &&
									(workspace.IsZero() || where == workspace) && (end == 0 || until != 0 && until <= end)
								_, _, err := g.NewToken(t.Context(), by, NewToken{Name: "x", Scope: wanted, Workspace: where, ExpiresAt: until})
								if allowed && err != nil || !allowed && !fault.Is(err, fault.Forbidden) {
									t.Errorf("%s in %s until %d makes %s in %s until %d: %v", scope, workspace, end, wanted, where, until, err)
								}
							}
						}
					}
				}
			}
		}
	})
}

func TestTokens(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann, bob := g.account("ann", annsPassword, false), g.account("bob", bobsPassword, false)
		root := g.account("root", newPassword, true)
		asAnn, _ := g.signIn("ann", annsPassword)
		asBob, _ := g.signIn("bob", bobsPassword)
		asRoot, _ := g.signIn("root", newPassword)
		workspace := ledger.NewID(1)

		_, _, err := g.NewToken(ctx, asAnn, NewToken{Name: " ", Scope: "all", ExpiresAt: g.now()})
		refused(t, "all wrong", err, fault.Invalid, "name", "scope", "expires_at")
		made, secret, err := g.NewToken(ctx, asAnn, NewToken{Name: "ci", Scope: ScopeWrite, Workspace: workspace, ExpiresAt: g.now() + micros(time.Hour)})
		g.ok(err)
		if secret[:3] != "tl_" {
			t.Errorf("the secret does not say what it is: %s", secret)
		}
		p, err := g.ByToken(ctx, secret)
		g.ok(err)
		if p.Account.ID != ann.ID || p.Token != made.ID || p.Scope != ScopeWrite || p.Workspace != workspace || !p.Session.IsZero() {
			t.Errorf("%+v", p)
		}
		if a := p.Actor(); a != (ledger.Actor{ID: ann.ID, Via: made.ID}) {
			t.Errorf("acts as %+v", a)
		}
		g.let("a token is no session", secret, false)

		// who sees and revokes it
		all, err := g.Tokens(ctx, asAnn, ann.ID)
		g.ok(err)
		made.SeenAt = g.now()
		if len(all) != 1 || all[0] != made {
			t.Errorf("%+v, want %+v", all, made)
		}
		for _, by := range []Principal{asBob, p} {
			_, err = g.Tokens(ctx, by, ann.ID)
			refused(t, "another's tokens", err, fault.Forbidden)
		}
		refused(t, "another revokes it", g.RevokeToken(ctx, asBob, made.ID), fault.NotFound)
		_, err = g.Tokens(ctx, asRoot, ann.ID)
		g.ok(err)

		// it ends by itself, and by its own hand
		g.clock.Add(time.Hour - time.Microsecond)
		g.letToken("in its last moment", secret, true)
		ended := g.Ended(ctx, p)
		g.clock.Add(time.Microsecond)
		g.letToken("expired", secret, false)
		if _, ok := g.ScopeOf(made.ID); ok {
			t.Error("an expired token has a scope")
		}
		<-ended
		self, selfSecret := g.token(asBob, NewToken{Scope: ScopeRead})
		sibling, siblingSecret := g.token(asBob, NewToken{Scope: ScopeRead})
		refused(t, "a token revokes its sibling", g.RevokeToken(ctx, self, sibling.Token), fault.NotFound)
		g.ok(g.RevokeToken(ctx, self, self.Token))
		g.letToken("revoked by itself", selfSecret, false)
		g.letToken("its sibling", siblingSecret, true)
		refused(t, "once more", g.RevokeToken(ctx, asBob, self.Token), fault.NotFound)

		// a disabled account's tokens are good for nothing until it is enabled
		g.ok(g.Disable(ctx, asRoot, bob.ID))
		g.letToken("of a disabled account", siblingSecret, false)
		g.ok(g.Enable(ctx, asRoot, bob.ID))
		g.letToken("of an enabled one", siblingSecret, true)
		if _, ok := g.ScopeOf(sibling.Token); !ok {
			t.Error("the token of an enabled account has no scope")
		}

		// history names them, also when they are gone
		name := g.Names(ctx)
		for id, want := range map[ledger.ID]string{
			ann.ID: "ann", made.ID: "ann, by ci", self.Token: "bob, by nightly import", root.ID: "root", ledger.System.ID: "Throughline", ledger.NewID(1): "",
		} {
			if have := name(id); have != want {
				t.Errorf("%q, want %q", have, want)
			}
		}
		g.ok(g.SetName(ctx, asAnn, ann.ID, "Ann B."))
		if have := name(made.ID); have != "Ann B., by ci" {
			t.Errorf("after the renaming: %q", have)
		}
	})
}

// A token that another process has just made has its scope from its first use: the policy
// would else show it an empty workspace.
func TestScopeOfATokenMadeElsewhere(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, false)
		session, _ := g.signIn("ann", annsPassword)
		there, _ := g.another()
		far := &gate{Accounts: there, t: t}
		far.letToken("no token", "tl_nothing", false) // it has looked
		_, secret := g.token(session, NewToken{Scope: ScopeWrite})
		p, err := there.ByToken(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := there.ScopeOf(p.Token); !ok || s != ScopeWrite {
			t.Errorf("its scope there is %q, %v", s, ok)
		}
	})
}
