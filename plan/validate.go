package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of a problem. They keep every count within what the search holds in memory
// and every sum within what a float64 counts exactly.
const (
	MaxPeriods    = 100_000   // of the horizon, and of any duration or lag
	MaxMoment     = 1_000_000 // that value is counted up to, or anything is dated
	MaxUnits      = 30_000    // of a pool, and of a demand
	MaxPools      = 1_000
	MaxPeople     = 5_000
	MaxFeatures   = 20_000
	MaxActivities = 100_000
	MaxModes      = 100 // of one activity
	MaxReleases   = 500
	MaxLinks      = 2_000_000
	MaxSynergies  = 100_000
	MaxRules      = 100_000
	MaxRisks      = 10_000
	MaxLevel      = 1_000
	MaxParts      = 2_000_000 // of one sort over all elements: demands, points of curves, names in lists
	MaxID         = 1_000     // bytes
	MaxWorth      = 1e15      // values, costs and penalties of all elements together
	MaxEffort     = 1e9       // unit-periods of one demand
	MaxFaults     = 100       // that are listed
)

// mostElements are how many elements of a sort there may be, by its name in JSON.
var mostElements = map[string]int{
	"pools": MaxPools, "people": MaxPeople, "features": MaxFeatures, "activities": MaxActivities, "links": MaxLinks,
	"releases": MaxReleases, "synergies": MaxSynergies, "rules": MaxRules, "risks": MaxRisks, "reference": MaxFeatures,
}

// Fault is one thing that is wrong with a problem.
type Fault struct {
	// Element says where: activity "A12", mode 2, demand 1. Parts without an ID are
	// counted from 1.
	Element string `json:"element"`
	// Reason says what is wrong and what to do about it.
	Reason string `json:"reason"`
}

// Faults is the error of [Problem.Validate]: what is wrong with a problem, in the order of
// its elements; the first MaxFaults of them.
type Faults []Fault

// Error returns the faults, one to a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = x.Element + ": " + x.Reason
	}
	if len(f) == MaxFaults {
		lines = append(lines, "and perhaps more")
	}
	return strings.Join(lines, "\n")
}

// Validate returns nil if the problem is one that can be worked on, and else an error of
// type [Faults] that says all that is wrong with it. A valid problem need not have a plan:
// whether its rules, capacities and releases can hold together is for [Solve] to find out.
func (p *Problem) Validate() error {
	v := &validator{p: p}
	v.sizes()
	if len(v.faults) == 0 {
		v.index()
		v.frame()
		v.pools()
		v.people()
		v.releases()
		v.features()
		v.activities()
		v.links()
		v.synergies()
		v.rules()
		v.reference()
		v.risks()
		v.uncertainty()
		v.total()
	}
	if len(v.faults) == 0 {
		return nil
	}
	return v.faults
}

// validator collects the faults of a problem.
type validator struct {
	p      *Problem
	faults Faults
	// the elements by ID
	pool, person, feature, activity, release, risk, synergy, rule map[string]int
	// best are the highest levels at which each person ever holds skills, holders those of
	// all people who do, the highest first.
	best    []map[string]int
	holders map[string][]int
	// dearest is the price of the dearest person.
	dearest float64
	// units are what the pools have at most at any time.
	units []int
	// worth is the sum of what can be gained, paid and lost.
	worth float64
	// parts counts by sort what has a limit over all elements.
	parts map[string]int
}

func (v *validator) add(element, reason string, args ...any) {
	if len(v.faults) < MaxFaults {
		v.faults = append(v.faults, Fault{element, fmt.Sprintf(reason, args...)})
	}
}

// full says that no more faults are collected, so that looking for them can end.
func (v *validator) full() bool { return len(v.faults) == MaxFaults }

// named says which element of a sort is meant, by its ID or, without one, its number.
func named(sort, id string, i int) string {
	if id == "" {
		return fmt.Sprintf("%s %d", sort, i+1)
	}
	if len(id) > 100 {
		id = strings.ToValidUTF8(id[:100], "") + "…"
	}
	return fmt.Sprintf("%s %q", sort, id)
}

