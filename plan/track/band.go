package track

import "math"

// band returns the quantiles 10 % and 90 % of a chance with mean p that is known as well
// as n outcomes make it: those of the Beta distribution with parameters n·p and n·(1-p).
func band(p, n float64) (low, high float64) {
	return betaQuantile(0.1, n*p, n*(1-p)), betaQuantile(0.9, n*p, n*(1-p))
}

// betaQuantile inverts the Beta distribution function by halving: 60 halvings leave
// nothing a float64 could tell.
func betaQuantile(q, a, b float64) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if mid := (low + high) / 2; betaShare(mid, a, b) < q {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// betaShare is the regularised incomplete beta function I_x(a, b), by its continued
// fraction (Press and others, "Numerical Recipes", 2007, section 6.4; modified Lentz).
func betaShare(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - betaShare(1-x, b, a)
	}
	const tiny = 1e-300
	guard := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/guard(1-(a+b)*x/(a+1))
	fraction := d
	for m := 1.0; m < 1000; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / guard(1+even*d)
		c = guard(1 + even/c)
		fraction *= d * c
		d = 1 / guard(1+odd*d)
		c = guard(1 + odd/c)
		fraction *= d * c
		if math.Abs(d*c-1) < 1e-14 {
			break
		}
	}
	gamma := func(v float64) float64 { g, _ := math.Lgamma(v); return g }
	front := math.Exp(gamma(a+b) - gamma(a) - gamma(b) + a*math.Log(x) + b*math.Log1p(-x))
	return front * fraction / a
}

// Words says a chance in words, for people who would read too much into a number.
type Words string

const (
	Unknown      Words = "hard to say"
	Unlikely     Words = "unlikely"
	RatherNot    Words = "rather not"
	AboutEven    Words = "about even"
	RatherLikely Words = "rather likely"
	Likely       Words = "likely"
)

// widest is the width of the band up to which a chance may be told as a number.
const widest = 0.3

// Number tells whether the chance is known well enough to be shown as a number, with its
// band: 20 outcomes or more, and a band of 30 points at most. If not, show its Words.
func (c Chance) Number() bool { return c.Outcomes >= 20 && c.High-c.Low <= widest }

// Words says the chance in words.
func (c Chance) Words() Words {
	switch {
	case c.High-c.Low > 2*widest:
		return Unknown
	case c.P < 0.2:
		return Unlikely
	case c.P < 0.4:
		return RatherNot
	case c.P < 0.6:
		return AboutEven
	case c.P < 0.8:
		return RatherLikely
	}
	return Likely
}
