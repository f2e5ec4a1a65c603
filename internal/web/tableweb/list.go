package tableweb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// listing is a list in front of a reader.
type listing struct {
	*View
	query   table.Query
	list    *table.List
	columns []table.Info // all
	shown   []shown      // in order
	fault   string       // what is wrong with the query; the list is then that of no query
	views   []*backlog.View
	current *backlog.View // the saved view that the address comes from

	lines       lines
	from, count int // of lines: the window
}

// shown is a column that the list shows: one of the table, or one that only pages have.
type shown struct {
	table.Info
	extra *Extra
}

func (a *Area) read(q *web.Request) (*listing, error) {
	scope, err := q.Scope()
	if err != nil {
		return nil, err
	}
	snapshot, err := q.Snapshot()
	if err != nil {
		return nil, err
	}
	l := &listing{View: &View{Request: q, Scope: scope, Area: a}, columns: a.Table.Columns(scope.View)}
	params := q.R.URL.Query()
	if params, err = l.withCondition(params); err == nil {
		l.query, err = a.parse(params)
	}
	if err == nil {
		err = l.withLimit(params)
	}
	if err == nil && l.query.Layout == table.Board {
		err = l.chooseBoard()
	}
	if err == nil {
		l.list, err = a.Table.List(q.Context(), scope, snapshot, l.listed())
	}
	if fault.Is(err, fault.Invalid) {
		l.fault = messages(err)
		l.query = table.Query{Group: a.Group}
		l.list, err = a.Table.List(q.Context(), scope, snapshot, l.query)
	}
	if err != nil {
		return nil, err
	}
	if l.since, err = l.markList(l.listed()); err != nil {
		return nil, err
	}
	for _, name := range l.chosen() {
		if x := a.extra(name); x != nil {
			l.shown = append(l.shown, shown{table.Info{Name: x.Name, Label: x.Label}, x})
		} else if i := slices.IndexFunc(l.columns, func(c table.Info) bool { return c.Name == name }); i >= 0 {
			l.shown = append(l.shown, shown{Info: l.columns[i]})
		}
	}
	l.findViews()
	if l.query.Layout == "" {
		l.readWindow()
	}
	return l, nil
}

// extra returns the named column that only pages have, nil if it is none.
func (a *Area) extra(name string) *Extra {
	if i := slices.IndexFunc(a.Extra, func(x Extra) bool { return x.Name == name }); i >= 0 {
		return &a.Extra[i]
	}
	return nil
}

// chosen are the names of the columns that are shown.
func (l *listing) chosen() []string {
	if len(l.query.Columns) > 0 {
		return l.query.Columns
	}
	if l.query.Layout == table.Board && l.Area.Card != nil {
		return l.Area.Card
	}
	var all []string
	for _, name := range l.Area.Columns {
		all = append(all, name)
		for _, x := range l.Area.Extra {
			if x.After == name {
				all = append(all, x.Name)
			}
		}
	}
	return all
}

// listed returns the query as the table knows it: without the columns of pages alone, and
// on a board grouped by the column of the board.
func (l *listing) listed() table.Query {
	q := l.query
	q.Columns = slices.DeleteFunc(slices.Clone(q.Columns), func(name string) bool { return l.Area.extra(name) != nil })
	if q.Layout == table.Board {
		q.Group = q.Board
	}
	return q
}

// messages joins what is wrong with the fields of an input.
func messages(err error) string {
	var all []string
	if f, ok := err.(*fault.Error); ok {
		for _, x := range f.Fields {
			all = append(all, x.Message)
		}
	}
	if len(all) == 0 {
		return err.Error()
	}
	return strings.Join(all, "; ")
}

func (a *Area) list(q *web.Request) error {
	l, err := a.read(q)
	if err != nil {
		return err
	}
	if (q.Query("set") != "" || q.Query("limited") != "") && l.fault == "" { // a form of the list: its own address is that of the view
		return q.Redirect(l.address(l.query))
	}
	if q.Query("only") == "rows" && q.Partial() && l.query.Layout == "" {
		return q.Fragment(l.grid())
	}
	summary := ui.Count(l.list.Total, a.Table.One(), strings.ToLower(a.Table.Label()))
	if a.Summary != nil {
		if more := a.Summary(l.Scope, l.list); more != "" {
			summary += " · " + more
		}
	}
	page := web.Page{Title: a.Table.Label(), Summary: summary, Compare: l.compareAddress(), Actions: l.actions()}
	return q.Page(page, listPage(l))
}

// address returns the address of a query of this list, from the view and in the moment
// that the page shows.
func (l *listing) address(q table.Query) string {
	href := l.addressOf(q, l.Query("view"))
	for _, keep := range []string{"at", "in", "since"} {
		href = ui.With(href, keep, l.Query(keep))
	}
	return href
}

