package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo() // nil without module support; version says so
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version(info))
			return err
		},
	}
}

// version describes a build in one line: its version, which the go command takes
// from the tag or else from the commit and its time, and the version of Go.
func version(info *debug.BuildInfo) string {
	if info == nil {
		return "throughline unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" { // built without the repository's history
		v = "unreleased"
	}
	return "throughline " + v + " " + info.GoVersion
}