// sizes holds the numbers of elements to the limits, before anything looks at each.
func (v *validator) sizes() {
	for _, s := range []struct {
		sort string
		n    int
	}{
		{"pools", len(v.p.Pools)},
		{"people", len(v.p.People)},
		{"features", len(v.p.Features)},
		{"activities", len(v.p.Activities)},
		{"links", len(v.p.Links)},
		{"releases", len(v.p.Releases)},
		{"synergies", len(v.p.Synergies)},
		{"rules", len(v.p.Rules)},
		{"risks", len(v.p.Risks)},
		{"reference", len(v.p.Reference)},
	} {
		if most := mostElements[s.sort]; s.n > most {
			v.add("problem", "%s: there are %d, more than the %d there may be; plan a part of the work", s.sort, s.n, most)
		}
	}
}

// count adds n parts of a sort and says whether there are too many of them.
func (v *validator) count(element, sort string, n int) bool {
	before := v.parts[sort]
	v.parts[sort] += n
	if v.parts[sort] <= MaxParts {
		return true
	}
	if before <= MaxParts {
		v.add(element, "with it there are %d %s, more than the %d there may be in one problem", v.parts[sort], sort, MaxParts)
	}
	return false
}

// index makes the maps of IDs and reports those that are missing or used twice.
func (v *validator) index() {
	v.parts = map[string]int{}
	p := v.p
	v.pool = ids(v, "pool", p.Pools, func(x *Pool) string { return x.ID })
	v.person = ids(v, "person", p.People, func(x *Person) string { return x.ID })
	v.release = ids(v, "release", p.Releases, func(x *Release) string { return x.ID })
	v.feature = ids(v, "feature", p.Features, func(x *Feature) string { return x.ID })
	v.activity = ids(v, "activity", p.Activities, func(x *Activity) string { return x.ID })
	v.synergy = ids(v, "synergy", p.Synergies, func(x *Synergy) string { return x.ID })
	v.rule = ids(v, "rule", p.Rules, func(x *Rule) string { return x.ID })
	v.risk = ids(v, "risk", p.Risks, func(x *Risk) string { return x.ID })
}

func ids[T any](v *validator, sort string, all []T, id func(*T) string) map[string]int {
	index := make(map[string]int, len(all))
	for i := range all {
		s := id(&all[i])
		if s == "" {
			v.add(named(sort, s, i), "has no ID; give it one")
			continue
		}
		v.text(named(sort, s, i), "the ID", s)
		if first, twice := index[s]; twice {
			v.add(named(sort, s, i), "is there twice, as number %d and %d; rename one", first+1, i+1)
			continue
		}
		index[s] = i
	}
	return index
}

// text holds names to what can be written and read again.
func (v *validator) text(element, what, s string) {
	if len(s) > MaxID {
		v.add(element, "%s has %d bytes, more than %d; shorten it", what, len(s), MaxID)
	} else if !utf8.ValidString(s) {
		v.add(element, "%s is not UTF-8; write it in that encoding", what)
	}
}

// whole holds an integer to a range.
func (v *validator) whole(element, what string, n, least, most int) bool {
	if n < least || n > most {
		v.add(element, "%s is %d; it must be %d to %d", what, n, least, most)
		return false
	}
	return true
}

// number holds a number to a range; a NaN is in none.
func (v *validator) number(element, what string, x, least, most float64) bool {
	if !(x >= least && x <= most) { // so that NaN fails
		v.add(element, "%s is %v; it must be %v to %v", what, x, least, most)
		return false
	}
	return true
}

// known returns the index of a reference.
func (v *validator) known(element, what, id string, in map[string]int) (int, bool) {
	i, ok := in[id]
	switch {
	case ok:
	case id == "":
		v.add(element, "names no %s; name one of the problem's", what)
	default:
		v.add(element, "names the %s, which is not in the problem; correct the name or add it", named(what, id, 0))
	}
	return i, ok
}

