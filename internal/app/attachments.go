package app

import (
	"context"
	"fmt"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// sweepFiles removes files that nobody has attached for a month, in the live workspaces and
// in their proposals.
func (a *App) sweepFiles(ctx context.Context) error {
	all, err := a.Ledger.Workspaces(ctx)
	if err != nil {
		return err
	}
	attached := map[ledger.ID]map[string]bool{}
	for slug, id := range all {
		if attached[id], err = a.attachedIn(ctx, id); err != nil {
			return fmt.Errorf("attachments of %s: %w", slug, err)
		}
	}
	return a.Files.Sweep(ctx, attached)
}

func (a *App) attachedIn(ctx context.Context, workspace ledger.ID) (map[string]bool, error) {
	now, err := a.Ledger.At(ctx, workspace, ledger.System, 0)
	if err != nil {
		return nil, err
	}
	sums := map[string]bool{}
	note := func(v ledger.View) {
		for f := range collab.Attachments.All(v) {
			sums[f.SHA256] = true
		}
	}
	note(now)
	for p := range ledger.Proposals.All(now) {
		if p.State != ledger.ProposalOpen {
			continue
		}
		in, err := a.Ledger.In(ctx, workspace, ledger.System, p.ID)
		if err != nil {
			return nil, err
		}
		note(in)
	}
	return sums, nil
}
