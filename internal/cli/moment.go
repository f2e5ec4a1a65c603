package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// scopeAt returns what a command reads a workspace in: now, or at the moment that at
// names: the end of a day in the workspace's zone, a point in time, or a position, @1842.
func scopeAt(ctx context.Context, a *app.App, workspace ledger.ID, as ledger.Actor, at string) (*table.Scope, error) {
	now, err := a.Ledger.At(ctx, workspace, as, 0)
	if err != nil {
		return nil, err
	}
	settings := access.SettingsOf(now)
	zone := settings.Zone()
	s := &table.Scope{
		View: now, Now: now, Set: a.Tables, Zone: zone, Week: settings.Weekday(), Today: calendar.DayOf(time.Now().In(zone)),
	}
	if at == "" {
		return s, nil
	}
	moment, err := momentOf(at, zone)
	if err != nil {
		return nil, usageError{err}
	}
	past, err := a.Ledger.AsOf(ctx, workspace, as, moment)
	if err != nil {
		return nil, err
	}
	return s.In(past), nil
}

func momentOf(at string, zone *time.Location) (ledger.Moment, error) {
	if position, ok := strings.CutPrefix(at, "@"); ok {
		n, err := strconv.ParseInt(position, 10, 64)
		if err == nil && n >= 0 {
			return ledger.AtSeq(ledger.Seq(n)), nil
		}
	}
	if day, err := calendar.ParseDay(at); err == nil {
		return ledger.AtTime(day.End(zone)), nil
	}
	if t, err := time.Parse(time.RFC3339, at); err == nil {
		return ledger.AtTime(t), nil
	}
	return ledger.Moment{}, fmt.Errorf("--at %q is no moment; write 2026-03-31, 2026-03-31T14:30:00Z, or a position as @1842", at)
}
