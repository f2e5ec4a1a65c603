package plan

import "slices"

// tick is how finely a simulation divides a period: work that is done at noon lets the
// next begin at noon.
const tick = 64

// A moment at or after never does not come.
const never = 1 << 29

// timeline is what is free of a resource over time.
type timeline struct {
	steps []step
	least int32 // what any work takes of it at least: where less is free nothing fits
	head  int   // nothing fits before this step
}

// step is a number of units that are free from a moment on, up to the next step; the last
// one lasts for ever.
type step struct{ at, free int32 }

// newTimeline returns the timeline of what there is in each period; what there is in the
// last stays.
func newTimeline(row []int32) timeline {
	t := timeline{}
	for p, units := range row {
		if n := len(t.steps); n == 0 || units != t.steps[n-1].free {
			t.steps = append(t.steps, step{int32(p * tick), units})
		}
	}
	return t
}

// holding returns a copy with room for what so many pieces of work can split it into.
func (t *timeline) holding(work int) timeline {
	return timeline{slices.Grow(slices.Clone(t.steps), 2*work), t.least, 0}
}

// reset makes the timeline the same as another, of which it is a copy.
func (t *timeline) reset(from *timeline) { t.steps, t.head = append(t.steps[:0], from.steps...), 0 }

// stride is how many steps are skipped at once where they lie too early.
const stride = 8

// fit returns the earliest moment from est on at which units are free throughout duration,
// and the step it lies in.
func (t *timeline) fit(est, duration, units int32) (start int32, in int) {
	steps := t.steps
	i := t.head
	for i+stride < len(steps) && steps[i+stride].at <= est {
		i += stride
	}
	for i+1 < len(steps) && steps[i+1].at <= est {
		i++
	}
	// The loop chooses by moves rather than jumps, which nothing could foretell.
	start, in = max(est, steps[i].at), i
	for ; i+1 < len(steps); i++ {
		next := steps[i+1].at
		moved := start
		if steps[i].free < units {
			moved = next
		}
		if moved != start {
			in = i + 1
		}
		start = moved
		if next-start >= duration {
			return start, in
		}
	}
	if steps[i].free < units {
		return never, i
	}
	return start, in
}

// take takes units from start to end, where fit found them free from the step given on.
func (t *timeline) take(start, end, units int32, in int) {
	n := len(t.steps)
	last := in // the step in which the end lies
	for last+1 < n && t.steps[last+1].at < end {
		last++
	}
	before := 0 // whether a part of the first step remains before the start
	if t.steps[in].at < start {
		before = 1
	}
	after := 0 // and one of the last step after the end
	if last+1 == n || t.steps[last+1].at > end {
		after = 1
	}
	if more := before + after; more > 0 {
		t.steps = t.steps[:n+more]
		copy(t.steps[last+1+more:], t.steps[last+1:n])
	}
	if after == 1 {
		t.steps[last+before+1] = step{end, t.steps[last].free}
	}
	if before == 1 {
		for i := last; i >= in; i-- {
			t.steps[i+1] = t.steps[i]
		}
		in, last = in+1, last+1
		t.steps[in].at = start
	}
	for i := in; i <= last; i++ {
		t.steps[i].free -= units
	}
	for t.steps[t.head].free < t.least && t.head+1 < len(t.steps) {
		t.head++
	}
}
