package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Request is what is to be imported, and how.
type Request struct {
	File   File
	Format Format // empty: found out
	// Kind is what the rows become. If it is empty the mapping says it, or each row does
	// in its column "kind", as in files that Export writes.
	Kind    string
	Mapping *Mapping // nil: that of a known tool, or a guess
	// Set gives fields of every row a value, on top of the mapping: {"product": "FB"}.
	Set         map[string]string
	History     *File    // dated changes of fields; may be nil
	SkipBadRows bool     // import the rows without problems
	Repairs     []Repair // of single rows
	Now         time.Time
}

// Planned is an import that is ready to run.
type Planned struct {
	Report
	request Request
	scope   *table.Scope
	items   []*item
	find    func(kind, what string) (ledger.ID, error)
	later   bool // rows that need the custom fields which this import makes wait for a second step
}

// item is one entity that a file tells of, or refers to.
type item struct {
	table    table.Any
	at       Problem // its place
	key      string  // that it has in the other tool
	name     string
	id       ledger.ID // until the import runs, of a new one only a stand-in
	row      table.Row // as it stands in the workspace
	existing bool
	made     bool // only referred to
	derived  bool // from a row that is a problem itself if this is one
	bad      bool
	in       table.Input       // what is written
	from     map[string]string // the column of the file that each field comes from
	raw      map[string]string // the value in the file
	born     time.Time         // zero: now
	steps    []step
	aliases  []string            // other keys by which rows of the file refer to it
	links    map[string][]string // of features: the other ends of dependencies
	mentions []mention
	changed  bool
}

// step is what happened to an item at one moment.
type step struct {
	at     time.Time
	in     table.Input
	by     ledger.ID
	places map[string]Problem // where the file says it, by field
}

// mention is a reference to another item.
type mention struct {
	field string
	to    *item
	at    time.Time // zero: as of now
}

// The most that is planned at once. A larger file is cut by its owner.
const (
	maxRows  = 200_000
	maxBytes = 256 << 20
)

// whole are the kinds that are set-up rather than story: all that is said of them holds
// from the moment they exist.
var whole = map[string]bool{
	"workspace": true, "product": true, "membership": true, "status": true, "custom_field": true, "formula": true, "dependency": true, "view": true,
	"template": true,
}

// identity names the column that tells one entity of a kind from another, where there is
// one besides the external key.
var identity = map[string]string{
	"person": "email", "team": "name", "product": "prefix", "status": "name", "custom_field": "name", "formula": "name", "release": "name", "view": "title", "template": "title",
}

// planner turns rows into items.
type planner struct {
	Planned
	ctx       context.Context
	lookup    *table.Scope // resolves through find
	columns   []string
	format    Format
	get       func(row Row, column string) ([]string, bool)
	rows      []Row
	byKey     map[string]map[string]*item
	byName    map[string]map[string][]*item
	byAlias   map[[2]string]*item
	known     map[[2]string]ledger.ID // found in the workspace
	byID      map[ledger.ID]*item
	bound     map[string][]binding
	pairs     map[pair]bool
	current   *item // whose references are resolved
	field     string
	when      time.Time
	history   map[*item][]event
	mapped    map[[3]string]int
	lastPlace float64 // of the statuses; 0: not looked up
	product   *string // the only one; nil: not looked up
}

// Plan reads a file and tells what importing it would do. Nothing is written.
//
// Errors: fault.Invalid for a file or a mapping that cannot be read at all. Whatever is
// wrong with columns and rows stands in the report.
func Plan(ctx context.Context, s *table.Scope, r Request) (*Planned, error) {
	p := &planner{
		Planned: Planned{request: r, scope: s}, ctx: ctx,
		byKey: map[string]map[string]*item{}, byName: map[string]map[string][]*item{},
		byAlias: map[[2]string]*item{}, known: map[[2]string]ledger.ID{}, byID: map[ledger.ID]*item{}, bound: map[string][]binding{}, pairs: map[pair]bool{},
		history: map[*item][]event{}, mapped: map[[3]string]int{},
	}
	lookup := *s
	p.find = p.findItem
	lookup.Lookup = p.find
	p.lookup = &lookup
	if err := p.read(); err != nil {
		return nil, err
	}
	if err := p.bind(); err != nil {
		return nil, err
	}
	for _, row := range p.rows {
		p.place(row)
	}
	p.rows = nil
	if err := p.readHistory(); err != nil {
		return nil, err
	}
	for i := 0; i < len(p.items); i++ { // grows while missing ones are made
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.resolve(p.items[i])
	}
	p.dependencies()
	p.circles()
	p.exclude()
	p.settle()
	p.tally()
	return &p.Planned, nil
}

