package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// send posts a form and fails for another status.
func (s *site) send(c *http.Client, path string, status int, form url.Values) string {
	s.t.Helper()
	r, body := s.Post(s.t, c, "/w/fieldbook/"+path, form)
	if r.StatusCode != status {
		s.t.Fatalf("POST %s: %d, want %d\n%.800s", path, r.StatusCode, status, plainText(body))
	}
	return body
}

func (s *site) titleOf(key string) string {
	s.t.Helper()
	now, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	f, _ := backlog.Features.ByKey(now, key)
	return f.Title
}

// A proposal goes from its first change over a conflict and a review to its merge.
func TestAProposal(t *testing.T) {
	s := newSite(t)
	vera := s.Account(t, "Vera", access.Editor)
	s.write(func(tx *ledger.Tx) error { return people.Join(tx, vera.ID, "Vera", vera.Email) })
	hers := s.Client(t, vera)

	s.send(s.c, "proposals", http.StatusSeeOther, url.Values{"title": {"Rename sync"}, "aim": {"what-if"}, "why": {"The name says **nothing**."}})
	if body := s.get("proposals", http.StatusOK); !strings.Contains(body, "Rename sync") || !strings.Contains(body, "Open") {
		t.Errorf("the list has no proposal:\n%.400s", plainText(body))
	}
	if body := s.get("proposals/P-1", http.StatusOK); !strings.Contains(body, "Nothing yet") || !strings.Contains(body, "<strong>nothing</strong>") {
		t.Errorf("a new proposal says\n%.600s", plainText(body))
	}

	// what is written in it is pending
	s.send(s.c, "features/FB-1/field/title?in=P-1", http.StatusSeeOther, url.Values{"title": {"Sync without conflicts"}, "was": {"Conflict-free sync"}})
	s.send(s.c, "features/FB-2/field/priority?in=P-1", http.StatusSeeOther, url.Values{"priority": {"high"}, "was": {""}})
	s.send(s.c, "features?in=P-1", http.StatusSeeOther, url.Values{"title": {"Merge preview"}})
	if got := s.titleOf("FB-1"); got != "Conflict-free sync" {
		t.Errorf("what is pending is live: %q", got)
	}
	in := s.get("features?in=P-1", http.StatusOK)
	for _, want := range []string{"Sync without conflicts", "Merge preview", "You are in proposal P-1, Rename sync", "Review and merge", "data-proposal"} {
		if !strings.Contains(in, want) {
			t.Errorf("the list in the proposal has no %q", want)
		}
	}
	if !strings.Contains(in, `class="wasif"`) || strings.Count(in, `class="is-if"`) != 3 {
		t.Errorf("the list does not mark what the proposal changes: %d rows", strings.Count(in, `class="is-if"`))
	}
	page := s.get("proposals/P-1", http.StatusOK)
	for _, want := range []string{"Conflict-free sync", "Sync without conflicts", "Merge preview", "Nothing conflicts with what is live", "Mira, 12 May"} {
		if !strings.Contains(page, want) {
			t.Errorf("the proposal does not show %q:\n%s", want, plainText(page))
		}
	}

	// meanwhile the same field changes live; who must agree has not
	s.rename("FB-1", "Sync for all")
	feature := s.idOf("FB-1")
	page = s.get("proposals/P-1", http.StatusOK)
	for _, want := range []string{"1 conflict to settle", "common base", "Sync for all", "Settle 1 conflict"} {
		if !strings.Contains(page, want) {
			t.Errorf("the conflict does not show %q", want)
		}
	}
	s.send(s.c, "proposals/P-1/merge", http.StatusConflict, url.Values{"reason": {"because"}})
	s.send(s.c, "proposals/P-1/reviews", http.StatusSeeOther, url.Values{"account": {vera.ID.String()}, "must": {"yes"}})
	s.send(s.c, "proposals/P-1/settle", http.StatusSeeOther, url.Values{"kind": {"feature"}, "which": {feature.String()}, "field": {"title"}, "keep": {"here"}})
	refused := s.send(s.c, "proposals/P-1/merge", http.StatusUnprocessableEntity, url.Values{"reason": {"It says what it does"}})
	if !strings.Contains(refused, "have not approved") || !strings.Contains(refused, "It says what it does") {
		t.Errorf("the refusal says\n%s", plainText(refused))
	}

	// one change is taken back; the others agree and it is merged
	s.send(s.c, "proposals/P-1/settle", http.StatusSeeOther, url.Values{"kind": {"feature"}, "which": {s.idOf("FB-2").String()}, "field": {"priority"}, "keep": {"live"}})
	shots := func(name string) {
		t.Helper()
		for _, scheme := range []string{"light", "dark"} {
			p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/proposals/P-1", browsertest.Desk, scheme, s.Session(t, vera))
			p.Shot("proposal-" + name + "-" + scheme)
			p.Check()
		}
		p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/proposals/P-1", browsertest.Phone, "light", s.Session(t, vera))
		p.Shot("proposal-" + name + "-phone")
		p.Check()
		in := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features?in=P-1", browsertest.Desk, "light", s.Session(t, vera))
		in.Shot("proposal-" + name + "-list")
		in.Check()
	}
	s.rename("FB-1", "Sync for everybody")
	shots("conflict")
	s.send(s.c, "proposals/P-1/settle", http.StatusSeeOther, url.Values{"kind": {"feature"}, "which": {feature.String()}, "field": {"title"}, "keep": {"here"}})
	s.send(hers, "proposals/P-1/verdict", http.StatusSeeOther, url.Values{"verdict": {"approved"}, "note": {"Fine"}})
	if body := s.get("proposals/P-1", http.StatusOK); !strings.Contains(body, "All who must agree do") || !strings.Contains(body, "Fine") {
		t.Errorf("after the approval:\n%s", plainText(body))
	}
	s.send(s.c, "proposals/P-1/merge", http.StatusSeeOther, url.Values{"reason": {"It says what it does"}})
	if got := s.titleOf("FB-1"); got != "Sync without conflicts" {
		t.Errorf("merged, the title is %q", got)
	}
	ended := s.get("proposals/P-1", http.StatusOK)
	if !strings.Contains(ended, "It says what it does") || !strings.Contains(ended, "Merged") || strings.Contains(ended, "Work in it") {
		t.Errorf("after its end:\n%s", plainText(ended))
	}
	s.send(s.c, "proposals/P-1/discard", http.StatusConflict, url.Values{"reason": {""}})
}

func (s *site) idOf(key string) ledger.ID {
	s.t.Helper()
	now, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	f, _ := backlog.Features.ByKey(now, key)
	return f.ID
}
