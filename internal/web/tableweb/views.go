package tableweb

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// countedViews is of how many saved views the tabs say how many rows they have.
const countedViews = 12

// parse reads the query of an address of this list.
func (a *Area) parse(params url.Values) (table.Query, error) {
	q, err := table.ParseQuery(params)
	switch {
	case err != nil:
	case q.Group == "none":
		q.Group = ""
	case q.Group == "" && !params.Has("group"):
		q.Group = a.Group
	}
	return q, err
}

// values are the parameters of a query of this list; what goes without saying is left out.
func (a *Area) values(q table.Query) url.Values {
	v := q.Values()
	switch {
	case q.Group == a.Group:
		v.Del("group")
	case q.Group == "":
		v.Set("group", "none")
	}
	return v
}

// saved returns a query as views keep it: the layout stands beside it, and what is folded
// is no matter of the view.
func (a *Area) saved(q table.Query) string {
	q.Layout, q.Folded = "", nil
	return a.values(q).Encode()
}

// layout returns how views call the layout of a query.
func layout(q table.Query) string { return cmp.Or(q.Layout, "list") }

// queryOf returns the query that a view keeps.
func (a *Area) queryOf(w *backlog.View) (table.Query, error) {
	params, err := url.ParseQuery(w.Query)
	if err != nil {
		return table.Query{}, err
	}
	q, err := a.parse(params)
	q.Layout = ""
	if w.Layout != "list" {
		q.Layout = w.Layout
	}
	return q, err
}

// is reports whether a view is this query.
func (l *listing) is(w *backlog.View) bool {
	q, err := l.Area.queryOf(w)
	return err == nil && q.Layout == l.query.Layout && l.Area.saved(q) == l.Area.saved(l.query)
}

// findViews looks for the saved views of this list that the reader sees, and for the one
// that the address comes from.
func (l *listing) findViews() {
	if _, ok := l.Kit.Tables.Of(backlog.Views.Name()); !ok {
		return
	}
	from := l.Query("view")
	for w := range backlog.Views.All(l.Scope.View) {
		if w.Of != l.Area.Table.Name() {
			continue
		}
		l.views = append(l.views, w)
		if w.ID.String() == from {
			l.current = w
		}
	}
	if l.current == nil {
		if i := slices.IndexFunc(l.views, l.is); i >= 0 {
			l.current = l.views[i]
		}
	}
}

// differs reports whether the list is not what its view, or the area without one, shows,
// and can be kept as a view.
func (l *listing) differs() bool {
	switch {
	case l.fault != "" || !l.MayAnywhere(ledger.OpCreate, backlog.Views.Name()):
		return false
	case l.current != nil:
		return !l.is(l.current)
	}
	return l.query.Layout != "" || l.Area.saved(l.query) != ""
}

// mayChange reports whether the reader may change the view that is shown.
func (l *listing) mayChange() bool {
	return l.current != nil && l.Request.May(ledger.OpEdit, backlog.Views.Name(), l.current)
}

// tabs are the list as it is without a query, and the saved views.
func (l *listing) tabs() []ui.Tab {
	all := []ui.Tab{{Label: "All " + lower(l.Area.Table.Label()), Href: l.plain(), Current: l.current == nil, Count: l.countOf(table.Query{})}}
	for i, w := range l.views {
		q, err := l.Area.queryOf(w)
		if err != nil {
			continue
		}
		tab := ui.Tab{Label: w.Title, Href: l.viewAddress(w, q), Current: w == l.current}
		if i < countedViews {
			tab.Count = l.countOf(q)
		}
		all = append(all, tab)
	}
	return all
}

// countOf returns how many rows a query has. The order is kept from one page to the next,
// so that counting costs nothing as long as nothing changes.
func (l *listing) countOf(q table.Query) string {
	snapshot, err := l.Snapshot()
	if err != nil {
		return ""
	}
	list, err := l.Area.Table.List(l.Context(), l.Scope, snapshot, table.Query{Filter: q.Filter, Text: q.Text})
	if err != nil { // it speaks of what is not there any more
		return ""
	}
	return strconv.Itoa(list.Total)
}

