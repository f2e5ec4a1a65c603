package ui

import (
	"slices"
	"strings"
)

// Action is something that the reader can do on a page, a page to go to, or a key that
// moves. It is declared once: the palette offers it, the list of keys names it, and the
// page's own button, if there is one, carries its key.
type Action struct {
	Group string // of the list of keys; GoTo for pages to go to
	Label string
	Icon  string
	Keys  []string // as they are pressed: "S"; "G" and "F"; "Ctrl" and "K"
	Also  []string // other keys that do the same
	Words string   // by which it is found beside its label

	// How it is done; one of them is set.
	Href  string // a page
	Post  string // a form with Fields, sent from the page that stays
	Press bool   // what its keys do
	Opens string // the popover that a button of the page opens
	Does  string // an act of the shell's script
	Quiet bool   // by its keys alone: the palette does not offer it

	Fields   []Kept // of Post
	Value    string // for the act
	Download bool   // what Href leads to is a file
	Here     bool   // it acts on what is selected, the current row, or what the page is of
	Typed    string // what was typed goes to this parameter of Href: "title"
	Hint     string // what the foot of the page says of it
}

// GoTo is the group of pages to go to.
const GoTo = "Go to"

// Everywhere is the group of what can be done on every page.
const Everywhere = "Everywhere"

// modifiers are the keys with which another key is no single letter.
var modifiers = []string{"Ctrl", "Alt", "⌘"}

// letter reports whether the keys are a single character, or a sequence of them, which the
// reader may have switched off.
func (a Action) letter() bool {
	return len(a.Keys) > 0 && !slices.Contains(modifiers, a.Keys[0]) && len([]rune(a.Keys[0])) == 1
}

// press is the key as the script presses it: "s", "ctrl+b".
func (a Action) press() string {
	if !a.Press {
		return ""
	}
	return strings.ToLower(strings.Join(a.Keys, "+"))
}

// name is what the palette shows.
func (a Action) name() string { return capital(a.Label) }

// KeyGroup is the keys of one kind.
type KeyGroup struct {
	Title string
	Keys  []Action
}

// keyGroups are the actions that have keys, by their groups.
func keyGroups(all []Action) []KeyGroup {
	var groups []KeyGroup
	for _, a := range all {
		if len(a.Keys) == 0 {
			continue
		}
		title := a.Group
		i := slices.IndexFunc(groups, func(g KeyGroup) bool { return g.Title == title })
		if i < 0 {
			i = len(groups)
			groups = append(groups, KeyGroup{Title: title})
		}
		groups[i].Keys = append(groups[i].Keys, a)
	}
	return groups
}

// hints are what the foot of the page says.
func hints(all []Action) []Action {
	return slices.DeleteFunc(slices.Clone(all), func(a Action) bool { return a.Hint == "" })
}

// Hit is one thing that a search found, or a page of the kind that the palette leads to.
type Hit struct {
	ID         string // of the entity; "" for none
	Key, Title string
	Marks      []Span // in the title
	Href       string
	Icon       string // if it has no key
	Note       string
	Archived   bool
	Kind       string   // in a list of several kinds: "Feature"
	Where      string   // where the words stand: "Description", "on FB-42 Sync"
	Excerpt    *Excerpt // what stands there
}

// Span is a marked part of a text, in bytes.
type Span struct{ From, To int }

// Excerpt is a part of a text that a search found.
type Excerpt struct {
	Text          string
	Marks         []Span
	Before, After bool // the text goes on there
}

// HitGroup is the hits of one kind.
type HitGroup struct {
	Title string
	Hits  []Hit
}

// piece is a part of a text, marked or not.
type piece struct {
	text   string
	marked bool
}

func pieces(text string, marks []Span) []piece {
	var all []piece
	at := 0
	for _, m := range marks {
		if m.From < at || m.To > len(text) {
			continue
		}
		if m.From > at {
			all = append(all, piece{text[at:m.From], false})
		}
		all = append(all, piece{text[m.From:m.To], true})
		at = m.To
	}
	if at < len(text) {
		all = append(all, piece{text[at:], false})
	}
	return all
}
