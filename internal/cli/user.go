package cli

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func newUserCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Manage the accounts of the server",
		Long: `User manages accounts: people who can sign in. What they may do in a workspace is
decided there, by roles.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserAdd(), newUserList(), newUserReset(),
		newUserSwitch("disable", "Shut an account out: its sessions and tokens end within a second", (*access.Accounts).Disable),
		newUserSwitch("enable", "Let a disabled account in again", (*access.Accounts).Enable))
	return cmd
}

// user is an account as commands print it.
type user struct {
	ID        ledger.ID   `json:"id"`
	Email     string      `json:"email"`
	Name      string      `json:"name"`
	Admin     bool        `json:"admin"`
	Disabled  bool        `json:"disabled"`
	CreatedAt ledger.Time `json:"created_at"`
	SeenAt    ledger.Time `json:"seen_at,omitzero"`
}

func userOf(a access.Account) user {
	return user{a.ID, a.Email, a.Name, a.Admin, a.Disabled, a.CreatedAt, a.LastSeenAt}
}

// newUser is an account that was just made, with the link by which its person chooses a
// password, if it has none yet.
type newUser struct {
	user
	Link string `json:"link,omitzero"`
}

func newUserAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add EMAIL",
		Short: "Make an account",
		Long: `Add makes an account, and gives it a role in a workspace if --workspace is given.
Without --password-stdin it prints a link by which the person chooses a password within
an hour.`,
		Example: `  throughline user add ann@example.com --name 'Ann Archer'
  throughline user add bob@example.com --workspace acme --role editor
  throughline user add ops@example.com --admin --password-stdin < password.txt`,
		Args: cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	asFlag(cmd)
	var n access.NewAccount
	var role, slug string
	f := cmd.Flags()
	f.StringVar(&n.Name, "name", "", "name of the person (default the e-mail)")
	admin := f.Bool("admin", false, "let the account administer the server")
	f.StringVar(&slug, "workspace", "", "slug of a workspace in which it gets a role")
	f.StringVar(&role, "role", string(access.Viewer), "role there: owner, admin, editor, contributor or viewer")
	password := passwordFlag(cmd)
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		n.Email = args[0]
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			by, err := principal(ctx, cmd, a)
			if err != nil {
				return err
			}
			var ws ledger.ID
			if slug != "" {
				if ws, err = a.Workspace(ctx, slug); err != nil {
					return err
				}
			}
			if !by.Administers() {
				return fault.New(fault.Forbidden, "only an administrator of the server may make accounts")
			}
			made, err := addUser(ctx, cmd, a, n, *admin, password)
			if err != nil {
				return err
			}
			if slug != "" {
				if _, err := a.Ledger.Update(ctx, ws, by.Actor(), "add member", func(tx *ledger.Tx) error {
					return access.Grant(tx, made.ID, access.Role(role), ledger.ID{})
				}); err != nil {
					return fmt.Errorf("the account was made, but got no role: %w", err)
				}
			}
			return show(cmd, made, func() error {
				fmt.Fprintf(cmd.OutOrStdout(), "%s has an account.\n", made.Email)
				return printLink(cmd, made)
			})
		})
	}
	return cmd
}

// addUser makes an account, and a link to choose a password if none is given.
func addUser(ctx context.Context, cmd *cobra.Command, a *app.App, n access.NewAccount, admin bool, password passwordFrom) (newUser, error) {
	n.Name = cmp.Or(n.Name, n.Email)
	given, err := password(cmd.InOrStdin())
	if err != nil {
		return newUser{}, err
	}
	n.Password = cmp.Or(given, rand.Text())
	made, err := a.Accounts.Create(ctx, n, admin)
	if err != nil {
		return newUser{}, err
	}
	out := newUser{user: userOf(made)}
	if given == "" {
		out.Link, err = resetLink(ctx, a, access.Operator, made.ID)
	}
	return out, err
}

func resetLink(ctx context.Context, a *app.App, by access.Principal, id ledger.ID) (string, error) {
	secret, err := a.Accounts.NewReset(ctx, by, id)
	if err != nil {
		return "", err
	}
	return a.Accounts.ResetURL(secret), nil
}

func printLink(cmd *cobra.Command, u newUser) error {
	if u.Link == "" {
		return nil
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "To choose a password within an hour, open %s\n", u.Link)
	return err
}

// passwordFrom reads the password that a command was given, "" for none.
type passwordFrom func(stdin io.Reader) (string, error)

// passwordFlag lets a command read a password: never from the command line, which others
// on the machine can see.
func passwordFlag(cmd *cobra.Command) passwordFrom {
	given := cmd.Flags().Bool("password-stdin", false, "read the password from the first line of standard input")
	return func(stdin io.Reader) (string, error) {
		if !*given {
			return "", nil
		}
		line, err := bufio.NewReader(stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return "", errors.New("there is no password on standard input")
		}
		return line, nil
	}
}

func newUserList() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the accounts",
		Example: "  throughline user list\n  throughline user list --json | jq -r '.[] | select(.admin) | .email'",
		Args:    cobra.NoArgs,
	}
	installationFlags(cmd)
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			all, err := a.Accounts.All(ctx)
			if err != nil {
				return err
			}
			users := make([]user, len(all))
			for i, account := range all {
				users[i] = userOf(account)
			}
			return show(cmd, users, func() error { return printUsers(cmd, users) })
		})
	}
	return cmd
}

func printUsers(cmd *cobra.Command, users []user) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "E-MAIL\tNAME\tLAST SEEN\t")
	for _, u := range users {
		seen, state := "never", ""
		if u.SeenAt != 0 {
			seen = u.SeenAt.Go().Format("2006-01-02")
		}
		switch {
		case u.Disabled:
			state = "disabled"
		case u.Admin:
			state = "administrator"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", u.Email, u.Name, seen, state)
	}
	return w.Flush()
}

func newUserReset() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset EMAIL",
		Short: "Print a link by which a person chooses a new password",
		Long: `Reset prints a link by which the person with the account chooses a new password. It
works once and within an hour; a link that was made before works no more.`,
		Example: "  throughline user reset ann@example.com",
		Args:    cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	asFlag(cmd)
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withAccount(cmd, args[0], func(ctx context.Context, a *app.App, by access.Principal, of access.Account) error {
			link, err := resetLink(ctx, a, by, of.ID)
			if err != nil {
				return err
			}
			return show(cmd, newUser{userOf(of), link}, func() error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), link)
				return err
			})
		})
	}
	return cmd
}

// newUserSwitch makes a command that changes the state of an account.
func newUserSwitch(verb, short string, do func(*access.Accounts, context.Context, access.Principal, ledger.ID) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:     verb + " EMAIL",
		Short:   short,
		Example: "  throughline user " + verb + " ann@example.com",
		Args:    cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	asFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withAccount(cmd, args[0], func(ctx context.Context, a *app.App, by access.Principal, of access.Account) error {
			if err := do(a.Accounts, ctx, by, of.ID); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %sd\n", of.Email, verb)
			return err
		})
	}
	return cmd
}

// withAccount runs f on the account with the e-mail and on who acts.
func withAccount(cmd *cobra.Command, email string, f func(context.Context, *app.App, access.Principal, access.Account) error) error {
	return withApp(cmd, func(ctx context.Context, a *app.App) error {
		by, err := principal(ctx, cmd, a)
		if err != nil {
			return err
		}
		of, err := a.Accounts.ByEmail(ctx, email)
		if err != nil {
			return err
		}
		return f(ctx, a, by, of)
	})
}
