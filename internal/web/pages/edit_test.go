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
	"github.com/throughline-pm/throughline/internal/table"
)

// id returns the identifier of a feature by its key.
func (s *site) id(key string) string {
	s.t.Helper()
	v, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	f, ok := backlog.Features.ByKey(v, key)
	if !ok {
		s.t.Fatalf("there is no %s", key)
	}
	return f.ID.String()
}

func (s *site) scope(tx *ledger.Tx) *table.Scope {
	return &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-12"}
}

// fragment asks as htmx does.
func (s *site) fragment(c *http.Client, method, path string, form url.Values, status int) string {
	s.t.Helper()
	r, body := s.Do(s.t, c, method, "/w/fieldbook/"+path, form, "HX-Request", "true")
	if r.StatusCode != status {
		s.t.Fatalf("%s %s: %d, want %d\n%.600s", method, path, r.StatusCode, status, plainText(body))
	}
	return body
}

// What can be chosen comes by the words that were typed, in any order: one's own first,
// "none" where that may be, a new word where any will do.
func TestThePickerOffersWhatCanBeChosen(t *testing.T) {
	s := newSite(t)
	s.write(func(tx *ledger.Tx) error {
		for _, name := range []string{"Anou Berg", "Zane Ost"} {
			if _, err := people.PersonTable.Create(tx, s.scope(tx), ledger.ID{}, table.Input{"name": name}); err != nil {
				return err
			}
		}
		return nil
	})
	of := "&of=" + s.id("FB-1")
	for query, want := range map[string]string{
		"column=owner":               "No owner | Mira you | Anou Berg | Zane Ost",
		"column=owner" + of:          "Mira you , chosen | No owner | Anou Berg | Zane Ost",
		"column=owner&q=ost+za":      "Zane Ost",
		"column=owner&q=me":          "Mira you",
		"column=owner&q=none":        "No owner",
		"column=owner&q=Zame":        "Zane Ost",
		"column=owner&q=qqqq":        "Nothing called “qqqq”",
		"column=priority&q=h":        "High",
		"column=tags&q=exp":          "export | Create “exp” new",
		"column=tags&q=export":       "export",
		"column=status&q=build" + of: "Building , chosen",
		"q=4.1":                      "4.1 | Create “4.1” new",
		"q=mira":                     "Mira you | Create “mira” new",
		"column=product":             "Fieldbook",
	} {
		body := s.fragment(s.c, "GET", "features/pick?"+query, nil, 200)
		var got []string
		for _, part := range strings.Split(body, `role="option"`)[1:] {
			part = part[strings.Index(part, ">")+1:]
			for _, end := range []string{`<div class="op"`, `<div role="group"`} {
				part, _, _ = strings.Cut(part, end)
			}
			said := plainText(part)
			for _, initial := range []string{"M ", "A ", "Z "} { // of avatars
				said = strings.TrimPrefix(said, initial)
			}
			got = append(got, said)
		}
		if strings.Join(got, " | ") != want {
			t.Errorf("%s offers %s, want %s", query, strings.Join(got, " | "), want)
		}
	}
	s.fragment(s.c, "GET", "features/pick?column=score", nil, 404)
	s.fragment(s.c, "GET", "features/pick?column=owner&of=x", nil, 422)
}

