package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import csv|jsonl FILE",
		Short: "Bring in records of other tools, with their history",
		Long: `Import reads a file of records, plain or gzipped, and makes entities of them in one
commit that undoes as one. Records that were imported before are found by their key and
only what has changed is written. Nothing is imported while a row has a problem, unless
--skip-bad-rows is given, which lists what it skipped.

What the columns mean is recognised for exports of Jira, Linear and GitHub, and of
Throughline itself; of other files it is guessed from the headers and values, or said in a
mapping file. --print-mapping shows the mapping to begin with.`,
		Example: `  throughline import csv issues.csv --kind feature --dry-run
  throughline import csv issues.csv --kind feature --print-mapping > mapping.json
  throughline import csv issues.csv --mapping mapping.json --set product=FB
  throughline import jsonl features.jsonl --kind feature --history changes.jsonl`,
		Args: cobra.ExactArgs(2),
	}
	installationFlags(cmd)
	workspaceFlags(cmd)
	var r exchange.Request
	f := cmd.Flags()
	f.StringVar(&r.Kind, "kind", "", "what the records become, such as feature (default what the mapping or a column kind says)")
	mapping := f.String("mapping", "", "mapping file, or jira, linear or github")
	f.StringToStringVar(&r.Set, "set", nil, "value of a field in every row, as product=FB; may be given several times")
	history := f.String("history", "", "file of dated changes of fields, JSON Lines or CSV")
	f.BoolVar(&r.SkipBadRows, "skip-bad-rows", false, "import the rows without problems")
	dry := f.Bool("dry-run", false, "tell what would be imported, and write nothing")
	show := outputFlag(cmd)
	printMapping := f.Bool("print-mapping", false, "print the mapping that would be used, and write nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r.Format = exchange.Format(args[0])
		if r.Format != exchange.CSV && r.Format != exchange.JSON {
			return usageError{fmt.Errorf("%q is no format; write csv or jsonl", args[0])}
		}
		r.File = fileAt(args[1])
		if *history != "" {
			h := fileAt(*history)
			r.History = &h
		}
		var err error
		if r.Mapping, err = mappingAt(*mapping); err != nil {
			return err
		}
		return withWorkspace(cmd, func(ctx context.Context, a *app.App, workspace ledger.ID, as ledger.Actor) error {
			s, err := scopeAt(ctx, a, workspace, as, "")
			if err != nil {
				return err
			}
			r.Now = time.Now()
			p, err := exchange.Plan(ctx, s, r)
			if err != nil {
				return err
			}
			if *printMapping {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(p.Mapping)
			}
			refused := p.ProblemCount > 0 && !r.SkipBadRows
			if !*dry && !refused {
				if err := exchange.Run(ctx, a.Ledger, workspace, as, p, progressOf(cmd)); err != nil {
					return err
				}
			}
			if err := show(cmd, p.Report, func() error { return printReport(cmd.OutOrStdout(), &p.Report, *dry || refused) }); err != nil {
				return err
			}
			if refused {
				return fmt.Errorf("problems: %d; nothing is imported; correct them, or give --skip-bad-rows", p.ProblemCount)
			}
			return nil
		})
	}
	return cmd
}

func fileAt(path string) exchange.File {
	return exchange.File{Name: filepath.Base(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// mappingAt returns the mapping of a file, or the preset of that name.
func mappingAt(name string) (*exchange.Mapping, error) {
	if name == "" {
		return nil, nil
	}
	if m, err := exchange.Preset(name); err == nil {
		return m, nil
	}
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.Wrap(fault.NotFound, err, "there is no mapping file %s and no preset of that name", name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return exchange.ReadMapping(f)
}

// progressOf tells how far an import is, on standard error, at every thousandth entity.
func progressOf(cmd *cobra.Command) func(done, total int) {
	return func(done, total int) {
		if done%1000 == 0 || (done == total && total > 1000) {
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d\n", done, total)
		}
	}
}

// printReport prints a report for people.
func printReport(w io.Writer, r *exchange.Report, dry bool) error {
	for _, p := range r.Problems {
		fmt.Fprintln(w, p)
	}
	if more := r.ProblemCount - len(r.Problems); more > 0 {
		fmt.Fprintf(w, "and %d more problems\n", more)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "kind\tnew\tchanged\tunchanged\tskipped")
	for _, c := range r.Counts {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", c.Kind, c.New, c.Changed, c.Unchanged, c.Skipped)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.History > 0 {
		fmt.Fprintf(w, "%d dated changes\n", r.History)
	}
	made := map[string][]string{}
	for _, m := range r.Made {
		made[m.Kind] = append(made[m.Kind], m.Name)
	}
	for _, kind := range slices.Sorted(maps.Keys(made)) {
		fmt.Fprintf(w, "made because rows refer to them: %s %s\n", kind, some(made[kind]))
	}
	for _, v := range r.Values {
		if v.From != v.To {
			fmt.Fprintf(w, "%s %q becomes %q in %d rows\n", v.Field, v.From, v.To, v.Rows)
		}
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(w, "columns left out: %s\n", some(r.LeftOut))
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
	switch {
	case dry:
		_, err := fmt.Fprintln(w, "Nothing was written.")
		return err
	case r.Position == 0:
		_, err := fmt.Fprintln(w, "Everything was there already.")
		return err
	}
	_, err := fmt.Fprintf(w, "Imported at position %d.\n", r.Position)
	return err
}

// some lists the first names and tells how many more there are.
func some(names []string) string {
	const most = 20
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
