package plan

import (
	"math"
	"slices"
)

// schedule places work block by block, each activity at the earliest moment its links,
// pools and people allow (serial schedule generation: Kelley 1963, Kolisch 1996, here with
// lags, modes, crews and changing capacity), and each feature with the release worth most
// among those it makes. It keeps what it has placed, so a block can be taken back.
type schedule struct {
	m     *model
	left  []int32 // what is left of each resource in each period
	start []int32 // of each activity, or -1
	mode  []int8
	floor []int32 // the earliest start that placing again demands
	wish  []int32 // starts to keep to if they can be had, or nil
	crew  []int32 // people of each activity that asks for skills, from seats[a] on
	live  []int16 // the release of each feature, or len(releases)
	full  []int   // features that are live, by synergy
	built []int   // features that are live, by either-or group
	state []state // of each block
	log   []placed
	value float64
	lacks int // blocks that must be built and are not
	try   roster
}

type state int8

const (
	unseen state = iota
	inPlan
	leftOut
)

// placed is an entry of the log of what was done: an activity, or a feature, or a block.
type placed struct {
	what   int32
	sort   uint8
	before float64 // the value
}

const (
	placedActivity = iota
	placedFeature
	placedBlock
)

func (m *model) newSchedule() *schedule {
	s := &schedule{
		m:     m,
		left:  slices.Clone(m.supply),
		start: make([]int32, len(m.acts)),
		mode:  make([]int8, len(m.acts)),
		floor: make([]int32, len(m.acts)),
		crew:  make([]int32, m.seats[len(m.acts)]),
		live:  make([]int16, len(m.features)),
		full:  make([]int, len(m.synergies)),
		built: make([]int, len(m.either)),
		state: make([]state, len(m.blocks)),
	}
	s.try.init(m)
	s.reset()
	return s
}

// reset empties the schedule.
func (s *schedule) reset() {
	copy(s.left, s.m.supply)
	for i := range s.start {
		s.start[i] = -1
	}
	for i := range s.live {
		s.live[i] = int16(len(s.m.releases))
	}
	clear(s.full)
	clear(s.built)
	clear(s.state)
	s.log = s.log[:0]
	s.value, s.lacks = s.m.nothing(), 0
}

func (s *schedule) another() builder { return s.m.newSchedule() }

func (s *schedule) score() score { return score{s.lacks, s.value} }

func (s *schedule) cells() int { return len(s.left) + 2*len(s.start) + len(s.live) }

// copyFrom makes the schedule the same as another, but for its log, which begins here.
func (s *schedule) copyFrom(from builder) {
	o := from.(*schedule)
	copy(s.left, o.left)
	copy(s.start, o.start)
	copy(s.mode, o.mode)
	copy(s.crew, o.crew)
	copy(s.live, o.live)
	copy(s.full, o.full)
	copy(s.built, o.built)
	copy(s.state, o.state)
	s.log = s.log[:0]
	s.value, s.lacks = o.value, o.lacks
}

// nothing is what it is worth to build no feature: what leaving each out costs.
func (m *model) nothing() float64 {
	v := 0.0
	for i := range m.features {
		v += m.features[i].worth[len(m.releases)]
	}
	return v
}

// run places the blocks in an order, as far as each is possible and worth its cost.
func (s *schedule) run(order []int32) {
	for _, b := range order {
		s.consider(int(b))
	}
}

// consider builds a block and what it needs if it can be and is worth it; of what its
// links merely wait for, it builds first what is worth building by itself.
func (s *schedule) consider(b int) {
	if s.state[b] != unseen {
		return
	}
	block := &s.m.blocks[b]
	if block.out {
		s.state[b] = leftOut
		return
	}
	for _, w := range block.soft {
		s.consider(w)
	}
	for _, w := range block.hard {
		if s.m.blocks[w].must {
			s.consider(w)
		}
	}
	mark, before := len(s.log), s.value
	if !s.build(b) {
		s.takeBack(mark)
		s.state[b] = leftOut
		if block.must {
			s.lacks++
		}
	} else if s.value <= before && !block.must {
		s.takeBack(mark)
		s.state[b] = leftOut
	}
}

// build places a block and all it requires, or says that it cannot; what it has placed by
// then stands in the log.
func (s *schedule) build(b int) bool {
	block := &s.m.blocks[b]
	if block.out {
		return false
	}
	for _, w := range block.hard {
		if s.state[w] != inPlan && !s.build(w) {
			return false
		}
	}
	mark := len(s.log)
	for _, order := range block.orders {
		if s.placeAll(order) && s.releaseAll(block.parts) {
			break
		}
		s.takeBack(mark)
	}
	if len(s.log) == mark && len(block.acts)+len(block.parts) > 0 {
		return false
	}
	s.log = append(s.log, placed{int32(b), placedBlock | uint8(s.state[b])<<4, s.value})
	s.state[b] = inPlan
	return true
}

// again is how often a block is placed again with one of its activities later, because
// another that may not be far from it, or must end before it, found no place.
const again = 40