// read takes the rows into memory.
func (p *planner) read() error {
	f, err := p.request.File.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	rd, err := Read(f, p.request.Format)
	if err != nil {
		return err
	}
	size := 0
	for row, err := range rd.Rows() {
		if err != nil {
			return err
		}
		for _, values := range row.Cells {
			for _, v := range values {
				size += len(v)
			}
		}
		if len(p.rows) == maxRows || size > maxBytes {
			return fault.New(fault.TooLarge, "the file has more than %d rows or %d MB of text; cut it into several", maxRows, maxBytes>>20)
		}
		p.rows = append(p.rows, row)
	}
	if len(p.rows) == 0 {
		p.note("the file has no rows")
	}
	p.columns, p.format, p.get, p.Rows = rd.Columns(), rd.format, rd.Get, len(p.rows)
	return nil
}

// place makes an item of a row.
func (p *planner) place(row Row) {
	it := &item{at: Problem{File: p.request.File.Name, Row: row.Number, Line: row.Line}, in: table.Input{}, from: map[string]string{}, raw: map[string]string{}}
	kind := p.kindOf(row)
	t, ok := p.table(kind)
	for _, problem := range row.Problems {
		problem.File = p.request.File.Name
		p.add(problem)
		it.bad = true
	}
	if !ok {
		if !it.bad {
			p.blame(it, fieldKind, kind, fmt.Sprintf("%q is no kind of entity", kind), "name one of "+strings.Join(p.kinds(), ", "))
		}
		p.count(kind, func(c *Count) { c.Skipped++ })
		return
	}
	it.table = t
	p.fill(it, row)
	p.register(it)
}

// register finds out which entity an item is and refuses a second row about it.
func (p *planner) register(it *item) {
	kind := it.table.Kind()
	p.items = append(p.items, it)
	if it.key == "" && identity[kind] == "" && kind != "workspace" && kind != "dependency" && kind != "membership" {
		p.note("rows without a key of their own are made anew each time they are imported; map a column to external_key to avoid that")
	}
	if it.key != "" {
		if first := p.byKey[kind][it.key]; first != nil {
			p.blame(it, "external_key", it.key, fmt.Sprintf("the key stands already in row %d", first.at.Row), "give each row a key of its own, or remove one of the two")
			return
		}
		if p.byKey[kind] == nil {
			p.byKey[kind] = map[string]*item{}
		}
		p.byKey[kind][it.key] = it
	}
	for _, alias := range it.aliases {
		if at := [2]string{kind, alias}; p.byAlias[at] == nil {
			p.byAlias[at] = it
		}
	}
	own := strings.ToLower(text(it.in[identity[kind]]))
	if own != "" {
		for _, other := range p.byName[kind][own] {
			if !other.bad && strings.EqualFold(text(other.in[identity[kind]]), own) {
				p.blame(it, identity[kind], own, fmt.Sprintf("it stands already in row %d", other.at.Row), "remove one of the two rows")
				return
			}
		}
	}
	for _, name := range []string{strings.ToLower(it.name), own} {
		if name == "" || slices.Contains(p.byName[kind][name], it) {
			continue
		}
		if p.byName[kind] == nil {
			p.byName[kind] = map[string][]*item{}
		}
		p.byName[kind][name] = append(p.byName[kind][name], it)
	}
	if row, ok := p.standing(it, own); ok {
		it.existing, it.row, it.id = true, row, row.ID()
		if other := p.byID[it.id]; other != nil && !other.bad {
			p.blame(it, "external_key", it.key, fmt.Sprintf("it is the same as row %d", other.at.Row), "remove one of the two rows")
			return
		}
	} else {
		it.id = ledger.KeyOf(fmt.Sprintf("%s/%d", kind, len(p.items)))
	}
	p.byID[it.id] = it
}

