package tableweb

import (
	"net/url"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// differing is what differs on a page since a moment: ?since=2026-03-03 on a list or an entity
// shows old values before those that are shown, what is new, and what is gone.
type differing struct {
	since web.Moment
	then  table.Side
	now   table.Side
	found *table.Comparison // of a list; nil on the page of an entity
	by    map[ledger.ID]table.Difference
	fault string // what is wrong with the moment; nothing is marked then

	pending bool // it is what a proposal changes of what is live
}

// markList compares the list of a query with what it was at the moment of the address; nil
// if the address names none.
func (v *View) markList(q table.Query) (*differing, error) {
	m, err := v.readMarks()
	if m == nil || err != nil || m.fault != "" || m.pending {
		return m, err
	}
	m.found, err = v.Area.Table.Compare(v.Context(), m.then, m.now, q, comparable(v.Area, v.Scope))
	if fault.Is(err, fault.Invalid) {
		m.fault = messages(err)
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	for _, all := range [][]table.Difference{m.found.Added, m.found.Changed} {
		for _, d := range all {
			m.by[d.ID()] = d
		}
	}
	return m, nil
}

// markRow compares the entity of the view with what it was at the moment of the address.
func (v *View) markRow() (*differing, error) {
	m, err := v.readMarks()
	if m == nil || err != nil || m.fault != "" || m.pending {
		return m, err
	}
	then, _ := v.Area.Table.Row(m.then.View, v.Row.ID())
	m.by[v.Row.ID()] = table.Difference{Then: then, Now: v.Row}
	return m, nil
}

func (v *View) readMarks() (*differing, error) {
	text := v.Query("since")
	if text == "" {
		return v.pendingMarks()
	}
	m := &differing{by: map[ledger.ID]table.Difference{}}
	var err error
	if m.since, err = v.Moment(text); err == nil {
		if m.then, err = v.SideAt(m.since); err == nil {
			m.now, err = v.Shown()
		}
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) {
		m.fault = messages(err)
		return m, nil
	}
	return m, err
}

// pendingMarks are what the proposal that the page shows changes; nil outside of one. They
// cost what is changed, not what exists.
func (v *View) pendingMarks() (*differing, error) {
	shown, err := v.Snapshot()
	if err != nil || shown.Live() == shown {
		return nil, err
	}
	m := &differing{by: map[ledger.ID]table.Difference{}, pending: true}
	if m.then, err = v.SideAt(web.Moment{}); err != nil {
		return nil, err
	}
	if m.now, err = v.Shown(); err != nil {
		return nil, err
	}
	t := v.Area.Table
	for c, err := range ledger.Diff(v.Context(), shown.Live(), shown) {
		if err != nil {
			return nil, err
		}
		if c.Kind != t.Kind() || c.After == nil {
			continue
		}
		var d table.Difference
		d.Then, _ = t.Row(m.then.View, c.ID)
		d.Now, _ = t.Row(m.now.View, c.ID)
		m.by[c.ID] = d
	}
	return m, nil
}

// class is the class of a row that is new, or changed by the proposal.
func (m *differing) class(id ledger.ID) string {
	if m == nil {
		return ""
	}
	switch d, ok := m.by[id]; {
	case ok && m.pending:
		return "is-if"
	case ok && m.found != nil && d.Then.IsZero():
		return "is-new"
	}
	return ""
}

// titled draws the title of a row behind the one that it had.
func (v *View) titled(c table.Info, title templ.Component) templ.Component {
	if was := v.was(c); was != nil {
		return changedCell(was, title, v.since.pending)
	}
	return title
}

// was draws the value that a column of the view's row had, nil if it is the same.
func (v *View) was(c table.Info) templ.Component {
	if v.since == nil {
		return nil
	}
	d, ok := v.since.by[v.Row.ID()]
	if !ok || d.Then.IsZero() || len(v.Area.Table.CompareRow(v.since.then.Scope, v.Scope, d, []table.Info{c})) == 0 {
		return nil
	}
	then := &View{Request: v.Request, Scope: v.since.then.Scope, Area: v.Area, Row: d.Then}
	return then.cell(c)
}

// goneAtMost is how many removed rows a list shows; the comparison has all of them.
const goneAtMost = 20

// gone is a row that was in a list and is in it no more.
type gone struct {
	key, title, href string
	gist             templ.Component
}

// goneRows are the rows that a list has lost, as they were.
func (l *listing) goneRows() (all []gone) {
	m := l.since
	if m.found == nil {
		return nil
	}
	c := &comparing{View: l.View, since: m.since, then: m.then, now: m.now}
	for _, d := range m.found.Removed[:min(goneAtMost, len(m.found.Removed))] {
		then := &View{Request: l.Request, Scope: m.then.Scope, Area: l.Area, Row: d.Then}
		g := gone{key: d.Then.Key(), title: d.Then.Title(), href: then.Path(), gist: c.gist(d.Then, m.then.Scope)}
		if d.Now.IsZero() {
			g.href = ui.With(then.Path(), "at", m.since.Text)
		}
		all = append(all, g)
	}
	return all
}

// compareAddress is where this list is compared with another moment.
func (l *listing) compareAddress() string {
	v := url.Values{}
	for name, values := range l.query.Values() {
		if name == "filter" || name == "q" || name == "sort" {
			v[name] = values
		}
	}
	return pathWith("/w/"+l.Workspace.Slug+"/"+l.Area.Table.Name()+"/compare", v)
}

// whoAndWhy is the comparison of what is marked.
func (l *listing) whoAndWhy() string {
	return ui.With(ui.With(l.compareAddress(), "since", l.since.since.Text), "until", l.Query("at"))
}

// told says in one line what is marked in a list.
func (m *differing) told() string {
	if m.fault != "" {
		return sentence(m.fault)
	}
	if m.found == nil {
		return ""
	}
	if m.found.Len() == 0 {
		return "Nothing differs"
	}
	return counts(len(m.found.Added), len(m.found.Removed), len(m.found.Changed))
}

// changesOf draws what differs on the page of an entity, with who changed it and why.
func (v *View) changesOf() (*diffRow, error) {
	m := v.since
	if m == nil || m.fault != "" {
		return nil, nil
	}
	c := &comparing{View: v, since: m.since, then: m.then, now: m.now, names: v.Names()}
	d := m.by[v.Row.ID()]
	why, err := table.ReasonsOf(v.Context(), v.Kit.Ledger, v.Live(), v.Row, m.then.Moment, m.now.Moment)
	if err != nil {
		return nil, err
	}
	row := &diffRow{id: v.Row.ID()}
	if d.Then.IsZero() {
		row.lines = []diffLine{{field: "new", now: ui.Text("It did not exist then"), why: c.reason(why.Last)}}
		return row, nil
	}
	row.lines = c.lines(d, v.Area.Table.CompareRow(m.then.Scope, m.now.Scope, d, comparable(v.Area, v.Scope)), why)
	return row, nil
}
