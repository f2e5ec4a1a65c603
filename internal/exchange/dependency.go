package exchange

import (
	"fmt"
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

// dependencies makes items of the dependencies that features name, leaves out those that
// stand there already, and refuses circles.
func (p *planner) dependencies() {
	t, ok := p.scope.Set.Of("dependency")
	if !ok {
		return
	}
	blocks := map[ledger.ID][]ledger.ID{}
	for d := range backlog.Dependencies.All(p.scope.View) {
		p.pairs[pairOf(d.From.ID(), d.Type, d.To.ID())] = true
		if d.Type == backlog.Blocks {
			blocks[d.From.ID()] = append(blocks[d.From.ID()], d.To.ID())
		}
	}
	for _, it := range slices.Clone(p.items) {
		if it.table.Kind() == "dependency" && !it.bad {
			from, _ := p.find("feature", text(it.in["from"]))
			to, _ := p.find("feature", text(it.in["to"]))
			kind := backlog.DependencyType(text(it.in["type"]))
			if kind == "" {
				kind = backlog.Blocks
			}
			if !p.connect(it, "to", blocks, pairOf(from, kind, to)) {
				it.existing, it.row = true, table.Row{}
			}
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
				if !p.connect(it, field, blocks, x) {
					continue
				}
				d := &item{table: t, at: it.at, derived: true, in: table.Input{"from": x.from.String(), "type": string(x.of), "to": x.to.String()}}
				d.mentions = []mention{{field: "from", to: it}}
				if to := p.byID[other]; to != nil {
					d.mentions = append(d.mentions, mention{field: "to", to: to})
				}
				d.id = ledger.KeyOf(fmt.Sprintf("dependency/%d", len(p.items)))
				p.items = append(p.items, d)
			}
		}
	}
}

// pairOf brings the two ends of a relation that goes both ways into one order.
func pairOf(from ledger.ID, of backlog.DependencyType, to ledger.ID) pair {
	if of == backlog.Relates && from.String() > to.String() {
		from, to = to, from
	}
	return pair{from, to, of}
}

// connect reports whether a dependency is new and possible; one that is not possible is
// a problem of the item that names it.
func (p *planner) connect(it *item, field string, blocks map[ledger.ID][]ledger.ID, x pair) bool {
	if x.from == x.to {
		p.blame(it, field, it.raw[field], "a feature does not depend on itself", "remove it")
		return true
	}
	if p.pairs[x] {
		return false
	}
	if x.of == backlog.Blocks {
		if reaches(blocks, x.to, x.from) {
			p.blame(it, field, it.raw[field], "it would close a circle of features that block each other", "remove one of the dependencies of the circle")
			return false
		}
		blocks[x.from] = append(blocks[x.from], x.to)
	}
	p.pairs[x] = true
	return true
}

// reaches reports whether edges lead from one node to another.
func reaches(edges map[ledger.ID][]ledger.ID, from, to ledger.ID) bool {
	seen := map[ledger.ID]bool{from: true}
	for todo := []ledger.ID{from}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at == to {
			return true
		}
		for _, next := range edges[at] {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return false
}

// circles refuses features that would be a part of themselves.
func (p *planner) circles() {
	parent := map[ledger.ID]ledger.ID{}
	for f := range backlog.Features.All(p.scope.View) {
		parent[f.ID] = f.Parent.ID()
	}
	var set []*item
	for _, it := range p.items {
		if it.table.Kind() != "feature" || it.bad {
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
	for _, it := range set {
		seen := map[ledger.ID]bool{it.id: true}
		for id := parent[it.id]; !id.IsZero(); id = parent[id] {
			if id == it.id {
				p.blame(it, "parent", it.raw["parent"], "the feature would be a part of itself", "correct the parent of one of the rows of the circle")
				delete(parent, it.id)
			}
			if seen[id] {
				break
			}
			seen[id] = true
		}
	}
}
