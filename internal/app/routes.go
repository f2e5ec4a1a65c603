package app

import (
	"context"
	"net/http"
	"slices"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/api"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/importweb"
	"github.com/throughline-pm/throughline/internal/web/pages"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Handler answers every request to the server.
func (a *App) Handler() http.Handler { return a.handler }

// Routes are all routes of the program: the handler is made of them, and so is the test
// that tries each as everybody.
func (a *App) Routes() []web.Route { return a.routes }

// route makes the routes and the handler.
func (a *App) route(ctx context.Context) error {
	kit := &web.Kit{
		Ledger: a.Ledger, Policy: a.policy, Accounts: a.Accounts, Tables: a.Tables, Files: a.Files,
		Limiter: access.NewLimiter(a.clock), Clock: a.clock, Log: a.Log,
		PublicURL: a.Config.PublicURL, InsecureHTTP: a.Config.InsecureHTTP, Proxies: a.Config.TrustedProxies,
		Development: a.Config.Development,
		Mail:        a.Config.SMTPAddr != "", Version: "Throughline " + Version(),
		Stopping: a.stopping,
		Create:   tableweb.Create(pages.Areas...), Begin: pages.Begin, Remove: a.RemoveWorkspace,
		Found: a.foundByPage, Ways: a.ways(), Nav: pages.Nav, Settings: pages.Settings, Server: a.server(), Places: tableweb.Places(pages.Areas...),
		Actions: []func(*web.Request) []ui.Action{tableweb.Actions(pages.Areas...)}, Serving: pages.Serving,
	}
	var err error
	if a.notices, err = notify.Open(ctx, notify.Settings{
		Ledger: a.Ledger, Tables: a.Tables, Follows: pages.Followable, Prefers: a.Accounts, Clock: a.clock, Log: a.Log,
	}); err != nil {
		return err
	}
	kit.Notices = a.notices
	if a.rest, err = api.Open(ctx, kit); err != nil {
		return err
	}
	if a.imports, err = importweb.Open(ctx, kit, rules); err != nil {
		return err
	}
	a.routes = slices.Concat(
		a.health(),
		web.Routes(kit),
		pages.Routes(),
		a.imports.Routes(),
		a.rest.Routes(),
	)
	a.handler, err = web.New(kit, a.routes)
	return err
}

// demoWay begins with a product that others have worked on for nine months.
var demoWay = web.Way{Name: web.DemoWay, Title: "A demo product", Note: "one click to remove", Text: "Fieldbook: 60 features, 6 releases and 14 people, with nine months of history"}

// ways are the ways to begin a workspace beside an empty one.
func (a *App) ways() []web.Way {
	if a.demo == nil {
		return []web.Way{importWay}
	}
	return []web.Way{demoWay, importWay}
}

// importWay begins a workspace with what another tool holds.
var importWay = web.Way{Name: "import", Title: "An import", Note: "preview first", Text: "What another tool or a spreadsheet holds, with a dry run first"}

// foundByPage makes a workspace as a person asked for it on a page, and says where to go
// on.
func (a *App) foundByPage(ctx context.Context, owner access.Principal, f web.Founding) (string, error) {
	if f.Way == demoWay.Name && a.demo != nil {
		slug, err := a.demo(ctx, a, owner.Account)
		return "/w/" + slug + "/", err
	}
	slug, err := a.freeSlug(ctx, f.Name)
	if err != nil {
		return "", err
	}
	_, err = a.Found(ctx, slug, access.Workspace{
		Name: f.Name, TimeZone: f.TimeZone, FirstWeekday: f.FirstWeekday, Currency: f.Currency,
	}, owner.Account.ID)
	if f.Way == importWay.Name {
		return "/w/" + slug + "/import", err
	}
	return "/w/" + slug, err
}
