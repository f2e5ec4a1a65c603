package rcpsp

import (
	"context"
	"math"
	"slices"
)

// exact decides whether a project can be done within a deadline, by search with conflict
// learning over the bounds of the starts (Schutt, Feydy, Stuckey, Wallace, Explaining the
// cumulative propagator, Constraints 16, 2011): precedences and the time-table of each
// resource push bounds, every push can be explained by earlier ones, and each conflict is
// explained back to a clause that keeps the search from running into it again.
//
// Bound 2i is the earliest start of activity i, bound 2i+1 the negative of its latest
// start: so all bounds only rise on the way down the search tree.
type exact struct {
	*project
	deadline int32

	bound   []int32
	trail   []rise
	last    []int32 // of each bound: index in trail of its last rise, or -1
	levels  []int32 // where in trail each decision stands
	done    int     // rises of the trail whose consequences are drawn
	reasons []literal
	from    []int32 // length of reasons before each level

	clauses  []clause
	watchers [][]watcher
	spent    float64 // what a clause or an activity earns by a conflict

	conflict []literal // all true, yet not together
	need     []int32   // of each bound while a conflict is explained; none if not needed
	weight   []float64 // of each activity in recent conflicts

	dirty []bool // by resource: its time-table has changed
	use   []int32

	dives   int // into the tree: each ends in a conflict or a schedule
	restart int // conflicts left until then
	round   int
}

// literal says that a bound is at least k.
type literal struct{ bound, k int32 }

// not returns the literal that holds where l does not.
func (l literal) not() literal { return literal{l.bound ^ 1, 1 - l.k} }

// rise is a bound's rise from old to the value that the trail gave it.
type rise struct {
	bound, old, now int32
	before          int32 // the bound's rise before this one, or -1
	level           int32
	kind            kind
	a, b            int32
}

// kind tells what made a bound rise and what a and b mean.
type kind uint8

const (
	decided    kind = iota
	precedence      // bound a, whose value is less by b
	learned         // clause a
	explained       // literals a to b of reasons
)

type clause struct {
	literals []literal
	weight   float64
}

// watcher waits for a bound to reach k, which makes a literal of the clause false.
type watcher struct{ clause, k int32 }

const none = math.MinInt32

// newExact prepares a search for schedules that meet the deadline.
func newExact(p *project, deadline int32) *exact {
	e := &exact{
		project:  p,
		deadline: deadline,
		bound:    make([]int32, 2*p.n),
		last:     make([]int32, 2*p.n),
		watchers: make([][]watcher, 2*p.n),
		need:     make([]int32, 2*p.n),
		weight:   make([]float64, p.n),
		dirty:    make([]bool, len(p.demand)),
		use:      make([]int32, deadline),
		spent:    1,
	}
	for b := range e.last {
		e.last[b], e.need[b] = -1, none
	}
	for i, head := range p.heads() {
		e.bound[2*i], e.bound[2*i+1] = head, p.tail[i]-deadline
	}
	for k := range e.dirty {
		e.dirty[k] = true
	}
	return e
}

// outcome is what a search comes to.
type outcome int

const (
	undecided outcome = iota
	found
	impossible
)

// search goes on until a schedule that meets the deadline is found, which it writes to
// start, there proves to be none, so many dives into the tree have been made, or the
// context is done. A dive fixes the start of no activity twice.
func (e *exact) search(ctx context.Context, dives int, start []int32) outcome {
	for i := range e.n {
		if e.bound[2*i]+e.bound[2*i+1] > 0 {
			return impossible
		}
	}
	for until := e.dives + dives; ; {
		if !e.propagate() {
			if e.dives >= until && len(e.levels) > 0 {
				e.back(0)
				return undecided
			}
			e.dives++
			e.restart--
			if !e.learn() {
				return impossible
			}
			if e.dives%64 == 0 && ctx.Err() != nil {
				e.back(0)
				return undecided
			}
			continue
		}
		if e.dives >= until {
			e.back(0)
			return undecided
		}
		if e.restart <= 0 {
			e.round++
			e.restart = 60 * luby(e.round)
			e.back(0)
			e.forget()
			continue
		}
		i := e.choose()
		if i < 0 {
			e.dives++
			for i := range start {
				start[i] = e.bound[2*i]
			}
			e.back(0)
			return found
		}
		e.levels = append(e.levels, int32(len(e.trail)))
		e.from = append(e.from, int32(len(e.reasons)))
		e.raise(literal{2*i + 1, -e.bound[2*i]}, rise{kind: decided})
	}
}

