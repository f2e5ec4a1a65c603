package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// favourites are what an account keeps at hand in a workspace.
type favourites struct {
	Items []table.Target `json:"items" nullable:"false"`
}

func (a *API) favourites() []operation {
	const base = prefix + "/{workspace}/favourites"
	tags := []string{"Favourites"}
	which := parameters(workspaceParameter, inPath("kind", "the kind, as view or feature"), inPath("id", "the identifier"))
	return []operation{
		{Operation: huma.Operation{
			OperationID: "list-favourites", Method: http.MethodGet, Path: base, Tags: tags,
			Summary: "What you keep at hand", Parameters: parameters(workspaceParameter),
			Responses: answers(http.StatusOK, "In the order in which it was put there; your own alone", schemaOf[favourites](a)),
		}, who: web.Member, handle: listFavourites},
		{Operation: huma.Operation{
			OperationID: "keep-favourite", Method: http.MethodPut, Path: base + "/{kind}/{id}", Tags: tags,
			Summary: "Keep something at hand", Parameters: which, Responses: answers(http.StatusNoContent, "It is among your favourites", nil),
		}, who: web.Member, handle: setFavourite(true)},
		{Operation: huma.Operation{
			OperationID: "drop-favourite", Method: http.MethodDelete, Path: base + "/{kind}/{id}", Tags: tags,
			Summary: "Keep something at hand no longer", Parameters: which, Responses: answers(http.StatusNoContent, "It is not among your favourites", nil),
		}, who: web.Member, handle: setFavourite(false)},
	}
}

func listFavourites(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	out := favourites{Items: []table.Target{}}
	for _, f := range c.Favourites() {
		if t, ok := scope.Target(f.Kind, f.Entity); ok && !t.Private { // what is gone is no favourite any more
			out.Items = append(out.Items, t)
		}
	}
	return encoded(out)
}

func setFavourite(keep bool) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		id, err := ledger.ParseID(c.R.PathValue("id"))
		if err != nil {
			return answer{}, fault.New(fault.Invalid, "%q is no identifier", c.R.PathValue("id"))
		}
		_, err = c.SetFavourite(c.R.PathValue("kind"), id, keep)
		return answer{Status: http.StatusNoContent}, err
	}
}