// distinct returns the indices of references, and reports those that are named twice.
func (v *validator) distinct(element, what string, names []string, in map[string]int) []int {
	if !v.count(element, "names", len(names)) {
		return nil
	}
	found := make([]int, 0, len(names))
	seen := make(map[string]bool, len(names))
	for _, id := range names {
		if seen[id] {
			v.add(element, "names the %s twice; once is enough", named(what, id, 0))
			continue
		}
		seen[id] = true
		if i, ok := v.known(element, what, id, in); ok {
			found = append(found, i)
		}
	}
	return found
}

func (v *validator) frame() {
	p := v.p
	v.text("problem", "the name", p.Name)
	v.whole("problem", "horizon", p.Horizon, 1, MaxPeriods)
	v.whole("problem", "valueHorizon", p.ValueHorizon, 0, MaxMoment)
	v.number("problem", "discount", p.Discount, 0, 1)
	if v.number("problem", "stabilityPenalty", p.StabilityPenalty, 0, MaxWorth) {
		v.worth += p.StabilityPenalty * float64(len(p.Reference))
	}
}

func (v *validator) pools() {
	v.units = make([]int, len(v.p.Pools))
	for i := range v.p.Pools {
		if v.full() {
			return
		}
		p := &v.p.Pools[i]
		e := named("pool", p.ID, i)
		most := 0
		if v.whole(e, "capacity", p.Capacity, 0, MaxUnits) {
			most = p.Capacity
		}
		v.count(e, "changes of capacity", len(p.Changes))
		for j, s := range p.Changes {
			at := fmt.Sprintf("%s, change %d", e, j+1)
			v.whole(at, "at", s.At, 0, MaxMoment)
			if v.whole(at, "capacity", s.Capacity, 0, MaxUnits) && s.At < v.p.Horizon {
				most = max(most, s.Capacity)
			}
			if j > 0 && s.At <= p.Changes[j-1].At {
				v.add(at, "at %d does not come after the change before it, at %d; put them in order", s.At, p.Changes[j-1].At)
			}
		}
		if !(p.Reserve >= 0 && p.Reserve < 1) {
			v.add(e, "reserve is %v; it must be 0 to below 1, a share of the capacity", p.Reserve)
			continue
		}
		v.number(e, "cost", p.Cost, 0, MaxWorth)
		v.units[i] = p.plannable(most)
	}
}

func (v *validator) people() {
	v.best = make([]map[string]int, len(v.p.People))
	v.holders = map[string][]int{}
	for i := range v.p.People {
		if v.full() {
			return
		}
		p := &v.p.People[i]
		e := named("person", p.ID, i)
		if v.number(e, "cost", p.Cost, 0, MaxWorth) {
			v.dearest = max(v.dearest, p.Cost)
		}
		if !v.count(e, "skills", len(p.Skills)) || !v.count(e, "spans", len(p.Away)) {
			return
		}
		best := map[string]int{}
		v.best[i] = best
		for j, s := range p.Skills {
			at := fmt.Sprintf("%s, skill %d", e, j+1)
			if s.Skill == "" {
				v.add(at, "has no name; say which skill it is")
				continue
			}
			v.text(at, "the name", s.Skill)
			v.whole(at, "level", s.Level, 0, MaxLevel)
			v.whole(at, "from", s.From, 0, MaxMoment)
			v.whole(at, "until", s.Until, 0, MaxMoment)
			if s.Until != 0 && s.Until <= s.From {
				v.add(at, "until %d does not come after from %d; correct one, or leave until out if the skill does not end", s.Until, s.From)
			}
			if level, ok := best[s.Skill]; !ok || s.Level > level {
				best[s.Skill] = s.Level
			}
		}
		for skill, level := range best {
			v.holders[skill] = append(v.holders[skill], level)
		}
		for j, s := range p.Away {
			at := fmt.Sprintf("%s, away %d", e, j+1)
			v.whole(at, "from", s.From, 0, MaxMoment)
			v.whole(at, "until", s.Until, 0, MaxMoment)
			if s.Until <= s.From {
				v.add(at, "until %d does not come after from %d; correct one, or leave the span out", s.Until, s.From)
			}
		}
	}
	for _, levels := range v.holders {
		slices.SortFunc(levels, func(a, b int) int { return b - a })
	}
}

