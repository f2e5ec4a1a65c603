package web

import (
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// ShowChange puts a changed field of an entity of the table into words, with days as pages
// write them.
func (q *Request) ShowChange(t table.Any, s *table.Scope, ch ledger.FieldChange) (label, was, now string) {
	label, was, now = t.ShowChange(s, ch)
	shown := q.withDays(t, s, table.Shown{Field: ch.Field, Label: label, Was: was, Now: now})
	return shown.Label, shown.Was, shown.Now
}

// ShowChanges is ShowChange for a field that may hold the values of several columns.
func (q *Request) ShowChanges(t table.Any, s *table.Scope, ch ledger.FieldChange) []table.Shown {
	all := t.ShowChanges(s, ch)
	for i := range all {
		all[i] = q.withDays(t, s, all[i])
	}
	return all
}

func (q *Request) withDays(t table.Any, s *table.Scope, shown table.Shown) table.Shown {
	c, ok := t.Column(s.View, shown.Field)
	if !ok || c.Type != table.TypeDay {
		return shown
	}
	words := q.Words()
	for _, d := range []*string{&shown.Was, &shown.Now} {
		if *d != "" {
			*d = words.Day(calendar.Day(*d))
		}
	}
	return shown
}
