package table

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Query is which entities a list has, in which order, and what it shows of them. Its
// text form is the query string of an address, which is also how a view is saved:
//
//	filter=status in (Building, Verifying)&sort=-score,title&group=release&columns=title,owner&q=sync
type Query struct {
	Filter  Filter
	Text    string   // words to be found in titles, keys and short fields
	Sort    []Sort   // the first decides; equal entities stand in canonical order
	Group   string   // a column whose values make sections; "": none
	Columns []string // what is shown, in order; nil: the table's own choice
}

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
var queryKeys = []string{"filter", "q", "sort", "group", "columns"}

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
	q.Columns = split(v.Get("columns"))
	return q, f.Err()
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
		v.Set("columns", strings.Join(q.Columns, ","))
	}
	return v
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
	shown := q
	shown.Columns = nil
	return fmt.Sprintf("%s|%s|%s|%d|%s", shown.Values().Encode(), s.Today, s.zone(), s.Week, s.Me)
}
