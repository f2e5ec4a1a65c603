package tableweb

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// None stands where a cell has no value.
var None = muted("–")

// muted is a text that steps back.
func muted(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<span class="mute">`+templ.EscapeString(text)+`</span>`)
		return err
	})
}

// cell draws a column of the view's row, behind what it was at the moment since which the
// page marks what differs.
func (v *View) cell(c table.Info) templ.Component {
	if was := v.was(c); was != nil {
		return changedCell(was, v.value(c), v.since.pending)
	}
	return v.value(c)
}

// value draws a column of the view's row.
func (v *View) value(c table.Info) templ.Component {
	if draw, ok := v.Area.Cells[c.Name]; ok {
		return draw(v, c.Name)
	}
	t := v.Area.Table
	if c.Type == table.TypeLink {
		return v.link(t, c)
	}
	text := t.Show(v.Scope, v.Row, c.Name)
	switch {
	case text == "" || (c.Type == table.TypeFlag && text != "yes"):
		return None
	case c.Type == table.TypeDay:
		return ui.Text(v.Words().Day(calendar.Day(text)))
	case c.Type == table.TypeMoment:
		if at, ok := t.Value(v.Scope, v.Row, c.Name).(ledger.Time); ok {
			return moment(v.Words().Ago(at.Go()), v.Words().Moment(at.Go()))
		}
	case c.Type == table.TypeNumber:
		if n, ok := t.Value(v.Scope, v.Row, c.Name).(float64); ok {
			return quantity(ui.Number(n), c.Unit)
		}
	case c.Type == table.TypeChoices:
		if all, ok := t.Value(v.Scope, v.Row, c.Name).([]string); ok {
			return tags(all)
		}
	case c.Type == table.TypeURL:
		return webLink(text)
	case c.Type == table.TypeLinks:
		if all, ok := t.Value(v.Scope, v.Row, c.Name).([]table.Target); ok {
			return v.targets(all)
		}
	}
	return ui.Text(text)
}

// link draws what a column leads to: a person with an avatar, an objective with its
// colour, anything else by its title.
func (v *View) link(t table.Any, c table.Info) templ.Component {
	to, ok := t.Target(v.Scope, v.Row, c.Name)
	if !ok {
		return None
	}
	return v.target(to)
}

func (v *View) target(to table.Target) templ.Component {
	switch {
	case to.Private:
		return muted(to.String())
	case to.Kind == "person":
		return ui.Person{ID: to.ID.String(), Name: to.Title}
	case to.Kind == "objective":
		return ui.Objective{Colour: strategy.Colour(v.Scope.View, to.ID), Name: to.Title}
	case to.Key != "":
		return keyLink(v.place(to), to.Key, to.Title)
	}
	return ui.Text(to.Title)
}

func (v *View) targets(all []table.Target) templ.Component {
	parts := make([]templ.Component, len(all))
	for i, to := range all {
		parts[i] = v.target(to)
	}
	return row(parts)
}

// place returns the address of an entity's page, "" if it has none.
func (v *View) place(to table.Target) string {
	lead, ok := v.Kit.Places[to.Kind]
	if !ok || to.Private {
		return ""
	}
	return v.Request.Path(lead(to.Key, to.ID))
}
