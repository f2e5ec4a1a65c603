package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// actions is everything that the reader can do on a page, and everywhere: what the page
// says of itself, what the kit's users add, and what every page has. The palette, the list
// of keys and the foot of the page are made of it.
func (q *Request) actions(p Page, s *ui.Shell) []ui.Action {
	if p.failed {
		return slices.Concat(q.lasting(s), goTo(s))
	}
	all := slices.Clone(p.Actions)
	for _, more := range q.Kit.Actions {
		all = append(all, more(q)...)
	}
	all = append(all, q.moments(s)...)
	all = append(all, q.lasting(s)...)
	all = append(all, goTo(s)...)
	creates := func(a ui.Action) bool { return slices.Equal(a.Keys, []string{"C"}) }
	if slices.ContainsFunc(all, func(a ui.Action) bool { return creates(a) && !a.Quiet }) { // it says what is created
		all = slices.DeleteFunc(all, func(a ui.Action) bool { return creates(a) && a.Quiet })
	}
	var hints []ui.Action
	for _, h := range p.Hints { // what is a key of an action already is said of that
		same := func(a ui.Action) bool { return slices.Equal(a.Keys, h.Keys) }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i].Hint = h.Does
			continue
		}
		hints = append(hints, ui.Action{Group: p.Title, Label: h.Does, Keys: h.Keys, Quiet: true, Hint: h.Does})
	}
	all = append(hints, all...)
	for i := range all {
		if all[i].Group == "" {
			all[i].Group = p.Title
		}
	}
	return all
}

// moments lead through time and into proposals, on the page that is shown.
func (q *Request) moments(s *ui.Shell) []ui.Action {
	all := []ui.Action{{Group: ui.Everywhere, Label: "See another moment", Icon: "history", Keys: []string{"T"}, Words: "time past as of date", Does: "time"}}
	if c := s.Clock; c != nil {
		if c.Visit.Href != "" {
			all = append(all, ui.Action{Group: ui.Everywhere, Label: "What changed since my last visit", Icon: "eye", Href: c.Visit.Href, Words: "compare new"})
		}
		all = append(all, ui.Action{Group: ui.Everywhere, Label: "Compare with…", Icon: "git-compare-arrows", Href: c.Compare, Words: "moment changed difference"})
	}
	if s.Banner != nil {
		label := "Return to now"
		if q.in != nil {
			label = "Leave " + q.in.Key
		}
		all = append([]ui.Action{{Label: label, Icon: "undo-2", Href: s.Banner.Back.Href, Words: "live present proposal"}}, all...)
	}
	for _, p := range q.proposals() {
		all = append(all, ui.Action{
			Group: ui.Everywhere, Label: "Work in " + p.Key + " " + p.Title, Icon: "git-pull-request", Words: "proposal branch", Href: p.href,
		})
	}
	return all
}

