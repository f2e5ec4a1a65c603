package rcpsp

import (
	"context"
	"math"
	"slices"
)

// individual is a schedule as parents hand it on. It was made in one direction of time and
// is kept as the mirrored project sees it, in which its children will be made: when the
// activities start there and their order by start.
type individual struct {
	fitness
	start  []int32
	list   []int32
	place  []int32 // of each activity in list
	scheme scheme
}

// scheme is the way in which an individual was made from a list. It is a gene: children
// mostly are made as their father was, so that the scheme that suits the project wins
// (Hartmann, A self-adapting genetic algorithm for project scheduling under resource
// constraints, Naval Research Logistics 49, 2002).
type scheme bool

const (
	serially   scheme = false
	inParallel scheme = true
)

func newIndividual(n int) *individual {
	return &individual{start: make([]int32, n), list: make([]int32, n), place: make([]int32, n)}
}

// island is a bi-population genetic algorithm (Debels, Vanhoucke, A decomposition-based
// genetic algorithm for the resource-constrained project-scheduling problem, Operations
// Research 55, 2007): one population of schedules made forward in time and one of those
// made backward, each bred from the other. A child is decoded against the direction of its
// parents, which justifies it too at the price of no further schedule.
type island struct {
	way        [2]*generator // forward, backward
	random     random
	made       int // schedules
	makespan   int32
	best       []int32 // starts in forward time
	burden     [2][]int64
	work       [2][]int64 // scratch for crossovers
	typical    int32
	size       int // of each population
	founded    int // individuals of the first generation
	endless    bool
	until      int // schedules made by the end of the era
	lasted     int // schedules of the era
	population [2][]*individual
	list       []int32
	start      []int32
	bucket     []int32
	spare      []*individual
	sampler    *sampler
}

// newIsland makes an island that lives for so many schedules; for ever if unlimited.
func newIsland(p *project, schedules int, seed uint64) *island {
	i := &island{random: random{seed}, makespan: math.MaxInt32, typical: p.typical()}
	i.way = [2]*generator{newGenerator(p, &i.made), newGenerator(p.mirror, &i.made)}
	i.burden = [2][]int64{p.burden(), p.mirror.burden()}
	i.best, i.list, i.start = make([]int32, p.n), make([]int32, p.n), make([]int32, p.n)
	i.sampler = newSampler(p.n)
	if i.endless = schedules == unlimited; i.endless {
		schedules = firstEra
	}
	i.era(schedules)
	return i
}

// firstEra is how many schedules the first era of an endless island makes.
const firstEra = 4_000

// era begins anew with populations of a size fit for so many schedules: the more there is
// time for, the more variety to start from and to mix pays. The measure, about 30, 100 and
// 500 individuals for 1,000, 5,000 and 50,000 schedules, is from experience with generated
// projects. Nothing of what was bred before stays: it would take the new populations over
// long before they have mixed, and stand where it stood. The best schedule is kept apart.
func (i *island) era(schedules int) {
	i.until, i.lasted = i.made+schedules, schedules
	root := math.Sqrt(float64(schedules))
	i.size = min(max(8, int(0.16*float64(root*math.Sqrt(root)))), 1500)
	i.founded = 0
	for d, all := range i.population {
		i.spare = append(i.spare, all...)
		i.population[d] = all[:0]
	}
}

// run makes so many schedules, fewer if one comes to be as short as the bound or the
// context is done.
func (i *island) run(ctx context.Context, bound int32, schedules int) {
	for until := i.made + schedules; i.made < until && i.makespan > bound; {
		if i.made%64 == 63 && ctx.Err() != nil {
			return
		}
		if i.endless && i.made >= i.until {
			i.era(4 * i.lasted)
		}
		i.step()
	}
}

// step makes one schedule: of the first generation half by sampling, half by shifting
// those to the other side, and then children.
func (i *island) step() {
	i.founded++
	d := i.founded & 1
	switch half := i.size; {
	case i.founded <= half:
		i.sampler.sample(i.way[d].project, &i.random, i.list)
		i.settle(d, i.decode(d, scheme(i.random.below(2) == 0)))
		return
	case i.founded <= 2*half && i.founded-half <= len(i.population[1-d]):
		founder := i.population[1-d][i.founded-half-1]
		copy(i.list, founder.list)
		i.settle(d, i.decode(d, serially))
		return
	}
	parents := i.population[1-d]
	if len(parents) == 0 {
		d, parents = 1-d, i.population[d]
	}
	father, mother := i.parent(parents), i.parent(parents)
	if father == mother {
		copy(i.list, father.list)
		i.shake(d, 8)
	} else {
		i.cross(d, father, mother)
		i.shake(d, 1)
	}
	how := father.scheme
	if i.random.below(10) == 0 {
		how = !how
	}
	i.settle(d, i.decode(d, how))
}

// decode makes the schedule of the list.
func (i *island) decode(d int, how scheme) *individual {
	g := i.way[d]
	child := i.room()
	var c int32
	if child.scheme = how; how == inParallel {
		c = g.parallel(i.list, i.start)
	} else {
		c = g.serial(i.list, i.start)
	}
	if c < i.makespan {
		i.makespan = c
		copy(i.best, i.start)
		if d == 1 {
			turn(g.project, i.start, i.best, c)
		}
	}
	child.makespan, child.late = c, 0
	for a, s := range i.start {
		if over := s + g.duration[a] - c + i.typical; over > 0 {
			child.late += int64(min(over, g.duration[a])) * i.burden[d][a]
		}
	}
	turn(g.project, i.start, child.start, c)
	i.order(child)
	return child
}

