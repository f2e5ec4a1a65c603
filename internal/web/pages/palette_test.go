package pages_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

var (
	keyOnPage = regexp.MustCompile(`<(?:a|button|dd)\b[^>]*\bdata-(?:key|letter)="([^"]*)"[^>]*>`)
	dialogs   = regexp.MustCompile(`(?s)<dialog\b.*?</dialog>`)
	keyInList = regexp.MustCompile(`(?s)<dt[^>]*>(.*?)</dt>`)
)

// No two things on a page have one key, neither among its buttons nor in the list of keys,
// and every button with a key is in that list.
func TestNoTwoActionsHaveOneKey(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{
		"features", "features?layout=board", "features?filter=status+%3D+Idea", "features/FB-1", "features/FB-1/history", "features/FB-1/edit", "features?at=2026-05-11",
		"objectives", "objectives/O-1", "releases", "people", "teams", "gaps", "settings", "find?q=sync", "compare?since=today-7d",
	} {
		if strings.Contains(path, "at=2026-05-11") {
			s.Clock.Move(24 * time.Hour)
		}
		body := s.get(path, http.StatusOK)
		listed := map[string]bool{}
		_, list, _ := strings.Cut(body, `<dialog id="keys"`)
		for _, m := range keyInList.FindAllStringSubmatch(list, -1) {
			keys := strings.ToLower(plainText(m[1]))
			if listed[keys] {
				t.Errorf("%s: two things in the list of keys have %q", path, keys)
			}
			listed[keys] = true
		}
		seen := map[string]bool{}
		for _, m := range keyOnPage.FindAllStringSubmatch(dialogs.ReplaceAllString(body, ""), -1) {
			if seen[m[1]] {
				t.Errorf("%s: two things on the page have the key %q", path, m[1])
			}
			seen[m[1]] = true
			if !listed[m[1]] {
				t.Errorf("%s: the key %q is not in the list of keys", path, m[1])
			}
		}
		if len(listed) < 10 {
			t.Errorf("%s: only %d keys are listed", path, len(listed))
		}
	}
}

// The palette offers what its reader may do, and nothing that writes in the past.
func TestPaletteKnowsItsReader(t *testing.T) {
	s := newSite(t)
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	s.Clock.Move(24 * time.Hour)
	for _, path := range []string{"features", "features/FB-1"} {
		_, mine := s.Get(t, s.c, "/w/fieldbook/"+path)
		_, theirs := s.Get(t, viewer, "/w/fieldbook/"+path)
		_, past := s.Get(t, s.c, "/w/fieldbook/"+path+"?at=2026-05-12")
		for _, action := range []string{`data-action="New feature"`, `data-action="Delete`, `data-action="Set status…"`} {
			if !strings.Contains(mine, action) {
				t.Errorf("%s: the owner is not offered %s", path, action)
			}
			if strings.Contains(theirs, action) || strings.Contains(past, action) {
				t.Errorf("%s: a viewer, or the past, is offered %s", path, action)
			}
		}
		if !strings.Contains(past, `data-action="Return to now"`) {
			t.Errorf("%s: the past does not offer to return", path)
		}
	}
}

func TestPaletteFindsMomentsObjectivesAndWhatWasOpened(t *testing.T) {
	s := newSite(t)
	s.Clock.Move(10 * 24 * time.Hour) // Friday 22 May
	ask := func(query url.Values) string {
		t.Helper()
		_, body := s.Do(t, s.c, "GET", "/w/fieldbook/find?"+query.Encode(), nil, "HX-Request", "true")
		return body
	}
	here := "/w/fieldbook/features?filter=status+%3D+Idea"
	for text, want := range map[string]string{
		"@last week": "at=2026-05-15&amp;filter=status", "@ 13 may": "at=2026-05-13&amp;filter=status", "@today": `href="/w/fieldbook/features?filter=status`,
		"@sometime": "is no moment", "@": "Write a day", "@2027-01-01": "still to come",
		"#offline": "filter=objective+%3D+O-1", "#offlien": "filter=objective+%3D+O-1", "#": "Never stops offline", "#payroll": "No objective",
	} {
		if body := ask(url.Values{"q": {text}, "page": {here}}); !strings.Contains(body, want) {
			t.Errorf("%q: no %s in\n%s", text, want, body)
		}
	}
	if body := ask(url.Values{"q": {"@last week"}, "page": {"https://elsewhere.example/w/fieldbook/x"}}); strings.Contains(body, "elsewhere") {
		t.Errorf("a moment leads elsewhere: %s", body)
	}
	one, _ := backlog.Features.ByKey(s.now(), "FB-1")
	two, _ := backlog.Features.ByKey(s.now(), "FB-2")
	body := ask(url.Values{"recent": {two.ID.String() + ",nonsense," + one.ID.String()}})
	if a, b := strings.Index(body, "Audit export"), strings.Index(body, "Conflict-free sync"); a < 0 || b < a {
		t.Errorf("recent things:\n%s", body)
	}
}

