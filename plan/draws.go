package plan

import (
	"math"
	"slices"
	"sort"

	"github.com/throughline-pm/throughline/plan/chance"
)

// The purposes of draws, which are part of their names: each draw is made of the seed, its
// purpose, the element it is for and the number of the simulated course, so that another
// element, or another amount of effort, leaves it as it was (common random numbers).
const (
	drawGlobal = iota
	drawPool
	drawLeave
	drawEffort
	drawRisk
	drawGrowth
)

// uncertain is how the work of a demand varies: its length is base times a factor whose
// logarithm is normal, or one of the samples.
type uncertain struct {
	base    float64    // ticks, at the median
	spread  [2]float64 // of the logarithm, above the median and below it
	samples []float64
	pool    int    // what it shares its fortune with
	name    uint64 // of its draws
}

// length is the time the work takes, in ticks, where z says how it went: a draw from the
// normal distribution.
func (u *uncertain) length(z float64) float64 {
	if u.samples != nil {
		q := 0.5 * math.Erfc(-z/math.Sqrt2)
		return u.base * u.samples[min(int(q*float64(len(u.samples))), len(u.samples)-1)]
	}
	return u.base * exp(u.spread[math.Float64bits(z)>>63]*z)
}

// fit takes the distribution over from the demand's effort. Three quantiles ask for a
// spread on either side of the median, so that all of them are met; if P50²=P10·P90 it is
// one log-normal distribution.
func (u *uncertain) fit(e *Effort, standard float64) {
	switch {
	case e == nil:
		u.spread = [2]float64{standard, standard}
	case len(e.Samples) > 0:
		u.samples = slices.Clone(e.Samples)
		sort.Float64s(u.samples)
		for i := range u.samples {
			u.samples[i] /= e.Median()
		}
	default:
		u.spread = [2]float64{math.Log(e.P90/e.P50) / normalP90, math.Log(e.P50/e.P10) / normalP90}
	}
}

// exp is e^x to 12 digits for x from -700 to 700, in half the time of math.Exp: x is split
// into a multiple of ln 2/128, whose power stands in a table, and a rest with few terms of
// the series.
func exp(x float64) float64 {
	const per = 128
	k := math.Floor(x*(per/math.Ln2) + 0.5)
	r := x - k*(math.Ln2/per)
	n := int(k)
	scale := math.Float64frombits(uint64(n>>7+1023) << 52)
	return scale * powers[n&(per-1)] * (1 + r*(1+r*(0.5+r*(1.0/6+r/24))))
}

// powers are the 128th roots of 2, 0 to 127 times multiplied.
var powers = func() (out [128]float64) {
	for i := range out {
		out[i] = math.Exp2(float64(i) / 128)
	}
	return out
}()

// normals tabulates the quantiles of the normal distribution. Between its entries lines
// are near enough, but for the outer 64ths, which are worked out.
var normals = func() (out [1025]float64) {
	for i := 1; i < 1024; i++ {
		out[i] = math.Sqrt2 * math.Erfinv(float64(i)/512-1)
	}
	return out
}()

// normal turns random bits into a draw from the normal distribution.
func normal(bits uint64) float64 {
	i := bits >> 54
	if i < 16 || i >= 1024-16 {
		return chance.Normal(bits)
	}
	rest := float64(bits<<10>>11) / (1 << 53)
	return normals[i] + rest*(normals[i+1]-normals[i])
}

// stratified is draw number n of a sequence that fills the interval from 0 to 1 evenly
// whatever its length: the multiples of the golden ratio, from a random start (Cranley and
// Patterson 1976). It serves the one factor that moves everything.
func stratified(bits, n uint64) float64 {
	return chance.Normal(bits + n*0x9e3779b97f4a7c15)
}

// poisson is a draw from the Poisson distribution with a mean up to 100, of which none
// stands for the chance of 0: by adding up chances.
func poisson(bits uint64, mean, none float64) int {
	u := chance.Uniform(bits)
	n, p := 0, none
	for sum := p; u > sum && n < 1000; sum += p {
		n++
		p *= mean / float64(n)
	}
	return n
}

// normalP90 is the 90 % quantile of the normal distribution.
const normalP90 = 1.2815515655446004