// Many are set at once, by identifiers or by the filter of a list; one undo takes all of
// it back; where one refuses, none is written and the answer names it.
func TestManyAreSetAtOnce(t *testing.T) {
	s := newSite(t)
	ids := url.Values{"which": {s.id("FB-1"), s.id("FB-2"), s.id("FB-3")}}
	with := func(pairs ...string) url.Values {
		v := url.Values{"which": ids["which"]}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v
	}
	count := func(filter string, want string) {
		t.Helper()
		if got := listed(s.get("features?group=none&sort=title&filter="+url.QueryEscape(filter), 200)); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
	all := "Audit export, Conflict-free sync, Single sign-on"
	body := s.fragment(s.c, "POST", "features/set", with("release", "4.1", "owner", "me"), 200)
	if !strings.Contains(plainText(body), "Set Owner and Release on 3 features") {
		t.Errorf("the toast says %s", plainText(body))
	}
	count("release = 4.1 and owner = me", all)
	s.fragment(s.c, "POST", "undo", url.Values{}, 200)
	count("release = 4.1", "Conflict-free sync")
	s.fragment(s.c, "POST", "undo", url.Values{"redo": {"yes"}}, 200)
	count("release = 4.1", all)

	s.post("features/set", with("add.tags", "q3", "remove.tags", "audit"), 303)
	count("tags = q3", all)
	count("tags = export", "Audit export")
	count("tags = audit", "")
	s.post("features/set", url.Values{"all": {"yes"}, "filter": {"status = Live"}, "q": {""}, "priority": {"low"}}, 303)
	count("priority = low", "Single sign-on")
	s.post("features/set", with("archived", "yes"), 303)
	count("archived = no", "")
	if text := plainText(s.get("features/FB-2/history", 200)); !strings.Contains(text, "Archive") {
		t.Errorf("the history does not say that it was archived: %s", text)
	}
	s.post("features/set", with("archived", "no"), 303)

	s.write(func(tx *ledger.Tx) error {
		f, _ := backlog.Features.ByKey(tx, "FB-2")
		return backlog.FeatureTable.Edit(tx, s.scope(tx), f.ID, table.Input{"start": "2026-08-01"})
	})
	_, page := s.post("features/set", with("target", "2026-07-01"), 422)
	if text := plainText(page); !strings.Contains(text, "1 feature refuses this; nothing was changed; FB-2 target 2026-07-01 is before the start") {
		t.Errorf("the refusal says %s", text)
	}
	if text := plainText(s.fragment(s.c, "POST", "features/set", with("target", "2026-07-01"), 422)); !strings.Contains(text, "FB-2") {
		t.Errorf("the toast says %s", text)
	}
	count("target = 2026-07-01", "")
	if text := plainText(func() string { _, b := s.post("features/set", with(), 200); return b }()); !strings.Contains(text, "Set values of 3 features") {
		t.Errorf("without values nothing is asked: %s", text)
	}
	s.post("features/set", with("set", "priority", "priority", "high", "owner", ""), 303)
	count("priority = high and owner = me", all)

	contributor := s.Client(t, s.Account(t, "Noor", access.Contributor))
	if text := plainText(s.fragment(contributor, "POST", "features/set", with("priority", "low"), 403)); !strings.Contains(text, "FB-1") || !strings.Contains(text, "FB-3") {
		t.Errorf("the refusal does not name the features: %s", text)
	}
	s.post("features/delete", url.Values{"which": ids["which"][:2]}, 303)
	count("", "Single sign-on")
	s.fragment(s.c, "POST", "undo", url.Values{}, 200)
	count("", all)
}

// A value that is edited in its cell: what is wrong is said there, with what was typed;
// where somebody else was faster, both values are there.
func TestAValueIsEditedInItsCell(t *testing.T) {
	s := newSite(t)
	body := s.fragment(s.c, "GET", "features/FB-1/field/effort", nil, 200)
	if !strings.Contains(body, `value="20/40/60"`) || !strings.Contains(body, "save") {
		t.Errorf("the editor is %s", body)
	}
	body = s.fragment(s.c, "POST", "features/FB-1/field/target", url.Values{"target": {"2026-01-40"}, "was": {"2026-06-30"}}, 422)
	if !strings.Contains(body, "2026-01-40") || !strings.Contains(body, `role="alert"`) {
		t.Errorf("the refusal is %s", body)
	}
	s.fragment(s.c, "POST", "features/FB-2/field/title", url.Values{"title": {"Audit trail"}, "was": {"Audit export"}}, 200)
	body = s.fragment(s.c, "POST", "features/FB-2/field/title", url.Values{"title": {"Audit log"}, "was": {"Audit export"}}, 409)
	if text := plainText(body); !strings.Contains(text, "Keep “Audit trail”") || !strings.Contains(text, "Write “Audit log”") {
		t.Errorf("the conflict says %s", text)
	}
	if !strings.Contains(body, `name="was" value="Audit trail"`) {
		t.Error("writing one's own would be refused again")
	}
}

// Beside its list an entity shows what its page shows, and is edited as there.
func TestAnEntityIsShownBesideTheList(t *testing.T) {
	s := newSite(t)
	body := s.fragment(s.c, "GET", "features/FB-1?peek=1", nil, 200)
	if strings.Contains(body, "<html") || !strings.Contains(body, `data-edit="pick"`) || !strings.Contains(plainText(body), "Both edits are kept") {
		t.Errorf("the panel is %s", body)
	}
	if page := s.get("features/FB-1?peek=1", 200); !strings.Contains(page, "<html") {
		t.Error("without a script there is no page")
	}
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	if body := s.fragment(viewer, "GET", "features/FB-1?peek=1", nil, 200); strings.Contains(body, "data-edit") {
		t.Error("a viewer is offered to edit")
	}
}
