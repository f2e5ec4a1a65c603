package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan/chance"
)

// GenerateOptions say what [Generate] makes. A number that is 0 stands for the default in
// brackets.
type GenerateOptions struct {
	Seed     uint64
	Features int // [60] up to MaxFeatures
	Pools    int // [one for every 40 features, two at least] up to MaxPools
	Releases int // [12] up to MaxReleases
	// People is the number of people with skills, whom a tenth of the activities ask for;
	// [0], none do, up to MaxPeople.
	People int
	// Fit is the share of all work that the pools could do by the last cut-off if none of
	// them ever waited [0.7]; 0.05 to 2.
	Fit float64
	// Plain leaves out rules, synergies, work of no feature, second modes and greatest
	// distances: what remains is features, their work, and what requires what.
	Plain bool
}

// Generate makes a problem that looks like the plan of a product organisation of some
// teams, the same for the same options: features of one to six activities over one to
// three pools, most worth their cost, some with a season, a contract that ends or a ramp;
// monthly releases; capacity with holidays and leave. It always has a plan: the rules are
// such that one made beside them, feature after feature, keeps them all.
func Generate(o GenerateOptions) (*Problem, error) {
	g, err := generate(o)
	if err != nil {
		return nil, err
	}
	return g.p, nil
}

func generate(o GenerateOptions) (*generator, error) {
	o.Features, o.Releases, o.Fit = cmp.Or(o.Features, 60), cmp.Or(o.Releases, 12), cmp.Or(o.Fit, 0.7)
	o.Pools = cmp.Or(o.Pools, min(MaxPools, max(2, (o.Features+39)/40)))
	for _, n := range []struct {
		name        string
		value, most int
	}{
		{"features", o.Features, MaxFeatures},
		{"pools", o.Pools, MaxPools},
		{"releases", o.Releases, MaxReleases},
		{"people", o.People, MaxPeople},
	} {
		if n.value < 0 || n.value > n.most {
			return nil, fmt.Errorf("%d %s cannot be made; ask for 0 to %d", n.value, n.name, n.most)
		}
	}
	if !(o.Fit >= 0.05 && o.Fit <= 2) {
		return nil, fmt.Errorf("a fit of %v cannot be made; ask for 0.05 to 2", o.Fit)
	}
	g := &generator{Stream: chance.New(o.Seed), o: o, p: &Problem{Name: fmt.Sprintf("generated %d", o.Seed), Discount: 0.0004}}
	g.calendar()
	g.people()
	for f := range o.Features {
		g.feature(f)
	}
	if !o.Plain {
		g.upkeep()
	}
	g.pools()
	g.witness()
	if !o.Plain {
		g.distances()
		g.rules()
		g.synergies()
	}
	g.p.Uncertainty = Uncertainty{Global: 0.15, Shared: 0.25, Spread: 0.35, Growth: 0.3, GrowthSize: 0.15, Leave: 0.03}
	return g, nil
}

const (
	month     = 21 // working days
	unitPrice = 80 // of a tenth of a person, a day
)

type generator struct {
	*chance.Stream
	o GenerateOptions
	p *Problem
	// of each feature, the numbers of its activities and of the features it requires
	work, requires [][]int
	// the plan the problem has for certain: the start of each activity, or -1, the person
	// who does it, or -1, and the release of each feature, or -1
	start, crew, live []int
}

// about draws from a log-normal distribution with a median.
func (g *generator) about(median, spread float64) float64 {
	return median * math.Exp(spread*chance.Normal(g.Uint64()))
}

// happens is true with a chance.
func (g *generator) happens(p float64) bool { return g.Float64() < p }

// calendar makes the releases: one a month, live two days after its cut-off. Value counts
// for two years after the last of them.
func (g *generator) calendar() {
	for k := range g.o.Releases {
		cut := (k + 1) * month
		g.p.Releases = append(g.p.Releases, Release{ID: fmt.Sprintf("R%d", k+1), CutOff: cut, GoLive: cut + 2, Stabilisation: 3})
	}
	g.p.Horizon = g.o.Releases * month
	g.p.ValueHorizon = g.p.Horizon + 24*month
}

var skills = []string{"design", "security", "data", "law", "hardware"}

