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
	start    []int32
	list     []int32
	place    []int32 // of each activity in list
	makespan int32
}

func newIndividual(n int) *individual {
	return &individual{make([]int32, n), make([]int32, n), make([]int32, n), math.MaxInt32}
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
	population [2][]*individual
	list       []int32
	start      []int32
	bucket     []int32
	spare      *individual
	sampler    *sampler
}

// size is the number of individuals in each of the two populations.
const size = 60

func newIsland(p *project, seed uint64) *island {
	i := &island{random: random{seed}, makespan: math.MaxInt32}
	i.way = [2]*generator{newGenerator(p, &i.made), newGenerator(p.mirror, &i.made)}
	i.best, i.list, i.start = make([]int32, p.n), make([]int32, p.n), make([]int32, p.n)
	i.spare = newIndividual(p.n)
	i.sampler = newSampler(p.n)
	return i
}

// run makes so many schedules, fewer if one comes to be as short as the bound or the
// context is done.
func (i *island) run(ctx context.Context, bound int32, schedules int) {
	for until := i.made + schedules; i.made < until && i.makespan > bound; {
		if i.made%64 == 63 && ctx.Err() != nil {
			return
		}
		i.step()
	}
}

// step makes one schedule: a founder of the populations as long as these are not full,
// else a child.
func (i *island) step() {
	if founded := len(i.population[0]) + len(i.population[1]); founded < 2*size {
		d := founded & 1
		i.sampler.sample(i.way[d].project, &i.random, i.list)
		i.decode(d)
		i.settle(d)
		return
	}
	d := int(i.random.next() >> 63)
	parents := i.population[1-d]
	father, mother := i.parent(parents), i.parent(parents)
	if father == mother {
		copy(i.list, father.list)
		shake(i.way[d].project, &i.random, i.list, 0.1)
	} else {
		i.cross(father, mother)
		shake(i.way[d].project, &i.random, i.list, 0.02)
	}
	i.decode(d)
	i.settle(d)
}

// decode makes the schedule of the list; it becomes the spare individual.
func (i *island) decode(d int) *individual {
	g := i.way[d]
	if i.spare == nil {
		i.spare = newIndividual(g.n)
	}
	child := i.spare
	c := g.serial(i.list, i.start)
	if c < i.makespan {
		i.makespan = c
		copy(i.best, i.start)
		if d == 1 {
			turn(g.project, i.start, i.best, c)
		}
	}
	child.makespan = c
	turn(g.project, i.start, child.start, c)
	i.bucket = byStart(child.start, child.list, i.bucket, c)
	for k, a := range child.list {
		child.place[a] = int32(k)
	}
	return child
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
	if b.makespan < a.makespan {
		return b
	}
	return a
}

// cross lists the activities in an order inherited from two parents. A window of the
// father's time divides its activities into those before, within and behind; half of the
// children have the father's order within and the mother's outside, the others the reverse.
func (i *island) cross(father, mother *individual) {
	c := float64(father.makespan)
	length := c * (0.25 + 0.5*i.random.fraction())
	from := int32(i.random.fraction() * (c - length))
	to := from + int32(length) + 1
	a, _ := slices.BinarySearchFunc(father.list, from, func(x, t int32) int { return int(father.start[x] - t) })
	b, _ := slices.BinarySearchFunc(father.list, to, func(x, t int32) int { return int(father.start[x] - t) })
	copy(i.list, father.list)
	inside := i.random.next()>>63 == 0
	before, within, behind := 0, a, b
	for _, x := range mother.list {
		switch k := int(father.place[x]); {
		case k >= a && k < b:
			if inside {
				i.list[within] = x
				within++
			}
		case inside:
		case k < a:
			i.list[before] = x
			before++
		default:
			i.list[behind] = x
			behind++
		}
	}
}

// settle lets the spare individual, a child, into its population in place of the worst, unless it is worse still
// or there already.
func (i *island) settle(d int) {
	all, child := i.population[d], i.spare
	if len(all) < size {
		i.population[d], i.spare = append(all, child), nil
		return
	}
	worst := 0
	for k, other := range all {
		if other.makespan == child.makespan && slices.Equal(other.start, child.start) {
			return
		}
		if other.makespan > all[worst].makespan {
			worst = k
		}
	}
	if child.makespan <= all[worst].makespan {
		i.spare, all[worst] = all[worst], child
	}
}

// welcome takes in the best schedule of another island.
func (i *island) welcome(start []int32) {
	p := i.way[0].project
	makespan := int32(0)
	for a, t := range start {
		makespan = max(makespan, t+p.duration[a])
	}
	if i.spare == nil {
		i.spare = newIndividual(p.n)
	}
	guest := i.spare
	guest.makespan = makespan
	turn(p, start, guest.start, makespan)
	i.bucket = byStart(guest.start, guest.list, i.bucket, makespan)
	for k, a := range guest.list {
		guest.place[a] = int32(k)
	}
	i.settle(0)
}

// shake moves activities of a list behind some that follow, each with a probability.
func shake(p *project, r *random, list []int32, share float64) {
	for k := 0; k+1 < len(list); k++ {
		if r.fraction() >= share {
			continue
		}
		for range 1 + r.below(10) {
			if k+1 == len(list) || slices.Contains(p.succ.of(list[k]), list[k+1]) {
				break
			}
			list[k], list[k+1] = list[k+1], list[k]
			k++
		}
	}
}
