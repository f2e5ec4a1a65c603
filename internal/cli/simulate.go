package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/plan"
)

func newSimulate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate FILE",
		Short: "Forecast the dates of a plan",
		Long: `Simulate looks for a plan of a problem, as solve does, and plays it out many times with
the uncertainty, the risks and the growth that the problem states. It tells by when each
feature is finished how likely, whether releases and deadlines hold, and what moves the
end most. With the same numbers of schedules and draws and the same seed the answer is the
same on any machine.`,
		Example: `  throughline simulate shop.yaml
  throughline simulate shop.yaml --draws 100000 --json`,
		Args: cobra.ExactArgs(1),
	}
	f := cmd.Flags()
	draws := f.Int("draws", 10_000, "how many courses of events to play out")
	schedules := f.Int("schedules", 1000, "end the search for the plan after so many")
	most := f.Duration("time", 0, "end the search for the plan after this time (default no limit)")
	seed := f.Uint64("seed", 1, "choose other draws of equal worth")
	workers := f.Int("workers", 0, "threads (default one for each processor)")
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *draws < 1 || *schedules < 1 || *most < 0 || *workers < 0 {
			return usageError{errors.New("draws and schedules are 1 or more, time and workers not negative")}
		}
		file, err := puzzleAt(args[0])
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		if file.problem == nil {
			return fmt.Errorf("%s: instances of PSPLIB and of the next release problem have no uncertainty to simulate", args[0])
		}
		found, err := planOf(cmd, file.problem, *most, plan.SolveOptions{Evaluations: *schedules, Seed: *seed, Workers: *workers})
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		began := time.Now()
		forecast, err := plan.Simulate(cmd.Context(), file.problem, found, plan.SimulateOptions{Draws: *draws, Seed: *seed, Workers: *workers})
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		answer := struct {
			File     string         `json:"file"`
			Plan     *plan.Plan     `json:"plan"`
			Forecast *plan.Forecast `json:"forecast"`
			Seconds  float64        `json:"seconds"`
		}{args[0], found, forecast, seconds(time.Since(began))}
		return show(cmd, answer, func() error { return printForecast(cmd.OutOrStdout(), found, forecast) })
	}
	return cmd
}

// planOf looks for a plan, for a time at most if one is given.
func planOf(cmd *cobra.Command, p *plan.Problem, most time.Duration, o plan.SolveOptions) (*plan.Plan, error) {
	ctx := cmd.Context()
	if most > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, most)
		defer stop()
	}
	line := newProgressLine(cmd.ErrOrStderr())
	defer line.end()
	o.Progress = func(at plan.Progress) {
		line.show("worth %.0f, gap %.2f %%, %d plans", at.Value, 100*at.Gap, at.Evaluations)
	}
	return plan.Solve(ctx, p, o)
}

// moment prints a moment that may not come.
func moment(t int) string {
	if t >= plan.Never {
		return "never"
	}
	return strconv.Itoa(t)
}

func percent(o plan.Odds) string { return fmt.Sprintf("%.1f %%", 100*o.Chance) }

// printForecast prints a forecast for people.
func printForecast(w io.Writer, found *plan.Plan, f *plan.Forecast) error {
	fmt.Fprintf(w, "%d courses of a plan worth %.0f: %.0f on average, from %.0f (1 in 10 below) to %.0f (1 in 10 above)\n",
		f.Draws, found.Value, f.Value.Mean, f.Value.P10, f.Value.P90)
	fmt.Fprintf(w, "all work is planned to be done at %d; done by %s (1 in 2), %s (17 in 20)\n", found.Makespan, moment(f.Makespan.P50), moment(f.Makespan.P85))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(f.Features) > 0 {
		fmt.Fprintln(t, "feature\trelease\tfinished by (1 in 2)\t(17 in 20)\tin time")
	}
	for _, x := range f.Features {
		if x.Planned == "" {
			fmt.Fprintf(t, "%s\tleft out\t\t\t\n", x.Feature)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", x.Feature, x.Planned, moment(x.Finish.P50), moment(x.Finish.P85), percent(x.OnTime))
	}
	if len(f.Releases) > 0 {
		fmt.Fprintln(t, "release\tfeatures\tmade\tready by (17 in 20)\twhole")
	}
	for _, x := range f.Releases {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%s\t%s\n", x.Release, x.Planned, x.Made, moment(x.Ready.P85), percent(x.Whole))
	}
	if len(f.Deadlines) > 0 {
		fmt.Fprintln(t, "deadline\tof\tat\tin time\t")
	}
	for _, x := range f.Deadlines {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t\n", x.Rule, x.Element, x.At, percent(x.InTime))
	}
	const most = 10
	if len(f.Tornado) > 0 {
		fmt.Fprintln(t, "what moves the end\tfrom\tto\t\t")
	}
	for _, x := range f.Tornado[:min(most, len(f.Tornado))] {
		what := x.Activity
		if what == "" {
			what = x.Risk
		}
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t\t\n", what, x.Low, x.High)
	}
	return t.Flush()
}
