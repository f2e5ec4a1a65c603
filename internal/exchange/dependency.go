package exchange

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// pair is a dependency by its ends.
type pair struct {
	from, to ledger.ID
	of       backlog.DependencyType
}

// said is a dependency with the item and the field that name it.
type said struct {
	pair
	by    *item
	field string
}

// dependencies makes items of the dependencies that features name, leaves out those that
// stand there already, and refuses circles.
func (p *planner) dependencies() {
	t, ok := p.scope.Set.Of("dependency")
	if !ok {
		return
	}
	blocks := edges{}
	for d := range backlog.Dependencies.All(p.scope.View) {
		p.pairs[pairOf(d.From.ID(), d.Type, d.To.ID())] = true
		if d.Type == backlog.Blocks {
			blocks.add(d.From.ID(), d.To.ID())
		}
	}
	named := p.named()
	closing := closing(blocks, named)
	for _, x := range named {
		switch {
		case x.from == x.to:
			p.blame(x.by, x.field, x.by.raw[x.field], "a feature does not depend on itself", "remove it")
			continue
		case p.pairs[x.pair]:
			if x.by.table == t {
				x.by.existing = true
			}
			continue
		case closing[x.pair]:
			p.blame(x.by, x.field, x.by.raw[x.field], "it would close a circle of features that block each other", "remove one of the dependencies of the circle")
			continue
		}
		p.pairs[x.pair] = true
		if x.by.table == t {
			continue
		}
		d := &item{table: t, at: x.by.at, derived: true, in: table.Input{"from": x.from.String(), "type": string(x.of), "to": x.to.String()}}
		for field, id := range map[string]ledger.ID{"from": x.from, "to": x.to} {
			if end := p.byID[id]; end != nil {
				d.mentions = append(d.mentions, mention{field: field, to: end})
			}
		}
		d.id = ledger.KeyOf(fmt.Sprintf("dependency/%d", len(p.items)))
		p.items = append(p.items, d)
	}
}

// named returns all dependencies that the items name, in the order of the file.
func (p *planner) named() (all []said) {
	for _, it := range p.items {
		if it.table.Kind() == "dependency" && !it.bad {
			from, _ := p.find("feature", text(it.in["from"]))
			to, _ := p.find("feature", text(it.in["to"]))
			of := backlog.DependencyType(cmp.Or(text(it.in["type"]), string(backlog.Blocks)))
			all = append(all, said{pairOf(from, of, to), it, "to"})
			continue
		}
		for _, field := range linkFields {
			for _, name := range it.links[field] {
				p.current, p.field = it, field
				other, err := p.find("feature", name)
				p.current = nil
				if err != nil {
					p.blame(it, field, name, err.Error(), remedyFor(table.Info{Type: table.TypeLink, Kind: "feature"}))
					continue
				}
				x := pairOf(it.id, backlog.Relates, other)
				switch field {
				case "blocked_by":
					x = pairOf(other, backlog.Blocks, it.id)
				case fieldBlocks:
					x = pairOf(it.id, backlog.Blocks, other)
				case "duplicates":
					x = pairOf(it.id, backlog.Duplicates, other)
				}
				all = append(all, said{x, it, field})
			}
		}
	}
	return all
}

// pairOf brings the two ends of a relation that goes both ways into one order.
func pairOf(from ledger.ID, of backlog.DependencyType, to ledger.ID) pair {
	if of == backlog.Relates && from.String() > to.String() {
		from, to = to, from
	}
	return pair{from, to, of}
}

// edges lead from features to those that they block.
type edges map[ledger.ID][]ledger.ID

func (e edges) add(from, to ledger.ID) { e[from] = append(e[from], to) }

// closing returns the new dependencies without which no features block each other in a
// circle. It walks all of them depth first; an edge that leads back onto the way by which
// the walk has come closes a circle. If that edge stands in the workspace already, the
// last new one on the circle is taken instead, and the walk repeated.
func closing(standing edges, named []said) map[pair]bool {
	all, fresh, refused := edges{}, map[pair]bool{}, map[pair]bool{}
	for from, to := range standing {
		all[from] = slices.Clone(to)
	}
	for _, x := range named {
		if x.of == backlog.Blocks && x.from != x.to && !fresh[x.pair] && !slices.Contains(standing[x.from], x.to) {
			fresh[x.pair] = true
			all.add(x.from, x.to)
		}
	}
	for again := true; again; {
		again = false
		var way []ledger.ID
		done := map[ledger.ID]bool{} // false: on the way
		refuse := func(from, to ledger.ID) bool {
			x := pair{from, to, backlog.Blocks}
			if fresh[x] {
				refused[x], again = true, true
			}
			return fresh[x]
		}
		var walk func(ledger.ID)
		walk = func(id ledger.ID) {
			done[id] = false
			way = append(way, id)
			for _, to := range all[id] {
				finished, seen := done[to]
				switch {
				case refused[pair{id, to, backlog.Blocks}] || finished:
				case !seen:
					walk(to)
				case !refuse(id, to):
					for i := len(way) - 1; i > 0 && way[i] != to && !refuse(way[i-1], way[i]); i-- {
					}
				}
			}
			way = way[:len(way)-1]
			done[id] = true
		}
		for _, x := range named {
			if _, seen := done[x.from]; !seen {
				walk(x.from)
			}
		}
	}
	return refused
}

// circles refuses features that would be a part of themselves.
func (p *planner) circles() {
	parent := map[ledger.ID]ledger.ID{}
	for f := range backlog.Features.All(p.scope.View) {
		parent[f.ID] = f.Parent.ID()
	}
	var set []*item
	for _, it := range p.items {
		if it.table.Kind() != "feature" {
			continue
		}
		value, said := it.in["parent"]
		for i := len(it.steps) - 1; i >= 0 && !said; i-- {
			value, said = it.steps[i].in["parent"]
		}
		if said {
			parent[it.id], _ = p.find("feature", text(value))
			set = append(set, it)
		}
	}
	sound := map[ledger.ID]bool{} // known to lead to a feature without a parent
	for _, it := range set {
		path := map[ledger.ID]bool{}
		id := it.id
		for !id.IsZero() && !sound[id] && !path[id] {
			path[id] = true
			id = parent[id]
		}
		if !id.IsZero() && path[id] {
			if p.byID[id] == nil || p.byID[id].bad { // it stands in the workspace, and what leads to it is new
				id = it.id
			}
			on := p.byID[id]
			p.blame(on, "parent", on.raw["parent"], "the feature would be a part of itself", "correct the parent of one of the rows of the circle")
			delete(parent, id)
		}
		maps.Copy(sound, path)
	}
}
