package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Explanation answers why a feature does not go live by a release, or why it does. Its
// parts stand in the order in which they decide: what no plan can do, what is proven to
// cost more than it brings, what forcing it was found to cost, and which rules stand in
// the way.
type Explanation struct {
	Feature string `json:"feature"`
	// Asked is the release that was asked about, Planned the one the plan has the feature
	// in, empty if it is left out.
	Asked   string `json:"asked"`
	Planned string `json:"planned,omitempty"`
	Cause   Cause  `json:"cause"`
	// Chain is the longest way of work through links and requirements, if nothing but that
	// is too long; Short is by how many periods.
	Chain []ChainStep `json:"chain,omitempty"`
	Short int         `json:"short,omitempty"`
	// Lack names the pool or skill that is too scarce even if nothing else is built.
	Lack *Lack `json:"lack,omitempty"`
	// Least and Most bound what it costs to force the feature into the release: Least is
	// proven, Most is what the best plan found costs that does. Most is nil if none was
	// found.
	Least float64  `json:"least"`
	Most  *float64 `json:"most,omitempty"`
	// Moves are the features that go elsewhere in that plan.
	Moves []Move `json:"moves,omitempty"`
	// Gain is what being live by the release brings, Charges what the work is worth to
	// others at the prices of the bound.
	Gain    float64  `json:"gain"`
	Charges []Charge `json:"charges,omitempty"`
	// Rules are those that speak of the feature, and what dropping each would change.
	Rules []RuleEffect `json:"rules,omitempty"`
	// Waits tells of each of the feature's activities why it does not start earlier.
	Waits []Wait `json:"waits,omitempty"`
}

// Cause is what decides in an Explanation.
type Cause string

const (
	AsAsked    Cause = "as asked"   // the plan has the feature live by the release
	TooLong    Cause = "too long"   // links and requirements alone take too long
	TooScarce  Cause = "too scarce" // people or pools are lacking even for this feature alone
	TooDear    Cause = "too dear"   // proven: every plan with it is worth less
	WorthLess  Cause = "worth less" // every plan found with it is worth less
	RuledOut   Cause = "ruled out"  // a rule forbids it
	NotForced  Cause = "not found"  // no plan was found that has it there
	Overlooked Cause = "overlooked" // a plan with it was found that is worth more
)

// ChainStep is an activity on the longest way.
type ChainStep struct {
	Activity string `json:"activity"`
	Start    int    `json:"start"`
	Finish   int    `json:"finish"`
}

// Lack is a pool or skill that is too scarce.
type Lack struct {
	Activity string `json:"activity"`
	Pool     string `json:"pool,omitempty"`
	Skill    string `json:"skill,omitempty"`
	Level    int    `json:"level,omitempty"`
	// From is when the activity could start but for that; Until is when it first can, 0 if
	// never.
	From  int `json:"from"`
	Until int `json:"until,omitempty"`
}

