package importweb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// errStopped ends an import that somebody does not want any more.
var errStopped = fault.New(fault.Conflict, "it was stopped")

// run begins to write the import in the background.
func (v *visit) run() error {
	f, err := v.Form("rows")
	if err != nil {
		return err
	}
	if err := v.open(); err != nil {
		return err
	}
	promised, err := strconv.Atoi(f.Values.Get("rows"))
	if err != nil || promised < 1 {
		return fault.New(fault.Invalid, "say how many rows are to be imported, as the dry run does")
	}
	scope, err := v.Scope()
	if err != nil {
		return err
	}
	if err := v.store.claim(v.Context(), v.job); err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		return v.showDryRun(f, status)
	}
	v.job.Promised, v.job.Started, v.job.Failure, v.job.Before = promised, v.Now(), "", v.Live().Seq()
	if err := v.store.save(v.Context(), v.job); err != nil {
		return errors.Join(err, v.store.release(v.Context(), v.job))
	}
	j, as := v.job, v.Principal.Actor()
	v.running.Go(func() { v.Importer.write(v.background, j, as, scope) })
	return v.Redirect(v.at())
}

// write carries an import out and notes how it ended.
func (im *Importer) write(ctx context.Context, j *job, as ledger.Actor, scope *table.Scope) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done, total atomic.Int64
	told := make(chan struct{})
	go func() {
		defer close(told)
		im.keepTelling(ctx, cancel, j, &done, &total)
	}()
	err := im.guarded(ctx, j, as, scope, func(d, t int) { done.Store(int64(d)); total.Store(int64(t)) })
	cancel(nil)
	<-told

	ctx = context.WithoutCancel(ctx)
	if err == nil {
		j.Ended = im.kit.Clock()
	} else {
		j.Started, j.Positions, j.Report = time.Time{}, nil, nil
		j.Failure = im.failure(j, err)
	}
	if err := errors.Join(im.store.save(ctx, j), im.store.release(ctx, j)); err != nil {
		im.kit.Log.Error("an import could not be noted", "import", j.ID, "positions", j.Positions, "error", err)
	}
}

// tellEvery is how often a running import says how far it is.
const tellEvery = 500 * time.Millisecond

// keepTelling keeps the claim of an import alive until ctx ends, and ends it if somebody
// wants that.
func (im *Importer) keepTelling(ctx context.Context, cancel context.CancelCauseFunc, j *job, done, total *atomic.Int64) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		on, err := im.store.tell(ctx, j, int(done.Load()), int(total.Load()))
		switch {
		case err != nil && ctx.Err() == nil:
			im.kit.Log.Warn("an import could not say how far it is", "import", j.ID, "error", err)
		case err == nil && !on:
			cancel(errStopped)
			return
		}
	}
}

// failure puts into words why nothing was imported.
func (im *Importer) failure(j *job, err error) string {
	var f *fault.Error
	switch {
	case errors.Is(err, context.Canceled) && im.background.Err() != nil:
		return "The server was stopped while this was written. Nothing was imported; start again."
	case errors.As(err, &f):
		return "Nothing was imported: " + f.Error() + "."
	}
	im.kit.Log.Error("an import failed", "import", j.ID, "error", err)
	return "Something broke while this was written, and nothing was imported. Whoever runs the server finds the reason in the log under " + j.ID.String() + "."
}

// guarded is carryOut, of which a panic ends the import and not the server.
func (im *Importer) guarded(ctx context.Context, j *job, as ledger.Actor, scope *table.Scope, progress func(done, total int)) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return im.carryOut(ctx, j, as, scope, progress)
}

