package importweb

import (
	"context"
	"embed"
	"net/http"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Importer is the import in the browser of one server.
type Importer struct {
	kit   *web.Kit
	store store
	least map[string]access.Role // who may make an entity of a kind

	background context.Context // ends with the importer
	stop       context.CancelFunc
	running    sync.WaitGroup
}

// Open brings the importer's records up to date. rules are the program's policy: what a
// person may not make is not offered.
func Open(ctx context.Context, kit *web.Kit, rules []access.Rule) (*Importer, error) {
	if err := ledger.MigrateRecords(ctx, kit.Ledger.DB(), "importweb", migrations); err != nil {
		return nil, err
	}
	im := &Importer{kit: kit, store: store{db: kit.Ledger.DB(), clock: kit.Clock}, least: map[string]access.Role{}}
	for _, r := range rules {
		im.least[r.Kind] = r.Create
	}
	im.background, im.stop = context.WithCancel(context.WithoutCancel(ctx))
	return im, nil
}

// Close ends imports that are being written, of which nothing stays, and waits for them.
func (im *Importer) Close() {
	im.stop()
	im.running.Wait()
}

// uploadLimit is how many bytes a file and its history may have together, as they are
// sent; packed ones hold about ten times as much.
const uploadLimit = 32 << 20

// Routes are the routes of the import.
func (im *Importer) Routes() []web.Route {
	const base = "/w/{workspace}/import"
	all := []web.Route{
		{Method: http.MethodGet, Pattern: base, Who: web.Member, Now: true, Handle: im.writes(im.filePage)},
		{Method: http.MethodPost, Pattern: base, Who: web.Member, Limit: uploadLimit, Handle: im.writes(im.upload)},
	}
	add := func(method, path string, step func(*visit) error) {
		all = append(all, web.Route{Method: method, Pattern: base + "/{import}" + path, Who: web.Member, Now: true, Handle: im.writes(im.visit(step))})
	}
	add(http.MethodGet, "", (*visit).show)
	add(http.MethodGet, "/mapping", (*visit).mappingPage)
	add(http.MethodPost, "/mapping", (*visit).saveMapping)
	add(http.MethodGet, "/mapping.json", (*visit).template)
	add(http.MethodPost, "/repair", (*visit).repair)
	add(http.MethodGet, "/problems.csv", (*visit).problemsFile)
	add(http.MethodPost, "/run", (*visit).run)
	add(http.MethodPost, "/stop", (*visit).stopRun)
	add(http.MethodPost, "/undo", (*visit).undo)
	add(http.MethodPost, "/discard", (*visit).discard)
	return all
}

// Sweep forgets files after a day and what was done with them after a month.
func (im *Importer) Sweep(ctx context.Context) error {
	return im.store.sweep(ctx, 24*time.Hour, 30*24*time.Hour)
}

// ForgetWorkspace removes all imports into a workspace that is no more.
func (im *Importer) ForgetWorkspace(ctx context.Context, workspace ledger.ID) error {
	return im.store.leave(ctx, workspace)
}

// writes lets those pass who may write features, the least that an import makes, and who
// look at now: an import belongs to no proposal and to no past.
func (im *Importer) writes(handle func(*web.Request) error) func(*web.Request) error {
	return func(q *web.Request) error {
		if q.Query("at") != "" || q.Query("in") != "" {
			return fault.New(fault.Invalid, "an import writes now, not into the past or a proposal; return to now first")
		}
		if !q.Workspace.Role.AtLeast(access.Editor) {
			return fault.New(fault.Forbidden, "to import takes the role editor in the workspace; ask an admin")
		}
		return handle(q)
	}
}

// mayMake reports whether the reader may make entities of a kind.
func (im *Importer) mayMake(q *web.Request, kind string) bool {
	least, known := im.least[kind]
	return known && q.Workspace.Role.AtLeast(least)
}

// visit is a request about one import.
type visit struct {
	*web.Request
	*Importer
	job *job
}

// visit finds the import of the address. It is known to who began it alone.
func (im *Importer) visit(step func(*visit) error) func(*web.Request) error {
	return func(q *web.Request) error {
		unknown := fault.New(fault.NotFound, "there is no such import of yours; imports are kept for a month")
		id, err := ledger.ParseID(q.R.PathValue("import"))
		if err != nil {
			return unknown
		}
		j, err := im.store.find(q.Context(), q.Workspace.ID, q.Principal.Account.ID, id)
		if fault.Is(err, fault.NotFound) {
			return unknown
		}
		if err != nil {
			return err
		}
		return step(&visit{q, im, j})
	}
}

// at returns the address of a step of the import.
func (v *visit) at(step ...string) string {
	return v.Path(append([]string{"import", v.job.ID.String()}, step...)...)
}
