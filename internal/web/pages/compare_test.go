package pages_test

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/table"
)

// edit changes entities a day after what was there before.
func (s *site) edit(t table.Any, title string, in table.Input) ledger.Seq {
	s.t.Helper()
	seq, err := s.Ledger.Update(s.t.Context(), s.Workspace, ledger.Actor{ID: s.Owner.ID}, "edit", func(tx *ledger.Tx) error {
		scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-13"}
		if in == nil {
			return t.Delete(tx, t.Named(tx, title)[0])
		}
		return t.Edit(tx, scope, t.Named(tx, title)[0], in)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return seq
}

// change makes a day later one feature new, one gone and one changed, and moves the
// release by a merged proposal.
func (s *site) change() {
	s.t.Helper()
	s.Clock.Move(24 * time.Hour)
	ctx, as := s.t.Context(), ledger.Actor{ID: s.Owner.ID}
	var proposal ledger.ID
	for _, do := range []struct {
		in bool
		fn func(tx *ledger.Tx) error
	}{
		{false, func(tx *ledger.Tx) (err error) {
			proposal, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "A week more for sync", State: ledger.ProposalOpen})
			return err
		}},
		{true, func(tx *ledger.Tx) error {
			scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-13"}
			return release.Table.Edit(tx, scope, release.Table.Named(tx, "4.1")[0], table.Input{"date": "2026-07-07"})
		}},
		{false, func(tx *ledger.Tx) error {
			scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-13"}
			_, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, table.Input{"title": "Bulk reassign", "release": "4.1"})
			return err
		}},
	} {
		var opts []ledger.UpdateOption
		if do.in {
			opts = append(opts, ledger.In(proposal))
		}
		if _, err := s.Ledger.Update(ctx, s.Workspace, as, "edit", do.fn, opts...); err != nil {
			s.t.Fatal(err)
		}
	}
	if _, err := s.Ledger.Merge(ctx, s.Workspace, as, proposal, ledger.Settlement{Reason: "two people were ill"}); err != nil {
		s.t.Fatal(err)
	}
	s.edit(backlog.FeatureTable, "Audit export", nil)
	s.edit(backlog.FeatureTable, "Conflict-free sync", table.Input{"target": "2026-07-04", "status": "Verifying", "description": "Both edits are kept, always."})
}

func TestComparePage(t *testing.T) {
	s := newSite(t)
	s.change()
	text := plainText(s.get("features/compare?since=2026-05-12", 200))
	for _, want := range []string{
		"Features 3 3 1 added, 1 removed, 1 changed",
		"Added 1 FB-4 Bulk reassign new 4.1, Idea M Mira 13 May",
		"Removed 1 FB-2 Audit export deleted Idea M Mira 13 May",
		"Changed 1 FB-1 Conflict-free sync Target 30 Jun 4 Jul +4 d M Mira 13 May",
		"Status Building Verifying", "Description the text changed",
		"Dates moved 1 at most 4 days later",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	text = plainText(s.get("releases/compare?since=2026-05-12", 200))
	if want := "Changed 1 4.1 Release 30 Jun 7 Jul +7 d M Mira P-1 two people were ill 13 May"; !strings.Contains(text, want) {
		t.Errorf("the cause of a moved release: %s", text)
	}
	for query, want := range map[string]string{
		"":                               "Features, then and now", // a first visit compares with a week ago
		"since=2026-05-12&fields=status": "Changed 1 FB-1 Conflict-free sync Status Building Verifying",
		"since=2026-05-12&filter=status+%3D+Idea":  "1 added, 1 removed, 0 changed",
		"since=2026-05-12&until=2026-05-12":        "Nothing differs",
		"since=2026-05-11&until=2026-05-12":        "3 added, 0 removed, 0 changed",
		"since=visit":                              "This is your first visit",
		"since=2026-06-01":                         "2026-06-01 is still to come",
		"since=someday":                            `"someday" is no moment`,
		"since=2026-05-12&fields=colour":           `There is no field "colour"`,
		"since=2026-05-12&filter=colour+%3D+green": `there is no column "colour"`,
	} {
		if text := plainText(s.get("features/compare?"+query, 200)); !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
			t.Errorf("%s does not say %q: %.900s", query, want, text)
		}
	}
	if text := plainText(s.get("compare?since=2026-05-12", 200)); !strings.Contains(text, "Releases 1 1 0 0 1") || !strings.Contains(text, "Features 3 3 1 1 1") {
		t.Errorf("the whole workspace: %s", text)
	}
	r, _ := s.Get(t, s.c, "/w/fieldbook/features/compare?since=2026-05-11&at=2026-05-12")
	if got := r.Header.Get("Location"); got != "/w/fieldbook/features/compare?since=2026-05-11&until=2026-05-12" {
		t.Errorf("a link of the past leads to %q", got)
	}
}

