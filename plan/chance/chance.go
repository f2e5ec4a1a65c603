// Package chance makes random numbers that depend on their seed alone: a stream for
// searches, and draws by name for simulations, where the draw of one thing must not change
// because another was added.
package chance

import (
	"math"
	"math/bits"
)

// Stream is a sequence of pseudo-random numbers: xoshiro256** (Blackman and Vigna,
// "Scrambled linear pseudorandom number generators", 2021). It is not for secrets. Its
// zero value is not usable; see [New].
type Stream struct{ s [4]uint64 }

// New returns the stream of a seed. Streams of different seeds are unrelated; so are
// streams of one seed with different numbers, of workers say.
func New(seed uint64, number ...uint64) *Stream {
	h := Hash(seed, number...)
	r := &Stream{}
	for i := range r.s {
		h += 0x9e3779b97f4a7c15
		r.s[i] = mix(h)
	}
	return r
}

// Uint64 returns 64 random bits.
func (r *Stream) Uint64() uint64 {
	s := &r.s
	out := bits.RotateLeft64(s[1]*5, 7) * 9
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft64(s[3], 45)
	return out
}

// IntN returns a number from 0 to n-1; n must be positive. The bias is below n/2^64
// (Lemire, "Fast random integer generation in an interval", 2019).
func (r *Stream) IntN(n int) int {
	hi, _ := bits.Mul64(r.Uint64(), uint64(n))
	return int(hi)
}

// Float64 returns a number from 0 to below 1.
func (r *Stream) Float64() float64 { return unit(r.Uint64()) }

// Shuffle puts n things in random order by exchanging pairs of them.
func (r *Stream) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.IntN(i+1))
	}
}

// Hash mixes a seed and the numbers that name a draw into 64 random bits. The same seed
// and names give the same bits, and no other draw has a part in them (counter-based
// generation: Salmon and others, "Parallel random numbers: as easy as 1, 2, 3", 2011; the
// mixing is SplitMix64's, Steele, Lea and Flood 2014).
func Hash(seed uint64, names ...uint64) uint64 {
	h := mix(seed + 0x9e3779b97f4a7c15)
	for _, n := range names {
		h = Extend(h, Part(n))
	}
	return h
}

// Extend names a draw further: Hash(seed, a, b) is Extend(Hash(seed, a), Part(b)). It spares
// mixing the names that many draws have in common again and again.
func Extend(hash, part uint64) uint64 { return mix(hash ^ part) }

// Part makes a name ready for [Extend].
func Part(name uint64) uint64 { return mix(name + 0x9e3779b97f4a7c15) }

// Name gives a text a number to name draws by (FNV-1a).
func Name(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

// Uniform turns random bits into a number between 0 and 1 that is neither.
func Uniform(bits uint64) float64 { return (float64(bits>>12) + 0.5) / (1 << 52) }

// Normal turns random bits into a draw from the normal distribution with mean 0 and
// variance 1, by the inverse of its distribution function.
func Normal(bits uint64) float64 { return math.Sqrt2 * math.Erfinv(2*Uniform(bits)-1) }

func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
