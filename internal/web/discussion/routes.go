package discussion

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Routes are the routes of discussions.
func Routes() []web.Route {
	const base = "/w/{workspace}/comments"
	get := func(path string, handle func(*web.Request) error) web.Route {
		return web.Route{Method: http.MethodGet, Pattern: base + path, Who: web.Member, Handle: handle}
	}
	post := func(path string, handle func(*web.Request) error) web.Route {
		return web.Route{Method: http.MethodPost, Pattern: base + path, Who: web.Member, Handle: handle}
	}
	return []web.Route{
		post("", say),
		get("/{entity}", open),
		get("/{entity}/edit", editForm),
		get("/{entity}/versions", versions),
		post("/{entity}/edit", edit),
		post("/{entity}/react", react),
		post("/{entity}/delete", remove),
		{Method: http.MethodPost, Pattern: "/w/{workspace}/follow", Who: web.Member, Handle: setFollow},
	}
}

// Place leads from a comment to its page, which leads on to where it stands.
func Place(_ string, id ledger.ID) string { return "comments/" + id.String() }

// find returns the comment of the address, with the discussion it stands in.
func find(q *web.Request) (*talk, *collab.Comment, error) {
	s, err := q.Scope()
	if err != nil {
		return nil, nil, err
	}
	id, err := ledger.ParseID(q.R.PathValue("entity"))
	if err != nil {
		return nil, nil, fault.New(fault.NotFound, "there is no comment %q", q.R.PathValue("entity"))
	}
	c, ok := collab.Comments.Get(s.View, id)
	if !ok {
		return nil, nil, fault.New(fault.NotFound, "there is no comment %s", id)
	}
	return &talk{Request: q, scope: s, about: c.About, names: q.Names()}, c, nil
}

// open leads to a comment where it stands.
func open(q *web.Request) error {
	t, c, err := find(q)
	if err != nil {
		return err
	}
	if _, ok := q.Kit.Places[c.About.Kind]; !ok { // what it is about has no page
		return q.Page(web.Page{Title: "Comment"}, versionsPage(t, c, []version{{what: t.person(c.Author).Name, at: c.CreatedAt, prose: t.prose(c)}}))
	}
	return q.Redirect(t.permalink(c))
}

// done ends a write: the page that it came from stays, or the one is shown that was named.
func done(q *web.Request, f *ui.Form, text string, seq ledger.Seq) error {
	q.Said(text, seq)
	back := f.Values.Get("back")
	if back == "" {
		back = q.Path("")
	}
	return q.Done(back)
}

// say begins a thread, or answers in one.
func say(q *web.Request) error {
	f, err := q.Form("about", "parent", "text", "back")
	if err != nil {
		return err
	}
	s, err := q.Scope()
	if err != nil {
		return err
	}
	in := map[string]any{"text": f.Values.Get("text")}
	said, verb := "Commented", "comment"
	if parent := f.Values.Get("parent"); parent != "" {
		id, err := s.Find("comment", parent)
		if err != nil {
			return err
		}
		head, _ := collab.Comments.Get(s.View, id)
		in["parent"], in["about"] = head.Head().String(), head.About.ID.String()
		said, verb = "Replied", "reply"
	} else {
		in["about"] = f.Values.Get("about")
	}
	seq, err := q.Update(verb, func(tx *ledger.Tx) error {
		_, err := collab.Table.Create(tx, s.In(tx), ledger.ID{}, in)
		return err
	})
	if err != nil {
		return err
	}
	return done(q, f, said, seq)
}

// editForm is where a comment is said in other words. Who did not say it is led to it.
func editForm(q *web.Request) error {
	t, c, err := find(q)
	if err != nil {
		return err
	}
	if !t.mayEdit(c) {
		return q.Redirect(t.permalink(c))
	}
	text, err := ledger.Text(q.Context(), t.scope.View, c.Text)
	if err != nil {
		return err
	}
	return q.Page(web.Page{Title: "Edit a comment"}, editPage(t, c, text, nil))
}

// edit says a comment in other words, settles its thread, or opens that again.
func edit(q *web.Request) error {
	f, err := q.Form("text", "resolved", "back")
	if err != nil {
		return err
	}
	t, c, err := find(q)
	if err != nil {
		return err
	}
	verb, said := "edit comment", "Edited"
	do := func(tx *ledger.Tx) error { return collab.Edit(tx, t.scope.In(tx), c.ID, f.Values.Get("text")) }
	if f.Values.Has("resolved") {
		settle := f.Values.Get("resolved") == "yes"
		verb, said = "reopen thread", "Opened again"
		if settle {
			verb, said = "resolve thread", "Resolved"
		}
		do = func(tx *ledger.Tx) error { return collab.Resolve(tx, t.scope.In(tx), c.ID, settle) }
	}
	seq, err := q.Update(verb, do)
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok || q.Partial() || f.Values.Has("resolved") {
			return err
		}
		return q.Page(web.Page{Title: "Edit a comment", Status: status}, editPage(t, c, f.Values.Get("text"), f))
	}
	return done(q, f, said, seq)
}

func react(q *web.Request) error {
	f, err := q.Form("feeling", "on", "back")
	if err != nil {
		return err
	}
	_, c, err := find(q)
	if err != nil {
		return err
	}
	on := f.Values.Get("on") == "yes"
	seq, err := q.Update("react", func(tx *ledger.Tx) error { return collab.React(tx, c.ID, f.Values.Get("feeling"), on) })
	if err != nil {
		return err
	}
	i := slices.IndexFunc(collab.Feelings, func(o option) bool { return o.Name == f.Values.Get("feeling") })
	said := "Took back: " + collab.Feelings[i].Label
	if on {
		said = collab.Feelings[i].Label
	}
	return done(q, f, said, seq)
}

func remove(q *web.Request) error {
	f, err := q.Form("back")
	if err != nil {
		return err
	}
	_, c, err := find(q)
	if err != nil {
		return err
	}
	seq, err := q.Update("delete comment", func(tx *ledger.Tx) error { return collab.Delete(tx, c.ID) })
	if err != nil {
		return err
	}
	return done(q, f, "Deleted the comment", seq)
}

// version is what a comment said at some time.
type version struct {
	what  string
	at    ledger.Time
	prose templ.Component
}

// versions shows what a comment said before it was edited, the newest first.
func versions(q *web.Request) error {
	t, c, err := find(q)
	if err != nil {
		return err
	}
	var all []version
	for commit, err := range q.Kit.Ledger.History(q.Context(), q.Live(), collab.Comments, c.ID) {
		if err != nil {
			return err
		}
		for i := range commit.Entries {
			e := &commit.Entries[i]
			v, ok, err := t.version(e)
			if err != nil {
				return err
			}
			if ok {
				all = append(all, v)
			}
		}
	}
	return q.Page(web.Page{Title: "What this comment said"}, versionsPage(t, c, all))
}

// version is what the comment says after an entry of its history; false if that is not
// about its words.
func (t *talk) version(e *ledger.Entry) (version, bool, error) {
	for _, ch := range e.Changes {
		if ch.Field != "text" {
			continue
		}
		var ref ledger.TextRef
		if err := json.Unmarshal(ch.New, &ref); err != nil || ref.IsZero() {
			return version{}, false, nil
		}
		text, err := ledger.Text(t.Context(), t.scope.View, ref)
		if err != nil {
			return version{}, false, err
		}
		what := "Edited"
		if e.Op == ledger.OpCreate {
			what = "Said"
		}
		return version{what, e.At, t.Prose(t.scope, text)}, true, nil
	}
	return version{}, false, nil
}
