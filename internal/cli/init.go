package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func newInit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init SLUG",
		Short: "Make a workspace, and the installation if there is none",
		Long: `Init makes a workspace with its settings, the standard workflow and its owner, and
before that the installation, if there is none. The slug stands in addresses.

If nobody has the owner's e-mail yet, an account is made for it; the first account of an
installation administers the server. Without --password-stdin a link is printed by which
the owner chooses a password within an hour.`,
		Example: `  throughline init acme --owner ann@example.com --name 'Acme Instruments' --time-zone Europe/Vienna
  throughline init acme --owner ann@example.com --password-stdin < password.txt`,
		Args: cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	var w access.Workspace
	var owner access.NewAccount
	f := cmd.Flags()
	f.StringVar(&w.Name, "name", "", "name of the workspace (default the slug)")
	f.StringVar(&w.TimeZone, "time-zone", "", "zone in which a day starts and ends, such as Europe/Vienna (default UTC)")
	f.StringVar(&w.FirstWeekday, "first-weekday", "", "monday, sunday or saturday (default monday)")
	f.StringVar(&w.ValueUnit, "value-unit", "", "currency, or what points are called (default currency)")
	f.StringVar(&w.Currency, "currency", "", "currency, such as EUR (default EUR)")
	f.StringVar(&owner.Email, "owner", "", "e-mail of the owner")
	f.StringVar(&owner.Name, "owner-name", "", "name of the owner (default the e-mail)")
	password := passwordFlag(cmd)
	_ = cmd.MarkFlagRequired("owner") // fails only if there were no such flag
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withOptions(cmd, app.Options{Create: true}, func(ctx context.Context, a *app.App) error {
			out := struct {
				Workspace ledger.ID `json:"workspace"`
				Slug      string    `json:"slug"`
				Owner     newUser   `json:"owner"`
			}{Slug: args[0]}
			var err error
			if out.Owner, err = ownerOf(ctx, cmd, a, owner, password); err != nil {
				return err
			}
			if out.Workspace, err = a.Found(ctx, args[0], w, out.Owner.ID); err != nil {
				if out.Owner.Link != "" {
					return fmt.Errorf("the account of %s was made (%s), but not the workspace: %w", out.Owner.Email, out.Owner.Link, err)
				}
				return err
			}
			return show(cmd, out, func() error {
				fmt.Fprintf(cmd.OutOrStdout(), "The workspace %s belongs to %s.\n", out.Slug, out.Owner.Email)
				return printLink(cmd, out.Owner)
			})
		})
	}
	return cmd
}

// ownerOf returns the account with the owner's e-mail, which is made if there is none.
func ownerOf(ctx context.Context, cmd *cobra.Command, a *app.App, n access.NewAccount, password passwordFrom) (newUser, error) {
	found, err := a.Accounts.ByEmail(ctx, n.Email)
	if err == nil {
		return newUser{user: userOf(found)}, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return newUser{}, err
	}
	all, err := a.Accounts.All(ctx)
	if err != nil {
		return newUser{}, err
	}
	return addUser(ctx, cmd, a, n, len(all) == 0, password)
}
