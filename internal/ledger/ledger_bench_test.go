package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// The figures of docs/benchmarks.md come from here. b.N is the unit of work of each;
// metrics name their units.

// many is the size of the benchmarked workspace.
const many = 100_000

var words = strings.Fields(`offline forms sync inspection photo capture report export import dashboard filter
	search notification reminder template checklist signature location map route invoice payment customer
	account login password session audit history timeline roadmap release feature request feedback survey
	metric objective goal capacity planning estimate risk decision comment mention inbox mail calendar feed`)

// sample makes a feature of the size of a real one: 25 fields, some 770 bytes of JSON.
func sample(r *rand.Rand, product ledger.ID, others []ledger.ID) lt.Feature {
	pick := func() string { return words[r.IntN(len(words))] }
	f := lt.Feature{
		Title:    strings.Join([]string{pick(), pick(), pick(), pick(), pick(), fmt.Sprint("w", r.IntN(9000))}, " "),
		Product:  ledger.Ref(product),
		Status:   []string{"idea", "planned", "in progress", "done"}[r.IntN(4)],
		Priority: r.IntN(5),
		Rank:     fmt.Sprintf("%08x", r.Uint32()),
		Tags:     []string{pick(), pick()},
		Effort: []lt.EffortLine{
			{Team: "web", Skill: "go", Low: float64(r.IntN(5)), High: float64(5 + r.IntN(20))},
			{Team: "mobile", Skill: "kotlin", Low: float64(r.IntN(5)), High: float64(5 + r.IntN(20))},
		},
		Value:  lt.Range{Low: float64(r.IntN(10)), Likely: float64(10 + r.IntN(20)), High: float64(30 + r.IntN(50))},
		Start:  ledger.Time(1_770_000_000_000_000 + r.Int64N(1e13)),
		Target: ledger.Time(1_780_000_000_000_000 + r.Int64N(1e13)),
		Checks: []lt.CheckItem{{ID: "a", Rank: "a", Text: pick() + " " + pick()}, {ID: "b", Rank: "b", Text: pick(), Done: true}},
		Custom: map[string]string{"region": pick(), "segment": pick()},
	}
	if len(others) > 0 {
		f.DependsOn = []ledger.Ref{ledger.Ref(others[r.IntN(len(others))])}
	}
	return f
}

// filled is a ledger whose workspace has many features.
type filled struct {
	*ledger.Ledger
	open    func() ledger.Store
	ws      ledger.ID
	product ledger.ID
	ids     []ledger.ID
}

func fill(b *testing.B, e lt.Engine, n int) *filled {
	b.Helper()
	f := &filled{open: e.Open(b)}
	f.Ledger = lt.Open(b, f.open(), ledger.Options{})
	ctx := b.Context()
	var err error
	if f.ws, err = f.CreateWorkspace(ctx, "bench"); err != nil {
		b.Fatal(err)
	}
	if _, err := f.Update(ctx, f.ws, lt.Ann, "product", func(tx *ledger.Tx) (err error) {
		f.product, err = lt.Products.Create(tx, lt.Product{Name: "Bench", Prefix: "BE"})
		return err
	}); err != nil {
		b.Fatal(err)
	}
	if n > 0 {
		f.load(b, n)
	}
	return f
}

