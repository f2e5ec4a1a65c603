package proposalweb

import (
	"errors"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Impact is all that an open proposal would do, as a reader may know it.
type Impact struct {
	Touched   []Touched
	Fields    int    // changes of all of them
	Conflicts int    // of them and of what the reader does not see
	Hidden    int    // conflicts about what was deleted or is not for the reader
	Refusal   string // why a merge would be refused, though nothing conflicts; "": it would not
}

// Touched is an entity that a proposal changes.
type Touched struct {
	table.Target
	Op      ledger.Op // create, edit or delete
	Href    string    // its page in the proposal, "" for none
	Changes []Change
}

// Change is one field that a proposal changes, in words; one that makes or deletes an
// entity has no field.
type Change struct {
	Field, Label string
	Was, Now     string
	By           string // who wrote it and when: "Tovi, 9 May"
	Meets        *Meeting
}

// Meeting is a conflict: the field changed live too, or the entity was deleted on one
// side; Whole says that it is about all of the entity.
type Meeting struct {
	Base, Here, Live string
	Reason           string
	Whole            bool
}

// Read finds out what an open proposal would do. scope says for whom its values are.
//
// Errors: fault.Conflict for a proposal that has ended.
func Read(q *web.Request, scope *table.Scope, p *ledger.Proposal) (*Impact, error) {
	ctx, ws, as := q.Context(), q.Workspace.ID, q.Principal.Actor()
	pending, err := q.Kit.Ledger.In(ctx, ws, as, p.ID)
	if err != nil {
		return nil, err
	}
	im := &Impact{}
	who, err := authors(q, pending)
	if err != nil {
		return nil, err
	}
	found, err := q.Kit.Ledger.Conflicts(ctx, ws, as, p.ID)
	switch {
	case err != nil && fault.KindOf(err) == "":
		return nil, err
	case err != nil:
		im.Refusal = refusalOf(err)
	}
	then, now := scope.In(pending.Live()), scope.In(pending)
	for c, err := range ledger.Diff(ctx, pending.Live(), pending) {
		if err != nil {
			return nil, err
		}
		x, ok, err := touched(q, then, now, c, who)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if x.Href != "" && x.Op != ledger.OpDelete {
			x.Href = ui.With(x.Href, "in", p.Key)
		}
		im.Touched = append(im.Touched, x)
	}
	for _, c := range found {
		im.meet(q, then, c)
	}
	for _, x := range im.Touched {
		im.Fields += len(x.Changes)
	}
	return im, nil
}

// touched puts what differs of one entity into words; false if pages know nothing of it.
func touched(q *web.Request, then, now *table.Scope, c ledger.Change, who authorship) (x Touched, ok bool, err error) {
	t, ok := q.Kit.Tables.Of(c.Kind)
	if !ok {
		return x, false, nil
	}
	x.Op = ledger.OpEdit
	scope := now
	switch {
	case c.Before == nil:
		x.Op = ledger.OpCreate
	case c.After == nil:
		x.Op, scope = ledger.OpDelete, then
	}
	if x.Target, ok = scope.Target(c.Kind, c.ID); !ok || x.Private {
		return x, false, nil
	}
	if lead, is := q.Kit.Places[c.Kind]; is {
		x.Href = q.Path(lead(x.Key, c.ID))
	}
	if x.Op == ledger.OpDelete {
		x.Changes = []Change{{By: who.of(c.ID, "")}}
		return x, true, nil
	}
	fields, err := c.Fields()
	if err != nil {
		return x, false, err
	}
	for _, ch := range fields {
		if ch.Field == "key" || ch.Field == "former_keys" {
			continue
		}
		for _, shown := range q.ShowChanges(t, now, ch) {
			if x.Op == ledger.OpCreate && shown.Now == "" {
				continue
			}
			if shown.Was == shown.Now {
				shown.Now = "changed" // what it holds says nothing in a line
			}
			x.Changes = append(x.Changes, Change{Field: ch.Field, Label: shown.Label, Was: shown.Was, Now: shown.Now, By: who.of(c.ID, ch.Field)})
		}
	}
	return x, true, nil
}

// meet puts a conflict to the change that it is about. Of what the reader may not see,
// nothing is told but that it is there.
func (im *Impact) meet(q *web.Request, live *table.Scope, c ledger.Conflict) {
	im.Conflicts++
	t, ok := q.Kit.Tables.Of(c.Kind)
	i := slices.IndexFunc(im.Touched, func(x Touched) bool { return x.ID == c.ID })
	if ok && i < 0 {
		if to, seen := live.Target(c.Kind, c.ID); seen && !to.Private {
			im.Touched = append(im.Touched, Touched{Target: to, Op: ledger.OpEdit})
			i = len(im.Touched) - 1
		}
	}
	if i < 0 {
		im.Hidden++
		return
	}
	x := &im.Touched[i]
	met := &Meeting{Reason: c.Reason, Whole: c.Field == ""}
	f := Change{Field: c.Field, Meets: met}
	if c.Field != "" {
		f.Label, met.Base, met.Here = q.ShowChange(t, live, ledger.FieldChange{Field: c.Field, Old: c.Base, New: c.Yours})
		_, _, met.Live = q.ShowChange(t, live, ledger.FieldChange{Field: c.Field, Old: c.Base, New: c.Theirs})
		f.Was, f.Now = met.Base, met.Here
	}
	if j := slices.IndexFunc(x.Changes, func(o Change) bool { return o.Field == c.Field || c.Field == "" }); j >= 0 {
		x.Changes[j].Meets = met
		return
	}
	x.Changes = append(x.Changes, f)
}

// met is a change that meets another.
type met struct {
	Touched
	Change
}

// meetings are the changes that meet others.
func (im *Impact) meetings() (all []met) {
	for _, x := range im.Touched {
		for _, c := range x.Changes {
			if c.Meets != nil {
				all = append(all, met{x, c})
			}
		}
	}
	return all
}

// authorship is who wrote what in a proposal, in words.
type authorship map[ledger.ConflictKey]string

func (a authorship) of(id ledger.ID, field string) string {
	return a[ledger.ConflictKey{ID: id, Field: field}]
}

func authors(q *web.Request, pending *ledger.Snapshot) (authorship, error) {
	names, words := q.Names(), q.Words()
	all := authorship{}
	note := func(id ledger.ID, field, said string) {
		at := ledger.ConflictKey{ID: id, Field: field}
		if _, later := all[at]; !later {
			all[at] = said
		}
	}
	for c, err := range q.Kit.Ledger.Pending(q.Context(), pending) {
		if err != nil {
			return nil, err
		}
		said := names(c.Actor.ID) + ", " + words.Day(calendar.DayOf(c.At.Go().In(words.Zone)))
		if c.Verb == "settle" || c.Verb == "rebase" {
			said += ", settled"
		}
		for _, e := range c.Entries {
			note(e.ID, "", said)
			for _, ch := range e.Changes {
				note(e.ID, ch.Field, said)
			}
		}
	}
	return all, nil
}

// refusalOf says what is wrong with all fields.
func refusalOf(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	parts := []string{}
	if f.Message != "" {
		parts = append(parts, f.Message)
	}
	for _, x := range f.Fields {
		parts = append(parts, x.Message)
	}
	return strings.Join(parts, "; ")
}
