package importweb

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/table"
)

func TestAnImportFromFileToUndo(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		s := newSite(t, open())
		before := s.now().Seq()
		at, _ := s.upload(s.c, 303, part{"file", "issues.csv", jira()}, part{"history", "", ""})
		s.says(s.get(at+"/mapping"), "issues.csv, 500 rows", "for Jira CSV", "Parent key", "Outward issue link (Blocks)", "Sprint", "Sure", "–")

		s.post(at+"/mapping", s.asShown(at+"/mapping"), 303)
		dry := s.get(at)
		s.says(dry, "Import 493 rows", "7 problems need you", "Left out 7 of 500 rows", "493 new",
			"Row 42", "Title is missing", "Row 123", "does not depend on itself", "Row 134", "is a day that does not exist",
			"Row 205", `no feature "FLD-9999"`, "Row 306", "“yesterday” is no date", "Row 348", "The key stands already", "Row 389", "Status Building → Building")
		if seq := s.now().Seq(); seq != before {
			t.Fatalf("position %d after the dry run, %d before: it wrote", seq, before)
		}

		report := s.carryOut(at)
		s.says(report, "Done in", "493 new, 7 left out", "Left out 7 of 500 rows", "Undo this import", "Open 493 features", "Columns that were skipped: Issue Type, Sprint")
		all := s.titles()
		if len(all) != 494 {
			t.Errorf("%d features, want those 493 and the one that was there", len(all))
		}
		child, parent := all["Inspection 11"], all["Inspection 499"]
		if child == nil || parent == nil || child.Parent.ID() != parent.ID || child.ExternalKey != "FLD-11" {
			t.Errorf("Inspection 11 is %+v, below %+v", child, parent)
		}
		blocks := 0
		for d := range backlog.Dependencies.All(s.now()) {
			if d.Type == backlog.Blocks {
				blocks++
			}
		}
		if blocks != 7 {
			t.Errorf("%d dependencies, want 7", blocks)
		}

		s.write(func(tx *ledger.Tx) error { // somebody goes on with one, and with the old one
			for _, title := range []string{"Inspection 12", "Was here before"} {
				if err := backlog.Features.Edit(tx, all[title].ID, func(f *backlog.Feature) error { f.Tags = []string{"mine"}; return nil }); err != nil {
					return err
				}
			}
			return nil
		})
		s.post(at+"/undo", url.Values{"all": {"yes"}}, 303)
		s.says(s.get(at), "Undone")
		left := s.titles()
		if len(left) != 1 || left["Was here before"] == nil || len(left["Was here before"].Tags) != 1 {
			t.Errorf("after the undo there are %d features: %v", len(left), left)
		}
		for range backlog.Dependencies.All(s.now()) {
			t.Error("a dependency is left over")
		}
	})
}

func TestUndoKeepsWhatWasChangedSince(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title", "external_key"}, []string{"One", "A-1"}, []string{"Two", "A-2"}))
	s.carryOut(at)
	s.write(func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, s.titles()["Two"].ID, func(f *backlog.Feature) error { f.Tags = []string{"mine"}; return nil })
	})
	s.post(at+"/undo", nil, 303)
	s.says(s.get(at), "Undone: import of issues.csv; 1 item that was changed since stays")
	s.post(at+"/undo", nil, 409)
	left := s.titles()
	if left["One"] != nil || left["Two"] == nil {
		t.Errorf("left are %v", left)
	}
}

func TestTheSameFileAgainChangesNothing(t *testing.T) {
	s := newSite(t, nil)
	file := rows([]string{"title", "external_key"}, []string{"One", "A-1"})
	s.carryOut(s.begin(file))
	body := s.get(s.begin(file))
	s.says(body, "Everything in this file is here already")
	if offered.MatchString(body) {
		t.Error("an import of nothing is offered")
	}
}

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // writing to memory does not fail
	_ = w.Close()
	return b.String()
}

