package pages_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// hands are a person at a page.
type hands struct {
	*browsertest.Page
	t testing.TB
}

func (s *site) hands(path string, width int, scheme string, who access.Account) *hands {
	s.t.Helper()
	return &hands{browsertest.Open(s.t, s.Server.URL+"/w/fieldbook/"+path, width, scheme, s.Session(s.t, who)), s.t}
}

// sees waits until the page is so.
func (h *hands) sees(js string) {
	h.t.Helper()
	h.Until("() => " + js)
}

func (h *hands) types(keys ...any) {
	h.t.Helper()
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			for _, r := range k {
				h.Keyboard.MustType(input.Key(r))
			}
		case input.Key:
			h.Keyboard.MustType(k)
		}
	}
}

// quiet fails the test for what the browser complained about, but for refusals, which it
// tells of too.
func (h *hands) quiet() {
	h.t.Helper()
	for _, c := range h.Complaints() {
		if !strings.Contains(c, "status of 422") && !strings.Contains(c, "status of 409") {
			h.t.Error(c)
		}
	}
}

// with types a key while others are held.
func (h *hands) with(key input.Key, held ...input.Key) {
	h.t.Helper()
	actions := h.KeyActions()
	for _, k := range held {
		actions = actions.Press(k)
	}
	if err := actions.Type(key).Do(); err != nil {
		h.t.Fatal(err)
	}
}

