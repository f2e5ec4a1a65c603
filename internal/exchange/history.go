package exchange

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
)

// event is one dated change of one field, as a history file tells it.
type event struct {
	at    time.Time
	field string // empty: the entity was there
	value any
	by    ledger.ID
	place Problem
}

// readHistory reads the dated changes and folds them into the steps of the items. The
// file has, per change, kind, key, field, at, new and perhaps old and by.
func (p *planner) readHistory() error {
	if p.request.History == nil {
		p.complete()
		return nil
	}
	f, err := p.request.History.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	rd, err := Read(f, "")
	if err != nil {
		return err
	}
	events := 0
	for row, err := range rd.Rows() {
		if err != nil {
			return err
		}
		if events++; events > 10*maxRows {
			p.add(Problem{File: p.request.History.Name, Row: row.Number, Line: row.Line, Reason: fmt.Sprintf("there are more than %d changes", 10*maxRows), Remedy: "cut the file into several"})
			break
		}
		p.event(rd, row)
	}
	for it, events := range p.history {
		slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
		for _, e := range events {
			last := len(it.steps) - 1
			if last < 0 || !it.steps[last].at.Equal(e.at) || it.steps[last].by != e.by {
				it.steps = append(it.steps, step{at: e.at, by: e.by, in: table.Input{}, places: map[string]Problem{}})
				last++
			}
			if e.field != "" {
				it.steps[last].in[e.field], it.steps[last].places[e.field] = e.value, e.place
			}
		}
	}
	p.history = nil
	p.complete()
	return nil
}

// complete gives items what they need and nothing said.
func (p *planner) complete() {
	for _, it := range p.items {
		p.fillProduct(it)
		if it.existing || p.request.History == nil || it.at.File != p.request.History.Name {
			continue
		}
		name := "title"
		if _, ok := it.table.Column(p.scope.View, "name"); ok {
			name = "name"
		}
		if it.in[name] == nil && !p.inHistory(it, name) {
			it.in[name] = it.key
		}
	}
}

// event reads one change.
func (p *planner) event(rd *Reader, row Row) {
	get := func(column string) string {
		values, _ := rd.Get(row, column)
		return strings.TrimSpace(strings.Join(values, "; "))
	}
	at := Problem{File: p.request.History.Name, Row: row.Number, Line: row.Line}
	blame := func(column, value, reason, remedy string) {
		at.Column, at.Value, at.Reason, at.Remedy = column, excerpt(value), reason, remedy
		p.add(at)
	}
	for _, problem := range row.Problems {
		problem.File = at.File
		p.add(problem)
	}
	if len(row.Problems) > 0 {
		return
	}
	kind, key, field := get("kind"), get("key"), get("field")
	if kind == "" {
		kind = p.Mapping.Kind
	}
	t, ok := p.table(kind)
	if !ok {
		blame("kind", kind, fmt.Sprintf("%q is no kind of entity", kind), "name one of "+strings.Join(p.kinds(), ", "))
		return
	}
	if key == "" {
		blame("key", "", "the key is missing", "write the key of the row that changed")
		return
	}
	d, err := ParseDate(get("at"), AnyOrder)
	if err != nil {
		blame("at", get("at"), err.Error(), "write it as 2026-03-31T14:30:00Z")
		return
	}
	when := d.In(p.scope.Zone)
	if when.After(p.request.Now) {
		blame("at", get("at"), "it lies in the future", "correct the date")
		return
	}
	it := p.byKey[t.Kind()][key]
	if it == nil {
		it = &item{table: t, at: at, key: key, name: key, in: table.Input{"external_key": key}, from: map[string]string{}, raw: map[string]string{}}
		p.register(it)
	}
	if it.existing {
		p.note("the history of what is there already is not written again")
		return
	}
	e := event{at: when, by: p.account(get("by"))}
	if field != "" {
		info, ok := p.fieldOf(t, field)
		if !ok || !info.Writable {
			blame("field", field, "there is no such field to write", "take one of "+p.fieldNames([]string{kind}))
			return
		}
		e.field = info.Name
		b := binding{info: info}
		for _, m := range p.bound[t.Kind()] {
			if m.info.Name == info.Name && m.Column != "" {
				b.ColumnMapping = m.ColumnMapping
			}
		}
		given, _ := rd.Get(row, "new")
		var values []string
		for _, v := range b.apply(given) {
			v, err := p.normal(b, v)
			if err != nil {
				blame("new", v, err.Error(), remedyFor(info))
				return
			}
			values = append(values, v)
		}
		if e.value, err = oneOrSeveral(info, values); err != nil {
			blame("new", strings.Join(values, "; "), err.Error(), "write one value")
			return
		}
		e.place = at
		e.place.Column, e.place.Value = "new", excerpt(strings.Join(values, "; "))
	}
	p.history[it] = append(p.history[it], e)
}

// account returns the account of who made a change, if it is known here.
func (p *planner) account(who string) ledger.ID {
	if who == "" {
		return ledger.ID{}
	}
	for _, id := range people.PersonTable.Named(p.scope.View, who) {
		if person, ok := people.Persons.Get(p.scope.View, id); ok {
			return person.Account
		}
	}
	return ledger.ID{}
}