// plain is the address of the list without a view.
func (l *listing) plain() string { return l.Request.Path(l.Area.Table.Name()) }

func (l *listing) viewAddress(w *backlog.View, q table.Query) string {
	href := l.addressOf(q, w.ID.String())
	for _, keep := range []string{"at", "in"} {
		href = ui.With(href, keep, l.Query(keep))
	}
	return href
}

// addressOf returns the address of a query that comes from a view.
func (l *listing) addressOf(q table.Query, view string) string {
	v := l.Area.values(q)
	if view != "" {
		v.Set("view", view)
	}
	path := "/w/" + l.Workspace.Slug + "/" + l.Area.Table.Name()
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// saveView keeps the query of the list under a name.
func (a *Area) saveView(q *web.Request) error {
	f, err := q.Form("title", "query", "layout", "shared")
	if err != nil {
		return err
	}
	var id ledger.ID
	title := strings.TrimSpace(f.Values.Get("title"))
	seq, err := q.Update("save view", func(tx *ledger.Tx) (err error) {
		id, err = backlog.Views.Create(tx, backlog.View{
			Title: title, Of: a.Table.Name(), Query: f.Values.Get("query"),
			Layout: cmp.Or(f.Values.Get("layout"), "list"), Shared: f.Values.Get("shared") == "yes",
		})
		return err
	})
	if err != nil {
		return err
	}
	q.Said("Saved "+title, seq)
	return q.Redirect(q.Path("views", id.String()))
}

// changeView gives a saved view another name, query or audience; what the form has not
// stays as it is.
func (a *Area) changeView(q *web.Request) error {
	f, err := q.Form("view", "title", "query", "layout", "audience")
	if err != nil {
		return err
	}
	id, err := viewID(f)
	if err != nil {
		return err
	}
	title := ""
	seq, err := q.Update("change view", func(tx *ledger.Tx) error {
		return backlog.Views.Edit(tx, id, func(w *backlog.View) error {
			if f.Values.Has("title") {
				w.Title = strings.TrimSpace(f.Values.Get("title"))
			}
			if f.Values.Has("query") {
				w.Query = f.Values.Get("query")
			}
			if f.Values.Has("layout") {
				w.Layout = f.Values.Get("layout")
			}
			if f.Values.Has("audience") {
				w.Shared = f.Values.Get("audience") == "everybody"
			}
			title = w.Title
			return nil
		})
	})
	if err != nil {
		return err
	}
	q.Said("Saved "+title, seq)
	return q.Redirect(q.Path("views", id.String()))
}

func viewID(f *ui.Form) (ledger.ID, error) {
	id, err := ledger.ParseID(f.Values.Get("view"))
	if err != nil {
		return id, fault.New(fault.NotFound, "there is no such view")
	}
	return id, nil
}

// dropView removes a saved view.
func (a *Area) dropView(q *web.Request) error {
	f, err := q.Form("view")
	if err != nil {
		return err
	}
	id, err := viewID(f)
	if err != nil {
		return err
	}
	seq, err := q.Update("remove view", func(tx *ledger.Tx) error { return backlog.Views.Delete(tx, id) })
	if err != nil {
		return err
	}
	q.Said("Removed the view", seq)
	return q.Redirect(q.Path(a.Table.Name()))
}

// openView leads from a view to the list that it is.
func openView(areas []*Area) func(*web.Request) error {
	return func(q *web.Request) error {
		s, err := q.Snapshot()
		if err != nil {
			return err
		}
		id, err := ledger.ParseID(q.R.PathValue("entity"))
		if err != nil {
			return fault.New(fault.NotFound, "there is no such view")
		}
		w, ok := backlog.Views.Get(s, id)
		i := -1
		if ok {
			i = slices.IndexFunc(areas, func(a *Area) bool { return a.Table.Name() == w.Of })
		}
		if i < 0 {
			return fault.New(fault.NotFound, "there is no such view")
		}
		l := &listing{View: &View{Request: q, Area: areas[i]}}
		query, err := areas[i].queryOf(w)
		if err != nil { // it says so itself
			query = table.Query{Group: areas[i].Group}
		}
		return q.Redirect(l.viewAddress(w, query))
	}
}
