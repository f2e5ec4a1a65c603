package plan

import "math"

// at returns the curve's value at a moment; an empty curve has the given one.
func (c Curve) at(x, empty float64) float64 {
	switch n := len(c); {
	case n == 0:
		return empty
	case x <= c[0].At:
		return c[0].Y
	case x >= c[n-1].At:
		return c[n-1].Y
	}
	for i := 1; ; i++ {
		if a, b := c[i-1], c[i]; x <= b.At {
			return a.Y + (b.Y-a.Y)*(x-a.At)/(b.At-a.At)
		}
	}
}

// Worth returns what the value comes to when it goes live at moment live: the present
// value, at moment 0, of what is gained up to moment end, with a continuous discount rate
// per period. It is 0 from end on.
//
// Rate and adoption are piecewise linear, so between two corners their product is a
// polynomial of second degree, whose integral with the discount has a closed form.
func (v Value) Worth(live, end int, discount float64) float64 {
	if live >= end {
		return 0
	}
	success := v.Success
	if success == 0 {
		success = 1
	}
	sum := v.Lump * math.Exp(-discount*float64(live))
	if len(v.Rate) == 0 {
		return success * sum
	}
	for from := float64(live); from < float64(end); {
		to := min(float64(end), v.Rate.corner(from), float64(live)+v.Adoption.corner(from-float64(live)))
		h := to - from
		r0, r1 := v.Rate.at(from, 0), v.Rate.at(to, 0)
		a0, a1 := v.Adoption.at(from-float64(live), 1), v.Adoption.at(to-float64(live), 1)
		dr, da := (r1-r0)/h, (a1-a0)/h
		m0, m1, m2 := discounted(h, discount)
		sum += math.Exp(-discount*from) * (r0*a0*m0 + (r0*da+a0*dr)*m1 + dr*da*m2)
		from = to
	}
	return success * sum
}

// corner returns where the curve bends next after x.
func (c Curve) corner(x float64) float64 {
	for _, p := range c {
		if p.At > x {
			return p.At
		}
	}
	return math.Inf(1)
}

// discounted returns the integrals of 1, x and x² times e^(-ρx) from 0 to h. Where ρh is
// small the closed forms lose their digits, so their power series stand in.
func discounted(h, rho float64) (m0, m1, m2 float64) {
	y := rho * h
	if y > 0.5 {
		e := math.Exp(-y)
		m0 = (1 - e) / rho
		m1 = (m0 - h*e) / rho
		m2 = (2*m1 - h*h*e) / rho
		return m0, m1, m2
	}
	term := 1.0
	for j := 0.0; j < 20; j++ {
		m0 += term / (1 + j)
		m1 += term / (2 + j)
		m2 += term / (3 + j)
		term *= -y / (j + 1)
	}
	return m0 * h, m1 * h * h, m2 * h * h * h
}