// carryOut writes what the dry run has promised: first the custom fields that it makes,
// then everything else as one commit. If that fails the fields are taken back.
func (im *Importer) carryOut(ctx context.Context, j *job, as ledger.Actor, scope *table.Scope, progress func(done, total int)) (failed error) {
	defer func() {
		if cause := context.Cause(ctx); failed != nil && errors.Is(cause, errStopped) {
			failed = cause
		}
	}()
	now, err := im.kit.Ledger.At(ctx, j.Workspace, as, j.Before)
	if err != nil {
		return err
	}
	scope = scope.In(now)
	planned, err := im.plan(ctx, scope, j)
	if err != nil {
		return err
	}
	if rows := importedRows(&planned.Report); rows != j.Promised {
		return fault.New(fault.Conflict, "the workspace has changed since the dry run, which promised %s; now it would be %s", ui.Count(j.Promised, "row", "rows"), ui.Number(float64(rows)))
	}
	missing := slices.DeleteFunc(slices.Clone(j.Fields), func(f newField) bool { return !j.makes(now, table.CustomPrefix+f.Name) })
	if len(missing) > 0 {
		made, err := im.makeFields(ctx, j, as, scope, missing)
		if err != nil {
			return err
		}
		j.Positions = []ledger.Seq{made}
		defer func() {
			if failed != nil || j.Report == nil { // or it panicked
				_, undone := im.kit.Ledger.Undo(context.WithoutCancel(ctx), j.Workspace, as, made, ledger.Settlement{})
				failed = errors.Join(failed, undone)
			}
		}()
		if now, err = im.kit.Ledger.At(ctx, j.Workspace, as, made); err != nil {
			return err
		}
		if planned, err = im.plan(ctx, scope.In(now), j); err != nil {
			return err
		}
	}
	if err := exchange.Run(ctx, im.kit.Ledger, j.Workspace, as, planned, progress); err != nil {
		return err
	}
	if planned.Position > 0 {
		j.Positions = append(j.Positions, planned.Position)
	}
	j.Report = &planned.Report
	return nil
}

func (im *Importer) makeFields(ctx context.Context, j *job, as ledger.Actor, scope *table.Scope, fields []newField) (ledger.Seq, error) {
	return im.kit.Ledger.Update(ctx, j.Workspace, as, "add fields of an import", func(tx *ledger.Tx) error {
		for _, f := range fields {
			if _, err := backlog.FieldTable.Create(tx, scope.In(tx), ledger.ID{}, f.input()); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle notes how an import ended whose writer is no more: the server was killed. What
// was written is found in the journal; an import is there as a whole or not at all.
func (v *visit) settle(now *running) error {
	if v.job.Started.IsZero() || !v.job.Ended.IsZero() || now != nil && now.Import == v.job.ID {
		return nil
	}
	fresh, err := v.store.find(v.Context(), v.job.Workspace, v.job.Account, v.job.ID)
	if err != nil {
		return err
	}
	v.job = fresh // it may have ended between the two looks
	if v.job.Started.IsZero() || !v.job.Ended.IsZero() {
		return nil
	}
	positions, err := v.commits()
	if err != nil {
		return err
	}
	if v.job.Positions = positions; len(positions) > 0 {
		v.job.Ended = v.Now()
	} else {
		v.job.Started = time.Time{}
		v.job.Failure = "The server was stopped while this was written. Nothing was imported; start again."
	}
	return v.store.save(v.Context(), v.job)
}

// commits finds what the reader imported since the import began.
func (v *visit) commits() (all []ledger.Seq, err error) {
	head := v.Live().Seq()
	if head <= v.job.Before {
		return nil, nil
	}
	// followers wait for more at the end, and the newest commits may be of proposals
	ctx, cancel := context.WithTimeout(v.Context(), time.Second)
	defer cancel()
	for c, err := range v.Kit.Ledger.Follow(ctx, v.Workspace.ID, v.job.Before) {
		if err != nil {
			return all, cmp.Or(v.Context().Err(), nil)
		}
		if c.Actor == v.Principal.Actor() && c.Verb == "import" {
			all = append(all, c.Seq)
		}
		if c.Seq >= head {
			break
		}
	}
	return all, nil
}

// progress answers with how far the import is.
func (v *visit) progress(now *running) error {
	if v.Partial() {
		return v.Fragment(progressPanel(v, now))
	}
	return v.page("Running", 0, runningPage(v, now))
}

func (v *visit) stopRun() error {
	if _, err := v.Form(); err != nil {
		return err
	}
	if err := v.store.halt(v.Context(), v.job); err != nil {
		return err
	}
	return v.Redirect(v.at())
}

// discard forgets an import that was not carried out.
func (v *visit) discard() error {
	if _, err := v.Form(); err != nil {
		return err
	}
	if err := v.open(); err != nil {
		return err
	}
	if err := v.store.forget(v.Context(), v.job.ID); err != nil {
		return err
	}
	v.Said("Discarded "+v.job.File+", nothing was imported", 0)
	return v.Redirect(v.Path("import"))
}
