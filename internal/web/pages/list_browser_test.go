package pages_test

import (
	"fmt"
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

// seen is a page of a site in front of its owner.
type seen struct {
	*browsertest.Page
	s *site
}

func (s *site) open(path string, width int, scheme string) *seen {
	s.t.Helper()
	return &seen{browsertest.Open(s.t, s.Server.URL+"/w/fieldbook/"+path, width, scheme, s.Session(s.t, s.Owner)), s}
}

// is waits until an element fits, as the page may still be about to change.
func (p *seen) is(selector string) *rod.Element {
	p.s.t.Helper()
	return p.Has(selector)
}

// until waits for a condition of the page.
func (p *seen) until(what, js string, args ...any) {
	p.s.t.Helper()
	p.s.t.Log("until", what)
	p.Until(js, args...)
}

// click looks for the element again if the one it found was replaced, by a page made new in
// place, before it could be clicked.
func (p *seen) click(selector string) {
	p.s.t.Helper()
	var err error
	for range 10 {
		if err = p.is(selector).Timeout(3*time.Second).Click(proto.InputMouseButtonLeft, 1); err == nil {
			return
		}
	}
	p.s.t.Fatalf("click %s: %v", selector, err)
}

func (p *seen) follow(selector string) {
	p.s.t.Helper()
	p.MustEval(`() => { window.before = true }`)
	p.click(selector)
	p.Until(`() => window.before === undefined && document.readyState === 'complete'`)
}

// drag takes the mouse from the middle of one element to a point beside another's.
func (p *seen) drag(from, to string, dx, dy float64) {
	p.s.t.Helper()
	a, b := p.is(from).MustShape().Box(), p.is(to).MustShape().Box()
	p.Mouse.MustMoveTo(a.X+a.Width/2, a.Y+a.Height/2).MustDown(proto.InputMouseButtonLeft)
	p.Mouse.MustMoveTo(a.X+a.Width/2+9, a.Y+a.Height/2+9)
	if err := p.Mouse.MoveLinear(proto.NewPoint(b.X+b.Width/2+dx, b.Y+b.Height/2+dy), 8); err != nil {
		p.s.t.Fatal(err)
	}
}

// with does something while a key is held down.
func (p *seen) with(key input.Key, do func()) {
	p.s.t.Helper()
	if err := p.Keyboard.Press(key); err != nil {
		p.s.t.Fatal(err)
	}
	do()
	if err := p.Keyboard.Release(key); err != nil {
		p.s.t.Fatal(err)
	}
}

func (p *seen) drop() { p.Mouse.MustUp(proto.InputMouseButtonLeft) }

// titlesOf are the rows that the page holds, in order.
const titlesOf = `[...document.querySelectorAll('tr[data-row] [data-open], .bcard [data-open]')].map(a => a.textContent.trim()).join(', ')`

func (p *seen) lists(want string) {
	p.s.t.Helper()
	p.until("it lists "+p.MustEval(`() => `+titlesOf).Str()+", want "+want, `want => `+titlesOf+` === want`, want)
}

func TestAViewIsMadeInABrowser(t *testing.T) {
	s := newSite(t)
	p := s.open("features?group=none", browsertest.Desk, "light")
	p.Shot("list")
	p.lists("Conflict-free sync, Audit export, Single sign-on")
	p.follow("#h-title a.sort")
	p.lists("Audit export, Conflict-free sync, Single sign-on")
	p.with(input.ShiftLeft, func() { p.click("#h-status a.sort") })
	p.is(`#h-status[aria-sort="ascending"] .nth`)

	// a column moves by its head, and is sized by its edge
	p.drag("#h-status", "#h-objective", -30, 0)
	p.drop()
	p.until("the status stands before the objective", `() => document.querySelector('#h-status').nextElementSibling?.id === 'h-objective'`)
	p.drag("#h-status .size", "#h-status .size", 60, 0)
	p.drop()
	p.is("#h-status[data-wide]")
	if !strings.Contains(p.MustInfo().URL, "status%3A") {
		t.Errorf("the address does not say how wide the column is: %s", p.MustInfo().URL)
	}
	p.click(`[popovertarget="columns-pop"]`)
	p.Shot("columns")
	p.follow(`#columns-pop a[title="Hide Score"]`)
	p.until("the score is hidden", `() => !document.querySelector('#h-score')`)

	// a condition is made with the column's own choices, and changed in its chip
	p.MustElement("body").MustClick()
	p.Keyboard.MustType('f')
	p.click(`#filter-pop a.op[href*="column=status"]`)
	p.is(`#filter-pop .boxes input[value="Building"]`)
	p.Shot("condition")
	p.click(`#filter-pop .boxes input[value="Building"]`)
	p.click(`#filter-pop .boxes input[value="Live"]`)
	p.follow(`#filter-pop form.cond button[type="submit"]`)
	p.lists("Conflict-free sync, Single sign-on")
	p.click("#chip-0 .chip-e")
	p.is(`#chip-0-pop .boxes input[value="Live"]:checked`)
	p.click(`#chip-0-pop .boxes input[value="Live"]`)
	p.follow(`#chip-0-pop form button[type="submit"]`)
	p.lists("Conflict-free sync")
	p.Shot("chips")
	p.Check()

	p.click(`[popovertarget="save-pop"]`)
	p.is("#v-title").MustInput("Being built")
	p.follow(`#save-pop button[type="submit"]`)
	p.is(`.tabs a[aria-current="page"]`).MustText()
	p.until("the view is a tab with its count", `() => /Being built\s*1/.test(document.querySelector('.tabs [aria-current]').textContent)`)
	p.until("what is saved is not offered to be saved", `() => !document.querySelector('[popovertarget="save-pop"]')`)
	p.click(`.bar-tools button[aria-label="Keep among your favourites"]`)
	p.is(`.side-nav a[title="Being built"]`)
	p.follow(".chip .chip-x")
	p.until("a changed view can be updated", `() => [...document.querySelectorAll('.bar-tools button')].some(b => b.textContent.includes('Update view'))`)
	p.Shot("changed")
	p.follow(`.side-nav a[title="Being built"]`)
	p.lists("Conflict-free sync")
	p.Check()
}

func TestGroupsFoldInABrowser(t *testing.T) {
	s := newSite(t)
	p := s.open("features", browsertest.Desk, "dark")
	p.lists("Conflict-free sync, Audit export, Single sign-on")
	p.click("#g1 .fold")
	p.lists("Conflict-free sync")
	p.is(`#g1 .fold[aria-expanded="false"]`)
	p.Shot("folded")
	p.MustNavigateBack()
	p.lists("Conflict-free sync, Audit export, Single sign-on")
	p.Check()
}

func TestALongListScrollsInABrowser(t *testing.T) {
	s := newSite(t)
	s.write(func(tx *ledger.Tx) error {
		for f := range backlog.Features.All(tx) {
			if err := backlog.Features.Delete(tx, f.ID); err != nil {
				return err
			}
		}
		return nil
	})
	product := firstProduct(s.snapshot())
	if _, err := s.Ledger.Import(t.Context(), s.Workspace, ledger.System, "import", func(im *ledger.Import) error {
		for i := range 20_000 {
			if _, err := backlog.Features.Import(im, backlog.Feature{Title: fmt.Sprintf("Row %05d", i), Product: product}, ledger.Stamp{}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{browsertest.Desk, browsertest.Phone} {
		p := s.open("features?group=none&sort=title", width, "light")
		p.is("#gap-below tr")
		for _, row := range []int{15_000, 400, 19_999} {
			p.MustEval(`row => {
				const line = document.querySelector('tr[data-row]').getBoundingClientRect().height
				const main = document.querySelector('.page')
				main.scrollTop = document.querySelector('#gap-above').getBoundingClientRect().top + main.scrollTop - main.getBoundingClientRect().top + row * line - 100
			}`, row)
			p.until(fmt.Sprintf("row %d is in sight", row), `title => [...document.querySelectorAll('tr[data-row]')].some(r => {
				const b = r.getBoundingClientRect(), m = document.querySelector('.page').getBoundingClientRect()
				return r.textContent.includes(title) && b.top >= m.top - 5 && b.bottom <= m.bottom + 5
			})`, fmt.Sprintf("Row %05d", row))
			p.until("the page holds a part alone", `() => document.querySelectorAll('tr[data-row]').length <= 300`)
		}
		p.Shot(fmt.Sprintf("long-%d", width))
		top := p.MustEval(`() => document.querySelector('.page').scrollTop`).Num()
		p.MustEval(`() => document.dispatchEvent(new Event('refresh'))`)
		p.until("a refresh keeps the place", `top => document.querySelector('[data-refresh]').dataset.refresh.includes('from=') && Math.abs(document.querySelector('.page').scrollTop - top) < 3
			&& [...document.querySelectorAll('tr[data-row]')].some(r => r.textContent.includes('Row 19999'))`, top)
		p.Check()
	}
}

func TestTheOrderIsMadeByHandInABrowser(t *testing.T) {
	s := newSite(t)
	p := s.open("features?group=none", browsertest.Desk, "light")
	p.lists("Conflict-free sync, Audit export, Single sign-on")
	row := func(title string) string { return fmt.Sprintf(`tr[data-row]:has([title="%s"])`, title) }
	p.is(row("Single sign-on")).MustHover()
	p.drag(row("Single sign-on")+" .grip", row("Conflict-free sync"), 0, -10)
	p.Shot("carried")
	p.drop()
	p.lists("Single sign-on, Conflict-free sync, Audit export")
	p.is(".toast form button")
	p.until("it is saved", `() => document.querySelector('.toast')?.textContent.includes('Moved Single sign-on')`)
	p.click(".toast form button")
	p.lists("Conflict-free sync, Audit export, Single sign-on")
	p.Keyboard.MustType('j')
	p.is("tr[data-row].cur")
	p.KeyActions().Press(input.AltLeft).Type(input.ArrowDown, input.ArrowDown).Release(input.AltLeft).MustDo()
	p.lists("Audit export, Single sign-on, Conflict-free sync")
	p.until("it is saved", `() => [...document.querySelectorAll('.toast')].some(t => t.textContent.includes('Moved Conflict-free sync'))`)
	p.Reload()
	p.lists("Audit export, Single sign-on, Conflict-free sync")
	p.Check()
}

func TestABoardInABrowser(t *testing.T) {
	s := newSite(t)
	s.write(func(tx *ledger.Tx) error {
		scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-12"}
		for i := range 4 {
			if _, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, table.Input{"title": fmt.Sprintf("Building block %d", i), "status": "Building", "owner": "Mira", "target": "2026-07-01"}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, look := range []struct {
		width  int
		scheme string
	}{{browsertest.Desk, "light"}, {browsertest.Desk, "dark"}, {browsertest.Phone, "light"}} {
		p := s.open("features?layout=board&limits=Building:4,Verifying:3", look.width, look.scheme)
		p.is(`.bcol.over[data-title="Building"] [aria-label="over its limit"]`)
		p.Shot(fmt.Sprintf("board-%d-%s", look.width, look.scheme))
		p.Check()
		if look.width == browsertest.Phone {
			p.click(`.bcard[data-label="Audit export"] [data-carry]`)
			p.is("#carry-pop:popover-open")
			p.Shot("board-menu")
			p.MustEval(`() => [...document.querySelectorAll('#carry-pop button')].find(b => b.textContent === 'Specified').click()`)
			p.is(`.bcol[data-title="Specified"] .bcard[data-label="Audit export"]`)
			p.is(".toast form button")
			continue
		}
		if look.scheme == "dark" {
			continue
		}
		p.drag(`.bcard[data-label="Building block 1"]`, `.bcol[data-title="Verifying"]`, 0, -200)
		p.is(`.bcard.lift .drop-note`)
		p.Shot("board-drag")
		p.until("the note says what the drop does", `() => document.querySelector('.drop-note').textContent.includes('Verifying becomes 1 of 3')`)
		p.drop()
		p.is(`.bcol[data-title="Verifying"][data-count="1"] .bcard[data-label="Building block 1"]`)
		p.click(".toast form button")
		p.is(`.bcol[data-title="Verifying"][data-count="0"]`)
		p.is(`.bcol[data-title="Building"][data-count="5"]`)

		// the keys carry a card over two columns in one write
		p.MustEval(`() => document.querySelector('.bcard[data-label="Audit export"] [data-open]').focus()`)
		p.KeyActions().Press(input.AltLeft).Type(input.ArrowRight).Release(input.AltLeft).MustDo()
		p.is(`.bcol[data-title="Discovery"][data-count="1"] .bcard[data-label="Audit export"]`)
		p.KeyActions().Press(input.ControlLeft).Type('b').Release(input.ControlLeft).MustDo()
		p.is("table.grid")
		p.Check()
	}
	viewer := s.Account(t, "Vic", access.Viewer)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features?layout=board", browsertest.Desk, "light", s.Session(t, viewer))
	if len(p.MustElements(".board[data-write], .board [data-carry]")) > 0 {
		t.Error("a viewer is offered to move cards")
	}
}
