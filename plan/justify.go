package plan

import (
	"cmp"
	"slices"
)

// polish justifies a schedule until that no longer makes it worth more, and returns how
// often it worked one out.
func (s *schedule) polish(order []int32) (evaluations int) {
	best := s.another()
	for {
		best.copyFrom(s)
		s.justify(order)
		evaluations += 2 // one late, one early
		if !s.score().over(best.score()) {
			s.copyFrom(best)
			return evaluations
		}
	}
}

// justify shifts the work of a schedule as late as its releases allow, last finished
// first, and then as early as it can go, first started first (double justification: Valls,
// Ballestín and Quintanilla 2005). What is left out gets another chance in the room that
// makes. It changes the schedule; what it is worth then may be more or less.
func (s *schedule) justify(order []int32) {
	m := s.m
	var acts []int
	for a := range s.start {
		if s.start[a] >= 0 {
			acts = append(acts, a)
		}
	}
	slices.SortFunc(acts, func(a, b int) int { return cmp.Or(cmp.Compare(s.end(b), s.end(a)), cmp.Compare(b, a)) })
	for _, a := range acts {
		act := &m.acts[a]
		due := min(act.due, m.horizon)
		if act.feature >= 0 {
			due = min(due, m.closes(int(s.live[act.feature])))
		}
		s.shiftLate(a, due)
	}
	slices.SortFunc(acts, func(a, b int) int { return cmp.Or(cmp.Compare(s.start[a], s.start[b]), cmp.Compare(a, b)) })
	for _, a := range acts {
		s.shiftEarly(a)
	}
	s.settle(order)
}

// shiftLate moves an activity to the latest moment at which its links, its pools and its
// people let it end by a moment due; it never moves it earlier.
func (s *schedule) shiftLate(a, due int) {
	act := &s.m.acts[a]
	mo := &act.modes[s.mode[a]]
	was := int(s.start[a])
	s.lift(a)
	_, to, _ := s.window(act, mo.duration)
	to = min(to, due-mo.duration, act.latest)
	for t := to; t > was; t-- {
		if at := s.fit(mo, t, t); at == t {
			s.put(a, int(s.mode[a]), t)
			return
		}
	}
	s.put(a, int(s.mode[a]), was)
}

// shiftEarly moves an activity to the earliest moment it can have.
func (s *schedule) shiftEarly(a int) {
	act := &s.m.acts[a]
	mo := &act.modes[s.mode[a]]
	was := int(s.start[a])
	s.lift(a)
	from, _, _ := s.window(act, mo.duration)
	t := s.fit(mo, max(from, act.earliest), was)
	if t < 0 {
		t = was
	}
	s.put(a, int(s.mode[a]), t)
}

// settle finds the releases of all features anew, and offers the room that is left to what
// was left out.
func (s *schedule) settle(order []int32) {
	m := s.m
	s.value, s.lacks = m.nothing(), 0
	s.log = s.log[:0]
	clear(s.full)
	clear(s.built)
	for i := range s.live {
		s.live[i] = int16(len(m.releases))
	}
	for _, b := range order {
		if s.state[b] != inPlan {
			s.state[b] = unseen
		}
	}
	for i := range m.parts {
		if s.state[m.features[m.parts[i].features[0]].block] == inPlan && !s.release(&m.parts[i]) {
			s.lacks++
		}
	}
	s.value = m.valueOf(s)
	s.log = s.log[:0]
	s.run(order)
}
