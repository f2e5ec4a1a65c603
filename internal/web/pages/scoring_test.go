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
	"github.com/go-rod/rod/lib/proto"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// estimate makes features with everything that a score needs.
func (s *site) estimate() {
	s.t.Helper()
	s.write(func(tx *ledger.Tx) error {
		if _, err := backlog.Adopt(tx, backlog.Presets[3]); err != nil { // brings impact
			return err
		}
		scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-12"}
		for _, label := range []string{"Reach", "Confidence"} {
			if _, err := backlog.FieldTable.Create(tx, scope, ledger.ID{}, table.Input{"label": label, "type": "number"}); err != nil {
				return err
			}
		}
		objective := "Never stops offline"
		for i, in := range []table.Input{
			{"title": "Route planning", "effort": "10", "value": "40000", "custom.reach": 1800.0, "custom.impact": 1.0, "custom.confidence": 70.0, "objective": objective},
			{"title": "Bulk reassign", "effort": "2", "value": "12000", "custom.reach": 600.0, "custom.impact": 1.0, "custom.confidence": 90.0},
			{"title": "Low-battery mode", "effort": "40", "value": "90000", "custom.reach": 5000.0, "custom.impact": 2.0, "custom.confidence": 80.0, "objective": objective},
			{"title": "Photo redaction", "effort": "8", "value": "70000", "custom.reach": 900.0, "custom.impact": 2.0, "custom.confidence": 50.0},
			{"title": "Inspection diff", "effort": "25", "value": "15000"},
		} {
			in["status"] = "Idea"
			if _, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, in); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
		return nil
	})
}

func (s *site) formulaNamed(name string) *backlog.Formula {
	s.t.Helper()
	v, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	for f := range backlog.Formulas.All(v) {
		if f.Name == name {
			return f
		}
	}
	s.t.Fatalf("there is no formula %s", name)
	return nil
}

func TestAPresetRanksTheListAtOnce(t *testing.T) {
	s := newSite(t)
	s.estimate()
	page := s.get("features", 200)
	to := regexp.MustCompile(`name="to" value="([^"]*custom\.rice[^"]*)"`).FindStringSubmatch(page)
	if to == nil {
		t.Fatal("the list offers no RICE column")
	}
	address := strings.ReplaceAll(to[1], "&amp;", "&")
	r, _ := s.post("scoring/adopt", url.Values{"preset": {"rice"}, "to": {address}}, 303)
	got := strings.TrimPrefix(r.Header.Get("Location"), "/w/fieldbook/")
	// 600·1·90/100/2, 5000·2·80/100/40, 1800·1·70/100/10, 900·2·50/100/8
	want := "Bulk reassign, Low-battery mode, Route planning, Photo redaction, Conflict-free sync, Audit export, Single sign-on, Inspection diff"
	ranked := s.get(got, 200)
	if l := listed(ranked); l != want {
		t.Errorf("it lists %s, want %s", l, want)
	}
	if text := plainText(ranked); !strings.Contains(text, "RICE") || !strings.Contains(text, "270") {
		t.Errorf("the column is not shown: %.400s", text)
	}
	f := s.formulaNamed("rice")
	s.post("scoring/"+f.ID.String()+"/weights", url.Values{"weight.effort": {"0"}, "weight.reach": {"1"}, "to": {"/w/fieldbook/" + got}}, 303)
	if f := s.formulaNamed("rice"); f.Formula != "reach * impact * confidence / 100 / effort ^ 0" {
		t.Errorf("the formula became %s", f.Formula)
	}
	if l := listed(s.get(got, 200)); !strings.HasPrefix(l, "Low-battery mode, Route planning, Photo redaction, Bulk reassign") {
		t.Errorf("with effort left out it lists %s", l)
	}
	s.post("scoring/"+f.ID.String()+"/weights", url.Values{"weight.effort": {"much"}}, 422)
	s.post("scoring/"+f.ID.String()+"/weights", url.Values{"weight.status": {"2"}}, 422)
	s.post("scoring/019e1b85-0000-7000-8000-000000000000/weights", url.Values{}, 404)
	s.post("scoring/adopt", url.Values{"preset": {"guess"}}, 404)
}