// tighten moves the deadline forward. What has been learned stays true.
func (e *exact) tighten(deadline int32) outcome {
	e.deadline = deadline
	for i := range int32(e.n) {
		if !e.raise(literal{2*i + 1, e.tail[i] - deadline}, rise{kind: decided}) {
			return impossible
		}
	}
	return undecided
}

// luby returns the nth number of the sequence 1 1 2 1 1 2 4 … (Luby, Sinclair, Zuckerman,
// Optimal speedup of Las Vegas algorithms, 1993).
func luby(n int) int {
	for size := 1; ; size = 2*size + 1 {
		if n == size {
			return (size + 1) / 2
		}
		if n < size {
			return luby(n - size/2)
		}
	}
}

// choose returns the activity, of those whose start is open, that was most in conflicts
// lately; among equals the one that can start earliest.
func (e *exact) choose() int32 {
	best := int32(-1)
	for i := range int32(e.n) {
		if e.bound[2*i]+e.bound[2*i+1] == 0 {
			continue
		}
		if best < 0 || e.weight[i] > e.weight[best] || e.weight[i] == e.weight[best] && e.bound[2*i] < e.bound[2*best] {
			best = i
		}
	}
	return best
}

// raise makes a literal true for a reason, unless it is already; false if that contradicts
// the opposite bound, in which case conflict says how.
func (e *exact) raise(l literal, why rise) bool {
	if e.bound[l.bound] >= l.k {
		return true
	}
	why.bound, why.old, why.now = l.bound, e.bound[l.bound], l.k
	if l.k+e.bound[l.bound^1] > 0 {
		e.conflict = append(e.reason(e.conflict[:0], why, l.k), l.not())
		return false
	}
	why.before, why.level = e.last[l.bound], int32(len(e.levels))
	e.last[l.bound] = int32(len(e.trail))
	e.trail = append(e.trail, why)
	e.bound[l.bound] = l.k
	for k, demand := range e.demand {
		if demand[l.bound/2] > 0 {
			e.dirty[k] = true
		}
	}
	return true
}

// reason adds the literals from which it followed that the bound rose to k at least.
func (e *exact) reason(to []literal, r rise, k int32) []literal {
	switch r.kind {
	case precedence:
		to = append(to, literal{r.a, k - r.b})
	case learned:
		for _, l := range e.clauses[r.a].literals {
			if l.bound != r.bound || l.k != r.now {
				to = append(to, l.not())
			}
		}
	case explained:
		to = append(to, e.reasons[r.a:r.b]...)
	}
	return to
}

// propagate draws the consequences of all rises; false if they contradict each other.
func (e *exact) propagate() bool {
	for {
		for e.done < len(e.trail) {
			r := e.trail[e.done]
			e.done++
			if !e.precede(r) || !e.watch(r) {
				return false
			}
		}
		k := slices.Index(e.dirty, true)
		if k < 0 {
			return true
		}
		e.dirty[k] = false
		if !e.timetable(k) {
			e.dirty[k] = true
			return false
		}
	}
}

// precede hands a rise on along the precedences.
func (e *exact) precede(r rise) bool {
	i := r.bound / 2
	if r.bound&1 == 0 {
		for _, j := range e.succ.of(i) {
			if !e.raise(literal{2 * j, r.now + e.duration[i]}, rise{kind: precedence, a: r.bound, b: e.duration[i]}) {
				return false
			}
		}
		return true
	}
	for _, j := range e.pred.of(i) {
		if !e.raise(literal{2*j + 1, r.now + e.duration[j]}, rise{kind: precedence, a: r.bound, b: e.duration[j]}) {
			return false
		}
	}
	return true
}

