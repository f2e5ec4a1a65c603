package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
)

func newVersion() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  throughline version",
		Args:    cobra.NoArgs,
	}
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		v := struct {
			Version string `json:"version"`
			Go      string `json:"go"`
		}{app.Version(), runtime.Version()}
		return show(cmd, v, func() error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "throughline", v.Version, v.Go)
			return err
		})
	}
	return cmd
}
