//go:build linux

package torturetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// scene is a short life of a ledger that meets every kind of write once. It is played
// with one fault in it, so each step may fail once and is then tried again, as a person
// would.
type scene struct {
	job
	*world
	tries int // numbers the writers, so that each has a name of its own
}

type step struct {
	name string
	play func(*scene, context.Context) error
}

// The steps between opening and closing. What stands beside the journal is written too:
// a lease, a cursor, the words of a text.
var steps = []step{
	{"create", (*scene).create},
	{"furnish", (*scene).furnish},
	{"write", (*scene).writers},
	{"import", (*scene).importing},
	{"side", (*scene).side},
	{"merge", (*scene).proposal},
	{"write", (*scene).writers},
}

// The same for a log that grows until it is copied into the database.
var bulkSteps = []step{{"create", (*scene).create}, {"furnish", (*scene).furnish}, {"bulk", (*scene).bulk}, {"write", (*scene).writers}}

func (j job) scenario(steps []step) error {
	ctx := context.Background()
	s := &scene{job: j}
	s.open(ctx)
	for _, step := range steps {
		if err := s.play(ctx, step.name, step.play); err != nil {
			return err
		}
	}
	s.close()
	s.open(ctx)
	if err := s.play(ctx, "write", (*scene).writers); err != nil {
		return err
	}
	s.close()
	say(line{Kind: "phase", Text: "end"})
	return nil
}

// play plays a step, again if it fails, in a ledger that is opened anew if it is broken.
func (s *scene) play(ctx context.Context, name string, step func(*scene, context.Context) error) error {
	for try := 0; ; try++ {
		mark(name)
		err := step(s, ctx)
		if err != nil {
			say(line{Kind: "phase", Text: name + ": " + err.Error()})
		}
		if s.Broken() != nil {
			if err := s.refuses(ctx); err != nil {
				return err
			}
			s.close()
			s.open(ctx)
		}
		if err == nil {
			return nil
		}
		if try == 3 {
			return fmt.Errorf("%s fails for good: %w", name, err)
		}
	}
}

// open opens the ledger, at the second try at the latest.
func (s *scene) open(ctx context.Context) {
	mark("open")
	for try := 0; ; try++ {
		store, err := openStore(ctx, s.DSN)
		if err == nil {
			var l *ledger.Ledger
			if l, err = openLedger(ctx, store, s.Later); err == nil {
				s.world = &world{Ledger: l}
				if w, err := find(ctx, l); err == nil {
					s.world = w
				}
				return
			}
		}
		say(line{Kind: "phase", Text: "open: " + err.Error()})
		if try == 3 {
			panic(err)
		}
	}
}

func (s *scene) close() {
	mark("close")
	if err := s.Close(); err != nil {
		say(line{Kind: "phase", Text: "close: " + err.Error()})
	}
}

// refuses checks that a broken ledger reads and does not write.
func (s *scene) refuses(ctx context.Context) error {
	mark("broken")
	say(line{Kind: "state", Text: "broken"})
	if s.ws.IsZero() {
		return nil
	}
	snap, err := s.At(ctx, s.ws, lt.Ann, 0)
	if err != nil {
		return fmt.Errorf("a broken ledger does not read: %w", err)
	}
	for f := range lt.Features.All(snap) {
		if _, ok := lt.Features.ByKey(snap, f.Key); !ok {
			return fmt.Errorf("a broken ledger does not find %s", f.Key)
		}
	}
	for range 2 {
		if _, err := s.feature(ctx, "broken", 1); !fault.Is(err, fault.Unavailable) || !errors.Is(err, ledger.ErrBroken) {
			return fmt.Errorf("a broken ledger answers a write with %w", err)
		}
	}
	if _, err := s.CreateWorkspace(ctx, "other"); !fault.Is(err, fault.Unavailable) {
		return fmt.Errorf("a broken ledger answers a new workspace with %w", err)
	}
	return nil
}

func (s *scene) create(ctx context.Context) error {
	id, err := s.CreateWorkspace(ctx, slug)
	if fault.Is(err, fault.Conflict) { // the first try did it after all
		all, err := s.Workspaces(ctx)
		s.ws = all[slug]
		return err
	}
	if err == nil {
		s.ws = id
	}
	return err
}

func (s *scene) furnish(ctx context.Context) error {
	// if the first try did it after all, the prefixes are taken
	if err := furnish(ctx, s.Ledger, s.ws); err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	w, err := find(ctx, s.Ledger)
	if err == nil {
		s.world = w
	}
	return err
}

const sceneWriters, sceneWrites = 3, 2

// writers lets several write at once, and each once more if the ledger goes on.
func (s *scene) writers(ctx context.Context) error {
	s.tries++
	var group sync.WaitGroup
	failed := make([]error, sceneWriters)
	for i := range sceneWriters {
		group.Go(func() {
			by := fmt.Sprintf("w%d.%d", s.tries, i)
			for n := 1; n <= sceneWrites; n++ {
				ack, err := s.feature(ctx, by, n+4) // the fifth has a blob
				if err != nil {
					say(complaint(by, n+4, err))
					failed[i] = err
					continue
				}
				markSeq(ack.Seq)
				say(ack)
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// bulk writes more than the log is to hold.
func (s *scene) bulk(ctx context.Context) error {
	s.tries++
	by := fmt.Sprintf("w%d.bulk", s.tries)
	for n := 1; n <= 110; n++ {
		out := line{Kind: "ack", Writer: by, N: n}
		var err error
		out.Seq, err = s.Update(ctx, s.ws, lt.Ann, "write much", func(tx *ledger.Tx) (err error) {
			if out.ID, err = s.put(tx, out.title(), n); err != nil {
				return err
			}
			return lt.Features.Edit(tx, out.ID, func(f *lt.Feature) error {
				f.Description = tx.Text(strings.Repeat(out.title()+"\n", 512<<10/len(out.title())))
				return nil
			})
		})
		if err != nil {
			say(complaint(by, n, err))
			return err
		}
		say(out)
	}
	return nil
}

func (s *scene) importing(ctx context.Context) error {
	s.tries++
	ack, err := s.bring(ctx, fmt.Sprintf("w%d.is", s.tries), 1, smallImport)
	if err != nil {
		say(complaint(ack.Writer, 1, err))
		return err
	}
	markSeq(ack.Seq)
	say(ack)
	return nil
}

func (s *scene) proposal(ctx context.Context) error {
	s.tries++
	ack, err := s.propose(ctx, fmt.Sprintf("w%d.pr", s.tries), 1)
	if err != nil {
		say(complaint(ack.Writer, 1, err))
		return err
	}
	markSeq(ack.Seq)
	say(ack)
	return nil
}

func (s *scene) side(ctx context.Context) error {
	if _, err := s.Lease(ctx, "somebody", 1); err != nil {
		return err
	}
	if err := s.SetCursor(ctx, s.ws, "mail", 1); err != nil {
		return err
	}
	return s.IndexTexts(ctx, s.ws)
}
