package web

import (
	"net/http"
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// look is how pages look to one person. Theme, density and sidebar are of the browser,
// because a screen is; the first page is of the account.
type look struct {
	theme, density, side string
	first                string // the path of a page; "": the usual one
	pages                []ui.Option
}

// firstPage is the name of the preference for the page that a workspace opens with. It
// holds in all workspaces that have the page.
const firstPage = "first-page"

func (q *Request) look() (look, error) {
	l := look{theme: q.theme(), density: "comfortable", side: "wide", pages: []ui.Option{{Label: "The usual one"}}}
	if q.cookieValue("density") == "compact" {
		l.density = "compact"
	}
	if q.cookieValue("side") == "mini" {
		l.side = "mini"
	}
	for _, n := range q.Kit.Nav {
		if n.Section != "Foot" {
			l.pages = append(l.pages, ui.Option{Value: n.Path, Label: n.Name})
		}
	}
	var err error
	l.first, err = q.Kit.Accounts.Preference(q.Context(), q.Principal.Account.ID, ledger.ID{}, firstPage)
	return l, err
}

// choose keeps a choice in the browser. Scripts see it, for they set it too.
func (q *Request) choose(name, value string) {
	http.SetCookie(q.W, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: themeSeconds, Secure: q.conn.secure, SameSite: http.SameSiteLaxMode})
}

var lookForm = accountForm{&appearanceSheet, "look", []string{"theme", "density", "side", "first"}, func(q *Request, f *ui.Form) error {
	l, err := q.look()
	if err != nil {
		return err
	}
	var faults fault.Fields
	one := func(name string, options ...string) string {
		if !slices.Contains(options, f.Values.Get(name)) {
			faults.Add(name, "choose one of those offered")
		}
		return f.Values.Get(name)
	}
	theme, density, side := one("theme", "auto", "light", "dark"), one("density", "comfortable", "compact"), one("side", "wide", "mini")
	first := f.Values.Get("first")
	if !slices.ContainsFunc(l.pages, func(o ui.Option) bool { return o.Value == first }) {
		faults.Add("first", "there is no such page")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	q.choose("theme", theme)
	q.choose("density", density)
	q.choose("side", side)
	return q.Kit.Accounts.Prefer(q.Context(), q.Principal.Account.ID, ledger.ID{}, firstPage, first)
}, "Saved appearance"}

// firstPath is the page that the reader wants a workspace to open with, "" for the usual.
func (q *Request) firstPath() string {
	path, err := q.Kit.Accounts.Preference(q.Context(), q.Principal.Account.ID, ledger.ID{}, firstPage)
	if err != nil { // some page is better than none
		q.Kit.Log.WarnContext(q.Context(), "read the first page", "error", err)
	}
	for _, n := range q.Kit.Nav {
		if n.Path == path && path != "" && q.Workspace.Role.AtLeast(n.Least) {
			return path
		}
	}
	return ""
}

// news is one reason to be told something, as the page of notifications explains it.
type news struct {
	reason      notify.Reason
	label, hint string
}

var newsOf = []news{
	{notify.Mentioned, "Somebody mentions you", "in a text or a comment"},
	{notify.Assigned, "Something becomes yours", "you are made its owner"},
	{notify.Asked, "Somebody asks for your review", "of a proposal"},
	{notify.Judged, "A review has a verdict", "of a proposal that you made"},
	{notify.Replied, "Somebody answers you", "in a thread where you said something"},
	{notify.Commented, "A comment on what you follow", "you follow what you make, own or comment on"},
	{notify.Resolved, "A thread is settled", "where you said something"},
	{notify.Changed, "What you follow changes", "its fields, by somebody else"},
}

// muted are the reasons that tell an account nothing.
func (q *Request) muted() (map[string]bool, error) {
	all, err := notify.Muted(q.Context(), q.Kit.Accounts, q.Principal.Account.ID)
	off := map[string]bool{}
	for _, r := range all {
		off[string(r)] = true
	}
	return off, err
}

var noticesForm = accountForm{&noticesSheet, "notices", []string{"reason*"}, func(q *Request, f *ui.Form) error {
	var off []notify.Reason
	for _, n := range newsOf {
		if !slices.Contains(f.Values["reason"], string(n.reason)) {
			off = append(off, n.reason)
		}
	}
	return notify.Mute(q.Context(), q.Kit.Accounts, q.Principal.Account.ID, off)
}, "Saved notifications"}

var (
	appearanceSheet = accountSheet{"/account/appearance", "Appearance", appearancePage}
	noticesSheet    = accountSheet{"/account/notifications", "Notifications", noticesPage}
)