func (v *validator) releases() {
	if len(v.p.Features) > 0 && len(v.p.Releases) == 0 {
		v.add("problem", "has features and no release they could go live with; add one, at the horizon for example")
	}
	for i := range v.p.Releases {
		if v.full() {
			return
		}
		r := &v.p.Releases[i]
		e := named("release", r.ID, i)
		v.whole(e, "stabilisation", r.Stabilisation, 0, MaxPeriods)
		if v.whole(e, "cutOff", r.CutOff, 0, MaxMoment) && r.CutOff > v.p.Horizon {
			v.add(e, "the cut-off %d comes after the horizon %d; bring it forward, or make the horizon longer", r.CutOff, v.p.Horizon)
		}
		if v.whole(e, "goLive", r.GoLive, 0, MaxMoment) && r.GoLive < r.CutOff {
			v.add(e, "goes live at %d, before its cut-off %d; correct one", r.GoLive, r.CutOff)
		}
		if i == 0 {
			continue
		}
		before := &v.p.Releases[i-1]
		b := named("release", before.ID, i-1)
		if r.CutOff < before.CutOff {
			v.add(e, "its cut-off %d comes before that of %s, %d; put the releases in order", r.CutOff, b, before.CutOff)
		}
		if r.CutOff-r.Stabilisation < before.CutOff-before.Stabilisation {
			v.add(e, "what goes live with it must be finished by %d, before what goes with %s, by %d; shorten its stabilisation, or put the releases in order",
				r.CutOff-r.Stabilisation, b, before.CutOff-before.Stabilisation)
		}
		if r.GoLive < before.GoLive {
			v.add(e, "goes live at %d, before %s at %d; put the releases in order", r.GoLive, b, before.GoLive)
		}
	}
}

func (v *validator) features() {
	requires := make([][]int, len(v.p.Features))
	for i := range v.p.Features {
		if v.full() {
			return
		}
		f := &v.p.Features[i]
		e := named("feature", f.ID, i)
		v.value(e, &f.Value)
		requires[i] = v.distinct(e, "feature", f.Requires, v.feature)
	}
	if loop := cycle(requires); loop != nil {
		var names []string
		for _, i := range loop {
			names = append(names, fmt.Sprintf("%q", v.p.Features[i].ID))
		}
		v.add(named("feature", v.p.Features[loop[0]].ID, loop[0]),
			"requires itself, through %s; drop one of these requirements, or use the rule together",
			strings.Join(append(names, names[0]), " → "))
	}
}

// value looks at a value and adds the most it can come to.
func (v *validator) value(element string, x *Value) {
	ok := v.number(element, "value.lump", x.Lump, -MaxWorth, MaxWorth)
	ok = v.curve(element, "value.rate", x.Rate, -MaxWorth, MaxWorth) && ok
	ok = v.curve(element, "value.adoption", x.Adoption, 0, MaxWorth) && ok
	ok = v.number(element, "value.success", x.Success, 0, 1) && ok
	if !ok {
		return
	}
	most := 1.0
	if len(x.Adoption) > 0 {
		most = x.Adoption.greatest()
	}
	v.worth += math.Abs(x.Lump) + x.Rate.greatest()*most*float64(v.p.valueHorizon())
}

func (v *validator) curve(element, what string, c Curve, least, most float64) bool {
	if !v.count(element, "points of curves", len(c)) {
		return false
	}
	ok := true
	for j, p := range c {
		at := fmt.Sprintf("%s, %s, point %d", element, what, j+1)
		ok = v.number(at, "at", p.At, -MaxMoment, MaxMoment) && ok
		ok = v.number(at, "y", p.Y, least, most) && ok
		if j > 0 && p.At <= c[j-1].At {
			v.add(at, "at %v does not come after the point before it, at %v; put them in order", p.At, c[j-1].At)
			ok = false
		}
	}
	return ok
}