func (f *filled) load(b *testing.B, n int) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	if _, err := f.Import(b.Context(), f.ws, lt.Ann, "import", func(im *ledger.Import) error {
		for range n {
			id, err := lt.Features.Import(im, sample(r, f.product, f.ids), ledger.Stamp{})
			if err != nil {
				return err
			}
			f.ids = append(f.ids, id)
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

func (f *filled) now(b *testing.B) *ledger.Snapshot {
	b.Helper()
	s, err := f.At(b.Context(), f.ws, lt.Ann, 0)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (f *filled) touch(ctx context.Context, id ledger.ID, n int) error {
	_, err := f.Update(ctx, f.ws, lt.Ann, "edit", func(tx *ledger.Tx) error {
		return lt.Features.Edit(tx, id, func(x *lt.Feature) error {
			x.Title = fmt.Sprintf("%s %d", words[n%len(words)], n)
			x.Priority = n % 7
			return nil
		})
	})
	return err
}

func engines(b *testing.B, f func(b *testing.B, e lt.Engine)) {
	for _, e := range lt.Durable {
		b.Run(e.Name, func(b *testing.B) { f(b, e) })
	}
}

// BenchmarkWrite measures durable edits of one feature each.
func BenchmarkWrite(b *testing.B) { engines(b, benchmarkWrite) }

// BenchmarkWriteSlowDisk does it on a disk that takes 2 ms to sync.
func BenchmarkWriteSlowDisk(b *testing.B) {
	engines(b, func(b *testing.B, e lt.Engine) {
		benchmarkWrite(b, lt.Engine{Open: func(t testing.TB) func() ledger.Store {
			open := e.Open(t)
			return func() ledger.Store { return slowDisk{open()} }
		}})
	})
}

func benchmarkWrite(b *testing.B, e lt.Engine) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			f := fill(b, e, 5000)
			var next atomic.Int64
			took := make([]time.Duration, b.N)
			cpu := processCPU()
			b.ResetTimer()
			var all sync.WaitGroup
			for range writers {
				all.Go(func() {
					for {
						n := int(next.Add(1)) - 1
						if n >= b.N {
							return
						}
						from := time.Now()
						if err := f.touch(b.Context(), f.ids[n*7919%len(f.ids)], n); err != nil {
							b.Error(err)
							return
						}
						took[n] = time.Since(from)
					}
				})
			}
			all.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
			b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
			b.ReportMetric((processCPU()-cpu).Seconds()*1e6/float64(b.N), "cpu-µs/write")
		})
	}
}

