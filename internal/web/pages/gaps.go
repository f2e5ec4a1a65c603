package pages

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

var gapRoutes = []web.Route{
	{Method: http.MethodGet, Pattern: "/w/{workspace}/gaps", Who: web.Member, Handle: showGaps},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/gaps/{kind}/{entity}", Who: web.Member, Handle: askRepair},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/gaps/{kind}/{entity}", Who: web.Member, Handle: repair},
}

const (
	gapsOfGroup = 20  // shown of each kind while all kinds are
	gapsOfKind  = 200 // shown of one kind at once
	facetsShown = 40  // values that a filter offers
)

// gapPage is what the page of gaps shows.
type gapPage struct {
	*web.Request
	scope          *table.Scope
	filter         thread.Filter
	everyone, mine int // all gaps and the reader's
	threads        int // with a gap that is shown
	shown          int
	groups         []gapGroup
	facets         []facet
	from           int // of the kind that is shown alone
}

// gapGroup is the gaps of one kind: the first of them, and how many there are.
type gapGroup struct {
	*thread.Kind
	gaps  []thread.Gap
	count int
}

// facet is something by which gaps are filtered, with the values they have.
type facet struct {
	name, label, icon string
	chosen            string // what the filter says; "" for all
	values            []facetValue
}

type facetValue struct {
	id    ledger.ID
	label string
	count int
}

// facetKinds are what gaps are filtered by: the name in the address, the kind of entity,
// and where a gap and a filter have it.
var facetKinds = []struct {
	name, label, kind, icon string
	of                      func(*thread.Gap) ledger.ID
	at                      func(*thread.Filter) *ledger.ID
}{
	{"owner", "Owner", "person", "user", func(g *thread.Gap) ledger.ID { return g.Owner }, func(f *thread.Filter) *ledger.ID { return &f.Owner }},
	{"product", "Product", "product", "folder", func(g *thread.Gap) ledger.ID { return g.Product }, func(f *thread.Filter) *ledger.ID { return &f.Product }},
	{"objective", "Objective", "objective", "target", func(g *thread.Gap) ledger.ID { return g.Objective }, func(f *thread.Filter) *ledger.ID { return &f.Objective }},
	{"release", "Release", "release", "rocket", func(g *thread.Gap) ledger.ID { return g.Release }, func(f *thread.Filter) *ledger.ID { return &f.Release }},
}

// countGaps is the number beside the page in the sidebar: the gaps of the reader.
func countGaps(q *web.Request) (int, error) {
	p, all, err := findGaps(q)
	if err != nil {
		return 0, err
	}
	n := 0
	for range (thread.Filter{Reader: p.reader()}).Of(all) {
		n++
	}
	return n, nil
}

// findGaps returns all gaps in what the request shows.
func findGaps(q *web.Request) (*gapPage, []thread.Gap, error) {
	scope, err := q.Scope()
	if err != nil {
		return nil, nil, err
	}
	snapshot, err := q.Snapshot()
	if err != nil {
		return nil, nil, err
	}
	all, err := thread.Gaps(q.Context(), snapshot, scope.Today)
	return &gapPage{Request: q, scope: scope}, all, err
}

// reader is the person who reads; nil for a guest of the workspace, whose own are all.
func (p *gapPage) reader() *people.Person {
	me, _ := people.Persons.Get(p.scope.View, p.scope.Me)
	return me
}

func showGaps(q *web.Request) error {
	p, all, err := findGaps(q)
	if err != nil {
		return err
	}
	if err := p.read(); err != nil {
		return err
	}
	p.fill(all)
	page := web.Page{Title: "Gaps", Area: "gaps"}
	if p.shown > 0 && !q.Past() {
		page.Summary = "A gap leaves the list by itself when it is closed"
	}
	return q.Page(page, gapsBody(p))
}

// read reads the filter from the address.
func (p *gapPage) read() error {
	var f fault.Fields
	switch whose := p.Query("whose"); whose {
	case "", "mine":
		p.filter.Reader = p.reader()
	case "all":
	default:
		f.Add("whose", "must be mine or all")
	}
	if name := p.Query("kind"); name != "" {
		kind, ok := thread.KindNamed(name)
		if !ok {
			f.Add("kind", "%q is no kind of gap", name)
		}
		p.filter.Kind = kind
	}
	for _, k := range facetKinds {
		text := p.Query(k.name)
		if text == "" {
			continue
		}
		id, err := p.scope.Find(k.kind, text)
		if err != nil {
			f.Add(k.name, "%v", err)
		}
		*k.at(&p.filter) = id
	}
	if text := p.Query("from"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			f.Add("from", "%q is no number", text)
		}
		p.from = n
	}
	return f.Err()
}

