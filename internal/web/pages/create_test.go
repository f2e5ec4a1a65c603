package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
)

func TestEachLineOfATitleIsOne(t *testing.T) {
	for _, test := range []struct {
		typed string
		want  []string
	}{
		{"Offline maps", []string{"Offline maps"}},
		{"  1. is what it is called ", []string{"1. is what it is called"}}, // a single line is meant as it is
		{"- One\n- Two\r\n\n* Three", []string{"One", "Two", "Three"}},
		{"1. One\n2) Two\n10. Ten", []string{"One", "Two", "Ten"}},
		{"• [ ] One\n- [x] Two", []string{"One", "Two"}},
		{"2026 plans\n-5 degrees\n3D view", []string{"2026 plans", "-5 degrees", "3D view"}},
		{"\n\n", []string{""}},
		{"- \n- One\n-", []string{"One", "-"}},
	} {
		if got := tableweb.Lines(test.typed); !slices.Equal(got, test.want) {
			t.Errorf("%q makes %q, want %q", test.typed, got, test.want)
		}
	}
}

// features returns those of the workspace by title.
func (s *site) features() map[string]*backlog.Feature {
	s.t.Helper()
	now, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	all := map[string]*backlog.Feature{}
	for f := range backlog.Features.All(now) {
		all[f.Title] = f
	}
	return all
}

func TestCreateFromAnyPage(t *testing.T) {
	s := newSite(t)
	for page, want := range map[string]string{
		"features":          "create?of=features",
		"features/FB-1":     "create?of=features",
		"settings":          "create?of=features",
		"releases":          "create?of=releases",
		"objectives":        "create?of=objectives",
		"features?in=P-404": "",
	} {
		status := http.StatusOK
		if want == "" {
			status = http.StatusNotFound
		}
		body := s.get(page, status)
		if (want != "") != strings.Contains(body, `data-act="create"`) || !strings.Contains(body, want) {
			t.Errorf("%s does not lead to %q", page, want)
		}
	}
	// the dialog is a page too, which leads back without a script
	if body := s.get("create?of=releases", http.StatusOK); !strings.Contains(body, `href="/w/fieldbook/releases" aria-label="Close"`) {
		t.Error("the page does not lead back")
	}
	s.Clock.Move(48 * time.Hour)
	if body := s.get("features?at=2026-05-12", http.StatusOK); strings.Contains(body, `data-act="create"`) {
		t.Error("the past offers to create")
	}
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	if _, body := s.Get(t, viewer, "/w/fieldbook/features"); strings.Contains(body, `data-act="create"`) {
		t.Error("a viewer is offered to create")
	}
	// several at once are one commit, and one undo
	s.post("create?of=features", url.Values{"title": {"- Alpha\n- Beta"}, "priority": {"high"}, "tags": {"x; y"}}, http.StatusSeeOther)
	all := s.features()
	for _, title := range []string{"Alpha", "Beta"} {
		if f := all[title]; f == nil || f.Priority != "high" || !slices.Equal(f.Tags, []string{"x", "y"}) {
			t.Errorf("%s = %+v", title, f)
		}
	}
	s.post("undo", url.Values{}, http.StatusSeeOther)
	if all = s.features(); all["Alpha"] != nil || all["Beta"] != nil {
		t.Error("one undo leaves some of them")
	}
	// what is refused makes nothing, and comes back as it was typed
	_, body := s.post("create?of=features", url.Values{"title": {"Gamma\nDelta"}, "priority": {"soon"}}, http.StatusUnprocessableEntity)
	if !strings.Contains(body, "Gamma\nDelta") || s.features()["Gamma"] != nil {
		t.Errorf("a refusal loses what was typed, or makes some: %.400s", plainText(body))
	}
	s.post("create?of=features", url.Values{"title": {strings.Repeat("x\n", 201)}}, http.StatusUnprocessableEntity)
	s.post("create?of=nothing", url.Values{"title": {"x"}}, http.StatusNotFound)
}

func TestAFeatureIsKeptAsATemplateAndBeginsOthers(t *testing.T) {
	s := newSite(t)
	answer, _ := s.post("features/FB-1/template", url.Values{}, http.StatusSeeOther)
	if !strings.HasPrefix(answer.Header.Get("Location"), "/w/fieldbook/templates/") {
		t.Errorf("saving a template leads to %s", answer.Header.Get("Location"))
	}
	var made *backlog.Template
	now, err := s.Ledger.At(t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		t.Fatal(err)
	}
	for x := range backlog.Templates.All(now) {
		made = x
	}
	if made == nil || made.Title != "Like Conflict-free sync" || made.Of != "features" {
		t.Fatalf("template = %+v", made)
	}
	s.post("templates/"+made.ID.String()+"/edit", url.Values{"prefix": {"Spike:"}}, http.StatusSeeOther)
	body := s.get("create?of=features&title=maps&template="+made.ID.String(), http.StatusOK)
	for _, want := range []string{`>Spike: maps</textarea>`, "Both edits are **kept**.", `<option value="high" selected`} {
		if !strings.Contains(body, want) {
			t.Errorf("the dialog from a template has no %s", want)
		}
	}
	s.get("create?of=objectives&template="+made.ID.String(), http.StatusNotFound)
}

