package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// createAtMost is how many entities one request makes; the importer takes larger sets.
const createAtMost = 500

// made is what a request that makes many answers.
type made struct {
	Seq ledger.Seq  `json:"seq" doc:"the commit that it made, to be given to undo"`
	IDs []ledger.ID `json:"ids" doc:"the identifiers of what was made, in the order of the items"`
}

// creation is the operation that makes many entities of a kind at once.
func (r *resource) creation(input *huma.Schema) operation {
	body := &huma.Schema{Type: "object", AdditionalProperties: false, Required: []string{"items"}, Properties: map[string]*huma.Schema{
		"items": {Type: "array", Items: input, Description: fmt.Sprintf("the values of each, at most %d", createAtMost)},
	}}
	return operation{Operation: huma.Operation{
		OperationID: "create-many-" + r.table.Name(), Method: http.MethodPost, Path: prefix + "/{workspace}/" + r.table.Name() + "/create",
		Tags: []string{r.table.Label()}, Summary: "Create many: " + r.table.Label(),
		Description: "Makes many at once, in one commit: all of them or, with an error that names the first that is refused, none. One undo takes all of them back.",
		Parameters:  parameters(workspaceParameter, inParameter, keyParameter),
		RequestBody: &huma.RequestBody{Required: true, Content: jsonOf(body)},
		Responses:   answers(http.StatusCreated, "What was made", schemaOf[made](r.api)),
	}, handle: r.createMany}
}

func (r *resource) createMany(c *call) (answer, error) {
	items, err := r.items(c)
	if err != nil {
		return answer{}, err
	}
	if c.again {
		return answer{}, fault.New(fault.Conflict, "an earlier request with this Idempotency-Key was cut off; look at the list before you try again with a new key")
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	out := made{IDs: make([]ledger.ID, len(items))}
	out.Seq, err = c.Update("create", func(tx *ledger.Tx) (err error) {
		for i, in := range items {
			if out.IDs[i], err = r.table.Create(tx, scope.In(tx), ledger.ID{}, in); err != nil {
				return within(i, err)
			}
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	ans, err := encoded(out)
	ans.Status = http.StatusCreated
	return ans, err
}

// items reads the body.
func (r *resource) items(c *call) ([]table.Input, error) {
	o, err := c.object(false)
	if err != nil {
		return nil, err
	}
	var f fault.Fields
	for name := range o {
		if name != "items" {
			f.Add(name, "is no member here; there is items")
		}
	}
	list, ok := o["items"].([]any)
	if !ok || len(list) == 0 || len(list) > createAtMost {
		f.Add("items", "must be a list of 1 to %d objects", createAtMost)
		return nil, f.Err()
	}
	all := make([]table.Input, len(list))
	for i, v := range list {
		values, ok := v.(map[string]any)
		if !ok {
			f.Add(fmt.Sprintf("items[%d]", i), "must be an object with the values of columns")
			continue
		}
		if all[i], err = inputOf(values); err != nil {
			if err := gather(&f, within(i, err)); err != nil {
				return nil, err
			}
		}
	}
	return all, f.Err()
}

// within says of which item a refusal is.
func within(i int, err error) error {
	var refused *fault.Error
	if !errors.As(err, &refused) || len(refused.Fields) == 0 {
		return err
	}
	at := *refused
	at.Fields = make([]fault.Field, len(refused.Fields))
	for j, x := range refused.Fields {
		x.Name = fmt.Sprintf("items[%d].%s", i, x.Name)
		at.Fields[j] = x
	}
	return &at
}
