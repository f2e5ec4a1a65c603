package track

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/plan/chance"
)

var kepsSettled = time.Date(2026, 7, 24, 0, 0, 0, 0, time.UTC)

const firstKepForecast = 23

func TestBacktestOnRealReleases(t *testing.T) {
	b, err := readKeps(t).record().Backtest(firstKepForecast, kepsSettled, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := b.Print(&out); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
	if b.Forecasts != 573 {
		t.Errorf("%d forecasts, want 573", b.Forecasts)
	}
	if b.Model.Brier > 0.175 || b.Brier.High > 0 || b.LogLoss.High > 0 {
		t.Errorf("Brier %.4f, against the baseline %+v, log loss %+v", b.Model.Brier, b.Brier, b.LogLoss)
	}
	if b.Model.Ranked > 0.540 || b.Ranked.High > 0 {
		t.Errorf("ranked score %.4f, against the baseline %+v", b.Model.Ranked, b.Ranked)
	}
	for _, c := range b.Model.Cover {
		if math.Abs(c.Actual-c.Stated) > 0.04 {
			t.Errorf("P%.0f: stated %.3f, came %.3f", 100*c.Quantile, c.Stated, c.Actual)
		}
	}
	for _, text := range []string{"573 forecasts", "Brier", "P85", "at most 5"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the print lacks %q", text)
		}
	}
	if _, err := readKeps(t).record().Backtest(37, kepsSettled, Options{}); err == nil {
		t.Error("a back-test of nothing is no error")
	}
}

