package thread

import (
	"strings"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
)

// Station is one of the seven stations of a thread, by its name on pages.
type Station string

// The stations, in order.
const (
	Objective Station = "Objective"
	Evidence  Station = "Evidence"
	Spec      Station = "Spec"
	Design    Station = "Design"
	Build     Station = "Build"
	Release   Station = "Release"
	Outcome   Station = "Outcome"
)

// State is how far a station has come.
type State int

// The states of a station, from the least.
const (
	Missing State = iota
	InProgress
	AtRisk
	Done
)

// FactLength is how many characters the fact of a station has at most.
const FactLength = 22

// Standing is a station of one feature.
type Standing struct {
	Station Station
	State   State
	Fact    string // "4.1, 30 Jun"; at most FactLength characters
	Place   Place  // where it is made or mended
}

// Place is a page, or a field on one.
type Place struct {
	Kind  string // of the entity whose page it is
	ID    ledger.ID
	Field string // the column to be written; "" for the page as a whole
}

// way is a feature on its way, as the rules of the stations see it.
type way struct {
	ledger.View
	f      *backlog.Feature
	today  calendar.Day
	stage  backlog.Stage
	status string // what the workflow calls the stage
}

// reached reports whether the feature has come to a stage.
func (w *way) reached(s backlog.Stage) bool {
	return w.stage != backlog.StageDropped && !w.stage.Before(s)
}

// field is a field of the feature as a place.
func (w *way) field(column string) Place { return Place{"feature", w.f.ID, column} }

// stations are the stations in order, each with its rule.
var stations = []struct {
	Station
	stand func(*way) Standing
}{
	{Objective, objectiveOf},
	{Evidence, nothingYet("none linked", "")},
	{Spec, specOf},
	{Design, nothingYet("none linked", "")},
	{Build, buildOf},
	{Release, releaseOf},
	{Outcome, outcomeOf},
}

// Stations returns the seven stations of a feature, in order. A gap at a station shows
// there: what has begun is at risk, and the fact says why.
func Stations(v ledger.View, f *backlog.Feature, today calendar.Day) []Standing {
	w := &way{View: v, f: f, today: today, stage: backlog.StageOf(v, f)}
	if s, ok := backlog.Statuses.Get(v, f.Status.ID()); ok {
		w.status = s.Name
	}
	all := make([]Standing, len(stations))
	for i, s := range stations {
		all[i] = s.stand(w)
		all[i].Station = s.Station
	}
	for g := range of(v, f, today) {
		for i := range all {
			s := &all[i]
			if s.Station != g.Station || s.State == AtRisk {
				continue
			}
			s.Fact, s.Place = g.Short, w.field(g.Field)
			if s.State != Missing {
				s.State = AtRisk
			}
		}
	}
	for i := range all {
		all[i].Fact = clip(all[i].Fact)
	}
	return all
}

// Current returns the place of the station where the thread stands: the first at risk,
// else the last in progress, else the first missing.
func Current(all []Standing) int {
	progress, missing := -1, -1
	for i, s := range all {
		switch {
		case s.State == AtRisk:
			return i
		case s.State == InProgress:
			progress = i
		case s.State == Missing && missing < 0:
			missing = i
		}
	}
	if progress >= 0 {
		return progress
	}
	return missing
}

// nothingYet is the rule of a station that no slice knows anything of.
func nothingYet(fact, column string) func(*way) Standing {
	return func(w *way) Standing { return Standing{Fact: fact, Place: w.field(column)} }
}

func objectiveOf(w *way) Standing {
	id := serves(w.View, w.f)
	if id.IsZero() {
		return Standing{Fact: "none yet", Place: w.field("objective")}
	}
	o, ok := strategy.Objectives.Get(w.View, id)
	if !ok {
		return Standing{State: Done, Fact: "a private item", Place: w.field("objective")}
	}
	return Standing{State: Done, Fact: o.Title, Place: Place{"objective", id, ""}}
}

func specOf(w *way) Standing {
	s := Standing{Fact: "not begun", Place: w.field("description")}
	switch {
	case w.reached(backlog.StageSpecified):
		s.State, s.Fact = Done, "done"
	case w.reached(backlog.StageDiscovery):
		s.State, s.Fact = InProgress, w.status
	case w.f.Description != (ledger.TextRef{}):
		s.State, s.Fact = InProgress, "a description"
	}
	return s
}

func buildOf(w *way) Standing {
	s := Standing{Fact: "not begun", Place: w.field("status")}
	switch {
	case w.reached(backlog.StageVerifying):
		s.State, s.Fact = Done, "done"
	case w.reached(backlog.StageBuilding):
		s.State, s.Fact = InProgress, w.status
	case len(w.f.Effort) > 0:
		s.Fact = "estimated, not begun"
	}
	return s
}

func releaseOf(w *way) Standing {
	s := Standing{Fact: "no release", Place: w.field("release")}
	if r, ok := release.Releases.Get(w.View, w.f.Release.ID()); ok {
		s.State, s.Fact, s.Place = InProgress, r.Name, Place{"release", r.ID, ""}
		if !r.Date.IsZero() {
			s.Fact = r.Name + ", " + r.Date.Short(w.today)
		}
		if r.Status == release.Cancelled {
			s.State, s.Fact, s.Place = AtRisk, r.Name+" is cancelled", w.field("release")
		}
	} else if !w.f.Release.IsZero() {
		s.State, s.Fact = InProgress, "a private item"
	}
	if w.reached(backlog.StageLive) {
		if s.State == Missing {
			s.Fact = "live"
		}
		s.State = Done
	}
	return s
}

func outcomeOf(w *way) Standing {
	s := Standing{Fact: "not live yet", Place: w.field("status")}
	switch {
	case w.reached(backlog.StageProven):
		s.State, s.Fact = Done, w.status
	case w.reached(backlog.StageLive):
		s.State, s.Fact = InProgress, "live, not proven"
	}
	return s
}

// clip keeps a fact within its length.
func clip(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > FactLength {
		return strings.TrimSpace(string(r[:FactLength-1])) + "…"
	}
	return s
}
