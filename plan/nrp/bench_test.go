package nrp

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/plan/closure"
)

// BenchmarkPublished solves the published instances, each within a minute, and reports
// what was found and proven: go test -bench Published -benchtime 1x
func BenchmarkPublished(b *testing.B) {
	for _, name := range []string{"nrp1", "nrp2", "nrp3", "nrp4", "nrp5", "nrp-e1", "nrp-e2", "nrp-g1", "nrp-g2"} {
		for _, ratio := range []float64{0.3, 0.5, 0.7} {
			if ratio == 0.7 && len(name) > 4 {
				continue // the realistic ones are not asked with so much
			}
			b.Run(fmt.Sprintf("%s/%v", name, ratio), func(b *testing.B) {
				report(b, published(b, name), ratio)
			})
		}
	}
}

// BenchmarkGenerated solves instances of the published shapes.
func BenchmarkGenerated(b *testing.B) {
	for i, s := range classic {
		for _, ratio := range []float64{0.3, 0.5} {
			b.Run(fmt.Sprintf("classic%d/%v", i+1, ratio), func(b *testing.B) { report(b, s.random(1), ratio) })
		}
	}
	for _, ratio := range []float64{0.3, 0.5} {
		b.Run(fmt.Sprintf("realistic/%v", ratio), func(b *testing.B) { report(b, realistic(1, 770, 4000, 4, 20, 8), ratio) })
	}
}

func report(b *testing.B, in *Instance, ratio float64) {
	budget, err := in.Budget(ratio)
	if err != nil {
		b.Fatal(err)
	}
	var r Result
	for b.Loop() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		r, err = Solve(ctx, in, budget, Options{})
		cancel()
		if err != nil {
			b.Fatal(err)
		}
	}
	optimal := 0.0
	if r.Optimal {
		optimal = 1
	}
	b.ReportMetric(float64(r.Value), "value")
	b.ReportMetric(float64(r.UpperBound), "bound")
	b.ReportMetric(optimal, "optimal")
	b.ReportMetric(float64(r.Nodes), "nodes")
	b.ReportMetric(float64(r.Cuts), "cuts")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRoot bounds an instance of 750 customers and 3,250 requirements without a
// search.
func BenchmarkRoot(b *testing.B) {
	in := classic[3].random(1)
	budget, err := in.Budget(0.5)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c := newCore(in, budget)
		d := newDual(c, c.graph())
		free := pinned{c, make([]closure.Force, len(d.weight))}
		cheap, dear := free.lines()
		d.minimise(context.Background(), price{1, 1}, cheap, dear, -1, func(line, []bool) {})
		b.ReportMetric(float64(d.cuts), "cuts")
	}
}
