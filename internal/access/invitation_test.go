package access

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

var acme = ledger.MustID("01890a5d-ac96-774b-bcce-b302099a8057")

func (g *gate) invite(email string) (Invitation, string) {
	g.t.Helper()
	i, secret, _, err := g.Invite(g.t.Context(), Operator, Invitation{Email: email, Workspace: acme, WorkspaceName: "Acme", Role: Editor})
	g.ok(err)
	return i, secret
}

// members counts who was granted what an invitation promises, as a workspace would.
type members struct{ n atomic.Int32 }

func (m *members) grant(context.Context, Account, Invitation) error { m.n.Add(1); return nil }

func TestInvitation(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		_, _, _, err := g.Invite(ctx, Operator, Invitation{Email: "nobody"})
		refused(t, "no address", err, fault.Invalid, "email")
		made, secret := g.invite("Bob@Example.com")
		got, err := g.Invitation(ctx, secret)
		g.ok(err)
		if got != made || got.Email != "bob@example.com" || got.Role != Editor || got.Workspace != acme {
			t.Errorf("%+v, want %+v", got, made)
		}
		if url := g.InvitationURL(secret); url != "https://pm.example.com/invite/"+secret {
			t.Errorf("%s", url)
		}
		all, err := g.Invitations(ctx, acme)
		if g.ok(err); len(all) != 1 || all[0] != made {
			t.Errorf("%+v", all)
		}
		if all, err = g.Invitations(ctx, ledger.NewID(1)); err != nil || len(all) > 0 {
			t.Errorf("of another workspace: %+v %v", all, err)
		}

		// withdrawn in its own workspace only, and of no use then
		refused(t, "in another workspace", g.RevokeInvitation(ctx, Operator, ledger.NewID(1), made.ID), fault.NotFound)
		g.ok(g.RevokeInvitation(ctx, Operator, acme, made.ID))
		_, err = g.Invitation(ctx, secret)
		refused(t, "withdrawn", err, fault.NotFound)
		_, err = g.AcceptNew(ctx, secret, NewAccount{Name: "Bob", Password: bobsPassword}, (&members{}).grant)
		refused(t, "withdrawn", err, fault.NotFound)

		// 7 days
		_, secret = g.invite("bob@example.com")
		g.clock.Add(7*24*time.Hour - time.Microsecond)
		_, err = g.Invitation(ctx, secret)
		g.ok(err)
		g.clock.Add(time.Microsecond)
		_, err = g.Invitation(ctx, secret)
		refused(t, "after 7 days", err, fault.NotFound)
		if g.ok(g.Sweep(ctx)); dumpCount(g, "invitations") != 0 {
			t.Error("invitations that have ended are kept")
		}
	})
}

func TestWhoMayInvite(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, false)
		session, _ := g.signIn("ann", annsPassword)
		writer, _ := g.token(session, NewToken{Scope: ScopeWrite})
		elsewhere, _ := g.token(session, NewToken{Scope: ScopeAdmin, Workspace: ledger.NewID(1)})
		for _, by := range []Principal{writer, elsewhere} {
			_, _, _, err := g.Invite(ctx, by, Invitation{Email: "bob@example.com", Workspace: acme})
			refused(t, "a narrow token invites", err, fault.Forbidden)
			refused(t, "and withdraws", g.RevokeInvitation(ctx, by, acme, ledger.NewID(1)), fault.Forbidden)
		}
		_, secret, _, err := g.Invite(ctx, session, Invitation{Email: "bob@example.com", Workspace: acme})
		g.ok(err)
		// what a disabled account has sent is void
		g.ok(g.Disable(ctx, Operator, ann.ID))
		_, err = g.Invitation(ctx, secret)
		refused(t, "of a disabled account", err, fault.NotFound)
	})
}

// TestOneAccepts: 64 try at once, one gets in, once.
func TestOneAccepts(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		_, secret := g.invite("bob@example.com")
		var m members
		n := atOnce(t, 64, func(int) error {
			_, err := g.AcceptNew(ctx, secret, NewAccount{Name: "Bob", Password: bobsPassword}, m.grant)
			return err
		}, fault.Conflict, fault.NotFound)
		if n != 1 || m.n.Load() != 1 || dumpCount(g, "accounts") != 1 {
			t.Errorf("%d accepted, %d granted, %d accounts", n, m.n.Load(), dumpCount(g, "accounts"))
		}

		// the same by somebody who has an account; the grant may run again, the use not
		_, secret = g.invite("bob@example.com")
		p, _ := g.signIn("bob", bobsPassword)
		if n := atOnce(t, 64, func(int) error { return g.Accept(ctx, secret, p, m.grant) }, fault.NotFound); n != 1 {
			t.Errorf("%d accepted", n)
		}
	})
}

func TestInvitationIsForItsAddress(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		g.account("eve", bobsPassword, true)
		eve, _ := g.signIn("eve", bobsPassword)
		_, secret := g.invite("bob@example.com")
		var m members
		refused(t, "another account", g.Accept(ctx, secret, eve, m.grant), fault.Forbidden)
		_, err := g.AcceptNew(ctx, secret, NewAccount{Email: "eve2@example.com", Name: "Eve", Password: bobsPassword}, m.grant)
		refused(t, "another address", err, fault.Invalid, "email")
		_, err = g.AcceptNew(ctx, secret, NewAccount{Name: "", Password: "short"}, m.grant)
		refused(t, "all wrong", err, fault.Invalid, "name", "password")
		if m.n.Load() != 0 {
			t.Error("granted to nobody who is invited")
		}
		bob, err := g.AcceptNew(ctx, secret, NewAccount{Email: "BOB@example.com", Name: "Bob", Password: bobsPassword}, m.grant)
		g.ok(err)
		if bob.Email != "bob@example.com" || bob.Admin {
			t.Errorf("%+v", bob)
		}
		// by a token nothing is accepted
		_, secret = g.invite("eve@example.com")
		token, _ := g.token(eve, NewToken{Scope: ScopeAdmin})
		refused(t, "by a token", g.Accept(ctx, secret, token, m.grant), fault.Forbidden)
	})
}

// TestAcceptIsTakenUpAgain: the process ends between the account, the grant and the use;
// the link still works, for the same address.
func TestAcceptIsTakenUpAgain(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		_, secret := g.invite("bob@example.com")
		crash := errors.New("the process ends")
		_, err := g.AcceptNew(ctx, secret, NewAccount{Name: "Bob", Password: bobsPassword}, func(context.Context, Account, Invitation) error { return crash })
		if !errors.Is(err, crash) {
			t.Fatal(err)
		}
		var m members
		_, err = g.AcceptNew(ctx, secret, NewAccount{Name: "Bob", Password: annsPassword}, m.grant)
		refused(t, "as if for the first time", err, fault.Conflict)
		p, _ := g.signIn("bob", bobsPassword)
		g.ok(g.Accept(ctx, secret, p, m.grant))
		if m.n.Load() != 1 {
			t.Errorf("%d granted", m.n.Load())
		}
		refused(t, "once more", g.Accept(ctx, secret, p, m.grant), fault.NotFound)
	})
}
