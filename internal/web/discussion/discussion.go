// Package discussion shows what people say about an entity, wherever the entity is shown,
// and takes what they say.
package discussion

import (
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

//go:generate go tool templ generate

// Section is the discussion of an entity on a page. place tells two discussions of one
// entity on one page apart, as the page and the panel beside a list; back is the page to
// return to without scripts. Where comments are no kind of the program it is empty.
func Section(q *web.Request, s *table.Scope, about ledger.AnyRef, place, back string) templ.Component {
	if _, ok := q.Kit.Tables.Of(collab.Comments.Name()); !ok {
		return templ.NopComponent
	}
	t := &talk{Request: q, scope: s, about: about, place: place, back: back, names: q.Names()}
	for _, thread := range collab.Threads(s.View, about.ID) {
		if thread.Resolved {
			t.settled = append(t.settled, thread)
		} else {
			t.open = append(t.open, thread)
		}
	}
	return section(t)
}

// talk is the discussion of an entity in front of a reader.
type talk struct {
	*web.Request
	scope         *table.Scope
	about         ledger.AnyRef
	place, back   string
	names         func(ledger.ID) string
	open, settled []collab.Thread
}

// id is the identifier of an element of this discussion.
func (t *talk) id(parts ...string) string {
	return strings.Join(append([]string{t.place + "c"}, parts...), "-")
}

// speaks reports whether the reader may say something here.
func (t *talk) speaks() bool {
	return t.May(ledger.OpCreate, collab.Comments.Name(), &collab.Comment{About: t.about, Author: t.Principal.Account.ID})
}

func (t *talk) mine(c *collab.Comment) bool { return c.Author == t.Principal.Account.ID }

func (t *talk) mayEdit(c *collab.Comment) bool { return t.speaks() && t.mine(c) && !c.Withdrawn }

// decides reports whether the reader may take a comment away and settle its thread: it is
// theirs, or they are an editor.
func (t *talk) decides(c *collab.Comment) bool {
	return t.May(ledger.OpDelete, collab.Comments.Name(), c)
}

func (t *talk) mayDelete(c *collab.Comment) bool { return !c.Withdrawn && t.decides(c) }

func (t *talk) maySettle(c *collab.Comment) bool { return c.Parent.IsZero() && t.decides(c) }

func (t *talk) person(account ledger.ID) ui.Person {
	name := t.names(account)
	if name == "" {
		name = "Somebody"
	}
	return ui.Person{ID: account.String(), Name: name}
}

// action is the address of what can be done with a comment.
func (t *talk) action(c *collab.Comment, what ...string) string {
	return t.Path(append([]string{"comments", c.ID.String()}, what...)...)
}

// permalink leads to a comment on the page of what it is about.
func (t *talk) permalink(c *collab.Comment) string {
	if lead, ok := t.Kit.Places[t.about.Kind]; ok {
		if to, ok := t.scope.Target(t.about.Kind, t.about.ID); ok && !to.Private {
			return t.Path(lead(to.Key, to.ID)) + "#c-" + c.ID.String()
		}
	}
	return "#" + t.id(c.ID.String())
}

// prose draws what a comment says.
func (t *talk) prose(c *collab.Comment) templ.Component {
	text, err := ledger.Text(t.Context(), t.scope.View, c.Text)
	if err != nil {
		return ui.Note{Tone: ui.Bad, Text: "This comment cannot be read just now"}
	}
	return t.Prose(t.scope, text)
}

// edited reports whether a comment has said something else before.
func edited(c *collab.Comment) bool { return c.EditedAt != 0 }

// feeling is one kind of reaction to a comment.
type feeling struct {
	table.Option
	count int
	mine  bool
	who   string
}

// feelings are the reactions to a comment, all of them or those that somebody gave.
func (t *talk) feelings(c *collab.Comment, given bool) (all []feeling) {
	for _, o := range collab.Feelings {
		f := feeling{Option: o}
		var who []string
		for _, r := range c.Reactions {
			if r.Feeling != o.Name {
				continue
			}
			f.count++
			f.mine = f.mine || r.Account == t.Principal.Account.ID
			who = append(who, t.person(r.Account).Name)
		}
		f.who = o.Label + ": " + sentence(who)
		if f.count > 0 || !given {
			all = append(all, f)
		}
	}
	return all
}

// sentence joins names as in "Ann, Bob and Cy".
func sentence(names []string) string {
	slices.Sort(names)
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

var (
	links = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	signs = regexp.MustCompile("[*_`~]{1,3}|^[#>\\s-]+")
)

// Gist is the first line of a comment as a plain text, for a line that leads to it.
func Gist(c *collab.Comment) string {
	line := c.Text.FirstLine()
	line = links.ReplaceAllString(line, "$1")
	return strings.TrimSpace(signs.ReplaceAllString(line, ""))
}
