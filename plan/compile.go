package plan

import (
	"fmt"
	"math"
	"slices"
)

// model is a Problem with numbers for names: what all algorithms of the package work on.
// It is made once and only read afterwards.
type model struct {
	p       *Problem
	horizon int
	// The resources are the pools, then the limits of rules that bound how many activities
	// run at once, then the people. supply[r*horizon+t] is what there is of r in period t.
	resources int
	firstHand int // the first resource that is a person
	supply    []int32
	supplyID  []string

	acts     []activity
	seats    []int // the place of each activity's people in a table of them all; one more at the end
	features []feature
	releases []Release
	// soonest[t] is the first release for what is finished at moment t, or len(releases).
	soonest   []int16
	synergies []synergy
	free      []int // activities of no feature
	blocks    []block
	parts     []part
	apart     [][]int
	either    []eitherOr
	discounts []float64   // of each release's go-live
	costs     bool        // whether anything has a price
	lean      [][]float64 // what worths have that the problem's do not; see lean.go
}

type activity struct {
	number   int // its own
	feature  int // or -1
	modes    []mode
	in, out  []arc
	earliest int // start
	latest   int // start
	due      int // the moment it must be finished at
	soft     []softDeadline
	block    int
}

type mode struct {
	index    int // in the problem
	duration int
	pools    []take
	crew     []crew
	cost     float64 // of the pools, not discounted
}

// take is a demand for units of a resource.
type take struct {
	resource int
	units    int32
}

// crew is a demand for people: so many of those who may serve.
type crew struct {
	count int
	may   []int // people, those with the fewest other uses first
	must  []int // people who have to be among them
	skill string
	level int
}

// arc is a link as one of its two activities sees it: the moment of to is at least lag
// after that of from, and at most most.
type arc struct {
	other          int
	fromEnd, toEnd bool
	lag, most      int
	bounded        bool
	link           int // in the problem
}

// softDeadline is a price per period that something is finished after a moment.
type softDeadline struct {
	at      int
	penalty float64
}

type feature struct {
	acts     []int
	requires []int
	needed   []int // features that require it
	together []int // the others of its coupling
	// worth[k] is what going live with release k brings without the work's cost; the last
	// entry is what leaving it out brings.
	worth     []float64
	first     int // the earliest release rules allow
	last      int // the latest one; below first if there is none
	must, out bool
	least     float64 // the least cost of its work, not discounted
	apart     []int   // numbers of the groups it is in
	either    []int
	synergies []int
	block     int
}

type eitherOr struct {
	features []int
	limit    int
}

type synergy struct {
	features []int
	worth    []float64 // by release of the last of them
}

// maxCells bounds the table of supplies, which is the largest thing in memory.
const maxCells = 100_000_000

// compile turns a problem that has no fault into a model. It fails if the rules or links
// can be seen to clash without a search, with an *Infeasible.
func compile(p *Problem) (*model, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	m := &model{p: p, horizon: p.Horizon, releases: p.Releases}
	if err := m.supplies(); err != nil {
		return nil, err
	}
	m.dates()
	m.compileActivities()
	m.compileFeatures()
	if err := m.apply(p.Rules); err != nil {
		return nil, err
	}
	m.excludeCoupled()
	if err := m.propagate(); err != nil {
		return nil, err
	}
	m.formBlocks()
	return m, nil
}

// number gives the elements of a sort their places by ID.
func number[T any](all []T, id func(*T) string) map[string]int {
	out := make(map[string]int, len(all))
	for i := range all {
		out[id(&all[i])] = i
	}
	return out
}

// supplies lays out what there is of each resource in each period.
func (m *model) supplies() error {
	p := m.p
	limits := 0
	for _, r := range p.Rules {
		if r.Sort == AtOnce {
			limits++
		}
	}
	m.firstHand = len(p.Pools) + limits
	m.resources = m.firstHand + len(p.People)
	if cells := m.resources * m.horizon; cells > maxCells {
		return fmt.Errorf("%d pools, limits and people over %d periods are more than %d cells: count in longer periods", m.resources, m.horizon, maxCells)
	}
	m.supply = make([]int32, m.resources*m.horizon)
	for i := range p.Pools {
		pool, row := &p.Pools[i], m.row(m.supply, i)
		capacity, changes := pool.Capacity, pool.Changes
		for t := range row {
			for len(changes) > 0 && changes[0].At <= t {
				capacity, changes = changes[0].Capacity, changes[1:]
			}
			row[t] = int32(pool.plannable(capacity))
		}
		m.supplyID = append(m.supplyID, pool.ID)
		m.costs = m.costs || pool.Cost != 0
	}
	for _, r := range p.Rules {
		if r.Sort == AtOnce {
			row := m.row(m.supply, len(m.supplyID))
			for t := range row {
				row[t] = int32(r.Limit)
			}
			m.supplyID = append(m.supplyID, r.ID)
		}
	}
	for i := range p.People {
		row := m.row(m.supply, len(m.supplyID))
		for t := range row {
			row[t] = 1
		}
		for _, away := range p.People[i].Away {
			for t := max(away.From, 0); t < min(away.Until, m.horizon); t++ {
				row[t] = 0
			}
		}
		m.supplyID = append(m.supplyID, p.People[i].ID)
		m.costs = m.costs || p.People[i].Cost != 0
	}
	return nil
}

func (m *model) row(table []int32, resource int) []int32 {
	return table[resource*m.horizon : (resource+1)*m.horizon]
}

// dates works out with which release goes what is finished when.
func (m *model) dates() {
	m.soonest = make([]int16, m.horizon+1)
	for t := range m.soonest {
		k := slices.IndexFunc(m.releases, func(r Release) bool { return t+r.Stabilisation <= r.CutOff })
		if k < 0 {
			k = len(m.releases)
		}
		m.soonest[t] = int16(k)
	}
	for _, r := range m.releases {
		m.discounts = append(m.discounts, math.Exp(-m.p.Discount*float64(r.GoLive)))
	}
}

