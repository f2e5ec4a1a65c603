package table

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Scope is what values are read and written in.
type Scope struct {
	View  ledger.View
	Set   *Set
	Today calendar.Day
	Week  time.Weekday // the first day of a week
	Zone  *time.Location
	Me    ledger.ID // the person of who reads; zero: none
	// Now is the workspace as it is today, while View is a past moment: what that moment
	// refers to may have been made later, as a status whose name has imported history. It
	// may be nil.
	Now ledger.View
	// Lookup answers Find instead of the view: an import knows what it is about to make.
	// It may be nil.
	Lookup func(kind, text string) (ledger.ID, error)
}

// In returns the same scope over another view.
func (s *Scope) In(v ledger.View) *Scope {
	c := *s
	c.View = v
	return &c
}

// Set is the tables of a program.
type Set struct {
	list   []Any
	byKind map[string]Any
	byName map[string]Any
}

// NewSet gathers tables. It panics if two are of one kind or have one name.
func NewSet(tables ...Any) *Set {
	s := &Set{list: tables, byKind: map[string]Any{}, byName: map[string]Any{}}
	for _, t := range tables {
		if s.byKind[t.Kind()] != nil || s.byName[t.Name()] != nil {
			panic(fmt.Sprintf("table: %s is declared twice", t.Name()))
		}
		s.byKind[t.Kind()], s.byName[t.Name()] = t, t
	}
	return s
}

// All returns the tables in the order given.
func (s *Set) All() []Any { return slices.Clone(s.list) }

// Of returns the table of a kind.
func (s *Set) Of(kind string) (Any, bool) {
	t, ok := s.byKind[kind]
	return t, ok
}

// Named returns the table with a name, as it stands in addresses: "features".
func (s *Set) Named(name string) (Any, bool) {
	t, ok := s.byName[name]
	return t, ok
}

// Target is an entity that a link leads to, as its reader may know it.
type Target struct {
	ID      ledger.ID `json:"id,omitzero"`
	Kind    string    `json:"kind,omitzero"`
	Key     string    `json:"key,omitzero"`
	Title   string    `json:"title,omitzero"`
	Private bool      `json:"private,omitzero"` // it exists, and that is all the reader may know
}

// String returns the title, for cells and files.
func (t Target) String() string {
	switch {
	case t.Private:
		return "a private item"
	case t.Title != "":
		return t.Title
	default:
		return t.Key
	}
}

// Target returns what a reader may know of a linked entity. Without a title nobody
// is told even the identifier.
func (s *Scope) Target(kind string, id ledger.ID) (Target, bool) {
	if id.IsZero() {
		return Target{}, false
	}
	t, ok := s.Set.Of(kind)
	if !ok {
		return Target{ID: id, Kind: kind}, true
	}
	r, ok := t.Row(s.View, id)
	if !ok && s.Now != nil {
		r, ok = t.Row(s.Now, id)
	}
	if !ok {
		return Target{Private: true}, true
	}
	return Target{ID: id, Kind: kind, Key: r.Key(), Title: r.Title()}, true
}

// Find returns the entity of a kind that a person or a file means: by its identifier,
// its key, the key it had in another tool, or its name. "me" is the reader. It is
// Invalid if nothing or more than one thing has the name.
func (s *Scope) Find(kind, text string) (ledger.ID, error) {
	text = strings.TrimSpace(text)
	if s.Lookup != nil {
		return s.Lookup(kind, text)
	}
	t, ok := s.Set.Of(kind)
	if id, err := ledger.ParseID(text); err == nil {
		if ok { // what the reader may not know of is refused as what does not exist
			if _, there := t.Row(s.View, id); !there {
				return ledger.ID{}, fault.New(fault.Invalid, "there is no %s %q", t.One(), text)
			}
		}
		return id, nil
	}
	if kind == "person" && strings.EqualFold(text, "me") {
		if s.Me.IsZero() {
			return ledger.ID{}, fault.New(fault.Invalid, "you have no person in this workspace")
		}
		return s.Me, nil
	}
	if !ok {
		return ledger.ID{}, fault.New(fault.Invalid, "write the identifier of a %s", kind)
	}
	found := t.Named(s.View, text)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return ledger.ID{}, fault.New(fault.Invalid, "there is no %s %q", t.One(), text)
	default:
		return ledger.ID{}, fault.New(fault.Invalid, "%d %s are called %q; write the key or the identifier", len(found), t.Name(), text)
	}
}
