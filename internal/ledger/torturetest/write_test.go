//go:build linux

package torturetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// The world of all tests: one workspace with a product for each way of writing, so that
// the keys of one way are consecutive whatever the others do, and a tally that every
// write raises.
const (
	slug        = "acme"
	written     = "FB" // by writers, one by one
	imported    = "IM"
	proposed    = "PR" // in proposals that are merged
	importSize  = 510  // two chunks
	smallImport = 3    // one chunk
)

// create makes the world.
func create(ctx context.Context, l *ledger.Ledger) (ledger.ID, error) {
	ws, err := l.CreateWorkspace(ctx, slug)
	if err != nil {
		return ws, err
	}
	return ws, furnish(ctx, l, ws)
}

func furnish(ctx context.Context, l *ledger.Ledger, ws ledger.ID) error {
	_, err := l.Update(ctx, ws, lt.Ann, "set up", func(tx *ledger.Tx) error {
		for _, prefix := range []string{written, imported, proposed} {
			if _, err := lt.Products.Create(tx, lt.Product{Name: prefix, Prefix: prefix}); err != nil {
				return err
			}
		}
		_, err := lt.Metrics.Create(tx, lt.Metric{Name: "tally"})
		return err
	})
	return err
}

// world is the workspace as a writer knows it.
type world struct {
	*ledger.Ledger
	ws    ledger.ID
	named map[string]ledger.ID // products by prefix, "tally"
}

func find(ctx context.Context, l *ledger.Ledger) (*world, error) {
	all, err := l.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	w := &world{Ledger: l, ws: all[slug], named: map[string]ledger.ID{}}
	s, err := l.At(ctx, w.ws, lt.Ann, 0)
	if err != nil {
		return nil, err
	}
	for p := range lt.Products.All(s) {
		w.named[p.Prefix] = p.ID
	}
	for m := range lt.Metrics.All(s) {
		w.named[m.Name] = m.ID
	}
	return w, nil
}

// body is the text of the comment on a feature; every fifth is long, and so a blob.
func body(title string, n int) string {
	if n%5 == 0 {
		return strings.Repeat(title+" ", 1200/len(title)+1)
	}
	return "about " + title
}

// feature is the write of all writers: it makes a feature and a comment on it and raises
// the tally, so that half of it would show.
func (w *world) feature(ctx context.Context, by string, n int, opts ...ledger.UpdateOption) (line, error) {
	out := line{Kind: "ack", Writer: by, N: n}
	var err error
	out.Seq, err = w.Update(ctx, w.ws, lt.Ann, "create feature", func(tx *ledger.Tx) (err error) {
		out.ID, err = w.put(tx, out.title(), n)
		return err
	}, opts...)
	return out, err
}

func (w *world) put(tx *ledger.Tx, title string, n int) (ledger.ID, error) {
	id, err := lt.Features.Create(tx, lt.Feature{Title: title, Product: ledger.Ref(w.named[written])})
	if err != nil {
		return id, err
	}
	if _, err := lt.Comments.Create(tx, lt.Comment{On: ledger.AnyRef{Kind: "feature", ID: id}, Body: tx.Text(body(title, n))}); err != nil {
		return id, err
	}
	return id, lt.Metrics.Edit(tx, w.named["tally"], func(m *lt.Metric) error { m.Goal++; return nil })
}

// unsure reports whether an error of a write leaves open whether it happened.
func unsure(err error) bool {
	return errors.Is(err, ledger.ErrBroken) || errors.Is(err, ledger.ErrUnknown)
}

func complaint(by string, n int, err error) line {
	return line{Kind: "err", Writer: by, N: n, Text: err.Error(), Unsure: unsure(err)}
}

var errRefused = errors.New("refused on purpose")