// fill sorts the gaps into what the page shows, in one pass.
func (p *gapPage) fill(all []thread.Gap) {
	p.everyone = len(all)
	mine := thread.Filter{Reader: p.reader()}
	for range mine.Of(all) {
		p.mine++
	}
	counts := make([]map[ledger.ID]int, len(facetKinds))
	for i := range counts {
		counts[i] = map[ledger.ID]int{}
	}
	threads := map[ledger.ID]bool{}
	first, most := 0, gapsOfGroup
	if p.filter.Kind != nil {
		first, most = p.from, gapsOfKind
	}
	for g := range p.filter.Of(all) {
		if n := len(p.groups); n == 0 || p.groups[n-1].Kind != g.Kind {
			p.groups = append(p.groups, gapGroup{Kind: g.Kind})
		}
		group := &p.groups[len(p.groups)-1]
		if group.count >= first && len(group.gaps) < most {
			group.gaps = append(group.gaps, g)
		}
		group.count++
		p.shown++
		threads[g.ID] = true
		for i, k := range facetKinds {
			if id := k.of(&g); !id.IsZero() {
				counts[i][id]++
			}
		}
	}
	p.threads = len(threads)
	for i, k := range facetKinds {
		p.facets = append(p.facets, p.facet(k.name, k.label, k.kind, k.icon, *k.at(&p.filter), counts[i]))
	}
}

func (p *gapPage) facet(name, label, kind, icon string, chosen ledger.ID, counts map[ledger.ID]int) facet {
	f := facet{name: name, label: label, icon: icon}
	if !chosen.IsZero() {
		to, _ := p.scope.Target(kind, chosen)
		f.chosen = to.String()
	}
	for id, n := range counts {
		if to, ok := p.scope.Target(kind, id); ok && !to.Private {
			f.values = append(f.values, facetValue{id, to.String(), n})
		}
	}
	slices.SortFunc(f.values, func(a, b facetValue) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.label, b.label))
	})
	f.values = f.values[:min(len(f.values), facetsShown)]
	return f
}

// with returns the address of the page with a parameter changed.
func (p *gapPage) with(name, value string) string {
	return ui.With(ui.With(p.R.URL.RequestURI(), "from", ""), name, value)
}

// area returns the pages of the kind of entity whose thread is broken.
func area(k *thread.Kind) *tableweb.Area {
	i := slices.IndexFunc(Areas, func(a *tableweb.Area) bool { return a.Table.Kind() == k.Of })
	return Areas[i]
}

// line is the entity of a gap as a view of its own.
func (p *gapPage) line(g thread.Gap) (*tableweb.View, bool) { return area(g.Kind).Of(p.Request, g.ID) }

// elsewhere is where a gap is closed that takes more than a value; "" for others.
func elsewhere(v *tableweb.View, k *thread.Kind) string {
	if k != thread.Unserved {
		return ""
	}
	return ui.With(v.Request.Path("features", "new"), "objective", v.Row.Key())
}

// rowID names the row of a gap on the page.
func rowID(g thread.Gap) string {
	id := "gap-" + g.Name + "-" + g.ID.String()
	if g.Kind == thread.Before || g.Kind == thread.Waiting { // of which a feature can have several
		id += "-" + g.Other.String()
	}
	return id
}

// repairing is the gap of an address, with the entity whose thread it breaks. The gap is
// found again in what the page shows: if somebody closed it, open is false.
func repairing(q *web.Request) (v *tableweb.View, k *thread.Kind, open bool, err error) {
	k, ok := thread.KindNamed(q.R.PathValue("kind"))
	if !ok {
		return nil, nil, false, fault.New(fault.NotFound, "there is no such kind of gap")
	}
	if v, err = area(k).Find(q); err != nil {
		return nil, nil, false, err
	}
	_, all, err := findGaps(q)
	open = slices.ContainsFunc(all, func(g thread.Gap) bool { return g.Kind == k && g.ID == v.Row.ID() })
	return v, k, open, err
}

// askRepair answers with the form that closes a gap, in place of the button that asked
// for it.
func askRepair(q *web.Request) error {
	v, k, open, err := repairing(q)
	switch {
	case err != nil:
		return err
	case !open, !v.MayEdit():
		return q.Redirect(q.Path("gaps"))
	case k.Field == "":
		return fault.New(fault.NotFound, "this gap is closed by a button")
	}
	return repairForm(v, k, &ui.Form{}, 0)
}

