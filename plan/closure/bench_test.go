package closure

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// roadmap makes a problem of the shape of a plan over releases: node f*releases+k says
// that feature f is live by release k. Live by k is live by k+1; a feature may need
// earlier ones by the same release. The weights are gains of time less priced effort.
func roadmap(features, releases int, seed uint64) (*Graph, func(price float64) []int64) {
	r := rand.New(rand.NewPCG(seed, 1))
	var arcs []Arc
	for f := range features {
		for k := range releases - 1 {
			arcs = append(arcs, Arc{f*releases + k, f*releases + k + 1})
		}
		for range 2 {
			if f > 0 && r.Float64() < 0.4 {
				before := max(0, f-1-r.IntN(30))
				for k := range releases {
					arcs = append(arcs, Arc{f*releases + k, before*releases + k})
				}
			}
		}
	}
	g, err := NewGraph(features*releases, arcs)
	if err != nil {
		panic(err)
	}
	gain, effort := make([]float64, g.Len()), make([]float64, g.Len())
	scarce := make([]float64, releases)
	for k := range scarce {
		scarce[k] = r.Float64() * 0.3
	}
	for f := range features {
		value, work := 1e5*(0.2+r.Float64()*r.Float64()), 10+90*r.Float64()
		for k := range releases {
			v := f*releases + k
			gain[v] = value / float64(releases) * (0.5 + r.Float64())
			if k == releases-1 {
				gain[v] += value / 2
			}
			effort[v] = work * scarce[k]
		}
	}
	return g, func(price float64) []int64 {
		weights := make([]int64, g.Len())
		for v := range weights {
			weights[v] = int64(1000 * (gain[v] - price*effort[v]*(1+0.02*r.Float64())))
		}
		return weights
	}
}

func BenchmarkSolve(b *testing.B) {
	for _, features := range []int{300, 1000} {
		g, weigh := roadmap(features, 12, 7)
		for _, price := range []float64{500, 1000, 2000} {
			weights := make([][]int64, 32)
			for i := range weights {
				weights[i] = weigh(price * (1 + 0.01*float64(i%8)))
			}
			for _, warm := range []bool{false, true} {
				name := fmt.Sprintf("%dx12/price=%v/warm=%v", features, price, warm)
				b.Run(name, func(b *testing.B) {
					s := g.NewSolver()
					b.ReportAllocs()
					i := 0
					for b.Loop() {
						if !warm {
							s.Reset()
						}
						if _, err := s.Solve(weights[i%len(weights)]); err != nil {
							b.Fatal(err)
						}
						i++
					}
					n := 0
					for _, in := range s.Smallest() {
						if in {
							n++
						}
					}
					b.ReportMetric(float64(n)/float64(g.Len()), "share")
				})
			}
		}
	}
}
