package tableweb

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// pageRows is how many rows come at once; the next ones follow when the end is seen.
const pageRows = 50

// listing is a list in front of a reader.
type listing struct {
	*View
	query   table.Query
	list    *table.List
	columns []table.Info // all
	shown   []table.Info // in order
	from    int
	fault   string // what is wrong with the query; the list is then that of no query
	views   []*backlog.View
	current *backlog.View // the saved view that the query is
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
		l.query, err = table.ParseQuery(params)
	}
	if err == nil && l.query.Group == "" && !params.Has("group") {
		l.query.Group = a.Group
	}
	if err == nil && l.query.Group == "none" {
		l.query.Group = ""
	}
	if err == nil {
		l.list, err = a.Table.List(q.Context(), scope, snapshot, l.query)
	}
	if fault.Is(err, fault.Invalid) {
		l.fault = messages(err)
		l.query = table.Query{Group: a.Group}
		l.list, err = a.Table.List(q.Context(), scope, snapshot, l.query)
	}
	if err != nil {
		return nil, err
	}
	names := l.query.Columns
	if len(names) == 0 {
		names = a.Columns
	}
	for _, name := range names {
		if i := slices.IndexFunc(l.columns, func(c table.Info) bool { return c.Name == name }); i >= 0 {
			l.shown = append(l.shown, l.columns[i])
		}
	}
	l.from, _ = strconv.Atoi(q.Query("from")) // anything else is the beginning
	l.findViews(params)
	return l, nil
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
	if q.Query("add") != "" && l.fault == "" { // the form of a new condition: its own address is that of the view
		return q.Redirect(l.address(l.query))
	}
	if q.Partial() && l.from > 0 {
		return q.Fragment(ui.GridRows(l.grid()))
	}
	summary := ui.Count(l.list.Total, a.Table.One(), strings.ToLower(a.Table.Label()))
	if a.Summary != nil {
		if more := a.Summary(l.Scope, l.list); more != "" {
			summary += " · " + more
		}
	}
	return q.Page(web.Page{Title: a.Table.Label(), Summary: summary, Hints: []ui.Hint{
		{Keys: []string{"J", "K"}, Does: "move"}, {Keys: []string{"↵"}, Does: "open"}, {Keys: []string{"C"}, Does: "new"}, {Keys: []string{"F"}, Does: "filter"},
	}}, listPage(l))
}

