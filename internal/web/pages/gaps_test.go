package pages_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// brokenSite is a site whose threads are broken in several ways.
func brokenSite(t testing.TB) *site {
	s := newSite(t)
	s.write(func(tx *ledger.Tx) error {
		if _, err := people.Persons.Create(tx, people.Person{Name: "Oda", Archived: true}); err != nil {
			return err
		}
		scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-12"}
		for _, in := range []table.Input{
			{"title": "Route planning", "status": "Building", "owner": "Mira", "release": "4.1", "effort": "10"},
			{"title": "Voice notes", "status": "Building", "objective": "Never stops offline", "release": "4.1"},
			{"title": "Parts ordering", "status": "Verifying", "owner": "Oda", "objective": "Never stops offline", "effort": "3"},
			{"title": "Old index", "status": "Dropped"},
		} {
			if _, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, in); err != nil {
				return err
			}
		}
		old, err := scope.Find("feature", "Old index")
		if err != nil {
			return err
		}
		route, err := scope.Find("feature", "Route planning")
		if err != nil {
			return err
		}
		return backlog.Connect(tx, old, backlog.Blocks, route)
	})
	return s
}

var gapIDs = regexp.MustCompile(`<li id="gap-([a-z-]+?)-[0-9a-f]{8}-`)

// open are the kinds of the gaps that a page shows, in order.
func openGaps(body string) string {
	var all []string
	for _, m := range gapIDs.FindAllStringSubmatch(body, -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, " ")
}

func TestGapsAreListedAndFiltered(t *testing.T) {
	s := brokenSite(t)
	for query, want := range map[string]string{
		"":                           "waits-for-nothing no-owner owner-left no-objective no-release no-estimate",
		"?whose=all":                 "waits-for-nothing no-owner owner-left no-objective no-release no-estimate",
		"?owner=Mira":                "waits-for-nothing no-objective",
		"?release=4.1":               "waits-for-nothing no-owner no-objective no-estimate",
		"?objective=O-1&release=4.1": "no-owner no-estimate",
		"?kind=no-owner":             "no-owner",
		"?kind=late":                 "",
		"?product=Fieldbook":         "waits-for-nothing no-owner owner-left no-objective no-release no-estimate",
	} {
		if got := openGaps(s.get("gaps"+query, 200)); got != want {
			t.Errorf("%s shows %s, want %s", query, got, want)
		}
	}
	if text := plainText(s.get("gaps", 200)); !strings.Contains(text, "Gaps 6 breaks on 3 threads") || !strings.Contains(text, "needs FB-7 Old index, which was dropped") {
		t.Errorf("the page says %.400s", text)
	}
	s.get("gaps?kind=odd", 422)
	s.get("gaps?whose=theirs", 422)
}

func TestGapsOfOthersAreNotMine(t *testing.T) {
	s := brokenSite(t)
	vera := s.Account(t, "Vera", access.Contributor)
	s.write(func(tx *ledger.Tx) error { return people.Join(tx, vera.ID, "Vera", vera.Email) })
	_, body := s.Get(t, s.Client(t, vera), "/w/fieldbook/gaps")
	if got, want := openGaps(body), "no-owner owner-left no-release no-estimate"; got != want {
		t.Errorf("what is nobody's is everybody's: got %s, want %s", got, want)
	}
	viewer := s.Account(t, "Viv", access.Viewer)
	_, body = s.Get(t, s.Client(t, viewer), "/w/fieldbook/gaps?whose=all")
	if openGaps(body) == "" || strings.Contains(body, "Set objective") {
		t.Error("a viewer reads gaps and is offered no repair")
	}
}

