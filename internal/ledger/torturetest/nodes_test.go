//go:build linux

package torturetest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

// state is what a node holds in memory of a workspace, as a text to compare.
func state(s *ledger.Snapshot) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, e := range entities(s) {
		m := ledger.MetaOf(e)
		_ = enc.Encode([]any{m.ID, m.Version, m.Born, m.CreatedAt, m.CreatedBy, m.UpdatedAt, m.UpdatedBy, e})
	}
	return fmt.Sprintf("%d %x", s.Seq(), h.Sum(nil)[:8])
}

// node is the role of one process of several: it writes, says so, and when its parent
// tells it the last position of all, says what it holds.
func (j job) node() error {
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
	var signal string
	if _, err := fmt.Scanln(&signal); err != nil { // all start together
		return err
	}
	var writers sync.WaitGroup
	for i := range j.Writers {
		writers.Go(func() { w.writeMany(ctx, fmt.Sprintf("%s.%d", j.Name, i), j.Writes, j.Every) })
	}
	if j.Imports {
		writers.Go(func() {
			for n := 1; n <= 2; n++ {
				ack, err := w.bring(ctx, j.Name+".im", n, importSize)
				if err != nil {
					ack = complaint(ack.Writer, n, err)
				}
				say(ack)
			}
		})
	}
	if j.Proposals {
		writers.Go(func() {
			for n := 1; n <= 10; n++ {
				ack, err := w.propose(ctx, j.Name+".pr", n)
				if err != nil {
					ack = complaint(ack.Writer, n, err)
				}
				say(ack)
			}
		})
	}
	writers.Wait()
	say(line{Kind: "phase", Text: "written"})
	var least int64
	if _, err := fmt.Scanln(&least); err != nil {
		return err
	}
	s, err := l.At(ctx, w.ws, lt.Ann, ledger.Seq(least))
	if err != nil {
		return err
	}
	say(line{Kind: "state", Text: state(s)})
	return l.Close()
}

// TestNodes lets several processes write to one workspace at once.
func TestNodes(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { nodes(t, filepath.Join(t.TempDir(), "ledger.db"), 2) })
	t.Run("postgres", func(t *testing.T) { nodes(t, pgtest.DSN(t), 3) })
}

func nodeWrites() int { return rounds(100, 30, 3000) }

func nodes(t *testing.T, dsn string, n int) {
	fresh(t, dsn)
	var all []*child
	var tell []*os.File
	for i := range n {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		c := start(t, job{
			Role: "node", DSN: dsn, Name: fmt.Sprintf("node%d", i), Writers: 4, Writes: nodeWrites(),
			Imports: i == 0, Proposals: i == n-1,
		}, stdin(r))
		all, tell = append(all, c), append(tell, w)
	}
	began := time.Now()
	for i, c := range all {
		c.phase(t, "ready")
		if i == n-1 {
			began = time.Now()
			for _, w := range tell {
				fmt.Fprintln(w, "go")
			}
		}
	}
	var said []line
	var newest ledger.Seq
	for i, c := range all {
		c.phase(t, "written")
		wrote := 0
		longest := 0.0
		for _, l := range c.said() {
			said = append(said, l)
			newest = max(newest, l.Seq)
			longest = max(longest, l.Took)
			if l.Kind == "ack" {
				wrote++
			}
		}
		t.Logf("node %d: %d writes until %v, longest wait %.1f ms", i, wrote, time.Since(began).Round(time.Millisecond), longest)
		if want := 4 * nodeWrites(); wrote != want {
			t.Errorf("node %d wrote %d of %d", i, wrote, want)
		}
	}
	for _, w := range tell {
		fmt.Fprintln(w, newest)
	}
	var states []string
	for _, c := range all {
		c.finish(t, 30*time.Second)
		states = append(states, last(c.said(), 1)[0].Text)
	}
	audit(t, dsn, 0).compare(t, said)
	l := open(t, dsn, 0)
	w, err := find(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.At(t.Context(), w.ws, lt.Ann, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range states {
		if want := state(s); got != want {
			t.Errorf("node %d holds %s, a new one %s", i, got, want)
		}
	}
}

// TestReadYourWritesElsewhere writes on one node and reads on another at once.
func TestReadYourWritesElsewhere(t *testing.T) {
	for _, e := range lt.Engines {
		t.Run(e.Name, func(t *testing.T) {
			opener := e.Open(t)
			here, there := lt.Open(t, opener(), options(0)), lt.Open(t, opener(), options(0))
			if _, err := create(t.Context(), here); err != nil {
				t.Fatal(err)
			}
			a, err := find(t.Context(), here)
			if err != nil {
				t.Fatal(err)
			}
			b, err := find(t.Context(), there)
			if err != nil {
				t.Fatal(err)
			}
			var waits []time.Duration
			for n := 1; n <= either(200, 5000); n++ {
				writer, reader := a, b
				if n%2 == 0 {
					writer, reader = b, a
				}
				ack, err := writer.feature(t.Context(), "ryw", n)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				s, err := reader.At(t.Context(), reader.ws, lt.Ann, ack.Seq)
				if err != nil {
					t.Fatal(err)
				}
				waits = append(waits, time.Since(began))
				if f, ok := lt.Features.Get(s, ack.ID); !ok || f.Title != ack.title() {
					t.Fatalf("write %d is not there at %d", ack.Seq, s.Seq())
				}
			}
			t.Logf("%d reads, p50 %v, p99 %v", len(waits), tail(waits, .5), tail(waits, .99))
		})
	}
}