// with returns the address of the list with another query.
func (l *listing) with(change func(*table.Query)) string {
	q := l.query
	q.Sort, q.Columns = slices.Clone(q.Sort), slices.Clone(q.Columns)
	change(&q)
	return l.address(q)
}

// sortBy returns the address under the head of a column: ascending, descending, then as
// it was.
func (l *listing) sortBy(column string) string {
	return l.with(func(q *table.Query) {
		switch {
		case len(q.Sort) == 1 && q.Sort[0] == table.Sort{Column: column}:
			q.Sort = []table.Sort{{Column: column, Desc: true}}
		case len(q.Sort) == 1 && q.Sort[0].Column == column:
			q.Sort = nil
		default:
			q.Sort = []table.Sort{{Column: column}}
		}
	})
}

// sortAlsoBy returns the address under the head of a column with Shift: the rows are
// ordered by it too, then the other way round, then not.
func (l *listing) sortAlsoBy(column string) string {
	return l.with(func(q *table.Query) {
		i := slices.IndexFunc(q.Sort, func(o table.Sort) bool { return o.Column == column })
		switch {
		case i < 0:
			q.Sort = append(q.Sort, table.Sort{Column: column})
		case q.Sort[i].Desc:
			q.Sort = slices.Delete(q.Sort, i, i+1)
		default:
			q.Sort[i].Desc = true
		}
	})
}

// order returns how the rows are ordered by a column, and which place it has among
// several by which they are.
func (l *listing) order(column string) (order string, place int) {
	for i, o := range l.query.Sort {
		if o.Column != column {
			continue
		}
		if len(l.query.Sort) > 1 {
			place = i + 1
		}
		if o.Desc {
			return "descending", place
		}
		return "ascending", place
	}
	return "", 0
}

// arrange returns the address of the list with its columns chosen otherwise.
func (l *listing) arrange(change func(names []string) []string) string {
	return l.with(func(q *table.Query) { q.Columns = change(slices.Clone(l.names())) })
}

// names are the columns that are shown.
func (l *listing) names() []string {
	all := make([]string, len(l.shown))
	for i, c := range l.shown {
		all[i] = c.Name
	}
	return all
}

// toggle returns the address of the list with the column shown, or not.
func (l *listing) toggle(column string) string {
	return l.arrange(func(names []string) []string {
		if i := slices.Index(names, column); i >= 0 {
			return slices.Delete(names, i, i+1)
		}
		return append(names, column)
	})
}

// shift returns the address of the list with the shown column moved by one place, "" if
// there is none on that side.
func (l *listing) shift(column string, by int) string {
	i := slices.Index(l.names(), column)
	if i < 0 || i+by < 0 || i+by >= len(l.shown) {
		return ""
	}
	return l.arrange(func(names []string) []string {
		names[i], names[i+by] = names[i+by], names[i]
		return names
	})
}

func (l *listing) isShown(column string) bool { return slices.Contains(l.names(), column) }

// hidden are the columns that are not shown, those that only pages have first.
func (l *listing) hidden() []ui.Option {
	var all []ui.Option
	for _, x := range l.Area.Extra {
		if !l.isShown(x.Name) {
			all = append(all, ui.Option{Value: x.Name, Label: x.Label})
		}
	}
	for _, c := range l.columns {
		if !l.isShown(c.Name) {
			all = append(all, ui.Option{Value: c.Name, Label: c.Label})
		}
	}
	return all
}

// byHand reports whether the rows stand in the order made by hand, so that they can be
// moved in it.
func (l *listing) byHand() bool {
	rank := l.Area.Table.Rank()
	if rank == "" || !l.MayEdit() {
		return false
	}
	return len(l.query.Sort) == 0 || l.query.Sort[0] == table.Sort{Column: rank}
}

