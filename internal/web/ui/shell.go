package ui

import (
	"context"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// htmxConfig lets htmx act only by nonce. When a page is made new in place, what a person
// holds open - an editor, a dialog, a menu - is not touched, nor what they have unfolded.
const htmxConfig = `{"extensions":"hx-csp","morphSkip":"[data-hold], dialog[open], [popover]:popover-open","morphIgnore":["data-htmx-powered","open"]}`

// Document is what every page has: the head of its HTML, theme and state.
type Document struct {
	Title    string
	Theme    string // "light", "dark" or "auto"
	Mini     bool   // the sidebar is collapsed
	Dense    bool   // rows stand closer
	Past     bool   // shows a past moment
	Pending  bool   // shows a proposal
	Letters  string // "off": single letters do nothing
	Insecure bool   // plain HTTP on purpose; a banner says so
	Class    string
	Islands  []string // names of further scripts
	Toast    *Toast
}

// NavSection is a part of the sidebar: Why, What and when, So what, How; "" for what stands above.
type NavSection struct {
	Caption string
	Items   []NavItem
}

// NavItem is a page in the sidebar. It is there only if the page exists.
type NavItem struct {
	Icon, Name, Href string
	Key              string // the letter that follows G
	Count            int    // of what waits there; 0 shows none
	New              bool   // the count is of news
	Current          bool
	Quick            bool // also in the bar of a phone
}

// Kept is a query parameter that a form passes on.
type Kept struct {
	Name, Value string
}

// Beginning is how far a new workspace has come.
type Beginning struct {
	Href      string // the page with the steps
	Done, All int
	Fresh     bool // there is nothing in it yet
	Hidden    bool // the reader wants no more of it in the sidebar
}

// Hint is keys of a page and what they do, at its foot and in the list of keys.
type Hint struct {
	Keys []string
	Does string
}

// Shell is the frame of every page inside a workspace.
type Shell struct {
	Document
	Workspace Link
	Crumbs    []Link // between the workspace and the page; Esc leads to the last of them
	Nav       []NavSection
	Foot      []NavItem
	Account   Person
	Find      string // address of the search, "" for none
	Create    string // address of the dialog that makes something from any page, "" for none
	Undo      string // where the reader's latest change is taken back, "" for a page that cannot write
	Live      string // the stream of what changes, "" for a page that does not
	Seq       int64  // the position that the page shows
	Begin     *Beginning
	Settings  *Settings
	Clock     *Clock
	Banner    *Banner
	Actions   []Action // what can be done here, where one can go, and the keys
	Recent    string   // the name under which this browser keeps what the reader opened
	Opened    string   // the identifier of what the page is of, "" for none
	Of        string   // its key, or its title
	Summary   string   // at the end of the hints: "40 features · 335 pw"
}

// Around is a page as it stands beside the navigation; without one it stands alone.
func (s *Settings) Around(body templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return framed(s).Render(templ.WithChildren(ctx, body), w)
	})
}

// quick returns the items of the bar on phones, at most four; the fifth is More.
func (s Shell) quick() []NavItem {
	var quick []NavItem
	for _, section := range s.Nav {
		for _, item := range section.Items {
			if item.Quick && len(quick) < 4 {
				quick = append(quick, item)
			}
		}
	}
	return quick
}

// all returns every page of the sidebar, for the menu of a phone.
func (s Shell) all() []NavItem {
	var all []NavItem
	for _, section := range s.Nav {
		all = append(all, section.Items...)
	}
	return append(all, s.Foot...)
}

// Desk is a page of an account, outside any workspace.
type Desk struct {
	Document
	Account  Person
	Settings *Settings
}

// Settings is the navigation between pages of settings, beside the page. Where it is
// narrow, it is a page of its own: the one at Home.
type Settings struct {
	Home     string // "" where there is no workspace
	Index    bool   // the address is that of the navigation itself
	Sections []NavSection
}

// Door is a page outside any workspace: one card, and the thread as an ornament.
type Door struct {
	Document
	Heading string
	Wide    bool // two columns: what happens left, the card right
	Foot    string
}

func nextTheme(theme string) string {
	switch theme {
	case "light":
		return "dark"
	case "dark":
		return "auto"
	}
	return "light"
}

// capital returns s with its first letter in upper case.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
