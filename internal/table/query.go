package table

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Query is which entities a list has, in which order, and what it shows of them. Its
// text form is the query string of an address, which is also how a view is saved:
//
//	filter=status in (Building, Verifying)&sort=-score,title&group=release&columns=title:320,owner&q=sync
//	layout=board&board=status&limits=Building:8,Verifying:3
type Query struct {
	Filter  Filter
	Text    string         // words to be found in titles, keys and short fields
	Sort    []Sort         // the first decides; equal entities stand in canonical order
	Group   string         // a column whose values make sections; "": none
	Columns []string       // what is shown, in order; nil: the table's own choice
	Widths  map[string]int // in pixels, of columns that somebody made wider or narrower
	Folded  []string       // the sections of which only the head is shown, by what it says
	Layout  string         // "" for a list, Board, Matrix
	Board   string         // the column whose values are the columns of the board
	Limits  []Limit        // how many may stand in a column of the board
	X, Y    string         // what a matrix measures across and up; "": the page's own choice
}

// The layouts besides the list: cards in columns, and marks between two numbers.
const (
	Board  = "board"
	Matrix = "matrix"
)

// Limit is how many cards may stand in a column of a board before it is overfull.
type Limit struct {
	Value string // of the column, as it is shown
	Most  int
}

// The widths that a column can have, in pixels.
const (
	minWidth = 40
	maxWidth = 2000
)

// Sort is a column by which a list is sorted.
type Sort struct {
	Column string
	Desc   bool
}

// String returns the form that ParseQuery reads: "-score".
func (s Sort) String() string {
	if s.Desc {
		return "-" + s.Column
	}
	return s.Column
}

// queryKeys are the parameters that belong to a query.
var queryKeys = []string{"filter", "q", "sort", "group", "columns", "fold", "layout", "board", "limits", "x", "y"}

// ParseQuery reads the parameters of a query and leaves others alone. Every faulty
// parameter is reported.
func ParseQuery(v url.Values) (Query, error) {
	var q Query
	var f fault.Fields
	for _, key := range queryKeys {
		if len(v[key]) > 1 {
			f.Add(key, "stands twice; give it once")
		}
	}
	var err error
	if q.Filter, err = ParseFilter(v.Get("filter")); err != nil {
		f.Add("filter", "%s", fieldMessage(err))
	}
	if q.Text = strings.TrimSpace(v.Get("q")); len(q.Text) > 200 {
		f.Add("q", "is longer than 200 characters")
	}
	for _, c := range split(v.Get("sort")) {
		column, desc := strings.CutPrefix(c, "-")
		q.Sort = append(q.Sort, Sort{column, desc})
	}
	if len(q.Sort) > 8 {
		f.Add("sort", "has more than 8 columns")
	}
	q.Group = v.Get("group")
	q.parseColumns(v.Get("columns"), &f)
	q.Folded = splitWords(v.Get("fold"))
	if q.Layout = v.Get("layout"); q.Layout == "list" {
		q.Layout = ""
	}
	if q.Layout != "" && q.Layout != Board && q.Layout != Matrix {
		f.Add("layout", "must be list, board or matrix")
	}
	q.Board = strings.ToLower(strings.TrimSpace(v.Get("board")))
	q.X, q.Y = strings.ToLower(strings.TrimSpace(v.Get("x"))), strings.ToLower(strings.TrimSpace(v.Get("y")))
	for _, text := range splitWords(v.Get("limits")) {
		i := strings.LastIndexByte(text, ':')
		n, err := strconv.Atoi(text[i+1:])
		if i < 0 || err != nil || n < 1 || n > 10_000 {
			f.Add("limits", "%q is no limit; write Building:8", text)
			continue
		}
		q.Limits = append(q.Limits, Limit{text[:i], n})
	}
	return q, f.Err()
}

func (q *Query) parseColumns(text string, f *fault.Fields) {
	for _, c := range split(text) {
		name, width, sized := strings.Cut(c, ":")
		if slices.Contains(q.Columns, name) {
			continue
		}
		q.Columns = append(q.Columns, name)
		if !sized {
			continue
		}
		n, err := strconv.Atoi(width)
		if err != nil || n < minWidth || n > maxWidth {
			f.Add("columns", "the width of %s must be a number from %d to %d", name, minWidth, maxWidth)
			continue
		}
		if q.Widths == nil {
			q.Widths = map[string]int{}
		}
		q.Widths[name] = n
	}
}

// splitWords reads texts between commas; a comma in a text has a backslash before it.
func splitWords(s string) []string {
	var all []string
	var b strings.Builder
	end := func() {
		if t := strings.TrimSpace(b.String()); t != "" && !slices.Contains(all, t) {
			all = append(all, t)
		}
		b.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ',':
			end()
			continue
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	end()
	return all
}

func joinWords(all []string) string {
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(t)
	}
	return strings.Join(out, ",")
}

func fieldMessage(err error) string {
	if fe, ok := err.(*fault.Error); ok && len(fe.Fields) > 0 {
		return fe.Fields[0].Message
	}
	return err.Error()
}

func split(s string) []string {
	var all []string
	for c := range strings.SplitSeq(s, ",") {
		if c = strings.ToLower(strings.TrimSpace(c)); c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// Values returns the query's parameters.
func (q Query) Values() url.Values {
	v := url.Values{}
	if q.Filter != nil {
		v.Set("filter", q.Filter.String())
	}
	if q.Text != "" {
		v.Set("q", q.Text)
	}
	if len(q.Sort) > 0 {
		all := make([]string, len(q.Sort))
		for i, s := range q.Sort {
			all[i] = s.String()
		}
		v.Set("sort", strings.Join(all, ","))
	}
	if q.Group != "" {
		v.Set("group", q.Group)
	}
	if len(q.Columns) > 0 {
		all := make([]string, len(q.Columns))
		for i, c := range q.Columns {
			all[i] = c
			if w := q.Widths[c]; w != 0 {
				all[i] += ":" + strconv.Itoa(w)
			}
		}
		v.Set("columns", strings.Join(all, ","))
	}
	if len(q.Folded) > 0 {
		v.Set("fold", joinWords(q.Folded))
	}
	if q.Layout != "" {
		v.Set("layout", q.Layout)
	}
	if q.Board != "" {
		v.Set("board", q.Board)
	}
	if q.X != "" {
		v.Set("x", q.X)
	}
	if q.Y != "" {
		v.Set("y", q.Y)
	}
	if len(q.Limits) > 0 {
		all := make([]string, len(q.Limits))
		for i, l := range q.Limits {
			all[i] = l.Value + ":" + strconv.Itoa(l.Most)
		}
		v.Set("limits", joinWords(all))
	}
	return v
}

// Limit returns how many cards may stand in a column of the board, 0 for any number.
func (q Query) Limit(value string) int {
	for _, l := range q.Limits {
		if l.Value == value {
			return l.Most
		}
	}
	return 0
}

// mentions reports whether the query's filter compares the named column.
func (q Query) mentions(column string) (found bool) {
	if q.Filter != nil {
		q.Filter.eachCondition(func(c *Condition) { found = found || c.Column == column })
	}
	return found
}

// key names a query for a memo: equal texts mean equal lists.
func (q Query) key(s *Scope) string {
	shown := Query{Filter: q.Filter, Text: q.Text, Sort: q.Sort, Group: q.Group}
	return fmt.Sprintf("%s|%s|%s|%d|%s", shown.Values().Encode(), s.Today, s.zone(), s.Week, s.Me)
}
