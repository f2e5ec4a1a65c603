package nrp

import (
	"encoding/binary"
	"slices"

	"github.com/throughline-pm/throughline/plan/closure"
)

// A core is an instance boiled down to what there is to decide. Customers with the same
// demands are one client; requirements of the same clients are one part; and what a single
// client needs is a price of its own. A part needs no other, as every client
// names all that it needs, directly or by others.
//
// The core of a core, when some clients and parts are decided, is again one.
type core struct {
	budget int64 // for what is open
	gained int64 // profit of the clients decided to be in

	profit, own []int64   // of each client: its profit, and what it alone has to pay
	parts       [][]int32 // of each client: the parts it needs, ascending
	cost        []int64   // of each part
	clients     [][]int32 // of each part: those that need it, ascending
	total       int64     // cost of all

	members [][]int32 // of each client: the customers it stands for
	taken   []int32   // the customers decided to be in
}

// needs finds what requirements need.
type needs struct {
	before [][]int32 // of each requirement: those it needs directly
	seen   []int     // of each requirement: the last search that came upon it
	round  int
}

func newNeeds(in *Instance) *needs {
	n := &needs{before: make([][]int32, len(in.Costs)), seen: make([]int, len(in.Costs))}
	for _, need := range in.Needs {
		n.before[need.Requirement] = append(n.before[need.Requirement], int32(need.Before))
	}
	return n
}

// all returns what is wanted and all that it needs, ascending.
func (n *needs) all(wants []int) (list []int32) {
	n.round++
	add := func(k int32) {
		if n.seen[k] != n.round {
			n.seen[k] = n.round
			list = append(list, k)
		}
	}
	for _, k := range wants {
		add(int32(k))
	}
	for i := 0; i < len(list); i++ {
		for _, k := range n.before[list[i]] {
			add(k)
		}
	}
	slices.Sort(list)
	return list
}

// newCore returns the core of a valid instance.
func newCore(in *Instance, budget int64) *core {
	needs := newNeeds(in)
	c := &core{budget: budget, cost: in.Costs}
	for i, customer := range in.Customers {
		c.profit, c.own = append(c.profit, customer.Profit), append(c.own, 0)
		c.parts, c.members = append(c.parts, needs.all(customer.Wants)), append(c.members, []int32{int32(i)})
	}
	return c.reduce(make([]closure.Force, len(c.profit)), make([]closure.Force, len(c.cost)))
}

// reduce returns the core of what is left when clients and parts are decided. A client
// is also decided if it needs a part that is out, can never be paid, brings nothing, or
// has nothing left to pay.
func (c *core) reduce(clients, parts []closure.Force) *core {
	r := &core{budget: c.budget, gained: c.gained, taken: slices.Clone(c.taken)}
	paid := make([]bool, len(c.cost))
	pay := func(p int32) {
		if !paid[p] {
			paid[p] = true
			r.budget -= c.cost[p]
		}
	}
	for p, f := range parts {
		if f == closure.In {
			pay(int32(p))
		}
	}
	for i, f := range clients {
		if f == closure.In {
			r.budget -= c.own[i]
			for _, p := range c.parts[i] {
				pay(p)
			}
		}
	}
	var left []int32
	users := make([][]int32, len(c.cost)) // positions in left
	for i := range c.profit {
		if clients[i] == closure.Out {
			continue
		}
		price, possible := c.own[i], true
		for _, p := range c.parts[i] {
			if !paid[p] {
				price += c.cost[p]
				possible = possible && parts[p] != closure.Out
			}
		}
		switch {
		case clients[i] == closure.In || possible && price == 0:
			r.gained += c.profit[i]
			r.taken = append(r.taken, c.members[i]...)
		case possible && price <= r.budget && c.profit[i] > 0:
			for _, p := range c.parts[i] {
				if !paid[p] && c.cost[p] > 0 {
					users[p] = append(users[p], int32(len(left)))
				}
			}
			left = append(left, int32(i))
		}
	}

	// Parts of one client are its own, parts of the same clients are one.
	own, needs := make([]int64, len(left)), make([][]int32, len(left))
	for k, i := range left {
		own[k] = c.own[i]
	}
	byClients := map[string]int32{}
	for p, of := range users {
		switch len(of) {
		case 0:
		case 1:
			own[of[0]] += c.cost[p]
		default:
			k := key(of)
			at, ok := byClients[k]
			if !ok {
				at = int32(len(r.cost))
				byClients[k] = at
				r.cost = append(r.cost, 0)
				for _, i := range of {
					needs[i] = append(needs[i], at)
				}
			}
			r.cost[at] += c.cost[p]
		}
	}

	// Clients of the same parts, and no price of their own, are one.
	r.clients = make([][]int32, len(r.cost))
	byParts := map[string]int32{}
	for k, i := range left {
		key := key(needs[k])
		at, ok := byParts[key]
		if !ok || own[k] > 0 {
			at = int32(len(r.profit))
			if own[k] == 0 {
				byParts[key] = at
			}
			r.profit, r.own = append(r.profit, 0), append(r.own, own[k])
			r.parts, r.members = append(r.parts, needs[k]), append(r.members, nil)
			for _, p := range needs[k] {
				r.clients[p] = append(r.clients[p], at)
			}
		}
		r.profit[at] += c.profit[i]
		r.members[at] = append(r.members[at], c.members[i]...)
	}
	for _, sums := range [][]int64{r.own, r.cost} {
		for _, x := range sums {
			r.total += x
		}
	}
	return r
}

// size returns how much there is to decide.
func (c *core) size() float64 { return float64(len(c.profit) + len(c.cost)) }

func key(list []int32) string {
	b := make([]byte, 0, 4*len(list))
	for _, x := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return string(b)
}

// graph returns what needs what: the clients are the first nodes, the parts follow.
func (c *core) graph() *closure.Graph {
	var arcs []closure.Arc
	for i, parts := range c.parts {
		for _, p := range parts {
			arcs = append(arcs, closure.Arc{From: i, To: len(c.profit) + int(p)})
		}
	}
	g, err := closure.NewGraph(len(c.profit)+len(c.cost), arcs)
	if err != nil {
		panic(err) // the nodes were counted above
	}
	return g
}
