package rcpsp

import "math/bits"

// random is a small generator of random numbers for the inner loops: Steele, Lea, Flood,
// Fast splittable pseudorandom number generators, OOPSLA 2014.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// fraction returns a number from 0 up to but not including 1.
func (r *random) fraction() float64 { return float64(r.next()>>11) / (1 << 53) }
