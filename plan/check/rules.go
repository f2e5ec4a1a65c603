package check

import (
	"fmt"

	"github.com/throughline-pm/throughline/plan"
)

func (c *checker) rules() {
	for i := range c.p.Rules {
		r := &c.p.Rules[i]
		e := fmt.Sprintf("rule %q", r.ID)
		for _, f := range r.Features {
			c.ruleOfFeature(e, r, f)
		}
		for _, id := range r.Activities {
			if x := c.place[id]; x != nil {
				c.ruleOfActivity(e, r, x)
			}
		}
		switch r.Sort {
		case plan.Together, plan.Apart:
			for i, f := range r.Features {
				for _, g := range r.Features[:i] {
					same := c.live[f] == c.live[g]
					if r.Sort == plan.Together && !same {
						c.add(e, "the features %q and %q do not go live together", g, f)
					}
					if r.Sort == plan.Apart && same && c.live[f] >= 0 {
						c.add(e, "the features %q and %q go live together", g, f)
					}
				}
			}
		case plan.EitherOr:
			built, limit := 0, r.Limit
			if limit == 0 {
				limit = 1
			}
			for _, f := range r.Features {
				if c.live[f] >= 0 {
					built++
				}
			}
			if built > limit {
				c.add(e, "%d of its features are built; at most %d may be", built, limit)
			}
		case plan.AtOnce:
			c.atOnce(e, r)
		}
	}
}

func (c *checker) ruleOfFeature(e string, r *plan.Rule, f string) {
	k := c.live[f]
	switch r.Sort {
	case plan.Deadline:
		if r.Penalty == 0 && (k < 0 || c.p.Releases[k].GoLive > r.At) {
			c.add(e, "the feature %q is not live by %d", f, r.At)
		}
	case plan.InRelease:
		if k < 0 || c.p.Releases[k].ID != r.Release {
			c.add(e, "the feature %q does not go live with the release %q", f, r.Release)
		}
	case plan.NotBefore:
		if k >= 0 && r.Release != "" && k < c.release[r.Release] {
			c.add(e, "the feature %q goes live before the release %q", f, r.Release)
		}
	case plan.LeftOut:
		if k >= 0 {
			c.add(e, "the feature %q is built", f)
		}
	}
}

func (c *checker) ruleOfActivity(e string, r *plan.Rule, x *placed) {
	id := x.activity.ID
	switch r.Sort {
	case plan.Deadline:
		if r.Penalty == 0 && x.finish > r.At {
			c.add(e, "the activity %q is finished at %d, later than %d", id, x.finish, r.At)
		}
	case plan.NotBefore:
		if x.start < r.At {
			c.add(e, "the activity %q starts at %d, before %d", id, x.start, r.At)
		}
	case plan.StartAt:
		if x.start != r.At {
			c.add(e, "the activity %q starts at %d, not at %d", id, x.start, r.At)
		}
	case plan.InMode:
		if x.mode.Name != r.Mode {
			c.add(e, "the activity %q is done in the mode %q, not %q", id, x.mode.Name, r.Mode)
		}
	case plan.ByPerson:
		for _, who := range x.people {
			if who == r.Person {
				return
			}
		}
		c.add(e, "the activity %q is done without the person %q", id, r.Person)
	}
}

func (c *checker) atOnce(e string, r *plan.Rule) {
	running := make([]int, c.p.Horizon)
	for _, id := range r.Activities {
		if x := c.place[id]; x != nil {
			for t := x.start; t < x.finish; t++ {
				running[t]++
			}
		}
	}
	for t, n := range running {
		if n > r.Limit {
			c.add(e, "%d of its activities run in period %d; at most %d may", n, t, r.Limit)
			return
		}
	}
}
