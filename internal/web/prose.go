package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/richtext"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Prose draws a text in Markdown, with what it points to as the reader may know it.
func (q *Request) Prose(s *table.Scope, text string) templ.Component {
	return prose(text, q.Reads(s))
}

// TickableProse draws a text whose tasks are ticked by the form with the identifier.
func (q *Request) TickableProse(s *table.Scope, text, form string) templ.Component {
	r := q.Reads(s)
	r.Ticking = form
	return prose(text, r)
}

func prose(text string, r richtext.Reader) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, richtext.HTML(text, r))
		return err
	})
}

// Reads is what the reader may know of what texts point to.
func (q *Request) Reads(s *table.Scope) richtext.Reader {
	return richtext.Reader{
		Thing: func(key string) (richtext.Thing, bool) {
			found, ok := q.Kit.Ledger.Registry().Find(s.View, key)
			if !ok {
				return richtext.Thing{}, false
			}
			return q.thing(s, found.Kind, found.ID)
		},
		Page:   func(address string) (richtext.Thing, bool) { return q.atAddress(s, address) },
		Person: func(id ledger.ID) (richtext.Thing, bool) { return q.thing(s, "person", id) },
		File:   func(id ledger.ID) (richtext.File, bool) { return q.fileOf(s, id) },
	}
}

// thing is an entity that has a page, as a text leads to it.
func (q *Request) thing(s *table.Scope, kind string, id ledger.ID) (richtext.Thing, bool) {
	lead, ok := q.Kit.Places[kind]
	if !ok {
		return richtext.Thing{}, false
	}
	to, ok := s.Target(kind, id)
	if !ok || to.Private {
		return richtext.Thing{}, false
	}
	return richtext.Thing{
		Key: to.Key, Title: to.Title,
		Href: q.Path(lead(to.Key, to.ID)), Card: q.Path("card", kind, to.ID.String()),
	}, true
}

// atAddress finds the entity whose page is at an address of this workspace.
func (q *Request) atAddress(s *table.Scope, address string) (richtext.Thing, bool) {
	u, err := url.Parse(address)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return richtext.Thing{}, false
	}
	if u.Host != "" && !strings.EqualFold(u.Scheme+"://"+u.Host, strings.TrimSuffix(q.Absolute("/"), "/")) {
		return richtext.Thing{}, false
	}
	path, ok := strings.CutPrefix(u.Path, "/w/"+q.Workspace.Slug+"/")
	name, ref, both := strings.Cut(path, "/")
	if !ok || !both {
		return richtext.Thing{}, false
	}
	t, ok := q.Kit.Tables.Named(name)
	if !ok {
		return richtext.Thing{}, false
	}
	id, err := ledger.ParseID(ref)
	if err != nil {
		found, ok := q.Kit.Ledger.Registry().Find(s.View, strings.ToUpper(ref))
		if !ok || found.Kind != t.Kind() {
			return richtext.Thing{}, false
		}
		id = found.ID
	}
	return q.thing(s, t.Kind(), id)
}

// fileOf is an attachment as a text shows it.
func (q *Request) fileOf(s *table.Scope, id ledger.ID) (richtext.File, bool) {
	if _, kept := q.Kit.Tables.Of(collab.Attachments.Name()); !kept {
		return richtext.File{}, false
	}
	a, ok := collab.Attachments.Get(s.View, id)
	if !ok {
		return richtext.File{}, false
	}
	return richtext.File{Name: a.Name, Href: q.FilePath(id), Width: a.Width, Height: a.Height}, true
}

// FilePath returns the address of an attachment's content at the moment that is shown.
func (q *Request) FilePath(id ledger.ID) string {
	return ui.With("/files/"+q.Workspace.Slug+"/"+id.String(), "at", q.Query("at"))
}

// Editor completes an editor with where it asks, and with a name for its draft: what is
// written and where, for nobody but the account.
func (q *Request) Editor(e ui.Editor, draft ...string) ui.Editor {
	e.Write = q.Path("write")
	if len(draft) > 0 {
		e.Draft = strings.Join(append([]string{q.Principal.Account.ID.String(), q.Workspace.Slug, q.Query("in")}, draft...), "/")
	}
	return e
}

// preview shows a text as its readers will see it.
func (q *Request) preview() error {
	f, err := q.Form("text")
	if err != nil {
		return err
	}
	s, err := q.Scope()
	if err != nil {
		return err
	}
	if strings.TrimSpace(f.Values.Get("text")) == "" {
		return q.Fragment(ui.Text("Nothing written yet"))
	}
	return q.Fragment(q.Prose(s, f.Values.Get("text")))
}

// suggestion is what an editor offers for a few letters.
type suggestion struct {
	Insert string `json:"insert"`
	Label  string `json:"label"`
	Note   string `json:"note"`
}

// suggestedAtMost is how many things an editor offers at once.
const suggestedAtMost = 8

// suggestPeople answers with people whose names begin as it was typed.
func (q *Request) suggestPeople() error {
	return q.suggest([]ledger.AnyKind{q.kindOf("person")}, func(t richtext.Thing, h ledger.Hit) suggestion {
		return suggestion{Insert: richtext.Mention(t.Title, h.ID), Label: t.Title}
	})
}

// suggestThings answers with things that have a key.
func (q *Request) suggestThings() error {
	return q.suggest(nil, func(t richtext.Thing, _ ledger.Hit) suggestion {
		if t.Key == "" {
			return suggestion{}
		}
		return suggestion{Insert: t.Key, Label: t.Title, Note: t.Key}
	})
}

func (q *Request) kindOf(name string) ledger.AnyKind {
	t, ok := q.Kit.Tables.Of(name)
	if !ok {
		return nil
	}
	return t.AnyKind()
}

func (q *Request) suggest(kinds []ledger.AnyKind, as func(richtext.Thing, ledger.Hit) suggestion) error {
	s, err := q.Scope()
	if err != nil {
		return err
	}
	all := []suggestion{}
	add := func(kind string, h ledger.Hit) {
		t, ok := q.thing(s, kind, h.ID)
		if o := as(t, h); ok && o.Insert != "" && len(all) < suggestedAtMost {
			all = append(all, o)
		}
	}
	text := strings.TrimSpace(q.Query("q"))
	switch {
	case text != "":
		for _, h := range q.Kit.Ledger.Registry().Search(s.View, ledger.Query{Text: text, Kinds: kinds, Limit: 4 * suggestedAtMost}).Hits {
			add(h.Kind, h)
		}
	case len(kinds) > 0: // nobody was named: everybody, as far as there is room
		t, _ := q.Kit.Tables.Of("person")
		for _, r := range t.Listed(s) {
			add(t.Kind(), ledger.Hit{Found: ledger.Found{Kind: t.Kind(), ID: r.ID()}})
			if len(all) == suggestedAtMost {
				break
			}
		}
	}
	return q.JSON(all)
}

// JSON answers a script of the page.
func (q *Request) JSON(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	q.W.Header().Set("Content-Type", "application/json")
	q.W.WriteHeader(http.StatusOK)
	_, _ = q.W.Write(b) // a client that is gone needs no answer
	return nil
}

// FragmentStatus answers a part of a page that could not be done as it was asked for.
func (q *Request) FragmentStatus(status int, parts ...templ.Component) error {
	return q.render(status, templ.Join(parts...), nil)
}
