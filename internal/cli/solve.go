package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/check"
	"github.com/throughline-pm/throughline/plan/nrp"
	"github.com/throughline-pm/throughline/plan/rcpsp"
)

func newSolve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "solve FILE|FOLDER...",
		Short: "Solve planning problems",
		Long: `Solve looks for the best plan of each problem, and says how much better any other could
be. It reads the planning engine's own problems as JSON or YAML, and three formats of
research: projects of PSPLIB (.sm), multi-skill projects of iMOPSE (.def), and the next
release problem in the format of Xuan, which needs a --budget. Of a folder it solves
everything in it that is a problem.

A search ends when its answer is proven to be the best, after --schedules, or after --time.
With --schedules alone the answer is the same each time and on any machine.`,
		Example: `  throughline solve shop.yaml
  throughline solve shop.yaml --time 30s --schedule
  throughline solve j30 --schedules 5000 --json --verify > j30.jsonl
  throughline solve nrp1.txt --budget 0.3`,
		Args: cobra.MinimumNArgs(1),
	}
	var s solving
	f := cmd.Flags()
	f.IntVar(&s.schedules, "schedules", 0, "end a search after so many schedules, plans or branches")
	f.DurationVar(&s.time, "time", 0, "end a search after this time (default 10s, or no limit with --schedules)")
	f.Uint64Var(&s.seed, "seed", 1, "choose another of many searches of equal worth")
	f.IntVar(&s.workers, "workers", 0, "threads to search with (default one for each processor)")
	f.Float64Var(&s.budget, "budget", 0, "what a next release may cost, as a share of the cost of everything")
	f.BoolVar(&s.json, "json", false, "print a line of JSON for each file")
	f.BoolVar(&s.schedule, "schedule", false, "print the plan too")
	f.BoolVar(&s.verify, "verify", false, "check each answer by other code than found it, and fail if it is wrong")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if s.schedules < 0 || s.time < 0 || s.workers < 0 {
			return usageError{errors.New("schedules, time and workers cannot be negative")}
		}
		if s.schedules == 0 && s.time == 0 {
			s.time = 10 * time.Second
		}
		if f.Changed("budget") && !(s.budget > 0 && s.budget <= 1) {
			return usageError{fmt.Errorf("the budget is %v: it is a share, above 0 to 1", s.budget)}
		}
		files, err := filesIn(args)
		if err != nil {
			return err
		}
		s.out, s.progress = cmd.OutOrStdout(), newProgressLine(cmd.ErrOrStderr())
		var failed []error
		for i, name := range files {
			if cmd.Context().Err() != nil {
				failed = append(failed, fmt.Errorf("interrupted; %d of %d files are not solved", len(files)-i, len(files)))
				break
			}
			if err := s.file(cmd.Context(), name); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", name, err))
			}
		}
		return errors.Join(failed...)
	}
	return cmd
}

// solving is how a run of solve searches and tells.
type solving struct {
	schedules, workers     int
	time                   time.Duration
	seed                   uint64
	budget                 float64
	json, schedule, verify bool
	out                    io.Writer
	progress               *progressLine
}

// answer is what was found for one file.
type answer struct {
	line    any    // as JSON
	text    string // for people
	table   func(w io.Writer)
	against []check.Violation
}

// file solves one file, prints its answer, and returns what went wrong.
func (s *solving) file(ctx context.Context, name string) error {
	p, err := puzzleAt(name)
	if err != nil {
		return err
	}
	if s.time > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, s.time)
		defer stop()
	}
	var a *answer
	switch {
	case p.problem != nil:
		a, err = s.problem(ctx, name, p.problem)
	case p.project != nil:
		a, err = s.project(ctx, name, p.project)
	default:
		a, err = s.products(ctx, name, p.products)
	}
	s.progress.end()
	if err != nil {
		return err
	}
	if err := s.print(a); err != nil {
		return err
	}
	var wrong []error
	for _, v := range a.against {
		wrong = append(wrong, fmt.Errorf("the answer is wrong: %v", v))
	}
	return errors.Join(wrong...)
}

