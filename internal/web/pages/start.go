package pages

import (
	"net/http"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

var startRoutes = []web.Route{
	{Method: http.MethodGet, Pattern: "/w/{workspace}/start", Who: web.Member, Now: true, Handle: start},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/start", Who: web.Member, Handle: hideStart},
}

// step is one of the steps of a new workspace.
type step struct {
	title, why  string
	does        string // what the button says
	path        string // where it leads
	create      string // the kind whose dialog it opens; "": none
	done, shown bool
}

// steps are those of a reader's workspace, computed from what is in it.
func steps(q *web.Request) []step {
	v := q.Live()
	dated := false
	for r := range release.Releases.All(v) {
		dated = dated || r.Date != ""
	}
	role := q.Workspace.Role
	all := []step{
		{
			title: "Name an objective", why: "What a period is for. Every feature says which one it serves", does: "Write an objective",
			path: "objectives/new", create: "objectives", done: strategy.Objectives.Len(v) > 0, shown: role.AtLeast(access.Editor),
		},
		{
			title: "Write three features", why: "What users get. Paste a list into the title, each line becomes one", does: "Write features",
			path: "features/new", create: "features", done: backlog.Features.Len(v) >= 3, shown: true,
		},
		{
			title: "Set a release date", why: "What ships together, and when it has to", does: "Plan a release",
			path: "releases/new", create: "releases", done: dated, shown: role.AtLeast(access.Editor),
		},
		{
			title: "Invite a colleague", why: "They see the same pages, with the rights you give them", does: "Invite",
			path: "members", done: access.Memberships.Len(v.Whole()) > 1, shown: role.AtLeast(access.Admin),
		},
		{
			title: "Save a view", why: "A list that you filtered, under a name and for everybody if you like", does: "Filter features",
			path: "features", done: backlog.Views.Len(v) > 0, shown: true,
		},
	}
	var shown []step
	for _, s := range all {
		if s.shown {
			shown = append(shown, s)
		}
	}
	return shown
}

// startPreference is whether an account has put the steps away: "hidden".
const startPreference = "start"

// Begin tells the reader's steps for the sidebar. Readers who write nothing and the demo
// have none, nor has a workspace in which all is done.
func Begin(q *web.Request) *ui.Beginning {
	if q.Workspace.Demo || !q.Workspace.Role.AtLeast(access.Contributor) {
		return nil
	}
	b := &ui.Beginning{Href: q.Path("start"), Fresh: fresh(q.Live())}
	for _, s := range steps(q) {
		b.All++
		if s.done {
			b.Done++
		}
	}
	if b.Done == b.All {
		b.Hidden = true
		return b
	}
	hidden, err := q.Kit.Accounts.Preference(q.Context(), q.Principal.Account.ID, q.Workspace.ID, startPreference)
	if err != nil {
		q.Kit.Log.Warn("cannot read a preference", "error", err)
	}
	b.Hidden = hidden != "" || err != nil
	b.Fresh = b.Fresh && !b.Hidden
	return b
}

// fresh reports whether nothing is in a workspace that people write.
func fresh(v ledger.View) bool {
	return backlog.Features.Len(v) == 0 && strategy.Objectives.Len(v) == 0 && release.Releases.Len(v) == 0
}

func start(q *web.Request) error {
	hidden, err := q.Kit.Accounts.Preference(q.Context(), q.Principal.Account.ID, q.Workspace.ID, startPreference)
	if err != nil {
		return err
	}
	return q.Page(web.Page{Title: "Get started"}, startPage(q, steps(q), hidden != ""))
}

// hideStart puts the steps away for the reader alone, or brings them back.
func hideStart(q *web.Request) error {
	f, err := q.Form("show")
	if err != nil {
		return err
	}
	value, said, back := "hidden", "Put away; your menu has it again", q.Path("features")
	if f.Values.Get("show") == "yes" {
		value, said, back = "", "Shown in the sidebar again", q.Path("start")
	}
	if err := q.Kit.Accounts.Prefer(q.Context(), q.Principal.Account.ID, q.Workspace.ID, startPreference, value); err != nil {
		return err
	}
	q.Said(said, 0)
	return q.Redirect(back)
}