func (s *site) now() *ledger.Snapshot {
	s.t.Helper()
	now, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return now
}

func TestPaletteInABrowser(t *testing.T) {
	s := newSite(t)
	s.Clock.Move(10 * 24 * time.Hour)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features", browsertest.Desk, "light", s.Session(t, s.Owner))
	open := func(text string) {
		t.Helper()
		p.MustElement(".shell")
		p.MustWaitLoad()
		if err := p.KeyActions().Press(input.ControlLeft).Type('k').Do(); err != nil {
			t.Fatal(err)
		}
		p.MustElement("#palette[open]")
		p.MustElement("#palette input").MustInput(text)
	}
	// what was opened is offered first
	open("")
	p.MustElement("#palette-do:not([hidden]) [role=option]:not([hidden])")
	p.Shot("palette-empty")
	p.Check()
	p.MustElement("#palette input").MustInput("conflct")
	p.MustElement("#hits[data-close] [role=option]")
	p.Shot("palette-typo")
	p.Check()
	p.MustElement("#hit-0-0[aria-selected=true]")
	p.Keyboard.MustType(input.ArrowDown)
	p.MustElement("#palette-list [aria-selected=true]:not(#hit-0-0)")
	p.Keyboard.MustType(input.ArrowUp)
	p.Keyboard.MustType(input.Enter)
	p.MustElement(`.shell[data-opened]`)
	if at := p.MustInfo().URL; !strings.HasSuffix(at, "/features/FB-1") {
		t.Fatalf("Enter leads to %s", at)
	}
	open(">set prio")
	p.MustElement("#palette-do [data-action^='Set priority'][aria-selected=true]")
	p.Shot("palette-commands")
	p.Keyboard.MustType(input.Enter)
	p.MustElement("#pick:popover-open [data-label]")
	p.Keyboard.MustType(input.Escape)
	// the keys
	p.MustElement(".page-head h1").MustClick()
	p.Keyboard.MustType(input.Escape)
	open(">all keys")
	p.MustElement("#palette-do [data-action='All keys'][aria-selected=true]")
	p.Keyboard.MustType(input.Enter)
	p.MustElement("#keys[open]")
	p.Shot("keys")
	p.Check()
	p.Keyboard.MustType(input.Escape)
	// an action on the selection
	p.MustNavigate(s.Server.URL + "/w/fieldbook/features").MustWaitLoad()
	p.Keyboard.MustType('j', 'x')
	p.MustElement("form.bulk.on")
	open(">archive")
	p.MustElement("#palette-do [data-action=Archive][aria-selected=true]")
	if of := p.MustElement("#palette-do [data-action=Archive] .of").MustText(); of != "1 selected" {
		t.Errorf("archive acts on %q", of)
	}
	p.Keyboard.MustType(input.Enter)
	p.MustElement("#toasts .toast")
	// what was opened is offered first; a moment
	open("")
	p.MustElementR("#found [role=group]", "Recent")
	p.Shot("palette-recent")
	p.MustElement("#palette input").MustInput("@last week")
	p.MustElementR("#found [aria-selected=true]", "15 May")
	p.Shot("palette-moment")
	p.Keyboard.MustType(input.Enter)
	p.MustElement("html[data-time=past]")
	if at := p.MustInfo().URL; !strings.Contains(at, "at=2026-05-15") {
		t.Errorf("the moment is at %s", at)
	}
	for _, c := range p.Complaints() {
		t.Error(c)
	}
}

