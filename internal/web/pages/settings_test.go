package pages_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// testServer is a server whose mail server refuses everything.
func testServer() *web.Server {
	return &web.Server{
		Facts: func(context.Context) ([]web.Fact, error) {
			return []web.Fact{{Name: "Database", Value: "SQLite, 1.2 MB"}}, nil
		},
		Ready:      func(context.Context) error { return nil },
		MailServer: "mail.example:25",
		TestMail:   func(context.Context, string) error { return errors.New("550 5.7.1 relaying denied") },
		Options: func() []web.Option {
			return []web.Option{
				{Name: "smtp-addr", Value: "mail.example:25", Origin: "--smtp-addr", Doc: "mail server, as HOST:PORT"},
				{Name: "smtp-password", Value: "***", Origin: "THROUGHLINE_SMTP_PASSWORD", Doc: "password of the mail server"},
				{Name: "log-level", Value: "INFO", Origin: "default", Doc: "debug, info, warn or error"},
			}
		},
	}
}

// A tag gets another name in all features by one change, which undo takes back; a name in
// use joins the two.
func TestATagIsRenamedJoinedAndTakenAway(t *testing.T) {
	s := newSite(t)
	tagsOf := func() string {
		var all []string
		for _, u := range backlog.TagsIn(s.live(t)) {
			all = append(all, fmt.Sprintf("%s %d", u.Tag, u.Features))
		}
		return strings.Join(all, ", ")
	}
	s.write(func(tx *ledger.Tx) error {
		for f := range backlog.Features.All(tx) {
			if f.Title == "Single sign-on" {
				return backlog.Features.Edit(tx, f.ID, func(f *backlog.Feature) error { f.Tags = []string{"audit"}; return nil })
			}
		}
		return nil
	})
	if got := tagsOf(); got != "audit 2, export 1" {
		t.Fatalf("at first: %s", got)
	}
	s.post("tags", url.Values{"from": {"audit"}, "to": {""}}, 422)
	s.post("tags", url.Values{"from": {"none"}, "to": {"x"}}, 404)
	s.post("tags", url.Values{"from": {"audit"}, "to": {"export"}}, 303)
	if got := tagsOf(); got != "export 2" {
		t.Errorf("joined: %s", got)
	}
	s.post("undo", url.Values{"seq": {fmt.Sprint(int64(s.live(t).Seq()))}}, 303)
	if got := tagsOf(); got != "audit 2, export 1" {
		t.Errorf("undone: %s", got)
	}
	s.post("tags/delete", url.Values{"tag": {"audit"}}, 303)
	if got := tagsOf(); got != "export 1" {
		t.Errorf("taken away: %s", got)
	}
	viewer := s.Client(t, s.Account(t, "Kels", access.Viewer))
	if r, body := s.Get(t, viewer, "/w/fieldbook/tags"); r.StatusCode != 200 || strings.Contains(body, "tags/delete") {
		t.Errorf("a viewer gets %d with what they may not", r.StatusCode)
	}
	if r, _ := s.Post(t, viewer, "/w/fieldbook/tags", url.Values{"from": {"export"}, "to": {"x"}}); r.StatusCode != 403 {
		t.Errorf("a viewer renames: %d", r.StatusCode)
	}
}

