package chance_test

import (
	"math"
	"testing"

	"github.com/throughline-pm/throughline/plan/chance"
)

// The numbers of each kind have the moments their distribution has, within five standard
// errors of n draws.
func TestMoments(t *testing.T) {
	const n = 200_000
	r := chance.New(1)
	for name, c := range map[string]struct {
		draw       func(i int) float64
		mean, vari float64
	}{
		"stream":  {func(int) float64 { return r.Float64() }, 0.5, 1.0 / 12},
		"integer": {func(int) float64 { return float64(r.IntN(7)) }, 3, 4},
		"uniform": {func(i int) float64 { return chance.Uniform(chance.Hash(3, uint64(i))) }, 0.5, 1.0 / 12},
		"normal":  {func(i int) float64 { return chance.Normal(chance.Hash(3, 5, uint64(i))) }, 0, 1},
	} {
		sum, square := 0.0, 0.0
		for i := range n {
			x := c.draw(i)
			sum += x
			square += (x - c.mean) * (x - c.mean)
		}
		if off := math.Abs(sum/n-c.mean) / math.Sqrt(c.vari/n); off > 5 {
			t.Errorf("%s: the mean is %.1f standard errors off", name, off)
		}
		if got := square / n; math.Abs(got/c.vari-1) > 0.02 {
			t.Errorf("%s: variance %v, want %v", name, got, c.vari)
		}
	}
}

// A draw is made of its own names alone, and order and number of the names count.
func TestDrawsByName(t *testing.T) {
	seen := map[uint64][]uint64{}
	for _, names := range [][]uint64{{}, {0}, {1}, {0, 0}, {0, 1}, {1, 0}, {chance.Name("a")}, {chance.Name("b")}, {chance.Name("")}} {
		h := chance.Hash(9, names...)
		if h != chance.Hash(9, names...) {
			t.Errorf("%v: two answers", names)
		}
		if h == chance.Hash(8, names...) {
			t.Errorf("%v: the seed has no part", names)
		}
		if n := len(names); n > 0 && chance.Extend(chance.Hash(9, names[:n-1]...), chance.Part(names[n-1])) != h {
			t.Errorf("%v: extending its first names by its last is another draw", names)
		}
		if other, ok := seen[h]; ok {
			t.Errorf("%v and %v have one draw", names, other)
		}
		seen[h] = names
	}
}

func TestExtremesOfNormal(t *testing.T) {
	for _, bits := range []uint64{0, math.MaxUint64} {
		if x := chance.Normal(bits); math.IsInf(x, 0) || math.IsNaN(x) || math.Abs(x) < 7 {
			t.Errorf("Normal(%x) = %v", bits, x)
		}
	}
}

func TestShuffle(t *testing.T) {
	at := [4]int{}
	for seed := range uint64(4000) {
		x := []int{0, 1, 2, 3}
		chance.New(seed).Shuffle(4, func(i, j int) { x[i], x[j] = x[j], x[i] })
		for i, v := range x {
			if v == 0 {
				at[i]++
			}
		}
	}
	for i, n := range at {
		if n < 850 || n > 1150 {
			t.Errorf("the first stands at %d in %d of 4000 orders", i, n)
		}
	}
}
