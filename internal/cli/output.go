package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"
)

// outputFlag gives a command the flag --json, and returns what prints its result: v as
// one JSON value if the flag is set, else what text prints.
func outputFlag(cmd *cobra.Command) func(cmd *cobra.Command, v any, text func() error) error {
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	return func(cmd *cobra.Command, v any, text func() error) error {
		if !*asJSON {
			return text()
		}
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}