func TestComparisonAsAFile(t *testing.T) {
	s := newSite(t)
	s.change()
	s.edit(backlog.FeatureTable, "Single sign-on", table.Input{"title": "=1+1"})
	lines, err := csv.NewReader(strings.NewReader(s.get("features/compare.csv?since=2026-05-12&fields=title,target", 200))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lines {
		got = append(got, strings.Join(l, "|"))
	}
	want := []string{
		"Difference|Key|Title|Field|Then|Now|Who|Why|When",
		"added|FB-4|Bulk reassign||||Mira||2026-05-13 11:30",
		"removed|FB-2|Audit export||||Mira||2026-05-13 11:30",
		"changed|FB-1|Conflict-free sync|Target|2026-06-30|2026-07-04|Mira||2026-05-13 11:30",
		"changed|FB-3|'=1+1|Title|Single sign-on|'=1+1|Mira||2026-05-13 11:30",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestALongComparisonShowsItsBeginning(t *testing.T) {
	s := newSite(t)
	s.Clock.Move(24 * time.Hour)
	s.write(func(tx *ledger.Tx) error {
		scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-13"}
		for i := range 30 {
			if _, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, table.Input{"title": fmt.Sprint("F ", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	body := s.get("features/compare?since=2026-05-12", 200)
	if n := strings.Count(body, `class="is-new"`); n != 20 || !strings.Contains(plainText(body), "Show the other 10") {
		t.Errorf("%d rows", n)
	}
	body = s.get("features/compare?since=2026-05-12&show=all", 200)
	if n := strings.Count(body, `class="is-new"`); n != 30 || strings.Contains(plainText(body), "Show the other") {
		t.Errorf("%d rows of all", n)
	}
}

func TestEntityComparedWithThen(t *testing.T) {
	s := newSite(t)
	s.change()
	text := plainText(s.get("features/FB-1?since=2026-05-12", 200))
	for _, want := range []string{"Since Tuesday 12 May 2026", "3 fields differ", "Target 30 Jun 4 Jul +4 d M Mira", "Status Building Verifying"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	body := s.get("features/FB-1?since=2026-05-12", 200)
	if !regexp.MustCompile(`(?s)id="p-target".*?class="was">\s*30 Jun\s*</span>\s*4 Jul`).MatchString(body) {
		t.Error("the property does not show what it was")
	}
	if text := plainText(s.get("features/FB-4?since=2026-05-12", 200)); !strings.Contains(text, "It did not exist then") {
		t.Errorf("a new one: %s", text)
	}
	if text := plainText(s.get("features/FB-3?since=2026-05-12", 200)); !strings.Contains(text, "Nothing differs") {
		t.Errorf("one that nobody changed: %s", text)
	}
	if text := plainText(s.get("features/FB-3?since=never", 200)); !strings.Contains(text, `"never" is no moment`) {
		t.Errorf("no moment: %s", text)
	}
}

func TestWhatExistsAtAnotherMomentLeadsThere(t *testing.T) {
	s := newSite(t)
	s.change()
	for path, want := range map[string][]string{
		"features/FB-4?at=2026-05-12":         {"FB-4 did not exist yet", "Bulk reassign was made on Wednesday 13 May 2026"},
		"features/FB-4/history?at=2026-05-12": {"FB-4 did not exist yet"},
		"features/FB-2":                       {"FB-2 is deleted", "deleted on Wednesday 13 May 2026 by Mira"},
		"features/fb-2":                       {"FB-2 is deleted"},
		"features/FB-2/history":               {"FB-2 is deleted"},
	} {
		text := plainText(s.get(path, 404))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s does not say %q: %s", path, w, text)
			}
		}
	}
	link := regexp.MustCompile(`href="(/w/fieldbook/features/FB-[24][^"]*)"[^>]*>(?:<svg.*?</svg>)?\s*See`)
	for _, path := range []string{"features/FB-4?at=2026-05-12", "features/FB-2"} {
		found := link.FindAllStringSubmatch(s.get(path, 404), -1)
		if len(found) == 0 {
			t.Errorf("%s leads nowhere", path)
		}
		for _, m := range found {
			s.get(strings.TrimPrefix(strings.ReplaceAll(m[1], "&amp;", "&"), "/w/fieldbook/"), 200)
		}
	}
	for _, path := range []string{"features/FB-99", "features/FB-99?at=2026-05-12", "features/" + ledger.NewID(1).String()} {
		if text := plainText(s.get(path, 404)); strings.Contains(text, "deleted") || strings.Contains(text, "did not exist yet") {
			t.Errorf("%s: %s", path, text)
		}
	}
}

func TestTheListMarksWhatDiffers(t *testing.T) {
	s := newSite(t)
	s.change()
	body := s.get("features?since=2026-05-12&group=none", 200)
	text := plainText(body)
	for _, want := range []string{"Since Tuesday 12 May 2026", "1 added, 1 removed, 1 changed", "FB-2 Audit export Idea"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	if n := strings.Count(body, "is-new"); n != 1 {
		t.Errorf("%d rows are new", n)
	}
	if !regexp.MustCompile(`class="was">\s*30 Jun\s*</span>\s*4 Jul`).MatchString(body) {
		t.Error("a changed cell does not show what it was")
	}
	if body := s.get("features?since=2026-05-12&sort=title", 200); !strings.Contains(body, "sort=-title&amp;") && !strings.Contains(body, "since=2026-05-12&amp;sort=-title") {
		t.Error("another order forgets the moment")
	}
	if text := plainText(s.get("features?since=2026-05-11&at=2026-05-12", 200)); !strings.Contains(text, "3 added, 0 removed, 0 changed") {
		t.Errorf("between two moments of the past: %s", text)
	}
	if text := plainText(s.get("features?since=never", 200)); !strings.Contains(text, `"never" is no moment`) || !strings.Contains(text, "Single sign-on") {
		t.Errorf("no moment: %s", text)
	}
}

func TestSinceTheLastVisit(t *testing.T) {
	s := newSite(t)
	if body := s.get("features", 200); strings.Contains(body, "Since my last visit") {
		t.Error("there was no visit before the first one")
	}
	s.change()
	s.get("features", 200) // the visit ends with this one's beginning
	body := s.get("features?filter=status+%3D+Idea", 200)
	link := regexp.MustCompile(`<a class="op" href="([^"]*since=visit[^"]*)"`).FindStringSubmatch(body)
	if link == nil {
		t.Fatal("the menu of time does not offer the last visit")
	}
	address := strings.ReplaceAll(link[1], "&amp;", "&")
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("since") != "visit" {
		t.Fatalf("it leads to %s", address)
	}
	text := plainText(s.get(strings.TrimPrefix(address, "/w/fieldbook/"), 200))
	if !strings.Contains(text, "1 added, 1 removed") {
		t.Errorf("since the last visit: %s", text)
	}
}

func TestAComparisonKeepsWhatIsPrivate(t *testing.T) {
	s := newSite(t)
	viewer := s.Account(t, "Vera", access.Viewer)
	s.write(func(tx *ledger.Tx) error {
		id, err := access.Products.Create(tx, access.Product{Name: "Project X", Prefix: "PX", Private: true})
		if err != nil {
			return err
		}
		scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-12"}
		for _, title := range []string{"canary one", "canary two"} {
			if _, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, table.Input{"title": title, "product": id.String()}); err != nil {
				return err
			}
		}
		return nil
	})
	s.Clock.Move(24 * time.Hour)
	s.edit(backlog.FeatureTable, "canary one", table.Input{"target": "2026-06-01"})
	s.edit(backlog.FeatureTable, "canary two", nil)
	s.edit(backlog.FeatureTable, "Audit export", table.Input{"parent": "canary one", "target": "2026-06-02"})
	c := s.Client(t, viewer)
	for _, path := range []string{
		"features/compare?since=2026-05-12", "features/compare.csv?since=2026-05-12", "compare?since=2026-05-12", "features/FB-2?since=2026-05-12",
		"features/PX-1?at=2026-05-11", "features/PX-2", "features?since=2026-05-12",
	} {
		_, body := s.Get(t, c, "/w/fieldbook/"+path)
		if strings.Contains(body, "canary") || strings.Contains(body, "is deleted") || strings.Contains(body, "did not exist yet") {
			t.Errorf("%s tells of what is private: %s", path, plainText(body))
		}
	}
	if _, body := s.Get(t, c, "/w/fieldbook/features/compare?since=2026-05-12&fields=parent"); !strings.Contains(plainText(body), "Initiative – a private item") {
		t.Errorf("a private target: %s", plainText(body))
	}
}