// standing returns the entity of the workspace that an item is about.
func (p *planner) standing(it *item, own string) (table.Row, bool) {
	kind, v := it.table.Kind(), p.scope.View
	if kind == "workspace" {
		for row := range it.table.Rows(v) {
			return row, true
		}
		return table.Row{}, false
	}
	if it.key != "" {
		if id, err := ledger.ParseID(it.key); err == nil {
			if row, ok := it.table.Row(v, id); ok {
				delete(it.in, "external_key")
				return row, true
			}
		}
		for _, id := range it.table.Named(v, it.key) {
			row, ok := it.table.Row(v, id)
			switch {
			case !ok:
			case text(it.table.Value(p.scope, row, "external_key")) == it.key:
				return row, true
			case row.Key() != "" && strings.EqualFold(row.Key(), it.key):
				delete(it.in, "external_key")
				return row, true
			}
		}
	}
	if own == "" {
		return table.Row{}, false
	}
	for _, id := range it.table.Named(v, own) {
		row, ok := it.table.Row(v, id)
		if !ok || !strings.EqualFold(text(it.table.Value(p.scope, row, identity[kind])), own) {
			continue
		}
		if other := text(it.table.Value(p.scope, row, "external_key")); other == "" || it.key == "" {
			return row, true
		}
	}
	return table.Row{}, false
}

// text returns a value as a text, "" for anything else.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// find is how a text in a file is resolved: to what the file brings, to what stands in
// the workspace, or to what the mapping lets the import make.
func (p *planner) findItem(kind, what string) (ledger.ID, error) {
	what = strings.TrimSpace(what)
	t, ok := p.scope.Set.Of(kind)
	if !ok {
		return ledger.ID{}, fault.New(fault.Invalid, "a %s cannot be imported", kind)
	}
	if it := p.byKey[kind][what]; it != nil {
		return p.mention(it), nil
	}
	if it := p.byAlias[[2]string{kind, what}]; it != nil {
		return p.mention(it), nil
	}
	if id, ok := p.known[[2]string{kind, what}]; ok {
		return id, nil
	}
	if id, err := ledger.ParseID(what); err == nil {
		if it := p.byID[id]; it != nil {
			return p.mention(it), nil
		}
		if _, ok := t.Row(p.scope.View, id); ok {
			p.known[[2]string{kind, what}] = id
			return id, nil
		}
	}
	found := t.Named(p.scope.View, what)
	if bare, ok := strings.CutPrefix(what, "@"); ok && kind == "person" && len(found) == 0 {
		found = t.Named(p.scope.View, bare) // a handle
	}
	if len(found) == 1 {
		if it := p.byID[found[0]]; it != nil {
			return p.mention(it), nil
		}
		p.known[[2]string{kind, what}] = found[0]
		return found[0], nil
	}
	named := p.byName[kind][strings.ToLower(what)]
	switch {
	case len(named) == 1 && len(found) == 0:
		return p.mention(named[0]), nil
	case len(named)+len(found) > 0:
		return ledger.ID{}, fault.New(fault.Invalid, "%d %s are called %q", len(named)+len(found), t.Name(), what)
	}
	if it := p.make(t, what); it != nil {
		return p.mention(it), nil
	}
	return ledger.ID{}, fault.New(fault.Invalid, "there is no %s %q", t.One(), what)
}

// mention notes that the item at hand refers to another.
func (p *planner) mention(to *item) ledger.ID {
	if p.current != nil {
		p.current.mentions = append(p.current.mentions, mention{p.field, to, p.when})
	}
	return to.id
}

