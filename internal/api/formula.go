package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/formula"
	"github.com/throughline-pm/throughline/internal/web"
)

// tried is what a formula makes of the features before it is kept.
type tried struct {
	Uses     []usedNumber     `json:"uses" nullable:"false" doc:"the numbers that it uses, in its order"`
	Weights  []weight         `json:"weights" nullable:"false" doc:"how much each of them counts, where that can be changed"`
	Scored   int              `json:"scored" doc:"features for which it has a result"`
	Features int              `json:"features" doc:"features that are not archived"`
	Items    []triedOnFeature `json:"items" nullable:"false" doc:"results, in the order of the features' creation"`
}

type usedNumber struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Unit  string `json:"unit,omitzero"`
}

type weight struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Power bool    `json:"power" doc:"it is the power that the number is raised to; else what it is multiplied by"`
}

type triedOnFeature struct {
	ID    string  `json:"id"`
	Key   string  `json:"key"`
	Title string  `json:"title"`
	Value float64 `json:"value"`
}

// formulas is what the interface does with formulas besides keeping them.
func (a *API) formulas() []operation {
	return []operation{{
		Operation: huma.Operation{
			OperationID: "preview-formula", Method: http.MethodGet, Path: prefix + "/{workspace}/formulas/preview", Tags: []string{"Formulas"},
			Summary:     "Try a formula without keeping it",
			Description: "Answers 422 with the place and the remedy if the formula cannot be computed.",
			Parameters: parameters(workspaceParameter, limitParameter, atParameter, inParameter,
				query("formula", "the formula"),
				query("name", "the name of the formula that it would replace, so that a circle is found")),
			Responses: answers(200, "What the formula makes of the features", schemaOf[tried](a)),
		},
		who: web.Member, handle: tryFormula,
	}}
}

func tryFormula(c *call) (answer, error) {
	s, err := c.Snapshot()
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	limit := c.limit(&f)
	made := backlog.Compute(s, c.Query("name"), c.Query("formula"))
	if made.Fault != nil {
		f.Add("formula", "%v", made.Fault)
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	out := tried{Uses: []usedNumber{}, Weights: []weight{}, Items: []triedOnFeature{}}
	for _, n := range made.Uses {
		out.Uses = append(out.Uses, usedNumber{n.Spelled(), n.Label, n.Unit})
	}
	read, err := formula.Parse(c.Query("formula"))
	if err != nil {
		return answer{}, err
	}
	for _, w := range read.Weights() {
		out.Weights = append(out.Weights, weight{w.Name, w.Value, w.Power})
	}
	for e := range backlog.Features.All(s) {
		if e.Archived {
			continue
		}
		out.Features++
		n, ok := made.Of(e)
		if !ok {
			continue
		}
		if out.Scored++; len(out.Items) < limit {
			out.Items = append(out.Items, triedOnFeature{e.ID.String(), e.Key, e.Title, n})
		}
	}
	return encoded(out)
}
