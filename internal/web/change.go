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
	if c, ok := t.Column(s.View, ch.Field); ok && c.Type == table.TypeDay {
		words := q.Words()
		day := func(d string) string {
			if d == "" {
				return ""
			}
			return words.Day(calendar.Day(d))
		}
		was, now = day(was), day(now)
	}
	return label, was, now
}