// make adds an item for what a row refers to, if the mapping says so; else it is nil.
func (p *planner) make(t table.Any, name string) *item {
	if p.Mapping == nil || !slices.Contains(p.Mapping.Create, t.Kind()) || name == "" {
		return nil
	}
	it := &item{table: t, made: true, name: name, in: table.Input{}}
	if p.current != nil {
		it.at = p.current.at
	}
	if _, ok := t.Column(p.scope.View, "external_key"); ok {
		it.in["external_key"] = name // so that it is found again when people give it another name
	}
	title := "title"
	if _, ok := t.Column(p.scope.View, "name"); ok {
		title = "name"
	}
	it.in[title] = name
	switch t.Kind() {
	case "person":
		it.in["name"] = strings.TrimPrefix(name, "@")
		if local, _, ok := strings.Cut(name, "@"); ok && local != "" {
			it.in["name"], it.in["email"] = local, name
		}
	case "status":
		it.in["stage"], it.in["place"] = string(stageNamed(name)), p.nextPlace()
	}
	p.fillProduct(it)
	it.id = ledger.KeyOf(fmt.Sprintf("%s/%d", t.Kind(), len(p.items)+1))
	p.items = append(p.items, it)
	p.byID[it.id] = it
	for _, names := range []string{strings.ToLower(name), strings.ToLower(text(it.in["name"]))} {
		if p.byName[t.Kind()] == nil {
			p.byName[t.Kind()] = map[string][]*item{}
		}
		if names != "" && !slices.Contains(p.byName[t.Kind()][names], it) {
			p.byName[t.Kind()][names] = append(p.byName[t.Kind()][names], it)
		}
	}
	return it
}

// nextPlace returns the place of a new status, behind those that stand there.
func (p *planner) nextPlace() float64 {
	if p.lastPlace == 0 {
		for s := range backlog.Statuses.All(p.scope.View) {
			p.lastPlace = max(p.lastPlace, s.Place)
		}
	}
	p.lastPlace++
	return p.lastPlace
}

// stageWords tell what a status of another tool means, by a part of its name.
var stageWords = []struct {
	stage backlog.Stage
	words []string
}{
	{backlog.StageDropped, []string{"cancel", "reject", "withdrawn", "declin", "duplicate", "won't", "wont", "removed", "replaced", "superseded", "deferred", "dropped", "abandon"}},
	{backlog.StageVerifying, []string{"review", "test", "qa", "verif", "staging"}},
	{backlog.StageRollout, []string{"rollout", "rolling", "deploy", "releasing"}},
	{backlog.StageProven, []string{"proven", "validated"}},
	{backlog.StageSpecified, []string{"to do", "todo", "ready", "planned", "selected", "specified", "approved", "accepted", "unstarted", "implementable"}},
	{backlog.StageBuilding, []string{"progress", "doing", "building", "started", "develop", "active", "blocked"}},
	{backlog.StageLive, []string{"done", "closed", "complete", "released", "shipped", "resolved", "live", "finished", "implemented", "merged"}},
	{backlog.StageDiscovery, []string{"discover", "research", "refine", "triage", "design", "provisional"}},
}

func stageNamed(name string) backlog.Stage {
	name = strings.ToLower(name)
	for _, s := range stageWords {
		for _, w := range s.words {
			if strings.Contains(name, w) {
				return s.stage
			}
		}
	}
	return backlog.StageIdea
}

// resolve checks the values of an item, which resolves its references.
func (p *planner) resolve(it *item) {
	p.current, p.when = it, time.Time{}
	defer func() { p.current = nil }()
	it.in = p.checked(it, it.in, nil)
	p.required(it)
	for i := range it.steps {
		p.when = it.steps[i].at
		it.steps[i].in = p.checked(it, it.steps[i].in, it.steps[i].places)
	}
	if it.table.Kind() == "membership" && !it.bad {
		p.sameMembership(it)
	}
	p.rules(it)
	if it.existing && !it.bad {
		changed, err := it.table.Differs(p.lookup, it.row, it.in)
		if err != nil {
			p.fault(it, err, nil)
			return
		}
		for name := range it.in {
			if !slices.Contains(changed, name) {
				delete(it.in, name)
			}
		}
		it.changed = len(changed) > 0
	}
}

// rules asks the rules of the kind about the item as it will be in the end. What the file
// itself brings is not in the view yet; how that fits together is looked at elsewhere.
func (p *planner) rules(it *item) {
	if it.bad || it.table.Kind() == "dependency" {
		return
	}
	final := table.Input{}
	for _, st := range it.steps {
		maps.Copy(final, st.in)
	}
	maps.Copy(final, it.in)
	p.current = nil
	faults, err := it.table.Faults(p.lookup, it.row, final)
	if err != nil {
		p.fault(it, err, nil)
		return
	}
	for _, f := range faults {
		info, _ := it.table.Column(p.scope.View, f.Name)
		p.blame(it, f.Name, it.raw[f.Name], f.Message, remedyFor(info))
	}
}