// address returns the address of a query of this list.
func (l *listing) address(q table.Query) string {
	v := q.Values()
	if q.Group == "" && l.Area.Group != "" {
		v.Set("group", "none")
	}
	if q.Group == l.Area.Group {
		v.Del("group")
	}
	for _, keep := range []string{"at", "in"} {
		if x := l.Query(keep); x != "" {
			v.Set(keep, x)
		}
	}
	path := "/w/" + l.Workspace.Slug + "/" + l.Area.Table.Name()
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
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

func (l *listing) order(column string) string {
	if len(l.query.Sort) == 0 || l.query.Sort[0].Column != column {
		return ""
	}
	if l.query.Sort[0].Desc {
		return "descending"
	}
	return "ascending"
}

// toggle returns the address of the list with the column shown, or not.
func (l *listing) toggle(column string) string {
	return l.with(func(q *table.Query) {
		if len(q.Columns) == 0 {
			for _, c := range l.shown {
				q.Columns = append(q.Columns, c.Name)
			}
		}
		if i := slices.Index(q.Columns, column); i >= 0 {
			q.Columns = slices.Delete(q.Columns, i, i+1)
		} else {
			q.Columns = append(q.Columns, column)
		}
	})
}

func (l *listing) isShown(column string) bool {
	return slices.ContainsFunc(l.shown, func(c table.Info) bool { return c.Name == column })
}

// grid is the rows of this part of the list.
func (l *listing) grid() ui.Grid {
	g := ui.Grid{Caption: l.Area.Table.Label()}
	type drawn struct {
		info table.Info
		cell Cell
	}
	var draw []drawn
	for _, c := range l.shown {
		g.Columns = append(g.Columns, l.head(c))
		draw = append(draw, drawn{info: c})
		for _, x := range l.Area.Extra {
			if x.After == c.Name {
				g.Columns = append(g.Columns, ui.Column{ID: x.Name, Name: x.Label, Width: x.Width, Low: true})
				draw = append(draw, drawn{info: table.Info{Name: x.Name}, cell: x.Cell})
			}
		}
	}
	line := func(r table.Row) ui.Row {
		v := &View{Request: l.Request, Scope: l.Scope, Area: l.Area, Row: r}
		row := ui.Row{ID: r.ID().String(), Label: ref(r), Cells: make([]templ.Component, len(draw))}
		for i, d := range draw {
			switch {
			case d.cell != nil:
				row.Cells[i] = d.cell(v, d.info.Name)
			case i == l.titleAt(draw[0].info.Name):
				row.Cells[i] = ui.Title(r.Title(), v.Path())
			default:
				row.Cells[i] = v.cell(d.info)
			}
		}
		return row
	}
	rows := l.list.Rows(l.from, pageRows)
	next := l.from + len(rows)
	if l.list.Groups == nil {
		g.Groups = []ui.Group{{}}
		for _, r := range rows {
			g.Groups[0].Rows = append(g.Groups[0].Rows, line(r))
		}
	}
	for _, group := range l.list.Groups {
		first, end := max(group.First, l.from), min(group.First+group.Count, next)
		if first >= end {
			continue
		}
		u := ui.Group{}
		if first == group.First { // its head is not repeated where a part of the list begins
			u.Title, u.Meta = l.groupTitle(group), l.groupMeta(group)
		}
		for _, r := range rows[first-l.from : end-l.from] {
			u.Rows = append(u.Rows, line(r))
		}
		g.Groups = append(g.Groups, u)
	}
	if next < l.list.Total {
		g.More = ui.With(l.address(l.query), "from", strconv.Itoa(next))
	}
	return g
}

// titleAt is the place of the column that opens the row: the title, or the second
// where the first is the key.
func (l *listing) titleAt(first string) int {
	if first == "key" {
		return 1
	}
	return 0
}

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

func (l *listing) head(c table.Info) ui.Column {
	u := ui.Column{ID: c.Name, Name: c.Label, About: c.Doc, Right: c.Numeric() || c.Name == "effort", Order: l.order(c.Name), Sort: l.sortBy(c.Name)}
	switch {
	case c.Name == "key":
		u.Phone, u.Width = "key", "c-key"
	case len(l.shown) > 0 && (c.Name == "title" || c.Name == "name" || c.Name == "label"):
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

// findViews looks for the saved views of this list that the reader sees.
func (l *listing) findViews(params url.Values) {
	if _, ok := l.Kit.Tables.Of(backlog.Views.Name()); !ok {
		return
	}
	for w := range backlog.Views.All(l.Scope.View) {
		if w.Of != l.Area.Table.Name() {
			continue
		}
		l.views = append(l.views, w)
		saved, err := url.ParseQuery(w.Query)
		if err == nil && saved.Encode() == l.saved(params) {
			l.current = w
		}
	}
}

// saved returns the query string under which these parameters are saved.
func (l *listing) saved(params url.Values) string {
	v := url.Values{}
	for _, key := range []string{"filter", "q", "sort", "group", "columns"} {
		if x := params.Get(key); x != "" {
			v.Set(key, x)
		}
	}
	return v.Encode()
}

// tabs are the list as it is without a query, and the saved views.
func (l *listing) tabs() []ui.Tab {
	plain := l.saved(l.R.URL.Query())
	all := []ui.Tab{{Label: "All " + strings.ToLower(l.Area.Table.Label()), Href: l.address(table.Query{Group: l.Area.Group}), Current: plain == ""}}
	for _, w := range l.views {
		href := "/w/" + l.Workspace.Slug + "/" + l.Area.Table.Name() + "?" + w.Query
		for _, keep := range []string{"at", "in"} {
			href = ui.With(href, keep, l.Query(keep))
		}
		all = append(all, ui.Tab{Label: w.Title, Href: href, Current: w == l.current})
	}
	return all
}

// changed reports whether the list is one that could be saved as a view.
func (l *listing) changed() bool {
	return l.current == nil && l.saved(l.R.URL.Query()) != "" && !l.Past() && l.fault == ""
}

// saveView keeps the query of the list under a name.
func (a *Area) saveView(q *web.Request) error {
	f, err := q.Form("title", "query", "shared")
	if err != nil {
		return err
	}
	back := q.Path(a.Table.Name()) + "?" + f.Values.Get("query")
	seq, err := q.Update("save view", func(tx *ledger.Tx) error {
		_, err := backlog.Views.Create(tx, backlog.View{
			Title: strings.TrimSpace(f.Values.Get("title")), Of: a.Table.Name(), Query: f.Values.Get("query"),
			Layout: "list", Shared: f.Values.Get("shared") == "yes",
		})
		return err
	})
	if err != nil {
		return err
	}
	q.Said("Saved "+f.Values.Get("title"), seq)
	return q.Redirect(back)
}

// dropView removes a saved view.
func (a *Area) dropView(q *web.Request) error {
	f, err := q.Form("view")
	if err != nil {
		return err
	}
	id, err := ledger.ParseID(f.Values.Get("view"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such view")
	}
	seq, err := q.Update("remove view", func(tx *ledger.Tx) error { return backlog.Views.Delete(tx, id) })
	if err != nil {
		return err
	}
	q.Said("Removed the view", seq)
	return q.Redirect(q.Path(a.Table.Name()))
}