// people makes persons with one to three skills, who are away for two weeks a year and
// whose credentials, some of them, begin or end.
func (g *generator) people() {
	for i := range g.o.People {
		p := Person{ID: fmt.Sprintf("N%d", i+1), Cost: float64(600 + 50*g.IntN(11))}
		for n := 1 + g.IntN(3); len(p.Skills) < n; {
			name := skills[(i+len(p.Skills)*(1+i%2))%len(skills)]
			s := Skill{Skill: name, Level: 1 + g.IntN(3)}
			if g.happens(0.1) {
				s.Until = g.p.Horizon/2 + g.IntN(g.p.Horizon)
			} else if g.happens(0.1) {
				s.From = g.IntN(g.p.Horizon / 2)
			}
			p.Skills = append(p.Skills, s)
		}
		for from := g.IntN(12 * month); from < g.p.Horizon; from += 10*month + g.IntN(4*month) {
			p.Away = append(p.Away, Span{From: from, Until: from + 5 + g.IntN(10)})
		}
		g.p.People = append(g.p.People, p)
	}
}

// feature makes a feature with its work and its worth.
func (g *generator) feature(f int) {
	id := fmt.Sprintf("F%d", f+1)
	var requires []int
	if f > 0 && g.happens(0.35) {
		for range 1 + g.IntN(2) {
			if r := max(0, f-1-g.IntN(25)); !slices.Contains(requires, r) {
				requires = append(requires, r)
			}
		}
	}
	g.requires = append(g.requires, requires)

	var pools []int
	for range 1 + g.IntN(3) {
		if p := g.IntN(g.o.Pools); !slices.Contains(pools, p) {
			pools = append(pools, p)
		}
	}
	first, cost := len(g.p.Activities), 0.0
	n := 1 + g.IntN(6)
	size := g.about(200, 0.6) / math.Sqrt(float64(n)) // of an activity, in unit-days
	for i := range n {
		a := g.activity(fmt.Sprintf("%s.%d", id, i+1), pools[g.IntN(len(pools))], g.about(size, 0.5))
		a.Feature = id
		cost += float64(a.Modes[0].planned()*a.Modes[0].Demands[0].Units) * unitPrice
		g.p.Activities = append(g.p.Activities, a)
		if i > 0 && g.happens(0.8) {
			g.link(first+g.IntN(i), first+i)
		}
	}
	var work []int
	for a := first; a < len(g.p.Activities); a++ {
		work = append(work, a)
	}
	g.work = append(g.work, work)
	if len(requires) > 0 && g.happens(0.3) { // what it requires must be finished before it begins
		before := g.work[requires[0]]
		g.link(before[len(before)-1], first)
	}

	feature := Feature{ID: id, Value: g.value(cost * g.about(2.2, 0.7))}
	for _, r := range requires {
		feature.Requires = append(feature.Requires, g.p.Features[r].ID)
	}
	g.p.Features = append(g.p.Features, feature)
}

// activity makes work for a pool, sometimes with a second, dearer way that is quicker, and
// sometimes with people who have a skill.
func (g *generator) activity(id string, pool int, effort float64) Activity {
	units := 5 * (2 + g.IntN(4)) // one person to two and a half
	round := func(x float64) float64 { return math.Round(x*10) / 10 }
	quantiles := func(factor float64) *Effort {
		p50 := max(1, round(effort*factor))
		return &Effort{P10: max(0.5, round(p50*0.65)), P50: p50, P90: round(p50 * (1.5 + g.Float64()))}
	}
	a := Activity{ID: id, Modes: []Mode{{Demands: []Demand{{Pool: fmt.Sprintf("P%d", pool+1), Units: units, Effort: quantiles(1)}}}}}
	if !g.o.Plain && g.happens(0.15) {
		a.Modes[0].Name = "usual"
		a.Modes = append(a.Modes, Mode{Name: "more hands", Demands: []Demand{{Pool: fmt.Sprintf("P%d", pool+1), Units: units * 3 / 2, Effort: quantiles(1.15)}}})
	}
	if len(g.p.People) > 0 && g.happens(0.1) {
		who := &g.p.People[g.IntN(len(g.p.People))]
		s := who.Skills[g.IntN(len(who.Skills))]
		for j := range a.Modes {
			a.Modes[j].Demands = append(a.Modes[j].Demands, Demand{Skill: s.Skill, Level: 1 + g.IntN(s.Level), Units: 1})
		}
	}
	return a
}

func (g *generator) link(from, to int) {
	l := Link{From: g.p.Activities[from].ID, To: g.p.Activities[to].ID}
	switch {
	case g.happens(0.1):
		l.Sort, l.Lag = StartStart, 1+g.IntN(4)
	case g.happens(0.1):
		l.Lag = 1 + g.IntN(3)
	}
	g.p.Links = append(g.p.Links, l)
}