// lasting are what every page can do.
func (q *Request) lasting(s *ui.Shell) []ui.Action {
	const group = ui.Everywhere
	all := []ui.Action{{Group: group, Label: "Search or run", Keys: []string{"Ctrl", "K"}, Also: []string{"/"}, Quiet: true}}
	if s.Create != "" {
		all = append(all, ui.Action{Group: group, Label: "Create", Icon: "plus", Keys: []string{"C"}, Words: "new add", Press: true, Quiet: true})
	}
	if s.Undo != "" {
		all = append(all, ui.Action{Group: group, Label: "Undo your latest change", Icon: "undo-2", Keys: []string{"Ctrl", "Z"}, Does: "undo"},
			ui.Action{Group: group, Label: "Do it again", Icon: "refresh-cw", Keys: []string{"Ctrl", "Shift", "Z"}, Words: "redo", Does: "redo"})
	}
	all = append(all,
		ui.Action{Group: group, Label: "Copy link", Icon: "link-2", Keys: []string{"Ctrl", "."}, Words: "address url", Does: "copy-link"},
		ui.Action{Group: group, Label: "Copy key", Icon: "copy", Keys: []string{"Ctrl", "Shift", "."}, Words: "identifier id", Does: "copy-key", Here: true},
		ui.Action{Group: group, Label: "Collapse or open the sidebar", Icon: "panel-left", Keys: []string{"["}, Does: "side"},
		ui.Action{Group: group, Label: "All keys", Icon: "circle-help", Keys: []string{"?"}, Words: "keyboard help shortcuts", Does: "keys"},
		ui.Action{Group: group, Label: "Confirm a form", Keys: []string{"Ctrl", "↵"}, Quiet: true},
		ui.Action{Group: group, Label: "Close what is open, then return to now", Keys: []string{"Esc"}, Quiet: true},
	)
	for _, t := range []struct{ value, label, icon string }{{"light", "Light theme", "sun"}, {"dark", "Dark theme", "moon"}, {"auto", "Theme of the system", "monitor"}} {
		if t.value != s.Theme {
			all = append(all, ui.Action{Group: group, Label: t.label, Icon: t.icon, Words: "switch toggle appearance colour mode", Does: "theme", Value: t.value})
		}
	}
	letters := ui.Action{Group: group, Label: "Turn single letters off", Icon: "circle-dot", Words: "keys keyboard shortcuts", Does: "letters", Value: "off"}
	if s.Letters == "off" {
		letters.Label, letters.Value = "Turn single letters on", "on"
	}
	return append(all, letters,
		ui.Action{Group: group, Label: "Sign out", Icon: "log-out", Words: "log out leave", Post: "/logout"},
	)
}

// goTo are the pages of the sidebar, and those of the account.
func goTo(s *ui.Shell) []ui.Action {
	var all []ui.Action
	add := func(item ui.NavItem) {
		a := ui.Action{Group: ui.GoTo, Label: item.Name, Icon: item.Icon, Href: item.Href}
		if item.Key != "" {
			a.Keys = []string{"G", item.Key}
		}
		all = append(all, a)
	}
	for _, section := range s.Nav {
		for _, item := range section.Items {
			add(item)
		}
	}
	for _, item := range s.Foot {
		add(item)
	}
	return append(all,
		ui.Action{Group: ui.GoTo, Label: "Search page", Icon: "search", Href: s.Find, Words: "find"},
		ui.Action{Group: ui.GoTo, Label: "Account", Icon: "user", Href: "/account", Words: "profile password tokens keys"},
		ui.Action{Group: ui.GoTo, Label: "All workspaces", Icon: "layers", Href: "/?all=1", Words: "switch"},
	)
}

// lettersCookie keeps that single letters do nothing in this browser.
const (
	lettersCookie = "letters"
	lettersAge    = 365 * 24 * time.Hour
)

// letters says whether single letters do something: "off", or "".
func (q *Request) letters() string {
	if q.cookieValue(lettersCookie) == "off" {
		return "off"
	}
	return ""
}

// switchLetters turns single letters off or on, for who types by voice or hits keys
// unawares.
func (q *Request) switchLetters() error {
	f, err := q.Form("letters")
	if err != nil {
		return err
	}
	to, age := f.Values.Get("letters"), lettersAge
	switch to {
	case "off":
	case "on":
		to, age = "", -time.Second
	default:
		return fault.New(fault.Invalid, "letters are on or off")
	}
	http.SetCookie(q.W, &http.Cookie{ // the palette turns it too, without asking
		Name: lettersCookie, Value: to, Path: "/", MaxAge: int(age.Seconds()), Secure: q.conn.secure, SameSite: http.SameSiteLaxMode,
	})
	q.Said("Single letters are "+f.Values.Get("letters"), 0)
	return q.Redirect(appearanceSheet.path)
}

// samePage returns the address of a page of this workspace that a script names, or that of
// the workspace.
func (q *Request) samePage(address string) string {
	u, err := url.Parse(address)
	home := "/w/" + q.Workspace.Slug + "/"
	if err != nil || !local(address) || !strings.HasPrefix(u.Path, home) {
		return home
	}
	return address
}
