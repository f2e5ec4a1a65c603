package main

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/plan/chance"
	"github.com/throughline-pm/throughline/plan/check"
	"github.com/throughline-pm/throughline/plan/rcpsp"
)

// project is an instance of PSPLIB and what is known of it.
type project struct {
	*rcpsp.Instance
	cpm, known float64
}

// library reads a set of PSPLIB; none if it is not there.
func (b *bench) library(set string) (all []project, err error) {
	dir := filepath.Join(b.data, "psplib")
	files, err := zip.OpenReader(filepath.Join(dir, set+".sm.zip"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer files.Close()
	table, err := os.Open(filepath.Join(dir, "derived-"+set+"-bounds.csv"))
	if err != nil {
		return nil, err
	}
	defer table.Close()
	rows, err := csv.NewReader(table).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		p, err := readProject(files, set+"/"+row[0]+".sm")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", row[0], err)
		}
		p.Name = row[0]
		var err1, err2 error
		p.cpm, err1 = strconv.ParseFloat(row[1], 64)
		p.known, err2 = strconv.ParseFloat(row[3], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%s: %w", row[0], err)
		}
		all = append(all, p)
	}
	return all, nil
}

func readProject(files *zip.ReadCloser, name string) (project, error) {
	f, err := files.Open(name)
	if err != nil {
		return project{}, err
	}
	defer f.Close()
	in, err := rcpsp.ReadPSPLIB(f)
	return project{Instance: in}, err
}

// tenth is the same tenth of a set each time.
func tenth[T any](all []T) []T {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	chance.New(2026, uint64(len(all))).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var some []T
	for _, i := range order[:len(all)/10] {
		some = append(some, all[i])
	}
	return some
}

// groups are all there is to measure.
func (b *bench) groups() ([]group, error) {
	var groups []group
	for _, set := range []string{"j30", "j120"} {
		all, err := b.library(set)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			continue
		}
		title := strings.ToUpper(set)
		for _, n := range []int{1000, 5000, 50_000} {
			some, which := all, "all"
			if set == "j120" && n == 50_000 && !b.full {
				some, which = tenth(all), "a tenth"
			}
			g := group{title: fmt.Sprintf("%s, %s (%d), %d schedules", title, which, len(some), n)}
			for _, seed := range b.seeds() {
				for _, p := range some {
					g.jobs = append(g.jobs, p.job(set, fmt.Sprintf("%d schedules", n), seed, n, 0))
				}
			}
			whole := len(some) == len(all)
			g.tell = func(w io.Writer, all []measured) { tellProjects(w, set, all, n, whole) }
			groups = append(groups, g)
		}
		times := []time.Duration{10 * time.Second}
		some, which := tenth(all), "a tenth"
		if b.full {
			some, which = all, "all"
			if set == "j120" {
				times = append(times, time.Minute)
			}
		}
		for _, limit := range times {
			g := group{title: fmt.Sprintf("%s, %s (%d), %v each", title, which, len(some), limit), alone: true}
			for _, p := range some {
				g.jobs = append(g.jobs, p.job(set, limit.String(), 1, 0, limit))
			}
			g.tell = func(w io.Writer, all []measured) { tellProjects(w, set, all, 0, b.full) }
			groups = append(groups, g)
		}
	}
	for _, more := range []func() ([]group, error){b.releases, b.teams, b.plans, b.courses} {
		g, err := more()
		if err != nil {
			return nil, err
		}
		groups = append(groups, g...)
	}
	return groups, nil
}

func (p project) job(set, limit string, seed uint64, schedules int, most time.Duration) job {
	return job{
		measured{Set: set, Instance: p.Name, Limit: limit, Seed: seed, Base: p.cpm, Known: p.known},
		func(ctx context.Context, workers int, m *measured) error {
			if most > 0 {
				var stop context.CancelFunc
				ctx, stop = context.WithTimeout(ctx, most)
				defer stop()
			}
			r, err := rcpsp.Solve(ctx, p.Instance, rcpsp.Options{Schedules: schedules, Seed: seed, Workers: workers})
			if err != nil {
				return err
			}
			m.Value, m.Bound, m.Count = float64(r.Makespan), float64(r.LowerBound), r.Schedules
			m.Wrong = check.Schedule(p.Instance, &r)
			return nil
		},
	}
}

// tellProjects prints how far makespans are above what is known, and what was published.
func tellProjects(w io.Writer, set string, all []measured, schedules int, whole bool) {
	var overPath, overKnown, knownOverPath, seconds float64
	equal, better, proven, count := 0, 0, 0, 0
	for _, m := range all {
		overPath += 100 * (m.Value/m.Base - 1) / float64(len(all))
		overKnown += 100 * (m.Value/m.Known - 1) / float64(len(all))
		knownOverPath += 100 * (m.Known/m.Base - 1) / float64(len(all))
		switch {
		case m.Value < m.Known:
			better++
		case m.Value == m.Known:
			equal++
		}
		if m.Value == m.Bound {
			proven++
		}
		count += m.Count
		seconds += m.Seconds
	}
	fmt.Fprintf(w, "  %.3f %% over the critical path, best known %.3f %%\n", overPath, knownOverPath)
	fmt.Fprintf(w, "  %.3f %% over the best known; as good %d, better %d, proven optimal %d, of %d\n", overKnown, equal, better, proven, len(all))
	fmt.Fprintf(w, "  %d schedules in %.1f s of search, %.0f a second\n", count, seconds, float64(count)/seconds)
	tellPublished(w, set, schedules, whole)
	if !whole {
		names := make([]string, len(all))
		for i, m := range all {
			names[i] = m.Instance
		}
		fmt.Fprintf(w, "  the tenth: %s\n", strings.Join(names, " "))
	}
}
