package web

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Kit is what pages share. It is made once, filled, and then only read by its users.
type Kit struct {
	Ledger   *ledger.Ledger
	Policy   *access.Table // the ledger's: what it refuses is not offered
	Accounts *access.Accounts
	Limiter  *access.Limiter
	Tables   *table.Set
	Files    *files.Store // of attachments; nil: none are kept
	Clock    func() time.Time
	Log      *slog.Logger

	PublicURL    string // without a slash at the end; "": links carry the host of the request
	InsecureHTTP bool   // serve people on other machines over plain HTTP, under a banner
	Proxies      Networks
	Development  bool   // has the gallery of components
	Mail         bool   // can send a link to who forgot a password
	Version      string // "Throughline 1.0", at the foot of the door

	// Nav are the pages of a workspace, in the order of the sidebar.
	Nav []Nav
	// Settings are the pages of a workspace's settings, in the order of their navigation.
	Settings []Setting
	// Server tells its administrators about the server; nil: there are no such pages.
	Server *Server
	// Places lead from an entity of a kind to its page, relative to the workspace; a
	// kind that is not there has none.
	Places map[string]func(key string, id ledger.ID) string
	// Create returns the address of the dialog that makes what belongs to a page, "" for a
	// reader who may make nothing; nil: there is none.
	Create func(*Request) string
	// Actions are what can be done on every page beside what the page and the kit offer, as
	// far as the reader may.
	Actions []func(*Request) []ui.Action
	// Serving leads to what serves the objectives that a text finds; nil: nothing does.
	Serving func(q *Request, text string) ([]ui.Hit, error)
	// Ways are the ways to begin in a new workspace, beside an empty one.
	Ways []Way
	// Begin tells how far a new workspace has come for its reader, nil for one who need not
	// be told; nil: nobody is told.
	Begin func(*Request) *ui.Beginning
	// Remove removes a workspace for ever; nil: that cannot be done from a page.
	Remove func(ctx context.Context, workspace ledger.ID) error
	// Found makes a workspace for its owner and returns the address to go on at.
	Found func(ctx context.Context, owner access.Principal, f Founding) (string, error)

	// Notices has the inboxes; nil: nobody is told anything.
	Notices *notify.Box

	// Stopping is closed when the server begins to stop: streams end.
	Stopping <-chan struct{}

	slugs    slugs
	presence presence
}

// slugs are the workspaces by slug, as the database had them at most a second ago: every
// request names one, and asking anew took a third of its time.
type slugs struct {
	mu  sync.Mutex
	all map[string]ledger.ID
	at  time.Time
}

// find returns the workspace with the slug, zero for none.
func (s *slugs) find(ctx context.Context, k *Kit, slug string) (ledger.ID, error) {
	now := k.Clock()
	s.mu.Lock()
	id, age := s.all[slug], now.Sub(s.at)
	s.mu.Unlock()
	if !id.IsZero() && age.Abs() < time.Second {
		return id, nil
	}
	all, err := k.Ledger.Workspaces(ctx)
	if err != nil {
		return ledger.ID{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.at = all, now
	return all[slug], nil
}

// Networks are the addresses of reverse proxies that are believed.
type Networks interface {
	Contain(netip.Addr) bool
}

// Nav is one page in the sidebar of a workspace.
type Nav struct {
	Section string // "Why", "What and when", "So what", "How"; "" above them, "Foot" below
	Icon    string
	Name    string
	Path    string      // below the workspace: "features"
	Key     string      // goes there after G
	Quick   bool        // also in the bar of a phone
	Least   access.Role // who has it at all; "": every member
	// Count is how many news wait there for the reader; nil: it has none.
	Count func(*Request) int
	// Open is how much there is to do for the reader; nil: nothing is counted.
	Open func(*Request) (int, error)
}