// placeAll places the activities of a block.
func (s *schedule) placeAll(acts []int) bool {
	for _, a := range acts {
		s.floor[a] = int32(s.m.acts[a].earliest)
		if s.wish != nil {
			s.floor[a] = max(s.floor[a], s.wish[a])
		}
	}
	mark := len(s.log)
	for range again {
		late, by := -1, 0
		for _, a := range acts {
			if late, by = s.place(a); late != placedWell {
				break
			}
		}
		if late == placedWell || len(acts) == 0 {
			return true
		}
		s.takeBack(mark)
		if late == nowhere || !slices.Contains(acts, late) {
			return false
		}
		s.floor[late] += int32(by)
	}
	s.takeBack(mark)
	return false
}

const (
	placedWell = -1 // answers of place that are no activity
	nowhere    = -2
)

// place places an activity in the mode that ends first, the cheaper of two. If the place
// it found is too late for one that is placed already, it answers with that one and by how
// much it would have to be later.
func (s *schedule) place(a int) (late, by int) {
	act := &s.m.acts[a]
	bestStart, bestMode, bestEnd, bestCost := -1, -1, math.MaxInt, 0.0
	late, by = nowhere, math.MaxInt
	for i := range act.modes {
		mo := &act.modes[i]
		from, to, holder := s.window(act, mo.duration)
		from = max(from, int(s.floor[a]))
		if from > act.latest || from+mo.duration > act.due {
			continue
		}
		t := s.fit(mo, from, min(act.latest, act.due-mo.duration))
		if t < 0 {
			continue
		}
		if t > to {
			if t-to < by {
				late, by = holder, t-to
			}
			continue
		}
		cost := mo.cost
		if end := t + mo.duration; end < bestEnd || end == bestEnd && cost < bestCost {
			bestStart, bestMode, bestEnd, bestCost = t, i, end, cost
		}
	}
	if bestMode < 0 {
		return late, by
	}
	s.put(a, bestMode, bestStart)
	return placedWell, 0
}

// window returns the first and the last start that what is placed already leaves to an
// activity, and the activity that sets the last one.
func (s *schedule) window(act *activity, duration int) (from, to, holder int) {
	to, holder = math.MaxInt, nowhere
	for i := range act.in {
		c := &act.in[i]
		if s.start[c.other] < 0 {
			continue
		}
		at := int(s.start[c.other])
		if c.fromEnd {
			at = s.end(c.other)
		}
		if c.toEnd {
			at -= duration
		}
		from = max(from, at+c.lag)
		if c.bounded && at+c.most < to {
			to, holder = at+c.most, c.other
		}
	}
	for i := range act.out {
		c := &act.out[i]
		if s.start[c.other] < 0 {
			continue
		}
		at := int(s.start[c.other])
		if c.toEnd {
			at = s.end(c.other)
		}
		if c.fromEnd {
			at -= duration
		}
		if at-c.lag < to {
			to, holder = at-c.lag, c.other
		}
		if c.bounded {
			from = max(from, at-c.most)
		}
	}
	return max(from, 0), to, holder
}

// people returns who does an activity that is placed.
func (s *schedule) people(a int) []int32 {
	n := 0
	for _, c := range s.m.acts[a].modes[s.mode[a]].crew {
		n += c.count
	}
	return s.crew[s.m.seats[a]:][:n]
}

func (s *schedule) end(a int) int {
	return int(s.start[a]) + s.m.acts[a].modes[s.mode[a]].duration
}

// fit returns the earliest moment from from to latest at which pools and people can bear
// the mode, or -1.
func (s *schedule) fit(mo *mode, from, latest int) int {
	h := s.m.horizon
	for t := from; t <= latest; {
		clash := -1
		for _, d := range mo.pools {
			row := s.left[d.resource*h:][:h]
			for q := t + mo.duration - 1; q >= t && q > clash; q-- {
				if row[q] < d.units {
					clash = q
					break
				}
			}
		}
		if clash >= 0 {
			t = clash + 1
			continue
		}
		if len(mo.crew) == 0 {
			return t
		}
		next, ok := s.try.muster(s, mo, t)
		if ok {
			return t
		}
		if next < 0 {
			return -1
		}
		t = next
	}
	return -1
}

// put lets an activity run from a moment at which it fits.
func (s *schedule) put(a, number, t int) {
	act := &s.m.acts[a]
	mo := &act.modes[number]
	s.start[a], s.mode[a] = int32(t), int8(number)
	s.log = append(s.log, placed{int32(a), placedActivity, s.value})
	s.take(mo, t, -1)
	if len(mo.crew) > 0 {
		s.try.muster(s, mo, t)
		for i, who := range s.try.chosen {
			s.crew[s.m.seats[a]+i] = int32(who)
			s.occupy(int32(who), t, mo.duration, -1)
		}
	}
	end := t + mo.duration
	if act.feature < 0 && s.m.costs {
		s.value -= s.costOf(a) * math.Exp(-s.m.p.Discount*float64(end))
	}
	for _, d := range act.soft {
		s.value -= d.penalty * float64(max(0, end-d.at))
	}
}