// greatest returns the greatest absolute value of a curve.
func (c Curve) greatest() float64 {
	most := 0.0
	for _, p := range c {
		most = max(most, math.Abs(p.Y))
	}
	return most
}

func (v *validator) activities() {
	for i := range v.p.Activities {
		if v.full() {
			return
		}
		a := &v.p.Activities[i]
		e := named("activity", a.ID, i)
		if a.Feature != "" {
			v.known(e, "feature", a.Feature, v.feature)
		}
		if len(a.Modes) == 0 || len(a.Modes) > MaxModes {
			v.add(e, "has %d modes; give it 1 to %d ways to be done", len(a.Modes), MaxModes)
			continue
		}
		cost := 0.0
		names := make(map[string]bool, len(a.Modes))
		for j := range a.Modes {
			m := &a.Modes[j]
			at := e
			if len(a.Modes) > 1 {
				at = fmt.Sprintf("%s, mode %d", e, j+1)
			}
			v.text(at, "the name", m.Name)
			if names[m.Name] {
				v.add(at, "has the name %q of another mode; give each its own", m.Name)
			}
			names[m.Name] = true
			cost = max(cost, v.mode(at, m))
		}
		v.worth += cost
	}
}

// mode looks at a mode and returns what it costs at most.
func (v *validator) mode(element string, m *Mode) float64 {
	if !v.whole(element, "duration", m.Duration, 0, MaxPeriods) || !v.count(element, "demands", len(m.Demands)) {
		return 0
	}
	before := len(v.faults)
	taken := map[string]int{}
	price, effort := 0.0, false
	for k := range m.Demands {
		d := &m.Demands[k]
		at := fmt.Sprintf("%s, demand %d", element, k+1)
		v.whole(at, "units", d.Units, 1, MaxUnits)
		if d.Effort != nil {
			effort = true
			v.effort(at, d.Effort)
		}
		switch {
		case d.Pool != "" && d.Skill != "":
			v.add(at, "asks for the pool %q and the skill %q; make two demands of it", d.Pool, d.Skill)
		case d.Skill != "":
			v.skill(at, d)
			price += float64(d.Units) * v.dearest
		case d.Pool == "":
			v.add(at, "asks for neither a pool nor a skill; name one")
		default:
			if d.Level != 0 {
				v.add(at, "asks for a level of a pool; levels are of skills, so leave it out or name a skill")
			}
			i, ok := v.known(at, "pool", d.Pool, v.pool)
			if !ok {
				continue
			}
			taken[d.Pool] += d.Units
			if all := taken[d.Pool]; all > v.units[i] {
				v.add(at, "takes %d units of the pool %q, which never has more than %d to plan with; ask for fewer, or raise its capacity",
					all, d.Pool, v.units[i])
			}
			price += float64(d.Units) * v.p.Pools[i].Cost
		}
	}
	if len(v.faults) > before {
		return 0
	}
	n := m.planned()
	switch {
	case n > MaxPeriods:
		v.add(element, "takes more than %d periods by the effort and units of its demands; ask for more units, or split the activity", MaxPeriods)
		return 0
	case n == 0 && len(m.Demands) > 0 && !effort:
		v.add(element, "has demands and takes no time; give it a duration or its demands an effort, or leave the demands out")
		return 0
	}
	return price * float64(n)
}

func (v *validator) skill(element string, d *Demand) {
	v.text(element, "the skill", d.Skill)
	if !v.whole(element, "level", d.Level, 0, MaxLevel) {
		return
	}
	able, _ := slices.BinarySearchFunc(v.holders[d.Skill], d.Level-1, func(level, target int) int { return target - level })
	if able < d.Units {
		v.add(element, "asks for %d people with the skill %q at level %d or above; the problem has %d; ask for fewer or for a lower level, or add people",
			d.Units, d.Skill, d.Level, able)
	}
}

