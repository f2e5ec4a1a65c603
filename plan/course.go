package plan

import (
	"math"

	"github.com/throughline-pm/throughline/plan/chance"
)

// course is one way the future may go, worked out again and again for one draw after the
// other. It allocates nothing once it is made.
type course struct {
	s       *simulation
	lines   []timeline
	factors []float64 // of each pool and skill: its part of every logarithm of effort
	slower  []float64 // of each pool: how much longer work takes for leave
	grown   []float64 // of each feature: how much more work it is
	struck  []float64 // of each work: the factor of risks
	delays  []int32
	happens []bool // of each risk

	duration, start, finish []int32 // of each work
	live                    []int16 // release of each feature
	ready                   []int32 // of each feature: when its work is finished
	makespan                int32
	value                   float64
	none                    float64 // chance that work does not grow
}

func (s *simulation) newCourse() *course {
	n := len(s.work)
	c := &course{
		s: s, lines: make([]timeline, len(s.lines)), factors: make([]float64, len(s.factors)), slower: make([]float64, len(s.factors)),
		grown: make([]float64, len(s.features)), struck: make([]float64, n), delays: make([]int32, n), happens: make([]bool, len(s.risks)),
		duration: make([]int32, n), start: make([]int32, n), finish: make([]int32, n),
		live: make([]int16, len(s.features)), ready: make([]int32, len(s.features)), none: math.Exp(-s.u.Growth),
	}
	for i := range c.struck {
		c.struck[i] = 1
	}
	for r := range c.lines {
		c.lines[r] = s.lines[r].holding(len(s.users[r]))
	}
	for i := range c.grown {
		c.grown[i] = 1
	}
	return c
}

// run works out the course of a draw.
func (c *course) run(draw uint64) {
	c.draw(draw)
	c.schedule()
	c.release()
	c.price()
}

// leaveSpread is the spread of the logarithm of the share that is away in a pool.
const leaveSpread = 0.5

// draw finds out how long each piece of work takes.
func (c *course) draw(draw uint64) {
	s, part := c.s, chance.Part(draw)
	common := s.global * stratified(s.globalBits, draw)
	for i := range s.factors {
		f := &s.factors[i]
		c.factors[i] = common + s.shared*normal(chance.Extend(f.common, part))
		c.slower[i] = 1
		if f.away {
			away := s.u.Leave * math.Exp(leaveSpread*normal(chance.Extend(f.leave, part))-leaveSpread*leaveSpread/2)
			c.slower[i] = 1 / (1 - min(away, (1+s.u.Leave)/2))
		}
	}
	for _, g := range s.growth {
		c.grown[g.feature] = 1 + s.u.GrowthSize*float64(poisson(chance.Extend(g.name, part), s.u.Growth, c.none))
	}
	for i := range s.risks {
		r := &s.risks[i]
		if c.happens[i] = chance.Uniform(chance.Extend(r.name, part)) < r.chance; c.happens[i] {
			for _, w := range r.work {
				c.struck[w] *= r.factor
				c.delays[w] += r.delay
			}
		}
	}
	for i := range s.work {
		w := &s.work[i]
		length := float64(w.fixed)
		for k := range w.demands {
			u := &w.demands[k]
			z := c.factors[u.pool] + s.own*normal(chance.Extend(u.name, part))
			length = max(length, u.length(z)*c.slower[u.pool])
		}
		if w.growth >= 0 {
			length *= c.grown[w.growth]
		}
		length = length*c.struck[i] + float64(c.delays[i])
		c.duration[i] = int32(min(length, longest) + 0.5)
	}
	for i := range s.risks {
		if c.happens[i] {
			for _, w := range s.risks[i].work {
				c.struck[w], c.delays[w] = 1, 0
			}
		}
	}
}

// longest is what a piece of work takes at most, in ticks.
const longest = 1 << 27

// schedule hands out the resources in the order of the work: each begins at the earliest
// moment at which what it waits for is there and all it takes is free throughout, in a gap
// that earlier ones left if it fits (serial schedule generation, Kelley 1963).
func (c *course) schedule() {
	s := c.s
	for r := range c.lines {
		c.lines[r].reset(&s.lines[r])
	}
	c.makespan = 0
	for i := range s.work {
		w := &s.work[i]
		duration := c.duration[i]
		start := c.waits(w, duration)
		if duration > 0 {
			start = c.place(w.takes, start, duration)
		}
		end := min(start+duration, never)
		c.start[i], c.finish[i] = start, end
		c.makespan = max(c.makespan, end)
	}
}

