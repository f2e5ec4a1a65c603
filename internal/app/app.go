// Package app puts the rooms of the house together: it opens an installation from its
// configuration and runs it. What there is, is listed: kinds in kinds.go, routes in
// routes.go, background loops in loops.go.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	_ "time/tzdata" // a workspace has a time zone, also on a machine that knows none

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/api"
	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/backup"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/importweb"
)

// App is an open installation. Its methods may be called at once from any number of
// goroutines.
type App struct {
	Config   *config.Config
	Log      *slog.Logger
	Ledger   *ledger.Ledger
	Accounts *access.Accounts
	Tables   *table.Set
	Files    *files.Store

	engine   engine
	policy   *access.Table
	clock    func() time.Time
	stuck    time.Duration
	demo     func(context.Context, *App, access.Account) (string, error)
	imports  *importweb.Importer
	notices  *notify.Box
	rest     *api.API
	routes   []web.Route
	handler  http.Handler
	stopping chan struct{} // closed when the server begins to stop
}

// Options are what an App is opened with besides the configuration.
type Options struct {
	// Create makes an installation where there is none; else that is a NotFound.
	Create bool
	Log    *slog.Logger     // nil: slog.Default()
	Clock  func() time.Time // nil: time.Now
	// Stuck is how long a command may hold up the others before it is refused; 0: as the
	// ledger says.
	Stuck time.Duration
	// Demo lets an account into the demo, which is made if it is not there, and returns its
	// slug; nil: there is none to begin with.
	Demo func(context.Context, *App, access.Account) (slug string, err error)
}

// engine is a database engine with what administration needs of it.
type engine interface {
	ledger.Store
	backup.Source
	// Check looks for damage of the database itself.
	Check(context.Context) error
}

// Open opens the installation that c describes.
func Open(ctx context.Context, c *config.Config, o Options) (*App, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	a := &App{Config: c, Log: o.Log, Tables: tables, clock: o.Clock, stuck: o.Stuck, demo: o.Demo, stopping: make(chan struct{})}
	if err := a.open(ctx, o.Create); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) open(ctx context.Context, create bool) (err error) {
	if err := prepareFolder(a.Config, create, a.Log); err != nil {
		return err
	}
	key, err := secretKey(a.Config, a.Log)
	if err != nil {
		return err
	}
	if a.engine, err = openEngine(ctx, a.Config); err != nil {
		return err
	}
	if err := matchKey(ctx, a.engine.DB(), key); err != nil {
		return err
	}
	letters, err := newMailer(a.Config)
	if err != nil {
		return err
	}
	if a.Accounts, err = access.OpenAccounts(ctx, a.engine.DB(), access.Settings{
		Clock: a.clock, Mail: letters, PublicURL: a.Config.URL(), Idle: a.Config.SessionIdle, Absolute: a.Config.SessionAbsolute, Log: a.Log,
	}); err != nil {
		return err
	}
	registry := newRegistry()
	a.policy = access.NewTable(a.Accounts.ScopeOf, rules...)
	if missing := a.policy.Missing(registry.Kinds()); len(missing) > 0 {
		return fmt.Errorf("the policy has no line for the kinds %s", strings.Join(missing, ", "))
	}
	if a.Ledger, err = ledger.Open(ctx, a.engine, ledger.Options{
		Registry: registry, Policy: a.policy, Clock: a.clock, Stuck: a.stuck, SecretKey: key, Log: a.Log,
	}); err != nil {
		return err
	}
	if a.Files, err = files.Open(ctx, a.engine.DB(), files.Settings{
		Clock: a.clock, Limit: a.Config.FileLimit * megabyte, Quota: a.Config.FileQuota * megabyte,
	}); err != nil {
		return err
	}
	return a.route(ctx)
}

const megabyte = 1_000_000

func openEngine(ctx context.Context, c *config.Config) (engine, error) {
	if c.DatabaseURL == "" {
		return asEngine(sqlite.Open(ctx, c.Database()))
	}
	return asEngine(postgres.Open(ctx, c.DatabaseURL))
}

// newMailer returns what package access sends letters by, nil if no mail server was named.
func newMailer(c *config.Config) (access.Mailer, error) {
	letters, err := newLetters(c)
	if letters == nil || err != nil {
		return nil, err
	}
	return *letters, nil
}

// asEngine makes sure that there is no engine where there is an error.
func asEngine[E engine](e E, err error) (engine, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Close ends what runs and closes the database.
func (a *App) Close() error {
	var errs []error
	if a.notices != nil {
		a.notices.Close()
	}
	if a.imports != nil {
		a.imports.Close()
	}
	if a.Accounts != nil {
		errs = append(errs, a.Accounts.Close())
	}
	if a.Ledger != nil {
		errs = append(errs, a.Ledger.Close()) // and the engine
	} else if a.engine != nil {
		errs = append(errs, a.engine.Close())
	}
	return errors.Join(errs...)
}

// Now returns the time of the installation's clock.
func (a *App) Now() time.Time { return a.clock() }

// RemoveWorkspace removes a workspace for ever, with what is kept of it beside the ledger.
func (a *App) RemoveWorkspace(ctx context.Context, id ledger.ID) error {
	if err := a.Ledger.RemoveWorkspace(ctx, id); err != nil {
		return err
	}
	var errs []error
	for _, room := range []interface {
		ForgetWorkspace(context.Context, ledger.ID) error
	}{a.Accounts, a.notices, a.imports, a.Files, a.rest} {
		errs = append(errs, room.ForgetWorkspace(ctx, id))
	}
	return errors.Join(errs...)
}

// Workspace returns the workspace with the slug; without one, the only workspace.
func (a *App) Workspace(ctx context.Context, slug string) (ledger.ID, error) {
	all, err := a.Ledger.Workspaces(ctx)
	if err != nil {
		return ledger.ID{}, err
	}
	if id, ok := all[slug]; ok {
		return id, nil
	}
	switch {
	case slug != "":
		return ledger.ID{}, fault.New(fault.NotFound, "there is no workspace %q", slug)
	case len(all) == 0:
		return ledger.ID{}, fault.New(fault.NotFound, "there is no workspace yet; make one with 'throughline init'")
	case len(all) > 1:
		return ledger.ID{}, fault.New(fault.Invalid, "there are %d workspaces; name one with --workspace", len(all))
	}
	for _, id := range all {
		return id, nil
	}
	panic("unreachable")
}