func TestFilesThatCannotBeImportedAreRefusedWhereTheyWereGiven(t *testing.T) {
	s := newSite(t, nil)
	good := rows([]string{"title"}, []string{"One"})
	for name, c := range map[string]struct {
		parts []part
		want  string
	}{
		"nothing":          {nil, "choose a file, or paste its text"},
		"no file chosen":   {[]part{{"file", "", ""}}, "choose a file"},
		"empty":            {[]part{{"file", "a.csv", ""}}, "the file is empty"},
		"a header alone":   {[]part{{"file", "a.csv", "title\n"}}, "it has no rows"},
		"binary":           {[]part{{"file", "a.csv", "\x00\x01\x02\xff\x00\x00PNG\x00\x00\x00"}}, ""},
		"damaged archive":  {[]part{{"file", "a.csv.gz", packed(good)[:20]}}, "cannot be read to its end"},
		"file and text":    {[]part{{"text", "", good}, {"file", "a.csv", good}}, "not both"},
		"mapping, no JSON": {[]part{{"file", "a.csv", good}, {"mapping", "m.json", "columns: all"}}, "the mapping cannot be read"},
		"mapping, faulty":  {[]part{{"file", "a.csv", good}, {"mapping", "m.json", `{"columns":[{"field":"title"}]}`}}, "needs a column or a constant"},
		"unknown preset":   {[]part{{"preset", "", "abacus"}, {"file", "a.csv", good}}, "there is no preset"},
		"unknown kind":     {[]part{{"kind", "", "membership"}, {"file", "a.csv", good}}, "choose another"},
		"unknown part":     {[]part{{"files", "a.csv", good}}, "is no field of this form"},
		"history, no rows": {[]part{{"file", "a.csv", good}, {"history", "h.csv", ""}}, "the file is empty"},
	} {
		_, body := s.upload(s.c, 422, c.parts...)
		if text := plainText(body); !strings.Contains(text, c.want) || !strings.Contains(text, "Read the file") {
			t.Errorf("%s: %s", name, text)
		}
	}
	var n int
	s.must(s.Ledger.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM web_import_pieces`).Scan(&n))
	if n != 0 {
		t.Errorf("%d pieces of refused files are kept", n)
	}
}

func TestAFieldOf100MegabytesIsAProblemOfItsRow(t *testing.T) {
	s := newSite(t, nil)
	huge := "title,description\nGood,short\nBad,\"" + strings.Repeat("x", 100<<20) + "\"\nAlso good,short\n"
	at, _ := s.upload(s.c, 303, part{"file", "huge.csv.gz", packed(huge)})
	s.post(at+"/mapping", s.asShown(at+"/mapping"), 303)
	s.says(s.get(at), "Row 3", "Import 2 rows")
	s.carryOut(at)
	if all := s.titles(); all["Good"] == nil || all["Also good"] == nil || all["Bad"] != nil {
		t.Errorf("features are %v", all)
	}
}

func TestAnUploadBeyondTheLimitIsRefused(t *testing.T) {
	s := newSite(t, nil)
	_, body := s.upload(s.c, http.StatusRequestEntityTooLarge, part{"file", "a.csv", strings.Repeat("title\n", uploadLimit/6)})
	s.says(body, "Too large")
}

func TestFilesAreKnownByTheirContent(t *testing.T) {
	for name, content := range map[string]string{
		"spreadsheet.pdf": rows([]string{"title"}, []string{"One"}),
		"one.csv":         `[{"title":"One"}]`,
		"packed.txt":      packed(`{"title":"One"}` + "\n"),
		"semicolons.csv":  "title;tags\nOne;a\n",
		"utf16.csv":       "\xff\xfet\x00i\x00t\x00l\x00e\x00\n\x00O\x00n\x00e\x00\n\x00",
	} {
		s := newSite(t, nil)
		at, _ := s.upload(s.c, 303, part{"file", name, content})
		s.post(at+"/mapping", s.asShown(at+"/mapping"), 303)
		s.carryOut(at)
		if s.titles()["One"] == nil {
			t.Errorf("%s: features are %v", name, s.titles())
		}
	}
	s := newSite(t, nil)
	at, _ := s.upload(s.c, 303, part{"text", "", "title\nPasted\n"}, part{"file", "", ""})
	s.says(s.get(at+"/mapping"), "pasted text, 1 row")
}

func TestHistoryComesWithASecondFile(t *testing.T) {
	s := newSite(t, nil)
	at, _ := s.upload(s.c, 303,
		part{"file", "f.csv", rows([]string{"external_key", "title", "status", "created_at"}, []string{"A-1", "Old", "Live", "2026-01-05T10:00:00Z"})},
		part{"history", "h.csv", rows([]string{"key", "field", "at", "new"}, []string{"A-1", "status", "2026-02-01T10:00:00Z", "Building"})})
	s.post(at+"/mapping", s.asShown(at+"/mapping"), 303)
	s.carryOut(at)
	past, err := s.Ledger.AsOf(t.Context(), s.Workspace, ledger.System, ledger.AtTime(time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)))
	s.must(err)
	f, ok := backlog.Features.Get(past, s.titles()["Old"].ID)
	if !ok {
		t.Fatal("the feature is not in the past")
	}
	if st, _ := backlog.Statuses.Get(s.now(), f.Status.ID()); st == nil || st.Name != "Building" {
		t.Errorf("its status in February is %v", st)
	}
}

func TestRowsAreRepairedInOneClick(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows(
		[]string{"external_key", "title", "status", "target", "blocks", "parent"},
		[]string{"A-1", "Unknown status", "Parked", "", "", ""},
		[]string{"A-2", "No such day", "", "2026-02-31", "", ""},
		[]string{"A-3", "Two links", "", "", "A-4;A-77", ""},
		[]string{"A-4", "No parent", "", "", "", "A-99"},
		[]string{"A-5", "", "", "", "", ""},
		[]string{"A-6", "Same day as before", "Parked", "2026-02-28", "A-4;A-2", ""},
	))
	page := s.get(at)
	s.says(page, "Row 2", "Row 3", "Row 4", "Row 5", "Row 6")
	for _, repair := range []url.Values{
		{"do": {doMap}, "row": {"2"}, "column": {"status"}, "value": {"Parked"}, "to": {"Idea"}},
		{"do": {doEmpty}, "row": {"3"}, "column": {"target"}, "value": {"2026-02-31"}},
		{"do": {doEmpty}, "row": {"4"}, "column": {"blocks"}, "value": {"A-77"}},
		{"do": {doEmpty}, "row": {"5"}, "column": {"parent"}, "value": {"A-99"}},
		{"do": {doSkip}, "row": {"6"}},
	} {
		s.post(at+"/repair", repair, 303)
	}
	page = s.get(at)
	s.says(page, "Import 5 rows", "no row needs you", "1 row is left out", "4 rows were decided by you")
	s.carryOut(at)
	all := s.titles()
	if len(all) != 6 || all["Same day as before"].Target != "2026-02-28" || all["No such day"].Target != "" || !all["No parent"].Parent.ID().IsZero() {
		t.Errorf("features are %v", all)
	}
	var ends []string
	for d := range backlog.Dependencies.All(s.now()) {
		for title, f := range all {
			if f.ID == d.From.ID() {
				ends = append(ends, title)
			}
		}
	}
	if len(ends) != 3 {
		t.Errorf("dependencies go from %v; one link of a cell goes, the others stay", ends)
	}
	for _, title := range []string{"Unknown status", "Same day as before"} {
		if st, _ := backlog.Statuses.Get(s.now(), all[title].Status.ID()); st == nil || st.Name != "Idea" {
			t.Errorf("%s is %v, and Parked was mapped to Idea", title, st)
		}
	}
}

func TestRepairsAreTakenBackAndNonsenseIsRefused(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title", "parent"}, []string{"One", "A-99"}))
	s.post(at+"/repair", url.Values{"do": {doEmpty}, "row": {"2"}, "column": {"parent"}, "value": {"A-99"}}, 303)
	s.says(s.get(at), "Import 1 row")
	s.post(at+"/repair", url.Values{"do": {doReset}}, 303)
	s.says(s.get(at), "1 problem needs you")
	for _, form := range []url.Values{
		{"do": {"burn"}, "row": {"2"}, "column": {"parent"}},
		{"do": {doEmpty}, "row": {"2"}, "column": {"none"}},
		{"do": {doEmpty}, "row": {"x"}, "column": {"parent"}},
		{"else": {"1"}},
	} {
		s.post(at+"/repair", form, 422)
	}
}

func TestAColumnWhoseDatesLeaveTheOrderOpen(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title", "target"}, []string{"One", "03/04/2026"}))
	s.says(s.get(at), "Column “target”", "Day first", "Month first")
	s.post(at+"/repair", url.Values{"do": {doMonthFirst}, "row": {"0"}, "column": {"target"}}, 303)
	s.carryOut(at)
	if got := s.titles()["One"].Target; got != "2026-03-04" {
		t.Errorf("the target is %s", got)
	}
}

func TestTheMappingSaysWhatColumnsAndValuesBecome(t *testing.T) {
	s := newSite(t, nil)
	at, _ := s.upload(s.c, 303, part{"file", "a.csv", rows([]string{"Thing", "How far", "Points", "Note"}, []string{"One", "half", "3", "x"}, []string{"Two", "", "5", ""})})
	form := s.asShown(at + "/mapping")
	form.Set("c.0", "title")
	form.Set("c.1", "status")
	form.Set("c.2", "new:number")
	form.Set("c.3", "")
	s.post(at+"/mapping", form, 303)
	form = s.asShown(at + "/mapping")
	form.Set("v.1.0", "Building")
	form.Del("create.status")
	s.post(at+"/mapping", form, 303)
	if _, there := backlog.FeatureTable.Column(s.now(), "custom.points"); there {
		t.Fatal("the field is made before the import")
	}
	s.says(s.carryOut(at), "New field Points, number", "Status half → Building")
	one := s.titles()["One"]
	if st, _ := backlog.Statuses.Get(s.now(), one.Status.ID()); st == nil || st.Name != "Building" {
		t.Errorf("the status is %v", st)
	}
	scope := &table.Scope{View: s.now(), Set: s.Tables}
	row, _ := backlog.FeatureTable.Row(s.now(), one.ID)
	if got := backlog.FeatureTable.Show(scope, row, "custom.points"); got != "3" {
		t.Errorf("points are %q", got)
	}
	s.post(at+"/undo", nil, 303)
	if _, there := backlog.FeatureTable.Column(s.now(), "custom.points"); there || len(s.titles()) != 1 {
		t.Error("the undo left something")
	}
}

func TestNewFieldsGoWithTheImportThatFails(t *testing.T) {
	s := newSite(t, nil)
	at, _ := s.upload(s.c, 303, part{"file", "a.csv", rows([]string{"title", "Points"}, []string{"One", "3"})})
	form := s.asShown(at + "/mapping")
	form.Set("c.1", "new:number")
	s.post(at+"/mapping", form, 303)
	j := s.kill(at)
	scope := &table.Scope{View: s.now(), Set: s.Tables, Today: "2026-05-12", Zone: time.UTC}
	for name, breakIn := range map[string]func(stop context.CancelFunc){
		"stop": func(stop context.CancelFunc) { stop() }, "panic": func(context.CancelFunc) { panic("out of paper") },
	} {
		ctx, stop := context.WithCancel(t.Context())
		err := s.im.guarded(ctx, j, ledger.Actor{ID: s.Owner.ID}, scope, func(int, int) { breakIn(stop) })
		if _, there := backlog.FeatureTable.Column(s.now(), "custom.points"); err == nil || there || len(s.titles()) != 1 {
			t.Errorf("%s: %v; the field is there: %t; %d features", name, err, there, len(s.titles()))
		}
	}
}

func TestAWrongMappingIsShownAgain(t *testing.T) {
	s := newSite(t, nil)
	at, _ := s.upload(s.c, 303, part{"file", "a.csv", rows([]string{"title", "Other", "n"}, []string{"One", "x", "1"})})
	form := s.asShown(at + "/mapping")
	form.Set("c.1", "title")
	_, body := s.post(at+"/mapping", form, 422)
	s.says(body, "“title” becomes this already")
	form.Set("c.1", "nowhere")
	_, body = s.post(at+"/mapping", form, 422)
	s.says(body, "there is no field nowhere")
	form.Set("c.1", "new:date")
	s.post(at+"/mapping", form, 422)
}

func TestATemplateServesTheNextFile(t *testing.T) {
	s := newSite(t, nil)
	file := rows([]string{"Thing", "How far"}, []string{"One", "half"})
	at, _ := s.upload(s.c, 303, part{"file", "a.csv", file})
	form := s.asShown(at + "/mapping")
	form.Set("c.0", "title")
	form.Set("c.1", "tags")
	s.post(at+"/mapping", form, 303)
	template := s.get(at + "/mapping.json")
	s.post(at+"/discard", nil, 303)
	at, _ = s.upload(s.c, 303, part{"file", "b.csv", file}, part{"mapping", "m.json", template})
	if got := s.asShown(at + "/mapping"); got.Get("c.0") != "title" || got.Get("c.1") != "tags" {
		t.Errorf("the mapping is %v", got)
	}
}

func TestProblemsComeAsAFile(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title", "parent"}, []string{"One", "=A-99"}))
	if got := s.get(at + "/problems.csv"); !strings.HasPrefix(got, "file,row,line,column,value,reason,remedy") || !strings.Contains(got, ",2,2,parent,'=A-99,") {
		t.Errorf("the file is %s", got)
	}
}

func TestOnlyEditorsImportAndEachSeesTheirOwn(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title", "status"}, []string{"One", "Parked"}))
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	editor := s.Client(t, s.Account(t, "Edda", access.Editor))
	outsider := s.Client(t, s.Account(t, "Otto", access.Nobody))
	for c, want := range map[*http.Client]bool{viewer: false, editor: true, s.Client(t, s.Account(t, "Cora", access.Contributor)): false} {
		for _, path := range []string{"features"} {
			if _, body := s.ask(c, http.MethodGet, "/w/fieldbook/"+path, "", nil, 200); strings.Contains(body, `href="/w/fieldbook/import"`) != want {
				t.Errorf("the way to the import is on %s: %t, want %t", path, !want, want)
			}
		}
	}
	for path, want := range map[string][3]int{"/w/fieldbook/import": {403, 200, 404}, at: {403, 404, 404}, at + "/mapping.json": {403, 404, 404}} {
		for i, c := range []*http.Client{viewer, editor, outsider} {
			s.ask(c, http.MethodGet, path, "", nil, want[i])
		}
	}
	s.ask(editor, http.MethodPost, at+"/run", "application/x-www-form-urlencoded", strings.NewReader("rows=1"), 404)
	s.ask(s.c, http.MethodGet, "/w/fieldbook/import?at=2026-01-01", "", nil, 303) // an import is of now
	r, err := http.NewRequest(http.MethodPost, s.server.URL+at+"/run", strings.NewReader("rows=1"))
	s.must(err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := s.c.Do(r)
	s.must(err)
	s.must(answer.Body.Close())
	if answer.StatusCode != 403 {
		t.Errorf("a form of another site: %d", answer.StatusCode)
	}

	// what an editor may not make is not made: the row asks for a status that there is
	s.c = editor
	s.upload(s.c, 422, part{"kind", "", "status"}, part{"file", "a.csv", "name\nParked\n"})
	at = s.begin(jiraLine)
	s.says(s.get(at), `no status "Parked"`)
	s.post(at+"/repair", url.Values{"do": {doMap}, "row": {"2"}, "column": {"Status"}, "value": {"Parked"}, "to": {"Idea"}}, 303)
	s.carryOut(at)
	if s.titles()["By an editor"] == nil {
		t.Errorf("features are %v", s.titles())
	}
}

const jiraLine = "Summary,Issue key,Issue Type,Status\nBy an editor,E-1,Story,Parked\n"

func TestASecondImportWaitsForTheFirst(t *testing.T) {
	s := newSite(t, nil)
	other := &job{ID: ledger.NewID(ledger.TimeOf(s.Clock.Now())), Workspace: s.Workspace, Account: s.Account(t, "Ann", access.Editor).ID, File: "hers.csv"}
	s.must(s.im.store.claim(t.Context(), other))
	s.says(s.get("/w/fieldbook/import"), "Ann is importing hers.csv just now")
	at := s.begin(rows([]string{"title"}, []string{"One"}))
	s.says(s.get(at), "Ann is importing hers.csv just now")
	_, body := s.post(at+"/run", url.Values{"rows": {"1"}}, 409)
	s.says(body, "Another import is being written")
	if len(s.titles()) != 1 {
		t.Error("it was imported all the same")
	}
	s.must(s.im.store.release(t.Context(), other))
	s.carryOut(at)
	if s.titles()["One"] == nil {
		t.Error("it is not imported afterwards")
	}
}

func TestTwoPeopleAtOnceBothSucceedInTurn(t *testing.T) {
	s := newSite(t, nil)
	mine := s.begin(rows([]string{"title"}, []string{"Mine"}))
	owner := s.c
	s.c = s.Client(t, s.Account(t, "Ann", access.Editor))
	hers := s.begin(rows([]string{"title"}, []string{"Hers"}))
	s.carryOut(hers)
	s.c = owner
	s.carryOut(mine)
	if all := s.titles(); all["Mine"] == nil || all["Hers"] == nil {
		t.Errorf("features are %v", all)
	}
}

func TestAPromiseThatNoLongerHoldsIsNotKeptSilently(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title"}, []string{"One"}))
	s.post(at+"/run", url.Values{"rows": {"2"}}, 303)
	s.says(s.settled(at), "the workspace has changed since the dry run, which promised 2 rows; now it would be 1", "Import 1 row")
	if len(s.titles()) != 1 {
		t.Error("it was imported all the same")
	}
	s.post(at+"/run", url.Values{"rows": {"many"}}, 422)
}

func TestARestartBetweenTheStepsLosesNothing(t *testing.T) {
	s := newSite(t, nil)
	at, _ := s.upload(s.c, 303, part{"file", "a.csv", rows([]string{"title"}, []string{"One"})})
	s.restart()
	s.post(at+"/mapping", s.asShown(at+"/mapping"), 303)
	s.restart()
	report := s.carryOut(at)
	s.says(report, "Done in")
	s.restart()
	s.post(at+"/undo", nil, 303)
	if len(s.titles()) != 1 {
		t.Errorf("features are %v", s.titles())
	}
}

// kill leaves an import as a killed server does: begun and held, with nobody to end it.
func (s *site) kill(at string) *job {
	s.t.Helper()
	id, err := ledger.ParseID(at[strings.LastIndexByte(at, '/')+1:])
	s.must(err)
	j, err := s.im.store.find(context.Background(), s.Workspace, s.Owner.ID, id)
	s.must(err)
	j.Started, j.Promised, j.Before = s.Clock.Now(), 1, s.now().Seq()
	s.must(s.im.store.claim(context.Background(), j))
	s.must(s.im.store.save(context.Background(), j))
	return j
}

func TestAServerThatWasKilledWhileItWrote(t *testing.T) {
	s := newSite(t, nil)
	before := s.begin(rows([]string{"title", "external_key"}, []string{"One", "A-1"}))
	after := s.begin(rows([]string{"title", "external_key"}, []string{"Two", "A-2"}))
	s.kill(before)
	s.says(s.get(before), "Writing")
	s.restart()
	s.Clock.Move(held + time.Second)
	s.says(s.get(before), "The server was stopped while this was written. Nothing was imported", "Import 1 row")
	s.carryOut(before)

	j := s.kill(after) // this time all was written before the end
	scope := &table.Scope{View: s.now(), Set: s.Tables, Today: "2026-05-12", Zone: time.UTC}
	s.must(s.im.carryOut(t.Context(), j, ledger.Actor{ID: s.Owner.ID}, scope, func(int, int) {}))
	s.Clock.Move(held + time.Second)
	s.says(s.get(after), "Report", "Undo this import")
	s.post(after+"/undo", nil, 303)
	if all := s.titles(); all["One"] == nil || all["Two"] != nil {
		t.Errorf("features are %v", all)
	}
}

func TestClosingEndsAnImportWithoutATrace(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title"}, []string{"One"}))
	s.im.stop() // the server begins to stop, and the request is still answered
	s.post(at+"/run", url.Values{"rows": {"1"}}, 303)
	s.im.Close()
	s.says(s.get(at), "The server was stopped while this was written")
	if len(s.titles()) != 1 {
		t.Error("something was imported")
	}
	s.restart()
	s.carryOut(at)
}

func TestSomebodyStopsAnImport(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title"}, []string{"One"}))
	j := s.kill(at)
	s.post(at+"/stop", nil, 303)
	if on, err := s.im.store.tell(t.Context(), j, 1, 2); on || err != nil {
		t.Errorf("the writer is told to go on: %t %v", on, err)
	}
}

func TestFilesAreForgottenAfterADayAndReportsAfterAMonth(t *testing.T) {
	ledgertest.Each(t, testForgetting)
}

func testForgetting(t *testing.T, open func() ledger.Store) {
	s := newSite(t, open())
	at := s.begin(rows([]string{"title"}, []string{"One"}))
	done := s.begin(rows([]string{"title"}, []string{"Two"}))
	s.carryOut(done)
	_, err := s.im.store.put(t.Context(), ledger.NewID(ledger.TimeOf(s.Clock.Now())), partFile, strings.NewReader("of a server that was killed"))
	s.must(err)
	s.Clock.Move(23 * time.Hour)
	s.must(s.im.Sweep(t.Context()))
	s.says(s.get(at), "Import 1 row")
	s.Clock.Move(2 * time.Hour)
	s.must(s.im.Sweep(t.Context()))
	var pieces int
	s.must(s.Ledger.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM web_import_pieces`).Scan(&pieces))
	if pieces != 0 {
		t.Errorf("%d pieces are left", pieces)
	}
	_, body := s.ask(s.c, http.MethodGet, at, "", nil, 422)
	s.says(body, "the file is kept for a day and is gone")
	s.says(s.get(done), "Done in")
	s.Clock.Move(31 * 24 * time.Hour)
	s.c = s.Client(t, s.Owner) // sessions end too
	s.must(s.im.Sweep(t.Context()))
	s.ask(s.c, http.MethodGet, done, "", nil, 404)
}

