package rcpsp

import (
	"math"
	"slices"
)

// parallel makes the schedule in which time goes on from one finish to the next, and at
// each starts what is ready and finds room, in the order of the list: the parallel schedule
// generation scheme (Kelley 1963; Brooks, White, An algorithm for finding optimal or near
// optimal solutions to the production scheduling problem, Journal of Industrial
// Engineering 16, 1965). Nothing waits that could start, which is good where resources are
// very scarce, though the best schedule may need it. It writes the starts and returns the
// makespan.
func (g *generator) parallel(list, start []int32) (makespan int32) {
	*g.count++
	for k, i := range list {
		g.rank[i] = int32(k)
	}
	copy(g.left, g.full)
	g.ready, g.running = g.ready[:0], g.running[:0]
	for i := range int32(g.n) {
		if g.waits[i] = g.pred.first[i+1] - g.pred.first[i]; g.waits[i] == 0 {
			g.await(i)
		}
	}
	for t := int32(0); ; {
		for at := 0; at < len(g.ready); {
			i := g.ready[at]
			if !g.begin(i) {
				at++
				continue
			}
			start[i], g.finish[i] = t, t+g.duration[i]
			g.ready = slices.Delete(g.ready, at, at+1)
			if g.duration[i] > 0 {
				g.running = append(g.running, i)
			} else if g.end(i) {
				at = 0
			}
		}
		if len(g.running) == 0 {
			break // nothing is left: what is ready fits where nothing runs
		}
		t = math.MaxInt32
		for _, i := range g.running {
			t = min(t, g.finish[i])
		}
		makespan = t
		kept := g.running[:0]
		for _, i := range g.running {
			if g.finish[i] > t {
				kept = append(kept, i)
			} else {
				g.end(i)
			}
		}
		g.running = kept
	}
	return makespan
}

// await puts an activity among those that are ready, by rank in the list.
func (g *generator) await(i int32) {
	at := len(g.ready)
	for at > 0 && g.rank[g.ready[at-1]] > g.rank[i] {
		at--
	}
	g.ready = slices.Insert(g.ready, at, i)
}

// begin takes what an activity needs from what is left now; false if that is too little.
func (g *generator) begin(i int32) bool {
	w := g.words
	need := g.need[int(i)*w : int(i+1)*w]
	for k, q := range need {
		if (g.left[k]-q)&g.guard[k] != g.guard[k] {
			return false
		}
	}
	for k, q := range need {
		g.left[k] -= q
	}
	return true
}

// end gives back what an activity took; true if another has become ready.
func (g *generator) end(i int32) (ready bool) {
	w := g.words
	for k, q := range g.need[int(i)*w : int(i+1)*w] {
		g.left[k] += q
	}
	for _, j := range g.succ.of(i) {
		if g.waits[j]--; g.waits[j] == 0 {
			g.await(j)
			ready = true
		}
	}
	return ready
}
