package app

import (
	"context"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
)

// Notices has the inboxes of all accounts.
func (a *App) Notices() *notify.Box { return a.notices }

// Tell brings the inboxes of a workspace up to its newest position, as a server does all
// the time.
func (a *App) Tell(ctx context.Context, workspace ledger.ID) error {
	return a.notices.CatchUp(ctx, workspace)
}
