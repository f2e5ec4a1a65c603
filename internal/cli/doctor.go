package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
)

func newDoctor() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Print the configuration and check the installation",
		Long: `Doctor prints every option with its value and where that comes from, secrets masked,
and checks what can be checked: the rights on the data folder, which it sets right, the
secret key, the certificate, the database itself, the views for analysts, and the hash of
every commit of every workspace. It fails if anything is wrong.`,
		Example: "  throughline doctor\n  throughline doctor --json | jq '.checks[] | select(.bad)'",
		Args:    cobra.NoArgs,
	}
	serverFlags(cmd)
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			d := a.Diagnose(ctx)
			err := show(cmd, d, func() error { return printDiagnosis(cmd, d) })
			if err == nil && !d.Healthy() {
				err = errors.New("something is wrong with this installation")
			}
			return err
		})
	}
	return cmd
}

func printDiagnosis(cmd *cobra.Command, d app.Diagnosis) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "throughline %s %s on %s\n\n", d.Version, d.Go, d.Engine)
	for _, s := range d.Settings {
		fmt.Fprintf(w, "%s\t%s\t(%s)\n", s.Name, s.Value, s.Origin)
	}
	fmt.Fprintln(w)
	for _, c := range d.Checks {
		state := "ok"
		if c.Bad {
			state = "BAD"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", state, c.Name, c.Found)
	}
	return w.Flush()
}