// waits is the earliest start of work by what comes before it.
func (c *course) waits(w *work, duration int32) int32 {
	start := w.notBefore
	for _, b := range w.after {
		at := c.start[b.work]
		if b.fromEnd {
			at = c.finish[b.work]
		}
		at += b.lag
		if b.toEnd {
			at -= duration
		}
		start = max(start, at)
	}
	return min(start, never)
}

// place takes all of takes from the earliest moment on at which they are free together.
func (c *course) place(takes []take, start, duration int32) int32 {
	if len(takes) == 1 {
		d := &takes[0]
		t := &c.lines[d.resource]
		start, in, last := t.fit(start, duration, d.units)
		if start < never {
			t.take(start, start+duration, d.units, in, last)
		}
		return start
	}
	for agreed := 0; agreed < len(takes); {
		for k := range takes {
			at, _, _ := c.lines[takes[k].resource].fit(start, duration, takes[k].units)
			if at > start {
				start, agreed = at, 0
			}
			if agreed++; agreed == len(takes) {
				break
			}
		}
		if start >= never {
			return never
		}
	}
	for k := range takes {
		t := &c.lines[takes[k].resource]
		_, in, last := t.fit(start, duration, takes[k].units)
		t.take(start, start+duration, takes[k].units, in, last)
	}
	return start
}

// release finds the release of each feature: the first whose cut-off its finished work
// makes, but none before those it is held back for, and none before what it requires.
func (c *course) release() {
	s, m := c.s, c.s.m
	for i := range s.features {
		f := &s.features[i]
		end := int32(0)
		for _, w := range f.work {
			end = max(end, c.finish[w])
		}
		c.ready[i] = end
		k := int16(len(m.releases))
		if f.planned < len(m.releases) {
			k = m.soonest[min(int((end+tick-1)/tick), m.horizon)]
			k = max(k, int16(f.floor))
			if end > int32(m.horizon*tick) {
				k = int16(len(m.releases))
			}
		}
		c.live[i] = k
	}
	s.settle(c.live)
}

// price works out what the course is worth, as [Plan.Value] is worked out. The work of a
// feature that goes live with no release is paid all the same, when it is finished.
func (c *course) price() {
	s, m := c.s, c.s.m
	value := 0.0
	for i := range s.features {
		f, k := &s.features[i], int(c.live[i])
		value += m.features[i].worth[k]
		if !m.costs || len(f.work) == 0 {
			continue
		}
		cost := 0.0
		for _, w := range f.work {
			cost += s.work[w].rate * float64(c.duration[w])
		}
		if k < len(m.releases) {
			value -= cost * m.discounts[k]
		} else {
			value -= cost * math.Exp(-m.p.Discount*float64(c.ready[i])/tick)
		}
	}
	for i := range m.synergies {
		last := int16(0)
		for _, f := range m.synergies[i].features {
			last = max(last, c.live[f])
		}
		if int(last) < len(m.releases) {
			value += m.synergies[i].worth[last]
		}
	}
	for _, i := range s.priced {
		w := &s.work[i]
		if m.costs && m.acts[w.act].feature < 0 {
			value -= w.rate * float64(c.duration[i]) * math.Exp(-m.p.Discount*float64(c.finish[i])/tick)
		}
		for _, d := range w.soft {
			value -= d.penalty * max(0, float64(c.finish[i])/tick-float64(d.at))
		}
	}
	c.value = value
}

// last is the work that ended last, or -1 without any.
func (c *course) last() int {
	at := -1
	for i, end := range c.finish {
		if at < 0 || end > c.finish[at] {
			at = i
		}
	}
	return at
}

// driver returns what held work up until it began, or -1: what it was linked to, or what
// held a resource it needed. It comes earlier in the order.
func (c *course) driver(at int) int {
	w := &c.s.work[at]
	start, latest := c.start[at], -1
	if c.waits(w, c.duration[at]) == start {
		for _, b := range w.after {
			end := c.start[b.work]
			if b.fromEnd {
				end = c.finish[b.work]
			}
			if end += b.lag; b.toEnd {
				end -= c.duration[at]
			}
			if end == start {
				return b.work
			}
		}
		return -1
	}
	for _, d := range w.takes {
		for _, other := range c.s.users[d.resource] {
			if int(other) >= at {
				break
			}
			if end := c.finish[other]; end <= start && (latest < 0 || end > c.finish[latest]) {
				latest = int(other)
			}
		}
	}
	return latest
}