func (j job) write() error {
	ctx := context.Background()
	store, err := openStore(ctx, j.DSN)
	if err != nil {
		return err
	}
	l, err := openLedger(ctx, store, j.Later)
	if err != nil {
		return err
	}
	w, err := find(ctx, l)
	if err != nil {
		return err
	}
	say(line{Kind: "phase", Text: "ready"})
	if j.Imports {
		go w.importForEver(ctx, j.Name)
	}
	if j.Proposals {
		go w.proposeForEver(ctx, j.Name)
	}
	var writers sync.WaitGroup
	for i := range j.Writers {
		writers.Go(func() { w.writeMany(ctx, fmt.Sprintf("%s.%d", j.Name, i), j.Writes, j.Every) })
	}
	writers.Wait()
	return l.Close()
}

// writeMany writes features one after the other. A seventh of its functions refuse after
// they have changed things.
func (w *world) writeMany(ctx context.Context, by string, writes int, every time.Duration) {
	longest := time.Duration(0)
	for n := 1; writes == 0 || n <= writes; n++ {
		if n%7 == 3 {
			_, err := w.Update(ctx, w.ws, lt.Ann, "refuse", func(tx *ledger.Tx) error {
				if _, err := w.put(tx, "never/1", 5); err != nil {
					return err
				}
				return errRefused
			})
			if err == nil {
				say(line{Kind: "err", Writer: by, Text: "a refused write was acknowledged"})
			}
		}
		began := time.Now()
		ack, err := w.feature(ctx, by, n)
		longest = max(longest, time.Since(began))
		if err != nil {
			say(complaint(by, n, err))
			time.Sleep(10 * time.Millisecond)
			continue
		}
		// what was acknowledged is visible
		if s, err := w.At(ctx, w.ws, lt.Ann, ack.Seq); err == nil {
			if f, ok := lt.Features.Get(s, ack.ID); ok {
				ack.Key = f.Key
			}
		}
		ack.Took = float64(longest.Microseconds()) / 1000
		say(ack)
		if every > 0 {
			time.Sleep(every)
		}
	}
}

func (w *world) importForEver(ctx context.Context, by string) {
	for n := 1; ; n++ {
		ack, err := w.bring(ctx, by+".im", n, importSize)
		if err != nil {
			ack = complaint(ack.Writer, n, err)
		}
		say(ack)
		time.Sleep(20 * time.Millisecond)
	}
}

// bring imports features with a step of history each.
func (w *world) bring(ctx context.Context, by string, n, size int) (line, error) {
	out := line{Kind: "import", Writer: by, N: n}
	var err error
	out.Seq, err = w.Import(ctx, w.ws, lt.Bob, "import", func(im *ledger.Import) error {
		for i := range size {
			if _, err := lt.Features.Import(im, lt.Feature{Title: fmt.Sprintf("%s/%d", out.title(), i), Product: ledger.Ref(w.named[imported])},
				ledger.Stamp{At: time.Unix(1_700_000_000, 0)},
				ledger.Step[lt.Feature]{Edit: func(f *lt.Feature) error { f.Priority = i + 1; return nil }},
			); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

const proposalSize = 2

func (w *world) proposeForEver(ctx context.Context, by string) {
	for n := 1; ; n++ {
		ack, err := w.propose(ctx, by+".pr", n)
		if err != nil {
			ack = complaint(ack.Writer, n, err)
		}
		say(ack)
		time.Sleep(time.Millisecond)
	}
}

// propose makes features in a proposal and merges it.
func (w *world) propose(ctx context.Context, by string, n int) (line, error) {
	out := line{Kind: "merge", Writer: by, N: n}
	var p ledger.ID
	_, err := w.Update(ctx, w.ws, lt.Bob, "propose", func(tx *ledger.Tx) (err error) {
		p, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: out.title(), State: ledger.ProposalOpen})
		return err
	})
	if err != nil {
		return out, err
	}
	for i := range proposalSize {
		if _, err := w.Update(ctx, w.ws, lt.Bob, "draft", func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Title: fmt.Sprintf("%s/%d", out.title(), i), Product: ledger.Ref(w.named[proposed])})
			return err
		}, ledger.In(p)); err != nil {
			return out, err
		}
	}
	out.Seq, err = w.Merge(ctx, w.ws, lt.Bob, p, ledger.Settlement{})
	return out, err
}
