package plan

import (
	"fmt"
	"math"
)

// propagate draws what follows from rules, links and releases alone, without counting
// what pools can bear: which features must or cannot be built, the first and last release
// of each, and the earliest start of each activity.
func (m *model) propagate() error {
	for changed := true; changed; {
		changed = m.implied()
		before := m.excluded()
		if err := m.heads(); err != nil {
			return err
		}
		changed = changed || m.excluded() > before
		for i := range m.features {
			f := &m.features[i]
			first := 0
			for _, a := range f.acts {
				first = max(first, int(m.soonest[min(m.acts[a].earliest+m.acts[a].shortest(), m.horizon)]))
			}
			if first > f.first {
				f.first, changed = first, true
			}
			if f.first > f.last && !f.out {
				f.out, changed = true, true
			}
		}
	}
	for i := range m.features {
		f := &m.features[i]
		if f.must && f.out {
			reason := "a rule demands it and another leaves it out, or something it requires"
			if f.first > f.last {
				reason = fmt.Sprintf("it cannot go live before %s and must by %s", m.releaseName(f.first), m.releaseName(f.last))
			}
			return &Infeasible{fmt.Sprintf("feature %q", m.p.Features[i].ID), reason}
		}
	}
	for _, e := range m.either {
		n := 0
		for _, f := range e.features {
			if m.features[f].must {
				n++
			}
		}
		if n > e.limit {
			return &Infeasible{fmt.Sprintf("feature %q", m.p.Features[e.features[0]].ID), fmt.Sprintf("%d features must be built of which at most %d may", n, e.limit)}
		}
	}
	return nil
}

// excluded counts the features that are left out for certain.
func (m *model) excluded() int {
	n := 0
	for i := range m.features {
		if m.features[i].out {
			n++
		}
	}
	return n
}

func (m *model) releaseName(k int) string {
	switch {
	case k < 0:
		return "moment 0"
	case k >= len(m.releases):
		return "the end of all releases"
	}
	return fmt.Sprintf("release %q", m.releases[k].ID)
}

// implied carries must, out, first and last over from feature to feature.
func (m *model) implied() (any bool) {
	for changed := true; changed; any = any || changed {
		changed = false
		set := func(flag *bool, to bool) {
			if to && !*flag {
				*flag, changed = true, true
			}
		}
		for i := range m.features {
			f := &m.features[i]
			for _, r := range f.requires {
				g := &m.features[r]
				set(&g.must, f.must)
				set(&f.out, g.out)
				if g.first > f.first {
					f.first, changed = g.first, true
				}
				if f.must && f.last < g.last {
					g.last, changed = f.last, true
				}
			}
			for _, o := range f.together {
				g := &m.features[o]
				set(&g.must, f.must)
				set(&g.out, f.out)
				if g.first < f.first {
					g.first, changed = f.first, true
				}
				if g.last > f.last {
					g.last, changed = f.last, true
				}
			}
		}
	}
	return any
}

func (a *activity) shortest() int {
	d := math.MaxInt
	for _, mo := range a.modes {
		d = min(d, mo.duration)
	}
	return d
}

func (a *activity) longest() int {
	d := 0
	for _, mo := range a.modes {
		d = max(d, mo.duration)
	}
	return d
}

// heads raises the earliest starts over all links that bind for certain: longest paths in
// the graph of start-to-start differences (Roy 1959), by label correcting.
func (m *model) heads() error {
	rounds := make([]int, len(m.acts))
	queue := make([]int, len(m.acts))
	waits := make([]bool, len(m.acts))
	for i := range queue {
		queue[i], waits[i] = i, true
	}
	raise := func(i, to int) error {
		a := &m.acts[i]
		if to <= a.earliest || m.isOut(a) {
			return nil
		}
		a.earliest = to
		if rounds[i]++; rounds[i] > len(m.acts)+1 || to > m.horizon {
			return m.tooLate(a)
		}
		if !waits[i] {
			waits[i] = true
			queue = append(queue, i)
		}
		return nil
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		waits[i] = false
		a := &m.acts[i]
		for _, c := range a.out {
			if b := &m.acts[c.other]; m.binds(a, b) {
				to := a.earliest + c.lag
				if c.fromEnd {
					to += a.shortest()
				}
				if c.toEnd {
					to -= b.longest()
				}
				if err := raise(c.other, to); err != nil {
					return err
				}
			}
		}
		for _, c := range a.in {
			if b := &m.acts[c.other]; c.bounded && m.binds(a, b) {
				to := a.earliest - c.most
				if c.toEnd {
					to += a.shortest()
				}
				if c.fromEnd {
					to -= b.longest()
				}
				if err := raise(c.other, to); err != nil {
					return err
				}
			}
		}
	}
	for i := range m.acts {
		a := &m.acts[i]
		if (a.earliest > a.latest || a.earliest+a.shortest() > a.due) && !m.isOut(a) {
			if err := m.tooLate(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// tooLate leaves out the feature of an activity that has no time left, or tells that the
// problem cannot be solved if that must not be.
func (m *model) tooLate(a *activity) error {
	if a.feature >= 0 && !m.features[a.feature].must {
		m.features[a.feature].out = true
		return nil
	}
	return &Infeasible{fmt.Sprintf("activity %q", m.activityID(a)), fmt.Sprintf("it cannot start before moment %d and must by %d", a.earliest, min(a.latest, a.due-a.shortest()))}
}

func (m *model) isOut(a *activity) bool { return a.feature >= 0 && m.features[a.feature].out }

// binds reports whether a link from a raises b for certain: whether a is done whenever b
// is.
func (m *model) binds(a, b *activity) bool {
	if a.feature < 0 || a.feature == b.feature || m.features[a.feature].must {
		return true
	}
	if b.feature >= 0 {
		for _, r := range m.features[b.feature].requires {
			if r == a.feature {
				return true
			}
		}
		for _, r := range m.features[b.feature].together {
			if r == a.feature {
				return true
			}
		}
	}
	return false
}
