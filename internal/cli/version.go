package cli

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and what it was built from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo() // nil without module support; version says so
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version(info))
			return err
		},
	}
}

// version describes a build in one line: the release or "unreleased", the commit
// and its time, and the version of Go.
func version(info *debug.BuildInfo) string {
	if info == nil {
		return "throughline unknown"
	}
	words := []string{"throughline", info.Main.Version}
	if info.Main.Version == "" || info.Main.Version == "(devel)" {
		words[1] = "unreleased"
	}
	commit := map[string]string{}
	for _, s := range info.Settings {
		commit[s.Key] = s.Value
	}
	if revision := commit["vcs.revision"]; revision != "" {
		words = append(words, "commit", revision[:min(12, len(revision))])
		if commit["vcs.modified"] == "true" {
			words = append(words, "with changes")
		}
		words = append(words, "of", commit["vcs.time"])
	}
	return strings.Join(append(words, info.GoVersion), " ")
}
