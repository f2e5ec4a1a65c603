package pages

import (
	"math"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

var features = &tableweb.Area{
	Table: thread.FeatureTable, Icon: "layers",
	Import:  "import",
	Columns: []string{"key", "title", "objective", "owner", "score", "effort", "target", "release", "status"},
	Form:    []string{"title", "product", "description", "objective", "owner", "team", "release", "parent", "priority", "status", "tags"},
	Quick:   []string{"objective", "owner", "release", "team", "priority", "tags"},
	Group:   "release",
	Void:    "A feature is something users get. Write down the next three, or import what another tool holds.",
	Keys: []tableweb.Key{
		{Letter: "s", Column: "status", Icon: "circle-dot"},
		{Letter: "r", Column: "release", Icon: "rocket"},
		{Letter: "a", Column: "owner", Icon: "user-check"},
		{Letter: "o", Column: "objective", Icon: "target"},
		{Letter: "p", Column: "priority", Icon: "flag"},
		{Letter: "l", Column: "tags", Icon: "hash"},
	},
	Cells: map[string]tableweb.Cell{
		"status": statusCell, "effort": effortCell, "score": scoreCell, "value": valueCell, "priority": priorityCell,
	},
	Card:      []string{"throughline", "owner", "target"},
	Marks:     map[string]func(*table.Scope, ledger.ID) templ.Component{"status": statusMark},
	Extra:     []tableweb.Extra{{Name: "throughline", Label: "Throughline", After: "title", Width: "c-dots", Cell: dotsCell}},
	Beside:    func(v *tableweb.View) templ.Component { return statusCell(v, "status") },
	Strip:     strip,
	Main:      featureMain,
	Actions:   stationActions,
	Summary:   effortOf,
	GroupMeta: groupFacts,
	Matrix:    featureMatrix,
	Head:      scoreHead,
	AddColumn: &tableweb.AddColumn{Label: "Add score column", ID: "add-score", Path: "scoring", Dialog: scoreDialog},
}

func feature(v *tableweb.View) *backlog.Feature { return v.Row.Entity().(*backlog.Feature) }

// categories say how the pie of a status is drawn, by its stage.
var categories = map[backlog.Stage]ui.Status{
	backlog.StageIdea:      {Category: ui.Idea},
	backlog.StageDiscovery: {Category: ui.Planned, Progress: .12},
	backlog.StageSpecified: {Category: ui.Planned, Progress: .30},
	backlog.StageBuilding:  {Category: ui.Active, Progress: .55},
	backlog.StageVerifying: {Category: ui.Active, Progress: .78},
	backlog.StageRollout:   {Category: ui.Release, Progress: .90},
	backlog.StageLive:      {Category: ui.Done, Progress: 1},
	backlog.StageProven:    {Category: ui.Done, Progress: 1},
	backlog.StageDropped:   {Category: ui.Dropped},
}

func statusCell(v *tableweb.View, _ string) templ.Component {
	return statusMark(v.Scope, feature(v).Status.ID())
}

func statusMark(scope *table.Scope, id ledger.ID) templ.Component {
	s, ok := backlog.Statuses.Get(scope.View, id)
	if !ok {
		return tableweb.None
	}
	drawn := categories[s.Stage]
	drawn.Name = s.Name
	return drawn
}

func effortCell(v *tableweb.View, _ string) templ.Component {
	f := feature(v)
	if len(f.Effort) == 0 {
		return tableweb.None
	}
	return ui.Quantity(f.Effort.Total().Mean())
}

func scoreCell(v *tableweb.View, _ string) templ.Component {
	n, ok := feature(v).Score()
	if !ok {
		return tableweb.None
	}
	return ui.Text(ui.Number(math.Round(n)))
}

func valueCell(v *tableweb.View, _ string) templ.Component {
	f := feature(v)
	if f.Value.IsZero() {
		return tableweb.None
	}
	return valueRange(money(v, f.Value.Low), money(v, f.Value.High))
}

func money(v *tableweb.View, amount float64) string {
	w := v.Workspace.Workspace
	if w.ValueUnit == "currency" {
		return ui.Money(amount, w.Currency)
	}
	return ui.Number(amount) + " " + w.ValueUnit
}

func priorityCell(v *tableweb.View, column string) templ.Component {
	text := thread.FeatureTable.Show(v.Scope, v.Row, column)
	tone := map[backlog.Priority]ui.Tone{"urgent": ui.Bad, "high": ui.Warn}[feature(v).Priority]
	if text == "" {
		return tableweb.None
	}
	return ui.Tag(text, tone)
}

// effortOf sums the remaining effort of a list.
func effortOf(_ *table.Scope, l *table.List) string {
	total := 0.0
	for _, r := range l.Rows(0, min(l.Total, sumAtMost)) {
		total += r.Entity().(*backlog.Feature).Effort.Total().Mean()
	}
	if total == 0 || l.Total > sumAtMost {
		return ""
	}
	return ui.Effort(total)
}

// sumAtMost is up to how many features a page sums effort; a longer list has no use for
// the figure that would be worth the time.
const sumAtMost = 2000

func groupFacts(s *table.Scope, l *table.List, g table.Group) templ.Component {
	var all []string
	if g.Link.Kind == "release" {
		if r, ok := release.Releases.Get(s.View, g.Link.ID); ok && !r.Date.IsZero() {
			all = append(all, ui.Words{Now: s.Today.Go(s.Zone), Zone: s.Zone}.Day(r.Date))
		}
	}
	all = append(all, ui.Count(g.Count, "feature", "features"))
	total := 0.0
	for _, r := range l.Rows(g.First, min(g.Count, sumAtMost)) {
		total += r.Entity().(*backlog.Feature).Effort.Total().Mean()
	}
	if total > 0 && g.Count <= sumAtMost {
		all = append(all, ui.Effort(total))
	}
	return factList(all)
}

// featuresBy lists the features that a column joins with the entity.
func featuresBy(column string) func(*tableweb.View) templ.Component {
	return func(v *tableweb.View) templ.Component {
		filter := &table.Condition{Column: column, Op: table.In, Values: []string{v.Row.ID().String()}}
		snapshot, err := v.Snapshot()
		if err != nil {
			return ui.Note{Tone: ui.Bad, Text: err.Error()}
		}
		l, err := thread.FeatureTable.List(v.Context(), v.Scope, snapshot, table.Query{Filter: filter})
		if err != nil {
			return ui.Note{Tone: ui.Bad, Text: err.Error()}
		}
		name := v.Row.Key()
		if name == "" {
			name = v.Row.Title()
		}
		href := v.Request.Path("features")
		sep := "?"
		if strings.Contains(href, "?") {
			sep = "&"
		}
		href += sep + url.Values{"filter": {(&table.Condition{Column: column, Op: table.Is, Values: []string{name}}).String()}}.Encode()
		return featureList(v, "Features", l.Rows(0, shownAtMost), l.Total, href)
	}
}

// progress are columns of what features refer to: how many there are, and how many of
// them users have.
func progress(after string) []tableweb.Extra {
	return []tableweb.Extra{{Name: "features", Label: "Features", After: after, Width: "w9", Cell: func(v *tableweb.View, _ string) templ.Component {
		all, live := 0, 0
		for f := range backlog.Features.BackLinks(v.Scope.View, v.Row.ID()) {
			if stage := backlog.StageOf(v.Scope.View, f); !f.Archived && stage != backlog.StageDropped {
				all++
				if stage.Done() {
					live++
				}
			}
		}
		if all == 0 {
			return tableweb.None
		}
		return share(live, all)
	}}}
}

// shownAtMost is how many features a page of another kind shows.
const shownAtMost = 50

// line is a feature in a short list of another page, as a view of its own.
func line(v *tableweb.View, r table.Row) *tableweb.View {
	return &tableweb.View{Request: v.Request, Scope: v.Scope, Row: r}
}

func placeOf(v *tableweb.View) string { return v.Request.Path("features", v.Row.Key()) }

// linked are the features that another column leads to.
func linked(v *tableweb.View, column string) []table.Row {
	targets, _ := thread.FeatureTable.Value(v.Scope, v.Row, column).([]table.Target)
	var rows []table.Row
	for _, t := range targets {
		if r, ok := thread.FeatureTable.Row(v.Scope.View, t.ID); ok && !t.Private {
			rows = append(rows, r)
		}
	}
	return rows
}

// parts are the features below this one.
func parts(v *tableweb.View) []table.Row {
	var rows []table.Row
	for f := range backlog.Parts(v.Scope.View, v.Row.ID()) {
		if r, ok := thread.FeatureTable.Row(v.Scope.View, f.ID); ok {
			rows = append(rows, r)
		}
	}
	return rows
}
