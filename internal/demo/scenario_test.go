package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// visited is the demo in a browser, as its host sees it.
type visited struct {
	*book
	address string
	session *http.Cookie
}

func visit(t *testing.T) *visited {
	t.Helper()
	h := &visited{book: open(t, "sqlite", "2026-05-12")}
	server := httptest.NewServer(h.Handler())
	t.Cleanup(server.Close)
	h.address = server.URL + "/w/" + Slug + "/"
	_, secret, err := h.Accounts.SignIn(t.Context(), Email(Host), password, access.Client{})
	if err != nil {
		t.Fatal(err)
	}
	h.session = &http.Cookie{Name: "throughline", Value: secret}
	return h
}

func (h *visited) page(t *testing.T, path string, width int, scheme string) *browsertest.Page {
	t.Helper()
	return browsertest.Open(t, h.address+path, width, scheme, h.session)
}

// TestWhatDidWePromise: from the features to what moved, came and went since a day, by how
// much and why, in three clicks; what was deleted is shown and leads to where it was.
func TestWhatDidWePromise(t *testing.T) {
	h := visit(t)
	p := h.page(t, "features", browsertest.Desk, "light")
	clicks := 0
	is := func(selector, text string) *rod.Element {
		t.Helper()
		e, err := p.Timeout(20*time.Second).ElementR(selector, text)
		if err != nil {
			t.Fatalf("no %s says %q at %s: %v", selector, text, p.MustInfo().URL, err)
		}
		return e
	}
	is("table.grid tr[data-row]", "Conflict-free sync")
	clicks++ // the time
	p.Timeout(10 * time.Second).MustElement("button.time").MustClick()
	day := p.Timeout(10 * time.Second).MustElement("#asof").MustWaitVisible()
	day.MustEval(`() => { this.value = '2026-03-01' }`) // as it is typed into the field of the day
	clicks++
	is("#time-pop button", "Show").MustClick()
	is(".past-bar", "1 March")
	is("table.grid tr[data-row]", "Watermark on every photo")
	if p.MustHas(`table.grid .key a[href*="FB-68"]`) {
		t.Error("the past has what was made later")
	}
	clicks++
	is(".past-bar a", "Compare with now").MustClick()
	is("tr.is-new", "Crash reports with consent")
	is("tr.is-gone", "Watermark on every photo")
	is("tr.is-gone", "Sync at fixed hours")
	moved := is("table.cmpt tbody", "Inspection diff").MustText()
	if !strings.Contains(moved, "+80 d") || !strings.Contains(moved, "P-1") {
		t.Errorf("a feature that moved with a proposal shows neither how far nor why:\n%s", moved)
	}
	if cause := is("table.cmpt td[title]", "P-1").MustAttribute("title"); !strings.Contains(*cause, "new storage") {
		t.Errorf("the cause is %q", *cause)
	}
	if by := is("tr.is-gone", "Watermark on every photo").MustText(); !strings.Contains(by, "Oda") {
		t.Errorf("nobody is named for what was deleted: %s", by)
	}
	if clicks > 3 {
		t.Errorf("it took %d clicks", clicks)
	}
	p.Check()

	is("tr.is-gone a", "Watermark on every photo").MustClick()
	is("h1", "Watermark on every photo")
	is(".past-bar", "1 March")
}

// TestAMorningOfTheHost: the inbox of the demo is worked off by keys, and a gap is closed
// where it stands.
func TestAMorningOfTheHost(t *testing.T) {
	h := visit(t)
	p := h.page(t, "inbox", browsertest.Desk, "light")
	lines := func() int { return len(p.MustElements("[data-line]")) }
	before := lines()
	if before < 8 {
		t.Fatalf("%d lines", before)
	}
	p.MustElement("body").MustType(input.KeyE)
	if err := p.Timeout(10 * time.Second).Wait(rod.Eval(`n => document.querySelectorAll('[data-line]').length === n`, before-1)); err != nil {
		t.Errorf("done, and %d lines are left of %d", lines(), before)
	}
	p.Check()
}

// TestTheInterface looks at the pages of the demo that the documents show, wide and in the
// light, and as narrow as a phone in the dark. 'make pictures' takes their pictures.
func TestTheInterface(t *testing.T) {
	h := visit(t)
	for name, path := range map[string]string{
		"features": "features",
		"board":    "features?layout=board&filter=release+%3D+%224.1%22&group=status",
		"feature":  "features/FB-31",
		"compare":  "features/compare?since=2026-03-01",
		"proposal": "proposals/P-4",
		"inbox":    "inbox",
		"gaps":     "gaps",
	} {
		for _, look := range []struct {
			suffix, scheme string
			width          int
		}{{"", "light", browsertest.Desk}, {"-dark", "dark", browsertest.Desk}, {"-phone", "dark", browsertest.Phone}} {
			if look.suffix == "-dark" && name != "features" {
				continue
			}
			p := h.page(t, path, look.width, look.scheme)
			if wide := p.MustEval(`() => document.documentElement.scrollWidth - innerWidth`).Int(); wide > 0 {
				t.Errorf("%s%s is %d pixels too wide", name, look.suffix, wide)
			}
			p.Check()
			if look.width == browsertest.Desk {
				p.Shot(name + look.suffix)
			}
		}
	}
}
