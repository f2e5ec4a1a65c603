package api

import (
	"hash/fnv"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
	"github.com/throughline-pm/throughline/internal/web"
)

// openGap is a break in the thread of an entity.
type openGap struct {
	Kind   string        `json:"kind" doc:"how the thread is broken, as no-objective"`
	Entity table.Target  `json:"entity" doc:"whose thread is broken"`
	Fact   string        `json:"fact" doc:"what is the matter, in words"`
	Owner  *table.Target `json:"owner,omitzero" doc:"the person who can be asked"`
	Other  *table.Target `json:"other,omitzero" doc:"what else it is about: the feature that is waited for, the release that is late"`
	Column string        `json:"column,omitzero" doc:"the column of the entity whose new value closes the gap; without it another act does"`
}

// openGaps is a page of them.
type openGaps struct {
	Items  []openGap      `json:"items" nullable:"false" doc:"the most pressing kinds first"`
	Total  int            `json:"total" doc:"all that pass the filter"`
	Counts map[string]int `json:"counts" doc:"how many there are of each kind"`
	Next   string         `json:"next,omitzero" doc:"the cursor of the next page, if there is one"`
}

func (a *API) gaps() []operation {
	kinds := huma.Param{Name: "kind", In: "query", Description: "only gaps of this kind", Schema: &huma.Schema{Type: "string"}}
	for _, k := range thread.Kinds {
		kinds.Schema.Enum = append(kinds.Schema.Enum, k.Name)
	}
	return []operation{{
		Operation: huma.Operation{
			OperationID: "list-gaps", Method: http.MethodGet, Path: prefix + "/{workspace}/gaps", Tags: []string{"Gaps"},
			Summary:     "List where threads are broken",
			Description: "A gap is there as long as what it says is true; it is closed by changing the entity, not the gap.",
			Parameters: parameters(workspaceParameter, kinds,
				query("owner", "only those about which this person can be asked; me is who asks"),
				query("product", "only those of this product"), query("objective", "only those of this objective"),
				query("release", "only those of this release"), limitParameter, afterParameter, atParameter, inParameter),
			Responses: answers(200, "A page of gaps", schemaOf[openGaps](a)),
		},
		who: web.Member, handle: listGaps,
	}}
}

func listGaps(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	snapshot, err := c.Snapshot()
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	filter := c.gapFilter(scope, &f)
	limit := c.limit(&f)
	all, err := thread.Gaps(c.Context(), snapshot, scope.Today)
	if err != nil {
		return answer{}, err
	}
	chosen := slices.Collect(filter.Of(all))
	first, hash := 0, filterHash(c)
	if after := c.Query("after"); after != "" {
		from, err := parseCursor(after, hash)
		if err != nil {
			f.Add("after", "%v", err)
		}
		first = behind(chosen, from)
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	page := openGaps{Items: []openGap{}, Total: len(chosen), Counts: map[string]int{}}
	for _, g := range chosen {
		page.Counts[g.Name]++
	}
	last := min(first+limit, len(chosen))
	for _, g := range chosen[first:last] {
		page.Items = append(page.Items, describeGap(scope, g))
	}
	if last < len(chosen) {
		page.Next = cursor{query: hash, row: chosen[last-1].ID, place: last}.String()
	}
	return encoded(page)
}

// gapFilter reads the filter from the address.
func (c *call) gapFilter(scope *table.Scope, f *fault.Fields) (filter thread.Filter) {
	if name := c.Query("kind"); name != "" {
		kind, ok := thread.KindNamed(name)
		if !ok {
			f.Add("kind", "%q is no kind of gap", name)
		}
		filter.Kind = kind
	}
	for _, x := range []struct {
		name, kind string
		at         *ledger.ID
	}{
		{"owner", "person", &filter.Owner},
		{"product", "product", &filter.Product},
		{"objective", "objective", &filter.Objective},
		{"release", "release", &filter.Release},
	} {
		text := c.Query(x.name)
		if text == "" {
			continue
		}
		id, err := scope.Find(x.kind, text)
		if err != nil {
			f.Add(x.name, "%v", err)
		}
		*x.at = id
	}
	return filter
}

// filterHash names a list of gaps in cursors.
func filterHash(c *call) uint32 {
	h := fnv.New32a()
	for _, name := range []string{"kind", "owner", "product", "objective", "release"} {
		h.Write([]byte(name + "=" + c.Query(name) + "&"))
	}
	return h.Sum32()
}

// behind returns the place behind the gap that a cursor stands at; if it is closed, what
// followed it has moved up to its place.
func behind(all []thread.Gap, c cursor) int {
	if c.place <= len(all) && c.place > 0 && all[c.place-1].ID == c.row {
		return c.place
	}
	return min(max(c.place-1, 0), len(all))
}

func describeGap(scope *table.Scope, g thread.Gap) openGap {
	out := openGap{Kind: g.Name, Fact: g.Fact, Column: g.Field}
	out.Entity, _ = scope.Target(g.Of, g.ID)
	if to, ok := scope.Target("person", g.Owner); ok {
		out.Owner = &to
	}
	if to, ok := scope.Target(g.About, g.Other); ok {
		out.Other = &to
	}
	return out
}
