package exchange

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// maxListed is how many problems and values a report lists; it counts all.
const maxListed = 1000

// Count is what an import does with the entities of one kind.
type Count struct {
	Kind      string `json:"kind"`
	New       int    `json:"new"`
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged"`
	Skipped   int    `json:"skipped"`
}

// MappedValue is what a value of the file becomes.
type MappedValue struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
	Rows  int    `json:"rows"`
	New   bool   `json:"new,omitzero"` // the import makes what it refers to
}

// Made is an entity that the file only refers to and that the import makes.
type Made struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Report tells what an import would do, or did.
type Report struct {
	Mapping      *Mapping      `json:"mapping,omitzero"`
	Rows         int           `json:"rows"`
	Counts       []Count       `json:"counts"`
	Made         []Made        `json:"made,omitempty"`
	History      int           `json:"history,omitzero"` // dated changes
	Values       []MappedValue `json:"values,omitempty"` // of statuses, priorities and people
	LeftOut      []string      `json:"left_out,omitempty"`
	Problems     []Problem     `json:"problems,omitempty"` // at most 1,000
	ProblemCount int           `json:"problem_count"`
	Notes        []string      `json:"notes,omitempty"`
	Position     ledger.Seq    `json:"position,omitzero"` // of the commit; 0: nothing is imported yet, or nothing changed
}

// Count returns the counts of a kind.
func (r *Report) Count(kind string) Count {
	for _, c := range r.Counts {
		if c.Kind == kind {
			return c
		}
	}
	return Count{Kind: kind}
}

func (r *Report) count(kind string, add func(*Count)) {
	i := slices.IndexFunc(r.Counts, func(c Count) bool { return c.Kind == kind })
	if i < 0 {
		i = len(r.Counts)
		r.Counts = append(r.Counts, Count{Kind: kind})
	}
	add(&r.Counts[i])
}

func (r *Report) add(p Problem) {
	r.ProblemCount++
	if len(r.Problems) < maxListed {
		r.Problems = append(r.Problems, p)
	}
}

func (r *Report) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}
