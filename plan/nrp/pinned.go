package nrp

import "github.com/throughline-pm/throughline/plan/closure"

// A pinned is a core with some clients and parts decided: those of the core first,
// then these, by node of the graph.
type pinned struct {
	core  *core
	force []closure.Force
}

func (p pinned) clients() []closure.Force { return p.force[:len(p.core.profit)] }
func (p pinned) parts() []closure.Force   { return p.force[len(p.core.profit):] }

// spread decides what follows from what is decided: a client that is in has its parts
// in; one that needs a part that is out, or more than the rest of the budget, is out; one
// that has nothing left to pay is in; parts that nobody needs any more are out. It
// reports false if what is in needs a part that is out or more than the budget.
func (p pinned) spread() bool {
	c, clients, parts := p.core, p.clients(), p.parts()
	for i, f := range clients {
		if f == closure.In {
			for _, k := range c.parts[i] {
				if parts[k] == closure.Out {
					return false
				}
				parts[k] = closure.In
			}
		}
	}
	cheap, _ := p.lines()
	rest := c.budget - cheap.cost
	if rest < 0 {
		return false
	}
	for i, f := range clients {
		if f != closure.Free {
			continue
		}
		price := c.own[i]
		for _, k := range c.parts[i] {
			switch parts[k] {
			case closure.Free:
				price += c.cost[k]
			case closure.Out:
				price = rest + 1
			}
		}
		switch {
		case price > rest:
			clients[i] = closure.Out
		case price == 0:
			clients[i] = closure.In
		}
	}
	for k, f := range parts {
		if f == closure.Free && !p.needed(k) {
			parts[k] = closure.Out
		}
	}
	return true
}

// needed reports whether an open client needs a part.
func (p pinned) needed(part int) bool {
	for _, i := range p.core.clients[part] {
		if p.force[i] == closure.Free {
			return true
		}
	}
	return false
}

// lines returns the lines of what is in, and of that with all that is open.
func (p pinned) lines() (cheap, dear line) {
	c := p.core
	for i, f := range p.clients() {
		switch f {
		case closure.In:
			cheap.profit += c.profit[i]
			cheap.cost += c.own[i]
		case closure.Free:
			dear.profit += c.profit[i]
			dear.cost += c.own[i]
		}
	}
	for k, f := range p.parts() {
		switch f {
		case closure.In:
			cheap.cost += c.cost[k]
		case closure.Free:
			dear.cost += c.cost[k]
		}
	}
	dear.profit += cheap.profit
	dear.cost += cheap.cost
	return cheap, dear
}

// adapt returns the line of a set, given by node, after what is decided since.
func (p pinned) adapt(in, built []bool) (l line) {
	c := p.core
	clear(built)
	for i, f := range p.clients() {
		if f == closure.In || f == closure.Free && in[i] {
			l.profit += c.profit[i]
			l.cost += c.own[i]
			for _, k := range c.parts[i] {
				built[k] = true
			}
		}
	}
	for k, f := range p.parts() {
		if f == closure.In || built[k] {
			l.cost += c.cost[k]
		}
	}
	return l
}

// fix decides the open clients and parts that cannot be otherwise in a set of a profit
// of at least goal, by the last cut of the dual: what a closed set loses against the best
// one by the regrets of a client and its parts, or of a part and its clients, must be
// spare.
func (p pinned) fix(d *dual, goal int64) {
	c, clients, parts := p.core, p.clients(), p.parts()
	n, spare := len(clients), d.spare(goal)
	for i, f := range clients {
		if f != closure.Free {
			continue
		}
		if d.solver.Regret(i) > spare {
			clients[i] = closure.In
			continue
		}
		loss := max(0, -d.solver.Regret(i))
		for _, k := range c.parts[i] {
			loss += max(0, -d.solver.Regret(n+int(k)))
		}
		if loss > spare {
			clients[i] = closure.Out
		}
	}
	for k, f := range parts {
		if f != closure.Free {
			continue
		}
		if -d.solver.Regret(n+k) > spare {
			parts[k] = closure.Out
			continue
		}
		loss := max(0, d.solver.Regret(n+k))
		for _, i := range c.clients[k] {
			loss += max(0, d.solver.Regret(int(i)))
		}
		if loss > spare {
			parts[k] = closure.In
		}
	}
}
