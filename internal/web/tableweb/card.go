package tableweb

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
)

// cardRoute answers with what is shown when one points at a link to an entity.
func cardRoute(areas []*Area) web.Route {
	return web.Route{
		Method: http.MethodGet, Pattern: "/w/{workspace}/card/{kind}/{id}", Who: web.Member,
		Handle: func(q *web.Request) error {
			kind := q.R.PathValue("kind")
			i := slices.IndexFunc(areas, func(a *Area) bool { return a.Table.Kind() == kind })
			if i < 0 {
				return fault.New(fault.NotFound, "there are no cards of the kind %q", kind)
			}
			return areas[i].card(q)
		},
	}
}

func (a *Area) card(q *web.Request) error {
	s, err := q.Scope()
	if err != nil {
		return err
	}
	id, err := ledger.ParseID(q.R.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such %s", a.Table.One())
	}
	row, ok := a.Table.Row(s.View, id)
	if !ok {
		return fault.New(fault.NotFound, "there is no such %s", a.Table.One())
	}
	v := &View{Request: q, Scope: s, Area: a, Row: row}
	return q.Fragment(entityCard(v, v.cardFacts()))
}

// cardColumns are what a card says of an entity, of those that its kind has.
var cardColumns = []string{"status", "owner", "release", "objective", "period", "date", "email", "teams", "lead"}

// cardFactsAtMost is how many facts a card has.
const cardFactsAtMost = 4

func (v *View) cardFacts() (all []templ.Component) {
	for _, name := range cardColumns {
		c, ok := v.Area.Table.Column(v.Scope.View, name)
		if ok && len(all) < cardFactsAtMost && v.Area.Table.Show(v.Scope, v.Row, name) != "" {
			all = append(all, v.cell(c))
		}
	}
	return all
}

// dots is the thread of an entity that has one.
func (v *View) dots() templ.Component {
	if draw, ok := v.Area.Cells["throughline"]; ok {
		return draw(v, "throughline")
	}
	for _, x := range v.Area.Extra {
		if x.Name == "throughline" {
			return x.Cell(v, x.Name)
		}
	}
	return nil
}