// sameMembership finds out whether somebody has the role already: it has no name.
func (p *planner) sameMembership(it *item) {
	for row := range it.table.Rows(p.scope.View) {
		if changed, err := it.table.Differs(p.lookup, row, it.in); err == nil && len(changed) == 0 {
			it.existing, it.row, it.id = true, row, row.ID()
			return
		}
	}
}

// checked returns the values without those that are wrong. A wrong value makes its row a
// bad one; a wrong dated change, which has a place of its own, is just left out.
func (p *planner) checked(it *item, in table.Input, places map[string]Problem) table.Input {
	good := table.Input{}
	for name, value := range in {
		p.field = name
		if err := it.table.Check(p.lookup, table.Input{name: value}); err != nil {
			p.fault(it, err, places)
			continue
		}
		good[name] = value
	}
	return good
}

// required finds values that must not be missing.
func (p *planner) required(it *item) {
	if it.existing || it.made || it.bad {
		return
	}
	for _, c := range it.table.Columns(p.scope.View) {
		if !c.Need || it.in[c.Name] != nil && it.in[c.Name] != "" || c.Type != table.TypeText && c.Type != table.TypeLink {
			continue
		}
		if it.table.Kind() == "custom_field" || p.inHistory(it, c.Name) || p.defaulted(it, c.Name) {
			continue
		}
		remedy := fmt.Sprintf("give it a value, or map another column to the field %s", c.Name)
		if c.Name == "product" {
			remedy = "since there is not exactly one product, say which one with --set product=PREFIX or in the mapping"
		}
		p.blame(it, c.Name, "", strings.ToLower(c.Label)+" is missing", remedy)
	}
}

// defaulted reports whether the table itself gives a new entity the value.
func (p *planner) defaulted(it *item, column string) bool {
	return it.table.Kind() == "workspace" && column != "name"
}

func (p *planner) inHistory(it *item, column string) bool {
	return slices.ContainsFunc(it.steps, func(s step) bool { return s.in[column] != nil && s.in[column] != "" })
}

// fault turns what a table says about values into problems.
func (p *planner) fault(it *item, err error, places map[string]Problem) {
	fields := []fault.Field{{Name: p.field, Message: err.Error()}}
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) > 0 {
		fields = f.Fields
	}
	for _, field := range fields {
		info, _ := it.table.Column(p.scope.View, field.Name)
		if at, dated := places[field.Name]; dated {
			at.Reason, at.Remedy = field.Message, remedyFor(info)
			p.add(at)
			continue
		}
		p.blame(it, field.Name, it.raw[field.Name], field.Message, remedyFor(info))
	}
}

func remedyFor(c table.Info) string {
	switch c.Type {
	case table.TypeLink, table.TypeLinks:
		return fmt.Sprintf(`correct it, map it with "values", bring the %s in the same file, or add %q to "create" in the mapping`, c.Kind, c.Kind)
	case table.TypeChoice, table.TypeChoices:
		return `map it with "values" in the mapping`
	case table.TypeDay:
		return `write it as 2026-03-31, or say "date_format" in the mapping`
	case table.TypeNumber, table.TypeObject:
		return `write it as described, or map it with "values" in the mapping`
	}
	return `correct it, or map it with "values" in the mapping`
}

// blame adds a problem of an item.
func (p *planner) blame(it *item, field, value, reason, remedy string) {
	at := it.at
	at.Column, at.Value, at.Reason, at.Remedy = field, excerpt(value), reason, remedy
	if from := it.from[field]; from != "" {
		at.Column = from
	}
	p.add(at)
	it.bad = true
}

// exclude marks the items that refer to bad ones as bad, too: nothing is half imported.
func (p *planner) exclude() {
	type use struct {
		by    *item
		field string
	}
	users := map[*item][]use{}
	var bad []*item
	for _, it := range p.items {
		if it.bad {
			bad = append(bad, it)
		}
		for _, m := range it.mentions {
			users[m.to] = append(users[m.to], use{it, m.field})
		}
	}
	for len(bad) > 0 {
		from := bad[0]
		bad = bad[1:]
		if from.existing {
			continue // what stands in the workspace can be referred to
		}
		for _, u := range users[from] {
			if u.by.bad {
				continue
			}
			if u.by.bad = true; !u.by.derived {
				p.blame(u.by, u.field, u.by.raw[u.field], fmt.Sprintf("it refers to row %d, which has a problem", from.at.Row), "correct that row first")
			}
			bad = append(bad, u.by)
		}
	}
}

