package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// withApp runs f on the installation that the command line names.
func withApp(cmd *cobra.Command, f func(context.Context, *app.App) error) error {
	return withOptions(cmd, app.Options{}, f)
}

// withOptions is withApp with options.
func withOptions(cmd *cobra.Command, o app.Options, f func(context.Context, *app.App) error) error {
	c, err := configure(cmd)
	if err != nil {
		return err
	}
	o.Log = newLog(cmd, c, max(c.LogLevel, slog.LevelWarn))
	return runApp(cmd, c, o, f)
}

// runApp opens an installation, runs f on it and closes it.
func runApp(cmd *cobra.Command, c *config.Config, o app.Options, f func(context.Context, *app.App) error) (err error) {
	ctx := cmd.Context()
	a, err := app.Open(ctx, c, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return f(ctx, a)
}

// withWorkspace runs f on the workspace that the command line names, with the actor as
// whom it acts. The command has installationFlags and workspaceFlags.
func withWorkspace(cmd *cobra.Command, f func(context.Context, *app.App, ledger.ID, ledger.Actor) error) error {
	return withApp(cmd, func(ctx context.Context, a *app.App) error {
		id, err := a.Workspace(ctx, cmd.Flag("workspace").Value.String())
		if err != nil {
			return err
		}
		by, err := principal(ctx, cmd, a)
		if err != nil {
			return err
		}
		return f(ctx, a, id, by.Actor())
	})
}

// principal returns as whom a command acts: the account that --as names, else the
// operator of the server, who may do everything.
func principal(ctx context.Context, cmd *cobra.Command, a *app.App) (access.Principal, error) {
	email := cmd.Flag("as").Value.String()
	if email == "" {
		return access.Operator, nil
	}
	as, err := a.Accounts.ByEmail(ctx, email)
	if err != nil {
		return access.Principal{}, err
	}
	if as.Disabled {
		return access.Principal{}, fault.New(fault.Forbidden, "the account of %s is disabled", email)
	}
	return access.Principal{Account: as, Scope: access.ScopeAdmin}, nil
}

// installationFlags adds the flags by which a command finds its installation.
func installationFlags(cmd *cobra.Command) { optionFlags(cmd, false) }

// serverFlags adds the flag of every option.
func serverFlags(cmd *cobra.Command) { optionFlags(cmd, true) }

func optionFlags(cmd *cobra.Command, server bool) {
	for _, o := range config.Options {
		if o.Server && !server {
			continue
		}
		f := cmd.Flags().VarPF(&optionFlag{option: o, text: o.Default}, o.Name, "", o.Doc)
		if o.Switch() {
			f.NoOptDefVal = "true"
		}
	}
}

// workspaceFlags adds the flags by which a command finds its workspace and its actor.
func workspaceFlags(cmd *cobra.Command) {
	cmd.Flags().String("workspace", "", "slug of the workspace; may be left out if there is one only")
	asFlag(cmd)
}

// asFlag lets a command act as an account.
func asFlag(cmd *cobra.Command) {
	cmd.Flags().String("as", "", "e-mail of the account that acts (default the operator of the server)")
}

// configure reads the configuration from the command line, the environment and the file.
func configure(cmd *cobra.Command) (*config.Config, error) {
	given := map[string]string{}
	for _, o := range config.Options {
		if f := cmd.Flag(o.Name); f != nil && f.Changed {
			given[o.Name] = f.Value.String()
		}
	}
	c, err := config.Load(given, os.Environ())
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// optionFlag is the flag of an option; what it cannot be is refused as wrong usage.
type optionFlag struct {
	option config.Option
	text   string
}

// Set implements pflag.Value.
func (f *optionFlag) Set(s string) error {
	f.text = s
	return f.option.Check(s)
}

// String implements pflag.Value.
func (f *optionFlag) String() string { return f.text }

// Type implements pflag.Value: what help shows for the value.
func (f *optionFlag) Type() string {
	if f.option.Switch() {
		return "bool"
	}
	return "string"
}

// newLog returns the log of a command, on standard error.
func newLog(cmd *cobra.Command, c *config.Config, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), o))
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), o))
}