func TestSingleLettersCanBeSwitchedOff(t *testing.T) {
	s := newSite(t)
	p := browsertest.Open(t, s.Server.URL+"/account/appearance", browsertest.Desk, "light", s.Session(t, s.Owner))
	p.MustElementR("button", "Turn single letters off").MustClick()
	p.MustElement("html[data-letters=off]")
	p.MustNavigate(s.Server.URL + "/w/fieldbook/features").MustWaitLoad()
	p.Keyboard.MustType('/', '?', 'j', 'x')
	if p.MustHas("dialog[open]") || p.MustHas("tr.cur") {
		t.Error("single letters still do something")
	}
	p.Keyboard.MustType(input.ArrowDown)
	p.MustElement("tr.cur")
	if err := p.KeyActions().Press(input.ControlLeft).Type('k').Do(); err != nil {
		t.Fatal(err)
	}
	p.MustElement("#palette[open]")
	p.MustElement("#palette input").MustInput(">single letters")
	p.MustElement("#palette-do [data-does=letters][aria-selected=true]")
	p.Keyboard.MustType(input.Enter)
	p.MustElement("html:not([data-letters])")
	p.Keyboard.MustType('?')
	p.MustElement("#keys[open]")
	for _, c := range p.Complaints() {
		t.Error(c)
	}
}

func TestSearchPage(t *testing.T) {
	s := newSite(t)
	s.post("comments", url.Values{"about": {s.id("FB-2")}, "text": {"The auditors want the heliotrope ledger **signed**"}}, http.StatusSeeOther)
	s.write(func(tx *ledger.Tx) error {
		f, _ := backlog.Features.ByKey(tx, "FB-3")
		return backlog.Features.Edit(tx, f.ID, func(f *backlog.Feature) error { f.Archived = true; return nil })
	})
	if err := s.Ledger.IndexTexts(t.Context(), s.Workspace); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"find":                          {"Search everything"},
		"find?q=edits":                  {"Conflict-free sync", "<mark>edits</mark> are kept", "Description: "},
		"find?q=heliotrope":             {"Audit export", "<mark>heliotrope</mark> ledger signed", "Comments", "/comments/"},
		"find?q=single":                 {"Archived"},
		"find?q=conflct":                {"These are close"},
		"find?q=zebra":                  {"Nothing holds “zebra”"},
		"find?q=sync&scope=people":      {"Nothing here holds", "Search everything"},
		"find?q=sync&scope=features":    {"Conflict-free <mark>sync</mark>", `aria-current="page"`},
		"find?q=mira&scope=people":      {"<mark>Mira</mark>"},
		"find?q=sync&at=" + s.future(t): {"searched in the present alone"},
	} {
		body := s.get(path, http.StatusOK)
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %q in %.900s", path, part, plainText(body))
			}
		}
	}
	s.get("find?q=a&scope=memberships", http.StatusNotFound)

	for _, x := range []struct {
		width  int
		scheme string
	}{{browsertest.Desk, "light"}, {browsertest.Desk, "dark"}, {browsertest.Phone, "light"}} {
		p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/find", x.width, x.scheme, s.Session(t, s.Owner))
		p.MustElement("#find-q").MustInput("heliotrope")
		p.MustElement("#results mark")
		p.Shot("find-" + x.scheme + map[bool]string{true: "-phone"}[x.width == browsertest.Phone])
		p.Check()
		if x.scheme == "dark" {
			p.Keyboard.MustType(input.ArrowDown)
			p.MustElement("a.find-hit:focus")
			p.Keyboard.MustType(input.Enter)
			p.MustElement("article.cm")
			if at := p.MustInfo().URL; !strings.Contains(at, "/features/FB-2") || !strings.Contains(at, "#c-") {
				t.Errorf("the comment is at %s", at)
			}
		}
		_ = proto.PageClose{}.Call(p.Page)
	}
}

// future lets two days go by and returns the day before.
func (s *site) future(t *testing.T) string {
	t.Helper()
	s.Clock.Move(48 * time.Hour)
	return "2026-05-13"
}

func TestSearchTellsOfNothingPrivate(t *testing.T) {
	s := newSite(t)
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	s.write(func(tx *ledger.Tx) error {
		p, err := access.Products.Create(tx, access.Product{Name: "Secret", Prefix: "SE", Private: true})
		if err != nil {
			return err
		}
		_, err = strategy.Objectives.Create(tx, strategy.Objective{Title: "Heliotrope alone", Product: ledger.Ref(p)})
		return err
	})
	_, body := s.Get(t, viewer, "/w/fieldbook/find?q=heliotrope")
	if !strings.Contains(body, "Nothing holds") || slices.Contains(strings.Fields(plainText(body)), "Heliotrope") {
		t.Errorf("a viewer is told of what is private: %.600s", plainText(body))
	}
}
