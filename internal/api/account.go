package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/web"
)

// space is a workspace of the principal.
type space struct {
	ID     ledger.ID `json:"id"`
	Slug   string    `json:"slug" doc:"stands in addresses"`
	Name   string    `json:"name"`
	Role   string    `json:"role" doc:"owner, admin, editor, contributor or viewer; guest for roles on products alone"`
	Person ledger.ID `json:"person,omitzero" doc:"your person in the workspace; \"me\" in filters"`
}

type spaces struct {
	Items []space `json:"items" nullable:"false"`
}

// self is who the request acts for.
type self struct {
	Account   identity     `json:"account"`
	Scope     access.Scope `json:"scope" enum:"read,write,admin" doc:"how much of the account's rights may be used: admin for sessions"`
	Token     ledger.ID    `json:"token,omitzero" doc:"the API token, if one is used"`
	Workspace ledger.ID    `json:"workspace,omitzero" doc:"the only workspace that the token is good for"`
}

type identity struct {
	ID    ledger.ID `json:"id"`
	Email string    `json:"email"`
	Name  string    `json:"name"`
	Admin bool      `json:"admin" doc:"administers the server"`
}

func (a *API) account() []operation {
	return []operation{
		{
			Operation: huma.Operation{
				OperationID: "me", Method: http.MethodGet, Path: prefix + "/me", Tags: []string{"Account"},
				Summary: "Who you are", Responses: answers(200, "Your account and how you came in", schemaOf[self](a)),
			},
			who: web.SignedIn, handle: me,
		},
		{
			Operation: huma.Operation{
				OperationID: "list-workspaces", Method: http.MethodGet, Path: prefix + "/workspaces", Tags: []string{"Account"},
				Summary: "Your workspaces", Responses: answers(200, "By slug", schemaOf[spaces](a)),
			},
			who: web.SignedIn, handle: workspaces,
		},
	}
}

func me(c *call) (answer, error) {
	p := c.Principal
	return encoded(self{
		Account: identity{p.Account.ID, p.Account.Email, p.Account.Name, p.Account.Admin},
		Scope:   p.Scope, Token: p.Token, Workspace: p.Workspace,
	})
}

func workspaces(c *call) (answer, error) {
	all, err := c.Kit.Ledger.Workspaces(c.Context())
	if err != nil {
		return answer{}, err
	}
	out := spaces{Items: []space{}}
	for slug, id := range all {
		if only := c.Principal.Workspace; !only.IsZero() && only != id {
			continue
		}
		now, err := c.Kit.Ledger.At(c.Context(), id, c.Principal.Actor(), 0)
		if err != nil {
			return answer{}, err
		}
		account, whole := c.Principal.Account.ID, now.Whole()
		if !access.IsMember(whole, account) {
			continue
		}
		s := space{ID: id, Slug: slug, Name: access.SettingsOf(whole).Name, Role: cmp.Or(string(access.RoleOf(whole, account)), "guest")}
		if p, ok := people.Of(now, account); ok {
			s.Person = p.ID
		}
		out.Items = append(out.Items, s)
	}
	slices.SortFunc(out.Items, func(a, b space) int { return strings.Compare(a.Slug, b.Slug) })
	return encoded(out)
}
