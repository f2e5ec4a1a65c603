package track

import (
	"math"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/chance"
)

// worldOf makes forecasts of n outcomes: draws are normal with mean 0 and a spread, the
// outcomes are shifted and spread as told.
func worldOf(n int, spread, shift float64) []Checked {
	r := chance.New(11)
	out := make([]Checked, n)
	for i := range out {
		draws := make([]float64, 200)
		for k := range draws {
			draws[k] = spread * chance.Normal(r.Uint64())
		}
		slices.Sort(draws)
		out[i] = Checked{Draws: draws, Actual: shift + chance.Normal(r.Uint64())}
	}
	return out
}

func TestCalibrate(t *testing.T) {
	good, err := Calibrate(worldOf(4000, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range good.Cover {
		if math.Abs(c.Actual-c.Quantile) > 0.025 {
			t.Errorf("P%.0f of a true forecast covers %.3f", 100*c.Quantile, c.Actual)
		}
	}
	for i, p := range good.PIT {
		if math.Abs(p-0.1) > 0.02 {
			t.Errorf("tenth %d of a true forecast holds %.3f", i, p)
		}
	}
	// The score of the true normal distribution is 1/sqrt(pi).
	if math.Abs(good.CRPS-1/math.Sqrt(math.Pi)) > 0.02 {
		t.Errorf("CRPS %.4f", good.CRPS)
	}
	for name, world := range map[string][]Checked{"narrow": worldOf(4000, 0.5, 0), "wide": worldOf(4000, 2, 0), "early": worldOf(4000, 1, 0.7)} {
		bad, err := Calibrate(world)
		if err != nil {
			t.Fatal(err)
		}
		if bad.CRPS < good.CRPS+0.02 || bad.Pinball[4] < good.Pinball[4]+0.005 {
			t.Errorf("%s: CRPS %.4f, pinball %.4f; true: %.4f, %.4f", name, bad.CRPS, bad.Pinball[4], good.CRPS, good.Pinball[4])
		}
		if p85 := bad.Cover[4].Actual; (p85 < 0.85) != (name != "wide") {
			t.Errorf("%s: P85 covers %.3f", name, p85)
		}
	}
}

func TestScoresByHand(t *testing.T) {
	draws := []float64{1, 2, 4}
	// Mean distance from 3: (2+1+1)/3; mean distance of two draws: 2(1+3+2)/9.
	if got, want := CRPS(draws, 3), 4.0/3-6.0/9; math.Abs(got-want) > 1e-12 {
		t.Errorf("CRPS %v, want %v", got, want)
	}
	if got := CRPS([]float64{5}, 3); got != 2 {
		t.Errorf("CRPS of one number %v, want its error 2", got)
	}
	for q, want := range map[float64]float64{0: 1, 0.33: 1, 1.0 / 3: 1, 0.34: 2, 0.5: 2, 2.0 / 3: 2, 0.9: 4, 1: 4} {
		if got := plan.DrawsQuantile(draws, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if a, b := Pinball(0.85, 10, 14), Pinball(0.85, 10, 8); math.Abs(a-3.4) > 1e-12 || math.Abs(b-0.3) > 1e-12 {
		t.Errorf("pinball %v %v", a, b)
	}
	if got := BrierScore([]float64{1, 0.5}, []bool{false, true}); got != 0.625 {
		t.Errorf("Brier %v", got)
	}
}

// A third of the outcomes is cut off at a random moment. Those seen are too early as they
// are; weighted they are not.
func TestOpenForecasts(t *testing.T) {
	world := worldOf(6000, 1, 0)
	r := chance.New(2)
	closed := world[:0:0]
	open := 0
	for i := range world {
		if cut := 1.5 * chance.Normal(r.Uint64()); cut+0.8 < world[i].Actual {
			world[i].Actual, world[i].Open = cut+0.8, true
			open++
			continue
		}
		closed = append(closed, world[i])
	}
	weighted, err := Calibrate(world)
	if err != nil {
		t.Fatal(err)
	}
	naive, err := Calibrate(closed)
	if err != nil {
		t.Fatal(err)
	}
	w, n := weighted.Cover[2].Actual, naive.Cover[2].Actual
	t.Logf("%d of %d open: P50 covers %.3f weighted, %.3f of those finished", weighted.Open, weighted.Forecasts, w, n)
	if weighted.Open != open || math.Abs(w-0.5) > 0.03 || n < 0.55 {
		t.Errorf("%d open, weighted %.3f, naive %.3f", weighted.Open, w, n)
	}
}

func TestRecalibrate(t *testing.T) {
	past := worldOf(2000, 0.6, 0.5) // too narrow and too early
	for i := range past {
		past[i].Group = "team"
	}
	learned, err := Recalibrate(past[:1000])
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []float64{0.5, 0.75} {
		covers := func(level float64) float64 {
			n := 0.0
			for _, f := range past[1000:] {
				if f.Actual <= plan.DrawsQuantile(f.Draws, level) {
					n++
				}
			}
			return n / 1000
		}
		before, after := covers(q), covers(learned.Level("team", q))
		if math.Abs(before-q) < 0.1 || math.Abs(after-q) > 0.05 {
			t.Errorf("P%.0f covered %.3f and covers %.3f", 100*q, before, after)
		}
	}
	nothing, err := Recalibrate(nil)
	if err != nil {
		t.Fatal(err)
	}
	few, err := Recalibrate(past[:3])
	if err != nil {
		t.Fatal(err)
	}
	for q := 0.05; q < 1; q += 0.05 {
		if got := nothing.Level("team", q); math.Abs(got-q) > 1e-9 {
			t.Errorf("without outcomes %v is read at %v", q, got)
		}
		if got := few.Level("team", q); math.Abs(got-q) > 0.3 {
			t.Errorf("after three outcomes %v is read at %v", q, got)
		}
		if learned.Level("team", q) < learned.Level("team", q-0.04) {
			t.Errorf("the map falls at %v", q)
		}
	}
	// A group without outcomes of its own is read as all are.
	if a, b := learned.Level("new", 0.5), learned.Level("team", 0.5); a < 0.6 || b < a-0.1 {
		t.Errorf("new group at %v, known at %v", a, b)
	}
}

// Halfway through the world becomes slower. The fixed level fails from then on, the
// adaptive one finds its way.
func TestAdaptive(t *testing.T) {
	a := Adaptive{Share: 0.85, Step: 0.03}
	r := chance.New(1)
	fixed, adaptive, n := 0, 0, 0
	for i := range 4000 {
		shift := 0.0
		if i >= 2000 {
			shift = 0.6
		}
		place := 0.5 * (1 + math.Erf((shift+chance.Normal(r.Uint64()))/math.Sqrt2))
		within := place <= a.Level()
		if i >= 2200 {
			n++
			if within {
				adaptive++
			}
			if place <= 0.85 {
				fixed++
			}
		}
		a.Observe(within)
	}
	f, g := float64(fixed)/float64(n), float64(adaptive)/float64(n)
	if f > 0.75 || math.Abs(g-0.85) > 0.02 {
		t.Errorf("after the change the fixed level covers %.3f, the adaptive %.3f", f, g)
	}
	always := Adaptive{Share: 0.85, Step: 0.5}
	for range 100 {
		always.Observe(false)
	}
	if always.Level() != 1 {
		t.Errorf("level %v", always.Level())
	}
}

func TestBadChecked(t *testing.T) {
	for _, f := range []Checked{{}, {Draws: []float64{2, 1}}, {Draws: []float64{1}, Actual: math.NaN()}} {
		if _, err := Calibrate([]Checked{f}); err == nil {
			t.Errorf("%+v is no error", f)
		}
		if _, err := Recalibrate([]Checked{f}); err == nil {
			t.Errorf("%+v is no error of the correction", f)
		}
	}
	if c, err := Calibrate([]Checked{{Draws: []float64{1}, Open: true}}); err != nil || c.Open != 1 || c.Cover != nil {
		t.Errorf("%+v %v", c, err)
	}
}
