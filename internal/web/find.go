package web

import (
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

const (
	offeredAtMost = 24 // hits in the palette
	recentAtMost  = 7  // what was opened lately, in the palette
	foundAtMost   = 50 // findings on the page of the search
)

// find searches the moment that is shown: a list for the palette, or a page.
func (q *Request) find() error {
	text := strings.TrimSpace(q.Query("q"))
	if q.Partial() {
		return q.offer(text)
	}
	return q.findPage(text)
}

// offer answers the palette: what was opened lately, a moment after @, objectives after #,
// else what the words find.
func (q *Request) offer(text string) error {
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	if spoken, ok := strings.CutPrefix(text, "@"); ok {
		return q.offerMoment(strings.TrimSpace(spoken))
	}
	if words, ok := strings.CutPrefix(text, "#"); ok {
		if q.Kit.Serving == nil {
			return q.Fragment(ui.Hits("Nothing serves objectives here", false))
		}
		hits, err := q.Kit.Serving(q, strings.TrimSpace(words))
		if err != nil {
			return err
		}
		if len(hits) == 0 {
			return q.Fragment(ui.Hits("No objective is called that", false))
		}
		return q.Fragment(ui.Hits("", false, ui.HitGroup{Title: "What serves", Hits: hits}))
	}
	recent := recentOf(q.Query("recent"))
	if text == "" {
		return q.Fragment(ui.Hits("", false, q.opened(scope, recent)...))
	}
	found, err := q.Search(Search{Text: text, Within: q.withPages(), Recent: recent, Limit: offeredAtMost})
	if err != nil {
		return err
	}
	var groups []ui.HitGroup
	for _, f := range found.All {
		i := slices.IndexFunc(groups, func(g ui.HitGroup) bool { return g.Title == f.Table.Label() })
		if i < 0 {
			i = len(groups)
			groups = append(groups, ui.HitGroup{Title: f.Table.Label()})
		}
		groups[i].Hits = append(groups[i].Hits, q.hit(scope, f))
	}
	page := ui.Hit{Title: "All results for “" + text + "”", Icon: "search", Href: ui.With(q.Path("find"), "q", text), Note: "descriptions and comments too"}
	message, corrected := "", found.Corrected
	if len(groups) == 0 {
		page.Title, page.Note = "Search descriptions and comments for “"+text+"”", ""
		message, corrected = "Nothing is called that", true
	}
	return q.Fragment(ui.Hits(message, corrected, append(groups, ui.HitGroup{Title: "Search", Hits: []ui.Hit{page}})...))
}

// offerMoment leads the page that the reader is on to a moment.
func (q *Request) offerMoment(spoken string) error {
	if spoken == "" {
		return q.Fragment(ui.Hits("Write a day: 3 mar, last week, 2026-03-03", false))
	}
	here := ui.With(q.samePage(q.Query("page")), "in", "")
	m, err := q.Moment(spoken)
	if err == nil && m.IsZero() {
		return q.Fragment(ui.Hits("", false, ui.HitGroup{Title: "As of", Hits: []ui.Hit{{Icon: "history", Title: "Now", Note: "this page", Href: ui.With(here, "at", "")}}}))
	}
	if err != nil {
		if f := faultOf(err); f != nil && fault.Is(err, fault.Invalid) {
			return q.Fragment(ui.Hits(capital(f.Message), false))
		}
		return err
	}
	at := m.Text
	if m.Day != "" {
		at = string(m.Day)
	}
	return q.Fragment(ui.Hits("", false, ui.HitGroup{Title: "As of", Hits: []ui.Hit{
		{Icon: "history", Title: m.Long, Note: "this page", Href: ui.With(here, "at", at)},
		{Icon: "git-compare-arrows", Title: "Compare now with " + m.Short, Note: "what changed", Href: ui.With("/w/"+q.Workspace.Slug+"/compare", "since", at)},
	}}))
}

// recentOf reads the identifiers that the browser keeps.
func recentOf(text string) []ledger.ID {
	var all []ledger.ID
	for part := range strings.SplitSeq(text, ",") {
		if id, err := ledger.ParseID(part); err == nil && len(all) < 4*recentAtMost {
			all = append(all, id)
		}
	}
	return all
}

// opened are the entities of now that the reader opened lately and may still see.
func (q *Request) opened(s *table.Scope, recent []ledger.ID) []ui.HitGroup {
	g := ui.HitGroup{Title: "Recent"}
	for _, id := range recent {
		for _, t := range q.Kit.Tables.All() {
			if _, ok := q.Kit.Places[t.Kind()]; !ok || len(g.Hits) == recentAtMost {
				continue
			}
			if row, ok := t.Row(s.View, id); ok {
				h := q.hit(s, Finding{Row: row, Table: t})
				if h.Note == "" {
					h.Note = capital(t.One())
				}
				g.Hits = append(g.Hits, h)
				break
			}
		}
	}
	if len(g.Hits) == 0 {
		return nil
	}
	return []ui.HitGroup{g}
}

// withPages are the kinds whose entities have pages.
func (q *Request) withPages() []string {
	var all []string
	for _, t := range q.Kit.Tables.All() {
		if _, ok := q.Kit.Places[t.Kind()]; ok {
			all = append(all, t.Kind())
		}
	}
	return all
}

// hit is a finding as a link to its page.
func (q *Request) hit(s *table.Scope, f Finding) ui.Hit {
	t, row := f.Table, f.Row
	h := ui.Hit{
		ID: row.ID().String(), Key: row.Key(), Title: row.Title(), Marks: spans(f.Marks), Archived: f.Archived(s),
		Kind: capital(t.One()), Icon: q.iconOf(t),
	}
	if lead, ok := q.Kit.Places[t.Kind()]; ok {
		h.Href = q.Path(lead(row.Key(), row.ID()))
	}
	if _, ok := t.Column(s.View, "status"); ok {
		h.Note = t.Show(s, row, "status")
	}
	if f.Excerpt != nil {
		h.Where = f.Column.Label
		h.Excerpt = &ui.Excerpt{Text: f.Excerpt.Text, Marks: spans(f.Excerpt.Marks), Before: f.Excerpt.Before, After: f.Excerpt.After}
	}
	if !f.About.ID.IsZero() { // what is said about something goes by what it is about
		h.Where, h.Key = "", f.About.Key
		if h.Title, h.Marks = f.About.Title, nil; h.Title == "" {
			h.Title = capital(t.One())
		}
	}
	return h
}

// iconOf is the icon that the sidebar has for a kind.
func (q *Request) iconOf(t table.Any) string {
	for _, n := range q.Kit.Nav {
		if n.Path == t.Name() {
			return n.Icon
		}
	}
	if _, about := t.Column(q.Live(), "about"); about {
		return "message-square-text"
	}
	return "file-text"
}

func spans(marks []ledger.Mark) []ui.Span {
	var all []ui.Span
	for _, m := range marks {
		all = append(all, ui.Span(m))
	}
	return all
}

// findView is the page of the search.
type findView struct {
	text     string
	scope    string // the name of the table looked in; "" for all
	product  string
	products []ui.Option
	tabs     []ui.Tab
	hits     []ui.Hit
	found    Findings
	action   string
	kept     []ui.Kept
	all      string // the address without scope and product
}

// note says what the reader should know of how was searched.
func (v findView) note() string {
	switch {
	case v.found.Corrected:
		return "Nothing is spelt “" + v.text + "”. These are close."
	case v.found.Untold:
		return "Descriptions and comments are searched in the present alone; here, keys, titles and short fields are."
	}
	return ""
}

// summary says how much was found.
func (v findView) summary() string {
	if v.text == "" {
		return ""
	}
	n := ui.Count(v.found.Total, "result", "results")
	if v.found.More {
		n = "More than " + n
	}
	return n
}

func (q *Request) findPage(text string) error {
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	here := ui.With(q.Path("find"), "q", text)
	v := findView{text: text, scope: q.Query("scope"), product: q.Query("product"), action: "/w/" + q.Workspace.Slug + "/find", all: here}
	search := Search{Text: text, Within: q.withPages(), Texts: true, Limit: foundAtMost}
	if len(text) > 200 {
		return fault.New(fault.Invalid, "write at most 200 characters to be found")
	}
	if v.scope != "" {
		t, ok := q.Kit.Tables.Named(v.scope)
		if !ok || !slices.Contains(search.Within, t.Kind()) {
			return fault.New(fault.NotFound, "there is nothing called %q to be searched", v.scope)
		}
		search.Kinds = []string{t.Kind()}
	}
	for p := range access.Products.All(scope.View) {
		v.products = append(v.products, ui.Option{Value: p.ID.String(), Label: p.Name})
	}
	if v.product != "" {
		id, err := ledger.ParseID(v.product)
		if _, ok := access.Products.Get(scope.View, id); err != nil || !ok {
			return fault.New(fault.NotFound, "there is no product %q", v.product)
		}
		search.Product = id
	}
	if text != "" {
		if v.found, err = q.Search(search); err != nil {
			return err
		}
	}
	for _, f := range v.found.All {
		h := q.hit(scope, f)
		if !f.About.ID.IsZero() {
			h.Note = q.said(f)
		}
		v.hits = append(v.hits, h)
	}
	v.tabs = q.scopes(v, here)
	for _, name := range []string{"at", "in", "scope"} {
		if value := q.Query(name); value != "" {
			v.kept = append(v.kept, ui.Kept{Name: name, Value: value})
		}
	}
	return q.Page(Page{
		Title: "Search", Summary: v.summary(),
		Hints: []ui.Hint{{Keys: []string{"J", "K"}, Does: "move"}, {Keys: []string{"↵"}, Does: "open"}},
	}, findPage(v))
}

// said names who said something, and when.
func (q *Request) said(f Finding) string {
	m := f.Row.Meta()
	ago := q.Words().Ago(m.CreatedAt.Go())
	if by := q.Names()(m.CreatedBy); by != "" {
		return by + ", " + ago
	}
	return ago
}

// scopes are the kinds in which something was found, and those that one always looks for.
func (q *Request) scopes(v findView, here string) []ui.Tab {
	here = ui.With(here, "product", v.product)
	total := 0
	var tabs []ui.Tab
	for _, t := range q.Kit.Tables.All() {
		if _, ok := q.Kit.Places[t.Kind()]; !ok {
			continue
		}
		n := v.found.Counts[t.Kind()]
		total += n
		if n == 0 && v.scope != t.Name() {
			continue
		}
		tabs = append(tabs, ui.Tab{Label: t.Label(), Href: ui.With(here, "scope", t.Name()), Count: ui.Number(float64(n)), Current: v.scope == t.Name()})
	}
	if len(tabs) == 0 {
		return nil
	}
	return append([]ui.Tab{{Label: "All", Href: here, Count: ui.Number(float64(total)), Current: v.scope == ""}}, tabs...)
}
