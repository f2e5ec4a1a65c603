package plan

import "slices"

// walk goes through a graph depth first, its edges from each node to those in its list. It
// calls left with each node when all that can be reached from it has been left, and
// returns the nodes of the first cycle it sees, in its order, or nil if there is none. It
// keeps its own stack, since a chain may be as long as there are nodes.
func walk(edges [][]int, left func(node int)) (cycle []int) {
	const (
		unseen = iota
		open   // on the path to the node that is looked at
		done
	)
	state := make([]uint8, len(edges))
	next := make([]int, len(edges)) // the edge of each node to look at next
	var path []int
	for root := range edges {
		if state[root] != unseen {
			continue
		}
		state[root] = open
		path = append(path[:0], root)
		for len(path) > 0 {
			at := path[len(path)-1]
			if next[at] == len(edges[at]) {
				state[at] = done
				left(at)
				path = path[:len(path)-1]
				continue
			}
			to := edges[at][next[at]]
			next[at]++
			switch state[to] {
			case open:
				if cycle == nil {
					cycle = slices.Clone(path[slices.Index(path, to):])
				}
			case unseen:
				state[to] = open
				path = append(path, to)
			}
		}
	}
	return cycle
}

// cycle returns the nodes of a cycle of a graph in its order, or nil if it has none.
func cycle(edges [][]int) []int { return walk(edges, func(int) {}) }

// distance says that the start of one activity comes at least so many periods after that
// of another.
type distance struct{ from, to, least int }

// distances returns the links as distances between starts that hold in every mode: each
// the least over the durations its two activities can have. A maximum is a distance back.
func (p *Problem) distances(index map[string]int) []distance {
	shortest, longest := make([]int, len(p.Activities)), make([]int, len(p.Activities))
	for i := range p.Activities {
		for j := range p.Activities[i].Modes {
			n := p.Activities[i].Modes[j].planned()
			if j == 0 || n < shortest[i] {
				shortest[i] = n
			}
			longest[i] = max(longest[i], n)
		}
	}
	all := make([]distance, 0, len(p.Links))
	for i := range p.Links {
		l := &p.Links[i]
		from, to := index[l.From], index[l.To]
		least, most := 0, 0 // what the moments the link counts between add to the distance of the starts
		switch l.Sort {
		case FinishStart:
			least, most = shortest[from], longest[from]
		case FinishFinish:
			least, most = shortest[from]-longest[to], longest[from]-shortest[to]
		case StartFinish:
			least, most = -longest[to], -shortest[to]
		}
		all = append(all, distance{from, to, l.Lag + least})
		if l.Most != nil {
			all = append(all, distance{to, from, -(*l.Most + most)})
		}
	}
	return all
}

// mostPushes bounds the work of impossibleCycle to some seconds. It takes thousands of
// maximum distances that push each other in turn to reach it.
const mostPushes = 2_000_000_000

// impossibleCycle returns activities that would have to start after themselves, in the
// order of the cycle, and by how many periods; nil if there are none. It is the longest-path
// form of the algorithm of Bellman (1958) and Ford: starts are pushed later until all
// distances hold, which ends unless there is a cycle of positive length; a cycle among the
// distances that pushed last is one (Cherkassky and Goldberg, "Negative-cycle detection
// algorithms", 1999). It is not ok if that takes more than mostPushes.
func (p *Problem) impossibleCycle(index map[string]int) (loop []int, length int, ok bool) {
	all := p.distances(index)
	// In an order in which the distances of no negative length lead forward, one round
	// pushes along chains of them, however long; only the others take more rounds.
	forward := make([][]int, len(p.Activities))
	for _, d := range all {
		if d.least >= 0 {
			forward[d.from] = append(forward[d.from], d.to)
		}
	}
	rank, last := make([]int, len(p.Activities)), len(p.Activities)
	walk(forward, func(node int) { last--; rank[node] = last })
	slices.SortStableFunc(all, func(a, b distance) int { return rank[a.from] - rank[b.from] })

	start := make([]int, len(p.Activities))
	pushed := make([]int, len(p.Activities)) // the distance that pushed each last, or -1
	for i := range pushed {
		pushed[i] = -1
	}
	back := make([][]int, len(p.Activities))
	for work := 0; work <= mostPushes; work += len(all) {
		moved := false
		for i, d := range all {
			if s := start[d.from] + d.least; s > start[d.to] {
				start[d.to], pushed[d.to] = s, i
				moved = true
			}
		}
		if !moved {
			return nil, 0, true
		}
		for i, d := range pushed {
			back[i] = back[i][:0]
			if d >= 0 {
				back[i] = append(back[i], all[d].from)
			}
		}
		if loop = cycle(back); loop != nil {
			for _, a := range loop {
				length += all[pushed[a]].least
			}
			slices.Reverse(loop)
			return loop, length, true
		}
	}
	return nil, 0, false
}
