package tableweb

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// comparing is a comparison of two moments in front of a reader.
type comparing struct {
	*View        // of the later moment, without a row
	since, until web.Moment
	then, now    table.Side
	query        table.Query
	found        *table.Comparison
	fields       []string // the columns that count; nil: all
	most         int      // how many entities of a part are shown
	fault        string   // what is wrong with the address; nothing is compared then
	names        func(ledger.ID) string
}

// How many entities each part of a comparison shows, at first and at most: each asks the
// journal. The file has all of them.
const (
	comparedAtFirst = 20
	comparedAtMost  = 500
)

// compare answers with what differs in a list between two moments.
func (a *Area) compare(q *web.Request) error {
	if at := q.Query("at"); at != "" && q.Query("until") == "" { // a link of a page of the past
		return q.Redirect(ui.With(ui.With(q.R.URL.RequestURI(), "at", ""), "until", at))
	}
	c, err := a.readComparison(q)
	if err != nil {
		return err
	}
	groups, err := c.groups()
	if err != nil {
		return err
	}
	page := web.Page{
		Title:   sentence(c.period()),
		Crumbs:  []ui.Link{{Label: a.Table.Label(), Href: c.list()}},
		Compare: c.address(nil),
		Hints:   []ui.Hint{{Keys: []string{"T"}, Does: "other moment"}, {Keys: []string{"Esc"}, Does: "back to the list"}},
	}
	if c.found != nil {
		page.Summary = ui.Count(c.found.Len(), a.Table.One()+" differs", strings.ToLower(a.Table.Label())+" differ")
	}
	return q.Page(page, comparePage(c, groups))
}

func (a *Area) readComparison(q *web.Request) (*comparing, error) {
	c := &comparing{most: comparedAtFirst}
	if q.Query("show") == "all" {
		c.most = comparedAtMost
	}
	if f := q.Query("fields"); f != "" {
		c.fields = strings.Split(f, ",")
	}
	err := c.read(q, a)
	if fault.Is(err, fault.Invalid) {
		c.fault, err = sentence(messages(err)), nil
	}
	return c, err
}

// read finds the moments and compares them. Without a moment to begin with it is that of
// the last visit, or a week ago for who is here for the first time.
func (c *comparing) read(q *web.Request, a *Area) (err error) {
	c.View = &View{Request: q, Scope: &table.Scope{View: q.Live(), Set: q.Kit.Tables, Today: q.Today()}, Area: a}
	since := q.Query("since")
	if since == "" {
		since = web.LastVisit
		if _, err := q.Moment(since); err != nil {
			since = weekAgo
		}
	}
	if c.since, err = q.Moment(since); err != nil {
		return err
	}
	if c.until, err = q.Moment(q.Query("until")); err != nil {
		return err
	}
	if c.then, err = q.SideAt(c.since); err != nil {
		return err
	}
	if c.now, err = q.SideAt(c.until); err != nil {
		return err
	}
	c.Scope = c.now.Scope
	c.names = q.Names()
	if c.query, err = table.ParseQuery(q.R.URL.Query()); err != nil {
		return err
	}
	columns, err := c.columns()
	if err != nil {
		return err
	}
	c.found, err = a.Table.Compare(q.Context(), c.then, c.now, c.query, columns)
	if err == nil && len(c.query.Sort) == 0 {
		c.mostMovedFirst()
	}
	return err
}

// weekAgo is a moment in addresses.
const weekAgo = "today-7d"

