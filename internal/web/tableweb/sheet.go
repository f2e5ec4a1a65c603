package tableweb

import (
	"slices"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/table"
)

// Sheet is a list in front of a reader, as what an area adds to its page knows it.
type Sheet struct {
	*View   // without a row
	Query   table.Query
	List    *table.List
	Shown   []string // the names of the columns, in order
	Address func(table.Query) string
}

func (l *listing) sheet() *Sheet {
	return &Sheet{View: l.View, Query: l.query, List: l.list, Shown: l.names(), Address: l.address}
}

// Ranked is the address of the list with a column shown behind the title and sorted by, the
// greatest first, without groups.
func (s *Sheet) Ranked(column string) string {
	q := s.Query
	q.Layout, q.Group, q.Folded, q.Sort = "", "", nil, []table.Sort{{Column: column, Desc: true}}
	if !slices.Contains(s.Shown, column) {
		q.Columns = slices.Insert(slices.Clone(s.Shown), slices.Index(s.Shown, "title")+1, column)
	}
	return s.Address(q)
}

// AddColumn is how a column is made that is not there yet.
type AddColumn struct {
	Label  string // of the line in the menu, and of the dialog
	ID     string // of the dialog
	Path   string // the page that does the same
	Dialog func(*Sheet) templ.Component
}

// mayAddColumn reports whether the list can get a new column here and now.
func (a *Area) mayAddColumn(l *listing) bool {
	return l.MayEdit() && l.query.Layout == "" && l.fault == ""
}
