package app

import (
	"context"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/loop"
)

// loops are the background jobs of a server.
func (a *App) loops() []loop.Loop {
	return []loop.Loop{
		{Name: "due times", Every: time.Second, Do: func(ctx context.Context) error {
			_, err := a.Ledger.HandOutDue(ctx, due)
			return err
		}},
		{Name: "index of long texts", Every: 2 * time.Second, Do: func(ctx context.Context) error {
			return a.Ledger.RunTextIndex(ctx, 2*time.Second) // runs until it is told to end
		}},
		{Name: "notices", Every: 2 * time.Second, Do: a.notices.Run}, // runs until it is told to end
		{Name: "old notices", Every: 24 * time.Hour, Do: a.notices.Sweep},
		{Name: "accounts' records that are over", Every: 24 * time.Hour, Do: a.Accounts.Sweep},
		{Name: "files that nobody attaches", Every: 24 * time.Hour, Do: a.sweepFiles},
		{Name: "files of old imports", Every: time.Hour, Do: a.imports.Sweep},
	}
}

// due are the handlers of what is due, by the names that the kinds give.
var due = map[string]ledger.DueHandler{}