// watch looks after the clauses in which a rise made a watched literal false.
func (e *exact) watch(r rise) bool {
	list := e.watchers[r.bound]
	kept := list[:0]
	for n, w := range list {
		if w.k <= r.old || w.k > r.now {
			kept = append(kept, w)
			continue
		}
		lits := e.clauses[w.clause].literals
		// The false literal goes to the second place.
		if l := lits[0].not(); l.bound == r.bound && l.k == w.k {
			lits[0], lits[1] = lits[1], lits[0]
		}
		if first := lits[0]; e.bound[first.bound] >= first.k {
			kept = append(kept, w)
			continue
		}
		moved := false
		for at := 2; at < len(lits); at++ {
			if l := lits[at].not(); e.bound[l.bound] < l.k {
				lits[1], lits[at] = lits[at], lits[1]
				e.watchers[l.bound] = append(e.watchers[l.bound], watcher{w.clause, l.k})
				moved = true
				break
			}
		}
		if moved {
			continue
		}
		kept = append(kept, w)
		if !e.raise(lits[0], rise{kind: learned, a: w.clause}) {
			e.clauses[w.clause].weight += e.spent
			e.watchers[r.bound] = append(kept, list[n+1:]...)
			return false
		}
	}
	e.watchers[r.bound] = kept
	return true
}

// timetable moves activities behind or before the periods in which those that must be
// running leave too little of the resource.
func (e *exact) timetable(k int) bool {
	demand, capacity := e.demand[k], e.capacity[k]
	use := e.use[:e.deadline]
	clear(use)
	for i, q := range demand {
		if q > 0 {
			for t := -e.bound[2*i+1]; t < e.bound[2*i]+e.duration[i]; t++ {
				use[t] += q
			}
		}
	}
	for t, u := range use {
		if u > capacity {
			e.conflict = e.running(e.conflict[:0], k, int32(t), -1, u-capacity)
			return false
		}
	}
	for i := range int32(e.n) {
		q := demand[i]
		if q == 0 || e.bound[2*i]+e.bound[2*i+1] == 0 {
			continue
		}
		d := e.duration[i]
		// Where it must be running itself its own demand is part of the use, so only the
		// periods beside that part are looked at.
		lst, eft := -e.bound[2*i+1], e.bound[2*i]+d
		known, end := e.bound[2*i], eft
		for t := min(end, lst) - 1; t >= known; t-- {
			if over := use[t] + q - capacity; over > 0 {
				a := int32(len(e.reasons))
				e.reasons = append(e.running(e.reasons, k, t, i, over), literal{2 * i, t + 1 - d})
				if !e.raise(literal{2 * i, t + 1}, rise{kind: explained, a: a, b: int32(len(e.reasons))}) {
					return false
				}
				known, end = end, t+1+d
				t = min(end, lst)
			}
		}
		known, begin := lst+d, lst
		for t := max(begin, eft); t < known; t++ {
			if over := use[t] + q - capacity; over > 0 {
				a := int32(len(e.reasons))
				e.reasons = append(e.running(e.reasons, k, t, i, over), literal{2*i + 1, -t})
				if !e.raise(literal{2*i + 1, d - t}, rise{kind: explained, a: a, b: int32(len(e.reasons))}) {
					return false
				}
				known, begin = begin, t-d
				t = max(begin, eft) - 1
			}
		}
	}
	return true
}

// running adds literals that make activities other than i run in period t on resource k,
// leaving out what is not needed for the resource to be over by something.
func (e *exact) running(to []literal, k int, t, i, over int32) []literal {
	for j, q := range e.demand[k] {
		if q == 0 || int32(j) == i || t < -e.bound[2*j+1] || t >= e.bound[2*j]+e.duration[j] {
			continue
		}
		if q < over {
			over -= q
			continue
		}
		to = append(to, literal{2 * int32(j), t + 1 - e.duration[j]}, literal{2*int32(j) + 1, -t})
	}
	return to
}