func (s *solving) print(a *answer) error {
	if s.json {
		e := json.NewEncoder(s.out)
		e.SetEscapeHTML(false)
		return e.Encode(a.line)
	}
	if _, err := fmt.Fprintln(s.out, a.text); err != nil || !s.schedule {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	a.table(t)
	return t.Flush()
}

// seconds is a duration as JSON has it, to a millisecond.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// diagnosed says more of a problem that has no plan: which rules clash, and what could be
// done about it.
func diagnosed(ctx context.Context, p *plan.Problem, err error) error {
	var none *plan.Infeasible
	var lost *plan.NotFound
	if !errors.As(err, &none) && !errors.As(err, &lost) {
		return err
	}
	d, failed := plan.Diagnose(ctx, p, plan.DiagnoseOptions{})
	if failed != nil {
		return err
	}
	for _, c := range d.Conflicts {
		if len(c.Rules) > 0 {
			err = fmt.Errorf("%w\n  clash: %s (%s)", err, strings.Join(c.Rules, ", "), c.Reason)
		}
	}
	for _, r := range d.Repairs {
		var changes []string
		for _, c := range r.Changes {
			changes = append(changes, c.String())
		}
		err = fmt.Errorf("%w\n  way out: %s; worth %.0f then", err, strings.Join(changes, ", "), r.Value)
	}
	return err
}

func (s *solving) problem(ctx context.Context, name string, p *plan.Problem) (*answer, error) {
	began := time.Now()
	found, err := plan.Solve(ctx, p, plan.SolveOptions{
		Evaluations: s.schedules, Seed: s.seed, Workers: s.workers,
		Progress: func(at plan.Progress) {
			s.progress.show("%s: worth %.0f, at most %.0f, gap %.2f %%, %d plans, %.0f s", name, at.Value, at.Bound, 100*at.Gap, at.Evaluations, time.Since(began).Seconds())
		},
	})
	if err != nil {
		return nil, diagnosed(ctx, p, err)
	}
	took := time.Since(began)
	a := &answer{text: fmt.Sprintf("%s: worth %.0f, and no plan more than %.0f (gap %.2f %%); makespan %d; %d plans in %.1f s",
		name, found.Value, found.Bound, 100*found.Gap, found.Makespan, found.Evaluations, took.Seconds())}
	line := struct {
		File      string     `json:"file"`
		Objective float64    `json:"objective"`
		Bound     float64    `json:"bound"`
		Coarse    *float64   `json:"coarse,omitempty"`
		Gap       float64    `json:"gap"`
		Makespan  int        `json:"makespan"`
		Schedules int        `json:"schedules"`
		Seconds   float64    `json:"seconds"`
		Plan      *plan.Plan `json:"plan,omitempty"`
	}{name, found.Value, found.Bound, found.Coarse, found.Gap, found.Makespan, found.Evaluations, seconds(took), nil}
	if s.schedule {
		line.Plan = found
	}
	a.line = line
	a.table = func(w io.Writer) {
		if len(found.Features) > 0 {
			fmt.Fprintln(w, "feature\trelease\tfinish\tvalue")
			for _, f := range found.Features {
				release := f.Release
				if release == "" {
					release = "left out"
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%.0f\n", f.Feature, release, f.Finish, f.Value)
			}
		}
		fmt.Fprintln(w, "activity\tmode\tstart\tfinish\tpeople")
		for _, x := range found.Activities {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", x.Activity, x.Mode, x.Start, x.Finish, some(x.People))
		}
	}
	if s.verify {
		a.against = check.Plan(p, found)
	}
	return a, nil
}

func (s *solving) project(ctx context.Context, name string, in *rcpsp.Instance) (*answer, error) {
	began := time.Now()
	found, err := rcpsp.Solve(ctx, in, rcpsp.Options{
		Schedules: s.schedules, Seed: s.seed, Workers: s.workers,
		Progress: func(at rcpsp.Progress) {
			s.progress.show("%s: makespan %d, at least %d, %d schedules, %.0f s", name, at.Makespan, at.LowerBound, at.Schedules, time.Since(began).Seconds())
		},
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	a := &answer{text: fmt.Sprintf("%s: makespan %d, and no schedule is shorter than %d (critical path %d); %d schedules in %.1f s",
		name, found.Makespan, found.LowerBound, found.CriticalPath, found.Schedules, took.Seconds())}
	line := struct {
		File       string  `json:"file"`
		Makespan   int     `json:"makespan"`
		CPM        int     `json:"cpm"`
		LowerBound int     `json:"lower_bound"`
		Schedules  int     `json:"schedules"`
		Seconds    float64 `json:"seconds"`
		Start      []int   `json:"start,omitempty"`
	}{name, found.Makespan, found.CriticalPath, found.LowerBound, found.Schedules, seconds(took), nil}
	if s.schedule {
		line.Start = found.Start
	}
	a.line = line
	a.table = func(w io.Writer) {
		fmt.Fprintln(w, "job\tstart\tfinish")
		for i, t := range found.Start {
			fmt.Fprintf(w, "%d\t%d\t%d\n", i+1, t, t+in.Durations[i])
		}
	}
	if s.verify {
		a.against = check.Schedule(in, &found)
	}
	return a, nil
}

func (s *solving) products(ctx context.Context, name string, in *nrp.Instance) (*answer, error) {
	if s.budget == 0 {
		return nil, usageError{errors.New("a next release needs a budget; give --budget 0.3, for example")}
	}
	budget, err := in.Budget(s.budget)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	found, err := nrp.Solve(ctx, in, budget, nrp.Options{
		Nodes: s.schedules, Seed: s.seed, Workers: s.workers,
		Report: func(at nrp.Progress) {
			s.progress.show("%s: value %d, at most %d, %d branches, %.0f s", name, at.Value, at.UpperBound, at.Nodes, time.Since(began).Seconds())
		},
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	a := &answer{text: fmt.Sprintf("%s with a budget of %d: value %d, and no choice brings more than %d; %.1f s",
		name, budget, found.Value, found.UpperBound, took.Seconds())}
	line := struct {
		File         string  `json:"file"`
		Budget       int64   `json:"budget"`
		Value        int64   `json:"value"`
		UpperBound   int64   `json:"upper_bound"`
		Optimal      bool    `json:"optimal"`
		Seconds      float64 `json:"seconds"`
		Requirements []int   `json:"requirements,omitempty"`
		Customers    []int   `json:"customers,omitempty"`
	}{name, budget, found.Value, found.UpperBound, found.Optimal, seconds(took), nil, nil}
	if s.schedule {
		line.Requirements, line.Customers = fromOne(found.Requirements), fromOne(found.Customers)
	}
	a.line = line
	a.table = func(w io.Writer) {
		fmt.Fprintln(w, "customer\tprofit")
		for _, c := range found.Customers {
			fmt.Fprintf(w, "%d\t%d\n", c+1, in.Customers[c].Profit)
		}
		fmt.Fprintln(w, "requirement\tcost")
		for _, k := range found.Requirements {
			fmt.Fprintf(w, "%d\t%d\n", k+1, in.Costs[k])
		}
	}
	if s.verify {
		a.against = check.Choice(in, budget, &found)
	}
	return a, nil
}

// fromOne returns numbers as a file has them that counts from 1.
func fromOne(fromZero []int) []int {
	out := make([]int, len(fromZero))
	for i, n := range fromZero {
		out[i] = n + 1
	}
	return out
}

// progressLine is a line on a terminal that is written again and again; on anything else
// it is nothing.
type progressLine struct {
	w     io.Writer // nil if it is no terminal
	last  time.Time
	shown bool
}

func newProgressLine(w io.Writer) *progressLine {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &progressLine{w: w}
		}
	}
	return &progressLine{}
}

// show writes the line, up to ten times a second.
func (l *progressLine) show(format string, args ...any) {
	if l.w == nil || time.Since(l.last) < 100*time.Millisecond {
		return
	}
	l.last, l.shown = time.Now(), true
	fmt.Fprintf(l.w, "\r\x1b[K"+format, args...)
}

// end takes the line away.
func (l *progressLine) end() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.shown = false
	}
}
