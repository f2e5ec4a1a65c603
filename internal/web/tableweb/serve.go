package tableweb

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// absent is an entity that does not exist at the moment of the page, and does at another.
type absent struct {
	row      table.Row        // as it is now; zero if it is deleted
	deletion *ledger.Deletion // nil if it is not
	cause    error
}

func (a *absent) Error() string { return a.cause.Error() }
func (a *absent) Unwrap() error { return a.cause }

// elsewhen looks for an entity that the moment of the page does not have at others that
// the reader may see: it did not exist yet, or it is deleted.
func (a *Area) elsewhen(q *web.Request, text string) error {
	missing := fault.New(fault.NotFound, "there is no %s %s", a.Table.One(), text)
	live := q.Live()
	id, err := ledger.ParseID(text)
	if err != nil {
		if found := a.Table.Named(live, text); strings.Contains(text, "-") && len(found) == 1 {
			id = found[0]
		}
	}
	if row, ok := a.Table.Row(live, id); ok {
		if !q.Past() { // the snapshot of a proposal has it not
			return missing
		}
		return &absent{row: row, cause: missing}
	}
	var d ledger.Deletion
	var ok bool
	switch {
	case !id.IsZero():
		d, ok, err = q.Kit.Ledger.Deleted(q.Context(), live, a.Table.AnyKind(), id)
	case strings.Contains(text, "-"):
		d, ok, err = q.Kit.Ledger.DeletedKey(q.Context(), live, a.Table.AnyKind(), strings.ToUpper(text))
	default:
		return missing
	}
	if err != nil {
		return err
	}
	if !ok {
		return missing
	}
	return &absent{deletion: &d, cause: missing}
}

// forms are the pages that only write: who may not is led from them to what they are about.
var forms = []string{"/new", "/{entity}/edit", "/{entity}/field/{column}", "/{entity}/texts/{column}/edit"}

// serve answers one of the area's routes. What exists at another moment alone gets a page
// that leads there.
func (a *Area) serve(q *web.Request, path string, handle func(*Area, *web.Request) error) error {
	if slices.Contains(forms, path) && safe(q) {
		if q.R.PathValue("entity") != "" { // of what is not there, nothing else is said
			v, err := a.Find(q)
			if err != nil {
				return a.absentOr(q, err)
			}
			if !v.MayEdit() {
				return q.Redirect(v.Path())
			}
		} else if !a.mayMake(q) {
			return q.Redirect(q.Path(a.Table.Name()))
		}
	}
	return a.absentOr(q, handle(a, q))
}

// absentOr answers a failure to find what exists at another moment alone.
func (a *Area) absentOr(q *web.Request, err error) error {
	var x *absent
	if errors.As(err, &x) && safe(q) && !q.Partial() {
		return a.absentPage(q, x)
	}
	return err
}

// safe reports whether the request only reads.
func safe(q *web.Request) bool {
	return q.R.Method == http.MethodGet || q.R.Method == http.MethodHead
}

// absentPage says when the entity exists, and leads there.
func (a *Area) absentPage(q *web.Request, x *absent) error {
	text := q.R.PathValue("entity")
	here := "/w/" + q.Workspace.Slug + "/" + a.Table.Name() + "/" + text
	v := ui.Void{Icon: a.Icon}
	if x.deletion == nil {
		created := x.row.Meta().CreatedAt.Go()
		day := calendar.DayOf(created.In(q.Workspace.Zone()))
		v.Title = text + " did not exist yet"
		v.Text = x.row.Title() + " was made on " + q.Words().LongDay(day) + "."
		v.Action = moments(ui.Link{Label: "See its first day", Href: ui.With(here, "at", string(day))}, ui.Link{Label: "See it now", Href: here})
	} else {
		e := x.deletion.Entries[0]
		name := text
		if x.deletion.Key != "" {
			name = x.deletion.Key
		}
		who := x.deletion.Actor.ID
		if !e.Actor.IsZero() {
			who = e.Actor
		}
		by := q.Names()(who)
		if by == "" {
			by = "somebody"
		}
		at := e.At.Go()
		v.Title = name + " is deleted"
		v.Text = "It was deleted on " + q.Words().LongDay(calendar.DayOf(at.In(q.Workspace.Zone()))) + " by " + by + "."
		v.Action = moments(ui.Link{Label: "See it as it was", Href: ui.With(here, "at", fmt.Sprintf("@%d", x.deletion.Seq-1))})
	}
	return q.Page(web.Page{
		Title: text, Status: http.StatusNotFound,
		Crumbs: []ui.Link{{Label: a.Table.Label(), Href: q.Path(a.Table.Name())}},
	}, absentPage(v))
}
