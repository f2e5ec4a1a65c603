package access

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func TestReset(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, false)
		asAnn, _ := g.signIn("ann", annsPassword)
		_, err := g.NewReset(ctx, asAnn, ann.ID)
		refused(t, "by oneself", err, fault.Forbidden)
		_, err = g.NewReset(ctx, Operator, ledger.NewID(1))
		refused(t, "of nobody", err, fault.NotFound)
		old, err := g.NewReset(ctx, Operator, ann.ID)
		g.ok(err)
		secret, err := g.NewReset(ctx, Operator, ann.ID)
		g.ok(err)
		if url := g.ResetURL(secret); url != "https://pm.example.com/reset/"+secret {
			t.Errorf("%s", url)
		}
		_, err = g.ByReset(ctx, old)
		refused(t, "an earlier one", err, fault.NotFound)
		of, err := g.ByReset(ctx, secret)
		if g.ok(err); of.ID != ann.ID {
			t.Errorf("%+v", of)
		}
		refused(t, "a short password", g.Reset(ctx, secret, "short"), fault.Invalid, "password")
		refused(t, "a guess", g.Reset(ctx, newSecret("tlr_"), newPassword), fault.NotFound)

		// 64 at once, each with a password of its own: one is taken
		word := func(i int) string { return newPassword + strings.Repeat("!", i) }
		won := make([]bool, 64)
		if n := atOnce(t, 64, func(i int) error {
			err := g.Reset(ctx, secret, word(i))
			won[i] = err == nil
			return err
		}, fault.NotFound); n != 1 {
			t.Errorf("%d took the reset", n)
		}
		for i, w := range won {
			if _, _, err := g.SignIn(ctx, ann.Email, word(i), Client{Addr: word(i)}); (err == nil) != w {
				t.Errorf("password %d: won %v, signs in: %v", i, w, err)
			}
		}
	})
}

func TestResetEnds(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, false)
		for what, end := range map[string]func(){
			"an hour":                   func() { g.clock.Add(time.Hour) },
			"another address":           func() { g.ok(g.SetEmail(ctx, Operator, ann.ID, "ann.b@example.com")) },
			"a disabled account":        func() { g.ok(g.Disable(ctx, Operator, ann.ID)); g.ok(g.Enable(ctx, Operator, ann.ID)) },
			"a later one that was used": func() { g.resetByHand(ann) },
		} {
			secret, err := g.NewReset(ctx, Operator, ann.ID)
			g.ok(err)
			_, err = g.ByReset(ctx, secret)
			g.ok(err)
			end()
			_, err = g.ByReset(ctx, secret)
			refused(t, what, err, fault.NotFound)
			refused(t, what, g.Reset(ctx, secret, newPassword), fault.NotFound)
		}
	})
}

// resetByHand gives an account a new password by another reset.
func (g *gate) resetByHand(a Account) {
	secret, err := g.NewReset(g.t.Context(), Operator, a.ID)
	g.ok(err)
	g.ok(g.Reset(g.t.Context(), secret, newPassword))
}

// post is a Mailer that keeps what it is given.
type post struct {
	mu          sync.Mutex
	invitations []InvitationLetter
	resets      []ResetLetter
	fails       error
}

func (p *post) SendInvitation(_ context.Context, l InvitationLetter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.invitations = append(p.invitations, l)
	return p.fails
}

func (p *post) SendReset(_ context.Context, l ResetLetter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resets = append(p.resets, l)
	return p.fails
}

func TestLetters(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		refused(t, "without a mailer", g.RequestReset(ctx, "ann@example.com", home), fault.Unavailable)
		p := &post{}
		g.set.Mail = p
		a, _ := g.another()
		g.account("ann", annsPassword, true)
		bob := g.account("bob", bobsPassword, false)
		g.ok(g.Disable(ctx, Operator, bob.ID))

		// the answer does not tell who has an account
		for _, email := range []string{"Ann@example.com", "eve@example.com", "bob@example.com", "nobody"} {
			g.ok(a.RequestReset(ctx, email, home))
		}
		g.ok(a.Close()) // waits for letters
		if len(p.resets) != 1 || p.resets[0].To != "ann@example.com" || !p.resets[0].Until.Equal(g.clock.Now().Add(time.Hour)) {
			t.Fatalf("%+v", p.resets)
		}
		secret, ok := strings.CutPrefix(p.resets[0].Link, "https://pm.example.com/reset/")
		if !ok {
			t.Errorf("%+v", p.resets)
		}
		g.ok(g.Reset(ctx, secret, newPassword))

		// nor does asking from everywhere fill a mailbox
		a, _ = g.another()
		for i := range 20 {
			g.ok(a.RequestReset(ctx, "ann@example.com", Client{Addr: strings.Repeat("x", i)}))
		}
		g.ok(a.Close())
		if n := len(p.resets); n != 1+resetMailLimit.N {
			t.Errorf("%d letters", n)
		}

		a, _ = g.another()
		root, err := g.ByEmail(ctx, "ann@example.com")
		g.ok(err)
		by := Principal{Account: root, Session: ledger.NewID(1), Scope: ScopeAdmin}
		for _, fails := range []error{nil, errors.New("no mail today")} {
			p.fails, p.invitations = fails, nil
			i, secret, mailed, err := a.Invite(ctx, by, Invitation{Email: "cem@example.com", Workspace: acme, WorkspaceName: "Acme"})
			g.ok(err)
			want := InvitationLetter{
				To: "cem@example.com", By: "ann", Workspace: "Acme", Link: "https://pm.example.com/invite/" + secret, Until: i.ExpiresAt.Go(),
			}
			if mailed != (fails == nil) || len(p.invitations) != 1 || p.invitations[0] != want {
				t.Errorf("mailed %v, %+v", mailed, p.invitations)
			}
			_, err = g.Invitation(ctx, secret) // to be handed over, if it was not mailed
			g.ok(err)
		}
	})
}
