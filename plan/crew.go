package plan

import "slices"

// roster finds people for the demands of a mode: each demand asks for so many who have a
// skill, each person serves one demand. That is a bipartite matching, found by augmenting
// paths (Kuhn 1955); those with the fewest skills are asked first, so that the ones who
// can do much stay free.
type roster struct {
	seats  []seat // one for each person asked for
	person []int  // the seat of each person, or -1
	seen   []int  // the search that last came by each person
	search int
	chosen []int // people of the seats, after a muster that went well
}

type seat struct {
	crew *crew
	must int // the person who has to have it, or -1
	who  int
}

func (r *roster) init(m *model) {
	r.person = make([]int, len(m.p.People))
	r.seen = make([]int, len(m.p.People))
	for i := range r.person {
		r.person[i] = -1
	}
}

// muster looks for a crew for a mode at a moment. If there is none it returns the next
// moment at which there might be, or -1 if there never is.
func (r *roster) muster(s *schedule, mo *mode, t int) (next int, ok bool) {
	r.seats = r.seats[:0]
	r.chosen = r.chosen[:0]
	for i := range mo.crew {
		c := &mo.crew[i]
		for n := range c.count {
			must := -1
			if n < len(c.must) {
				must = c.must[n]
			}
			r.seats = append(r.seats, seat{c, must, -1})
		}
	}
	ok = true
	for i := range r.seats {
		r.search++
		if !r.seat(s, mo, t, i) {
			ok = false
			break
		}
	}
	for i := range r.seats {
		if who := r.seats[i].who; who >= 0 {
			r.person[who] = -1
			r.chosen = append(r.chosen, who)
		}
	}
	if ok {
		return t, true
	}
	return r.next(s, mo, t), false
}

// seat finds somebody for a seat, moving others who can sit elsewhere.
func (r *roster) seat(s *schedule, mo *mode, t, i int) bool {
	for _, who := range r.seats[i].crew.may {
		if r.seen[who] == r.search || !r.seats[i].takes(who) || !s.present(who, r.seats[i].crew, t, mo.duration) {
			continue
		}
		r.seen[who] = r.search
		if at := r.person[who]; at < 0 || r.seat(s, mo, t, at) {
			r.person[who], r.seats[i].who = i, who
			return true
		}
	}
	return false
}

func (x *seat) takes(who int) bool { return x.must < 0 || x.must == who }

// present reports whether somebody is free and able for a demand in all periods of a span.
func (s *schedule) present(person int, c *crew, t, duration int) bool {
	row := s.left[(s.m.firstHand+person)*s.m.horizon:][:s.m.horizon]
	for q := t + duration - 1; q >= t; q-- {
		if row[q] < 1 {
			return false
		}
	}
	return s.m.p.People[person].able(c.skill, c.level, t, t+duration)
}

// next returns the first moment after t at which somebody who is not there at t is.
func (r *roster) next(s *schedule, mo *mode, t int) int {
	first := -1
	for i := range mo.crew {
		c := &mo.crew[i]
		for _, who := range c.may {
			if slices.Contains(r.chosen, who) && s.present(who, c, t, mo.duration) {
				continue
			}
			if at := s.comes(who, c, t+1, mo.duration); at >= 0 && (first < 0 || at < first) {
				first = at
			}
		}
	}
	return first
}

// comes returns the first moment from t on at which somebody could serve a demand, or -1.
func (s *schedule) comes(person int, c *crew, t, duration int) int {
	row := s.left[(s.m.firstHand+person)*s.m.horizon:][:s.m.horizon]
	skills := s.m.p.People[person].Skills
	for t+duration <= s.m.horizon {
		busy := -1
		for q := t + duration - 1; q >= t; q-- {
			if row[q] < 1 {
				busy = q
				break
			}
		}
		if busy >= 0 {
			t = busy + 1
			continue
		}
		if s.m.p.People[person].able(c.skill, c.level, t, t+duration) {
			return t
		}
		// a skill begins to hold at its From; nothing before that can help
		later := -1
		for _, k := range skills {
			if k.Skill == c.skill && k.Level >= c.level && k.From > t && (later < 0 || k.From < later) {
				later = k.From
			}
		}
		if later < 0 {
			return -1
		}
		t = later
	}
	return -1
}