func cellOf(key, column string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('tr[data-row]')].find(r => r.querySelector('.key')?.textContent.trim() === '%s')?.querySelector('[data-col="%s"]')`, key, column)
}

func (h *hands) clickCell(key, column string) {
	h.t.Helper()
	el, err := h.ElementByJS(rod.Eval("() => " + cellOf(key, column)))
	if err != nil {
		h.t.Fatal(err)
	}
	if err := el.Click("left", 1); err != nil {
		h.t.Fatal(err)
	}
}

const (
	editing = `document.activeElement.closest('#cell-edit') !== null`
	picking = `document.querySelector('#pick:popover-open [role="option"][aria-selected="true"]') !== null`
)

// A value is edited where it stands, by mouse and by keys; what is wrong is said at the
// cell; where two people write at once, the second decides.
func TestEditingInPlace(t *testing.T) {
	s := newSite(t)
	h := s.hands("features?group=none", browsertest.Desk, "light", s.Owner)
	height := h.MustEval("() => " + cellOf("FB-1", "effort") + ".closest('tr').offsetHeight").Int()
	h.clickCell("FB-1", "effort")
	h.sees(editing)
	if got := h.MustEval("() => " + cellOf("FB-1", "effort") + ".closest('tr').offsetHeight").Int(); got != height {
		t.Errorf("the row is %d high while it is edited, else %d", got, height)
	}
	h.types("abc")
	h.sees(`document.querySelector('.edit-pop [data-new]').textContent === 'abc'`)
	h.Shot("edit-cell")
	h.types(input.Enter)
	h.sees(`document.querySelector('#cell-edit .err') !== null && document.activeElement.value === 'abc'`)
	h.Shot("edit-refused")
	h.types(input.Escape)
	h.sees(`!document.querySelector('#cell-edit') && ` + cellOf("FB-1", "effort") + `.textContent.includes('8')`)

	// keys: E edits the first cell, Tab goes on, Enter saves
	h.types("k", "j")
	h.sees(`document.querySelector('tr.cur .key').textContent.trim() === 'FB-2' || document.querySelector('tr.cur') !== null`)
	h.MustEval("() => " + cellOf("FB-2", "key") + ".click()")
	h.types("e")
	h.sees(editing + ` && document.activeElement.name === 'title'`)
	h.types("Audit trail", input.Enter)
	h.sees(cellOf("FB-2", "title") + `.textContent.includes('Audit trail') && !document.querySelector('.cell-edit')`)
	h.with('z', input.ControlLeft)
	h.sees(cellOf("FB-2", "title") + `.textContent.includes('Audit export')`)
	h.with('z', input.ControlLeft, input.ShiftLeft)
	h.sees(cellOf("FB-2", "title") + `.textContent.includes('Audit trail')`)
	h.clickCell("FB-2", "effort")
	h.sees(editing)
	h.types("3", input.Tab)
	h.sees(cellOf("FB-2", "effort") + `.textContent.includes('3')`)
	h.sees(editing + ` && document.activeElement.name === 'target'`)
	h.types(input.Escape)

	// somebody else is faster
	noor := s.Account(t, "Noor", access.Editor)
	hers := s.hands("features?group=none", browsertest.Desk, "dark", noor)
	for _, one := range []*hands{h, hers} {
		one.MustEval("() => " + cellOf("FB-3", "key") + ".click()")
		one.types("e")
		one.sees(editing + ` && document.activeElement.value === 'Single sign-on'`)
	}
	h.types("One sign-on", input.Enter)
	h.sees(cellOf("FB-3", "title") + `.textContent.includes('One sign-on')`)
	hers.types("Sign in once", input.Enter)
	hers.sees(`document.querySelector('#cell-edit [data-act="revert"]')?.textContent.includes('One sign-on')`)
	hers.Shot("edit-conflict")
	hers.types(input.Enter)
	h.sees(cellOf("FB-3", "title") + `.textContent.includes('Sign in once')`)
	hers.sees(cellOf("FB-3", "title") + `.textContent.includes('Sign in once')`)
	h.quiet()
	hers.quiet()

	// on the page of an entity, by letter and by mouse
	p := s.hands("features/FB-2", browsertest.Desk, "light", s.Owner)
	p.types("s")
	p.sees(picking)
	p.types("build")
	p.sees(picking + ` && document.querySelector('#pick [aria-selected="true"]').textContent.includes('Building')`)
	p.Shot("pick-status")
	p.Check()
	p.types(input.Enter)
	p.sees(`document.querySelector('#p-status').textContent.includes('Building')`)
	p.types("l")
	p.sees(picking)
	p.types("q3")
	p.sees(picking + ` && document.querySelector('#pick').textContent.includes('Create “q3”')`)
	p.with(input.Enter, input.ControlLeft)
	p.sees(`document.querySelector('#p-tags').textContent.includes('q3') && document.querySelector('#p-tags').textContent.includes('audit')`)
	p.MustElement("#page-title").MustClick()
	p.sees(editing)
	p.Shot("edit-title")
	p.types("Audit log", input.Enter)
	p.sees(`document.querySelector('#page-title').textContent === 'Audit log'`)
	p.quiet()
}

// many makes features until there are so many.
func (s *site) many(n int) {
	s.t.Helper()
	s.write(func(tx *ledger.Tx) error {
		for i := range n {
			if _, err := backlog.FeatureTable.Create(tx, s.scope(tx), ledger.ID{}, table.Input{"title": fmt.Sprintf("Feature %03d", i+1)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Twenty get a release and an owner at once, and one undo takes all of it back: in five
// actions.
func TestTwentyAtOnce(t *testing.T) {
	s := newSite(t)
	s.many(200)
	h := s.hands("features?group=none", browsertest.Desk, "light", s.Owner)
	ours := func(want int) {
		t.Helper()
		h.sees(fmt.Sprintf(`[...document.querySelectorAll('tr[data-row]')].filter(r => r.querySelector('[data-col="release"]').textContent.trim() === '4.1' && r.querySelector('[data-col="owner"]').textContent.includes('Mira')).length === %d`, want))
	}
	h.MustEval("() => " + cellOf("FB-4", "key") + ".click()")
	h.types("x") // 1: select the first
	h.sees(`document.querySelector('.bulk.on [data-chosen]').textContent === '1 selected'`)
	last, err := h.ElementByJS(rod.Eval("() => " + cellOf("FB-23", "key")))
	if err != nil {
		t.Fatal(err)
	}
	if err := last.ScrollIntoView(); err != nil {
		t.Fatal(err)
	}
	if err := h.Keyboard.Press(input.ShiftLeft); err != nil {
		t.Fatal(err)
	}
	last.MustClick() // 2: and all to the twentieth
	if err := h.Keyboard.Release(input.ShiftLeft); err != nil {
		t.Fatal(err)
	}
	h.sees(`document.querySelector('.bulk.on [data-chosen]').textContent === '20 selected'`)
	h.Shot("bulk-bar")
	h.Check()
	h.types("m") // 3: the menu, with a release
	h.sees(picking)
	h.types("4.1")
	h.sees(`document.querySelector('#pick [aria-selected="true"]')?.dataset.column === 'release'`)
	h.types(input.Enter)
	h.sees(`document.querySelector('#pick .pick-said').textContent === '4.1'`)
	h.types("mira") // 4: and an owner
	h.sees(`document.querySelector('#pick [aria-selected="true"]')?.textContent.includes('Mira')`)
	h.Shot("bulk-set")
	h.Check()
	h.with(input.Enter, input.ControlLeft)
	ours(21)
	h.sees(`document.querySelector('#toasts').innerText.includes('20 features')`)
	h.with('z', input.ControlLeft) // 5: all of it back
	ours(1)
	h.sees(`document.querySelector('.bulk.on [data-chosen]').textContent === '20 selected'`)
	h.sees(`document.querySelectorAll('.bulk').length === 1`)

	// all in the filter, also what the page does not hold
	h.with('a', input.ControlLeft)
	h.sees(`document.querySelector('.bulk.on [data-chosen]').textContent === 'All 203 selected'`)
	h.types("p")
	h.sees(picking)
	h.types("low", input.Enter)
	h.sees(`document.querySelector('#toasts').innerText.includes('203 features')`)
	if got := s.total("priority = low"); got != 203 {
		t.Errorf("%d have the priority", got)
	}
	h.with('z', input.ControlLeft)
	h.sees(`document.querySelector('#toasts').innerText.includes('Undone')`)
	h.types(input.Escape)
	h.sees(`!document.querySelector('.bulk.on')`)

	// what refuses is named, and nothing is done
	h.types("j", "x")
	h.MustElement(`.bulk button[formaction]`).MustClick()
	h.sees(`document.querySelector('#toasts').innerText.includes('Deleted')`)
	h.with('z', input.ControlLeft)
	h.sees(`document.querySelector('#bulk-of').dataset.total === '203'`)
	h.quiet()
}

func (s *site) total(filter string) int {
	s.t.Helper()
	f, err := table.ParseFilter(filter)
	if err != nil {
		s.t.Fatal(err)
	}
	snapshot := s.snapshot()
	l, err := backlog.FeatureTable.List(s.t.Context(), &table.Scope{View: snapshot, Set: s.Tables, Today: "2026-05-12"}, snapshot, table.Query{Filter: f})
	if err != nil {
		s.t.Fatal(err)
	}
	return l.Total
}

// A row is looked at beside its list and edited there; the list is where it was when one
// comes back, from the panel and from the page.
func TestLookingBesideTheList(t *testing.T) {
	s := newSite(t)
	s.many(60)
	h := s.hands("features?group=none&sort=title", browsertest.Desk, "light", s.Owner)
	row := `document.querySelector('tr.cur .key')?.textContent.trim()`
	h.MustEval("() => " + cellOf("FB-30", "key") + ".scrollIntoView({block: 'center'})")
	h.MustEval("() => " + cellOf("FB-30", "key") + ".click()")
	top := `Math.round(document.querySelector('#main').scrollTop)`
	was := h.MustEval("() => " + top).Int()
	h.types(input.Space)
	h.sees(`document.querySelector('#peek .peek-title')?.textContent.trim() === 'Feature 027'`)
	h.Shot("peek")
	h.Check()
	h.types("j")
	h.sees(`document.querySelector('#peek .peek-title')?.textContent.trim() === 'Feature 028'`)
	h.types("s")
	h.sees(picking)
	h.types("live", input.Enter)
	h.sees(`document.querySelector('#peek-p-status').textContent.includes('Live')`)
	h.MustElement("#peek-title").MustClick()
	h.sees(editing)
	h.types("Feature 028 b", input.Enter)
	h.sees(`document.querySelector('#peek .peek-title')?.textContent.trim() === 'Feature 028 b'`)
	h.types("k", input.Escape)
	h.sees(`document.querySelector('#peek').hidden && ` + row + ` === 'FB-30'`)
	if got := h.MustEval("() => " + top).Int(); got != was {
		t.Errorf("the list is scrolled to %d, before to %d", got, was)
	}
	h.types(input.Enter)
	h.sees(`location.pathname.endsWith('/FB-30') || document.querySelector('#page-title')?.textContent === 'Feature 027'`)
	h.MustWaitLoad()
	h.types(input.Escape)
	h.sees(`document.querySelector('table[data-grid]') !== null && ` + row + ` === 'FB-30' && ` + top + fmt.Sprintf(" === %d", was))
	h.quiet()

	phone := s.hands("features?group=none&sort=title", browsertest.Phone, "light", s.Owner)
	phone.MustElement(`tr[data-row] [data-act="peek"]`).MustClick()
	phone.sees(`document.querySelector('#peek .peek-title') !== null`)
	phone.Shot("peek-phone")
	phone.Check()
	phone.MustElement(`#peek #peek-p-status`).MustClick()
	phone.sees(picking)
	phone.Shot("pick-phone")
	phone.MustElement(`#pick [role="option"]:nth-child(3)`).MustClick()
	phone.sees(`!document.querySelector('#pick:popover-open')`)
	phone.MustElement(`[data-act="peek-close"]`).MustClick()
	phone.sees(`document.querySelector('#peek').hidden`)
	phone.MustEval(`() => document.querySelector('tr[data-row] input[name="which"]').click()`)
	phone.sees(`document.querySelector('.bulk.on') !== null`)
	phone.Shot("bulk-phone")
	phone.Check()
	if text := phone.MustEval(`() => document.querySelector('.bulk').innerText`).Str(); !strings.Contains(text, "1 selected") {
		t.Errorf("the bar says %q", text)
	}
}

