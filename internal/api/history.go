package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// past is one change in the history of an entity.
type past struct {
	Seq     ledger.Seq  `json:"seq" doc:"the position of the commit"`
	At      ledger.Time `json:"at" doc:"when it happened; of imported history not when it was imported"`
	Actor   actor       `json:"actor"`
	Verb    string      `json:"verb" doc:"what was done: create, edit, move, import"`
	Op      ledger.Op   `json:"op" enum:"create,edit,delete"`
	Undoes  ledger.Seq  `json:"undoes,omitzero" doc:"the commit that this one took back"`
	Changes []change    `json:"changes" nullable:"false"`
}

// actor is who did something.
type actor struct {
	ID   ledger.ID `json:"id" doc:"the account"`
	Name string    `json:"name,omitzero"`
	Via  string    `json:"via,omitzero" doc:"the API token that was used, by name"`
}

// change is one changed field, as a person reads it: values as texts, and what the reader
// may not know of as a private item.
type change struct {
	Field string `json:"field"`
	Label string `json:"label"`
	Was   string `json:"was"`
	Now   string `json:"now"`
}

type pastPage struct {
	Items []past  `json:"items" nullable:"false"`
	Next  *string `json:"next" doc:"give it as after for the next page; null at the end"`
}

// history answers the changes of an entity up to the moment that is asked for, the newest
// first. What is pending in a proposal has not happened.
func (r *resource) history(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	limit := c.limit(&f)
	seq, n, err := parsePlace(c.Query("after"))
	if err != nil {
		f.Add("after", "%v", err)
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	row, err := r.row(c, scope.View)
	if err != nil {
		return answer{}, err
	}
	happened, err := c.happened()
	if err != nil {
		return answer{}, err
	}
	names := c.Names()
	page := pastPage{Items: []past{}}
	lastN := 0 // the number of the last item in its commit
	for commit, err := range c.Kit.Ledger.History(c.Context(), c.Live(), r.table.AnyKind(), row.ID()) {
		if err != nil {
			return answer{}, err
		}
		for _, e := range slices.Backward(commit.Entries) {
			if seq != 0 && (commit.Seq > seq || commit.Seq == seq && e.N >= n) || !happened(commit.Seq, e.At) {
				continue
			}
			if len(page.Items) == limit {
				last := page.Items[limit-1]
				next := fmt.Sprintf("%d.%d", last.Seq, lastN)
				page.Next = &next
				return encoded(page)
			}
			p := past{Seq: commit.Seq, At: e.At, Verb: commit.Verb, Op: e.Op, Undoes: commit.Undoes, Changes: []change{}}
			p.Actor = actor{ID: commit.Actor.ID, Name: names(commit.Actor.ID)}
			if !commit.Actor.Via.IsZero() {
				p.Actor.Via = names(commit.Actor.Via)
			}
			if !e.Actor.IsZero() {
				p.Actor = actor{ID: e.Actor, Name: names(e.Actor)}
			}
			for _, ch := range e.Changes {
				for _, shown := range r.table.ShowChanges(scope, ch) {
					p.Changes = append(p.Changes, change{Field: shown.Field, Label: shown.Label, Was: shown.Was, Now: shown.Now})
				}
			}
			page.Items, lastN = append(page.Items, p), e.N
		}
	}
	return encoded(page)
}

// happened tells what belongs to the moment that is read.
func (c *call) happened() (func(ledger.Seq, ledger.Time) bool, error) {
	m, err := c.Moment(c.Query("at"))
	return m.Holds, err
}

// parsePlace reads the place of an entry in the journal: the commit and the number in it.
func parsePlace(text string) (ledger.Seq, int, error) {
	if text == "" {
		return 0, 0, nil
	}
	s, number, _ := strings.Cut(text, ".")
	seq, err := strconv.ParseInt(s, 10, 64)
	n, err2 := strconv.Atoi(number)
	if err != nil || err2 != nil || seq < 1 || n < 0 {
		return 0, 0, errCursor
	}
	return ledger.Seq(seq), n, nil
}

// encoded answers with a value as JSON.
func encoded(v any) (answer, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return answer{}, err
	}
	return answer{Body: b, ETag: tag(0, b)}, nil
}
