package web

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Kit is what pages share. It is made once, filled, and then only read.
type Kit struct {
	Ledger   *ledger.Ledger
	Accounts *access.Accounts
	Limiter  *access.Limiter
	Tables   *table.Set
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
	// Places lead from an entity of a kind to its page, relative to the workspace; a
	// kind that is not there has none.
	Places map[string]func(key string, id ledger.ID) string
	// Ways are the ways to begin in a new workspace, beside an empty one.
	Ways []Way
	// Found makes a workspace for its owner and returns the address to go on at.
	Found func(ctx context.Context, owner access.Principal, f Founding) (string, error)
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
}