// Ten-second capture: C, a title, Ctrl Enter, anywhere; with Create more the next one has
// the same owner, objective and tags. What is typed outlives the dialog and the page.
func TestTenSecondCapture(t *testing.T) {
	s := newSite(t)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/releases", browsertest.Desk, "light", s.Session(t, s.Owner))
	is := func(selector string) {
		t.Helper()
		p.Has(selector)
	}
	says := func(selector, text string) {
		t.Helper()
		p.Says(selector, text)
	}
	press := func(keys ...input.Key) {
		t.Helper()
		if err := p.Keyboard.Type(keys...); err != nil {
			t.Fatal(err)
		}
	}
	send := func() { p.KeyActions().Press(input.ControlLeft).Type(input.Enter).MustDo() }
	write := func(text string) {
		t.Helper()
		is("#create[open] .create-title:focus")
		p.MustInsertText(text)
	}

	// on a page of features: the default kind, with the keyboard alone
	p.MustNavigate(s.Server.URL + "/w/fieldbook/settings").MustWaitLoad()
	press('c')
	write("Offline maps")
	p.Shot("create")
	p.Check()
	send()
	says(".toast", "Created FB-4 Offline maps")
	is(".toast a[href$='/features/FB-4']")
	is("#create:not([open])")

	// with the fields kept
	press('c')
	write("Tile server")
	for name, value := range map[string]string{"objective": "Never stops offline", "owner": "Mira"} {
		p.MustElement(`#create select[name="` + name + `"]`).MustSelect(value)
	}
	p.MustElement(`#create input[name="tags"]`).MustInput("offline")
	p.MustElement(`#create [data-more]`).MustClick()
	says("#create [data-kept]", "keeps .*owner")
	send()
	says(".toast", "Created FB-5")
	write("Tile cache")
	send()
	says(".toast", "Created FB-6")
	first, second := s.features()["Tile server"], s.features()["Tile cache"]
	if first == nil || second == nil || second.Owner.IsZero() || second.Owner != first.Owner || second.Objective != first.Objective || !slices.Equal(second.Tags, []string{"offline"}) {
		t.Fatalf("the next one keeps nothing of %+v: %+v", first, second)
	}

	// a pasted list, and what survives closing, leaving and loading the page again
	write("- Import photos\n- Export photos\n- Share photos")
	says("#create [data-many-count]", "Creates 3 features")
	p.Shot("create-many")
	press(input.Escape)
	is("#create:not([open])")
	p.MustReload().MustWaitLoad()
	press('c')
	is("#create[open] [data-draft-note]:not([hidden])")
	says("#create [data-many-count]", "Creates 3 features")
	p.Shot("create-draft")
	p.Check()
	send()
	says(".toast", "Created 3 features")
	for _, title := range []string{"Import photos", "Export photos", "Share photos"} {
		if s.features()[title] == nil {
			t.Errorf("%s is not there", title)
		}
	}
	press('c')
	is("#create[open] [data-draft-note][hidden]") // the draft went with what it became
	if left := p.MustElement("#create .create-title").MustProperty("value").Str(); left != "" {
		t.Errorf("the title begins as %q", left)
	}
	// another kind takes the title along
	write("4.2")
	p.MustElement(`#create [data-reload="of"]`).MustSelect("Release")
	says("#create-title", "New release")
	is(`#create input[name="date"]`)
	send()
	says(".toast", "Created 4.2")
	// in place: the list behind has it
	p.MustNavigate(s.Server.URL + "/w/fieldbook/features").MustWaitLoad()
	press('c')
	write("Refused")
	p.MustEval(`() => { document.querySelector('#create [name="priority"]').append(new Option('soon', 'soon')); document.querySelector('#create [name="priority"]').value = 'soon' }`)
	send()
	is(`#create [aria-invalid="true"]`)
	if typed := p.MustElement("#create .create-title").MustProperty("value").Str(); typed != "Refused" {
		t.Errorf("a refusal leaves %q of the title", typed)
	}
	p.Shot("create-refused")
	p.MustElement(`#create [name="priority"]`).MustSelect("High")
	send()
	says("table.grid, .void", "Refused")
	p.MustElement(`[data-act="theme"]`) // still the same page
	for _, c := range p.Complaints() {
		if !strings.Contains(c, fmt.Sprint(http.StatusUnprocessableEntity)) { // the browser tells of every refusal
			t.Error(c)
		}
	}
}
