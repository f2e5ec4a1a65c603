package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func newTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Manage API tokens",
		Long: `Token manages the tokens by which programs use the API. A token acts for an account:
it may do what the account may, within its scope.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenCreate(), newTokenList(), newTokenRevoke())
	return cmd
}

// token is an API token as commands print it.
type token struct {
	ID        ledger.ID    `json:"id"`
	Email     string       `json:"email"` // of the account
	Name      string       `json:"name"`
	Scope     access.Scope `json:"scope"`
	Workspace string       `json:"workspace,omitzero"`
	CreatedAt ledger.Time  `json:"created_at"`
	SeenAt    ledger.Time  `json:"seen_at,omitzero"`
	ExpiresAt ledger.Time  `json:"expires_at,omitzero"`
	Secret    string       `json:"secret,omitzero"`
}

// tokenOf leaves out what list does not know: the secret.
func tokenOf(t access.Token, of access.Account, slugs map[ledger.ID]string) token {
	return token{
		ID: t.ID, Email: of.Email, Name: t.Name, Scope: t.Scope, Workspace: slugs[t.Workspace],
		CreatedAt: t.CreatedAt, SeenAt: t.SeenAt, ExpiresAt: t.ExpiresAt,
	}
}

// slugs returns the workspaces' slugs.
func slugs(ctx context.Context, a *app.App) (map[ledger.ID]string, error) {
	all, err := a.Ledger.Workspaces(ctx)
	out := make(map[ledger.ID]string, len(all))
	for slug, id := range all {
		out[id] = slug
	}
	return out, err
}

func newTokenCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a token and print its secret, once",
		Example: `  throughline token create ci --as ann@example.com --scope read
  throughline token create import --as ann@example.com --scope write --workspace acme --expires 720h`,
		Args: cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	asFlag(cmd)
	_ = cmd.MarkFlagRequired("as") // fails only if there were no such flag
	f := cmd.Flags()
	scope := f.String("scope", string(access.ScopeRead), "read, write or admin")
	slug := f.String("workspace", "", "slug of the only workspace that it is good for (default all of the account's)")
	expires := f.Duration("expires", 0, "time after which it ends, such as 720h (default never)")
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *expires < 0 {
			return usageError{errors.New("--expires is a time to come")}
		}
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			by, err := principal(ctx, cmd, a)
			if err != nil {
				return err
			}
			n := access.NewToken{Name: args[0], Scope: access.Scope(*scope)}
			if *slug != "" {
				if n.Workspace, err = a.Workspace(ctx, *slug); err != nil {
					return err
				}
			}
			if *expires > 0 {
				n.ExpiresAt = ledger.TimeOf(time.Now().Add(*expires))
			}
			t, secret, err := a.Accounts.NewToken(ctx, by, n)
			if err != nil {
				return err
			}
			out := tokenOf(t, by.Account, map[ledger.ID]string{n.Workspace: *slug})
			out.Secret = secret
			return show(cmd, out, func() error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), secret)
				return err
			})
		})
	}
	return cmd
}

func newTokenList() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens of everybody, or of one account",
		Example: "  throughline token list --as ann@example.com",
		Args:    cobra.NoArgs,
	}
	installationFlags(cmd)
	asFlag(cmd)
	show := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			by, err := principal(ctx, cmd, a)
			if err != nil {
				return err
			}
			tokens, err := listTokens(ctx, a, by)
			if err != nil {
				return err
			}
			return show(cmd, tokens, func() error { return printTokens(cmd, tokens) })
		})
	}
	return cmd
}

func listTokens(ctx context.Context, a *app.App, by access.Principal) ([]token, error) {
	accounts := []access.Account{by.Account}
	if by == access.Operator {
		var err error
		if accounts, err = a.Accounts.All(ctx); err != nil {
			return nil, err
		}
	}
	slugs, err := slugs(ctx, a)
	if err != nil {
		return nil, err
	}
	tokens := []token{} // JSON says [], not null
	for _, of := range accounts {
		all, err := a.Accounts.Tokens(ctx, by, of.ID)
		if err != nil {
			return nil, err
		}
		for _, t := range all {
			tokens = append(tokens, tokenOf(t, of, slugs))
		}
	}
	return tokens, nil
}

func printTokens(cmd *cobra.Command, tokens []token) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tACCOUNT\tNAME\tSCOPE\tWORKSPACE\tENDS\tLAST USED")
	day := func(t ledger.Time) string {
		if t == 0 {
			return "never"
		}
		return t.Go().Format("2006-01-02")
	}
	for _, t := range tokens {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Email, t.Name, t.Scope, t.Workspace, day(t.ExpiresAt), day(t.SeenAt))
	}
	return w.Flush()
}

func newTokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a token, for ever and within a second",
		Example: "  throughline token revoke 0199d0c0-9d2f-7a61-8f5e-3c5a54b2f7a1",
		Args:    cobra.ExactArgs(1),
	}
	installationFlags(cmd)
	asFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := ledger.ParseID(args[0])
		if err != nil {
			return usageError{fmt.Errorf("%q is no identifier of a token; 'throughline token list' shows them", args[0])}
		}
		return withApp(cmd, func(ctx context.Context, a *app.App) error {
			by, err := principal(ctx, cmd, a)
			if err != nil {
				return err
			}
			if err := a.Accounts.RevokeToken(ctx, by, id); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "The token has ended.")
			return err
		})
	}
	return cmd
}
