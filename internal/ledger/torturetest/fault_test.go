//go:build linux

package torturetest

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// play plays a child's role with one fault: at the n-th call of the class, from 1. It
// returns the call that was hit, nil if there are fewer, how many there were, and the
// child, which has ended.
func play(t testing.TB, role, class string, n int, v verdict) (*syscallEvent, int, *child) {
	t.Helper()
	var hit *syscallEvent
	seen := 0
	path := filepath.Join(t.TempDir(), "ledger.db")
	sab := sabotage(t, path, func(e *syscallEvent) verdict {
		if e.Class != class {
			return verdict{}
		}
		if seen++; seen != n {
			return verdict{}
		}
		hit = e
		return v
	})
	c := sab.child(job{Role: role})
	sab.wait(c)
	return hit, seen, c
}

// sweep plays a role with a fault at each call of the class until there are no more, two
// at once, and verifies what is left each time. Of more calls than most, it takes every
// second, third and so on.
func sweep(t *testing.T, role, class string, v verdict, most int, verify func(t testing.TB, hit *syscallEvent, c *child)) {
	t.Helper()
	_, all, _ := play(t, role, class, 0, v)
	if all < 3 {
		t.Fatalf("%d calls of class %s: the listener misses them", all, class)
	}
	stride := (all + most - 1) / most
	var mu sync.Mutex
	next, runs, ended := 1, 0, false
	phases := map[string]int{}
	one := func(n int) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			hit, _, c := play(t, role, class, n, v)
			mu.Lock()
			if hit == nil {
				ended = true
			} else {
				runs++
				phases[hit.Phase]++
			}
			mu.Unlock()
			defer func() {
				if t.Failed() {
					t.Logf("fault: %v; the child said %v", hit, c.said())
				}
			}()
			verify(t, hit, c)
		})
	}
	var players sync.WaitGroup
	for range 2 {
		players.Go(func() {
			for {
				mu.Lock()
				n, stop := next, ended || t.Failed()
				next += stride
				mu.Unlock()
				if stop {
					return
				}
				one(n)
			}
		})
	}
	players.Wait()
	t.Logf("%d faults in %d calls, by phase %v", runs, all, phases)
}

// afterwards is the audit after a fault of which the child lived to tell.
func afterwards(t testing.TB, c *child) {
	t.Helper()
	if c.err != nil {
		t.Fatalf("child: %v\n%s", c.err, c.fault.String())
	}
	audit(t, c.job.DSN, time.Minute).compare(t, c.said())
}

func broke(c *child) bool {
	return slices.ContainsFunc(c.said(), func(l line) bool { return l.Kind == "state" && l.Text == "broken" })
}

// TestEachSyncFails lets the n-th sync fail, for every n: nobody is told that a write
// happened, and the ledger refuses writes until it is opened again.
func TestEachSyncFails(t *testing.T) {
	sweep(t, "scenario", "sync", verdict{errno: syscall.EIO}, rounds(1000, 12, 1000), func(t testing.TB, hit *syscallEvent, c *child) {
		afterwards(t, c)
		if hit == nil {
			return
		}
		switch hit.Phase {
		case "open", "close":
			// Nothing is acknowledged in these: what was before stands in the log, which
			// stays until its copy is synced.
		default:
			if !broke(c) {
				t.Errorf("after %v the ledger went on writing", hit)
			}
		}
	})
}

// TestEachWriteFails lets the n-th write fail in the ways of a disk.
func TestEachWriteFails(t *testing.T) {
	for _, way := range []struct {
		name  string
		class string
		v     verdict
	}{
		{"input or output error", "write", verdict{errno: syscall.EIO}},
		{"half of it, then an error", "write", verdict{errno: syscall.EIO, torn: true}},
		{"no room", "write", verdict{errno: syscall.ENOSPC}},
		{"half of it, then no room", "write", verdict{errno: syscall.ENOSPC, torn: true}},
		{"truncation", "size", verdict{errno: syscall.EIO}},
		{"opening", "open", verdict{errno: syscall.EMFILE}},
	} {
		t.Run(way.name, func(t *testing.T) {
			sweep(t, "scenario", way.class, way.v, rounds(40, 8, 100_000), func(t testing.TB, hit *syscallEvent, c *child) {
				afterwards(t, c)
			})
		})
	}
}

// TestCheckpointFails lets the copying of a long log into the database fail, which comes
// after a commit: the commit is acknowledged, for it happened.
func TestCheckpointFails(t *testing.T) {
	for _, way := range []struct {
		name   string
		class  string
		n      int
		v      verdict
		broken bool
	}{ // the first two under the race detector too
		{"sync", "sync", 1, verdict{errno: syscall.EIO}, true},
		{"write", "write", 1, verdict{errno: syscall.EIO}, false},
		{"torn write", "write", 5000, verdict{errno: syscall.EIO, torn: true}, false},
		{"no room", "write", 100, verdict{errno: syscall.ENOSPC}, false},
		{"kill in a write", "write", 7000, verdict{torn: true, kill: true}, false},
		{"kill at the sync", "sync", 1, verdict{kill: true}, false},
	}[:rounds(6, 2, 6)] {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			seen := 0
			sab := sabotage(t, path, func(e *syscallEvent) verdict {
				if e.Class == way.class && e.File == "" && e.Phase == "bulk" {
					if seen++; seen == way.n {
						return way.v
					}
				}
				return verdict{}
			})
			c := sab.child(job{Role: "bulk"})
			sab.wait(c)
			if seen < way.n {
				t.Fatalf("%d calls of class %s on the database: the log was not copied", seen, way.class)
			}
			if way.v.kill {
				revive(t, path)
			} else if c.err != nil {
				t.Fatalf("child: %v\n%s", c.err, c.fault.String())
			}
			if broke(c) != way.broken {
				t.Errorf("broken: %t, want %t; the child said %v", broke(c), way.broken, last(c.said(), 20))
			}
			if n := count(c.said(), "err"); n > 0 && !way.broken {
				t.Errorf("%d writes were refused: %v", n, last(c.said(), 20))
			}
			audit(t, path, time.Minute).compare(t, c.said())
		})
	}
}

// TestKilledAtEachCall kills the process at its n-th write, of which half reaches the
// file, and at its n-th sync.
func TestKilledAtEachCall(t *testing.T) {
	for _, class := range []string{"write", "sync", "size"} {
		t.Run(class, func(t *testing.T) {
			sweep(t, "scenario", class, verdict{errno: syscall.EIO, torn: true, kill: true}, rounds(40, 8, 100_000), func(t testing.TB, hit *syscallEvent, c *child) {
				if hit == nil {
					afterwards(t, c)
					return
				}
				revive(t, c.job.DSN)
				audit(t, c.job.DSN, time.Minute).compare(t, c.said())
			})
		})
	}
}

// revive opens a database whose process may have died before its world was complete, and
// completes it.
func revive(t testing.TB, path string) {
	t.Helper()
	checkFile(t, path)
	l := open(t, path, time.Minute)
	all, err := l.Workspaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ws, ok := all[slug]
	if !ok {
		if ws, err = l.CreateWorkspace(t.Context(), slug); err != nil {
			t.Fatal(err)
		}
	}
	if w, err := find(t.Context(), l); err != nil || len(w.named) == 0 {
		if err := furnish(t.Context(), l, ws); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