func TestTheEditorOfFormulas(t *testing.T) {
	s := newSite(t)
	s.estimate()
	text := plainText(s.get("scoring/preview?formula="+url.QueryEscape("value / effort"), 200))
	if !strings.Contains(text, "Value Effort Result") || !strings.Contains(text, "FB-7 Photo redaction 70,000 8 8,750") || !strings.Contains(text, "6 of 8 features have all the numbers") {
		t.Errorf("the preview says %s", text)
	}
	for formula, want := range map[string]string{
		"raech * 2":    "At character 1: there is no number “raech”; do you mean “reach”?",
		"":             "Write names of numbers",
		"reach * fit":  "No feature has all the numbers yet: Reach and Strategic fit.",
		"effort > 2":   "At character 8: this is true or false",
		"value / zero": "there is no number “zero”",
	} {
		if text := plainText(s.get("scoring/preview?formula="+url.QueryEscape(formula), 200)); !strings.Contains(text, want) {
			t.Errorf("of %q it says %s", formula, text)
		}
	}
	_, body := s.post("scoring", url.Values{"label": {"Worth"}, "formula": {"value / efort"}, "unit": {""}}, 422)
	if !strings.Contains(body, `value="value / efort"`) || !strings.Contains(plainText(body), "do you mean “effort”?") {
		t.Error("a refused formula is not shown again with what is wrong")
	}
	_, body = s.post("scoring", url.Values{"label": {"Reach"}, "formula": {"value"}, "unit": {""}}, 422)
	if !strings.Contains(plainText(body), "is the name of another field") {
		t.Error("a label that makes a taken name is not refused at the label")
	}
	s.post("scoring", url.Values{"label": {"Worth"}, "formula": {"value / effort"}, "unit": {"€"}}, 303)
	s.post("scoring", url.Values{"name": {"worth"}, "label": {"Worth it"}, "formula": {"value / effort / 2"}, "unit": {"€"}}, 303)
	if f := s.formulaNamed("worth"); f.Label != "Worth it" || f.Formula != "value / effort / 2" {
		t.Errorf("it is %+v", f)
	}
	if body := s.get("scoring?formula=worth", 200); !strings.Contains(body, `value="value / effort / 2"`) {
		t.Error("the editor does not show the formula")
	}
	s.get("scoring?formula=nothing", 404)
	if text := plainText(s.get("formulas/"+s.formulaNamed("worth").ID.String(), 200)); !strings.Contains(text, "What it makes of the features") {
		t.Errorf("the page of a formula says %.300s", text)
	}

	s.c = s.Client(t, s.Account(t, "Vera", access.Viewer))
	body = s.get("scoring", 200)
	if strings.Contains(body, `name="formula"`) || strings.Contains(body, "scoring/adopt") || !strings.Contains(plainText(body), "Worth it") {
		t.Error("a viewer sees the formulas and nothing to change them by")
	}
	if body := s.get("features?columns=title,custom.worth", 200); strings.Contains(body, "weight.value") || strings.Contains(body, "add-score") {
		t.Error("a viewer is offered to change a formula")
	}
}

