package pages

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/thread"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// stationActions lead to the stations of a feature's thread, each by its number.
func stationActions(v *tableweb.View) []ui.Action {
	var all []ui.Action
	for i, s := range thread.Stations(v.Scope.View, feature(v), v.Scope.Today) {
		all = append(all, ui.Action{
			Group: "This feature", Label: "Station " + string(s.Station), Icon: "circle-dot", Keys: []string{strconv.Itoa(i + 1)}, Press: true, Words: "thread throughline",
		})
	}
	return all
}

// servingAtMost is how many objectives the palette offers.
const servingAtMost = 12

// Serving leads from the objectives that a text finds to the features that serve them.
func Serving(q *web.Request, text string) ([]ui.Hit, error) {
	scope, err := q.Scope()
	if err != nil {
		return nil, err
	}
	var rows []ledger.ID
	if text == "" {
		for o := range strategy.Objectives.All(scope.View) {
			if !o.Archived {
				rows = append(rows, o.ID)
			}
		}
		slices.Reverse(rows)
	} else {
		found := q.Kit.Ledger.Registry().Search(scope.View, ledger.Query{Text: text, Kinds: []ledger.AnyKind{strategy.Objectives}, Limit: servingAtMost})
		for _, h := range found.Hits {
			rows = append(rows, h.ID)
		}
	}
	var hits []ui.Hit
	for _, id := range rows[:min(len(rows), servingAtMost)] {
		o, ok := strategy.Objectives.Get(scope.View, id)
		if !ok {
			continue
		}
		hits = append(hits, ui.Hit{
			Icon: "target", Key: o.Key, Title: o.Title, Note: "its features",
			Href: ui.With(q.Path("features"), "filter", "objective = "+cmp.Or(o.Key, id.String())),
		})
	}
	return hits, nil
}
