// Command benchplan measures the planning engine on public instances and on generated
// problems, and prints the figures beside those that were published. Rows by number of
// schedules are over whole sets and the same on any machine; rows by time are over a tenth
// of a set that is drawn once and named in the output, or with -full over all of it. Every
// answer is verified by code that has no part in finding it.
//
// The instances are not part of the source. The folder that -data names holds them as
// psplib/j30.sm.zip and j120.sm.zip with derived-j30-bounds.csv and derived-j120-bounds.csv
// (columns instance, cpm, best_lb, best_ub), nrp/classic-nrp/*.txt and
// nrp/realistic-nrp/*.txt, and msrcpsp/imopse-msrcpsp.zip. A set that is not there is left
// out.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/plan/check"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "benchplan:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("benchplan", flag.ContinueOnError)
	b := &bench{progress: progress, done: map[string]measured{}}
	flags.StringVar(&b.data, "data", filepath.Join("..", "shared", "data", "planning"), "folder of the instances")
	flags.BoolVar(&b.full, "full", false, "five seeds, whole sets by time too: a day or more")
	only := flags.String("only", "", "measure the groups that have this in their title")
	log := flags.String("log", "", "file of one line of JSON for each answer; what is in it already is not measured again")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *log != "" {
		f, err := b.resume(*log)
		if err != nil {
			return err
		}
		defer f.Close()
	}
	groups, err := b.groups()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, %d processors, load %s\n", runtime.Version(), runtime.GOMAXPROCS(0), load())
	wrong := 0
	for _, g := range groups {
		if !strings.Contains(g.title, *only) {
			continue
		}
		all, err := b.measure(ctx, g)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\n%s\n", g.title)
		g.tell(out, all)
		for _, m := range all {
			for _, v := range m.Wrong {
				wrong++
				fmt.Fprintf(out, "WRONG %s: %v\n", m.key(), v)
			}
		}
	}
	fmt.Fprintf(out, "\nload at the end %s\n", load())
	if wrong > 0 {
		return fmt.Errorf("%d answers are wrong", wrong)
	}
	return nil
}

// load is how busy the machine has been for the last minutes, where it says so.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// measured is one answer: a line of the log.
type measured struct {
	Set      string  `json:"set"`
	Instance string  `json:"instance"`
	Limit    string  `json:"limit"`
	Seed     uint64  `json:"seed"`
	Value    float64 `json:"value"` // makespan, profit or worth
	Bound    float64 `json:"bound"`
	Base     float64 `json:"base,omitempty"`  // the length of the critical path, say
	Known    float64 `json:"known,omitempty"` // the best value known of the instance
	Count    int     `json:"count"`           // schedules, plans or branches
	Seconds  float64 `json:"seconds"`
	// First is when the first plan, or the forecast, was there, Gaps how far a plan was from
	Coarse float64 `json:"coarse,omitempty"` // the part of the gap that whole features make
	// its bound later on.
	First float64            `json:"first,omitempty"`
	Gaps  map[string]float64 `json:"gaps,omitempty"`
	Wrong []check.Violation  `json:"wrong,omitempty"`
}

func (m *measured) key() string {
	return fmt.Sprintf("%s %s, %s, seed %d", m.Set, m.Instance, m.Limit, m.Seed)
}

// job is an answer to find.
type job struct {
	measured // what is known of it before
	solve    func(ctx context.Context, workers int, m *measured) error
}

// group is what makes some rows of the output.
type group struct {
	title string
	jobs  []job
	// alone says that time counts, so that the answers are found one after the other, each
	// with all processors.
	alone bool
	tell  func(w io.Writer, all []measured)
}

type bench struct {
	data     string
	full     bool
	progress io.Writer
	done     map[string]measured
	log      *json.Encoder
}

// resume reads the answers that a log holds and opens it for more. A line that was cut off
// is written anew.
func (b *bench) resume(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	lines, end := bufio.NewReader(f), int64(0)
	for {
		line, err := lines.ReadBytes('\n')
		var m measured
		if err != nil || json.Unmarshal(line, &m) != nil {
			break
		}
		end += int64(len(line))
		b.done[m.key()] = m
	}
	if err := errors.Join(f.Truncate(end), seek(f, end)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	b.log = json.NewEncoder(f)
	return f, nil
}

func seek(f *os.File, at int64) error {
	_, err := f.Seek(at, io.SeekStart)
	return err
}

// measure finds the answers of a group, in the order of its jobs.
func (b *bench) measure(ctx context.Context, g group) ([]measured, error) {
	all := make([]measured, len(g.jobs))
	parallel, workers := runtime.GOMAXPROCS(0), 1
	if g.alone {
		parallel, workers = 1, parallel
	}
	next := make(chan int)
	var failed error
	var mu sync.Mutex
	var wait sync.WaitGroup
	finished := 0
	for range parallel {
		wait.Go(func() {
			for i := range next {
				m, err := b.one(ctx, &g.jobs[i], workers, &mu)
				mu.Lock()
				all[i] = m
				failed = errors.Join(failed, err)
				finished++
				if finished%50 == 0 || g.alone {
					fmt.Fprintf(b.progress, "%s: %d of %d\n", g.title, finished, len(g.jobs))
				}
				mu.Unlock()
			}
		})
	}
	for i := range g.jobs {
		mu.Lock()
		over := failed != nil || ctx.Err() != nil
		mu.Unlock()
		if over {
			break
		}
		next <- i
	}
	close(next)
	wait.Wait()
	return all, errors.Join(failed, ctx.Err())
}

func (b *bench) one(ctx context.Context, j *job, workers int, mu *sync.Mutex) (measured, error) {
	m := j.measured
	mu.Lock()
	before, ok := b.done[m.key()]
	mu.Unlock()
	if ok {
		return before, nil
	}
	began := time.Now()
	if err := j.solve(ctx, workers, &m); err != nil {
		return m, fmt.Errorf("%s: %w", m.key(), err)
	}
	m.Seconds = time.Since(began).Seconds()
	if ctx.Err() != nil {
		return m, ctx.Err() // an answer of less time than it was to have is none
	}
	mu.Lock()
	defer mu.Unlock()
	if b.log == nil {
		return m, nil
	}
	return m, b.log.Encode(m)
}

// seeds are the seeds of a row by number of schedules.
func (b *bench) seeds() []uint64 {
	if b.full {
		return []uint64{1, 2, 3, 4, 5}
	}
	return []uint64{1}
}
