package tableweb

import (
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// overview is what differs between two moments in all lists.
type overview struct {
	*web.Request
	since, until web.Moment
	segment      []ui.Tab
	lines        []overviewLine
	fault        string
}

type overviewLine struct {
	label, href string
	found       *table.Comparison
}

// compareAll answers with what differs in the lists of the areas, for pages that have no
// comparison of their own.
func compareAll(areas []*Area) func(*web.Request) error {
	return func(q *web.Request) error {
		if at := q.Query("at"); at != "" && q.Query("until") == "" {
			return q.Redirect(ui.With(ui.With(q.R.URL.RequestURI(), "at", ""), "until", at))
		}
		o := &overview{Request: q}
		err := o.read(areas)
		if fault.Is(err, fault.Invalid) {
			o.fault, err = sentence(messages(err)), nil
		}
		if err != nil {
			return err
		}
		return q.Page(web.Page{Title: "Compare", Hints: []ui.Hint{{Keys: []string{"T"}, Does: "other moment"}}}, overviewPage(o))
	}
}

func (o *overview) read(areas []*Area) error {
	for _, a := range areas {
		c := &comparing{View: &View{Request: o.Request, Area: a}}
		err := c.read(o.Request, a)
		if o.segment == nil {
			o.since, o.until = c.since, c.until
			for _, t := range c.moments() {
				_, query, _ := strings.Cut(t.Href, "?")
				o.segment = append(o.segment, ui.Tab{Label: t.Label, Href: "/w/" + o.Workspace.Slug + "/compare?" + query, Current: t.Current})
			}
		}
		if err != nil {
			return err
		}
		if c.found.Len() > 0 {
			o.lines = append(o.lines, overviewLine{a.Table.Label(), c.with("since", c.since.Text), c.found})
		}
	}
	return nil
}
