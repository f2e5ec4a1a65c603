//go:build linux

package torturetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestPowerLoss records every write and sync of the scene and makes the files that a
// power cut could have left at each point of it: what was synced is there, of the rest
// any part. The ledger must open on all of them with everything that had been
// acknowledged by then.
func TestPowerLoss(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	sab := sabotage(t, path, func(*syscallEvent) verdict { return verdict{} })
	sab.taping = true
	c := sab.child(job{Role: "scenario"})
	sab.wait(c)
	tape := sab.tape
	chance := newChance(t)

	type cut struct {
		at   int
		seed uint64
		way  string
	}
	var cuts []cut
	for at := range tape {
		for i := range either(1, 20) {
			way := "any part"
			if i == 0 && at%2 == 0 {
				way = "only what was synced"
			}
			cuts = append(cuts, cut{at, chance.Uint64(), way})
		}
	}
	if limit := rounds(160, 40, len(cuts)); len(cuts) > limit {
		chance.Shuffle(len(cuts), func(i, j int) { cuts[i], cuts[j] = cuts[j], cuts[i] })
		cuts = cuts[:limit]
	}
	todo := make(chan cut, len(cuts))
	for _, x := range cuts {
		todo <- x
	}
	close(todo)
	dir := t.TempDir()
	var players sync.WaitGroup
	for range 2 {
		players.Go(func() {
			for x := range todo {
				if t.Failed() {
					return
				}
				t.Run(fmt.Sprintf("%d-%d", x.at, x.seed), func(t *testing.T) {
					dir := filepath.Join(dir, fmt.Sprintf("%d-%d", x.at, x.seed))
					if err := os.Mkdir(dir, 0o700); err != nil {
						t.Fatal(err)
					}
					defer os.RemoveAll(dir)
					var pick func() bool
					if x.way == "any part" {
						chance := rand.New(rand.NewPCG(x.seed, 1))
						pick = func() bool { return chance.IntN(2) == 0 }
					}
					leave(t, filepath.Join(dir, "ledger.db"), tape[:x.at], pick)
					defer func() {
						if t.Failed() {
							t.Logf("cut before %v, %s", &tape[x.at], x.way)
						}
					}()
					revive(t, filepath.Join(dir, "ledger.db"))
					audit(t, filepath.Join(dir, "ledger.db"), time.Minute).compare(t, acknowledged(tape[:x.at], c.said()))
				})
			}
		})
	}
	players.Wait()
	t.Logf("%d cuts in %d calls", len(cuts), len(tape))
}

// acknowledged returns what a child had said by the end of the tape.
func acknowledged(tape []syscallEvent, said []line) (out []line) {
	for i := range tape {
		if tape[i].Acked == 0 {
			continue
		}
		if at := slices.IndexFunc(said, func(l line) bool { return l.Seq == tape[i].Acked }); at >= 0 {
			out = append(out, said[at])
		}
	}
	return out
}

// sector is what a disk writes whole.
const sector = 512

// leave writes the files as a power cut after the tape could have left them. What was
// written and not synced is there sector by sector as pick says, or without pick not at
// all. The index in shared memory is not on the disk.
func leave(t testing.TB, path string, tape []syscallEvent, pick func() bool) {
	t.Helper()
	type file struct {
		synced  []byte
		pending []*syscallEvent
	}
	files := map[string]*file{}
	for i := range tape {
		e := &tape[i]
		if e.File == "-shm" || e.Class == "mark" || e.Class == "open" {
			continue
		}
		f := files[e.File]
		if f == nil {
			f = &file{}
			files[e.File] = f
		}
		switch e.Class {
		case "write", "size":
			f.pending = append(f.pending, e)
		case "sync":
			for _, p := range f.pending {
				f.synced = p.apply(f.synced, nil)
			}
			f.pending = nil
		case "unlink":
			delete(files, e.File)
		}
	}
	for name, f := range files {
		body := bytes.Clone(f.synced)
		if pick != nil {
			for _, p := range f.pending {
				body = p.apply(body, pick)
			}
		}
		if err := os.WriteFile(path+name, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// apply does what the call does to the bytes of a file, or the sectors of it that pick
// chooses.
func (e *syscallEvent) apply(body []byte, pick func() bool) []byte {
	if e.Class == "size" {
		if pick != nil && !pick() {
			return body
		}
		return resize(body, int(e.Size))
	}
	for from := 0; from < len(e.Data); {
		at := int(e.Offset) + from
		to := min(len(e.Data), from+sector-at%sector)
		if pick == nil || pick() {
			body = resize(body, max(len(body), at+to-from))
			copy(body[at:], e.Data[from:to])
		}
		from = to
	}
	return body
}

func resize(b []byte, n int) []byte {
	if n <= len(b) {
		return b[:n]
	}
	return append(b, make([]byte, n-len(b))...)
}