func (v *validator) effort(element string, e *Effort) {
	quantiles := e.P10 != 0 || e.P50 != 0 || e.P90 != 0
	switch {
	case quantiles && len(e.Samples) > 0:
		v.add(element, "effort has quantiles and samples; leave one of the two out")
	case quantiles:
		if !(0 < e.P10 && e.P10 <= e.P50 && e.P50 <= e.P90 && e.P90 <= MaxEffort) {
			v.add(element, "effort p10, p50 and p90 are %v, %v and %v; all three must be there, above 0, at most %v, and in increasing order",
				e.P10, e.P50, e.P90, MaxEffort)
		}
	case len(e.Samples) == 0:
		v.add(element, "effort says nothing; give p10, p50 and p90, or samples, or leave it out")
	case v.count(element, "samples", len(e.Samples)):
		for j, x := range e.Samples {
			if !(x > 0 && x <= MaxEffort) {
				v.add(element, "effort sample %d is %v; it must be above 0, at most %v", j+1, x, MaxEffort)
				return
			}
		}
	}
}

func (v *validator) links() {
	before := len(v.faults)
	for i := range v.p.Links {
		if v.full() {
			return
		}
		l := &v.p.Links[i]
		e := fmt.Sprintf("link %d", i+1)
		_, ok1 := v.known(e, "activity", l.From, v.activity)
		_, ok2 := v.known(e, "activity", l.To, v.activity)
		if ok1 && ok2 {
			e = fmt.Sprintf("link %d from %q to %q", i+1, l.From, l.To)
			if l.From == l.To {
				v.add(e, "joins an activity to itself; leave it out")
			}
		}
		switch l.Sort {
		case FinishStart, StartStart, FinishFinish, StartFinish:
		default:
			v.add(e, "its sort is %q; write %q, %q, %q, or leave it out for finish to start", l.Sort, StartStart, FinishFinish, StartFinish)
		}
		v.whole(e, "lag", l.Lag, -MaxPeriods, MaxPeriods)
		if l.Most != nil && v.whole(e, "most", *l.Most, -MaxPeriods, MaxPeriods) && *l.Most < l.Lag {
			v.add(e, "its most, %d, is less than its lag, %d; correct one", *l.Most, l.Lag)
		}
	}
	// Lengths of cycles are sums of durations and lags, so these have to be right.
	if before > 0 || len(v.faults) > before {
		return
	}
	loop, length, ok := v.p.impossibleCycle(v.activity)
	if !ok {
		v.add("problem", "its links with a most depend on each other too much to be checked; give fewer of them a most")
	}
	if loop == nil {
		return
	}
	names := make([]string, len(loop))
	for i, a := range loop {
		names[i] = fmt.Sprintf("%q", v.p.Activities[a].ID)
	}
	v.add(named("activity", v.p.Activities[loop[0]].ID, loop[0]),
		"would have to start %d periods after itself, by the links between %s; drop one of them, shorten a lag or raise a most",
		length, strings.Join(append(names, names[0]), " → "))
}

func (v *validator) synergies() {
	for i := range v.p.Synergies {
		if v.full() {
			return
		}
		s := &v.p.Synergies[i]
		e := named("synergy", s.ID, i)
		v.value(e, &s.Value)
		if v.distinct(e, "feature", s.Features, v.feature); len(s.Features) < 2 {
			v.add(e, "names %d features; it takes two at least", len(s.Features))
		}
	}
}

// reads says which fields a sort of rules has to have and which it may have; Sort, ID and
// Weight are for all.
var reads = map[RuleSort]struct{ must, may string }{
	Deadline:  {"", "features activities at penalty"},
	InRelease: {"features release", ""},
	NotBefore: {"", "features activities at release"},
	LeftOut:   {"features", ""},
	StartAt:   {"activities", "at"},
	InMode:    {"activities mode", ""},
	ByPerson:  {"activities person", ""},
	Together:  {"features", ""},
	EitherOr:  {"features", "limit"},
	Apart:     {"features", ""},
	AtOnce:    {"activities limit", ""},
}

