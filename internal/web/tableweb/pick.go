package tableweb

import (
	"cmp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Key is a letter that sets a column: on the current row, on the selection, on the page
// of an entity.
type Key struct {
	Letter, Column, Icon string
}

const (
	// offeredAtMost is how many values the picker shows; who looks for another types.
	offeredAtMost = 60
	// offeredEach is how many of each column it shows where it offers several columns.
	offeredEach = 6
	// markedAtMost is on how many entities the picker marks what they have.
	markedAtMost = 50
)

// offered is a value that can be chosen for a column.
type offered struct {
	column, value string
	label         string
	key           string          // "FB-42"
	face          templ.Component // nil: the label
	note          string
	mark          string // "true": all have it, "mixed": some
	words         string // what it is found by
}

// offer is what can be chosen for one column.
type offer struct {
	table.Info
	all  []offered
	more int // how many others there are
}

// pick answers with the values that can be chosen for a column, or for all of them at
// once: those whose words begin with what was typed.
func (a *Area) pick(q *web.Request) error {
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	columns, each := a.pickable(scope.View), offeredEach
	if name := q.Query("column"); name != "" {
		each = offeredAtMost
		columns = slices.DeleteFunc(columns, func(c table.Info) bool { return c.Name != name })
		if len(columns) == 0 {
			return fault.New(fault.NotFound, "there is no column %q whose value is chosen", name)
		}
	}
	var rows []table.Row
	if of := q.Query("of"); of != "" {
		for text := range strings.SplitSeq(of, ",") {
			id, err := ledger.ParseID(text)
			if err != nil {
				return fault.Wrap(fault.Invalid, err, "%q is no identifier", text)
			}
			if row, ok := a.Table.Row(scope.View, id); ok && len(rows) < markedAtMost {
				rows = append(rows, row)
			}
		}
	}
	text := strings.TrimSpace(q.Query("q"))
	var found []offer
	for _, c := range columns {
		o := a.offer(q, scope, c, text)
		a.mark(scope, c, o.all, rows)
		slices.SortStableFunc(o.all, func(x, y offered) int { return cmp.Compare(rank(x, text), rank(y, text)) })
		if over := len(o.all) - each; over > 0 {
			o.all, o.more = o.all[:each], over
		}
		if len(o.all) > 0 {
			found = append(found, o)
		}
	}
	return q.Fragment(pickList(text, found, len(columns) > 1))
}

// rank puts what is chosen now first, then what begins with what was typed.
func rank(c offered, text string) int {
	switch {
	case text == "" && c.mark != "":
		return 0
	case text != "" && strings.HasPrefix(strings.ToLower(c.label), strings.ToLower(text)):
		return 0
	}
	return 1
}

// pickable are the columns whose values are chosen and not typed.
func (a *Area) pickable(v ledger.View) []table.Info {
	var all []table.Info
	for _, c := range a.Table.Columns(v) {
		if way := edits(c); way == wayPick || way == wayMany {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(x, y table.Info) int { return cmp.Compare(a.keyAt(x.Name), a.keyAt(y.Name)) })
	return all
}

// keyAt is the place of a column among those with a letter.
func (a *Area) keyAt(column string) int {
	if i := slices.IndexFunc(a.Keys, func(k Key) bool { return k.Column == column }); i >= 0 {
		return i
	}
	return len(a.Keys)
}

// The ways in which a value is edited in its cell.
const (
	wayText = "text" // typed, as it is shown or in another form
	wayPick = "pick" // one is chosen
	wayMany = "many" // any number is chosen
	wayFlag = "flag" // it is turned round
)

// edits returns how a column is edited in its cell, "" if it is not.
func edits(c table.Info) string {
	switch {
	case !c.Writable || c.Name == "external_key" || c.Name == "archived" || c.Type == table.TypeLongText:
		return ""
	case c.Several():
		return wayMany
	case c.Type == table.TypeLink || c.Type == table.TypeChoice:
		return wayPick
	case c.Type == table.TypeFlag:
		return wayFlag
	}
	return wayText
}

// offer returns what a column can be set to, of what the words of the text find.
func (a *Area) offer(q *web.Request, s *table.Scope, c table.Info, text string) offer {
	var all []offered
	if !c.Need && !c.Several() {
		all = append(all, offered{column: c.Name, label: "No " + strings.ToLower(c.Label), face: muted("No " + strings.ToLower(c.Label)), words: "none no " + c.Label})
	}
	if to, ok := s.Set.Of(c.Kind); ok && c.Kind != "" {
		all = append(all, a.linkOffers(q, s, c, to)...)
	} else {
		for _, o := range a.Table.Options(s, c.Name, table.BulkAtMost) {
			all = append(all, offered{column: c.Name, value: o.Name, label: o.Label, words: o.Label})
		}
	}
	wanted := ledger.Words(text)
	found := slices.DeleteFunc(all, func(o offered) bool { return !begins(ledger.Words(o.words), wanted) })
	if len(found) == 0 && c.Kind != "" && text != "" {
		found = a.close(q, s, c, text)
	}
	if c.Free && text != "" && !slices.ContainsFunc(found, func(o offered) bool { return strings.EqualFold(o.value, text) }) {
		found = append(found, offered{column: c.Name, value: text, label: "Create “" + text + "”", note: "new"})
	}
	return offer{Info: c, all: found}
}

// begins reports whether each wanted word begins one that there is.
func begins(have, wanted []string) bool {
	for _, w := range wanted {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}

// linkOffers are the entities that a column can lead to: the reader first, then what is
// the reader's own.
func (a *Area) linkOffers(q *web.Request, s *table.Scope, c table.Info, to table.Any) []offered {
	var mine, others []offered
	owned, _ := to.Column(s.View, "owner")
	for _, row := range to.Listed(s) {
		o := a.linkOffer(s, c, row)
		switch own := row.ID() == s.Me && c.Kind == "person"; {
		case own:
			o.note, o.words = "you", o.words+" me"
			mine = append([]offered{o}, mine...)
		case owned.Kind == "person" && !s.Me.IsZero() && ownedBy(s, to, row):
			mine = append(mine, o)
		default:
			others = append(others, o)
		}
	}
	return append(mine, others...)
}

func ownedBy(s *table.Scope, t table.Any, r table.Row) bool {
	owner, ok := t.Target(s, r, "owner")
	return ok && owner.ID == s.Me
}

func (a *Area) linkOffer(s *table.Scope, c table.Info, row table.Row) offered {
	o := offered{column: c.Name, value: row.ID().String(), key: row.Key(), label: row.Title(), words: row.Key() + " " + row.Title()}
	switch draw := a.Marks[c.Name]; {
	case draw != nil:
		o.face = draw(s, row.ID())
	case c.Kind == "person":
		o.face = ui.Person{ID: o.value, Name: o.label}
	case c.Kind == "objective":
		o.face, o.key = ui.Objective{Colour: strategy.Colour(s.View, row.ID()), Name: o.label}, ""
	}
	return o
}

// close returns what is spelt nearly like the text.
func (a *Area) close(q *web.Request, s *table.Scope, c table.Info, text string) []offered {
	to, ok := s.Set.Of(c.Kind)
	if !ok {
		return nil
	}
	var all []offered
	found := q.Kit.Ledger.Registry().Search(s.View, ledger.Query{Text: text, Kinds: []ledger.AnyKind{to.AnyKind()}, Limit: offeredEach})
	for _, h := range found.Hits {
		if row, ok := to.Row(s.View, h.ID); ok {
			all = append(all, a.linkOffer(s, c, row))
		}
	}
	return all
}

// mark notes on what is offered which of them the rows have.
func (a *Area) mark(s *table.Scope, c table.Info, all []offered, rows []table.Row) {
	if len(rows) == 0 {
		return
	}
	count := map[string]int{}
	for _, r := range rows {
		for _, value := range a.has(s, r, c) {
			count[value]++
		}
	}
	for i := range all {
		switch n := count[all[i].value]; {
		case n == len(rows):
			all[i].mark = "true"
		case n > 0:
			all[i].mark = "mixed"
		}
	}
}

// has returns the values of a column of a row as they are offered.
func (a *Area) has(s *table.Scope, r table.Row, c table.Info) []string {
	if c.Type == table.TypeLink {
		to, _ := a.Table.Target(s, r, c.Name)
		if to.Private {
			return nil
		}
		if to.ID.IsZero() {
			return []string{""}
		}
		return []string{to.ID.String()}
	}
	switch v := a.Table.Value(s, r, c.Name).(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []table.Target:
		var all []string
		for _, to := range v {
			all = append(all, to.ID.String())
		}
		return all
	}
	return []string{""}
}