func (m *model) compileActivities() {
	p := m.p
	pools := number(p.Pools, func(x *Pool) string { return x.ID })
	features := number(p.Features, func(x *Feature) string { return x.ID })
	numbers := number(p.Activities, func(x *Activity) string { return x.ID })
	m.acts = make([]activity, len(p.Activities))
	for i := range p.Activities {
		from, a := &p.Activities[i], &m.acts[i]
		a.number, a.feature = i, -1
		if from.Feature != "" {
			a.feature = features[from.Feature]
		} else {
			m.free = append(m.free, i)
		}
		a.latest, a.due = m.horizon, m.horizon
		for j := range from.Modes {
			fm := &from.Modes[j]
			to := mode{index: j, duration: fm.planned()}
			for _, d := range fm.Demands {
				switch {
				case d.Units == 0:
				case d.Pool != "":
					pool := pools[d.Pool]
					to.need(pool, int32(d.Units))
					to.cost += float64(d.Units*to.duration) * p.Pools[pool].Cost
				default:
					to.crew = append(to.crew, crew{count: d.Units, skill: d.Skill, level: d.Level, may: m.holders(d.Skill, d.Level)})
				}
			}
			a.modes = append(a.modes, to)
		}
	}
	m.seats = make([]int, len(m.acts)+1)
	for i := range m.acts {
		most := 0
		for _, mo := range m.acts[i].modes {
			n := 0
			for _, c := range mo.crew {
				n += c.count
			}
			most = max(most, n)
		}
		m.seats[i+1] = m.seats[i] + most
	}
	for i, l := range p.Links {
		from, to := numbers[l.From], numbers[l.To]
		c := arc{lag: l.Lag, link: i, fromEnd: l.Sort == FinishStart || l.Sort == FinishFinish, toEnd: l.Sort == FinishFinish || l.Sort == StartFinish}
		if l.Most != nil {
			c.most, c.bounded = *l.Most, true
		}
		c.other = to
		m.acts[from].out = append(m.acts[from].out, c)
		c.other = from
		m.acts[to].in = append(m.acts[to].in, c)
	}
}

// need adds to what the mode takes of a resource.
func (m *mode) need(resource int, units int32) {
	for i := range m.pools {
		if m.pools[i].resource == resource {
			m.pools[i].units += units
			return
		}
	}
	m.pools = append(m.pools, take{resource, units})
}

// holders returns the people who have a skill at a level or above, those with the fewest
// skills first: they are the least missed elsewhere.
func (m *model) holders(skill string, level int) []int {
	var out []int
	for i := range m.p.People {
		if slices.ContainsFunc(m.p.People[i].Skills, func(s Skill) bool { return s.Skill == skill && s.Level >= level }) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return len(m.p.People[a].Skills) - len(m.p.People[b].Skills) })
	return out
}

// able reports whether a person has a skill at a level in all periods from <= t < until.
func (p *Person) able(skill string, level, from, until int) bool {
	for at := from; ; {
		next := at
		for _, s := range p.Skills {
			if s.Skill == skill && s.Level >= level && s.From <= at {
				if s.Until == 0 {
					return true
				}
				next = max(next, s.Until)
			}
		}
		if next >= until && next > at || from >= until {
			return true
		}
		if next == at {
			return false
		}
		at = next
	}
}

func (m *model) compileFeatures() {
	p := m.p
	numbers := number(p.Features, func(x *Feature) string { return x.ID })
	m.features = make([]feature, len(p.Features))
	worth := func(v Value) []float64 {
		out := make([]float64, len(m.releases)+1)
		for k, r := range m.releases {
			out[k] = v.Worth(r.GoLive, p.valueHorizon(), p.Discount)
		}
		return out
	}
	for i := range p.Features {
		f := &m.features[i]
		f.last = len(m.releases) - 1
		f.worth = worth(p.Features[i].Value)
		for _, id := range p.Features[i].Requires {
			g := numbers[id]
			f.requires = append(f.requires, g)
			m.features[g].needed = append(m.features[g].needed, i)
		}
	}
	for i := range m.acts {
		if f := m.acts[i].feature; f >= 0 {
			m.features[f].acts = append(m.features[f].acts, i)
			m.features[f].least += m.leastCost(&m.acts[i])
		}
	}
	for _, s := range p.Synergies {
		var of []int
		for _, id := range s.Features {
			of = append(of, numbers[id])
			m.features[numbers[id]].synergies = append(m.features[numbers[id]].synergies, len(m.synergies))
		}
		m.synergies = append(m.synergies, synergy{of, worth(s.Value)})
	}
	releases := number(p.Releases, func(x *Release) string { return x.ID })
	for _, ref := range p.Reference {
		f, at := &m.features[numbers[ref.Feature]], len(m.releases)
		if ref.Release != "" {
			at = releases[ref.Release]
		}
		for k := range f.worth {
			if k != at {
				f.worth[k] -= p.StabilityPenalty
			}
		}
	}
}

// leastCost returns the least an activity can cost, not discounted.
func (m *model) leastCost(a *activity) float64 {
	least := math.Inf(1)
	for _, mo := range a.modes {
		cost := mo.cost
		for _, c := range mo.crew {
			prices := make([]float64, 0, len(c.may))
			for _, who := range c.may {
				prices = append(prices, m.p.People[who].Cost)
			}
			slices.Sort(prices)
			for _, price := range prices[:min(c.count, len(prices))] {
				cost += price * float64(mo.duration)
			}
		}
		least = min(least, cost)
	}
	return least
}
