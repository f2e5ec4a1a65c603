package tableweb

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// history answers with every change of one entity, the newest first. In the past it ends
// at the moment that is shown.
func (a *Area) history(q *web.Request) error {
	v, err := a.Find(q)
	if err != nil {
		return err
	}
	days, err := v.changes(0)
	if err != nil {
		return err
	}
	return q.Page(v.page("History"), historyPage(v, days))
}

// change is one entry of the journal with the commit it belongs to.
type change struct {
	commit ledger.Commit
	entry  ledger.Entry
}

// changes returns the latest changes by day, all of them if most is 0.
func (v *View) changes(most int) ([]ui.HistoryDay, error) {
	until, err := v.Moment(v.Query("at"))
	if err != nil {
		return nil, err
	}
	var all []change
	undone := map[ledger.Seq]bool{}
	for c, err := range v.Kit.Ledger.History(v.Context(), v.Live(), v.Area.Table.AnyKind(), v.Row.ID()) {
		if err != nil {
			return nil, err
		}
		if c.Undoes != 0 {
			undone[c.Undoes] = true
		}
		for _, e := range c.Entries {
			if until.Holds(c.Seq, e.At) {
				all = append(all, change{c, e})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b change) int {
		return -cmp.Or(cmp.Compare(a.entry.At, b.entry.At), cmp.Compare(a.commit.Seq, b.commit.Seq))
	})
	if most > 0 {
		all = all[:min(most, len(all))]
	}
	names := v.Names()
	words := v.Words()
	var days []ui.HistoryDay
	for _, c := range all {
		at := c.entry.At.Go()
		title := words.DayHead(calendar.DayOf(at.In(words.Zone)))
		if n := len(days); n == 0 || days[n-1].Title != title {
			days = append(days, ui.HistoryDay{Title: title})
		}
		day := &days[len(days)-1]
		day.Events = append(day.Events, v.event(c, names, undone[c.commit.Seq]))
	}
	return days, nil
}

func (v *View) event(c change, names func(ledger.ID) string, undone bool) ui.Event {
	who := c.commit.Actor.ID
	if !c.entry.Actor.IsZero() {
		who = c.entry.Actor
	}
	e := ui.Event{
		Time: v.Words().Clock(c.entry.At.Go()), Who: ui.Person{ID: who.String(), Name: names(who)},
		Verb: verb(c.commit.Verb, c.entry.Op), Undone: undone,
	}
	if who == ledger.System.ID {
		e.Icon, e.Who.Name = "refresh-cw", "Throughline"
	}
	if via := c.commit.Actor.Via; !via.IsZero() {
		e.Cause = "by " + names(via)
	}
	if c.entry.Op != ledger.OpDelete {
		for _, f := range c.entry.Changes {
			for _, shown := range v.ShowChanges(v.Area.Table, v.Scope, f) {
				if shown.Was == shown.Now && c.entry.Op == ledger.OpEdit && shown.Was != "" {
					shown.Now = "changed"
				}
				change := ui.FieldChange{Label: shown.Label, Old: short(shown.Was), New: short(shown.Now)}
				if col, ok := v.Area.Table.Column(v.Scope.View, shown.Field); ok && col.Type == table.TypeLongText && shown.Now != "" {
					change.Href = v.versionPath(col.Name, c.commit.Seq, "")
				}
				e.Changes = append(e.Changes, change)
			}
		}
	}
	if c.entry.Op == ledger.OpCreate && len(e.Changes) > 6 {
		e.Changes = e.Changes[:6]
	}
	live := c.commit.Branch.IsZero() && c.commit.Merges.IsZero()
	if v.MayEdit() && live && !undone && c.entry.Op == ledger.OpEdit && c.commit.Verb != "import" {
		e.Undo = undoButton(v, c.commit.Seq)
	}
	return e
}

// verb names what happened in the words of a sentence without its subject.
func verb(said string, op ledger.Op) string {
	switch {
	case said == "edit" || said == "":
		return map[ledger.Op]string{ledger.OpCreate: "Created", ledger.OpEdit: "Changed", ledger.OpDelete: "Deleted"}[op]
	case said == "create" && op == ledger.OpCreate:
		return "Created"
	case said == "import" && op == ledger.OpEdit:
		return "Changed"
	}
	return strings.ToUpper(said[:1]) + said[1:]
}

// undoButton is a form that takes one commit back.
func undoButton(v *View, seq ledger.Seq) templ.Component {
	return undoForm("/w/"+v.Workspace.Slug+"/undo", strconv.FormatInt(int64(seq), 10), v.R.URL.RequestURI())
}
