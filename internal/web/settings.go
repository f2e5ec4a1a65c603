package web

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Setting is one page of the settings, in their own navigation.
type Setting struct {
	Section string // "Workspace", "Shape", "Connect"; the kit adds "Server" and "You"
	Name    string
	Path    string      // below the workspace: "members"
	Also    []string    // other paths that belong to it
	Least   access.Role // who has it; "": every member
	Records bool        // shows what is kept beside the content: there is no past of it
}

// settingsPath is the page of the settings that a phone lists all of them on.
const settingsPath = "settings"

// within reports whether an address is a page or one below it.
func within(path, page string) bool {
	return path == page || strings.HasPrefix(path, page+"/")
}

// personal are the pages of the account, and serverPages those of the server.
var (
	personal = []ui.NavItem{
		{Name: "Profile", Href: "/account"},
		{Name: "Appearance", Href: "/account/appearance"},
		{Name: "Notifications", Href: "/account/notifications"},
		{Name: "Password and sessions", Href: "/account/security"},
		{Name: "API tokens", Href: "/account/tokens"},
	}
	serverPages = []ui.NavItem{
		{Name: "Server", Href: "/server"},
		{Name: "Mail", Href: "/server/mail"},
		{Name: "Options", Href: "/server/options"},
	}
)

// settings returns the second navigation of a page, nil for one that is no setting.
func (q *Request) settings() *ui.Settings {
	s := &ui.Settings{}
	found := false
	add := func(section string, item ui.NavItem) {
		found = found || item.Current
		if n := len(s.Sections); n == 0 || s.Sections[n-1].Caption != section {
			s.Sections = append(s.Sections, ui.NavSection{Caption: section})
		}
		last := &s.Sections[len(s.Sections)-1]
		last.Items = append(last.Items, item)
	}
	page := q.R.URL.Path
	if !q.Workspace.ID.IsZero() {
		s.Home = q.Path(settingsPath)
		base := "/w/" + q.Workspace.Slug + "/"
		s.Index = page == base+settingsPath
		found = s.Index
		for _, p := range q.Kit.Settings {
			if !q.Workspace.Role.AtLeast(p.Least) || p.Records && q.Past() {
				continue
			}
			item := ui.NavItem{Name: p.Name, Href: q.Path(p.Path), Current: within(page, base+p.Path)}
			for _, also := range p.Also {
				item.Current = item.Current || within(page, base+also)
			}
			add(p.Section, item)
		}
	}
	if !q.Past() {
		own := func(section string, items []ui.NavItem) {
			for _, item := range items {
				item.Current = page == item.Href || item.Href != items[0].Href && within(page, item.Href)
				add(section, item)
			}
		}
		if q.Kit.Server != nil && q.Principal.Administers() {
			own("Server", serverPages)
		}
		own("You", personal)
	}
	if !found {
		return nil
	}
	return s
}

// workspaceCookie names the workspace that a browser was in last: the pages of the account
// and of the server stand in its frame.
const workspaceCookie = "workspace"

// remember keeps the workspace of a page in the browser.
func (q *Request) remember() {
	if q.cookieValue(workspaceCookie) != q.Workspace.Slug {
		q.cookie(workspaceCookie, q.Workspace.Slug, "/", sessionAge)
	}
}

// enterLast enters the workspace that the reader was in last, if it is still theirs.
func (q *Request) enterLast() error {
	slug := q.cookieValue(workspaceCookie)
	if slug == "" || !q.Workspace.ID.IsZero() {
		return nil
	}
	if err := q.enter(slug); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

// besideWork answers with a page that is no workspace's: in the frame of the one that its
// reader was in last, so that they find back, or in a frame of its own.
func (q *Request) besideWork(p Page, body templ.Component) error {
	if err := q.enterLast(); err != nil {
		return err
	}
	if q.Workspace.ID.IsZero() {
		return q.Desk(p.Title, p.Status, body)
	}
	p.beside = true
	return q.Page(p, body)
}
