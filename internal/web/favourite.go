package web

import (
	"net/http"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// What a person keeps at hand is their own record and no content of the workspace: it is
// not in the journal, and neither the past nor a proposal has another.

// Favourites are what the reader keeps at hand, in order.
func (q *Request) Favourites() []access.Favourite {
	if q.favourites == nil {
		all, err := q.Kit.Accounts.Favourites(q.Context(), q.Principal.Account.ID, q.Workspace.ID)
		if err != nil { // a page is worth more than its sidebar
			q.Kit.Log.Error("read favourites", "error", err)
		}
		q.favourites = &all
	}
	return *q.favourites
}

// IsFavourite reports whether the reader keeps the entity at hand.
func (q *Request) IsFavourite(id ledger.ID) bool {
	for _, f := range q.Favourites() {
		if f.Entity == id {
			return true
		}
	}
	return false
}

// favourite keeps something at hand, or does so no longer.
func (q *Request) favourite() error {
	f, err := q.Form("kind", "which", "keep")
	if err != nil {
		return err
	}
	kind := f.Values.Get("kind")
	id, err := ledger.ParseID(f.Values.Get("which"))
	if err != nil {
		return fault.New(fault.Invalid, "%q is no identifier", f.Values.Get("which"))
	}
	title, err := q.SetFavourite(kind, id, f.Values.Get("keep") != "no")
	if err != nil {
		return err
	}
	if f.Values.Get("keep") == "no" {
		q.Said("Took "+title+" out of your favourites", 0)
	} else {
		q.Said("Kept "+title+" among your favourites", 0)
	}
	return q.Done(q.back())
}

// SetFavourite keeps an entity that the reader may see at hand, or does so no longer, and
// returns what it is called.
func (q *Request) SetFavourite(kind string, id ledger.ID, keep bool) (title string, err error) {
	t, ok := q.Kit.Tables.Of(kind)
	if _, shown := q.Kit.Places[kind]; !ok || !shown {
		return "", fault.New(fault.Invalid, "there is no page of %q to keep", kind)
	}
	row, ok := t.Row(q.Live(), id)
	if !ok && keep {
		return "", fault.New(fault.NotFound, "there is no %s %s", t.One(), id)
	}
	if ok {
		title = row.Title()
	}
	account, workspace := q.Principal.Account.ID, q.Workspace.ID
	q.favourites = nil
	if keep {
		return title, q.Kit.Accounts.KeepFavourite(q.Context(), account, workspace, access.Favourite{Kind: kind, Entity: id})
	}
	return title, q.Kit.Accounts.DropFavourite(q.Context(), account, workspace, id)
}

// navFavourites are the reader's favourites for the sidebar, without what is gone.
func (q *Request) navFavourites() []ui.NavItem {
	var all []ui.NavItem
	s, err := q.Snapshot()
	if err != nil {
		return nil
	}
	here := q.R.URL.Query().Get("view")
	for _, f := range q.Favourites() {
		t, ok := q.Kit.Tables.Of(f.Kind)
		lead, shown := q.Kit.Places[f.Kind]
		if !ok || !shown {
			continue
		}
		if row, ok := t.Row(s, f.Entity); ok {
			all = append(all, ui.NavItem{
				Icon: "star", Name: row.Title(), Href: q.Path(lead(row.Key(), row.ID())),
				Current: q.R.Method == http.MethodGet && here == row.ID().String(),
			})
		}
	}
	return all
}
