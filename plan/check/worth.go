package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan"
)

// close says whether two amounts are the same but for rounding, on the scale of a third.
func close(a, b, scale float64) bool {
	return math.Abs(a-b) <= 1e-7*(1+scale) // so that NaN is close to nothing
}

// worth works out anew what the plan is worth, and compares.
func (c *checker) worth() {
	total, scale := 0.0, 0.0
	count := func(x float64) { total, scale = total+x, scale+math.Abs(x) }
	fade := func(t int) float64 { return math.Exp(-c.p.Discount * float64(t)) }

	cost := map[string]float64{} // of the work of each feature, not discounted
	for _, x := range c.order {
		price := 0.0
		for _, d := range x.mode.Demands {
			if d.Pool != "" {
				price += float64(d.Units) * c.pool[d.Pool].Cost
			}
		}
		for _, who := range x.people {
			price += c.person[who].Cost
		}
		price *= float64(x.finish - x.start)
		if f := x.activity.Feature; f != "" {
			cost[f] += price
		} else {
			count(-price * fade(x.finish))
		}
	}

	for i := range c.p.Features {
		f := &c.p.Features[i]
		own, size := 0.0, 0.0
		add := func(x float64) { own, size = own+x, size+math.Abs(x); count(x) }
		at := c.p.Horizon
		if k := c.live[f.ID]; k >= 0 {
			at = c.p.Releases[k].GoLive
			add(c.value(f.Value, at))
			add(-cost[f.ID] * fade(at))
		}
		for _, r := range c.p.Rules {
			if r.Sort == plan.Deadline && r.Penalty > 0 && slices.Contains(r.Features, f.ID) {
				add(-r.Penalty * float64(max(0, at-r.At)) * fade(r.At))
			}
		}
		for _, ref := range c.p.Reference {
			if ref.Feature == f.ID && ref.Release != c.a.Features[i].Release {
				add(-c.p.StabilityPenalty)
			}
		}
		if told := c.a.Features[i].Value; !close(told, own, size) {
			c.add(fmt.Sprintf("feature %q", f.ID), "its value is told as %v; it is %v", told, own)
		}
	}

	for _, s := range c.p.Synergies {
		last := -1
		for _, f := range s.Features {
			if c.live[f] < 0 {
				last = -1
				break
			}
			last = max(last, c.live[f])
		}
		if last >= 0 {
			count(c.value(s.Value, c.p.Releases[last].GoLive))
		}
	}
	for _, r := range c.p.Rules {
		if r.Sort == plan.Deadline && r.Penalty > 0 {
			for _, id := range r.Activities {
				if x := c.place[id]; x != nil {
					count(-r.Penalty * float64(max(0, x.finish-r.At)) * fade(r.At))
				}
			}
		}
	}

	if !close(c.a.Value, total, scale) {
		c.add("plan", "its value is told as %v; it is %v", c.a.Value, total)
	}
	c.bound(scale)
}

// bound checks that what the plan says of its bound fits together. That no plan is worth
// more is not checked; it would take a search.
func (c *checker) bound(scale float64) {
	value, bound := c.a.Value, c.a.Bound
	if !(bound >= value-1e-7*(1+scale)) || math.IsInf(bound, 0) {
		c.add("plan", "its bound %v is below its value %v, or no number", bound, value)
		return
	}
	gap := 0.0
	if bound > value {
		gap = (bound - value) / math.Abs(bound)
	}
	if c.a.Gap != gap && !close(c.a.Gap, gap, gap) {
		c.add("plan", "its gap is told as %v; by its value and bound it is %v", c.a.Gap, gap)
	}
	if c.a.Evaluations < 0 {
		c.add("plan", "it took %d evaluations", c.a.Evaluations)
	}
}

// value integrates what something brings that goes live at a moment, by Simpson's rule
// over pieces that end wherever a curve has a corner.
func (c *checker) value(v plan.Value, live int) float64 {
	end := c.p.ValueHorizon
	if end == 0 {
		end = c.p.Horizon
	}
	if live >= end {
		return 0
	}
	rho, from := c.p.Discount, float64(live)
	cuts := []float64{from, float64(end)}
	for _, p := range v.Rate {
		cuts = append(cuts, p.At)
	}
	for _, p := range v.Adoption {
		cuts = append(cuts, p.At+from)
	}
	slices.Sort(cuts)
	flow := func(s float64) float64 {
		share := 1.0
		if len(v.Adoption) > 0 {
			share = height(v.Adoption, s-from)
		}
		return height(v.Rate, s) * share * math.Exp(-rho*s)
	}
	sum := v.Lump * math.Exp(-rho*from)
	for i := 1; i < len(cuts); i++ {
		a, b := max(cuts[i-1], from), min(cuts[i], float64(end))
		if rho > 0 {
			b = min(b, from+100/rho) // behind that it is worth nothing
		}
		if a >= b || len(v.Rate) == 0 {
			continue
		}
		n := 16 * (1 + int(rho*(b-a)*4)) // fine enough for the discount to be nearly straight
		h := (b - a) / float64(2*n)
		part := flow(a) + flow(b)
		for j := 1; j < 2*n; j++ {
			part += float64(2+2*(j%2)) * flow(a+h*float64(j))
		}
		sum += part * h / 3
	}
	if v.Success != 0 {
		sum *= v.Success
	}
	return sum
}

// height is that of a curve at a place.
func height(c plan.Curve, at float64) float64 {
	for i, p := range c {
		if at <= p.At {
			if i == 0 {
				return p.Y
			}
			b := c[i-1]
			return b.Y + (p.Y-b.Y)*(at-b.At)/(p.At-b.At)
		}
	}
	if len(c) == 0 {
		return 0
	}
	return c[len(c)-1].Y
}
