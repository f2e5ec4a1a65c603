package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
)

func newBackup() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the whole database into one file",
		Long: `Backup writes the whole database, as it is at one moment, into one file, and reads
the file again to see that it is whole. A server may run meanwhile, and people may write.

The file can be read by its owner alone. It holds everything but the secret key; keep
a copy of that apart from it (secret.key in the data folder, unless you gave another).`,
		Example: `  throughline backup /backups/throughline-$(date +%F).backup
  throughline backup --database-url postgres://throughline@db/throughline pm.backup`,
		Args: cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			m, err := a.Backup(ctx, args[0])
			if err != nil {
				return err
			}
			return show(cmd, m, func() error {
				fmt.Fprintf(cmd.OutOrStdout(), "%s holds %d workspaces as of %s\n", args[0], len(m.Workspaces), m.MadeAt.Format(time.RFC3339))
				return nil
			})
		})
	}
	return cmd
}
