package plan

import (
	"cmp"
	"slices"
)

// sorted returns the blocks by a key, least first; what must be built goes first.
func (m *model) sorted(key func(b int) float64) []int32 {
	keys := make([]float64, len(m.blocks))
	out := make([]int32, len(m.blocks))
	for b := range m.blocks {
		keys[b], out[b] = key(b), int32(b)
	}
	slices.SortStableFunc(out, func(x, y int32) int {
		if bx, by := m.blocks[x].must, m.blocks[y].must; bx != by {
			if bx {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(keys[x], keys[y]), cmp.Compare(x, y))
	})
	return out
}

// byDensity orders by what a block brings at its soonest for the work it takes, the most
// first: the weighted shortest job first of Smith (1956). Work counts by the share of each
// resource it takes.
func (m *model) byDensity(b *bound) []int32 {
	return m.sorted(func(n int) float64 {
		brings, takes := 0.0, 1e-9
		for _, p := range m.blocks[n].parts {
			for _, f := range p.features {
				feat := &m.features[f]
				brings += feat.worth[min(feat.first, len(m.releases))] - feat.worth[len(m.releases)]
				takes += b.share[f]
			}
		}
		return -brings / takes
	})
}

// byBound orders by how much of the releases' time a block is live in the average closure
// of the bound, the most first.
func (m *model) byBound(b *bound) []int32 {
	return m.sorted(func(n int) float64 {
		live, parts := 0.0, 0.0
		for _, p := range m.blocks[n].parts {
			for _, f := range p.features {
				parts++
				for k := range m.releases {
					live += b.mean[b.node(f, k)]
				}
			}
		}
		return -live / max(parts, 1)
	})
}

// byPlan orders as a plan has the work start; what is not in it comes last.
func (m *model) byPlan(p *Plan) []int32 {
	starts := make(map[string]int, len(p.Activities))
	for _, a := range p.Activities {
		starts[a.Activity] = a.Start
	}
	return m.sorted(func(n int) float64 {
		first := m.horizon
		for _, a := range m.blocks[n].acts {
			if at, ok := starts[m.activityID(&m.acts[a])]; ok {
				first = min(first, at)
			}
		}
		return float64(first)
	})
}

// byDeadline orders what must be built by when, the soonest first.
func (m *model) byDeadline() []int32 {
	return m.sorted(func(n int) float64 {
		due := m.horizon
		for _, p := range m.blocks[n].parts {
			for _, f := range p.features {
				if last := m.features[f].last; m.features[f].must && last < len(m.releases) {
					due = min(due, m.closes(max(last, 0)))
				}
			}
		}
		for _, a := range m.blocks[n].acts {
			due = min(due, m.acts[a].due)
		}
		return float64(due)
	})
}