func (v *validator) rules() {
	for i := range v.p.Rules {
		if v.full() {
			return
		}
		v.ruleAt(i)
	}
	if len(v.faults) == 0 {
	}
}

func (v *validator) ruleAt(i int) {
	r := &v.p.Rules[i]
	e := named("rule", r.ID, i)
	v.number(e, "weight", r.Weight, 0, 1e9)
	fields, ok := reads[r.Sort]
	if !ok {
		v.add(e, "its sort %q is not known; write %s", r.Sort, sortsOfRules())
		return
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"features", len(r.Features) > 0},
		{"activities", len(r.Activities) > 0},
		{"release", r.Release != ""},
		{"mode", r.Mode != ""},
		{"person", r.Person != ""},
		{"at", r.At != 0},
		{"limit", r.Limit != 0},
		{"penalty", r.Penalty != 0},
	} {
		must, may := hasWord(fields.must, f.name), hasWord(fields.may, f.name)
		switch {
		case f.set && !must && !may:
			v.add(e, "a rule of the sort %s does not read %s; leave it out", r.Sort, f.name)
		case must && !f.set:
			v.add(e, "a rule of the sort %s needs %s; say which", r.Sort, f.name)
		}
	}
	features := v.distinct(e, "feature", r.Features, v.feature)
	activities := v.distinct(e, "activity", r.Activities, v.activity)
	if r.Release != "" {
		v.known(e, "release", r.Release, v.release)
	}
	v.whole(e, "at", r.At, 0, MaxMoment)
	if v.number(e, "penalty", r.Penalty, 0, MaxWorth) {
		v.worth += r.Penalty * MaxPeriods * float64(len(features)+len(activities))
	}
	v.whole(e, "limit", r.Limit, 0, MaxActivities)
	v.ruleOfSort(e, r, activities)
}

// ruleOfSort holds a rule to what only its sort asks.
func (v *validator) ruleOfSort(e string, r *Rule, activities []int) {
	switch r.Sort {
	case Deadline:
		if len(r.Features)+len(r.Activities) == 0 {
			v.add(e, "a deadline needs features or activities; say which")
		}
	case NotBefore:
		switch {
		case len(r.Features)+len(r.Activities) == 0:
			v.add(e, "names neither features nor activities; say which may not come before")
		case len(r.Features) > 0 && r.Release == "":
			v.add(e, "names features and no release; say before which they may not go live")
		case len(r.Features) == 0 && r.Release != "":
			v.add(e, "names a release and no features; say which may not go live before it")
		case len(r.Activities) == 0 && r.At != 0:
			v.add(e, "names a moment and no activities; say which may not start before it")
		}
	case InMode:
		for _, a := range activities {
			known := slices.ContainsFunc(v.p.Activities[a].Modes, func(m Mode) bool { return m.Name == r.Mode })
			if r.Mode != "" && !known {
				v.add(e, "the activity %q has no mode named %q; correct the name", v.p.Activities[a].ID, r.Mode)
			}
		}
	case ByPerson:
		i, ok := v.known(e, "person", r.Person, v.person)
		for _, a := range activities {
			if ok && !canDo(v.best[i], &v.p.Activities[a]) {
				v.add(e, "no mode of the activity %q asks for a skill that the person %q has at its level; name somebody else, or add the skill",
					v.p.Activities[a].ID, r.Person)
			}
		}
	case Together, EitherOr, Apart:
		if len(r.Features) == 1 {
			v.add(e, "a rule of the sort %s is between features; name another", r.Sort)
		}
	}
}

// canDo says whether somebody with skills at these levels can do what some mode of an
// activity asks for.
func canDo(best map[string]int, a *Activity) bool {
	for i := range a.Modes {
		for _, d := range a.Modes[i].Demands {
			if level, ok := best[d.Skill]; ok && level >= d.Level {
				return true
			}
		}
	}
	return false
}

