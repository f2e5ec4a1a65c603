// Package tableweb has the pages that every kind of entity has: the list with filters,
// sorts, groups, columns and saved views, one entity with its properties and history, and
// the forms to make and change it. An area says which kind, and what its pages show
// beyond that; features say more than tags.
package tableweb

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/discussion"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Area is the pages of one table. Its path is the table's name.
type Area struct {
	Table   table.Any
	Icon    string
	Columns []string // shown if nothing is said
	Group   string   // grouped by if nothing is said
	Void    string   // why such things help, where there are none
	Import  string   // the page that brings them in from files; "": none
	Form    []string // the fields of the form for a new one; nil: all that can be written
	Quick   []string // the fields of the dialog that makes one from any page; nil: it is not offered elsewhere

	// Keys are the letters that set columns, in the order of the bar that acts on many.
	Keys []Key

	// Cells draw columns in a way of their own.
	Cells map[string]Cell
	// Card are the columns that a card of a board shows beside key and title; nil: those of
	// the list.
	Card []string
	// Marks draw the value of a link at the head of a column of a board, and in the picker.
	Marks map[string]func(s *table.Scope, id ledger.ID) templ.Component
	// Extra are columns that only pages have, after the named column.
	Extra []Extra
	// Beside stands right of the title of an entity; Strip below it, Main in its body
	// and Asides among the properties. Each may be nil.
	Beside func(*View) templ.Component
	Strip  func(*View) templ.Component
	Main   func(*View) templ.Component
	Asides func(*View) templ.Component
	// Actions are what can be done with an entity beyond what is done with all; nil: nothing.
	Actions func(*View) []ui.Action
	// Summary is facts of a whole list, at its foot.
	Summary func(s *table.Scope, l *table.List) string
	// Matrix draws the list between two numbers; nil: it has no such layout.
	Matrix func(*Sheet) templ.Component
	// Head is what the head of a column offers besides sorting. It may return nil.
	Head func(l *Sheet, c table.Info) templ.Component
	// AddColumn leads to where a column is made that is not there yet; nil: there is no way.
	AddColumn *AddColumn
	// GroupMeta is facts beside the title of a group.
	GroupMeta func(s *table.Scope, l *table.List, g table.Group) templ.Component
}

// Cell draws the value of a column of a row; p makes addresses of pages.
type Cell func(v *View, column string) templ.Component

// Extra is a column that is drawn and neither sorted nor filtered by.
type Extra struct {
	Name, Label, After, Width string
	Cell                      Cell
}

// View is one entity in front of a reader.
type View struct {
	*web.Request
	Scope *table.Scope
	Area  *Area
	Row   table.Row
	Form  *ui.Form   // a form of the page that was refused; nil: none
	since *differing // what differs since the moment of the address; nil: none is named
	Kept  any        // what the area reads once for all parts of the page

	mayEdit *bool // nil: not asked yet
}

// Path returns the address of the entity's page.
func (v *View) Path(parts ...string) string {
	return v.Request.Path(append([]string{v.Area.Table.Name(), ref(v.Row)}, parts...)...)
}

// ref is how an entity stands in an address: by its key, or by its identifier.
func ref(r table.Row) string {
	if k := r.Key(); k != "" {
		return k
	}
	return r.ID().String()
}

// Places lead from an entity of an area's kind to its page.
func Places(areas ...*Area) map[string]func(key string, id ledger.ID) string {
	places := map[string]func(string, ledger.ID) string{
		backlog.Views.Name(): func(_ string, id ledger.ID) string { return "views/" + id.String() },
	}
	places[collab.Comments.Name()] = discussion.Place
	for _, a := range areas {
		places[a.Table.Kind()] = func(key string, id ledger.ID) string {
			if key == "" {
				key = id.String()
			}
			return a.Table.Name() + "/" + key
		}
	}
	return places
}

// Routes are the routes of the areas' pages.
func Routes(areas ...*Area) []web.Route {
	all := append((&creator{areas}).routes(), cardRoute(areas))
	all = append(all, fileRoutes()...)

	all = append(all, web.Route{Method: http.MethodGet, Pattern: "/w/{workspace}/compare", Who: web.Member, Handle: compareAll(areas)})
	for _, a := range areas {
		base := "/w/{workspace}/" + a.Table.Name()
		add := func(method, path string, handle func(*Area, *web.Request) error) {
			all = append(all, web.Route{
				Method: method, Pattern: base + path, Who: web.Member,
				Handle: func(q *web.Request) error { return a.serve(q, path, handle) },
			})
		}
		add(http.MethodGet, "", (*Area).list)
		add(http.MethodGet, "/export.csv", (*Area).export)
		add(http.MethodGet, "/compare", (*Area).compare)
		add(http.MethodGet, "/compare.csv", (*Area).compareCSV)
		add(http.MethodGet, "/new", (*Area).newForm)
		add(http.MethodPost, "", (*Area).create)
		add(http.MethodPost, "/views", (*Area).saveView)
		add(http.MethodPost, "/views/edit", (*Area).changeView)
		add(http.MethodPost, "/views/remove", (*Area).dropView)
		add(http.MethodGet, "/filter", (*Area).filterForm)
		if slices.ContainsFunc(a.Table.Columns(nil), func(c table.Info) bool { return c.Writable && c.Boardable() && !c.Hidden }) {
			add(http.MethodPost, "/drop", (*Area).drop)
		}
		if a.Table.Rank() != "" {
			add(http.MethodPost, "/move", (*Area).move)
		}
		add(http.MethodGet, "/pick", (*Area).pick)
		add(http.MethodPost, "/set", (*Area).set)
		add(http.MethodPost, "/delete", (*Area).removeMany)
		add(http.MethodGet, "/{entity}", (*Area).show)
		add(http.MethodGet, "/{entity}/history", (*Area).history)
		add(http.MethodGet, "/{entity}/edit", (*Area).editForm)
		add(http.MethodPost, "/{entity}/edit", (*Area).edit)
		add(http.MethodGet, "/{entity}/field/{column}", (*Area).fieldForm)
		add(http.MethodPost, "/{entity}/field/{column}", (*Area).editField)
		add(http.MethodPost, "/{entity}/delete", (*Area).remove)
		add(http.MethodPost, "/{entity}/template", (*Area).saveTemplate)
		if a.hasTexts() {
			for _, r := range textRoutes {
				add(r.method, r.path, r.handle)
			}
		}
	}
	return append(all, web.Route{Method: http.MethodGet, Pattern: "/w/{workspace}/views/{entity}", Who: web.Member, Handle: openView(areas)})
}

// mayMake reports whether the reader may make one somewhere.
func (a *Area) mayMake(q *web.Request) bool { return q.MayAnywhere(ledger.OpCreate, a.Table.Kind()) }

// mayImport reports whether the area has an import that the reader may use.
func (a *Area) mayImport(q *web.Request) bool {
	return a.Import != "" && a.mayMake(q) && q.Workspace.Role.AtLeast(access.Editor)
}
