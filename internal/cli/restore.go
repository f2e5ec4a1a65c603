package cli

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
)

func newRestore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Fill an empty installation with a backup",
		Long: `Restore fills an installation with what backup wrote: whole or not at all. It refuses
a file that is cut or damaged, a database that anybody has open, and one that is not empty.
Afterwards it verifies the hash of every commit.

The secret key is not in a backup: put the old secret.key into the data folder, or give
--secret-key, before the server starts. Sessions, tokens and accounts are as they were at
the moment of the backup; what was revoked since is in force again.`,
		Example: `  throughline restore --data /var/lib/throughline /backups/throughline-2026-03-02.backup`,
		Args:    cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := configure(cmd)
		if err != nil {
			return err
		}
		m, err := app.Restore(cmd.Context(), c, args[0], app.Options{Log: newLog(cmd, c, max(c.LogLevel, slog.LevelWarn))})
		if err != nil {
			return err
		}
		return show(cmd, m, func() error {
			fmt.Fprintf(cmd.OutOrStdout(), "%d workspaces are back as of %s; every commit was verified\n", len(m.Workspaces), m.MadeAt.Format(time.RFC3339))
			return nil
		})
	}
	return cmd
}