func hasWord(words, word string) bool { return slices.Contains(strings.Fields(words), word) }

func sortsOfRules() string {
	var all []string
	for s := range reads {
		all = append(all, string(s))
	}
	slices.Sort(all)
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

func (v *validator) reference() {
	seen := map[string]bool{}
	for i, x := range v.p.Reference {
		if v.full() {
			return
		}
		e := fmt.Sprintf("reference, placement %d", i+1)
		if v.known(e, "feature", x.Feature, v.feature); seen[x.Feature] {
			v.add(e, "the feature %q has a placement before; drop one of them", x.Feature)
		}
		seen[x.Feature] = true
		if x.Release != "" {
			v.known(e, "release", x.Release, v.release)
		}
	}
}

func (v *validator) risks() {
	for i := range v.p.Risks {
		if v.full() {
			return
		}
		r := &v.p.Risks[i]
		e := named("risk", r.ID, i)
		v.number(e, "chance", r.Chance, 0, 1)
		v.number(e, "factor", r.Factor, 0, 1000)
		v.whole(e, "delay", r.Delay, 0, MaxPeriods)
		if v.distinct(e, "activity", r.Activities, v.activity); len(r.Activities) == 0 {
			v.add(e, "names no activities; say which it strikes")
		}
	}
}

func (v *validator) uncertainty() {
	const e = "uncertainty"
	u := &v.p.Uncertainty
	v.number(e, "global", u.Global, 0, 1)
	v.number(e, "shared", u.Shared, 0, 1)
	if u.Global+u.Shared > 1+1e-9 {
		v.add(e, "global and shared are %v and %v, together more than the whole variance; their sum must be at most 1", u.Global, u.Shared)
	}
	v.number(e, "spread", u.Spread, 0, 5)
	v.number(e, "growth", u.Growth, 0, 100)
	v.number(e, "growthSize", u.GrowthSize, 0, 100)
	if !(u.Leave >= 0 && u.Leave < 1) {
		v.add(e, "leave is %v; it must be 0 to below 1, a share of the capacity", u.Leave)
	}
}

// total holds the sum of all that can be gained and paid to what can be counted.
func (v *validator) total() {
	if v.worth > MaxWorth {
		v.add("problem", "values, costs and penalties come to %.3g together, more than %g; count in a larger unit of currency", v.worth, MaxWorth)
	}
}

// plannable returns how many units of a capacity the pool's reserve leaves to plan with.
// The reserve is a decimal number that a float64 holds to 16 digits only, so what is within
// 1e-9 of a whole unit counts as one.
func (p *Pool) plannable(capacity int) int {
	return int(math.Floor(float64(capacity)*(1-p.Reserve) + 1e-9))
}

// valueHorizon returns the moment up to which value is counted.
func (p *Problem) valueHorizon() int { return cmp.Or(p.ValueHorizon, p.Horizon) }

// planned returns the number of periods that planning counts with for a mode: at most
// MaxPeriods+1, which stands for more than there may be.
func (m *Mode) planned() int {
	if m.Duration > 0 {
		return m.Duration
	}
	n := 0.0
	for i := range m.Demands {
		if d := &m.Demands[i]; d.Effort != nil && d.Units > 0 {
			// What is within 1e-9 of a whole period is that period, so that 0.3 by 0.1 is 3.
			n = max(n, math.Ceil(d.Effort.Median()/float64(d.Units)-1e-9))
		}
	}
	return int(min(n, MaxPeriods+1))
}

// Median returns the amount that planning counts with: P50, or the middle one of the
// samples, of an even number of them the mean of the two in the middle.
func (e *Effort) Median() float64 {
	n := len(e.Samples)
	if n == 0 {
		return e.P50
	}
	s := slices.Sorted(slices.Values(e.Samples))
	return (s[(n-1)/2] + s[n/2]) / 2
}
