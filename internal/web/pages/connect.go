package pages

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// acting is a token by which a program acts in the workspace.
type acting struct {
	access.Token
	owner ui.Person
	here  bool // it is for this workspace alone
}

// tokens shows the admins which tokens act in the workspace, whosever they are.
func tokens(q *web.Request) error {
	var accounts []ledger.ID
	for m := range access.Memberships.All(q.Live()) {
		accounts = append(accounts, m.Account)
	}
	all, err := q.Kit.Accounts.TokensIn(q.Context(), q.Workspace.ID, accounts)
	if err != nil {
		return err
	}
	name := q.Names()
	var acts []acting
	for _, t := range all {
		acts = append(acts, acting{t, ui.Person{ID: t.Account.String(), Name: name(t.Account)}, t.Workspace == q.Workspace.ID})
	}
	return q.Page(web.Page{Title: "Tokens in force", Area: "settings", Crumbs: settingsCrumb(q)}, actingPage(q, acts))
}

// revokeToken ends a token for this workspace alone.
func revokeToken(q *web.Request) error {
	f, err := q.Form("which")
	if err != nil {
		return err
	}
	id, err := formMembership(f)
	if err != nil {
		return err
	}
	if err := q.Kit.Accounts.RevokeTokenIn(q.Context(), q.Principal, q.Workspace.ID, id); err != nil {
		return err
	}
	q.Said("Revoked token", 0)
	return q.Done(q.Path("settings", "tokens"))
}

// apiPage says how programs reach the workspace.
func apiPage(q *web.Request) error {
	return q.Page(web.Page{Title: "API", Area: "settings", Crumbs: settingsCrumb(q)}, programsPage(q))
}

// sharedViews are the saved views that everybody sees, and the reader's own.
func sharedViews(q *web.Request) error {
	s, err := q.Snapshot()
	if err != nil {
		return err
	}
	var views []*backlog.View
	for w := range backlog.Views.All(s) {
		views = append(views, w)
	}
	slices.SortFunc(views, func(a, b *backlog.View) int {
		return cmp.Or(strings.Compare(a.Of, b.Of), strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)))
	})
	return q.Page(web.Page{Title: "Views", Area: "settings", Crumbs: settingsCrumb(q)}, viewsPage(q, views))
}

// viewPath is the list that a view saves.
func viewPath(q *web.Request, w *backlog.View) string {
	address := q.Path(w.Of)
	params, err := url.ParseQuery(w.Query)
	if err != nil {
		return address
	}
	for name := range params {
		address = ui.With(address, name, params.Get(name))
	}
	if w.Layout != "list" {
		address = ui.With(address, "layout", w.Layout)
	}
	return address
}