// value makes what comes to about an amount if the feature goes live halfway.
func (g *generator) value(amount float64) Value {
	end, middle := float64(g.p.ValueHorizon), float64(g.p.Horizon)/2
	v := Value{Success: 0.5 + 0.05*float64(g.IntN(11))}
	amount /= v.Success
	rate := amount / (end - middle)
	round := func(x float64) float64 { return math.Round(x*100) / 100 }
	switch g.IntN(6) {
	case 0: // one payment
		v.Lump = round(amount)
	case 1: // a contract that ends, so all of it in a shorter time
		until := middle + (end-middle)*(0.2+0.5*g.Float64())
		v.Rate = Curve{{At: until, Y: round(amount / (until - middle))}, {At: until + 1, Y: 0}}
	case 2: // a season every year
		peak := g.Float64() * 12 * month
		for at := peak; at < end; at += 12 * month {
			v.Rate = append(v.Rate, Point{At: math.Round(at), Y: round(2 * rate)}, Point{At: math.Round(at) + 6*month, Y: 0})
		}
	case 3: // an advantage others catch up with
		v.Rate = Curve{{At: 0, Y: round(2 * rate)}, {At: end, Y: round(rate / 4)}}
	default:
		v.Rate = Curve{{At: 0, Y: round(rate)}}
	}
	if len(v.Rate) > 0 && g.happens(0.6) {
		v.Adoption = Curve{{At: 0, Y: 0.1}, {At: float64(month * (1 + g.IntN(6))), Y: 1}}
	}
	return v
}

// upkeep makes work of no feature: something of two weeks for every fifteen features.
func (g *generator) upkeep() {
	for i := range (g.o.Features + 14) / 15 {
		g.p.Activities = append(g.p.Activities, g.activity(fmt.Sprintf("U%d", i+1), i%g.o.Pools, g.about(80, 0.3)))
	}
}

// pools makes the pools, each large enough that the share that is to fit of its work does.
func (g *generator) pools() {
	work, units := make([]float64, g.o.Pools), make([]int, g.o.Pools)
	index := map[string]int{}
	for i := range g.o.Pools {
		index[fmt.Sprintf("P%d", i+1)] = i
	}
	for i := range g.p.Activities {
		for j := range g.p.Activities[i].Modes {
			m := &g.p.Activities[i].Modes[j]
			d := m.Demands[0]
			at := index[d.Pool]
			units[at] = max(units[at], d.Units)
			if j == 0 {
				work[at] += float64(m.planned() * d.Units)
			}
		}
	}
	for i := range g.o.Pools {
		p := Pool{ID: fmt.Sprintf("P%d", i+1), Reserve: 0.1, Cost: unitPrice}
		// holidays and leave take about a twelfth of the time, the reserve a tenth
		usual := work[i] * g.o.Fit / float64(g.p.Horizon) / 0.9 * 12 / 11
		p.Capacity = min(MaxUnits, max(10*int(math.Ceil(usual/10)), 10*int(math.Ceil(float64(units[i])/9))))
		dip := func(at, days int, share float64) {
			if last := len(p.Changes); (last == 0 || at > p.Changes[last-1].At) && at+days < g.p.Horizon {
				p.Changes = append(p.Changes, Step{At: at, Capacity: int(share * float64(p.Capacity))}, Step{At: at + days, Capacity: p.Capacity})
			}
		}
		for year := 0; year < g.p.Horizon; year += 12 * month {
			dip(year+g.IntN(3*month), 3, 0.7)        // somebody is ill
			dip(year+5*month+g.IntN(month), 20, 0.6) // summer
			dip(year+12*month-7, 5, 0.3)             // the turn of the year
		}
		g.p.Pools = append(g.p.Pools, p)
	}
}