// live is the workspace as it is now, for whoever runs the server.
func (s *site) live(t *testing.T) *ledger.Snapshot {
	t.Helper()
	v, err := s.Ledger.At(t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// An admin sees the tokens that act in the workspace, and ends those for it alone.
func TestAdminsSeeTheTokensInForce(t *testing.T) {
	s := newSite(t)
	tovi := s.Account(t, "Tovi", access.Editor)
	p := access.Principal{Account: tovi, Scope: access.ScopeAdmin}
	only, _, err := s.Accounts.NewToken(t.Context(), p, access.NewToken{Name: "Build server", Scope: access.ScopeRead, Workspace: s.Workspace})
	if err != nil {
		t.Fatal(err)
	}
	wide, _, err := s.Accounts.NewToken(t.Context(), p, access.NewToken{Name: "Laptop", Scope: access.ScopeWrite})
	if err != nil {
		t.Fatal(err)
	}
	if page := plainText(s.get("settings/tokens", 200)); !strings.Contains(page, "Build server") || !strings.Contains(page, "Laptop") {
		t.Errorf("the page says %s", page)
	}
	s.post("settings/tokens/revoke", url.Values{"which": {wide.ID.String()}}, 404)
	s.post("settings/tokens/revoke", url.Values{"which": {only.ID.String()}}, 303)
	if page := plainText(s.get("settings/tokens", 200)); strings.Contains(page, "Build server") || !strings.Contains(page, "Laptop") {
		t.Errorf("afterwards the page says %s", page)
	}
}

// An invitation is sent again by a new link; what came before is no link any more.
func TestAnInvitationIsSentAgain(t *testing.T) {
	s := newSite(t)
	s.post("members/invite", url.Values{"email": {"nadia@northgrid.example"}, "role": {"viewer"}, "product": {""}}, 200)
	all, err := s.Accounts.Invitations(t.Context(), s.Workspace)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	_, page := s.post("members/reinvite", url.Values{"which": {all[0].ID.String()}}, 200)
	if !strings.Contains(page, "/invite/tli_") {
		t.Error("no new link is shown")
	}
	s.post("members/reinvite", url.Values{"which": {all[0].ID.String()}}, 404)
	if page := plainText(s.get("members?q=nobody", 200)); strings.Contains(page, "mira@") || !strings.Contains(page, "Nobody here is found") {
		t.Error("the search finds everybody")
	}
}

// The settings are one area: every page stands beside one navigation, on a desk and on a
// phone, in light and dark.
func TestSettingsInABrowser(t *testing.T) {
	s := newSite(t)
	s.Account(t, "Tovi", access.Admin)
	s.Account(t, "Kels", access.Contributor)
	s.post("members/invite", url.Values{"email": {"nadia@northgrid.example"}, "role": {"viewer"}, "product": {""}}, 200)
	h := s.hands("members", browsertest.Desk, "light", s.Owner)
	h.Check()
	for _, page := range []string{
		"members", "settings/general", "tags", "statuses", "products", "settings/views", "settings/api", "settings/tokens",
		"/account", "/account/appearance", "/account/notifications", "/account/security", "/account/tokens",
		"/server", "/server/mail", "/server/options",
	} {
		address := s.Server.URL + "/w/fieldbook/" + page
		if strings.HasPrefix(page, "/") {
			address = s.Server.URL + page
		}
		h.MustNavigate(address).MustWaitLoad()
		h.sees(`document.querySelectorAll('.setn [aria-current="page"]').length === 1 && document.querySelector('.side .foot [aria-current="page"]') !== null`)
		h.Shot("settings-" + strings.ReplaceAll(strings.TrimPrefix(page, "/"), "/", "-"))
		h.Check()
	}

	// a role is changed in its row, and stays on the page
	h.MustNavigate(s.Server.URL + "/w/fieldbook/members").MustWaitLoad()
	h.MustEval(`() => { const c = document.querySelector('[aria-label="Role of Kels"]'); c.value = 'viewer'; c.dispatchEvent(new Event('change', { bubbles: true })) }`)
	h.sees(`document.querySelector('.toast')?.textContent.includes('Role changed')`)

	// what is wrong is said at its field, with what was typed
	h.MustNavigate(s.Server.URL + "/w/fieldbook/settings/general").MustWaitLoad()
	h.MustElement("#f-time_zone").MustSelectAllText().MustInput("Mars/Olympus")
	h.MustElement("form.form button[type=submit]").MustClick()
	h.sees(`document.querySelector('#f-time_zone-err') !== null && document.querySelector('#f-time_zone').value === 'Mars/Olympus' && document.querySelector('.setn') !== null`)
	h.quiet()

	dark := s.hands("members", browsertest.Desk, "dark", s.Owner)
	dark.Shot("settings-members-dark")
	dark.Check()
	phone := s.hands("settings", browsertest.Phone, "light", s.Owner)
	phone.sees(`document.querySelector('.setn').checkVisibility() && !document.querySelector('.setb').checkVisibility()`)
	phone.Shot("settings-phone")
	phone.Check()
	for _, page := range []string{"members", "settings/general", "tags", "statuses"} {
		phone.MustNavigate(s.Server.URL + "/w/fieldbook/" + page).MustWaitLoad()
		phone.sees(`!document.querySelector('.setn').checkVisibility() && document.querySelector('.set-back').checkVisibility()`)
		phone.Shot("settings-phone-" + strings.ReplaceAll(page, "/", "-"))
		phone.Check()
	}
}
