package rcpsp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

// BenchmarkLibrary prints the quality under limits of schedules: the mean distance of the
// makespans from the optima (j30) or critical paths (j120) in per cent, how many are as
// short as the best known, and how many are proven the least. Every iteration does the whole
// set with another seed; run it with -benchtime 5x for the mean over five.
func BenchmarkLibrary(b *testing.B) {
	for _, set := range []string{"j30", "j120"} {
		all := library(b, set)
		for _, schedules := range []int{1_000, 5_000, 50_000} {
			b.Run(fmt.Sprintf("%s/%d", set, schedules), func(b *testing.B) {
				var t tally
				for seed := range b.N {
					t.add(b, all, set == "j30", func(in *Instance) (Result, error) {
						return Solve(context.Background(), in, Options{Schedules: schedules, Seed: uint64(seed), Workers: 1})
					})
				}
				t.report(b)
			})
		}
		// Every tenth in order, to compare with a single quick run.
		var some []known
		for n := 0; n < len(all); n += 10 {
			some = append(some, all[n])
		}
		b.Run(set+"/tenth/5000", func(b *testing.B) {
			var t tally
			for seed := range b.N {
				t.add(b, some, set == "j30", func(in *Instance) (Result, error) {
					return Solve(context.Background(), in, Options{Schedules: 5_000, Seed: uint64(seed), Workers: 1})
				})
			}
			t.report(b)
		})
	}
}

// BenchmarkClock prints the quality reached in a time on two processors: on a tenth of
// j120, drawn with seed 1 and named, and on all of j30.
func BenchmarkClock(b *testing.B) {
	for _, c := range []struct {
		set   string
		share int // one of so many
	}{{"j120", 10}, {"j30", 1}} {
		all := library(b, c.set)
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		some := all[:len(all)/c.share]
		if c.share > 1 {
			for _, in := range some {
				fmt.Print(in.Name, " ")
			}
			fmt.Println()
		}
		const limit = 10 * time.Second
		b.Run(fmt.Sprintf("%s/%s", c.set, limit), func(b *testing.B) {
			var t tally
			for seed := range b.N {
				for _, in := range some {
					t.add(b, []known{in}, c.set == "j30", func(in *Instance) (Result, error) {
						ctx, cancel := context.WithTimeout(context.Background(), limit)
						defer cancel()
						return Solve(ctx, in, Options{Seed: uint64(seed), Workers: 2})
					})
				}
			}
			t.report(b)
		})
	}
}

// tally sums up what searches have found.
type tally struct {
	sync.Mutex
	n, best, proven, schedules int
	over, overBest             float64
}

// add searches on all projects, each with a thread of its own.
func (t *tally) add(b *testing.B, all []known, optimum bool, search func(*Instance) (Result, error)) {
	b.Helper()
	turn := make(chan known, len(all))
	for _, in := range all {
		turn <- in
	}
	close(turn)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(all)) {
		workers.Go(func() {
			for in := range turn {
				r, err := search(in.Instance)
				if err == nil {
					err = breaks(in.Instance, r.Start, r.Makespan)
				}
				if err == nil && (r.Makespan < in.bound || r.LowerBound > in.makespan) {
					err = fmt.Errorf("from %d to %d, but from %d to %d is known", r.LowerBound, r.Makespan, in.bound, in.makespan)
				}
				if err != nil {
					b.Errorf("%s: %v", in.Name, err)
				}
				base := r.CriticalPath
				if optimum {
					base = in.makespan
				}
				t.Lock()
				t.n++
				t.over += 100 * float64(r.Makespan-base) / float64(base)
				t.overBest += 100 * float64(r.Makespan-in.makespan) / float64(in.makespan)
				if r.Makespan <= in.makespan {
					t.best++
				}
				if r.Optimal {
					t.proven++
				}
				t.schedules += r.Schedules
				t.Unlock()
			}
		})
	}
	workers.Wait()
}

func (t *tally) report(b *testing.B) {
	n := float64(t.n)
	b.ReportMetric(t.over/n, "%over")
	b.ReportMetric(t.overBest/n, "%overbest")
	b.ReportMetric(100*float64(t.best)/n, "%best")
	b.ReportMetric(100*float64(t.proven)/n, "%proven")
	b.ReportMetric(float64(t.schedules)/b.Elapsed().Seconds()/1000, "kschedules/s")
}

// BenchmarkScheme prints how fast the two schemes make schedules, from the lists of a search.
func BenchmarkScheme(b *testing.B) {
	for _, how := range []scheme{serially, inParallel} {
		for _, n := range []int{30, 60, 120} {
			name := fmt.Sprintf("serial/%d", n)
			if how == inParallel {
				name = fmt.Sprintf("parallel/%d", n)
			}
			b.Run(name, func(b *testing.B) {
				var islands []*island
				for _, in := range suite(n, 1) {
					p, _, _ := compile(in)
					i := newIsland(p, 1_000, 1)
					i.run(context.Background(), 0, 1_000)
					copy(i.list, i.population[1][0].list)
					islands = append(islands, i)
				}
				for k := 0; b.Loop(); k++ {
					i := islands[k/100%len(islands)]
					if how == inParallel {
						i.way[0].parallel(i.list, i.start)
					} else {
						i.way[0].serial(i.list, i.start)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1000, "kschedules/s")
			})
		}
	}
}

// BenchmarkWorkers prints how many schedules a search under a large limit makes in a
// second with one worker and with two.
func BenchmarkWorkers(b *testing.B) {
	in := generate(shape{120, 1.8, 0.75, 0.2, 4, 10}, 1)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			made := 0
			for b.Loop() {
				r, err := Solve(context.Background(), in, Options{Schedules: 200_000, Workers: workers})
				if err != nil {
					b.Fatal(err)
				}
				made += r.Schedules
			}
			b.ReportMetric(float64(made)/b.Elapsed().Seconds()/1000, "kschedules/s")
		})
	}
}