// witness makes a plan of the problem so far: each activity of each feature as soon as it
// can be, in their order; features that do not make the last release are left out.
func (g *generator) witness() {
	n := len(g.p.Activities)
	g.start, g.crew, g.live = make([]int, n), make([]int, n), make([]int, g.o.Features)
	w := &witness{p: g.p, start: g.start, crew: g.crew, index: map[string]int{}, free: map[string][]int{}, before: make([][]*Link, n)}
	for i := range g.p.Activities {
		w.index[g.p.Activities[i].ID] = i
		g.start[i], g.crew[i] = -1, -1
	}
	for i := range g.p.Links {
		to := w.index[g.p.Links[i].To]
		w.before[to] = append(w.before[to], &g.p.Links[i])
	}
	for i := range g.p.Pools {
		p := &g.p.Pools[i]
		row, capacity, changes := make([]int, g.p.Horizon), p.Capacity, p.Changes
		for t := range row {
			for len(changes) > 0 && changes[0].At <= t {
				capacity, changes = changes[0].Capacity, changes[1:]
			}
			row[t] = p.plannable(capacity)
		}
		w.free[p.ID] = row
	}
	w.busy = make([][]bool, len(g.p.People))
	for i := range w.busy {
		w.busy[i] = make([]bool, g.p.Horizon)
		for _, s := range g.p.People[i].Away {
			for t := s.From; t < min(s.Until, g.p.Horizon); t++ {
				w.busy[i][t] = true
			}
		}
	}
	last := 0 // upkeep stands behind the work of features; what finds no place is not asked for
	for i := range g.p.Activities {
		if g.p.Activities[i].Feature != "" {
			last = i + 1
		} else if w.place(i) >= 0 {
			g.p.Activities[last], g.start[last], g.crew[last] = g.p.Activities[i], g.start[i], g.crew[i]
			last++
		}
	}
	g.p.Activities = g.p.Activities[:last]
	for f := range g.live {
		g.live[f] = w.feature(g.work[f], g.requires[f], g.live)
	}
}

type witness struct {
	p           *Problem
	index       map[string]int
	before      [][]*Link // the links to each activity
	start, crew []int
	free        map[string][]int // of each pool in each period
	busy        [][]bool         // each person in each period
}

// feature places a feature and returns its release, or -1 if it has none.
func (w *witness) feature(work, requires, live []int) int {
	release := 0
	for _, r := range requires {
		if live[r] < 0 {
			return -1
		}
		release = max(release, live[r])
	}
	end := 0
	for i, a := range work {
		finish := w.place(a)
		end = max(end, finish)
		if last := &w.p.Releases[len(w.p.Releases)-1]; finish < 0 || end+last.Stabilisation > last.CutOff {
			w.undo(work[:i+1])
			return -1
		}
	}
	for end+w.p.Releases[release].Stabilisation > w.p.Releases[release].CutOff {
		release++
	}
	return release
}

// place finds the first moment for an activity in its first mode, and returns its finish.
func (w *witness) place(a int) int {
	m := &w.p.Activities[a].Modes[0]
	n, from := m.planned(), 0
	for _, l := range w.before[a] {
		b := w.index[l.From]
		at := w.start[b]
		if at < 0 {
			continue
		}
		if l.Sort == FinishStart {
			at += w.p.Activities[b].Modes[0].planned()
		}
		from = max(from, at+l.Lag)
	}
	d := m.Demands[0]
	row := w.free[d.Pool]
	for t, run := from, 0; t < w.p.Horizon; t++ {
		if run++; row[t] < d.Units {
			run = 0
		}
		if run < n {
			continue
		}
		s := t - n + 1
		if len(m.Demands) > 1 {
			who := w.somebody(&m.Demands[1], s, s+n)
			if who < 0 {
				continue
			}
			w.crew[a] = who
			w.seat(who, s, s+n, true)
		}
		for q := s; q < s+n; q++ {
			row[q] -= d.Units
		}
		w.start[a] = s
		return s + n
	}
	return -1
}

func (w *witness) seat(person, from, until int, taken bool) {
	for t := from; t < until; t++ {
		w.busy[person][t] = taken
	}
}

// somebody returns a person who can serve a demand for all of a span, or -1.
func (w *witness) somebody(d *Demand, from, until int) int {
	for i := range w.p.People {
		able := slices.ContainsFunc(w.p.People[i].Skills, func(s Skill) bool {
			return s.Skill == d.Skill && s.Level >= d.Level && s.From <= from && (s.Until == 0 || s.Until >= until)
		})
		if able && !slices.Contains(w.busy[i][from:until], true) {
			return i
		}
	}
	return -1
}

// undo takes activities out again.
func (w *witness) undo(work []int) {
	for _, a := range work {
		s := w.start[a]
		if s < 0 {
			continue
		}
		m := &w.p.Activities[a].Modes[0]
		row := w.free[m.Demands[0].Pool]
		for q := s; q < s+m.planned(); q++ {
			row[q] += m.Demands[0].Units
		}
		if who := w.crew[a]; who >= 0 {
			w.seat(who, s, s+m.planned(), false)
		}
		w.start[a], w.crew[a] = -1, -1
	}
}