// take takes what a mode needs of the pools, or with +1 gives it back.
func (s *schedule) take(mo *mode, t int, sign int32) {
	for _, d := range mo.pools {
		row := s.left[d.resource*s.m.horizon:][t : t+mo.duration]
		units := sign * d.units
		for q := range row {
			row[q] += units
		}
	}
}

func (s *schedule) occupy(person int32, t, duration int, sign int32) {
	row := s.left[(s.m.firstHand+int(person))*s.m.horizon:][t : t+duration]
	for q := range row {
		row[q] += sign
	}
}

func (s *schedule) releaseAll(parts []part) bool {
	for i := range parts {
		if !s.release(&parts[i]) {
			return false
		}
	}
	return true
}

// release lets the features of a part go live, all with one release: the one worth most of
// those all of them make. It reports false if there is none.
func (s *schedule) release(p *part) bool {
	m := s.m
	k := 0
	for _, n := range p.features {
		f := &m.features[n]
		for _, a := range f.acts {
			k = max(k, int(m.soonest[s.end(a)]))
		}
		for _, r := range f.requires {
			if !slices.Contains(p.features, r) {
				k = max(k, int(s.live[r]))
			}
		}
		for _, e := range f.either {
			if s.built[e] >= m.either[e].limit {
				return false
			}
		}
	}
	k = int(p.best[min(k, len(m.releases))])
	for k < len(m.releases) && s.meets(p, k) {
		k = int(p.best[k+1])
	}
	if k == len(m.releases) {
		return false
	}
	for _, n := range p.features {
		f := &m.features[n]
		s.log = append(s.log, placed{int32(n), placedFeature, s.value})
		s.live[n] = int16(k)
		s.value += f.worth[k] - f.worth[len(m.releases)]
		if m.costs {
			s.value -= s.cost(f) * m.discounts[k]
		}
		for _, y := range f.synergies {
			if s.full[y]++; s.full[y] == len(m.synergies[y].features) {
				last := 0
				for _, g := range m.synergies[y].features {
					last = max(last, int(s.live[g]))
				}
				s.value += m.synergies[y].worth[last]
			}
		}
		for _, e := range f.either {
			s.built[e]++
		}
	}
	return true
}

// meets reports whether a part would go live with a feature it has to stand apart from.
func (s *schedule) meets(p *part, k int) bool {
	for _, n := range p.features {
		for _, g := range s.m.features[n].apart {
			for _, other := range s.m.apart[g] {
				if other != n && int(s.live[other]) == k {
					return true
				}
			}
		}
	}
	return false
}

// valueOf is what a schedule is worth, told by the model's worths, not by those it was made
// with.
func (m *model) valueOf(s *schedule) float64 {
	v := 0.0
	for i := range m.features {
		f, k := &m.features[i], s.live[i]
		v += f.worth[k]
		if int(k) < len(m.releases) && m.costs {
			v -= s.cost(f) * m.discounts[k]
		}
	}
	for _, y := range m.synergies {
		last := 0
		for _, f := range y.features {
			last = max(last, int(s.live[f]))
		}
		v += y.worth[last]
	}
	for i := range m.acts {
		if s.start[i] < 0 {
			continue
		}
		a := &m.acts[i]
		if a.feature < 0 && m.costs {
			v -= s.costOf(i) * math.Exp(-m.p.Discount*float64(s.end(i)))
		}
		for _, d := range a.soft {
			v -= d.penalty * float64(max(0, s.end(i)-d.at))
		}
	}
	return v
}

// cost is what the work of a feature costs, not discounted.
func (s *schedule) cost(f *feature) float64 {
	sum := 0.0
	for _, a := range f.acts {
		sum += s.costOf(a)
	}
	return sum
}

func (s *schedule) costOf(a int) float64 {
	mo := &s.m.acts[a].modes[s.mode[a]]
	sum := mo.cost
	if len(mo.crew) > 0 {
		for _, who := range s.people(a) {
			sum += s.m.p.People[who].Cost * float64(mo.duration)
		}
	}
	return sum
}

// takeBack undoes all that was done since the log had the given length.
func (s *schedule) takeBack(mark int) {
	for n := len(s.log) - 1; n >= mark; n-- {
		e := s.log[n]
		s.value = e.before
		what := int(e.what)
		switch e.sort & 15 {
		case placedActivity:
			act := &s.m.acts[what]
			mo := &act.modes[s.mode[what]]
			s.take(mo, int(s.start[what]), 1)
			if len(mo.crew) > 0 {
				for _, who := range s.people(what) {
					s.occupy(who, int(s.start[what]), mo.duration, 1)
				}
			}
			s.start[what] = -1
		case placedFeature:
			f := &s.m.features[what]
			s.live[what] = int16(len(s.m.releases))
			for _, y := range f.synergies {
				s.full[y]--
			}
			for _, e := range f.either {
				s.built[e]--
			}
		case placedBlock:
			s.state[what] = state(e.sort >> 4)
		}
	}
	s.log = s.log[:mark]
}