func TestAGapIsRepaired(t *testing.T) {
	s := brokenSite(t)
	kinds := "waits-for-nothing no-owner owner-left no-objective no-release no-estimate"
	fix := func(kind, key string, form url.Values) {
		t.Helper()
		if r, _ := s.post("gaps/"+kind+"/"+key, form, 303); r.Header.Get("Location") != "/w/fieldbook/gaps" {
			t.Errorf("%s leads to %s", kind, r.Header.Get("Location"))
		}
		kinds = strings.TrimSpace(strings.Replace(" "+kinds, " "+kind, "", 1))
		if got := openGaps(s.get("gaps", 200)); got != kinds {
			t.Errorf("after %s: %s, want %s", kind, got, kinds)
		}
	}
	old := regexp.MustCompile(`name="other" value="([^"]+)"`).FindStringSubmatch(s.get("gaps", 200))[1]
	fix("waits-for-nothing", "FB-4", url.Values{"other": {old}})
	fix("no-objective", "FB-4", url.Values{"objective": {"O-1"}})
	fix("owner-left", "FB-6", url.Values{"owner": {"me"}})
	fix("no-estimate", "FB-5", url.Values{"effort": {"2/3/5"}})

	_, body := s.post("gaps/no-owner/FB-5", url.Values{"owner": {""}}, 422)
	if !strings.Contains(plainText(body), "is what closes the gap") {
		t.Error("an empty repair is not refused in words")
	}
	_, body = s.post("gaps/no-release/FB-6", url.Values{"release": {"9.9"}}, 422)
	if !strings.Contains(plainText(body), `there is no release "9.9"`) {
		t.Errorf("a wrong repair is not refused in words: %.600s", plainText(body))
	}
	s.post("gaps/no-objective/FB-4", url.Values{"objective": {"O-1"}}, 303) // closed before
	if r, _ := s.Get(t, s.c, "/w/fieldbook/gaps/no-objective/FB-4"); r.StatusCode != 303 {
		t.Errorf("the form of a closed gap answers %d", r.StatusCode)
	}
	s.get("gaps/late/FB-99", 404)
	s.get("gaps/odd/FB-4", 404)
}

func TestGapsOfThePastAreRead(t *testing.T) {
	s := brokenSite(t)
	now, err := s.Ledger.At(t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.post("gaps/no-objective/FB-4", url.Values{"objective": {"O-1"}}, 303)
	body := s.get(fmt.Sprintf("gaps?at=@%d", now.Seq()), 200)
	if !strings.Contains(openGaps(body), "no-objective") || strings.Contains(body, `class="fix"`) {
		t.Errorf("the past shows %s, and may offer no repair", openGaps(body))
	}
	if strings.Contains(openGaps(s.get("gaps", 200)), "no-objective") {
		t.Error("the gap is still there now")
	}
}

// The gap list is a list of things to do: one press asks for the repair, one does it, and
// the row is gone without a reload.
func TestAGapLeavesTheListWhenItIsClosed(t *testing.T) {
	s := brokenSite(t)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/gaps", browsertest.Desk, "light", s.Session(t, s.Owner))
	shows := func(js string) {
		t.Helper()
		if err := p.Timeout(10 * time.Second).Wait(rod.Eval(js)); err != nil {
			t.Fatalf("never: %s: %v", js, err)
		}
	}
	p.Check()
	p.Shot("gaps")
	p.MustEval(`() => { window.sameDocument = true }`)

	p.MustElement(`#g-no-objective .fix a`).MustClick()
	shows(`() => !!document.querySelector('#g-no-objective form select')`)
	p.Check()
	p.Shot("gaps-repair")
	p.MustElement(`#g-no-objective select`).MustSelect("Never stops offline")
	p.MustElement(`#g-no-objective form button[type=submit]`).MustClick()
	shows(`() => !document.querySelector('#g-no-objective')`)
	shows(`() => document.querySelector('#toasts')?.textContent.includes('Set objective')`)

	p.MustElement(`#g-waits-for-nothing button[type=submit]`).MustClick()
	shows(`() => !document.querySelector('#g-waits-for-nothing')`)
	if !p.MustEval(`() => window.sameDocument === true`).Bool() {
		t.Error("the page was loaded anew")
	}
	if n := p.MustElement(`a[href="/w/fieldbook/gaps"] .cnt`).MustText(); n != "4" {
		t.Errorf("the sidebar counts %s, want 4", n)
	}
	p.Check()

	// the thread of a feature leads to where it is mended, by number
	p.MustNavigate(s.Server.URL + "/w/fieldbook/features/FB-5").MustWaitLoad()
	p.Shot("thread")
	if n := p.MustElement(`.thread [aria-current] .nt`).MustText(); n != "no estimate" {
		t.Errorf("the current station says %q", n)
	}
	p.Keyboard.MustType(input.Digit1)
	shows(`() => location.pathname.startsWith('/w/fieldbook/objectives/')`)

	phone := browsertest.Open(t, s.Server.URL+"/w/fieldbook/gaps", browsertest.Phone, "dark", s.Session(t, s.Owner))
	phone.Shot("gaps-phone")
	phone.Check()
	phone.MustNavigate(s.Server.URL + "/w/fieldbook/features/FB-5").MustWaitLoad()
	phone.Shot("thread-phone")
	if n := phone.MustEval(`() => [...document.querySelectorAll('.thread .nt')].filter(n => n.checkVisibility()).length`).Int(); n != 1 {
		t.Errorf("a phone shows %d notes of stations, want the current one", n)
	}
}
