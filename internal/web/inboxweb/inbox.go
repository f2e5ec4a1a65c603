// Package inboxweb is the page of a reader's inbox: what they were told, one line for each
// thing, and beside it what happened and what is said about it.
package inboxweb

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/discussion"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

//go:generate go tool templ generate

// Path is the page below a workspace.
const Path = "inbox"

// Routes are the routes of the inbox; areas draw what it is about.
func Routes(areas ...*tableweb.Area) []web.Route {
	const base = "/w/{workspace}/" + Path
	post := func(path string, handle func(*web.Request) error) web.Route {
		return web.Route{Method: http.MethodPost, Pattern: base + path, Who: web.Member, Handle: handle}
	}
	return []web.Route{
		{Method: http.MethodGet, Pattern: base, Who: web.Member, Now: true, Handle: func(q *web.Request) error { return show(q, areas) }},
		post("/read", mark("", (*notify.Box).Read)),
		post("/unread", mark("Unread", (*notify.Box).MarkUnread)),
		post("/done", finish),
		post("/return", mark("Back in the inbox", (*notify.Box).Return)),
		post("/snooze", snooze),
	}
}

// Count is how many lines of the reader's inbox are unread, for the sidebar.
func Count(q *web.Request) int {
	if q.Kit.Notices == nil {
		return 0
	}
	s, err := live(q)
	n := 0
	if err == nil {
		n, err = q.Kit.Notices.Unread(q.Context(), q.Workspace.ID, q.Principal.Account.ID, s)
	}
	if err != nil {
		q.Kit.Log.WarnContext(q.Context(), "count what is unread", "error", err)
	}
	return n
}

// live is the workspace as it is now: an inbox has no past.
func live(q *web.Request) (*table.Scope, error) {
	s, err := q.Scope()
	if err != nil {
		return nil, err
	}
	return s.In(q.Live()), nil
}

// inbox is the inbox in front of its reader.
type inbox struct {
	*web.Request
	scope  *table.Scope
	tab    notify.Tab
	groups []group
	counts map[notify.Tab]int
	open   *opened
	picked bool // the reader has asked for the line that is open
	names  func(ledger.ID) string
}

// group is a part of the list.
type group struct {
	title string
	items []notify.Item
}

// opened is the line that is shown beside the list.
type opened struct {
	notify.Item
	strip  templ.Component
	told   []told
	href   string
	others templ.Component // the discussion
}

func show(q *web.Request, areas []*tableweb.Area) error {
	if q.Kit.Notices == nil {
		return fault.New(fault.NotFound, "nobody is told anything here")
	}
	s, err := live(q)
	if err != nil {
		return err
	}
	in := &inbox{Request: q, scope: s, tab: notify.Tab(q.Query("tab")), counts: map[notify.Tab]int{}, names: q.Names()}
	switch in.tab {
	case "":
		in.tab = notify.Waiting
	case notify.Waiting, notify.Snoozed, notify.Done:
	default:
		return fault.New(fault.NotFound, "an inbox has no part %q", in.tab)
	}
	var items []notify.Item
	for _, tab := range []notify.Tab{notify.Waiting, notify.Snoozed, notify.Done} {
		if tab == notify.Done && tab != in.tab {
			continue
		}
		all, err := q.Kit.Notices.Items(q.Context(), q.Workspace.ID, q.Principal.Account.ID, s, tab)
		if err != nil {
			return err
		}
		in.counts[tab] = len(all)
		if tab == in.tab {
			items = all
		}
	}
	in.groups = grouped(items, in.tab)
	if err := in.choose(areas); err != nil {
		return err
	}
	return q.Page(web.Page{
		Title: "Inbox", Hints: []ui.Hint{
			{Keys: []string{"J", "K"}, Does: "next, previous"},
			{Keys: []string{"E"}, Does: "done"},
			{Keys: []string{"H"}, Does: "snooze"},
			{Keys: []string{"U"}, Does: "unread"},
			{Keys: []string{"X"}, Does: "select"},
			{Keys: []string{"Space"}, Does: "peek"},
			{Keys: []string{"↵"}, Does: "open"},
		},
	}, page(in))
}

// grouped parts what is meant for the reader from what they follow.
func grouped(items []notify.Item, tab notify.Tab) []group {
	if tab != notify.Waiting {
		return []group{{"", items}}
	}
	all := []group{{title: "For you"}, {title: "Watching"}}
	for _, i := range items {
		at := 1
		if slices.ContainsFunc(i.Notices, func(n notify.Notice) bool { return n.Reason.Personal() }) {
			at = 0
		}
		all[at].items = append(all[at].items, i)
	}
	return slices.DeleteFunc(all, func(g group) bool { return len(g.items) == 0 })
}

// choose opens the line that the address names, else the first.
func (in *inbox) choose(areas []*tableweb.Area) error {
	var first *notify.Item
	want, _ := ledger.ParseID(in.Query("open"))
	for g := range in.groups {
		for i := range in.groups[g].items {
			item := &in.groups[g].items[i]
			if item.About.ID == want {
				in.picked = true
				return in.read(item, areas)
			}
			if first == nil {
				first = item
			}
		}
	}
	if first == nil {
		return nil
	}
	return in.read(first, areas)
}

