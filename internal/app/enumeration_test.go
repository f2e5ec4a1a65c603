package app_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
)

// Who does not know whether somebody has an account does not learn it here: at each door,
// whoever has none, cannot use it or has used it up gets one and the same answer.
func TestTheDoorsDoNotTellWhoHasAnAccount(t *testing.T) {
	options := engines["sqlite"](t)
	maps.Copy(options, map[string]string{"smtp-addr": "127.0.0.1:1", "smtp-from": "throughline@example.com", "smtp-security": "none", "public-url": "http://localhost"})
	w := newWorld(t, options)
	ctx := context.Background()
	w.join("disabled")
	must(t, w.Accounts.Disable(ctx, access.Operator, w.people["disabled"].account.ID))
	w.join("other")
	anybody := &someone{}

	// alike sends one request for each case; what was typed is the one difference.
	alike := func(door string, cases map[string]ask) {
		t.Helper()
		first, of := "", ""
		for name, q := range cases {
			answer := w.send(anybody, q)
			text := plain(answer.Code, answer.Header(), answer.Body.String())
			for _, typed := range []string{q.form.Get("email"), url.QueryEscape(q.path), q.path} {
				if typed != "" {
					text = strings.ReplaceAll(text, typed, "TYPED")
				}
			}
			for _, cookie := range answer.Result().Cookies() {
				text += "\nsets " + cookie.Name
			}
			if first == "" {
				first, of = text, name
			} else if text != first {
				t.Errorf("%s tells %s from %s: %s", door, name, of, difference(first, text))
			}
		}
	}
	login := func(email, password string) ask {
		return ask{method: http.MethodPost, path: "/login", form: url.Values{"email": {email}, "password": {password}}}
	}
	alike("login", map[string]ask{
		"a wrong password":            login("owner@example.com", "wrong "+password),
		"a disabled account":          login("disabled@example.com", password),
		"disabled, wrong":             login("disabled@example.com", "wrong "+password),
		"no account":                  login("nobody@example.com", password),
		"an address in other letters": login("Owner@Example.com", "wrong "+password),
	})
	forgot := func(email string) ask {
		return ask{method: http.MethodPost, path: "/forgot", form: url.Values{"email": {email}}}
	}
	alike("forgot", map[string]ask{"an account": forgot("owner@example.com"), "a disabled one": forgot("disabled@example.com"), "none": forgot("nobody@example.com")})

	used := w.resetOf("other")
	must(t, w.Accounts.Reset(ctx, used, "another "+password))
	replaced, expired := w.resetOf("owner"), w.resetOf("other")
	w.resetOf("owner")
	w.clock.Move(2 * time.Hour)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		cases := map[string]ask{}
		for name, secret := range map[string]string{"a used link": used, "a replaced link": replaced, "an expired link": expired, "no link": "tlr_nothing"} {
			cases[name] = ask{method: method, path: "/reset/" + secret, form: url.Values{"password": {"a new " + password}}}
		}
		alike(method+" reset", cases)
	}

	taken := w.invitation()
	_, err := w.Accounts.AcceptNew(ctx, taken, access.NewAccount{Email: w.invitedAs(t, taken), Name: "New", Password: password}, func(context.Context, access.Account, access.Invitation) error { return nil })
	must(t, err)
	i, revoked := w.invited()
	must(t, w.Accounts.RevokeInvitation(ctx, access.Operator, w.ws, i.ID))
	late := w.invitation()
	w.clock.Move(8 * 24 * time.Hour)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		cases := map[string]ask{}
		for name, secret := range map[string]string{"one that was taken": taken, "one taken back": revoked, "one too old": late, "none": "tli_nothing"} {
			cases[name] = ask{method: method, path: "/invite/" + secret, form: url.Values{"name": {"New"}, "password": {password}}}
		}
		alike(method+" invite", cases)
	}
}

// invitedAs returns whom an invitation is for.
func (w *world) invitedAs(t *testing.T, secret string) string {
	t.Helper()
	i, err := w.Accounts.Invitation(context.Background(), secret)
	must(t, err)
	return i.Email
}
