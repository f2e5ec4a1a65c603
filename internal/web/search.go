package web

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/richtext"
	"github.com/throughline-pm/throughline/internal/table"
)

// Search is what a reader looks for.
type Search struct {
	Text    string
	Kinds   []string    // of these kinds; nil: of all
	Within  []string    // the kinds that count at all; nil: all
	Product ledger.ID   // what belongs to it; zero: to any or none
	Texts   bool        // in long texts too
	Recent  []ledger.ID // what the reader opened, the latest first: among equals it stands above
	Limit   int         // findings returned, at most searchedAtMost
}

// Finding is an entity that a search found, with why.
type Finding struct {
	Row   table.Row
	Table table.Any
	Marks []ledger.Mark // in its title
	// What its long text says, where the words stand there and not in its title.
	Column  table.Info
	Excerpt *ledger.Excerpt
	About   table.Target // what it is said about, of a comment; else zero
}

// Archived reports whether it is in the archive.
func (f Finding) Archived(s *table.Scope) bool {
	gone, _ := f.Table.Value(s, f.Row, "archived").(bool)
	return gone
}

// Findings is what a search found.
type Findings struct {
	All       []Finding
	Counts    map[string]int // by kind, of all kinds that count
	Total     int            // in the kinds that were looked for
	More      bool           // there are more than were counted
	Corrected bool           // nothing holds the words as typed; these hold similar ones
	Untold    bool           // long texts were asked for, and are not searched in the past and in proposals
}

// searchedAtMost is how many entities a search counts by their titles, and as many by
// their long texts.
const searchedAtMost = 1000

// excerptSize is how many bytes of a long text a finding shows.
const excerptSize = 180

// Search finds entities in what the page shows, of what the reader may see: by their keys,
// titles and short fields, then by their long texts. What the reader may not see is counted
// nowhere.
func (q *Request) Search(of Search) (Findings, error) {
	scope, err := q.Scope()
	if err != nil {
		return Findings{}, err
	}
	snapshot, err := q.Snapshot()
	if err != nil {
		return Findings{}, err
	}
	out := Findings{Counts: map[string]int{}}
	counts := func(kind string) bool { return of.Within == nil || slices.Contains(of.Within, kind) }
	var kinds []ledger.AnyKind
	for _, t := range q.Kit.Tables.All() {
		if counts(t.Kind()) {
			kinds = append(kinds, t.AnyKind())
		}
	}
	titles := q.Kit.Ledger.Registry().Search(scope.View, ledger.Query{Text: of.Text, Kinds: kinds, Limit: searchedAtMost})
	out.More = titles.Total > len(titles.Hits)
	recentFirst(titles.Hits, of.Recent)
	var texts []ledger.Hit
	if of.Texts {
		texts, err = q.Kit.Ledger.SearchTexts(q.Context(), snapshot, of.Text, searchedAtMost)
		out.Untold = errors.Is(err, ledger.ErrTextsLive)
		if err != nil && !out.Untold {
			return Findings{}, err
		}
	}
	hits := append(slices.Clip(titles.Hits), texts...)
	out.Corrected = titles.Corrected && len(titles.Hits) > 0
	if titles.Corrected && len(texts) > 0 { // the words as typed are before words like them
		hits, out.Corrected = append(texts, titles.Hits...), false
	}
	seen := map[ledger.ID]bool{}
	for _, h := range hits {
		t, ok := q.Kit.Tables.Of(h.Kind)
		if !ok || seen[h.ID] || !counts(h.Kind) {
			continue
		}
		row, ok := t.Row(scope.View, h.ID)
		if !ok {
			continue
		}
		f := Finding{Row: row, Table: t}
		f.About, _ = t.Value(scope, row, "about").(table.Target)
		if !of.Product.IsZero() && productOf(scope, f) != of.Product {
			continue
		}
		seen[h.ID] = true
		out.Counts[h.Kind]++
		if of.Kinds != nil && !slices.Contains(of.Kinds, h.Kind) {
			continue
		}
		if out.Total++; len(out.All) < of.Limit {
			out.All = append(out.All, f)
		}
	}
	for i := range out.All {
		if err := q.explain(scope, &out.All[i], of); err != nil {
			return Findings{}, err
		}
	}
	return out, nil
}

// recentFirst puts what was opened lately above what is worth the same.
func recentFirst(hits []ledger.Hit, recent []ledger.ID) {
	if len(recent) == 0 {
		return
	}
	place := map[ledger.ID]int{}
	for i, id := range recent {
		if _, twice := place[id]; !twice {
			place[id] = i - len(recent)
		}
	}
	slices.SortStableFunc(hits, func(a, b ledger.Hit) int {
		return cmp.Or(-cmp.Compare(a.Rank, b.Rank), cmp.Compare(place[a.ID], place[b.ID]))
	})
}

// productOf returns the product that something belongs to: a comment, to that of what it
// is about.
func productOf(s *table.Scope, f Finding) ledger.ID {
	if f.Table.Kind() == "product" {
		return f.Row.ID()
	}
	t, row := f.Table, f.Row
	if about, ok := s.Set.Of(f.About.Kind); ok {
		there := false
		if row, there = about.Row(s.View, f.About.ID); !there {
			return ledger.ID{}
		}
		t = about
	}
	to, _ := t.Target(s, row, "product")
	return to.ID
}

// explain adds why something was found: the words in its title, else what its long text
// says.
func (q *Request) explain(s *table.Scope, f *Finding, of Search) error {
	f.Marks = ledger.Marks(f.Row.Title(), of.Text)
	if !of.Texts || len(f.Marks) > 0 && f.About.ID.IsZero() {
		return nil
	}
	for _, c := range f.Table.Columns(s.View) {
		ref, ok := f.Table.Value(s, f.Row, c.Name).(ledger.TextRef)
		if c.Type != table.TypeLongText || !ok {
			continue
		}
		text, err := ledger.Text(q.Context(), s.View, ref)
		if err != nil {
			return err
		}
		e := ledger.ExcerptOf(richtext.Plain(text), of.Text, excerptSize)
		if len(e.Marks) > 0 || !f.About.ID.IsZero() && strings.TrimSpace(e.Text) != "" {
			f.Column, f.Excerpt = c, &e
			return nil
		}
	}
	return nil
}
