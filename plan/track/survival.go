package track

import (
	"math"
	"time"
)

// hazards[j-1] is the chance that something which was not delivered before is delivered
// exactly j periods late; the last stands for all later periods together.
type hazards struct {
	chance [ages]float64
	// lateOutcomes counts deliveries that came late, which is what the tail rests on.
	lateOutcomes int
}

const (
	hazardWeight = 40   // outcomes as which the prior of each hazard counts
	firstHazard  = 0.45 // prior chance that what is late is one period late
	nextHazard   = 0.6  // prior of a hazard, as a share of the one before
	tailHazard   = 0.7  // each hazard beyond the last, as a share of the one before
)

// hazards learns how late things come once they are late: discrete-time survival (Cox,
// "Regression models and life-tables", 1972), each hazard shrunk towards a falling prior.
// Only periods that are over count: what was moved to a period still to come has not come
// one period late, it has not come so far. What was dropped stays undelivered, which is
// how a forecast may say "never".
func (t *Record) hazards(at time.Time) hazards {
	now := t.current(at)
	var came, atRisk [ages]float64
	h := hazards{}
	for i := range t.Commitments {
		c := &t.Commitments[i]
		if c.Period >= now || c.Made.After(at) {
			continue
		}
		r := c.at(at)
		if r.Outcome <= Confirmed {
			continue
		}
		for p := c.Period + 1; p < now; p++ {
			l := ageOf(p - c.Period)
			atRisk[l]++
			if r.Outcome == Missed && r.Period == p {
				came[l]++
				h.lateOutcomes++
				break
			}
		}
	}
	prior := firstHazard
	for j := range h.chance {
		h.chance[j] = (came[j] + hazardWeight*prior) / (atRisk[j] + hazardWeight)
		prior = nextHazard * h.chance[j]
	}
	return h
}

// at is the chance of delivery exactly j periods late, j from 1, given none before.
func (h *hazards) at(j int) float64 {
	if j <= ages {
		return h.chance[j-1]
	}
	return h.chance[ages-1] * math.Pow(tailHazard, float64(j-ages))
}

// Lateness is the distribution of the number of whole periods by which a promise is late.
// The chances need not reach 1: some things never come.
type Lateness struct {
	onTime float64
	late   hazards
}

// Lateness returns how late a promise may be that is kept with chance onTime.
func (e *Experience) Lateness(onTime float64) Lateness { return Lateness{onTime, e.late} }

// By returns the chance of delivery at most j periods late; j below 0 gives 0.
func (l Lateness) By(j int) float64 {
	if j < 0 {
		return 0
	}
	missing := 1 - l.onTime
	for i := 1; i <= j; i++ {
		missing *= 1 - l.late.at(i)
	}
	return 1 - missing
}

const (
	// farthest is the number of periods up to which a quantile is told.
	farthest = 4
	// tailOutcomes is the number of late deliveries below which a chance above
	// tailChance is not told: too few have been seen.
	tailOutcomes = 20
	tailChance   = 0.9
)

// Quantile returns the least number of periods by which the promise is late at most, with
// a chance of at least q. It is not known, and ok false, if that is more than 4 periods or
// never, or if the record holds too few late deliveries to say it of a q above 0.9.
func (l Lateness) Quantile(q float64) (periods int, ok bool) {
	if q > tailChance && l.late.lateOutcomes < tailOutcomes {
		return 0, false
	}
	for j := range farthest + 1 {
		if l.By(j) >= q {
			return j, true
		}
	}
	return 0, false
}