// Move is a feature that changes its release; empty means left out.
type Move struct {
	Feature string `json:"feature"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
}

// Charge is what a feature's work on a resource is worth at the prices of the bound.
type Charge struct {
	Resource string  `json:"resource"` // as `pool "A"` or `skill "B"`
	Amount   float64 `json:"amount"`
	// Price is of one more unit-period of the resource by the moment the release closes.
	Price float64 `json:"price"`
	// Used is the share of the pool that the plan uses by then; 1 for skills.
	Used float64 `json:"used"`
}

// RuleEffect is what dropping a rule changes.
type RuleEffect struct {
	Rule string `json:"rule"`
	// Release is where the feature goes then, empty if it is left out.
	Release string  `json:"release,omitempty"`
	Gain    float64 `json:"gain"` // of the whole plan
}

// Wait is what an activity waits for.
type Wait struct {
	Activity string `json:"activity"`
	Start    int    `json:"start"`
	For      string `json:"for"` // "start", "link", "pool", "skill", "limit" or "rule"
	Name     string `json:"name,omitempty"`
}

// ExplainOptions bound the search for a plan that does as asked.
type ExplainOptions struct {
	Evaluations int // 0 means 1,000
	Seed        uint64
}

// Explain tells why a feature is not live by a release in the best plan known, which
// [Planner.Solve] must have found. If ctx ends early the answer has what is known by then.
func (x *Planner) Explain(ctx context.Context, feature, release string, o ExplainOptions) (*Explanation, error) {
	f := slices.IndexFunc(x.m.p.Features, func(f Feature) bool { return f.ID == feature })
	k := slices.IndexFunc(x.m.releases, func(r Release) bool { return r.ID == release })
	switch {
	case f < 0:
		return nil, fmt.Errorf("there is no feature %q", feature)
	case k < 0:
		return nil, fmt.Errorf("there is no release %q", release)
	case x.best == nil:
		return nil, fmt.Errorf("there is no plan to explain; find one first")
	}
	if o.Evaluations == 0 {
		o.Evaluations = 1000
	}
	out := &Explanation{Feature: feature, Asked: release, Planned: x.m.place(int(x.best.live[f])), Waits: x.waits(f)}
	x.charges(out, f, k)
	if int(x.best.live[f]) <= k {
		out.Cause = AsAsked
		return out, nil
	}
	free, err := compile(x.m.p.without(func(*Rule) bool { return true }))
	if err != nil {
		return nil, err
	}
	if free.features[f].first > k || free.features[f].out {
		out.Cause = TooLong
		out.Chain = free.chain(f)
		if n := len(out.Chain); n > 0 {
			out.Short = out.Chain[n-1].Finish - free.closes(k)
		}
		return out, nil
	}
	if out.Lack = free.lack(f, k); out.Lack != nil {
		out.Cause = TooScarce
		return out, nil
	}
	if err := x.force(ctx, out, f, k, o); err != nil {
		return nil, err
	}
	x.effects(ctx, out, f, o)
	return out, nil
}

func (m *model) place(k int) string {
	if k >= len(m.releases) {
		return ""
	}
	return m.releases[k].ID
}

// without returns the problem less some of its rules.
func (p *Problem) without(drop func(*Rule) bool) *Problem {
	out := *p
	out.Rules = nil
	for i := range p.Rules {
		if !drop(&p.Rules[i]) {
			out.Rules = append(out.Rules, p.Rules[i])
		}
	}
	return &out
}

// family returns a feature and all it requires.
func (m *model) family(f int) []int {
	out := []int{f}
	for i := 0; i < len(out); i++ {
		for _, r := range slices.Concat(m.features[out[i]].requires, m.features[out[i]].together) {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// chain follows the earliest starts back from the latest finish of the feature and what it
// requires.
func (m *model) chain(f int) []ChainStep {
	last, finish := -1, -1
	for _, g := range m.family(f) {
		for _, a := range m.features[g].acts {
			if end := m.acts[a].earliest + m.acts[a].shortest(); end > finish {
				last, finish = a, end
			}
		}
	}
	var out []ChainStep
	for a := last; a >= 0; {
		act := &m.acts[a]
		out = append(out, ChainStep{m.activityID(act), act.earliest, act.earliest + act.shortest()})
		a = -1
		for _, c := range act.in {
			b := &m.acts[c.other]
			to := b.earliest + c.lag
			if c.fromEnd {
				to += b.shortest()
			}
			if c.toEnd {
				to -= act.longest()
			}
			if to == act.earliest && to > 0 && m.binds(b, act) && !slices.ContainsFunc(out, func(s ChainStep) bool { return s.Activity == m.activityID(b) }) {
				a = c.other
				break
			}
		}
	}
	slices.Reverse(out)
	return out
}

// lack places the feature and what it requires alone; if that is too late, it names the
// first demand that had to wait.
func (m *model) lack(f, k int) *Lack {
	s := m.newSchedule()
	if s.build(m.features[f].block) && int(s.live[f]) <= k {
		return nil
	}
	var found *Lack
	for _, g := range m.family(f) {
		for _, a := range m.blocks[m.features[g].block].acts {
			if l := s.scarce(a); l != nil && (found == nil || l.From < found.From) {
				found = l
			}
		}
	}
	return found
}

// scarce tells what keeps an activity from starting as soon as its links allow on a
// schedule with hardly anything on it.
func (s *schedule) scarce(a int) *Lack {
	act := &s.m.acts[a]
	if s.start[a] >= 0 {
		s.lift(a)
	}
	from, _, _ := s.window(act, act.modes[0].duration)
	from = max(from, act.earliest)
	until, lacking := -1, (*Lack)(nil)
	for i := range act.modes {
		mo := &act.modes[i]
		at := s.fit(mo, from, s.m.horizon-mo.duration)
		if at == from {
			return nil
		}
		if at >= 0 && (until < 0 || at < until) {
			until = at
		}
		if lacking == nil {
			lacking = s.refusal(mo, from)
		}
	}
	if lacking != nil {
		lacking.Activity, lacking.From, lacking.Until = s.m.activityID(act), from, max(until, 0)
	}
	return lacking
}

// lift takes an activity off the resources but leaves the rest of the schedule as it is.
func (s *schedule) lift(a int) {
	mo := &s.m.acts[a].modes[s.mode[a]]
	s.take(mo, int(s.start[a]), 1)
	if len(mo.crew) > 0 {
		for _, who := range s.people(a) {
			s.occupy(who, int(s.start[a]), mo.duration, 1)
		}
	}
	s.start[a] = -1
}

// refusal names the pool or skill that does not bear a mode at a moment; nil if all do.
func (s *schedule) refusal(mo *mode, t int) *Lack {
	if t+mo.duration > s.m.horizon {
		return &Lack{}
	}
	for _, d := range mo.pools {
		row := s.left[d.resource*s.m.horizon:][t : t+mo.duration]
		if slices.ContainsFunc(row, func(left int32) bool { return left < d.units }) {
			return &Lack{Pool: s.m.supplyID[d.resource]}
		}
	}
	if len(mo.crew) == 0 {
		return nil
	}
	if _, ok := s.try.muster(s, mo, t); ok {
		return nil
	}
	scarcest := &mo.crew[0]
	spare := math.MaxInt
	for i := range mo.crew {
		c := &mo.crew[i]
		n := 0
		for _, who := range c.may {
			if s.present(who, c, t, mo.duration) {
				n++
			}
		}
		if n-c.count < spare {
			scarcest, spare = c, n-c.count
		}
	}
	return &Lack{Skill: scarcest.skill, Level: scarcest.level}
}

// waits tells why each activity of a feature does not start a period earlier.
func (x *Planner) waits(f int) []Wait {
	s := x.m.newSchedule()
	var out []Wait
	for _, a := range x.m.blocks[x.m.features[f].block].acts {
		if x.best.start[a] < 0 || x.m.acts[a].feature != f {
			continue
		}
		s.copyFrom(x.best)
		out = append(out, s.wait(a))
	}
	return out
}

func (s *schedule) wait(a int) Wait {
	act := &s.m.acts[a]
	start := int(s.start[a])
	mo := &act.modes[s.mode[a]]
	s.lift(a)
	w := Wait{Activity: s.m.activityID(act), Start: start, For: "start"}
	if start == 0 {
		return w
	}
	if from, _, _ := s.window(act, mo.duration); from >= start {
		w.For, w.Name = "link", s.m.activityID(&s.m.acts[s.holds(act, mo.duration, from)])
		return w
	}
	if act.earliest >= start {
		w.For = "rule"
		return w
	}
	switch l := s.refusal(mo, start-1); {
	case l == nil:
	case l.Skill != "":
		w.For, w.Name = "skill", l.Skill
	case slices.Contains(s.m.supplyID[len(s.m.p.Pools):s.m.firstHand], l.Pool):
		w.For, w.Name = "limit", l.Pool
	default:
		w.For, w.Name = "pool", l.Pool
	}
	return w
}

// holds returns the activity whose link demands the given first start.
func (s *schedule) holds(act *activity, duration, from int) int {
	for _, c := range act.in {
		if s.start[c.other] < 0 {
			continue
		}
		at := int(s.start[c.other]) + c.lag
		if c.fromEnd {
			at = s.end(c.other) + c.lag
		}
		if c.toEnd {
			at -= duration
		}
		if at == from {
			return c.other
		}
	}
	for _, c := range act.out {
		if s.start[c.other] >= 0 && c.bounded {
			return c.other
		}
	}
	return act.number
}

// charges prices the work of a feature in a release.
func (x *Planner) charges(out *Explanation, f, k int) {
	b := x.b
	feat := &x.m.features[f]
	out.Gain = feat.worth[k] - feat.worth[len(x.m.releases)]
	by := map[string]*Charge{}
	price := b.standing()
	for _, n := range b.need {
		if int(n.node)/len(x.m.releases) != f || int(n.node)%len(x.m.releases) < k {
			continue
		}
		s := &b.sacks[n.sack]
		c := by[s.name]
		if c == nil {
			c = &Charge{Resource: s.name, Price: price[n.sack], Used: 1 - x.best.spare(s)}
			by[s.name] = c
		}
		c.Amount += float64(b.centre[n.sack]*n.effort) / b.scale
	}
	for _, c := range by {
		if c.Amount > 0 {
			out.Charges = append(out.Charges, *c)
		}
	}
	slices.SortFunc(out.Charges, func(a, b Charge) int {
		if a.Amount != b.Amount {
			return int(math.Copysign(1, b.Amount-a.Amount))
		}
		if a.Resource < b.Resource {
			return -1
		}
		return 1
	})
}

// standing returns for each knapsack what one more unit-period of its resource by its
// moment is worth: what is there by then is there at all later moments too.
func (b *bound) standing() []float64 {
	out := make([]float64, len(b.sacks))
	for i := len(b.sacks) - 1; i >= 0; i-- {
		out[i] = float64(b.centre[i]) / b.scale
		if i+1 < len(b.sacks) && b.sacks[i+1].name == b.sacks[i].name {
			out[i] += out[i+1]
		}
	}
	return out
}

// spare is the share of a knapsack's resource that a schedule leaves unused by its moment.
func (s *schedule) spare(k *sack) float64 {
	if k.capacity == 0 || k.resource < 0 {
		return 0
	}
	left := int64(0)
	for _, n := range s.left[k.resource*s.m.horizon:][:k.moment] {
		left += int64(n)
	}
	return float64(left) / float64(k.capacity)
}