// BenchmarkWriteWorkspaces measures 64 writers of 16 workspaces.
func BenchmarkWriteWorkspaces(b *testing.B) {
	engines(b, func(b *testing.B, e lt.Engine) {
		l := lt.Open(b, e.Open(b)(), ledger.Options{})
		var at [16]*filled
		for i := range at {
			at[i] = &filled{Ledger: l}
			var err error
			if at[i].ws, err = l.CreateWorkspace(b.Context(), fmt.Sprint("w", i)); err != nil {
				b.Fatal(err)
			}
			if _, err := l.Update(b.Context(), at[i].ws, lt.Ann, "product", func(tx *ledger.Tx) (err error) {
				at[i].product, err = lt.Products.Create(tx, lt.Product{Name: "Bench", Prefix: "BE"})
				return err
			}); err != nil {
				b.Fatal(err)
			}
			at[i].load(b, 500)
		}
		var next atomic.Int64
		b.ResetTimer()
		var all sync.WaitGroup
		for w := range 64 {
			all.Go(func() {
				f := at[w%16]
				for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
					if err := f.touch(b.Context(), f.ids[n%len(f.ids)], n); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
	})
}

// BenchmarkTwoNodes measures two processes' worth of ledgers on one hot workspace, with
// 8 writers each: a server and a command line, or two nodes.
func BenchmarkTwoNodes(b *testing.B) {
	engines(b, func(b *testing.B, e lt.Engine) {
		f := fill(b, e, 1000)
		nodes := []*ledger.Ledger{f.Ledger, lt.Open(b, f.open(), ledger.Options{})}
		took := make([]time.Duration, b.N)
		var next atomic.Int64
		var all sync.WaitGroup
		b.ResetTimer()
		for w := range 16 {
			all.Go(func() {
				node := &filled{Ledger: nodes[w%2], ws: f.ws}
				for n := int(next.Add(1)) - 1; n < b.N; n = int(next.Add(1)) - 1 {
					from := time.Now()
					if err := node.touch(b.Context(), f.ids[n%len(f.ids)], n); err != nil {
						b.Error(err)
						return
					}
					took[n] = time.Since(from)
				}
			})
		}
		all.Wait()
		b.StopTimer()
		slices.Sort(took)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
		b.ReportMetric(took[len(took)-1].Seconds()*1e3, "longest-wait-ms")
	})
}

// slowDisk imitates a disk that takes 2 ms to sync, by a pause before COMMIT.
type slowDisk struct{ ledger.Store }

type slowTxn struct{ ledger.Txn }

func (s slowDisk) Begin(ctx context.Context, ws []ledger.ID) (ledger.Txn, map[ledger.ID]ledger.Head, error) {
	txn, heads, err := s.Store.Begin(ctx, ws)
	return slowTxn{txn}, heads, err
}

func (t slowTxn) Commit(ctx context.Context, w []ledger.Writes) error {
	time.Sleep(2 * time.Millisecond)
	return t.Txn.Commit(ctx, w)
}

// BenchmarkRead measures what pages do with a Snapshot of 100,000 features.
func BenchmarkRead(b *testing.B) {
	f := fill(b, lt.Engines[0], many)
	b.Run("get", func(b *testing.B) {
		s := f.now(b)
		for n := 0; b.Loop(); n++ {
			if _, ok := lt.Features.Get(s, f.ids[n*7919%many]); !ok {
				b.Fatal("not there")
			}
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			f.now(b)
		}
	})
	open := func(x *lt.Feature) bool { return x.Status != "done" }
	b.Run("scan", func(b *testing.B) {
		s := f.now(b)
		for b.Loop() {
			n := 0
			for x := range lt.Features.All(s) {
				if open(x) {
					n++
				}
			}
			if n == 0 {
				b.Fatal("nothing")
			}
		}
	})
	b.Run("page-by-column", func(b *testing.B) {
		s := f.now(b)
		for b.Loop() {
			if page := lt.Score.Top(s, 0, 50, false, open); len(page) != 50 {
				b.Fatal("no page")
			}
		}
	})
	b.Run("page-by-column-after-write", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			b.StopTimer()
			if err := f.touch(b.Context(), f.ids[n*7919%many], n); err != nil {
				b.Fatal(err)
			}
			s := f.now(b)
			b.StartTimer()
			if page := lt.Score.Top(s, 0, 50, false, open); len(page) != 50 {
				b.Fatal("no page")
			}
		}
	})
	b.Run("write-and-page", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if err := f.touch(b.Context(), f.ids[n*7919%many], n); err != nil {
				b.Fatal(err)
			}
			if page := lt.Score.Top(f.now(b), 0, 50, false, open); len(page) != 50 {
				b.Fatal("no page")
			}
		}
	})
	b.Run("index-2000", func(b *testing.B) {
		s := f.now(b)
		for b.Loop() {
			n := 0
			for range lt.ByStatus.Of(s, ledger.KeyOf("idea")) {
				if n++; n == 2000 {
					break
				}
			}
		}
	})
	b.Run("diff-100-changes", func(b *testing.B) {
		was := f.now(b)
		for n := range 100 {
			if err := f.touch(b.Context(), f.ids[n*7919%many], n+1_000_000); err != nil {
				b.Fatal(err)
			}
		}
		s := f.now(b)
		for b.Loop() {
			n := 0
			for _, err := range ledger.Diff(b.Context(), was, s) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 100 {
				b.Fatal(n)
			}
		}
	})
	b.Run("proposal-500", func(b *testing.B) {
		var p ledger.ID
		ctx := b.Context()
		if _, err := f.Update(ctx, f.ws, lt.Ann, "propose", func(tx *ledger.Tx) (err error) {
			p, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "what if", State: ledger.ProposalOpen})
			return err
		}); err != nil {
			b.Fatal(err)
		}
		if _, err := f.Update(ctx, f.ws, lt.Ann, "shift", func(tx *ledger.Tx) error {
			for i := range 500 {
				if err := lt.Features.Edit(tx, f.ids[i*191%many], func(x *lt.Feature) error { x.Target++; return nil }); err != nil {
					return err
				}
			}
			return nil
		}, ledger.In(p)); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := f.In(ctx, f.ws, lt.Ann, p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkLoad measures opening a workspace of 100,000 features, and its memory.
func BenchmarkLoad(b *testing.B) {
	engines(b, func(b *testing.B, e lt.Engine) {
		f := fill(b, e, many)
		f.Ledger.Close()
		for b.Loop() {
			b.StopTimer()
			before := liveHeap()
			l := lt.Open(b, f.open(), ledger.Options{})
			b.StartTimer()
			s, err := l.At(b.Context(), f.ws, lt.Ann, 0)
			b.StopTimer()
			if err != nil || lt.Features.Len(s) != many {
				b.Fatal(err, lt.Features.Len(s))
			}
			b.ReportMetric(float64(liveHeap()-before)/many, "B/feature")
			l.Close()
			b.StartTimer()
		}
	})
}

// BenchmarkAsOf measures a moment 100,000 entries back.
func BenchmarkAsOf(b *testing.B) {
	engines(b, func(b *testing.B, e lt.Engine) {
		f := fill(b, e, many)
		at := f.now(b).Seq()
		var all sync.WaitGroup
		var next atomic.Int64
		for range 64 {
			all.Go(func() {
				for n := int(next.Add(1)); n <= many; n = int(next.Add(1)) {
					if err := f.touch(b.Context(), f.ids[n%many], n); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		b.Run("cold", func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				f.Ledger.Close()
				f.Ledger = lt.Open(b, f.open(), ledger.Options{})
				f.now(b)
				b.StartTimer()
				if _, err := f.AsOf(b.Context(), f.ws, lt.Ann, ledger.AtSeq(at)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("again", func(b *testing.B) {
			f.Ledger = lt.Open(b, f.open(), ledger.Options{})
			if _, err := f.AsOf(b.Context(), f.ws, lt.Ann, ledger.AtSeq(at)); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := f.AsOf(b.Context(), f.ws, lt.Ann, ledger.AtSeq(at)); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// BenchmarkImport measures 100,000 rows, and how long other writers wait meanwhile.
func BenchmarkImport(b *testing.B) {
	engines(b, func(b *testing.B, e lt.Engine) {
		for b.Loop() {
			b.StopTimer()
			f := fill(b, e, 1000)
			ctx, stop := context.WithCancel(b.Context())
			var longest atomic.Int64
			var others sync.WaitGroup
			ids := slices.Clone(f.ids)
			for w := range 4 {
				others.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						from := time.Now()
						if err := f.touch(context.WithoutCancel(ctx), ids[(n*4+w)%len(ids)], n); err != nil {
							b.Error(err)
							return
						}
						for took := int64(time.Since(from)); ; {
							was := longest.Load()
							if took <= was || longest.CompareAndSwap(was, took) {
								break
							}
						}
					}
				})
			}
			b.StartTimer()
			f.load(b, many)
			b.StopTimer()
			stop()
			others.Wait()
			b.ReportMetric(float64(longest.Load())/1e6, "longest-wait-ms")
			b.StartTimer()
		}
	})
}

// BenchmarkStorage reports the bytes on disk of the journal, a change.
func BenchmarkStorage(b *testing.B) {
	path := filepath.Join(b.TempDir(), "size.db")
	e := lt.Engine{Name: "sqlite", Open: lt.SQLiteAt(path)}
	f := fill(b, e, 1000)
	size := func() int64 {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		var n int64
		if err := db.QueryRow(`SELECT sum(pgsize) FROM dbstat WHERE name IN ('journal', 'journal_entity', 'commits')`).Scan(&n); err != nil {
			if _, err := db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
				b.Fatal(err)
			}
			if err := db.QueryRow(`SELECT page_count * 4096 FROM pragma_page_count`).Scan(&n); err != nil {
				b.Fatal(err)
			}
		}
		return n
	}
	before := size()
	n := 0
	for b.Loop() {
		if err := f.touch(b.Context(), f.ids[n%1000], n); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(size()-before)/float64(n), "B/change")
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// processCPU is the user and system time of this process.
func processCPU() time.Duration {
	raw, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+2:]))
	var user, system int64
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}