// forecastsAt are all forecasts of the promises of a release, as bytes.
func forecastsAt(t *testing.T, r *Record, release int, at time.Time) string {
	t.Helper()
	e, err := r.Learn(at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.LearnDistance(at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i := range r.Commitments {
		if c := &r.Commitments[i]; c.Period == release {
			chance := e.Chance(c.Stage, c.Columns)
			text, err := json.Marshal(chance)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s %s %v %v\n", c.ID, text, e.Lateness(chance.P).By(2), d.Chance(c.Stage, 1))
		}
	}
	return out.String()
}

// No change dated after a freeze may alter a forecast of that freeze: with all later
// changes deleted every byte is the same. A change before the freeze does alter some.
func TestForecastsDoNotLookAhead(t *testing.T) {
	all := readKeps(t)
	record := all.record()
	for release := firstKepForecast; release <= lastKepRelease; release++ {
		freeze := all.periods[release].Freeze
		got := forecastsAt(t, record, release, freeze)
		if want := forecastsAt(t, all.until(freeze).record(), release, freeze); got != want || got == "" {
			t.Errorf("release %d: what came after its freeze altered forecasts", release)
		}
		if forecastsAt(t, all.until(freeze.AddDate(0, -1, 0)).record(), release, freeze) == got {
			t.Errorf("release %d: what came before its freeze did not alter forecasts", release)
		}
	}
}

func TestDistanceOnRealTargets(t *testing.T) {
	r := readKeps(t).announcements()
	now := r.current(kepsSettled)
	var far, near []float64
	for i := range r.Commitments {
		c := &r.Commitments[i]
		if c.Period >= now {
			continue
		}
		d, err := r.LearnDistance(c.Made, Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.Learn(c.Made, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if e.Outcomes < 70 {
			continue
		}
		kept := 0.0
		if c.late(kepsSettled) == 0 {
			kept = 1
		}
		loss := func(p float64) float64 { return (p - kept) * (p - kept) }
		far = append(far, loss(d.Chance(c.Stage, c.Period-r.current(c.Made)).P))
		near = append(near, loss(e.Chance(c.Stage, nil).P))
	}
	gain := make([]float64, len(far))
	for i := range far {
		gain[i] = far[i] - near[i]
	}
	g, brier := Bootstrap(gain), Bootstrap(far).Mean
	t.Logf("%d targets: Brier %.4f by stage and distance, %+.4f [%+.4f, %+.4f] against the stage alone", len(far), brier, g.Mean, g.Low, g.High)
	if brier > 0.21 || g.High > -0.02 {
		t.Errorf("Brier %.4f, against the stage alone %+v", brier, g)
	}
}

// The counts of promises kept of real releases lie in their 80 % ranges about as often as
// they should, and much less often if every promise were on its own.
func TestShockOnRealReleases(t *testing.T) {
	r := readKeps(t).record()
	var past []Counted
	inside := map[Shock]int{}
	for release := firstKepForecast; release <= lastKepRelease; release++ {
		at := r.Periods[release].Freeze
		e, err := r.Learn(at, Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := Counted{}
		for i := range r.Commitments {
			if p := &r.Commitments[i]; p.Period == release {
				c.Chances = append(c.Chances, e.Chance(p.Stage, p.Columns).P)
				if p.late(kepsSettled) == 0 {
					c.Kept++
				}
			}
		}
		past = append(past, c)
		for _, s := range []Shock{0, DefaultShock, 0.6} {
			if low, high := Range(s.Count(c.Chances), 0.8); c.Kept >= low && c.Kept <= high {
				inside[s]++
			}
		}
	}
	learned := LearnShock(past)
	t.Logf("of %d counts inside their 80 %% range: %v; learned shock %.2f", len(past), inside, learned)
	if inside[0] >= inside[DefaultShock] || inside[DefaultShock] < 10 {
		t.Errorf("inside: %v", inside)
	}
	if learned < 0.3 || learned > 1 {
		t.Errorf("learned shock %v", learned)
	}
	if LearnShock(past[:10]) != DefaultShock {
		t.Error("10 periods are too few to learn from")
	}
}

// made is a record of n promises of one stage in one period each, of which kept says what
// became.
func made(n int, kept func(i int) Outcome, columns func(i int) []float64) *Record {
	t := &Record{}
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for p := range 10 {
		t.Periods = append(t.Periods, Period{day.AddDate(0, p, 0), day.AddDate(0, p+1, 0).Add(-time.Second)})
	}
	for i := range n {
		c := Commitment{ID: fmt.Sprint(i), Stage: "s", Period: i % 5, Made: t.Periods[i%5].Freeze}
		if columns != nil {
			c.Columns = columns(i)
			t.Columns = []string{"a", "b"}[:len(c.Columns)]
		}
		c.Readings = []Reading{{c.Made.AddDate(0, 0, 20), kept(i), c.Period + 2}}
		t.Commitments = append(t.Commitments, c)
	}
	return t
}

func TestFewOutcomes(t *testing.T) {
	learn := func(n int) *Experience {
		r := made(n, func(i int) Outcome {
			if i%4 == 0 {
				return Missed
			}
			return Confirmed
		}, func(i int) []float64 { return []float64{float64(i % 2), math.NaN()} })
		e, err := r.Learn(r.Periods[9].Freeze, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	none := learn(0).Chance("s", []float64{1, 1})
	if math.Abs(none.P-0.7) > 1e-12 || !none.Default || none.Number() || none.Words() != RatherLikely {
		t.Errorf("without a record: %+v %q", none, none.Words())
	}
	for n, want := range map[int]struct{ number, reasons bool }{16: {}, 20: {number: true}, 64: {number: true}, 72: {true, true}} {
		c := learn(n).Chance("s", []float64{1, 1})
		if c.Number() != want.number || (len(c.Reasons) > 0) != want.reasons || c.Outcomes != n {
			t.Errorf("%d outcomes: %+v", n, c)
		}
		if !(c.Low < c.P && c.P < c.High) {
			t.Errorf("%d outcomes: %v is not in its band %v to %v", n, c.P, c.Low, c.High)
		}
	}
	// By hand: m = (12 + 4.2)/(16 + 6), stage (12 + 10 m)/(16 + 10).
	if got, want := learn(16).Chance("s", nil).P, (12+10*(12+4.2)/22)/26; math.Abs(got-want) > 1e-12 {
		t.Errorf("16 outcomes: %v, want %v", got, want)
	}
}

func TestReasonsNameWhatMatters(t *testing.T) {
	r := made(200, func(i int) Outcome {
		if i%3 == 0 {
			return Missed
		}
		return Confirmed
	}, func(i int) []float64 { return []float64{float64(i * 7 % 5), float64(i % 3)} })
	e, err := r.Learn(r.Periods[9].Freeze, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := e.Chance("s", []float64{2, 0})
	if len(c.Reasons) == 0 || c.Reasons[0].Column != "b" || c.Reasons[0].Points > -5 || c.P > c.Share {
		t.Errorf("%+v", c)
	}
}

// What merely stands counts for less, by the share of such promises taken back before.
func TestStandingCountsLess(t *testing.T) {
	learn := func(outcome Outcome, back bool) float64 {
		r := made(50, func(int) Outcome { return outcome }, nil)
		if back { // every promise of the first three periods was taken back two freezes later
			for i := range r.Commitments {
				if c := &r.Commitments[i]; c.Period < 3 {
					c.Readings = append(c.Readings, Reading{r.Periods[c.Period+2].Freeze.AddDate(0, 0, 1), Missed, c.Period + 3})
				}
			}
		}
		e, err := r.Learn(r.Periods[5].Freeze, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e.all.kept
	}
	confirmed, standing, back := learn(Confirmed, false), learn(Standing, false), learn(Standing, true)
	if confirmed != 50 || standing >= 50 || standing < 45 {
		t.Errorf("of 50 confirmed %v count as kept, of 50 standing %v", confirmed, standing)
	}
	if back >= 20 { // the last two periods hold 20
		t.Errorf("after 30 of 50 were taken back, %v count as kept", back)
	}
}

func TestLateness(t *testing.T) {
	r := made(0, nil, nil)
	at := r.Periods[6].Freeze
	add := func(n int, outcome Outcome, to int) {
		for range n {
			r.Commitments = append(r.Commitments, Commitment{
				Stage: "s", Period: 3, Made: r.Periods[3].Freeze,
				Readings: []Reading{{r.Periods[3].End, outcome, to}},
			})
		}
	}
	add(50, Confirmed, 0)
	add(30, Missed, 4) // one late
	add(20, Missed, 7) // not over: has not come in periods 4 and 5
	add(10, Dropped, 0)
	e, err := r.Learn(at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	h1 := (30 + 40*0.45) / (60 + 40)
	h2 := (0 + 40*0.6*h1) / (30 + 40)
	h3 := 0.6 * h2
	h4 := 0.6 * h3
	want := []float64{0.8, 0, 0, 0, 0, 0}
	missing := 0.2
	for j, h := range []float64{h1, h2, h3, h4, 0.7 * h4} {
		missing *= 1 - h
		want[j+1] = 1 - missing
	}
	l := e.Lateness(0.8)
	for j, w := range want {
		if math.Abs(l.By(j)-w) > 1e-12 {
			t.Errorf("by %d: %v, want %v", j, l.By(j), w)
		}
	}
	if l.By(-1) != 0 || l.By(1000) >= 1 {
		t.Errorf("by -1 %v, by 1000 %v: some things never come", l.By(-1), l.By(1000))
	}
	if j, ok := l.Quantile(0.8); j != 0 || !ok {
		t.Errorf("P80 %d %v", j, ok)
	}
	if j, ok := l.Quantile(0.85); j != 1 || !ok {
		t.Errorf("P85 %d %v", j, ok)
	}
	if j, ok := e.Lateness(0.2).Quantile(0.95); ok {
		t.Errorf("P95 %d: may never come", j)
	}
	few, err := made(0, nil, nil).Learn(at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := few.Lateness(0.97).Quantile(0.95); ok {
		t.Error("a P95 without late deliveries to judge by")
	}
}

func TestBadRecords(t *testing.T) {
	for name, spoil := range map[string]func(*Record, *Options){
		"no period 99": func(r *Record, _ *Options) { r.Commitments[0].Period = 99 },
		"columns":      func(r *Record, _ *Options) { r.Commitments[0].Columns = []float64{1} },
		"infinite":     func(r *Record, _ *Options) { r.Commitments[0].Columns = []float64{math.Inf(1), 0} },
		"not in the order of time": func(r *Record, _ *Options) {
			r.Commitments[0].Readings = append(r.Commitments[0].Readings, Reading{})
		},
		"before that of the period": func(r *Record, _ *Options) { r.Periods[3].End = time.Time{} },
		"not between 0 and 1":       func(_ *Record, o *Options) { o.Share = 1 },
		"or a weight is negative":   func(_ *Record, o *Options) { o.Ridge = math.NaN() },
	} {
		r, o := made(5, func(int) Outcome { return Confirmed }, func(int) []float64 { return []float64{1, 2} }), Options{}
		spoil(r, &o)
		if _, err := r.Learn(r.Periods[9].End, o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := r.LearnDistance(r.Periods[9].End, o); err == nil {
			t.Errorf("%s: no error of the distance", name)
		}
		if _, err := r.Backtest(0, r.Periods[9].End, o); err == nil {
			t.Errorf("%s: no error of the back-test", name)
		}
	}
}

// A regression on many rows finds the weights its data were made with, and stands at the
// minimum: no step to either side loses less.
func TestLogistic(t *testing.T) {
	r := chance.New(7)
	const n = 4000
	rows, kept := make([][]float64, n), make([]float64, n)
	for i := range rows {
		rows[i] = []float64{chance.Normal(r.Uint64()), 3 + 2*chance.Normal(r.Uint64()), 1}
		if r.Float64() < sigmoid(0.5+rows[i][0]-0.5*(rows[i][1]-3)/2) {
			kept[i] = 1
		}
	}
	const ridge = 10
	l := fitLogistic(rows, kept, ridge)
	for j, want := range []float64{0.5, 1, -0.5, 0} {
		if math.Abs(l.theta[j]-want) > 0.15 {
			t.Errorf("weight %d is %.3f, want %.1f", j, l.theta[j], want)
		}
	}
	loss := func(theta []float64) float64 {
		sum := 0.0
		for i, row := range rows {
			sum += surprise(sigmoid(dot(theta, l.standardise(row))), kept[i] == 1)
		}
		return sum + ridge/2*dot(theta[1:], theta[1:])
	}
	least := loss(l.theta)
	for j := range l.theta {
		for _, d := range []float64{-1e-3, 1e-3} {
			theta := slices.Clone(l.theta)
			theta[j] += d
			if loss(theta) < least {
				t.Errorf("moving weight %d by %v loses less", j, d)
			}
		}
	}
	// Far from the data the answer is less sure than the weights alone would be.
	far := []float64{30, 3, 1}
	odds, _ := l.score(far)
	if plain := dot(l.theta, l.standardise(far)); odds >= plain || odds <= 0 {
		t.Errorf("moderated log-odds %v of %v", odds, plain)
	}
}

func TestBeta(t *testing.T) {
	for _, x := range []float64{0.001, 0.2, 0.5, 0.9, 0.999} {
		for _, c := range []struct{ a, b, want float64 }{
			{1, 1, x}, {2, 1, x * x}, {1, 3, 1 - math.Pow(1-x, 3)}, {2, 2, 3*x*x - 2*x*x*x},
		} {
			if got := betaShare(x, c.a, c.b); math.Abs(got-c.want) > 1e-12 {
				t.Errorf("I_%v(%v, %v) = %v, want %v", x, c.a, c.b, got, c.want)
			}
		}
		if sum := betaShare(x, 40.5, 3.25) + betaShare(1-x, 3.25, 40.5); math.Abs(sum-1) > 1e-12 {
			t.Errorf("the halves at %v make %v", x, sum)
		}
		if q := betaQuantile(betaShare(x, 4, 7), 4, 7); x < 0.99 && math.Abs(q-x) > 1e-6 {
			t.Errorf("the quantile of the share of %v is %v", x, q)
		}
	}
}

func TestCount(t *testing.T) {
	chances := []float64{0.3, 0.9, 0.6, 0.75}
	// Without a shock: over all outcomes.
	want := make([]float64, len(chances)+1)
	for set := range 1 << len(chances) {
		p, n := 1.0, 0
		for i, c := range chances {
			if set>>i&1 == 1 {
				p, n = p*c, n+1
			} else {
				p *= 1 - c
			}
		}
		want[n] += p
	}
	moments := func(p []float64) (mean, variance float64) {
		for k, x := range p {
			mean += float64(k) * x
		}
		for k, x := range p {
			variance += x * (float64(k) - mean) * (float64(k) - mean)
		}
		return mean, variance
	}
	mean, variance := moments(want)
	for k, p := range Shock(0).Count(chances) {
		if math.Abs(p-want[k]) > 1e-12 {
			t.Errorf("without a shock: %d with %v, want %v", k, p, want[k])
		}
	}
	m, v := moments(DefaultShock.Count(chances))
	if math.Abs(m-mean) > 0.01 || v < 1.1*variance {
		t.Errorf("with a shock: mean %v, want %v; variance %v, without %v", m, mean, v, variance)
	}
	for _, c := range []struct {
		p         []float64
		low, high int
	}{{[]float64{1}, 0, 0}, {[]float64{0.05, 0.9, 0.05}, 1, 1}, {[]float64{0.2, 0.6, 0.2}, 0, 2}, {[]float64{0, 1, 0}, 1, 1}} {
		if low, high := Range(c.p, 0.8); low != c.low || high != c.high {
			t.Errorf("range of %v: %d to %d", c.p, low, high)
		}
	}
}

func TestWidened(t *testing.T) {
	within := make([]bool, 100)
	for i := range within {
		within[i] = i < 50 || i%10 < 7 // 70 % of the last 50
	}
	if s, wide := DefaultShock.Widened(within); !wide || math.Abs(float64(s)-0.7) > 1e-12 {
		t.Errorf("%v %v", s, wide)
	}
	if s, wide := DefaultShock.Widened(within[:60]); wide || s != DefaultShock {
		t.Errorf("%v %v", s, wide)
	}
	if _, wide := DefaultShock.Widened(make([]bool, 49)); wide {
		t.Error("49 forecasts are too few")
	}
}

func TestOverrun(t *testing.T) {
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	r := chance.New(3)
	var past []Spent
	for i := range 900 {
		group, bias := "slow", 0.5
		if i%3 == 0 {
			group, bias = "fast", -0.1
		}
		past = append(past, Spent{Group: group, Estimate: 10, Actual: 10 * math.Exp(bias+0.3*chance.Normal(r.Uint64())), Known: day.AddDate(0, 0, i)})
	}
	learn := func(at time.Time) *Overrun {
		o, err := LearnOverrun(past, at)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := learn(day.AddDate(10, 0, 0))
	for group, want := range map[string]float64{"slow": 0.5, "fast": -0.1, "new": 0.3} {
		if mean, _ := o.Log(group); math.Abs(mean-want) > 0.05 {
			t.Errorf("%s: mean %.3f, want %.1f", group, mean, want)
		}
	}
	if _, sd := o.Log("slow"); math.Abs(sd-0.3) > 0.05 {
		t.Errorf("spread %.3f, want 0.3", sd)
	}
	early := learn(day.AddDate(0, 0, -1))
	if mean, sd := early.Log("slow"); mean != 0 || sd <= 0.6 {
		t.Errorf("before all: %v %v", mean, sd)
	}
	if e := o.Effort("slow", 20); !(e.P10 < e.P50 && e.P50 < e.P90) || math.Abs(e.P50-20*math.Exp(0.5)) > 2 {
		t.Errorf("effort %+v", e)
	}
	if _, err := LearnOverrun([]Spent{{Estimate: 1}}, day); err == nil {
		t.Error("an actual effort of 0 is no error")
	}
}

// What is common to the work of one time, and to that of one group then, is found again in
// records made with known shares; a short record keeps near the prior.
func TestCommon(t *testing.T) {
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	common := func(spans int, global, shared float64) (float64, float64) {
		r := chance.New(9)
		normal := func() float64 { return chance.Normal(r.Uint64()) }
		var past []Spent
		for span := range spans {
			all := math.Sqrt(global) * normal()
			for group := range 4 {
				own := math.Sqrt(shared) * normal()
				for range 5 {
					x := 0.5 * (all + own + math.Sqrt(1-global-shared)*normal())
					past = append(past, Spent{fmt.Sprint(group), fmt.Sprint(span), 1, math.Exp(x + 0.1*float64(group)), day})
				}
			}
		}
		o, err := LearnOverrun(past, day)
		if err != nil {
			t.Fatal(err)
		}
		return o.Common()
	}
	for _, want := range [][2]float64{{0.3, 0.2}, {0, 0.4}, {0.5, 0}, {0, 0}} {
		if g, s := common(400, want[0], want[1]); math.Abs(g-want[0]) > 0.06 || math.Abs(s-want[1]) > 0.06 {
			t.Errorf("global %.3f, shared %.3f, want %v", g, s, want)
		}
	}
	if g, s := common(0, 0, 0); g != 0.15 || s != 0.15 {
		t.Errorf("without a record: %v %v", g, s)
	}
	if g, s := common(1, 0, 0); g < 0.05 || g+s > 0.5 {
		t.Errorf("after one time: %v %v", g, s)
	}
}

func TestResidual(t *testing.T) {
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	world := func(n int, causes float64, record func(kept bool) float64) []Simulated {
		r := chance.New(5)
		var past []Simulated
		for i := range n {
			s := Simulated{Group: "a", Chance: 0.3 + 0.65*r.Float64(), Made: day.AddDate(0, 0, i), Known: day.AddDate(0, 0, i+1)}
			s.Kept = r.Float64() < s.Chance && r.Float64() >= causes
			s.Record = record(s.Kept)
			past = append(past, s)
		}
		return past
	}
	end := day.AddDate(10, 0, 0)
	blind := func(bool) float64 { return 0.5 }
	r := LearnResidual(world(1500, 0.3, blind), end)
	if math.Abs(r.Share("a")-0.7) > 0.08 || r.pool {
		t.Errorf("share %v of 0.7, pool %v", r.Share("a"), r.pool)
	}
	if got := r.Chance("a", 0.8, 0.5); math.Abs(got-0.8*r.Share("a")) > 1e-12 {
		t.Errorf("chance %v", got)
	}
	seer := func(kept bool) float64 {
		if kept {
			return 0.95
		}
		return 0.05
	}
	if r := LearnResidual(world(500, 0.3, seer), end); !r.pool || r.Chance("a", 0.5, 0.95) < 0.75 {
		t.Error("a record that knows more is not listened to")
	}
	if r := LearnResidual(world(99, 0.3, seer), end); r.pool {
		t.Error("99 outcomes are too few to choose")
	}
	if r := LearnResidual(world(500, 0, blind), day); math.Abs(r.Share("a")-0.9) > 1e-12 {
		t.Errorf("before all: %v", r.Share("a"))
	}
	if r := LearnResidual(nil, end); r.Chance("a", 1, 0) != 0.9 {
		t.Errorf("without a record: %v", r.Chance("a", 1, 0))
	}
	e, err := made(0, nil, nil).Learn(end, Options{})
	if err != nil {
		t.Fatal(err)
	}
	late := r.Late("a", []float64{0.5, 0.8, 1}, e)
	share := r.Share("a")
	slip := e.Lateness(share)
	if want := 0.5*slip.By(1) + 0.3*share; math.Abs(late[1]-want) > 1e-12 || math.Abs(late[0]-0.5*share) > 1e-12 || !slices.IsSorted(late) {
		t.Errorf("late %v, want %v at 1", late, want)
	}
}
