package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/check"
	"github.com/throughline-pm/throughline/plan/nrp"
)

// releases are the next release problems, each until it is proven or a time is over.
func (b *bench) releases() ([]group, error) {
	limit := 5 * time.Second
	if b.full {
		limit = time.Minute
	}
	var groups []group
	for _, set := range []struct {
		name   string
		ratios []float64
	}{{"classic", []float64{0.3, 0.5, 0.7}}, {"realistic", []float64{0.3, 0.5}}} {
		files, err := filepath.Glob(filepath.Join(b.data, "nrp", set.name+"-nrp", "nrp*.txt"))
		if err != nil {
			return nil, err
		}
		g := group{title: fmt.Sprintf("next release, %s (%d), up to %v each", set.name, len(files)*len(set.ratios), limit), alone: true, tell: tellReleases}
		for _, name := range files {
			in, err := readRelease(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			short := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "nrp-"), ".txt")
			for i, ratio := range set.ratios {
				g.jobs = append(g.jobs, releaseJob(in, short, ratio, optima[short][i], limit))
			}
		}
		if len(files) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

func readRelease(name string) (*nrp.Instance, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return nrp.Read(f)
}

func releaseJob(in *nrp.Instance, name string, ratio, known float64, limit time.Duration) job {
	return job{
		measured{Set: "nrp", Instance: fmt.Sprintf("%s-%.1f", name, ratio), Limit: limit.String(), Seed: 1, Known: known},
		func(ctx context.Context, workers int, m *measured) error {
			ctx, stop := context.WithTimeout(ctx, limit)
			defer stop()
			budget, err := in.Budget(ratio)
			if err != nil {
				return err
			}
			r, err := nrp.Solve(ctx, in, budget, nrp.Options{Seed: 1, Workers: workers})
			if err != nil {
				return err
			}
			m.Value, m.Bound, m.Count = float64(r.Value), float64(r.UpperBound), r.Nodes
			m.Wrong = check.Choice(in, budget, &r)
			return nil
		},
	}
}

func tellReleases(w io.Writer, all []measured) {
	proven, seconds, longest := 0, 0.0, 0.0
	for _, m := range all {
		fmt.Fprintf(w, "  %-9s value %6.0f  bound %6.0f  gap %.3f %%  known %6.0f  %6.2f s\n", m.Instance, m.Value, m.Bound, 100*(m.Bound-m.Value)/m.Bound, m.Known, m.Seconds)
		if m.Value == m.Bound {
			proven++
			longest = max(longest, m.Seconds)
		}
		seconds += m.Seconds
	}
	fmt.Fprintf(w, "  proven optimal %d of %d, the longest proof %.2f s; %.1f s in all\n", proven, len(all), longest, seconds)
}

// teams are the multi-skill projects of the set d36, by number of plans.
func (b *bench) teams() ([]group, error) {
	files, err := zip.OpenReader(filepath.Join(b.data, "msrcpsp", "imopse-msrcpsp.zip"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer files.Close()
	const n = 100
	g := group{title: fmt.Sprintf("multi-skill projects, d36, %d plans", n), tell: tellTeams}
	for _, f := range files.File {
		if !strings.HasPrefix(f.Name, "d36/") || !strings.HasSuffix(f.Name, ".def") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		p, err := plan.ReadIMOPSE(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		for _, seed := range b.seeds() {
			g.jobs = append(g.jobs, job{
				measured{Set: "d36", Instance: strings.TrimSuffix(filepath.Base(f.Name), ".def"), Limit: fmt.Sprintf("%d plans", n), Seed: seed},
				func(ctx context.Context, workers int, m *measured) error {
					a, err := plan.Solve(ctx, p, plan.SolveOptions{Evaluations: n, Seed: seed, Workers: workers})
					if err != nil {
						return err
					}
					m.Value, m.Count, m.Wrong = float64(a.Makespan), a.Evaluations, check.Plan(p, a)
					return nil
				},
			})
		}
	}
	return []group{g}, nil
}

func tellTeams(w io.Writer, all []measured) {
	sum := 0.0
	for _, m := range all {
		sum += m.Value
		if m.Seed == 1 {
			fmt.Fprintf(w, "  %-20s makespan %4.0f\n", m.Instance, m.Value)
		}
	}
	fmt.Fprintf(w, "  mean makespan %.2f; no table of best values was found to compare with\n", sum/float64(len(all)))
}

// plans are generated problems of the size that products have, by time.
func (b *bench) plans() ([]group, error) {
	marks := []time.Duration{500 * time.Millisecond, 2 * time.Second, 5 * time.Second}
	if b.full {
		marks = append(marks, 30*time.Second)
	}
	var groups []group
	for _, o := range []plan.GenerateOptions{
		{Features: 300, Pools: 8, Releases: 12},
		{Features: 1000, Pools: 20, Releases: 12},
	} {
		g := group{
			title: fmt.Sprintf("plans of %d features, %d pools, %d releases, generated, %v each", o.Features, o.Pools, o.Releases, marks[len(marks)-1]),
			alone: true,
			tell:  func(w io.Writer, all []measured) { tellPlans(w, all, marks) },
		}
		for seed := range uint64(5) {
			o.Seed = seed + 1
			p, err := plan.Generate(o)
			if err != nil {
				return nil, err
			}
			g.jobs = append(g.jobs, planJob(p, fmt.Sprintf("%d features, generated with seed %d", o.Features, o.Seed), marks))
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// courses are simulations of a generated plan.
func (b *bench) courses() ([]group, error) {
	p, err := plan.Generate(plan.GenerateOptions{Features: 300, Pools: 8, Releases: 12, Seed: 1})
	if err != nil {
		return nil, err
	}
	g := group{title: "simulation of 300 features, generated", alone: true, tell: func(w io.Writer, all []measured) {
		for _, m := range all {
			fmt.Fprintf(w, "  %d draws of %d activities: %.0f ms\n", m.Count, len(p.Activities), 1000*m.First)
		}
	}}
	for _, n := range []int{10_000, 100_000} {
		g.jobs = append(g.jobs, job{
			measured{Set: "simulate", Instance: "300 features, generated with seed 1", Limit: fmt.Sprintf("%d draws", n), Seed: 1},
			func(ctx context.Context, workers int, m *measured) error {
				a, err := plan.Solve(ctx, p, plan.SolveOptions{Evaluations: 500, Seed: 1, Workers: workers})
				if err != nil {
					return err
				}
				began := time.Now()
				f, err := plan.Simulate(ctx, p, a, plan.SimulateOptions{Draws: n, Seed: 1, Workers: workers})
				if err != nil {
					return err
				}
				m.First, m.Value, m.Count = time.Since(began).Seconds(), float64(f.Makespan.P85), f.Draws
				return nil
			},
		})
	}
	return []group{g}, nil
}

func planJob(p *plan.Problem, name string, marks []time.Duration) job {
	limit := marks[len(marks)-1]
	return job{
		measured{Set: "plan", Instance: name, Limit: limit.String(), Seed: 1},
		func(ctx context.Context, workers int, m *measured) error {
			ctx, stop := context.WithTimeout(ctx, limit)
			defer stop()
			began := time.Now()
			m.Gaps = map[string]float64{}
			a, err := plan.Solve(ctx, p, plan.SolveOptions{Seed: 1, Workers: workers, Progress: func(at plan.Progress) {
				past := time.Since(began)
				if m.First == 0 {
					m.First = past.Seconds()
				}
				for _, mark := range marks {
					if past <= mark {
						m.Gaps[mark.String()] = at.Gap
					}
				}
			}})
			if err != nil {
				return err
			}
			m.Value, m.Bound, m.Count, m.Wrong = a.Value, a.Bound, a.Evaluations, check.Plan(p, a)
			m.Gaps[limit.String()] = a.Gap
			if a.Coarse != nil {
				m.Coarse = (a.Bound - *a.Coarse) / a.Bound
			}
			return nil
		},
	}
}

func tellPlans(w io.Writer, all []measured, marks []time.Duration) {
	gaps := make([][]float64, len(marks))
	for _, m := range all {
		fmt.Fprintf(w, "  %s: first plan after %.0f ms, gap", m.Instance, 1000*m.First)
		for i, mark := range marks {
			gap, ok := m.Gaps[mark.String()]
			if !ok || !(gap <= 1) {
				gap = 1 // there was no plan yet, or no bound
			}
			gaps[i] = append(gaps[i], gap)
			fmt.Fprintf(w, " %.2f %% at %v", 100*gap, mark)
		}
		fmt.Fprintf(w, "; %.2f %% by releases alone; %d plans\n", 100*m.Coarse, m.Count)
	}
	fmt.Fprint(w, "  median gap")
	for i, mark := range marks {
		slices.Sort(gaps[i])
		fmt.Fprintf(w, " %.2f %% at %v", 100*gaps[i][len(gaps[i])/2], mark)
	}
	fmt.Fprintln(w)
}
