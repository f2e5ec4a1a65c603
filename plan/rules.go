package plan

import (
	"fmt"
	"math"
	"slices"
)

// Infeasible is the error of a problem no plan can satisfy, with the reason seen first.
// [Conflicts] finds the smallest set of rules that clash.
type Infeasible struct {
	Element string // what cannot be satisfied: `feature "F1"`
	Reason  string
}

func (e *Infeasible) Error() string { return e.Element + ": " + e.Reason }

// apply builds the rules into the model.
func (m *model) apply(rules []Rule) error {
	p := m.p
	features := number(p.Features, func(x *Feature) string { return x.ID })
	activities := number(p.Activities, func(x *Activity) string { return x.ID })
	people := number(p.People, func(x *Person) string { return x.ID })
	releases := number(p.Releases, func(x *Release) string { return x.ID })
	limit := len(p.Pools)
	for i := range rules {
		r := &rules[i]
		var fs []int
		for _, id := range r.Features {
			fs = append(fs, features[id])
		}
		for _, n := range fs {
			f := &m.features[n]
			switch r.Sort {
			case Deadline:
				m.featureDeadline(f, r)
			case InRelease:
				f.must, f.first, f.last = true, max(f.first, releases[r.Release]), min(f.last, releases[r.Release])
			case NotBefore:
				if r.Release != "" {
					f.first = max(f.first, releases[r.Release])
				}
			case LeftOut:
				f.out = true
			case Together:
				for _, other := range fs {
					if other != n && !slices.Contains(f.together, other) {
						f.together = append(f.together, other)
					}
				}
			case Apart:
				f.apart = append(f.apart, len(m.apart))
			case EitherOr:
				f.either = append(f.either, len(m.either))
			}
		}
		switch r.Sort {
		case Apart:
			m.apart = append(m.apart, fs)
		case EitherOr:
			m.either = append(m.either, eitherOr{fs, max(r.Limit, 1)})
		}
		for _, id := range r.Activities {
			if err := m.applyToActivity(&m.acts[activities[id]], r, i, limit, people); err != nil {
				return err
			}
		}
		if r.Sort == AtOnce {
			limit++
		}
	}
	return nil
}

// couplings numbers what can go live only together: features that are coupled, and what
// stands between two of these by requirements. A coupling has a higher number than those
// it requires.
func (m *model) couplings() []int {
	waits := make([][]int, len(m.features))
	for i := range m.features {
		waits[i] = slices.Concat(m.features[i].requires, m.features[i].together)
	}
	return components(waits)
}

// excludeCoupled leaves features out that have to go live together and may not: because
// they have to stand apart, or because that many of a set may not be built.
func (m *model) excludeCoupled() {
	coupling := m.couplings()
	exclude := func(features []int, limit int) {
		count := map[int]int{}
		for _, f := range features {
			if count[coupling[f]]++; count[coupling[f]] > limit {
				m.features[f].out = true
			}
		}
	}
	for _, features := range m.apart {
		exclude(features, 1)
	}
	for _, e := range m.either {
		exclude(e.features, e.limit)
	}
}

// featureDeadline takes a deadline into the feature's releases or into its worth.
func (m *model) featureDeadline(f *feature, r *Rule) {
	if r.Penalty == 0 {
		k := slices.IndexFunc(m.releases, func(k Release) bool { return k.GoLive > r.At })
		if k < 0 {
			k = len(m.releases)
		}
		f.must, f.last = true, min(f.last, k-1)
		return
	}
	weight := r.Penalty * math.Exp(-m.p.Discount*float64(r.At))
	for k := range f.worth {
		live := m.horizon
		if k < len(m.releases) {
			live = m.releases[k].GoLive
		}
		f.worth[k] -= weight * float64(max(0, live-r.At))
	}
}

func (m *model) applyToActivity(a *activity, r *Rule, number, limit int, people map[string]int) error {
	shortest := func() int {
		d := math.MaxInt
		for _, mo := range a.modes {
			d = min(d, mo.duration)
		}
		return d
	}
	switch r.Sort {
	case Deadline:
		if r.Penalty == 0 {
			a.latest = min(a.latest, r.At-shortest())
			a.due = min(a.due, r.At)
		} else {
			a.soft = append(a.soft, softDeadline{r.At, r.Penalty * math.Exp(-m.p.Discount*float64(r.At))})
		}
	case NotBefore:
		a.earliest = max(a.earliest, r.At)
	case StartAt:
		a.earliest, a.latest = max(a.earliest, r.At), min(a.latest, r.At)
	case InMode, ByPerson:
		var kept []mode
		for _, mo := range a.modes {
			if r.Sort == InMode && m.modeName(a, mo) == r.Mode || r.Sort == ByPerson && mo.assign(people[r.Person]) {
				kept = append(kept, mo)
			}
		}
		if len(kept) == 0 {
			return &Infeasible{fmt.Sprintf("rule %q", r.ID), fmt.Sprintf("activity %q has no mode left that fits it", m.activityID(a))}
		}
		a.modes = kept
	case AtOnce:
		for i := range a.modes {
			a.modes[i].need(limit, 1)
		}
	}
	return nil
}

// assign makes a person one of the crew; it reports whether a demand asks for what the
// person can do and has a place left.
func (m *mode) assign(person int) bool {
	for i := range m.crew {
		c := &m.crew[i]
		if slices.Contains(c.may, person) && len(c.must) < c.count {
			c.must = append(c.must, person)
			return true
		}
	}
	return false
}

func (m *model) activityID(a *activity) string { return m.p.Activities[a.number].ID }

func (m *model) modeName(a *activity, mo mode) string {
	return m.p.Activities[a.number].Modes[mo.index].Name
}