// theirs is what somebody else writes meanwhile.
func (s *site) theirs(key string, in table.Input) {
	s.t.Helper()
	s.write(func(tx *ledger.Tx) error {
		f, ok := backlog.Features.ByKey(tx, key)
		if !ok {
			return fmt.Errorf("there is no %s", key)
		}
		return backlog.FeatureTable.Edit(tx, s.scope(tx), f.ID, in)
	})
}

// What somebody has begun stays as it is while the page is made new by what others do: a
// picker that is open, a value that is typed beside the list, a card in the hand.
func TestWhatIsBegunStaysWhenOthersWrite(t *testing.T) {
	s := newSite(t)
	h := s.hands("features?group=none", browsertest.Desk, "light", s.Owner)
	title := func(key, text string) string { return cellOf(key, "title") + `?.textContent.includes('` + text + `')` }
	h.MustEval("() => " + cellOf("FB-2", "key") + ".click()")
	h.types("s")
	h.sees(picking)
	h.types("liv", input.ArrowDown, input.ArrowUp)
	h.sees(`document.querySelector('#pick [aria-selected="true"]')?.textContent.includes('Live')`)
	s.theirs("FB-3", table.Input{"title": "One sign-on"})
	h.sees(title("FB-3", "One sign-on"))
	h.sees(picking + ` && document.activeElement.value === 'liv' && document.querySelector('#pick [aria-selected="true"]').textContent.includes('Live')`)
	h.types(input.Enter)
	h.sees(cellOf("FB-2", "status") + `?.textContent.includes('Live')`)

	h.types(input.Space)
	h.sees(`document.querySelector('#peek .peek-title')?.textContent.trim() === 'Audit export'`)
	h.MustElement("#peek-title").MustClick()
	h.sees(editing)
	h.types("Audit trail")
	s.theirs("FB-2", table.Input{"effort": "20"})
	h.sees(`/4\spw/.test(` + cellOf("FB-2", "effort") + `?.textContent)`)
	h.sees(`/4\spw/.test(document.querySelector('#peek-p-effort').textContent)`)
	h.sees(editing + ` && document.activeElement.value === 'Audit trail' && document.activeElement.closest('#peek') !== null`)
	h.types(input.Enter)
	h.sees(title("FB-2", "Audit trail"))
	h.quiet()

	p := s.open("features?layout=board", browsertest.Desk, "light")
	card := "#r-" + s.id("FB-1")
	from := p.MustEval(`(c) => document.querySelector(c).closest('[data-column]').dataset.title`, card).Str()
	p.drag(card, `[data-column][data-title="Verifying"]`, 0, 0)
	p.Until(`(c) => document.querySelector('.bcard.lift') && document.querySelector(c).matches('.hole') && document.querySelector('.bcol.target')?.dataset.title === 'Verifying'`, card)
	s.theirs("FB-3", table.Input{"title": "Sign in once"})
	s.theirs("FB-1", table.Input{"title": "Sync without conflicts"})
	p.Until(`() => document.querySelector('.board').textContent.includes('Sign in once') && document.querySelector('.board').textContent.includes('Sync without conflicts')`)
	p.Until(`(c) => document.querySelector('.bcard.lift') && document.querySelector(c).matches('.hole') && document.querySelector('.bcol.target')?.dataset.title === 'Verifying'`, card)
	p.Shot("board-drag-refreshed")
	p.drop()
	p.Until(`(c) => !document.querySelector('.lift, .hole, .target') && document.querySelector(c).closest('[data-column]').dataset.title === 'Verifying'`, card)
	if from == "Verifying" {
		t.Error("the card was there before")
	}
	h.sees(cellOf("FB-1", "status") + `?.textContent.includes('Verifying')`)
	p.Check()
}

