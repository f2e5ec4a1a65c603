package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// within is how long a right that was taken may still be used, on every server.
const within = time.Second

// revocations take a right away from somebody who has used it on two servers just before.
var revocations = []struct {
	name string
	role access.Role // that it is taken from, on the workspace
	by   string      // "session" or "token"
	ask  ask         // what may not be done any more
	want int
	take func(w *world, s *someone)
}{
	{"signed out", viewer, "session", get("/w/acme/features"), login, func(w *world, s *someone) {
		w.send(s, ask{method: http.MethodPost, path: "/logout"})
	}},
	{"session ended", viewer, "session", get("/w/acme/features"), login, func(w *world, s *someone) {
		must(w.t, w.Accounts.EndSession(context.Background(), access.Principal{Account: s.account, Scope: access.ScopeAdmin}, w.sessionOf(s)))
	}},
	{"account disabled, with a session", owner, "session", get("/w/acme/features"), login, disable},
	{"account disabled, with a token", owner, "token", get("/api/v1/acme/features"), http.StatusUnauthorized, disable},
	{"password reset, with a session", viewer, "session", get("/account"), login, resetPassword},
	{"password reset, with a token", viewer, "token", get("/api/v1/me"), http.StatusUnauthorized, resetPassword},
	{"token revoked", viewer, "token", get("/api/v1/acme/features"), http.StatusUnauthorized, func(w *world, s *someone) {
		p := access.Principal{Account: s.account, Scope: access.ScopeAdmin}
		all, err := w.Accounts.Tokens(context.Background(), p, s.account.ID)
		must(w.t, err)
		for _, t := range all {
			must(w.t, w.Accounts.RevokeToken(context.Background(), p, t.ID))
		}
	}},
	{"membership removed, a page", editor, "session", get("/w/acme/features"), http.StatusNotFound, expel},
	{"membership removed, the API", editor, "token", get("/api/v1/acme/features"), http.StatusNotFound, expel},
	{"role lowered", admin, "session", get("/w/acme/members"), http.StatusForbidden, func(w *world, s *someone) {
		w.grant(s, viewer, ledger.ID{})
	}},
	{"role lowered, a write", editor, "token", ask{method: http.MethodPost, path: "/api/v1/acme/teams", json: map[string]any{"name": ""}}, http.StatusForbidden, func(w *world, s *someone) {
		w.grant(s, viewer, ledger.ID{})
	}},
	{"role on a product taken", none, "session", get("/w/acme/products/PRODUCT"), http.StatusNotFound, expel},
	{"product made private, its page", viewer, "session", get("/w/acme/products/PRODUCT"), http.StatusNotFound, hide},
	{"product made private, its feature", viewer, "token", get("/api/v1/acme/features/FEATURE"), http.StatusNotFound, hide},
	{"membership removed, a file", viewer, "session", get("/files/acme/FILE"), http.StatusNotFound, expel},
	{"product made private, its file", viewer, "session", get("/files/acme/FILE"), http.StatusNotFound, hide},
	{"product made private, its file in the past", viewer, "session", get("/files/acme/FILE?at=@MADE"), http.StatusNotFound, hide},
	{"product made private, its file by the API", viewer, "token", get("/api/v1/acme/attachments/FILE/content"), http.StatusNotFound, hide},
	{"product made private, a list", viewer, "token", get("/api/v1/acme/features?filter=product=PRODUCT"), http.StatusUnprocessableEntity, hide},
}

func disable(w *world, s *someone) {
	must(w.t, w.Accounts.Disable(context.Background(), access.Operator, s.account.ID))
}

func resetPassword(w *world, s *someone) {
	secret, err := w.Accounts.NewReset(context.Background(), access.Operator, s.account.ID)
	must(w.t, err)
	must(w.t, w.Accounts.Reset(context.Background(), secret, "another "+password))
}

func expel(w *world, s *someone) {
	w.do(ledger.System, func(tx *ledger.Tx) error {
		for m := range access.Memberships.All(tx) {
			if m.Account == s.account.ID {
				return access.Memberships.Delete(tx, m.ID)
			}
		}
		return nil
	})
}

func hide(w *world, _ *someone) {
	w.do(ledger.System, func(tx *ledger.Tx) error {
		return access.Products.Edit(tx, w.public, func(p *access.Product) error { p.Private = true; return nil })
	})
}

// What is taken on one server is gone on it and on another one of the same database. The
// workspace has a private product already, so that the reader's lists are lists of
// somebody from whom something is hidden.
func TestWhatIsTakenIsGoneWithinASecondOnEveryServer(t *testing.T) {
	each(t, func(t *testing.T, options map[string]string) {
		w := newWorld(t, options)
		servers := map[string]*app.App{"this server": w.App, "another server": start(t, options, w.clock.Now)}
		for i, r := range revocations {
			t.Run(r.name, func(t *testing.T) {
				w.do(ledger.System, func(tx *ledger.Tx) error {
					return access.Products.Edit(tx, w.public, func(p *access.Product) error { p.Private = false; return nil })
				})
				name := "person" + string(rune('a'+i))
				s := w.join(name)
				if r.role == none {
					w.grant(s, viewer, w.public)
				} else {
					w.grant(s, r.role, ledger.ID{})
				}
				feature, file := w.make("features", ledger.System, w.public), w.make("attachments", ledger.System, w.public)
				made := fmt.Sprint(w.position())
				if r.by == "token" {
					s = w.withToken("token-"+name, s, access.NewToken{Scope: access.ScopeAdmin})
				}
				q := r.ask
				q.path = strings.NewReplacer("PRODUCT", w.public.String(), "FEATURE", feature.String(), "FILE", file.String(), "MADE", made).Replace(q.path)
				for where, server := range servers {
					eventually(t, where+" does not let somebody in", func() bool {
						got := outcome(send(t, server, w.address(), s, q))
						return got != r.want
					})
				}
				r.take(w, s)
				began := time.Now()
				for where, server := range servers {
					eventually(t, where, func() bool { return outcome(send(t, server, w.address(), s, q)) == r.want })
					if took := time.Since(began); took > within {
						t.Errorf("%s went on for %v", where, took)
					}
				}
			})
		}
	})
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if yes() {
			return
		}
	}
	t.Fatal(what)
}