func (in *inbox) read(item *notify.Item, areas []*tableweb.Area) error {
	o := &opened{Item: *item}
	if lead, ok := in.Kit.Places[item.About.Kind]; ok {
		o.href = in.Path(lead(item.About.Key, item.About.ID))
	}
	for _, a := range areas {
		if a.Table.Kind() != item.About.Kind || a.Strip == nil {
			continue
		}
		if row, ok := a.Table.Row(in.scope.View, item.About.ID); ok {
			o.strip = a.Strip(&tableweb.View{Request: in.Request, Scope: in.scope, Area: a, Row: row})
		}
	}
	var err error
	if o.told, err = in.tell(item); err != nil {
		return err
	}
	o.others = discussion.Section(in.Request, in.scope, ledger.AnyRef{Kind: item.About.Kind, ID: item.About.ID}, "", in.address(item))
	in.open = o
	return nil
}

// address opens a line.
func (in *inbox) address(i *notify.Item) string {
	return ui.With(in.here(), "open", i.About.ID.String())
}

// here is the tab.
func (in *inbox) here() string {
	if in.tab == notify.Waiting {
		return in.Path(Path)
	}
	return ui.With(in.Path(Path), "tab", string(in.tab))
}

// isOpen reports whether a line is the one that is shown.
func (in *inbox) isOpen(i *notify.Item) bool { return in.open != nil && in.open.About.ID == i.About.ID }

// marks are the lines that a form names.
func marks(q *web.Request, more ...string) (*ui.Form, []ledger.ID, error) {
	f, err := q.Form(append([]string{"entity*", "back"}, more...)...)
	if err != nil {
		return nil, nil, err
	}
	var ids []ledger.ID
	for _, text := range f.Values["entity"] {
		id, err := ledger.ParseID(text)
		if err != nil {
			return nil, nil, fault.New(fault.Invalid, "%q is no line of an inbox", text)
		}
		ids = append(ids, id)
	}
	return f, ids, nil
}

// back ends what was done with lines.
func back(q *web.Request, f *ui.Form) error {
	to := f.Values.Get("back")
	if to == "" {
		to = q.Path(Path)
	}
	return q.Done(to)
}

// mark makes the handler of what is done with lines.
func mark(said string, do func(b *notify.Box, ctx context.Context, workspace, account ledger.ID, entities ...ledger.ID) (int, error)) func(*web.Request) error {
	return func(q *web.Request) error {
		f, ids, err := marks(q)
		if err != nil {
			return err
		}
		if _, err := do(q.Kit.Notices, q.Context(), q.Workspace.ID, q.Principal.Account.ID, ids...); err != nil {
			return err
		}
		if said != "" {
			q.Said(said, 0)
		}
		return back(q, f)
	}
}

func finish(q *web.Request) error {
	f, ids, err := marks(q)
	if err != nil {
		return err
	}
	n, err := q.Kit.Notices.Finish(q.Context(), q.Workspace.ID, q.Principal.Account.ID, ids...)
	if err != nil {
		return err
	}
	said := "Done"
	if n > 1 {
		said = ui.Count(n, "notice", "notices") + " done"
	}
	q.SaidOfRecords(said, q.Path(Path, "return"), "entity", f.Values["entity"])
	return back(q, f)
}

// morning is when what was slept over comes back.
const morning = 9 * time.Hour

// snooze puts lines away: until later today, tomorrow, next week, or a day.
func snooze(q *web.Request) error {
	f, ids, err := marks(q, "until", "day")
	if err != nil {
		return err
	}
	until, err := moment(q, f.Values.Get("until"), f.Values.Get("day"))
	if err != nil {
		return err
	}
	n, err := q.Kit.Notices.Snooze(q.Context(), q.Workspace.ID, q.Principal.Account.ID, until, ids...)
	if err != nil {
		return err
	}
	if n > 0 {
		q.SaidOfRecords("Snoozed until "+q.Words().Moment(until), q.Path(Path, "snooze"), "entity", f.Values["entity"], "until", "now")
	}
	return back(q, f)
}

// moment is when a snooze ends.
func moment(q *web.Request, until, day string) (time.Time, error) {
	zone := q.Workspace.Zone()
	at := func(d calendar.Day) time.Time {
		t := d.Go(zone)
		return time.Date(t.Year(), t.Month(), t.Day(), int(morning.Hours()), 0, 0, 0, zone)
	}
	switch until {
	case "now":
		return q.Now(), nil
	case "later":
		return q.Now().Add(3 * time.Hour).Truncate(15 * time.Minute), nil
	case "tomorrow":
		return at(q.Today().Add(1)), nil
	case "week":
		ahead := (int(q.Workspace.Weekday()) - int(q.Today().Go(zone).Weekday()) + 7) % 7
		if ahead == 0 {
			ahead = 7
		}
		return at(q.Today().Add(ahead)), nil
	case "day":
		d, err := calendar.ParseDay(day)
		if err != nil || d <= q.Today() {
			return time.Time{}, fault.New(fault.Invalid, "choose a day that is still to come")
		}
		return at(d), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "%q is no time to come back; there are later, tomorrow, week and day", strings.TrimSpace(until))
}
