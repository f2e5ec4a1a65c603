package api

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// comparison is what differs in a list between two moments, a page of it.
type comparison struct {
	Then    int          `json:"then" doc:"how many passed the query at the earlier moment"`
	Now     int          `json:"now" doc:"how many pass it at the later one"`
	Added   int          `json:"added"`
	Removed int          `json:"removed"`
	Changed int          `json:"changed"`
	Items   []difference `json:"items" nullable:"false" doc:"what was added, then what was removed, then what was changed"`
	Next    *string      `json:"next" doc:"give it as after for the next page; null at the end"`
}

// difference is one entity that differs.
type difference struct {
	What    string     `json:"what" enum:"added,removed,changed"`
	ID      ledger.ID  `json:"id"`
	Key     string     `json:"key,omitzero"`
	Title   string     `json:"title"`
	New     bool       `json:"new,omitzero" doc:"it did not exist at the earlier moment"`
	Deleted bool       `json:"deleted,omitzero" doc:"it does not exist at the later moment"`
	By      *happening `json:"by,omitzero" doc:"what happened to it last in between; missing if it follows from other entities"`
	Changes []difValue `json:"changes" nullable:"false"`
}

// difValue is one changed column, as a person reads it.
type difValue struct {
	change
	By *happening `json:"by,omitzero" doc:"what wrote it last in between; missing if it follows from other entities"`
}

// happening is what somebody did.
type happening struct {
	Seq      ledger.Seq  `json:"seq" doc:"the position of the commit"`
	At       ledger.Time `json:"at" doc:"when it happened"`
	Actor    actor       `json:"actor"`
	Verb     string      `json:"verb"`
	Proposal string      `json:"proposal,omitzero" doc:"the key of the proposal that was merged with it"`
	Undoes   ledger.Seq  `json:"undoes,omitzero" doc:"the commit that it took back"`
}

// comparison is the operation that compares two moments of a list.
func (r *resource) comparison() operation {
	return operation{who: web.Member, handle: r.compare, Operation: huma.Operation{
		OperationID: "compare-" + r.table.Name(), Method: http.MethodGet, Path: prefix + "/{workspace}/" + r.table.Name() + "/compare",
		Tags: []string{r.table.Label()}, Summary: "Compare: " + r.table.Label(),
		Description: "What differs in a list between two moments: what was added, removed and changed, by whom, when and as a part of what. " +
			"A moment is a day, which means its end, a position as @1842, or visit: the end of the account's last visit in a browser.",
		Parameters: parameters(
			workspaceParameter, query("since", "the earlier moment: 2026-03-03, @1842, today-7d or visit"),
			query("until", "the later moment; now if nothing is said"),
			query("filter", "what must hold, as: status = Building and target < today+30d"),
			query("q", "words that begin words of the title or key"), query("sort", "columns with commas between them, - in front for the other direction"),
			query("columns", "the columns that are compared, with commas between them; all that can be written if nothing is said"), limitParameter, afterParameter),
		Responses: answers(http.StatusOK, "A page of what differs", schemaOf[comparison](r.api)),
	}}
}

func (r *resource) compare(c *call) (answer, error) {
	var f fault.Fields
	then, err := c.side("since", &f)
	if err != nil {
		return answer{}, err
	}
	now, err := c.side("until", &f)
	if err != nil {
		return answer{}, err
	}
	query, err := table.ParseQuery(c.R.URL.Query())
	if err := gather(&f, err); err != nil {
		return answer{}, err
	}
	limit, first := c.limit(&f), 0
	if after := c.Query("after"); after != "" {
		if first, err = strconv.Atoi(after); err != nil || first < 0 {
			f.Add("after", "%v", errCursor)
		}
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	all := r.table.Columns(now.View)
	if err := known(query.Columns, all); err != nil {
		return answer{}, err
	}
	var columns []table.Info
	for _, col := range choose(all, query.Columns, true) {
		if col.Name != "key" && (len(query.Columns) > 0 || col.Writable) {
			columns = append(columns, col)
		}
	}
	found, err := r.table.Compare(c.Context(), then, now, query, columns)
	if err != nil {
		return answer{}, err
	}
	out := comparison{
		Then: found.Then, Now: found.Now, Added: len(found.Added), Removed: len(found.Removed), Changed: len(found.Changed), Items: []difference{},
	}
	names := c.Names()
	place := 0
	for _, part := range []struct {
		what string
		all  []table.Difference
	}{{"added", found.Added}, {"removed", found.Removed}, {"changed", found.Changed}} {
		for _, d := range part.all {
			if place++; place <= first {
				continue
			}
			if len(out.Items) == limit {
				next := strconv.Itoa(place - 1)
				out.Next = &next
				return encoded(out)
			}
			item, err := c.difference(found, d, names)
			if err != nil {
				return answer{}, err
			}
			item.What = part.what
			out.Items = append(out.Items, item)
		}
	}
	return encoded(out)
}

// side reads a moment of the address and the workspace at it.
func (c *call) side(name string, f *fault.Fields) (table.Side, error) {
	text := c.Query(name)
	if text == "" && name == "since" {
		f.Add(name, "is required: a day, as 2026-03-03, a position, as @1842, or visit")
		return table.Side{}, nil
	}
	m, err := c.Moment(text)
	if fault.Is(err, fault.Invalid) {
		f.Add(name, "%v", err)
		return table.Side{}, nil
	}
	if err != nil {
		return table.Side{}, err
	}
	return c.SideAt(m)
}

func (c *call) difference(found *table.Comparison, d table.Difference, names func(ledger.ID) string) (difference, error) {
	why, err := found.Reasons(c.Context(), c.Kit.Ledger, c.Live(), d)
	if err != nil {
		return difference{}, err
	}
	row := d.Latest()
	item := difference{
		ID: row.ID(), Key: row.Key(), Title: row.Title(), New: d.Then.IsZero(), Deleted: d.Now.IsZero(),
		By: c.happening(why.Last, names), Changes: []difValue{},
	}
	for _, v := range found.Values(d) {
		item.Changes = append(item.Changes, difValue{
			change{Field: v.Column.Name, Label: v.Column.Label, Was: v.Was, Now: v.Now}, c.happening(why.Of(v.Column), names),
		})
	}
	return item, nil
}

func (c *call) happening(r table.Reason, names func(ledger.ID) string) *happening {
	if r.IsZero() {
		return nil
	}
	h := &happening{Seq: r.Seq, At: r.At, Actor: actor{ID: r.Actor, Name: names(r.Actor)}, Verb: r.Verb, Undoes: r.Undoes}
	if !r.Via.IsZero() {
		h.Actor.Via = names(r.Via)
	}
	if p, ok := ledger.Proposals.Get(c.Live(), r.Merges); ok {
		h.Proposal = p.Key
	}
	return h
}
