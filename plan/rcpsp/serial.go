package rcpsp

// generator makes schedules of one project. It owns the memory this takes, so that making
// one allocates nothing; each worker has its own for either direction of time.
type generator struct {
	*project
	finish []int32
	free   []uint64 // by period and word: what is left of the capacities, guards set
	used   int32    // periods of free that are not full, from 0 on
	count  *int     // schedules made so far

	// For the parallel scheme:
	rank, waits    []int32  // of each activity: place in the list, predecessors not finished
	ready, running []int32  // activities, those that are ready by rank
	left           []uint64 // by word: what is left of the capacities now, guards set
}

func newGenerator(p *project, count *int) *generator {
	horizon := 0
	for _, d := range p.duration {
		horizon += int(d)
	}
	g := &generator{
		project: p,
		finish:  make([]int32, p.n),
		free:    make([]uint64, horizon*p.words),
		count:   count,
		rank:    make([]int32, p.n),
		waits:   make([]int32, p.n),
		ready:   make([]int32, 0, p.n),
		running: make([]int32, 0, p.n),
		left:    make([]uint64, p.words),
	}
	for at := range g.free {
		g.free[at] = p.full[at%p.words]
	}
	return g
}

// serial makes the schedule in which each activity, in the order of the list, starts as
// early as what stands before it in the list allows: the serial schedule generation scheme
// (Kelley, The critical-path method, 1963; Kolisch, Serial and parallel
// resource-constrained project scheduling methods revisited, EJOR 90, 1996). The list must
// be in topological order. It writes the starts and returns the makespan.
func (g *generator) serial(list, start []int32) (makespan int32) {
	*g.count++
	g.clear()
	if g.words > 1 {
		return g.serialWide(list, start)
	}
	free, finish, first, pred := g.free, g.finish, g.pred.first, g.pred.to
	guard := g.guard[0]
	for _, i := range list {
		t := int32(0)
		for _, h := range pred[first[i]:first[i+1]] {
			t = max(t, finish[h])
		}
		d, need := g.duration[i], g.need[i]
		// A period without room moves the start behind it, so look for it from the end.
		// Periods of the new place that lay behind it in the old one are known to do.
		if need != 0 {
			known, end := t, t+d
			for s := end - 1; s >= known; s-- {
				if (free[s]-need)&guard != guard {
					t, known = s+1, end
					end = t + d
					s = end
				}
			}
			for s := range free[t:end] {
				free[int(t)+s] -= need
			}
		}
		start[i], finish[i] = t, t+d
		makespan = max(makespan, t+d)
	}
	g.used = makespan
	return makespan
}

// serialWide is serial for demands of several words.
func (g *generator) serialWide(list, start []int32) (makespan int32) {
	for _, i := range list {
		t := int32(0)
		for _, h := range g.pred.of(i) {
			t = max(t, g.finish[h])
		}
		d := g.duration[i]
		t = g.room(i, t)
		g.take(i, t)
		start[i], g.finish[i] = t, t+d
		makespan = max(makespan, t+d)
	}
	g.used = makespan
	return makespan
}

// room returns the earliest start of activity i from t on at which there is room for it.
func (g *generator) room(i, t int32) int32 {
	w := g.words
	need := g.need[int(i)*w : int(i+1)*w]
	known, end := t, t+g.duration[i]
	for s := end - 1; s >= known; s-- {
		for k, free := range g.free[int(s)*w : int(s+1)*w] {
			if (free-need[k])&g.guard[k] != g.guard[k] {
				t, known = s+1, end
				end = t + g.duration[i]
				s = end
				break
			}
		}
	}
	return t
}

// take takes what activity i needs from what is free from t on.
func (g *generator) take(i, t int32) {
	w := g.words
	need := g.need[int(i)*w : int(i+1)*w]
	for s := t; s < t+g.duration[i]; s++ {
		for k := range need {
			g.free[int(s)*w+k] -= need[k]
		}
	}
}

// clear gives back all that the last schedule took.
func (g *generator) clear() {
	used := g.free[:int(g.used)*g.words]
	if g.words == 1 {
		full := g.full[0]
		for t := range used {
			used[t] = full
		}
		return
	}
	for t := 0; t < len(used); t += g.words {
		copy(used[t:], g.full)
	}
}