// room returns an individual to be overwritten.
func (i *island) room() *individual {
	last := len(i.spare) - 1
	if last < 0 {
		return newIndividual(len(i.list))
	}
	child := i.spare[last]
	i.spare = i.spare[:last]
	return child
}

// order lists an individual's activities by start.
func (i *island) order(x *individual) {
	i.bucket = byStart(x.start, x.list, i.bucket, x.makespan)
	for k, a := range x.list {
		x.place[a] = int32(k)
	}
}

// turn writes the starts of a schedule as the mirrored project sees them.
func turn(p *project, start, to []int32, makespan int32) {
	for i, s := range start {
		to[p.n-1-i] = makespan - s - p.duration[i]
	}
}

// byStart lists activities by start, those of equal starts in topological order.
func byStart(start, list, bucket []int32, makespan int32) []int32 {
	bucket = slices.Grow(bucket[:0], int(makespan)+2)[:makespan+2]
	clear(bucket)
	for _, t := range start {
		bucket[t+1]++
	}
	for t := range makespan + 1 {
		bucket[t+1] += bucket[t]
	}
	for a, t := range start {
		list[bucket[t]] = int32(a)
		bucket[t]++
	}
	return bucket
}

// parent chooses the better of two.
func (i *island) parent(from []*individual) *individual {
	a, b := from[i.random.below(len(from))], from[i.random.below(len(from))]
	if b.less(a.fitness) {
		return b
	}
	return a
}

// cross lists the activities in the father's order, but for those that start in a window of
// the father's time: these stand there in the mother's order (two-point crossover,
// Hartmann, A competitive genetic algorithm for resource-constrained project scheduling,
// Naval Research Logistics 45, 1998, with points of time as in Debels and Vanhoucke). Where
// the peak crossover (Valls, Ballestín, Quintanilla, A hybrid genetic algorithm for the
// resource-constrained project scheduling problem, EJOR 185, 2008) keeps what is dense in
// one parent, the window here is, of some drawn by lot, the one in which the mother gets
// most more done than the father.
func (i *island) cross(d int, father, mother *individual) {
	i.work[0] = i.way[d].progress(father, i.burden[d], i.work[0])
	i.work[1] = i.way[d].progress(mother, i.burden[d], i.work[1])
	his, hers := i.work[0], i.work[1]
	c := int(father.makespan)
	scaled := func(t int) int { return t * int(mother.makespan) / max(1, c) }
	var from, to int
	most := int64(math.MinInt64)
	for range windows {
		length := c/4 + i.random.below(c/2+1)
		a := i.random.below(c - length + 1)
		b := a + length
		if lead := hers[scaled(b)] - hers[scaled(a)] - (his[b] - his[a]); lead > most {
			most, from, to = lead, a, b
		}
	}
	at := func(t int) int {
		k, _ := slices.BinarySearchFunc(father.list, int32(t), func(x, t int32) int { return int(father.start[x] - t) })
		return k
	}
	a, b := at(from), at(to)
	copy(i.list, father.list)
	k := a
	for _, x := range mother.list {
		if p := int(father.place[x]); p >= a && p < b {
			i.list[k] = x
			k++
		}
	}
}

// windows is how many are compared for a crossover.
const windows = 30

// progress returns the work done by each point of time, from 0 to the makespan.
func (p *project) progress(x *individual, burden, work []int64) []int64 {
	work = slices.Grow(work[:0], int(x.makespan)+1)[:x.makespan+1]
	clear(work)
	for a, s := range x.start {
		if d := p.duration[a]; d > 0 {
			work[s] += burden[a]
			work[s+d] -= burden[a]
		}
	}
	rate, sum := int64(0), int64(0)
	for t, change := range work {
		work[t] = sum
		rate += change
		sum += rate
	}
	return work
}

// settle lets a child into its population: in place of the worst once the population is
// full, unless it is worse still; not if it is there already.
func (i *island) settle(d int, child *individual) {
	all := i.population[d]
	worst := 0
	for k, other := range all {
		if other.fitness == child.fitness && slices.Equal(other.start, child.start) {
			i.spare = append(i.spare, child)
			return
		}
		if all[worst].less(other.fitness) {
			worst = k
		}
	}
	switch {
	case len(all) < i.size:
		i.population[d] = append(all, child)
	case all[worst].less(child.fitness):
		i.spare = append(i.spare, child)
	default:
		i.spare = append(i.spare, all[worst])
		all[worst] = child
	}
}

// welcome takes in the best schedule of another island.
func (i *island) welcome(start []int32) {
	p := i.way[0].project
	guest := i.room()
	guest.scheme, guest.fitness = serially, fitness{makespan: p.finished(start)}
	turn(p, start, guest.start, guest.makespan)
	i.order(guest)
	i.settle(0, guest)
}

// shake moves some activities, so many on average, behind up to ten that follow.
func (i *island) shake(d, moves int) {
	p, n := i.way[d].project, len(i.list)
	for range 2 * moves {
		if i.random.next()>>63 == 0 {
			continue
		}
		k := i.random.below(n)
		for range 1 + i.random.below(10) {
			if k+1 == n || slices.Contains(p.succ.of(i.list[k]), i.list[k+1]) {
				break
			}
			i.list[k], i.list[k+1] = i.list[k+1], i.list[k]
			k++
		}
	}
}
