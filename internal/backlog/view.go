package backlog

import (
	"net/url"
	"slices"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// View is a list that somebody saved under a name: the query string of its address.
type View struct {
	ledger.Meta
	Title  string `json:"title,omitzero" ledger:"title"`
	Of     string `json:"of,omitzero"`     // the table it lists: "features"
	Query  string `json:"query,omitzero"`  // as table.Query writes it
	Layout string `json:"layout,omitzero"` // "list", "board" or "matrix"
	Shared bool   `json:"shared,omitzero"` // seen by everybody, not by its maker alone
}

var layouts = []table.Option{{Name: "list", Label: "List"}, {Name: "board", Label: "Board"}, {Name: "matrix", Label: "Matrix"}}

// Views is the kind of saved views.
var (
	Views = ledger.NewKind[View]("view")
	_     = Views.Check(checkView)
)

// ViewTable is what can be read and written of saved views.
var ViewTable = table.New(Views, table.Spec[View]{
	Name: "views", One: "view", Label: "Views",
	Title: func(w *View) string { return w.Title },
	New: func(_ ledger.View, w *View) {
		if w.Layout == "" {
			w.Layout = "list"
		}
		if w.Of == "" {
			w.Of = "features"
		}
	},
	Columns: []table.Column[View]{
		table.Text("title", "Title", func(w *View) *string { return &w.Title }).Required(),
		table.Text("of", "Of", func(w *View) *string { return &w.Of }).Required(),
		table.Text("query", "Query", func(w *View) *string { return &w.Query }).Describe("filter, sort, group and columns, as in an address"),
		table.Choice("layout", "Layout", layouts, func(w *View) *string { return &w.Layout }).Required(),
		table.Flag("shared", "Shared", func(w *View) *bool { return &w.Shared }).Describe("seen by everybody"),
	},
})

func checkView(v ledger.View, _, after *View, f *fault.Fields) {
	if after == nil {
		return
	}
	ViewTable.Required(v, after, f)
	if !slices.ContainsFunc(layouts, func(o table.Option) bool { return o.Name == after.Layout }) {
		f.Add("layout", "must be list, board or matrix")
	}
	q, err := url.ParseQuery(after.Query)
	if err == nil {
		_, err = table.ParseQuery(q)
	}
	if err != nil {
		f.Add("query", "%v", err)
	}
}

// Rules are the lines of the policy table for this slice.
var Rules = []access.Rule{
	{
		Kind: "feature", Create: access.Contributor, Edit: access.Editor, Delete: access.Editor, Mine: mine,
		Product: func(_ ledger.View, e ledger.Entity) ledger.ID { return e.(*Feature).Product.ID() },
	},
	{
		Kind: "dependency", Create: access.Editor, Edit: access.Editor, Delete: access.Editor,
		Product: func(v ledger.View, e ledger.Entity) ledger.ID { return productOf(v, e.(*Dependency).From.ID()) },
		Also:    func(v ledger.View, e ledger.Entity) ledger.ID { return productOf(v, e.(*Dependency).To.ID()) },
		Reads:   []ledger.AnyKind{Features},
	},
	{Kind: "status", Create: access.Admin, Edit: access.Admin, Delete: access.Admin, Guests: true},
	{Kind: "custom_field", Create: access.Admin, Edit: access.Admin, Delete: access.Admin, Guests: true},
	{Kind: "formula", Create: access.Editor, Edit: access.Editor, Delete: access.Editor, Guests: true},
	{Kind: "template", Create: access.Editor, Edit: access.Editor, Delete: access.Editor, Guests: true},
	{
		Kind: "view", Create: access.Viewer, Edit: access.Viewer, Delete: access.Viewer, Guard: guardView,
		Hidden: func(_ ledger.View, e ledger.Entity, account ledger.ID) bool {
			return !e.(*View).Shared && ledger.MetaOf(e).CreatedBy != account
		},
	},
}