// distances gives some links a greatest distance that the witness keeps.
func (g *generator) distances() {
	index := map[string]int{}
	for i := range g.p.Activities {
		index[g.p.Activities[i].ID] = i
	}
	for i := range g.p.Links {
		l := &g.p.Links[i]
		a, b := index[l.From], index[l.To]
		if !g.happens(0.05) || g.p.Activities[a].Feature != g.p.Activities[b].Feature {
			continue
		}
		most := l.Lag + 10
		if g.start[a] >= 0 && g.start[b] >= 0 {
			apart := g.start[b] - g.start[a]
			if l.Sort == FinishStart {
				apart -= g.p.Activities[a].Modes[0].planned()
			}
			most = max(most, apart)
		}
		l.Most = &most
	}
}

// rules makes rules that the witness keeps: in all about one for every five features.
func (g *generator) rules() {
	var built, others []int
	for f, k := range g.live {
		if k >= 0 {
			built = append(built, f)
		} else {
			others = append(others, f)
		}
	}
	needed := make([]bool, g.o.Features)
	for _, r := range g.requires {
		for _, f := range r {
			needed[f] = true
		}
	}
	id := func(f int) string { return g.p.Features[f].ID }
	last := g.o.Releases - 1
	used := map[int]bool{}
	each := func(share float64, from []int, make func(f int) *Rule) {
		for range int(share*float64(g.o.Features) + g.Float64()) {
			if len(from) == 0 {
				return
			}
			f := from[g.IntN(len(from))]
			if used[f] {
				continue
			}
			if r := make(f); r != nil {
				used[f] = true
				r.ID = fmt.Sprintf("%s %d", r.Sort, len(g.p.Rules)+1)
				g.p.Rules = append(g.p.Rules, *r)
			}
		}
	}
	pair := func(f int, fits func(h int) bool) int {
		for range 20 {
			if h := built[g.IntN(len(built))]; h != f && !used[h] && fits(h) {
				used[h] = true
				return h
			}
		}
		return -1
	}
	each(0.03, built, func(f int) *Rule {
		k := min(last, g.live[f]+g.IntN(2))
		return &Rule{Sort: Deadline, Features: []string{id(f)}, At: g.p.Releases[k].GoLive, Weight: 3}
	})
	each(0.06, built, func(f int) *Rule {
		k := g.IntN(g.o.Releases)
		return &Rule{Sort: Deadline, Features: []string{id(f)}, At: g.p.Releases[k].GoLive, Penalty: math.Round(g.about(300, 0.5))}
	})
	each(0.02, built, func(f int) *Rule {
		return &Rule{Sort: InRelease, Features: []string{id(f)}, Release: g.p.Releases[g.live[f]].ID}
	})
	each(0.02, built, func(f int) *Rule {
		return &Rule{Sort: NotBefore, Features: []string{id(f)}, Release: g.p.Releases[g.live[f]].ID}
	})
	each(0.02, others, func(f int) *Rule {
		if needed[f] {
			return nil
		}
		return &Rule{Sort: LeftOut, Features: []string{id(f)}}
	})
	each(0.02, built, func(f int) *Rule {
		h := pair(f, func(h int) bool { return g.live[h] == g.live[f] })
		if h < 0 {
			return nil
		}
		return &Rule{Sort: Together, Features: []string{id(f), id(h)}}
	})
	each(0.02, built, func(f int) *Rule {
		h := pair(f, func(h int) bool { return g.live[h] != g.live[f] })
		if h < 0 {
			return nil
		}
		return &Rule{Sort: Apart, Features: []string{id(f), id(h)}}
	})
	each(0.02, others, func(f int) *Rule {
		if len(built) == 0 {
			return nil
		}
		h := built[g.IntN(len(built))]
		return &Rule{Sort: EitherOr, Features: []string{id(f), id(h)}}
	})
}

// synergies makes one for every ten features.
func (g *generator) synergies() {
	for i := range g.o.Features / 10 {
		a, b := g.IntN(g.o.Features), g.IntN(g.o.Features)
		if a == b {
			continue
		}
		g.p.Synergies = append(g.p.Synergies, Synergy{
			ID: fmt.Sprintf("S%d", i+1), Features: []string{g.p.Features[a].ID, g.p.Features[b].ID},
			Value: Value{Rate: Curve{{At: 0, Y: math.Round(g.about(15, 0.6))}}},
		})
	}
}
