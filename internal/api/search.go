package api

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// found is the outcome of a search.
type found struct {
	Items     []hit          `json:"items" nullable:"false" doc:"the best first"`
	Total     int            `json:"total" doc:"all that was found of the kinds and the product that were named"`
	More      bool           `json:"more,omitzero" doc:"there are more than were counted"`
	Counts    map[string]int `json:"counts" nullable:"false" doc:"how many were found of each resource, those that were not named too"`
	Corrected bool           `json:"corrected,omitzero" doc:"nothing held the words as typed; these hold similar ones"`
	Untold    bool           `json:"texts_left_out,omitzero" doc:"long texts were asked for and not searched: the past and proposals have no index of them"`
}

// hit is an entity that was found, with why.
type hit struct {
	table.Target
	Marks    []mark        `json:"marks,omitzero" nullable:"false" doc:"where the words stand in the title"`
	Archived bool          `json:"archived,omitzero" doc:"it is in the archive"`
	About    *table.Target `json:"about,omitzero" doc:"what it is said about, of a comment"`
	Excerpt  *excerpt      `json:"excerpt,omitzero" doc:"what its long text says, if the words stand there"`
}

// excerpt is a part of a long text.
type excerpt struct {
	Column string `json:"column" doc:"the column that holds the text"`
	Text   string `json:"text" doc:"a part of it, on one line and without markup"`
	Marks  []mark `json:"marks" nullable:"false" doc:"where the words stand in text"`
	Before bool   `json:"before,omitzero" doc:"the text begins before that"`
	After  bool   `json:"after,omitzero" doc:"the text goes on after that"`
}

// mark is a part of a text. It counts characters, since languages differ in what a text is made of.
type mark struct {
	From int `json:"from" doc:"the first character (code point), counted from 0"`
	To   int `json:"to" doc:"the character after the last"`
}

func (a *API) search() []operation {
	return []operation{{
		Operation: huma.Operation{
			OperationID: "search", Method: http.MethodGet, Path: prefix + "/{workspace}/search", Tags: []string{"Search"},
			Summary: "Find entities of any kind",
			Description: "Finds by the words in titles, keys and short fields, then, if asked for, in long texts; each word of q begins a word there. " +
				"If nothing is found, words with a typing error are.",
			Parameters: parameters(workspaceParameter, limitParameter, atParameter, inParameter,
				query("q", "the words to be found; a number alone finds keys"),
				query("kinds", "the resources to search, with commas between them: features,objectives; all if nothing is said"),
				query("product", "only what belongs to this product: its identifier, prefix or name"),
				query("texts", "yes: search long texts too, and say where the words stand in them")),
			Responses: answers(200, "What was found", schemaOf[found](a)),
		},
		who: web.Member, handle: lookUp,
	}}
}

// lookUp answers what a search finds in the moment that is read.
func lookUp(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	s := web.Search{Text: strings.TrimSpace(c.Query("q")), Limit: c.limit(&f), Texts: c.Query("texts") == "yes"}
	if s.Text == "" || len(s.Text) > 200 {
		f.Add("q", "write 1 to 200 characters to be found")
	}
	for name := range strings.SplitSeq(c.Query("kinds"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		t, ok := scope.Set.Named(name)
		if !ok {
			f.Add("kinds", "%q is no resource", name)
			continue
		}
		s.Kinds = append(s.Kinds, t.Kind())
	}
	if text := c.Query("product"); text != "" {
		if s.Product, err = scope.Find("product", text); err != nil {
			f.Add("product", "%v", err)
		}
	}
	if t := c.Query("texts"); t != "" && t != "yes" && t != "no" {
		f.Add("texts", "must be yes or no")
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	result, err := c.Search(s)
	if err != nil {
		return answer{}, err
	}
	out := found{
		Items: make([]hit, 0, len(result.All)), Total: result.Total, More: result.More,
		Counts: map[string]int{}, Corrected: result.Corrected, Untold: result.Untold,
	}
	for _, x := range result.All {
		out.Items = append(out.Items, hitOf(scope, x))
	}
	for kind, n := range result.Counts {
		if t, ok := scope.Set.Of(kind); ok {
			out.Counts[t.Name()] = n
		}
	}
	return encoded(out)
}

func hitOf(scope *table.Scope, f web.Finding) hit {
	h := hit{
		Target: table.Target{ID: f.Row.ID(), Kind: f.Table.Kind(), Key: f.Row.Key(), Title: f.Row.Title()},
		Marks:  marksIn(f.Row.Title(), f.Marks), Archived: f.Archived(scope),
	}
	if !f.About.ID.IsZero() {
		h.About = &f.About
	}
	if e := f.Excerpt; e != nil {
		h.Excerpt = &excerpt{Column: f.Column.Name, Text: e.Text, Marks: marksIn(e.Text, e.Marks), Before: e.Before, After: e.After}
	}
	return h
}

// marksIn counts marks of a text in characters.
func marksIn(text string, marks []ledger.Mark) []mark {
	all := make([]mark, 0, len(marks))
	for _, m := range marks {
		from := utf8.RuneCountInString(text[:m.From])
		all = append(all, mark{from, from + utf8.RuneCountInString(text[m.From:m.To])})
	}
	return all
}