// repairForm shows the form of the field that closes a gap.
func repairForm(v *tableweb.View, k *thread.Kind, f *ui.Form, status int) error {
	field, err := v.Field(f, k.Field)
	if err != nil {
		return err
	}
	form := repairField(v, k, field)
	if v.Partial() {
		return v.Fragment(form)
	}
	return v.Page(web.Page{
		Title: k.Repair, Area: "gaps", Status: status, Crumbs: []ui.Link{{Label: "Gaps", Href: v.Request.Path("gaps")}},
	}, repairPage(v, k, form))
}

func formID(v *tableweb.View, k *thread.Kind) string {
	return "fix-" + k.Name + "-" + v.Row.ID().String()
}

// repair closes a gap.
func repair(q *web.Request) error {
	v, k, open, err := repairing(q)
	if err != nil {
		return err
	}
	f, err := q.Form(cmp.Or(k.Field, "other"))
	if err != nil {
		return err
	}
	if !open {
		q.Said("Somebody closed it before you", 0)
		return q.Done(q.Path("gaps"))
	}
	if k.Field != "" && strings.TrimSpace(f.Values.Get(k.Field)) == "" {
		f.Errors[k.Field] = "is what closes the gap"
		return repairForm(v, k, f, http.StatusUnprocessableEntity)
	}
	seq, err := q.Update("repair", func(tx *ledger.Tx) error { return write(tx, v, k, f) })
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok || k.Field == "" {
			return err
		}
		if f.Errors[k.Field] == "" {
			f.Errors[k.Field] = f.Message
		}
		return repairForm(v, k, f, status)
	}
	q.Said(fmt.Sprintf("%s: %s", k.Repair, v.Row.Title()), seq)
	return q.Done(q.Path("gaps"))
}

// write does what closes a gap.
func write(tx *ledger.Tx, v *tableweb.View, k *thread.Kind, f *ui.Form) error {
	scope := v.Scope.In(tx)
	if k == thread.Waiting {
		other, err := scope.Find("feature", f.Values.Get("other"))
		if err != nil {
			return err
		}
		return backlog.Disconnect(tx, other, backlog.Blocks, v.Row.ID())
	}
	return v.Area.Table.Edit(tx, scope, v.Row.ID(), table.Input{k.Field: f.Values.Get(k.Field)})
}

// lede says how much is broken: "19 breaks on 14 threads".
func (p *gapPage) lede() string {
	if p.shown == 0 {
		return ""
	}
	return ui.Count(p.shown, "break", "breaks") + " on " + ui.Count(p.threads, "thread", "threads")
}

// filtered reports whether the address chooses gaps by more than whose they are.
func (p *gapPage) filtered() bool {
	f := p.filter
	f.Reader = nil
	return f != thread.Filter{}
}

// narrows reports whether there is anything to filter by, or a filter to be taken away.
func (p *gapPage) narrows() bool {
	return p.filtered() || slices.ContainsFunc(p.facets, func(f facet) bool { return len(f.values) > 1 })
}

// more leads to the gaps of a group that are not shown.
func (p *gapPage) more(g gapGroup) ui.Link {
	switch shown := p.from + len(g.gaps); {
	case p.filter.Kind == nil && g.count > len(g.gaps):
		return ui.Link{Label: "Show all " + ui.Number(float64(g.count)), Href: p.with("kind", g.Name)}
	case p.filter.Kind != nil && g.count > shown:
		return ui.Link{Label: fmt.Sprintf("Next %d", min(gapsOfKind, g.count-shown)), Href: ui.With(p.with("kind", g.Name), "from", strconv.Itoa(shown))}
	}
	return ui.Link{}
}

// marker is the shape of a kind of gap: at risk, or missing.
func marker(k *thread.Kind) ui.Progress {
	if k == thread.Late || k == thread.Before || k == thread.Waiting {
		return ui.AtRisk
	}
	return ui.Missing
}

func repairPath(v *tableweb.View, k *thread.Kind) string {
	ref := v.Row.Key()
	if ref == "" {
		ref = v.Row.ID().String()
	}
	return v.Request.Path("gaps", k.Name, ref)
}

// named tells buttons with the same words apart.
func named(v *tableweb.View, g thread.Gap) templ.Attributes {
	return templ.Attributes{"aria-label": g.Repair + ": " + v.Row.Title()}
}
