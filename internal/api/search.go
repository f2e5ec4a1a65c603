package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// found is the outcome of a search.
type found struct {
	Items     []table.Target `json:"items" nullable:"false" doc:"the best first"`
	Total     int            `json:"total" doc:"all that was found"`
	Corrected bool           `json:"corrected,omitzero" doc:"nothing held the words as typed; these hold similar ones"`
	// nil: not asked for, or not searched because the view is no live one
	Texts []table.Target `json:"texts,omitzero" nullable:"false" doc:"entities whose long texts hold the words, if asked for; the past and proposals have no index of them"`
}

func (a *API) search() []operation {
	return []operation{{
		Operation: huma.Operation{
			OperationID: "search", Method: http.MethodGet, Path: prefix + "/{workspace}/search", Tags: []string{"Search"},
			Summary:     "Find entities of any kind",
			Description: "Finds by the words in titles, keys and short fields; each word of q begins a word there. If nothing is found, words with a typing error are.",
			Parameters: parameters(workspaceParameter, limitParameter, atParameter, inParameter,
				query("q", "the words to be found; a number alone finds keys"),
				query("kinds", "the resources to search, with commas between them: features,objectives; all if nothing is said"),
				query("texts", "yes: search long texts too")),
			Responses: answers(200, "What was found", schemaOf[found](a)),
		},
		who: web.Member, handle: lookUp,
	}}
}

// lookUp answers what a search finds in the moment that is read.
func lookUp(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	snapshot, err := c.Snapshot()
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	q := ledger.Query{Text: strings.TrimSpace(c.Query("q")), Limit: c.limit(&f)}
	if q.Text == "" || len(q.Text) > 200 {
		f.Add("q", "write 1 to 200 characters to be found")
	}
	for name := range strings.SplitSeq(c.Query("kinds"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		t, ok := scope.Set.Named(name)
		if !ok {
			f.Add("kinds", "%q is no resource", name)
			continue
		}
		q.Kinds = append(q.Kinds, t.AnyKind())
	}
	if t := c.Query("texts"); t != "" && t != "yes" && t != "no" {
		f.Add("texts", "must be yes or no")
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	result := c.Kit.Ledger.Registry().Search(scope.View, q)
	out := found{Items: targets(scope, result.Hits), Total: result.Total, Corrected: result.Corrected}
	if c.Query("texts") == "yes" {
		hits, err := c.Kit.Ledger.SearchTexts(c.Context(), snapshot, q.Text, q.Limit)
		if err != nil && !errors.Is(err, ledger.ErrTextsLive) {
			return answer{}, err
		}
		if err == nil {
			out.Texts = targets(scope, hits)
		}
	}
	return encoded(out)
}

func targets(scope *table.Scope, hits []ledger.Hit) []table.Target {
	all := make([]table.Target, 0, len(hits))
	for _, h := range hits {
		t, _ := scope.Target(h.Kind, h.ID)
		if t.Key == "" {
			t.Key = h.Key
		}
		all = append(all, t)
	}
	return all
}
