package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a workspace as JSON Lines or CSV",
		Long: `Export writes the entities of a workspace, or those of some kinds, as they are now or
were at a moment of the past. In JSON Lines each entity is one line; in CSV one kind is
one file, and several are a zip archive. What it writes can be imported again.

Cells that a spreadsheet could take for formulas have an apostrophe in front.`,
		Example: `  throughline export --workspace acme > acme.jsonl
  throughline export --kind feature --format csv --output features.csv
  throughline export --kind feature --format jsonl --at 2026-03-03`,
		Args: cobra.NoArgs,
	}
	installationFlags(cmd)
	workspaceFlags(cmd)
	f := cmd.Flags()
	kinds := f.StringSlice("kind", nil, "kind to write, such as feature; may be given several times (default all)")
	format := f.String("format", string(exchange.JSON), "jsonl or csv")
	at := f.String("at", "", "moment of the past: a day, a point in time, or a position as @1842")
	output := f.String("output", "", "file to write (default standard output)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withWorkspace(cmd, func(ctx context.Context, a *app.App, workspace ledger.ID, as ledger.Actor) error {
			s, err := scopeAt(ctx, a, workspace, as, *at)
			if err != nil {
				return err
			}
			return writeTo(cmd, *output, func(w io.Writer) error {
				err := exchange.Export(ctx, w, s, *kinds, exchange.Format(*format))
				if fault.Is(err, fault.Invalid) {
					return usageError{err}
				}
				return err
			})
		})
	}
	return cmd
}

// writeTo lets write fill a file, which only its owner can read, or standard output.
func writeTo(cmd *cobra.Command, name string, write func(io.Writer) error) (err error) {
	if name == "" {
		return write(cmd.OutOrStdout())
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
