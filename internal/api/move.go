package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// neighbours is the body of a move: between which two an entity goes.
type neighbours struct {
	Behind string `json:"behind,omitzero" doc:"identifier or key of the one that it goes behind; without it, to the beginning"`
	Before string `json:"before,omitzero" doc:"identifier or key of the one that it goes before; without it, to the end"`
}

// moves is the operation on the order that people make by hand, of a table that has one.
func (r *resource) moves() []operation {
	if r.table.Rank() == "" {
		return nil
	}
	return []operation{{
		Operation: huma.Operation{
			OperationID: "move-" + r.table.One(), Method: http.MethodPost, Path: prefix + "/{workspace}/" + r.table.Name() + "/{id}/move", Tags: []string{r.table.Label()},
			Summary:     "Move: " + r.table.One(),
			Description: "Gives it its place in the order made by hand, which is that of the column " + r.table.Rank() + ": behind one and before another.",
			Parameters:  parameters(workspaceParameter, inPath("id", "the identifier, or the key as FB-42"), inParameter, keyParameter),
			RequestBody: &huma.RequestBody{Required: true, Content: jsonOf(schemaOf[neighbours](r.api))},
			Responses:   answers(http.StatusOK, "It, as it is now", &huma.Schema{Ref: schemaPrefix + strings.ReplaceAll(capital(r.table.One()), " ", "")}),
		},
		handle: r.move,
	}}
}

func (r *resource) move(c *call) (answer, error) {
	o, err := c.object(false)
	if err != nil {
		return answer{}, err
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	row, err := r.row(c, scope.View)
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	beside := map[string]ledger.ID{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		text, ok := o[name].(string)
		switch {
		case name != "behind" && name != "before":
			f.Add(name, "is no member here; there are behind and before")
			continue
		case !ok:
			f.Add(name, "must be an identifier or a key")
			continue
		}
		if beside[name], err = scope.Find(r.table.Kind(), text); err != nil {
			f.Add(name, "%v", err)
		}
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	seq, err := c.Update("move", func(tx *ledger.Tx) error {
		return r.table.Move(tx, row.ID(), beside["behind"], beside["before"])
	})
	if err != nil {
		return answer{}, err
	}
	return r.wrote(c, seq, row.ID())
}