func TestDiscardedImportsAreGone(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title"}, []string{"One"}))
	s.post(at+"/discard", nil, 303)
	s.ask(s.c, http.MethodGet, at, "", nil, 404)
}

func TestAnImportThatIsDoneDoesNotChange(t *testing.T) {
	s := newSite(t, nil)
	at := s.begin(rows([]string{"title"}, []string{"One"}))
	s.carryOut(at)
	for path, form := range map[string]url.Values{"/mapping": {}, "/repair": {"do": {doReset}}, "/run": {"rows": {"1"}}, "/discard": nil} {
		s.post(at+path, form, 409)
	}
	if got := fmt.Sprint(len(s.titles())); got != "2" {
		t.Errorf("%s features", got)
	}
}

func TestAnUploadOfManyPiecesIsReadAsItWasSent(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		s := newSite(t, open())
		sent := make([]byte, 3*pieceSize+1)
		rand.NewChaCha8([32]byte{1}).Read(sent) // it does not pack
		id := ledger.NewID(ledger.TimeOf(s.Clock.Now()))
		if n, err := s.im.store.put(t.Context(), id, partFile, bytes.NewReader(sent)); err != nil || int(n) != len(sent) {
			t.Fatalf("%d bytes were kept: %v", n, err)
		}
		f, err := s.im.store.open(t.Context(), id, partFile)
		s.must(err)
		got, err := io.ReadAll(f)
		s.must(errors.Join(err, f.Close()))
		if !bytes.Equal(got, sent) {
			t.Errorf("%d bytes come back, and they are others", len(got))
		}
	})
}
