package track

import "time"

// farHorizon is the distance from which targets are no longer told apart.
const farHorizon = 3

// Distance is what a track record teaches about targets by how far ahead they lay when
// they were set. For a target beyond the period under way this says more than anything
// else: most plans further than that move.
type Distance struct {
	weight    float64
	all       keptShare
	distances [farHorizon + 1]keptShare
	cells     map[horizonCell]keptShare
	share     float64
	prior     float64
}

type horizonCell struct {
	stage    string
	distance int
}

// LearnDistance returns what the record taught by the moment at about targets set ahead,
// from commitments whose period was over then and by readings known then. Its commitments
// are targets at the moment they were first announced.
func (t *Record) LearnDistance(at time.Time, options Options) (*Distance, error) {
	if err := t.check(options); err != nil {
		return nil, err
	}
	o := options.withDefaults()
	d := &Distance{weight: o.StageWeight, share: o.Share, prior: o.Weight, cells: map[horizonCell]keptShare{}}
	for c, kept := range t.known(at) {
		where := horizonCell{c.Stage, horizonOf(c.Period - t.current(c.Made))}
		d.all.add(kept)
		d.distances[where.distance].add(kept)
		s := d.cells[where]
		s.add(kept)
		d.cells[where] = s
	}
	return d, nil
}

func horizonOf(periods int) int { return min(max(periods, 0), farHorizon) }

// Chance returns how likely a target of a stage is to be met that lies so many periods
// ahead; 0 is the period under way. A stage's share at a distance is shrunk to that of all
// stages at the distance, and that to the share of all.
func (d *Distance) Chance(stage string, periods int) Chance {
	where := horizonCell{stage, horizonOf(periods)}
	mean := d.all.towards(d.share, d.prior)
	mean = d.distances[where.distance].towards(mean, d.weight)
	s := d.cells[where]
	p := clip(s.towards(mean, d.weight))
	c := Chance{P: p, Share: p, Outcomes: int(d.all.made), OfStage: int(s.made), Default: d.all.made < d.prior}
	c.Low, c.High = band(p, s.made+d.weight)
	return c
}
