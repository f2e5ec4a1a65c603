package plan

import "slices"

// buckets places blocks by releases alone: work fits into a release if the knapsacks of
// the bound have room for it. That is the bound's own relaxation, but with whole features;
// it takes a fraction of a schedule's time, so a search over it finds the order a schedule
// begins with, and its value tells which part of a plan's gap is due to the exact timing
// of work.
type buckets struct {
	m     *model
	sacks []sack
	takes [][]amount // by feature and release: what it takes of each knapsack
	room  []int64    // of each knapsack
	live  []int16
	full  []int // features that are live, by synergy
	built []int // features that are live, by either-or group
	state []state
	log   []int // blocks placed by the current consider
	value float64
	lacks int
}

// amount is what is taken of a knapsack.
type amount struct {
	sack   int32
	effort int64
}

// newBuckets returns nil if the table of amounts would be too large.
func (b *bound) newBuckets() *buckets {
	m, releases := b.m, len(b.m.releases)
	if len(b.need)*releases > maxCells/10 {
		return nil
	}
	d := &buckets{m: m, sacks: b.sacks, takes: make([][]amount, len(m.features)*releases)}
	for _, n := range b.need {
		f, last := int(n.node)/releases, int(n.node)%releases
		for k := range last + 1 {
			node := b.node(f, k)
			if i := len(d.takes[node]) - 1; i >= 0 && d.takes[node][i].sack == n.sack {
				d.takes[node][i].effort += n.effort
			} else {
				d.takes[node] = append(d.takes[node], amount{n.sack, n.effort})
			}
		}
	}
	return d.another().(*buckets)
}

func (d *buckets) another() builder {
	o := &buckets{
		m: d.m, sacks: d.sacks, takes: d.takes,
		room:  make([]int64, len(d.sacks)),
		live:  make([]int16, len(d.m.features)),
		full:  make([]int, len(d.m.synergies)),
		built: make([]int, len(d.m.either)),
		state: make([]state, len(d.m.blocks)),
	}
	o.reset()
	return o
}

func (d *buckets) reset() {
	for i, s := range d.sacks {
		d.room[i] = s.capacity
	}
	for i := range d.live {
		d.live[i] = int16(len(d.m.releases))
	}
	clear(d.full)
	clear(d.built)
	clear(d.state)
	d.value, d.lacks = d.m.nothing(), 0
}

func (d *buckets) copyFrom(from builder) {
	o := from.(*buckets)
	copy(d.room, o.room)
	copy(d.live, o.live)
	copy(d.full, o.full)
	copy(d.built, o.built)
	copy(d.state, o.state)
	d.value, d.lacks = o.value, o.lacks
}

func (d *buckets) score() score { return score{d.lacks, d.value} }

func (d *buckets) cells() int { return len(d.room) + len(d.live) + len(d.state) }

func (d *buckets) consider(b int) {
	if d.state[b] != unseen {
		return
	}
	before := d.value
	d.log = d.log[:0]
	if ok := d.build(b); !ok || d.value <= before && !d.m.blocks[b].must {
		for _, n := range slices.Backward(d.log) {
			d.remove(n)
		}
		d.value, d.state[b] = before, leftOut
		if !ok && d.m.blocks[b].must {
			d.lacks++
		}
	}
}

func (d *buckets) build(b int) bool {
	block := &d.m.blocks[b]
	if block.out {
		return false
	}
	for _, w := range block.hard {
		if d.state[w] != inPlan && !d.build(w) {
			return false
		}
	}
	d.log = append(d.log, b)
	d.state[b] = inPlan
	for i := range block.parts {
		if !d.release(&block.parts[i]) {
			return false
		}
	}
	return true
}

// remove takes a block back, also one that is only half there.
func (d *buckets) remove(b int) {
	d.state[b] = unseen
	for i := range d.m.blocks[b].parts {
		for _, n := range d.m.blocks[b].parts[i].features {
			if int(d.live[n]) < len(d.m.releases) {
				d.take(n, int(d.live[n]), -1)
				d.live[n] = int16(len(d.m.releases))
			}
		}
	}
}

// take takes the work of a feature out of the knapsacks, or with -1 puts it back.
func (d *buckets) take(n, k int, sign int64) {
	for _, a := range d.takes[n*len(d.m.releases)+k] {
		d.room[a.sack] -= sign * a.effort
	}
	f := &d.m.features[n]
	for _, y := range f.synergies {
		d.full[y] += int(sign)
	}
	for _, e := range f.either {
		d.built[e] += int(sign)
	}
}

func (d *buckets) release(p *part) bool {
	m := d.m
	releases := len(m.releases)
	k := 0
	for _, n := range p.features {
		k = max(k, m.features[n].first)
		for _, r := range m.features[n].requires {
			if !slices.Contains(p.features, r) {
				k = max(k, int(d.live[r]))
			}
		}
		for _, e := range m.features[n].either {
			if d.built[e] >= m.either[e].limit {
				return false
			}
		}
	}
	k = int(p.best[min(k, releases)])
	for ; k < releases; k = int(p.best[k+1]) {
		if d.fits(p, k) {
			break
		}
	}
	if k == releases {
		return false
	}
	for _, n := range p.features {
		f := &m.features[n]
		d.take(n, k, 1)
		d.live[n] = int16(k)
		d.value += f.worth[k] - f.worth[releases] - f.least*m.discounts[k]
		for _, y := range f.synergies {
			if d.full[y] == len(m.synergies[y].features) {
				last := 0
				for _, g := range m.synergies[y].features {
					last = max(last, int(d.live[g]))
				}
				d.value += m.synergies[y].worth[last]
			}
		}
	}
	return true
}

// fits reports whether the knapsacks have room for a part in a release, and it meets
// nothing there that it has to stand apart from.
func (d *buckets) fits(p *part, k int) bool {
	taken := 0
	ok := true
	for _, n := range p.features {
		for _, g := range d.m.features[n].apart {
			for _, other := range d.m.apart[g] {
				ok = ok && (other == n || int(d.live[other]) != k)
			}
		}
		for _, a := range d.takes[n*len(d.m.releases)+k] {
			ok = ok && d.room[a.sack] >= a.effort
		}
		if !ok {
			break
		}
		// the features of a part take their share one after the other
		d.take(n, k, 1)
		taken++
	}
	for _, n := range p.features[:taken] {
		d.take(n, k, -1)
	}
	return ok
}