// learn explains the conflict by rises of earlier levels and one of the level it came up
// in, the first through which all ways to it lead, goes back to where the clause of this
// leaves only one literal open, and makes that true; false if the conflict needs no
// decision.
func (e *exact) learn() bool {
	level := int32(0)
	for _, l := range e.conflict {
		if at := e.met(l); at >= 0 {
			level = max(level, e.trail[at].level)
		}
	}
	if level == 0 {
		return false
	}
	open := 0 // needs met by rises of this level
	var others []int32
	add := func(l literal) {
		at := e.met(l)
		if at < 0 || e.trail[at].level == 0 {
			return // true from the start
		}
		had := e.need[l.bound]
		if had >= l.k {
			return
		}
		here, hadHere := e.trail[at].level == level, false
		if had == none {
			e.weight[l.bound/2] += e.spent
			others = append(others, l.bound)
		} else {
			hadHere = e.trail[e.met(literal{l.bound, had})].level == level
		}
		e.need[l.bound] = l.k
		if here && !hadHere {
			open++
		}
	}
	for _, l := range e.conflict {
		add(l)
	}
	at := len(e.trail) - 1
	var reason []literal
	var asserting literal
	for {
		r := e.trail[at]
		at--
		k := e.need[r.bound]
		if k == none || k <= r.old {
			continue
		}
		if open == 1 {
			asserting = literal{r.bound, k}.not()
			e.need[r.bound] = none
			break
		}
		e.need[r.bound] = none
		open--
		if r.kind == learned {
			e.clauses[r.a].weight += e.spent
		}
		reason = e.reason(reason[:0], r, k)
		for _, l := range reason {
			add(l)
		}
	}
	lits := []literal{asserting}
	to := int32(0)
	for _, b := range others {
		if e.need[b] == none {
			continue
		}
		l := literal{b, e.need[b]}
		e.need[b] = none
		lits = append(lits, l.not())
		if at := e.trail[e.met(l)].level; at > to {
			to = at
			lits[1], lits[len(lits)-1] = lits[len(lits)-1], lits[1]
		}
	}
	e.spent *= 1.05
	if e.spent > 1e100 {
		for i := range e.weight {
			e.weight[i] *= 1e-100
		}
		for c := range e.clauses {
			e.clauses[c].weight *= 1e-100
		}
		e.spent *= 1e-100
	}
	e.back(int(to))
	if len(lits) == 1 {
		return e.raise(lits[0], rise{kind: decided})
	}
	c := int32(len(e.clauses))
	e.clauses = append(e.clauses, clause{lits, e.spent})
	e.attach(c)
	return e.raise(lits[0], rise{kind: learned, a: c})
}

func (e *exact) attach(c int32) {
	for _, l := range e.clauses[c].literals[:2] {
		l = l.not()
		e.watchers[l.bound] = append(e.watchers[l.bound], watcher{c, l.k})
	}
}

// met returns the index in the trail of the rise that made a literal true, or -1 if it was
// true before the first.
func (e *exact) met(l literal) int32 {
	at := e.last[l.bound]
	for at >= 0 && e.trail[at].old >= l.k {
		at = e.trail[at].before
	}
	return at
}

// back takes all rises behind a level back.
func (e *exact) back(level int) {
	if level >= len(e.levels) {
		return
	}
	for len(e.trail) > int(e.levels[level]) {
		r := e.trail[len(e.trail)-1]
		e.trail = e.trail[:len(e.trail)-1]
		e.bound[r.bound], e.last[r.bound] = r.old, r.before
	}
	e.done = len(e.trail)
	e.reasons = e.reasons[:e.from[level]]
	e.levels, e.from = e.levels[:level], e.from[:level]
}

// forget drops the worse half of the clauses once there are many. It is called where
// nothing is decided, so that no rise needs a clause as its reason.
func (e *exact) forget() {
	if len(e.clauses) < 4000+e.dives/20 {
		return
	}
	weights := make([]float64, len(e.clauses))
	for c := range e.clauses {
		weights[c] = e.clauses[c].weight
	}
	slices.Sort(weights)
	middle := weights[len(weights)/2]
	e.clauses = slices.DeleteFunc(e.clauses, func(c clause) bool { return c.weight < middle && len(c.literals) > 2 })
	for b := range e.watchers {
		e.watchers[b] = e.watchers[b][:0]
	}
	for c := range e.clauses {
		e.attach(int32(c))
	}
}