// Fingers select by a button of the list: then a tap takes a row, and does not open it.
func TestSelectingOnAPhone(t *testing.T) {
	s := newSite(t)
	h := s.hands("features?group=none", browsertest.Phone, "light", s.Owner)
	h.MustElement("#select-rows").MustClick()
	h.sees(`document.querySelector('#select-rows').getAttribute('aria-pressed') === 'true'`)
	if high := h.MustEval(`() => document.querySelector('#select-rows').getBoundingClientRect().height`).Num(); high < 24 {
		t.Errorf("the button is %v high", high)
	}
	h.MustElement(`tr[data-row]:nth-of-type(1) .ttl a`).MustClick()
	h.MustElement(`tr[data-row]:nth-of-type(2) .ttl a`).MustClick()
	h.sees(`document.querySelector('.bulk.on [data-chosen]').textContent === '2 selected' && location.pathname.endsWith('/features')`)
	s.theirs("FB-3", table.Input{"title": "One sign-on"})
	h.sees(`document.querySelector('#main').innerText.includes('One sign-on')`)
	h.sees(`document.querySelector('#select-rows').getAttribute('aria-pressed') === 'true' && document.querySelectorAll('tr[data-row] input:checked').length === 2`)
	h.Shot("select-phone")
	h.Look(browsertest.Phone, "dark")
	h.Check()
	h.MustElement(`.bulk [data-act="select-none"]`).MustClick()
	h.sees(`!document.querySelector('.bulk.on') && document.querySelector('#select-rows').getAttribute('aria-pressed') === 'false'`)
	h.MustElement(`tr[data-row]:nth-of-type(1) .ttl a`).MustClick()
	h.sees(`location.pathname.includes('/features/FB-')`)
}

// On a phone a wide table scrolls in its own box, and the page stays where it is.
func TestWideTablesStayInTheirBoxOnAPhone(t *testing.T) {
	s := newSite(t)
	s.Clock.Move(48 * time.Hour)
	s.theirs("FB-1", table.Input{"title": "Sync without conflicts", "effort": "60", "status": "live"})
	for _, path := range []string{"features/compare?since=2026-05-12", "features/FB-1/history", "features?layout=matrix", "create?of=features"} {
		h := s.hands(path, browsertest.Phone, "light", s.Owner)
		h.sees(`document.readyState === 'complete' && ['html', 'body', '#main'].every((e) => document.querySelector(e).scrollWidth <= document.querySelector(e).clientWidth)`)
		h.Shot("phone-" + strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(path))
		h.Check()
	}
}
