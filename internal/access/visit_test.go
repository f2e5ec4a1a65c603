package access

import (
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
)

func TestVisits(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		ann := g.account("ann", annsPassword, false).ID
		other, _ := g.another()
		start := g.now()
		at := func(minute int) ledger.Time { return start + micros(time.Duration(minute)*time.Minute) }
		minute := 0
		for i, step := range []struct {
			wait  int // minutes
			on    *Accounts
			seq   ledger.Seq
			since Visit
		}{
			{0, g.Accounts, 7, Visit{}},
			{1, g.Accounts, 8, Visit{}},
			{29, g.Accounts, 9, Visit{}},
			{30, g.Accounts, 20, Visit{at(30), 9}},
			{1, other, 21, Visit{at(30), 9}},            // another process knows it too
			{29, g.Accounts, 22, Visit{at(30), 9}},      // 30 minutes after its own latest, 29 after the other's
			{7 * 24 * 60, other, 90, Visit{at(90), 22}}, // the visit of the first process
		} {
			g.clock.Add(time.Duration(step.wait) * time.Minute)
			minute += step.wait
			since, err := step.on.Visit(ctx, ann, acme, step.seq)
			g.ok(err)
			if since != step.since {
				t.Errorf("step %d, minute %d: since %+v, want %+v", i, minute, since, step.since)
			}
		}
		if v, err := g.Visit(ctx, ann, ledger.NewID(g.now()), 1); err != nil || !v.IsZero() {
			t.Errorf("another workspace: %+v %v", v, err)
		}
		if v, err := g.LastVisit(ctx, ann, acme); err != nil || v != (Visit{at(90), 22}) {
			t.Errorf("read: %+v %v", v, err)
		}
		last := g.now()
		g.clock.Add(30 * time.Minute)
		if v, err := g.LastVisit(ctx, ann, acme); err != nil || v != (Visit{last, 90}) {
			t.Errorf("read after its end: %+v %v", v, err)
		}
		g.clock.Add(visitLasts)
		g.ok(g.Sweep(ctx))
		if v, err := g.LastVisit(ctx, ann, acme); err != nil || !v.IsZero() {
			t.Errorf("swept: %+v %v", v, err)
		}
	})
}

func TestVisitsAreWrittenOnceAMinute(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ann := g.account("ann", annsPassword, false).ID
		for seq := range ledger.Seq(60) {
			_, err := g.Visit(t.Context(), ann, acme, seq)
			g.ok(err)
			g.clock.Add(time.Second - time.Microsecond)
		}
		var seq ledger.Seq
		g.ok(g.db.QueryRow(`SELECT seen_seq FROM visits`).Scan(&seq))
		if seq != 0 {
			t.Errorf("the position %d was written within the minute", seq)
		}
	})
}
