package draw

import "math"

// Scale says where values stand on a line of the plane.
type Scale struct {
	low, high float64 // values
	from, to  float64 // places; downwards the first is the greater
	log       bool
}

// Linear is a scale on which equal steps are equally far apart. A range of nothing is
// widened, so that a single value stands in the middle.
func Linear(low, high, from, to float64) Scale {
	if low > high {
		low, high = high, low
	}
	if low == high {
		half := max(math.Abs(low)/2, .5)
		low, high = low-half, high+half
	}
	return Scale{low, high, from, to, false}
}

// Log is a scale on which equal ratios are equally far apart; low must be above zero.
func Log(low, high, from, to float64) Scale {
	if low > high {
		low, high = high, low
	}
	if low == high {
		low, high = low/2, high*2
	}
	return Scale{low, high, from, to, true}
}

// Fit is the scale that shows values best: from zero if they are of one size, by ratios if
// they are all above zero and the largest is more than thirty times the smallest. It ends
// at round numbers.
func Fit(values []float64, from, to float64) Scale {
	if len(values) == 0 {
		return Linear(0, 1, from, to)
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if low > 0 && high > 30*low {
		return Log(below(low), above(high), from, to)
	}
	if low == high && low == 0 {
		return Linear(-1, 1, from, to)
	}
	low, high = min(low, 0), max(high, 0)
	step := stride(high-low, 5)
	return Linear(math.Floor(low/step)*step, math.Ceil(high/step)*step, from, to)
}

// At returns the place of a value; what is beyond the scale stands at its end.
func (s Scale) At(value float64) float64 {
	value = min(max(value, s.low), s.high)
	share := (value - s.low) / (s.high - s.low)
	if s.log {
		share = math.Log(value/s.low) / math.Log(s.high/s.low)
	}
	return s.from + share*(s.to-s.from)
}

// Logarithmic reports whether equal ratios are equally far apart.
func (s Scale) Logarithmic() bool { return s.log }

// Ticks returns round values within the scale, about as many as asked for.
func (s Scale) Ticks(about int) []float64 {
	var all []float64
	if s.log {
		for v := below(s.low); v <= s.high*(1+1e-9); v = next(v) {
			if v >= s.low*(1-1e-9) {
				all = append(all, v)
			}
		}
		return thin(all, about)
	}
	step := stride(s.high-s.low, about)
	for i := math.Ceil(s.low/step - 1e-9); i*step <= s.high+step*1e-9; i++ {
		all = append(all, i*step)
	}
	return all
}

// thin leaves out the ticks between powers of ten if there are too many.
func thin(all []float64, about int) []float64 {
	for _, keep := range []func(float64) bool{
		func(float64) bool { return true },
		func(v float64) bool { return isPower(v) || isPower(v/5) },
		isPower,
	} {
		var some []float64
		for _, v := range all {
			if keep(v) {
				some = append(some, v)
			}
		}
		if len(some) <= about+2 || len(some) < 3 {
			return some
		}
	}
	return all[:0:0]
}

func isPower(v float64) bool {
	l := math.Log10(v)
	return math.Abs(l-math.Round(l)) < 1e-9
}

// stride is the round step of 1, 2 or 5 that parts a range into about so many.
func stride(span float64, about int) float64 {
	raw := span / float64(max(about, 1))
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if raw <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// below and above are the round numbers 1, 2 and 5 times a power of ten around a value
// above zero; next is the one after such a number.
func below(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	for _, m := range []float64{5, 2} {
		if v >= m*power*(1-1e-9) {
			return m * power
		}
	}
	return power
}

func above(v float64) float64 {
	b := below(v)
	if b >= v*(1-1e-9) {
		return b
	}
	return next(b)
}

func next(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	switch m := math.Round(v / power); {
	case m < 2:
		return 2 * power
	case m < 5:
		return 5 * power
	}
	return 10 * power
}
