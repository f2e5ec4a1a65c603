package nrp

import "math/rand/v2"

// A shape says how to make an instance like those that are published, after the
// description of Xuan et al.: levels of requirements, each with up to so many that need
// it on later levels.
type shape struct {
	levels    []level
	customers int
	wants     [2]int // least and most of a customer
}

type level struct {
	requirements int
	cost         [2]int64
	children     int
}

func (s shape) random(seed uint64) *Instance {
	r := rand.New(rand.NewPCG(seed, 1))
	in := &Instance{}
	for _, l := range s.levels {
		for range l.requirements {
			in.Costs = append(in.Costs, l.cost[0]+r.Int64N(l.cost[1]-l.cost[0]+1))
		}
	}
	from := 0
	for _, l := range s.levels {
		end := from + l.requirements
		for a := from; a < end && end < len(in.Costs); a++ {
			for range r.IntN(l.children + 1) {
				in.Needs = append(in.Needs, Need{a, end + r.IntN(len(in.Costs)-end)})
			}
		}
		from = end
	}
	for range s.customers {
		c := Customer{Profit: 10 + r.Int64N(20) + r.Int64N(20)}
		for range s.wants[0] + r.IntN(s.wants[1]-s.wants[0]+1) {
			c.Wants = append(c.Wants, r.IntN(len(in.Costs)))
		}
		in.Customers = append(in.Customers, c)
	}
	return in
}

// The five classic shapes.
var classic = []shape{
	{[]level{{20, [2]int64{1, 5}, 8}, {40, [2]int64{2, 8}, 2}, {80, [2]int64{5, 10}, 0}}, 100, [2]int{1, 5}},
	{[]level{{20, [2]int64{1, 5}, 8}, {40, [2]int64{2, 7}, 6}, {80, [2]int64{3, 9}, 4}, {160, [2]int64{4, 10}, 2}, {320, [2]int64{5, 15}, 0}}, 500, [2]int{1, 5}},
	{[]level{{250, [2]int64{1, 5}, 8}, {500, [2]int64{2, 8}, 2}, {750, [2]int64{5, 10}, 0}}, 500, [2]int{1, 5}},
	{[]level{{250, [2]int64{1, 5}, 8}, {500, [2]int64{2, 7}, 6}, {750, [2]int64{3, 9}, 4}, {1000, [2]int64{4, 10}, 2}, {750, [2]int64{5, 15}, 0}}, 750, [2]int{1, 5}},
	{[]level{{500, [2]int64{1, 3}, 4}, {500, [2]int64{2, 2}, 4}, {500, [2]int64{3, 5}, 0}}, 1000, [2]int{1, 1}},
}

// realistic makes an instance like those drawn from the records of bugs: no requirement
// needs another, and customers want runs of neighbours, so that most requirements are
// wanted by one and some by up to most.
func realistic(seed uint64, customers, requirements, least, most, sharing int) *Instance {
	r := rand.New(rand.NewPCG(seed, 2))
	in := &Instance{}
	for range requirements {
		cost := int64(4)
		switch x := r.IntN(100); {
		case x < 16:
			cost = 1
		case x < 40:
			cost = 2 + r.Int64N(6)
		}
		in.Costs = append(in.Costs, cost)
	}
	used := make([]int, requirements)
	next := 0
	for range customers {
		c := Customer{Profit: 15 + r.Int64N(15) + r.Int64N(16)}
		count := least
		for count < most && r.IntN(5) > 0 {
			count++
		}
		for range count {
			v := next % requirements
			if r.IntN(100) < 12 {
				v = max(0, v-r.IntN(200))
			} else {
				next++
			}
			if used[v] < sharing {
				used[v]++
				c.Wants = append(c.Wants, v)
			}
		}
		in.Customers = append(in.Customers, c)
	}
	return in
}
