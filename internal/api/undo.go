package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// undone is what an undo or a redo did.
type undone struct {
	Seq  ledger.Seq `json:"seq" doc:"the commit that it made"`
	Of   ledger.Seq `json:"of" doc:"the commit that it took back"`
	Verb string     `json:"verb" doc:"what that commit had done"`
	Kept []kept     `json:"kept" nullable:"false" doc:"fields that others have changed since and that were therefore left as they are"`
}

type kept struct {
	Entity table.Target `json:"entity"`
	Field  string       `json:"field,omitzero"`
}

// which is the body of an undo: the commit; without one, the latest of the account's own.
type which struct {
	Seq ledger.Seq `json:"seq,omitzero" doc:"the commit to take back; if nothing is said, the latest of your own that is not undone"`
}

func (a *API) undo() []operation {
	return []operation{
		{
			Operation: huma.Operation{
				OperationID: "undo", Method: http.MethodPost, Path: prefix + "/{workspace}/undo", Tags: []string{"Undo"},
				Summary:     "Take a commit back",
				Description: "What others changed since stays as it is and is reported. The undo of an undo is a redo.",
				Parameters:  parameters(workspaceParameter, keyParameter),
				RequestBody: &huma.RequestBody{Content: jsonOf(schemaOf[which](a))},
				Responses:   answers(200, "It was taken back", schemaOf[undone](a)),
			},
			who: web.Member, handle: takeBack,
		},
		{
			Operation: huma.Operation{
				OperationID: "redo", Method: http.MethodPost, Path: prefix + "/{workspace}/redo", Tags: []string{"Undo"},
				Summary:    "Take your latest undo back",
				Parameters: parameters(workspaceParameter, keyParameter),
				Responses:  answers(200, "It was taken back", schemaOf[undone](a)),
			},
			who: web.Member, handle: redo,
		},
	}
}

func takeBack(c *call) (answer, error) {
	o, err := c.object(true)
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	var of ledger.Seq
	for name, v := range o {
		n, ok := v.(float64)
		switch {
		case name != "seq":
			f.Add(name, "is no member here; there is seq")
		case !ok || n < 1 || n != float64(int64(n)):
			f.Add(name, "must be the position of a commit")
		default:
			of = ledger.Seq(n)
		}
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	return takenBack(c, func() (ledger.Undone, error) {
		l, ws, as := c.Kit.Ledger, c.Workspace.ID, c.Principal.Actor()
		if of != 0 {
			return l.Undo(c.Context(), ws, as, of, ledger.Settlement{})
		}
		return l.UndoLast(c.Context(), ws, as, ledger.Settlement{})
	})
}

func redo(c *call) (answer, error) {
	if raw, err := c.body(); err != nil {
		return answer{}, err
	} else if len(raw) > 0 && string(raw) != "{}" {
		return answer{}, fault.New(fault.Invalid, "a redo takes no body")
	}
	return takenBack(c, func() (ledger.Undone, error) {
		return c.Kit.Ledger.RedoLast(c.Context(), c.Workspace.ID, c.Principal.Actor(), ledger.Settlement{})
	})
}

func takenBack(c *call, do func() (ledger.Undone, error)) (answer, error) {
	if c.again {
		return answer{}, fault.New(fault.Conflict, "an earlier request with this Idempotency-Key was cut off; look at the history before you try again with a new key")
	}
	u, err := do()
	if err != nil {
		return answer{}, err
	}
	c.Wrote(u.Seq)
	now, err := c.After(u.Seq)
	if err != nil {
		return answer{}, err
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	out := undone{Seq: u.Seq, Of: u.Of, Verb: u.Verb, Kept: []kept{}}
	for _, k := range u.Kept {
		t, _ := scope.In(now).Target(k.Kind, k.ID)
		if t.Private {
			k.Field = ""
		}
		out.Kept = append(out.Kept, kept{Entity: t, Field: k.Field})
	}
	return encoded(out)
}
