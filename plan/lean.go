package plan

import "slices"

// A model can lean: its searches see other worths than the problem's, so that they keep to
// a plan that is known, or keep away from it. What a plan is worth is always told by the
// model that does not.

// leanTo returns a model that is the same but for what is added to the worth of each
// feature's places.
func (m *model) leanTo(more func(feature, release int) float64) *model {
	out := *m
	out.features = slices.Clone(m.features)
	out.lean = make([][]float64, len(m.features))
	for i := range out.features {
		f := &out.features[i]
		f.worth = slices.Clone(f.worth)
		out.lean[i] = make([]float64, len(f.worth))
		for k := range f.worth {
			out.lean[i][k] = more(i, k)
			f.worth[k] += out.lean[i][k]
		}
	}
	out.blocks = nil
	out.formBlocks()
	return &out
}

// leaning is what leaning adds to the worth of a schedule.
func (m *model) leaning(s *schedule) float64 {
	sum := 0.0
	for f, lean := range m.lean {
		sum += lean[s.live[f]]
	}
	return sum
}

// keeping returns a model that leans to where a plan has its features: moving a tenth of
// them costs half a percent of the plan's value.
func (m *model) keeping(p *Plan) *model {
	at := m.placesOf(p)
	moved := max(1, 0.1*float64(len(m.features)))
	price := 0.005 * max(p.Value, -p.Value) / moved
	return m.leanTo(func(f, k int) float64 {
		if at[f] < 0 || at[f] == k {
			return 0
		}
		return -price
	})
}

// replay makes a schedule that is as near to a plan as the model lets it: each activity
// starts when it did, or as soon after that as it can.
func (m *model) replay(p *Plan) *schedule {
	s := m.newSchedule()
	s.wish = make([]int32, len(m.acts))
	starts := make(map[string]int, len(p.Activities))
	for _, a := range p.Activities {
		starts[a.Activity] = a.Start
	}
	for i := range m.acts {
		s.wish[i] = int32(min(starts[m.activityID(&m.acts[i])], m.horizon))
	}
	s.run(m.byPlan(p))
	return s
}

// placesOf returns the release a plan has each feature in, len(releases) for one that is
// left out and -1 for one the plan does not know.
func (m *model) placesOf(p *Plan) []int {
	releases := number(m.releases, func(r *Release) string { return r.ID })
	planned := number(p.Features, func(f *PlannedFeature) string { return f.Feature })
	out := make([]int, len(m.features))
	for i := range out {
		n, ok := planned[m.p.Features[i].ID]
		if !ok {
			out[i] = -1
			continue
		}
		out[i] = len(m.releases)
		if r := p.Features[n].Release; r != "" {
			if k, ok := releases[r]; ok {
				out[i] = k
			} else {
				out[i] = -1
			}
		}
	}
	return out
}
