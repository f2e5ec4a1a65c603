package plan

import "slices"

// tick is how finely a simulation divides a period: work that is done at noon lets the
// next begin at noon.
const (
	tickBits = 6
	tick     = 1 << tickBits
)

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
// which is above 0, and the steps in which that time begins and ends.
func (t *timeline) fit(est, duration, units int32) (start int32, first, last int) {
	steps := t.steps
	i := t.head
	for i+stride < len(steps) && steps[i+stride].at <= est {
		i += stride
	}
	for i+1 < len(steps) && steps[i+1].at <= est {
		i++
	}
	// The loop chooses by moves rather than jumps, which nothing could foretell.
	this := steps[i]
	start, first = max(est, this.at), i
	for i++; i < len(steps); i++ {
		next := steps[i]
		if this.free < units {
			start = next.at
		}
		if next.at-start >= duration {
			break
		}
		this = next
	}
	last = i - 1
	if i == len(steps) && this.free < units {
		return never, last, last
	}
	for k := last; k > first; k-- {
		if steps[k].at <= start {
			return start, k, last
		}
	}
	return start, first, last
}

// take takes units from start to end, where fit found them free from the first step to the
// last.
func (t *timeline) take(start, end, units int32, in, last int) {
	n := len(t.steps)
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
