package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/proposalweb"
)

// pending is all that an open proposal would do.
type pending struct {
	Items     []pendingEntity `json:"items" nullable:"false"`
	Conflicts int             `json:"conflicts" doc:"how many changes meet others made meanwhile: settle them, then merge"`
	Hidden    int             `json:"hidden,omitzero" doc:"conflicts about what was deleted meanwhile or is not for you"`
	Refusal   string          `json:"refusal,omitzero" doc:"why a merge would be refused although nothing conflicts"`
}

type pendingEntity struct {
	Entity  table.Target    `json:"entity"`
	Op      ledger.Op       `json:"op" enum:"create,edit,delete"`
	Changes []pendingChange `json:"changes" nullable:"false"`
}

// pendingChange is one change as a person reads it.
type pendingChange struct {
	Field    string   `json:"field,omitzero" doc:"none: the whole entity"`
	Label    string   `json:"label,omitzero"`
	Was      string   `json:"was"`
	Now      string   `json:"now"`
	By       string   `json:"by,omitzero"`
	Conflict *meeting `json:"conflict,omitzero"`
}

type meeting struct {
	Base   string `json:"base"`
	Here   string `json:"here"`
	Live   string `json:"live"`
	Reason string `json:"reason"`
}

// ending is the body of what ends a proposal.
type ending struct {
	Reason string `json:"reason,omitzero" doc:"kept with the proposal"`
}

// settling is the body of what settles one change of a proposal.
type settling struct {
	Kind  string    `json:"kind" doc:"the kind of the entity, as in changes"`
	ID    ledger.ID `json:"id"`
	Field string    `json:"field,omitzero" doc:"none: the whole entity"`
	Keep  string    `json:"keep" enum:"live,here" doc:"live takes the change back, whether it conflicts or not; here lets it stand against what is live"`
}

// decided is the answer to a decision.
type decided struct {
	Seq ledger.Seq `json:"seq" doc:"the commit that it made, to be given to undo"`
}

// proposals are the operations on a proposal beside those of its resource.
func (a *API) proposals() []operation {
	r := &resource{a, collab.ProposalTable}
	path := prefix + "/{workspace}/proposals/{id}"
	id := inPath("id", "the proposal's key, as P-7, or identifier")
	write := func(name, summary, description string, in *huma.Schema, members []string, do decision) operation {
		return operation{
			Operation: huma.Operation{
				OperationID: name + "-proposal", Method: http.MethodPost, Path: path + "/" + name, Tags: []string{r.table.Label()},
				Summary: summary, Description: description, Parameters: parameters(workspaceParameter, id, keyParameter),
				RequestBody: &huma.RequestBody{Content: jsonOf(in)}, Responses: answers(http.StatusOK, "It was done", schemaOf[decided](a)),
			},
			who: web.Member, handle: func(c *call) (answer, error) { return r.decide(c, members, do) },
		}
	}
	return []operation{
		{
			Operation: huma.Operation{
				OperationID: "proposal-changes", Method: http.MethodGet, Path: path + "/changes", Tags: []string{r.table.Label()},
				Summary:     "What a proposal would change",
				Description: "Every changed field of an open proposal, with where it meets what was changed live meanwhile. Once it has ended, its changes stand in the history of what it changed.",
				Parameters:  parameters(workspaceParameter, id),
				Responses:   answers(http.StatusOK, "What it would change", schemaOf[pending](a)),
			},
			who: web.Member, handle: r.pending,
		},
		write("merge", "Merge a proposal", "Makes its changes live in one commit, with your rights. Refused while a conflict is open or somebody who must agree has not approved.",
			schemaOf[ending](a), []string{"reason"}, func(c *call, p *ledger.Proposal, o object) (ledger.Seq, error) {
				return c.Kit.Ledger.Merge(c.Context(), c.Workspace.ID, c.Principal.Actor(), p.ID, ledger.Settlement{Reason: o.text("reason")})
			}),
		write("discard", "Discard a proposal", "Nothing of it becomes live. An undo opens it again.",
			schemaOf[ending](a), []string{"reason"}, func(c *call, p *ledger.Proposal, o object) (ledger.Seq, error) {
				return c.Kit.Ledger.Discard(c.Context(), c.Workspace.ID, c.Principal.Actor(), p.ID, o.text("reason"))
			}),
		write("settle", "Settle one change of a proposal", "",
			schemaOf[settling](a), []string{"kind", "id", "field", "keep"}, func(c *call, p *ledger.Proposal, o object) (ledger.Seq, error) {
				what, choice, err := o.settlement()
				if err != nil {
					return 0, err
				}
				return c.Kit.Ledger.Settle(c.Context(), c.Workspace.ID, c.Principal.Actor(), p.ID, what, choice)
			}),
	}
}

// object is a body as it was read.
type object map[string]any

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o object) settlement() (what ledger.ConflictKey, choice ledger.Choice, err error) {
	var f fault.Fields
	what = ledger.ConflictKey{Kind: o.text("kind"), Field: o.text("field")}
	if what.Kind == "" {
		f.Add("kind", "is required")
	}
	if what.ID, err = ledger.ParseID(o.text("id")); err != nil {
		f.Add("id", "must be an identifier")
	}
	switch o.text("keep") {
	case "live":
		choice = ledger.KeepTheirs
	case "here":
		choice = ledger.TakeYours
	default:
		f.Add("keep", "must be live or here")
	}
	return what, choice, f.Err()
}

// proposal finds the proposal of the address.
func (r *resource) proposal(c *call) (*ledger.Proposal, error) {
	row, err := r.row(c, c.Live())
	if err != nil {
		return nil, err
	}
	return row.Entity().(*ledger.Proposal), nil
}

func (r *resource) pending(c *call) (answer, error) {
	p, err := r.proposal(c)
	if err != nil {
		return answer{}, err
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	im, err := proposalweb.Read(c.Request, scope, p)
	if err != nil {
		return answer{}, err
	}
	out := pending{Items: []pendingEntity{}, Conflicts: im.Conflicts, Hidden: im.Hidden, Refusal: im.Refusal}
	for _, t := range im.Touched {
		e := pendingEntity{Entity: t.Target, Op: t.Op, Changes: []pendingChange{}}
		for _, ch := range t.Changes {
			x := pendingChange{Field: ch.Field, Label: ch.Label, Was: ch.Was, Now: ch.Now, By: ch.By}
			if m := ch.Meets; m != nil {
				x.Conflict = &meeting{Base: m.Base, Here: m.Here, Live: m.Live, Reason: m.Reason}
			}
			e.Changes = append(e.Changes, x)
		}
		out.Items = append(out.Items, e)
	}
	return encoded(out)
}

// decision is what changes a proposal or ends it.
type decision func(c *call, p *ledger.Proposal, o object) (ledger.Seq, error)

// decide runs a decision whose body has no other members.
func (r *resource) decide(c *call, members []string, do decision) (answer, error) {
	p, err := r.proposal(c)
	if err != nil {
		return answer{}, err
	}
	o, err := c.object(true)
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	for name, v := range o {
		if _, text := v.(string); !slices.Contains(members, name) || !text {
			f.Add(name, "is no text among %s", strings.Join(members, ", "))
		}
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	if c.again {
		return answer{}, fault.New(fault.Conflict, "an earlier request with this Idempotency-Key was cut off; look at the proposal before you try again with a new key")
	}
	seq, err := do(c, p, o)
	if err != nil {
		return answer{}, err
	}
	c.Wrote(seq)
	return encoded(decided{seq})
}
