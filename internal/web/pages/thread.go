package pages

import (
	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/thread"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// progressOf says how the states of stations are drawn.
var progressOf = map[thread.State]ui.Progress{
	thread.Missing: ui.Missing, thread.InProgress: ui.Started, thread.AtRisk: ui.AtRisk, thread.Done: ui.Complete,
}

func dotsCell(v *tableweb.View, _ string) templ.Component {
	standing := thread.Stations(v.Scope.View, feature(v), v.Scope.Today)
	all := make([]ui.Station, len(standing))
	for i, s := range standing {
		all[i] = ui.Station{Name: string(s.Station), State: progressOf[s.State]}
	}
	return ui.Dots{Stations: all, Href: placeOf(v)}
}

// strip is the thread on top of a feature: each station leads to where it is mended.
func strip(v *tableweb.View) templ.Component {
	standing := thread.Stations(v.Scope.View, feature(v), v.Scope.Today)
	t := ui.Thread{Current: thread.Current(standing)}
	for _, s := range standing {
		t.Stations = append(t.Stations, ui.Station{
			Name: string(s.Station), State: progressOf[s.State], Note: s.Fact, Href: mendedAt(v, s.Place),
		})
	}
	return t
}

// mendedAt returns the address of a place, as seen from the page of an entity. Who cannot
// write is led to where it can be read.
func mendedAt(v *tableweb.View, p thread.Place) string {
	switch {
	case p.ID != v.Row.ID():
		return pathOf(v, p.Kind, p.ID)
	case p.Field == "":
		return "#main"
	case p.Field == "description":
		return "#" + p.Field
	case v.MayEdit():
		return v.Path("field", p.Field)
	}
	return "#p-" + p.Field
}

// pathOf returns the address of the page of an entity.
func pathOf(v *tableweb.View, kind string, id ledger.ID) string {
	to, _ := v.Scope.Target(kind, id)
	lead, ok := v.Kit.Places[kind]
	if !ok || to.Private {
		return "#main"
	}
	return v.Request.Path(lead(to.Key, id))
}