// grid is the rows of the window.
func (l *listing) grid() ui.Grid {
	g := ui.Grid{ID: "list", Caption: l.Area.Table.Label()}
	if l.bulk() != nil {
		g.Select = bulkForm
	}
	for _, c := range l.shown {
		g.Columns = append(g.Columns, l.head(c))
	}
	bare := l.query
	bare.Columns, bare.Widths = nil, nil
	g.Lay = l.address(bare)
	if l.byHand() {
		g.Move = l.Request.Path(l.Area.Table.Name(), "move")
	}
	title := l.titleAt()
	line := func(r table.Row) ui.Row {
		v := &View{Request: l.Request, Scope: l.Scope, Area: l.Area, Row: r, since: l.since}
		row := ui.Row{ID: r.ID().String(), Label: ref(r), Fixed: !v.MayEdit(), Class: l.since.class(r.ID()), Cells: make([]templ.Component, len(l.shown))}
		for i, c := range l.shown {
			switch {
			case i == title:
				row.Cells[i] = v.titled(c.Info, titleCell(v))
			default:
				row.Cells[i] = v.shownCell(c)
			}
		}
		return row
	}
	parts, above, below := l.lines.window(l.from, l.count)
	for _, p := range parts {
		u := ui.Group{ID: "g"}
		if p.group >= 0 {
			group := l.list.Groups[p.group]
			u.ID = "g" + strconv.Itoa(p.group)
			u.Title, u.Meta = l.groupTitle(group), l.groupMeta(group)
			u.Folded, u.Fold = l.lines.folded[p.group], l.fold(u.Title)
		}
		for _, r := range l.list.Rows(p.first, p.rows) {
			u.Rows = append(u.Rows, line(r))
		}
		g.Groups = append(g.Groups, u)
	}
	g.Window = l.windowOf(parts, above, below)
	return g
}

// shownCell draws a column that a list or a card shows.
func (v *View) shownCell(c shown) templ.Component {
	if c.extra != nil {
		return c.extra.Cell(v, c.Name)
	}
	return v.cell(c.Info)
}

// fold returns the address of the list with the group folded, or unfolded.
func (l *listing) fold(group string) string {
	return l.with(func(q *table.Query) {
		q.Folded = slices.Clone(q.Folded)
		if i := slices.Index(q.Folded, group); i >= 0 {
			q.Folded = slices.Delete(q.Folded, i, i+1)
		} else {
			q.Folded = append(q.Folded, group)
		}
	})
}

// foldAll returns the address of the list with all groups folded, or none.
func (l *listing) foldAll(folded bool) string {
	return l.with(func(q *table.Query) {
		q.Folded = nil
		if folded {
			for _, g := range l.list.Groups {
				q.Folded = append(q.Folded, l.groupTitle(g))
			}
		}
	})
}

// titleAt is the place of the column that opens the row: the title or name, else the
// first that is no key.
func (l *listing) titleAt() int {
	for i, c := range l.shown {
		if c.extra == nil && isTitle(c.Name) {
			return i
		}
	}
	for i, c := range l.shown {
		if c.extra == nil && c.Name != "key" {
			return i
		}
	}
	return 0
}

func isTitle(column string) bool { return column == "title" || column == "name" || column == "label" }

func (l *listing) groupTitle(g table.Group) string {
	if g.Value != "" {
		return g.Value
	}
	c, _ := l.Area.Table.Column(l.Scope.View, l.query.Group)
	return "No " + strings.ToLower(c.Label)
}

func (l *listing) groupMeta(g table.Group) templ.Component {
	if l.Area.GroupMeta != nil {
		return l.Area.GroupMeta(l.Scope, l.list, g)
	}
	return ui.Text(ui.Count(g.Count, l.Area.Table.One(), strings.ToLower(l.Area.Table.Label())))
}

// widths are the classes of columns that have a width of their own; the others get one
// by their type.
var widths = map[string]string{
	"key": "c-key", "objective": "c-obj", "owner": "c-own", "score": "c-score", "effort": "c-eff", "status": "c-st",
}

func (l *listing) head(c shown) ui.Column {
	u := ui.Column{ID: c.Name, Name: c.Label, About: c.Doc, Right: c.Numeric() || c.Name == "effort", Pixels: l.query.Widths[c.Name]}
	if c.extra != nil {
		u.Width, u.Low = c.extra.Width, true
		return u
	}
	if l.MayEdit() {
		u.Edit = edits(c.Info)
	}
	u.Sort, u.Also = l.sortBy(c.Name), l.sortAlsoBy(c.Name)
	u.Order, u.Place = l.order(c.Name)
	if l.Area.Head != nil {
		u.Tune = l.Area.Head(l.sheet(), c.Info)
	}
	switch {
	case c.Name == "key":
		u.Phone, u.Width = "key", "c-key"
	case isTitle(c.Name):
		u.Phone = "ttl"
	case c.Name == "status":
		u.Phone, u.Width = "top", "c-st"
	case c.Name == "owner":
		u.Phone, u.Width = "sub", "c-own"
	case widths[c.Name] != "":
		u.Width, u.Low = widths[c.Name], true
	case c.Type == table.TypeDay:
		u.Width, u.Low = "w6", true
	case u.Right:
		u.Width, u.Low = "w5", true
	case c.Type == table.TypeFlag:
		u.Width, u.Low = "w5", true
	case c.Type == table.TypeLink || c.Type == table.TypeChoice:
		u.Width, u.Low = "w6", true
	default:
		u.Width, u.Low = "w9", true
	}
	return u
}