func TestTheMatrix(t *testing.T) {
	s := newSite(t)
	s.estimate()
	body := s.get("features?layout=matrix&group=none", 200)
	if n := strings.Count(body, `class="pt `); n != 3*6 {
		t.Errorf("there are %d marks in three sizes, want 18", n)
	}
	for _, want := range []string{
		`role="group" aria-label="Value against effort of 6 features.`,
		`<title>FB-7 Photo redaction: value €70k, effort 8 pd</title>`,
		`2 features have no Value or no Effort`,
		`class="pt o`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	if strings.Contains(body, " style=") {
		t.Error("it has style attributes")
	}
	if text := plainText(s.get("features?layout=matrix&x=custom.reach&y=custom.weighted", 200)); !strings.Contains(text, "Up: Weighted score") || !strings.Contains(text, "No feature has both numbers") {
		t.Errorf("of other numbers it says %.400s", text)
	}
	s.get("features?layout=matrix&filter=title+contains+planning", 200)
	if text := plainText(s.get("features?layout=cube", 200)); !strings.Contains(text, "must be list, board or matrix") {
		t.Errorf("of an unknown layout it says %.300s", text)
	}
	r, _ := s.post("features/views", url.Values{"title": {"Worth"}, "query": {"x=effort_high&y=value_low"}, "layout": {"matrix"}, "shared": {"yes"}}, 303)
	r, _ = s.Get(t, s.c, r.Header.Get("Location"))
	kept := s.get(strings.TrimPrefix(r.Header.Get("Location"), "/w/fieldbook/"), 200)
	if text := plainText(kept); !strings.Contains(text, "Up: Value, low") || !strings.Contains(text, "Across: Effort, high") {
		t.Errorf("the saved view says %.400s", text)
	}
}

// clicker counts what a person has to click.
type clicker struct {
	*browsertest.Page
	t      *testing.T
	clicks int
}

func (c *clicker) click(selector, text string) {
	c.t.Helper()
	c.clicks++
	var e *rod.Element
	var err error
	if text == "" {
		e, err = c.Timeout(20 * time.Second).Element(selector)
	} else {
		e, err = c.Timeout(20*time.Second).ElementR(selector, text)
	}
	if err == nil {
		err = e.WaitVisible()
	}
	if err == nil {
		err = e.Click(proto.InputMouseButtonLeft, 1)
	}
	if err != nil {
		c.t.Fatalf("click %s %s: %v", selector, text, err)
	}
}

// first waits until the list begins with a title.
func (c *clicker) first(title string) {
	c.t.Helper()
	if err := c.Timeout(20 * time.Second).Wait(rod.Eval(`t => document.querySelector('tr[data-row] [data-open]')?.title === t`, title)); err != nil {
		at, _ := c.Eval(`() => [...document.querySelectorAll('tr[data-row] [data-open]')].map(e => e.title).join(', ')`)
		c.t.Fatalf("the list does not begin with %s: %v", title, at)
	}
}

func TestARankingTakesSixClicks(t *testing.T) {
	s := newSite(t)
	s.estimate()
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features", browsertest.Desk, "light", s.Session(t, s.Owner))
	c := &clicker{Page: p, t: t}
	c.click("button", `^\s*Columns`)
	c.click("#columns-pop button", "Add score column")
	p.Shot("score-dialog")
	c.click("#add-score button", "Add RICE")
	c.first("Bulk reassign")
	c.click(`button[aria-label="Weights of RICE"]`, "")
	p.Shot("weights")
	weight := p.MustElement(`#weights-rice input[name="weight.effort"]`)
	weight.MustFocus().MustSelectAllText().MustInput("0")
	p.Keyboard.MustType(input.Enter)
	c.first("Low-battery mode")
	if !p.MustHas("#weights-rice:popover-open") {
		t.Error("the weights closed while they are changed")
	}
	p.Check()
	c.click("button", `^\s*Save view`)
	c.click(`#save-pop input[name="shared"]`, "")
	p.MustElement("#v-title").MustFocus().MustInput("By RICE")
	p.Keyboard.MustType(input.Enter)
	if err := p.Timeout(20 * time.Second).Wait(rod.Eval(`() => document.querySelector('.tabs [aria-current]')?.textContent.includes('By RICE')`)); err != nil {
		t.Fatal(err)
	}
	if c.clicks > 6 {
		t.Errorf("it took %d clicks", c.clicks)
	}
	viewer := browsertest.Open(t, p.MustInfo().URL, browsertest.Desk, "light", s.Session(t, s.Account(t, "Vera", access.Viewer)))
	(&clicker{Page: viewer, t: t}).first("Low-battery mode")
	viewer.Shot("ranked-viewer")
	viewer.Check()
}

func TestScoringPagesInABrowser(t *testing.T) {
	s := newSite(t)
	s.estimate()
	owner := s.Session(t, s.Owner)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/scoring", browsertest.Desk, "light", owner)
	p.MustElement("#f-formula").MustInput("value / ")
	p.MustElement(`[data-insert="effort"]`).MustClick()
	p.MustElement("#f-formula").MustInput(" * 2")
	if err := p.Timeout(20 * time.Second).Wait(rod.Eval(`() => document.querySelector('#formula-preview td')?.textContent.includes('Photo redaction')`)); err != nil {
		t.Fatal("no preview: ", err)
	}
	p.Shot("scoring-light")
	p.Check()
	p.MustElement("#f-formula").MustInput(" * raech")
	if err := p.Timeout(20 * time.Second).Wait(rod.Eval(`() => document.querySelector('#formula-preview .err')?.textContent.includes('do you mean “reach”')`)); err != nil {
		t.Fatal("no fault: ", err)
	}
	p.Shot("scoring-fault")
	p.Check()
	for _, look := range []struct {
		page, name, scheme string
		width              int
	}{
		{"features?layout=matrix", "matrix-light", "light", browsertest.Desk},
		{"features?layout=matrix", "matrix-dark", "dark", browsertest.Desk},
		{"features?layout=matrix", "matrix-tablet", "light", browsertest.Tablet},
		{"features?layout=matrix", "matrix-phone", "light", browsertest.Phone},
		{"scoring?formula=weighted", "scoring-dark", "dark", browsertest.Desk},
		{"scoring?formula=weighted", "scoring-phone", "light", browsertest.Phone},
	} {
		p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/"+look.page, look.width, look.scheme, owner)
		if strings.HasPrefix(look.name, "matrix") {
			shown := p.MustEval(`() => [...document.querySelectorAll('svg.matrix')].filter(e => e.getBoundingClientRect().width > 0).length`).Int()
			if shown != 1 {
				t.Errorf("%s shows %d drawings", look.name, shown)
			}
			if p.MustEval(`() => document.querySelector('#main').scrollWidth > document.querySelector('#main').clientWidth + 1`).Bool() {
				t.Errorf("%s is wider than its page", look.name)
			}
		}
		p.Shot(look.name)
		p.Check()
	}
}
