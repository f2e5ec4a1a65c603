package plan

import (
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan/chance"
)

// builder makes something of blocks that it is given one after the other: a schedule, or
// the coarser plan by releases alone.
type builder interface {
	reset()
	consider(block int)
	score() score
	copyFrom(builder) // makes it the same as another of its kind
	another() builder
	cells() int // its size
}

// search looks for the order of blocks whose schedule is worth most, by simulated
// annealing (Kirkpatrick, Gelatt and Vecchi 1983) in cycles that grow, each of which
// begins at the best order known. A trial moves or exchanges blocks, and is worked out
// from the first changed place on.
type search struct {
	rng    *chance.Stream
	order  []int32 // of the current schedule
	now    score
	best   score
	bestOf []int32
	trial  builder
	next   []int32
	saved  []builder // the state before every stride-th block of the current order
	fresh  []builder // the same of the trial
	stride int

	heat, cool float64 // temperatures at the begin and the end of a cycle
	cycle      int     // trials of the cycle
	done       int     // trials done in it
	trials     int     // done in all
}

// score orders schedules: fewer lacks are better than any value.
type score struct {
	lacks int
	value float64
}

func (s score) over(t score) bool {
	return s.lacks < t.lacks || s.lacks == t.lacks && s.value > t.value
}

// savings bounds the memory of the saved states, in cells.
const savings = 4_000_000

func newSearch(d builder, order []int32, seed uint64, number int) *search {
	s := &search{rng: chance.New(seed, uint64(number)), trial: d, cycle: 1500}
	count := max(1, min(24, len(order)/4, savings/max(1, d.cells())))
	s.stride = max(1, (len(order)+count-1)/count)
	for range count {
		s.saved = append(s.saved, d.another())
		s.fresh = append(s.fresh, d.another())
	}
	s.order = slices.Clone(order)
	s.next = slices.Clone(order)
	s.restart(order)
	s.best, s.bestOf = s.now, slices.Clone(order)
	return s
}

// restart makes an order the current one.
func (s *search) restart(order []int32) {
	copy(s.order, order)
	copy(s.next, order)
	s.trial.reset()
	s.now = s.runFrom(s.order, 0, s.saved)
}

// runFrom works out the rest of an order on the trial schedule, keeping states on the way.
func (s *search) runFrom(order []int32, from int, keep []builder) score {
	for i := from; i < len(order); i++ {
		if i%s.stride == 0 {
			keep[i/s.stride].copyFrom(s.trial)
		}
		s.trial.consider(int(order[i]))
	}
	return s.trial.score()
}

// run does so many trials.
func (s *search) run(trials int) {
	if len(s.order) < 2 {
		return
	}
	s.trials += trials
	for range trials {
		if s.heat == 0 {
			s.warm()
		}
		if s.done == s.cycle {
			s.done = 0
			s.cycle += s.cycle / 2
			s.restart(s.bestOf)
		}
		temperature := s.heat * math.Pow(s.cool/s.heat, float64(s.done)/float64(s.cycle))
		s.done++
		s.step(temperature)
	}
}

// step tries one change, and takes it if it is better or, with a chance that falls with
// the temperature, a little worse.
func (s *search) step(temperature float64) {
	first := s.change()
	at := first / s.stride
	s.trial.copyFrom(s.saved[at])
	got := s.runFrom(s.next, at*s.stride, s.fresh)
	if !got.over(s.now) && (got.lacks > s.now.lacks || got.value < s.now.value+temperature*math.Log(s.rng.Float64()+1e-300)) {
		copy(s.next[first:], s.order[first:])
		return
	}
	s.now = got
	copy(s.order[first:], s.next[first:])
	for i := at; i < len(s.saved); i++ {
		s.saved[i], s.fresh[i] = s.fresh[i], s.saved[i]
	}
	if s.now.over(s.best) {
		s.best = s.now
		copy(s.bestOf, s.order)
	}
}

// change makes the next order out of the current one and returns the first place that
// differs.
func (s *search) change() int {
	n := len(s.order)
	i := s.rng.IntN(n)
	reach := n
	if s.rng.IntN(3) > 0 {
		reach = max(2, n/12)
	}
	j := i
	for j == i {
		j = min(max(i+s.rng.IntN(2*reach+1)-reach, 0), n-1)
	}
	if s.rng.IntN(3) == 0 {
		s.next[i], s.next[j] = s.next[j], s.next[i]
		return min(i, j)
	}
	b := s.next[i]
	if i < j {
		copy(s.next[i:j], s.next[i+1:j+1])
	} else {
		copy(s.next[j+1:i+1], s.next[j:i])
	}
	s.next[j] = b
	return min(i, j)
}

// warm finds temperatures, by what changes lose on the average: at the first one a loss of
// a tenth of that is taken one time in twenty, at the last one hardly any is.
func (s *search) warm() {
	loss, n := 0.0, 0
	for range 60 {
		first := s.change()
		at := first / s.stride
		s.trial.copyFrom(s.saved[at])
		if got := s.runFrom(s.next, at*s.stride, s.fresh); got.value < s.now.value {
			loss += s.now.value - got.value
			n++
		}
		copy(s.next[first:], s.order[first:])
	}
	s.heat = max(loss/float64(max(n, 1))/30, math.Abs(s.now.value)*1e-7, 1e-9)
	s.cool = s.heat / 200
}