// settle decides when each item begins to exist: when it says so, else with its first
// dated change or with the first one that refers to it.
func (p *planner) settle() {
	needed := map[*item]bool{}
	first := map[*item]time.Time{} // dated change of it or reference to it
	note := func(it *item, at time.Time) {
		if before, ok := first[it]; !at.IsZero() && (!ok || at.Before(before)) {
			first[it] = at
		}
	}
	for _, it := range p.items {
		if it.bad {
			continue
		}
		if len(it.steps) > 0 {
			note(it, it.steps[0].at)
		}
		for _, m := range it.mentions {
			needed[m.to] = true
			note(m.to, m.at)
		}
	}
	p.items = slices.DeleteFunc(p.items, func(it *item) bool { return it.made && !needed[it] })
	for _, it := range p.items {
		if it.made && len(p.Made) < maxListed {
			p.Made = append(p.Made, Made{it.table.Kind(), it.name})
		}
	}
	for _, it := range p.items {
		switch {
		case it.born.IsZero():
			it.born = first[it]
		case len(it.steps) > 0 && it.steps[0].at.Before(it.born):
			p.note("some rows have changes that are dated before their creation; they exist from their first change")
			it.born = it.steps[0].at
		}
	}
}

// tally counts what the import does.
func (p *planner) tally() {
	for _, it := range p.items {
		p.History += len(it.steps)
		p.count(it.table.Kind(), func(c *Count) {
			switch {
			case it.bad:
				c.Skipped++
			case !it.existing:
				c.New++
			case it.changed:
				c.Changed++
			default:
				c.Unchanged++
			}
		})
	}
	slices.SortStableFunc(p.Counts, func(a, b Count) int { return strings.Compare(a.Kind, b.Kind) })
	for key, rows := range p.mapped {
		if len(p.Values) < maxListed {
			p.Values = append(p.Values, MappedValue{Field: key[0], From: key[1], To: key[2], Rows: rows})
		}
	}
	slices.SortFunc(p.Values, func(a, b MappedValue) int {
		return strings.Compare(a.Field+"\x00"+a.From, b.Field+"\x00"+b.From)
	})
}

// kindOf returns the kind that a row becomes.
func (p *planner) kindOf(row Row) string {
	if kind := p.Mapping.Kind; kind != "" {
		return kind
	}
	values, _ := p.get(row, fieldKind)
	if len(values) == 1 {
		return values[0]
	}
	return ""
}

// table returns the table of a kind, by the kind's name or the table's.
func (p *planner) table(kind string) (table.Any, bool) {
	t, ok := p.scope.Set.Of(kind)
	if !ok {
		t, ok = p.scope.Set.Named(kind)
	}
	return t, ok
}

func (p *planner) kinds() (all []string) {
	for _, t := range p.scope.Set.All() {
		all = append(all, t.Kind())
	}
	return all
}

// onlyProduct returns the product that there is if there is just one.
func (p *planner) onlyProduct() string {
	if p.product != nil {
		return *p.product
	}
	var all []string
	for x := range access.Products.All(p.scope.View) {
		if !x.Archived {
			all = append(all, x.ID.String())
		}
	}
	for _, it := range p.items {
		if it.table.Kind() == "product" && !it.existing && !it.bad {
			all = append(all, it.id.String())
		}
	}
	p.product = new(string)
	if len(all) == 1 {
		*p.product = all[0]
	}
	return *p.product
}

// fillProduct gives an item the product that was asked for or, if its kind must have
// one, the only one.
func (p *planner) fillProduct(it *item) {
	c, ok := it.table.Column(p.scope.View, "product")
	if !ok || it.in["product"] != nil || it.existing {
		return
	}
	product := p.request.Set["product"]
	if product == "" && c.Need {
		product = p.onlyProduct()
	}
	if product != "" {
		it.in["product"] = product
	}
}