// columns are what is compared: what people write, and what the list shows.
func (c *comparing) columns() ([]table.Info, error) {
	all := comparable(c.Area, c.now.Scope)
	if c.fields == nil {
		return all, nil
	}
	var chosen []table.Info
	for _, name := range c.fields {
		i := slices.IndexFunc(all, func(x table.Info) bool { return x.Name == name })
		if i < 0 {
			return nil, fault.New(fault.Invalid, "there is no field %q to compare", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func comparable(a *Area, s *table.Scope) []table.Info {
	return slices.DeleteFunc(a.Table.Columns(s.View), func(x table.Info) bool {
		return x.Name == "key" || !x.Writable && !slices.Contains(a.Columns, x.Name)
	})
}

// mostMovedFirst puts what moved a date by most days first.
func (c *comparing) mostMovedFirst() {
	moved := map[ledger.ID]int{}
	for _, d := range c.found.Changed {
		for _, v := range c.found.Values(d) {
			if days, ok := c.drift(v); ok {
				moved[d.ID()] = max(moved[d.ID()], days, -days)
			}
		}
	}
	slices.SortStableFunc(c.found.Changed, func(a, b table.Difference) int { return -cmp.Compare(moved[a.ID()], moved[b.ID()]) })
}

// address returns the address of this comparison with some of its parameters changed.
func (c *comparing) address(change func(url.Values)) string {
	v := url.Values{}
	for _, name := range []string{"since", "until", "fields", "show", "filter", "q", "sort"} {
		if x := c.Query(name); x != "" {
			v.Set(name, x)
		}
	}
	if change != nil {
		change(v)
	}
	return pathWith("/w/"+c.Workspace.Slug+"/"+c.Area.Table.Name()+"/compare", v)
}

func pathWith(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

func (c *comparing) with(name, value string) string {
	return c.address(func(v url.Values) {
		v.Del(name)
		if value != "" {
			v.Set(name, value)
		}
	})
}

// kept are the parameters that a form of the page passes on.
func (c *comparing) kept(but ...string) []ui.Kept {
	var all []ui.Kept
	for _, name := range []string{"since", "until", "fields", "filter", "q", "sort"} {
		if v := c.Query(name); v != "" && !slices.Contains(but, name) {
			all = append(all, ui.Kept{Name: name, Value: v})
		}
	}
	return all
}

// list is the address of the list that is compared, at the later moment.
func (c *comparing) list() string {
	v := url.Values{}
	for _, name := range []string{"filter", "q", "sort"} {
		if x := c.Query(name); x != "" {
			v.Set(name, x)
		}
	}
	if !c.until.IsZero() {
		v.Set("at", c.until.Text)
	}
	return pathWith("/w/"+c.Workspace.Slug+"/"+c.Area.Table.Name(), v)
}

// marked is the address of the list with what differs marked in it.
func (c *comparing) marked() string { return ui.With(c.list(), "since", c.since.Text) }

// csv is the address of the comparison as a file.
func (c *comparing) csv() string {
	path, query, _ := strings.Cut(c.address(nil), "?")
	return path + ".csv?" + query
}

// period says between which moments.
func (c *comparing) period() string {
	switch {
	case c.fault != "":
		return "compare"
	case c.until.IsZero():
		return "since " + c.since.Short
	}
	return c.since.Short + " to " + c.until.Short
}

func (c *comparing) title() string {
	if c.until.IsZero() {
		return c.Area.Table.Label() + ", then and now"
	}
	return c.Area.Table.Label() + ", then and later"
}

// moments are what a comparison usually begins with.
func (c *comparing) moments() []ui.Tab {
	month, quarter := "start-of-month-1d", "start-of-quarter-1d"
	current := c.Query("since")
	if current == "" {
		current = c.since.Text
	}
	all := []ui.Tab{
		{Label: "Last visit", Href: c.with("since", web.LastVisit), Current: current == web.LastVisit},
		{Label: "A week ago", Href: c.with("since", weekAgo), Current: current == weekAgo},
		{Label: "This month", Href: c.with("since", month), Current: current == month},
		{Label: "This quarter", Href: c.with("since", quarter), Current: current == quarter},
	}
	return all
}

// other reports whether the comparison begins with a date of the reader's own.
func (c *comparing) other() bool {
	return !slices.ContainsFunc(c.moments(), func(t ui.Tab) bool { return t.Current })
}

// figures are what leads on: how many there are and what they sum up to.
func (c *comparing) figures() []figure {
	f := c.found
	all := []figure{{
		label: c.Area.Table.Label(), was: strconv.Itoa(f.Then), now: strconv.Itoa(f.Now),
		note: counts(len(f.Added), len(f.Removed), len(f.Changed)),
	}}
	for _, name := range c.Area.Columns {
		info, ok := c.Area.Table.Column(c.Scope.View, name)
		if !ok || info.Unit == "" || len(all) == 3 {
			continue
		}
		was, now := f.Totals(info)
		x := figure{label: info.Label, was: amount(was, info.Unit), now: amount(now, info.Unit)}
		if was > 0 {
			x.note = ui.Signed(math.Round((now/was-1)*100)) + "%"
		}
		all = append(all, x)
	}
	days, n := 0, 0
	for _, d := range f.Changed {
		for _, v := range f.Values(d) {
			if by, ok := c.drift(v); ok {
				days = max(days, by)
				n++
			}
		}
	}
	if n > 0 {
		x := figure{label: "Dates moved", now: strconv.Itoa(n), note: "none to a later day"}
		if days > 0 {
			x.note, x.late = "at most "+ui.Count(days, "day", "days")+" later", true
		}
		all = append(all, x)
	}
	return all
}

// figure is a number, then and now.
type figure struct {
	label, was, now, note string
	late                  bool
}

func amount(n float64, unit string) string {
	if unit == "pd" {
		return ui.Effort(n)
	}
	return ui.Number(n) + " " + unit
}

func counts(added, removed, changed int) string {
	return strconv.Itoa(added) + " added, " + strconv.Itoa(removed) + " removed, " + strconv.Itoa(changed) + " changed"
}

// diffGroup is one part of a comparison.
type diffGroup struct {
	title, icon, note string
	count             int
	rows              []diffRow
	more              int // how many are not shown
}

// diffRow is one entity that differs: a line, and one for each further field.
type diffRow struct {
	id         ledger.ID
	key, title string
	href       string
	class      string // "is-new", "is-gone"
	lines      []diffLine
}

// diffLine is one changed field of an entity, or that it is new or gone.
type diffLine struct {
	field    string
	was, now templ.Component // was nil: there is no other value to show
	drift    string          // of a day: "+4 d"
	late     bool
	why      reason
}

// reason is who did something, why and when, for the eyes.
type reason struct {
	who    ui.Person // its name "" if nobody is known for it
	system bool
	why    string
	href   string // of the proposal that it was a part of, if proposals have pages
	detail string // why the proposal was merged
	when   string
	exact  string
}

// groups are the parts of the comparison with what is shown of them.
func (c *comparing) groups() ([]diffGroup, error) {
	if c.found == nil {
		return nil, nil
	}
	var all []diffGroup
	for _, part := range []struct {
		title, icon string
		all         []table.Difference
	}{{"Added", "plus", c.found.Added}, {"Removed", "minus", c.found.Removed}, {"Changed", "git-compare-arrows", c.found.Changed}} {
		if len(part.all) == 0 {
			continue
		}
		g := diffGroup{title: part.title, icon: part.icon, count: len(part.all), more: max(0, len(part.all)-c.most)}
		if part.title == "Changed" && g.more > 0 && len(c.query.Sort) == 0 {
			g.note = "what moved a date most first"
		}
		for _, d := range part.all[:len(part.all)-g.more] {
			row, err := c.row(part.title, d)
			if err != nil {
				return nil, err
			}
			g.rows = append(g.rows, row)
		}
		all = append(all, g)
	}
	return all, nil
}

// row draws an entity that differs.
func (c *comparing) row(part string, d table.Difference) (diffRow, error) {
	why, err := c.found.Reasons(c.Context(), c.Kit.Ledger, c.Live(), d)
	if err != nil {
		return diffRow{}, err
	}
	r := d.Latest()
	row := diffRow{id: r.ID(), key: r.Key(), title: r.Title()}
	page := "/w/" + c.Workspace.Slug + "/" + c.Area.Table.Name() + "/" + ref(r)
	row.href = ui.With(ui.With(page, "since", c.since.Text), "at", c.until.Text)
	last := c.reason(why.Last)
	switch part {
	case "Added":
		row.class = "is-new"
	case "Removed":
		row.class = "is-gone"
	}
	switch {
	case d.Now.IsZero():
		row.href = ui.With(page, "at", c.since.Text)
		row.lines = []diffLine{{field: "deleted", now: c.gist(d.Then, c.then.Scope), why: last}}
	case d.Then.IsZero():
		row.lines = []diffLine{{field: "new", now: c.gist(d.Now, c.now.Scope), why: last}}
	default:
		row.lines = c.lines(d, c.found.Values(d), why)
		if len(row.lines) == 0 { // it is in the list, or out of it, by what others decide
			row.lines = []diffLine{{field: strings.ToLower(part), now: c.gist(r, c.now.Scope), why: last}}
		}
	}
	return row, nil
}

// lines draws changed values.
func (c *comparing) lines(d table.Difference, values []table.Changed, why table.Reasons) []diffLine {
	was := &View{Request: c.Request, Scope: c.then.Scope, Area: c.Area, Row: d.Then}
	now := &View{Request: c.Request, Scope: c.now.Scope, Area: c.Area, Row: d.Now}
	var all []diffLine
	for _, v := range values {
		l := diffLine{field: v.Column.Label, why: c.reason(why.Of(v.Column))}
		switch {
		case v.Column.Type == table.TypeLongText:
			l.now = textChange(now.Path("history"))
		case v.Column.Type == table.TypeFlag:
			l.was, l.now = ui.Text(yesNo(v.Was)), ui.Text(yesNo(v.Now))
		default:
			l.was, l.now = was.cell(v.Column), now.cell(v.Column)
		}
		if days, ok := c.drift(v); ok {
			l.drift, l.late = ui.Signed(float64(days))+" d", days > 0
		}
		all = append(all, l)
	}
	return all
}

// drift is by how many days a changed value is later, if it says days.
func (c *comparing) drift(v table.Changed) (days int, ok bool) {
	was, now := c.day(c.then.Scope, v.Column, v.Was), c.day(c.now.Scope, v.Column, v.Now)
	if was == "" || now == "" || was == now {
		return 0, false
	}
	return now.Sub(was), true
}

// day is the day that a value says: its own, or that of the release or whatever else with
// a date it leads to.
func (c *comparing) day(s *table.Scope, of table.Info, shown string) calendar.Day {
	if of.Type == table.TypeDay {
		return calendar.Day(shown)
	}
	to, ok := c.Kit.Tables.Of(of.Kind)
	if !ok || of.Type != table.TypeLink || shown == "" {
		return ""
	}
	if date, ok := to.Column(s.View, "date"); !ok || date.Type != table.TypeDay {
		return ""
	}
	id, err := s.Find(of.Kind, shown)
	if err != nil {
		return ""
	}
	r, _ := to.Row(s.View, id)
	return calendar.Day(to.Show(s, r, "date"))
}

func yesNo(shown string) string {
	if shown == "" {
		return "no"
	}
	return shown
}

// gist is what is worth to know of something that is new or gone: the last values that
// its list shows.
func (c *comparing) gist(r table.Row, s *table.Scope) templ.Component {
	v := &View{Request: c.Request, Scope: s, Area: c.Area, Row: r}
	var parts []string
	for _, name := range c.Area.Columns {
		info, ok := c.Area.Table.Column(s.View, name)
		if !ok || name == "key" || info.Numeric() && info.Type != table.TypeDay {
			continue
		}
		text := c.Area.Table.Show(s, r, name)
		if info.Type == table.TypeDay {
			text = v.Words().Day(calendar.Day(text))
		}
		if text != "" && text != r.Title() && info.Type != table.TypeObject && info.Type != table.TypeFlag {
			parts = append(parts, text)
		}
	}
	return ui.Text(strings.Join(parts[max(0, len(parts)-3):], ", "))
}

// reason puts into words who did something, and why.
func (c *comparing) reason(r table.Reason) reason {
	if r.IsZero() {
		return reason{}
	}
	at := r.At.Go()
	x := reason{
		who:  ui.Person{ID: r.Actor.String(), Name: c.names(r.Actor)},
		when: c.Words().Day(calendar.DayOf(at.In(c.Workspace.Zone()))), exact: c.Words().Moment(at),
	}
	if r.Actor == ledger.System.ID {
		x.system, x.who.Name = true, "Throughline"
	}
	switch {
	case !r.Merges.IsZero():
		x.why = "a private proposal"
		if p, ok := ledger.Proposals.Get(c.Live(), r.Merges); ok {
			x.why, x.detail = p.Key, cmp.Or(p.Reason, p.Reason, p.Title)
			x.href = c.place(table.Target{Kind: ledger.Proposals.Name(), ID: p.ID, Key: p.Key, Title: p.Title})
		}
	case r.Undoes != 0:
		x.why = "taken back"
	case r.Verb != "edit" && r.Verb != "create" && r.Verb != "delete":
		x.why = r.Verb
	}
	if !r.Via.IsZero() {
		x.detail = strings.TrimSpace(x.detail + " by " + c.names(r.Via))
	}
	return x
}

// compareCSV answers with all that differs as a file: a line for each changed field.
func (a *Area) compareCSV(q *web.Request) error {
	c, err := a.readComparison(q)
	if err != nil {
		return err
	}
	if c.fault != "" {
		return fault.New(fault.Invalid, "%s", c.fault)
	}
	h := q.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+a.Table.Name()+`-compared.csv"`)
	q.W.WriteHeader(http.StatusOK)
	return exchange.ExportLines(q.W, c.fileLines)
}

// fileLines yields the comparison as lines of a file.
func (c *comparing) fileLines(yield func([]string, error) bool) {
	if !yield([]string{"Difference", "Key", "Title", "Field", "Then", "Now", "Who", "Why", "When"}, nil) {
		return
	}
	line := func(part string, r table.Row, v table.Changed, why table.Reason) bool {
		x, when := c.reason(why), ""
		if !why.IsZero() {
			when = why.At.Go().In(c.Workspace.Zone()).Format("2006-01-02 15:04")
		}
		return yield([]string{part, r.Key(), r.Title(), v.Column.Label, v.Was, v.Now, x.who.Name, strings.TrimSpace(x.why + " " + x.detail), when}, nil)
	}
	for _, part := range []struct {
		name string
		all  []table.Difference
	}{{"added", c.found.Added}, {"removed", c.found.Removed}, {"changed", c.found.Changed}} {
		for _, d := range part.all {
			why, err := c.found.Reasons(c.Context(), c.Kit.Ledger, c.Live(), d)
			if err != nil {
				yield(nil, err)
				return
			}
			values := c.found.Values(d)
			if len(values) == 0 && !line(part.name, d.Latest(), table.Changed{}, why.Last) {
				return
			}
			for _, v := range values {
				if !line(part.name, d.Latest(), v, why.Of(v.Column)) {
					return
				}
			}
		}
	}
}
