package cli

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
)

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to this release",
		Long: `Migrate brings the tables and the views for analysts to this release. Every command
that opens an installation brings the tables up to date by itself; migrate is for doing it
beforehand, while servers of the release before go on running.`,
		Example: "  throughline migrate --database-url postgres://throughline@db/throughline",
		Args:    cobra.NoArgs,
	}
	installationFlags(cmd)
	adopt := cmd.Flags().Bool("adopt-key", false, "give up the secrets in the database, which were sealed with a key that is lost, and go on with the key that is there")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *adopt {
			c, err := configure(cmd)
			if err != nil {
				return err
			}
			if err := app.AdoptKey(cmd.Context(), c, newLog(cmd, c, slog.LevelWarn)); err != nil {
				return err
			}
		}
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			if err := a.Ledger.CreateViews(ctx); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The database is up to date.")
			return nil
		})
	}
	return cmd
}
