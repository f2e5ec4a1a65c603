package thread

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
)

// Kind is a way in which a thread breaks.
type Kind struct {
	Name    string  // in addresses and the API: "no-objective"
	Of      string  // the kind of entity whose thread it breaks
	About   string  // the kind of the other entity that it is about; "" for none
	Missing string  // what the thread lacks, in a word: "objective"
	Title   string  // of all such gaps together
	Why     string  // what is bad about it
	Station Station // where on the thread; "" for none of the seven
	Field   string  // the column whose new value closes it; "" if another act does
	Repair  string  // that act, as a button names it
}

// The kinds of gaps.
var (
	Late = &Kind{
		"late", "feature", "release", "date", "Past their release", "the day has come and users do not have them",
		Release, "release", "Move it",
	}
	Before = &Kind{
		"before-its-input", "feature", "feature", "order", "Before what they need", "what they depend on ships later",
		Release, "release", "Move it",
	}
	Waiting = &Kind{
		"waits-for-nothing", "feature", "feature", "input", "Waiting for what will not come", "what they depend on was dropped or archived",
		Build, "", "Take it away",
	}
	NoObjective = &Kind{
		"no-objective", "feature", "", "objective", "Features without an objective", "nobody said why they are built",
		Objective, "objective", "Set objective",
	}
	NoOwner = &Kind{
		"no-owner", "feature", "", "owner", "Features without an owner", "nobody is asked when they are late",
		"", "owner", "Set owner",
	}
	OwnerLeft = &Kind{
		"owner-left", "feature", "person", "owner", "Features whose owner has left", "they need somebody new",
		"", "owner", "Hand over",
	}
	NoRelease = &Kind{
		"no-release", "feature", "", "release", "Being built for no release", "nobody knows when users get them",
		Release, "release", "Set release",
	}
	NoEstimate = &Kind{
		"no-estimate", "feature", "", "estimate", "Being built without an estimate", "no date can be told from them",
		Build, "effort", "Estimate",
	}
	Unserved = &Kind{
		"unserved", "objective", "", "feature", "Objectives without a feature", "a goal that nothing serves",
		Objective, "", "Add a feature",
	}
	ManagerLeft = &Kind{
		"manager-left", "release", "", "owner", "Releases whose manager has left", "they need somebody new",
		Release, "owner", "Hand over",
	}
)

// Kinds are the kinds of gaps, what is most pressing first.
var Kinds = []*Kind{Late, Before, Waiting, NoOwner, OwnerLeft, NoObjective, NoRelease, NoEstimate, ManagerLeft, Unserved}

// KindNamed returns the kind with a name.
func KindNamed(name string) (*Kind, bool) {
	i := slices.IndexFunc(Kinds, func(k *Kind) bool { return k.Name == name })
	if i < 0 {
		return nil, false
	}
	return Kinds[i], true
}

// Gap is a break in the thread of one entity.
type Gap struct {
	*Kind
	ID    ledger.ID // of the entity
	Other ledger.ID // what else it is about: the feature that is waited for
	Fact  string    // "4.1 was due on 30 Jun"
	Short string    // the same within the 22 characters of a station

	// Owner is who is asked: who owns the entity, or manages its release, or owns its
	// objective, whoever of them is still there; zero: nobody in particular.
	Owner, Team ledger.ID
	// Product, Objective and Release are those of the entity.
	Product, Objective, Release ledger.ID

	born ledger.Seq // when the entity was made
}

// Reads are the kinds of entities that gaps and stations are computed from.
var Reads = []ledger.AnyKind{backlog.Features, backlog.Statuses, backlog.Dependencies, strategy.Objectives, release.Releases, people.Persons}

// memoKey is the key of all gaps of a view on a day.
type memoKey struct{ today calendar.Day }

// Gaps returns all gaps that the snapshot's viewer may see, by kind in the order of
// Kinds, and those of a kind in the order in which their entities were made. They are
// computed once for each state of what they read, and follow changes of features; nobody
// may write to them.
//
// What the viewer may not see serves nothing for them: an objective whose features are
// all private is without a feature in their eyes.
func Gaps(ctx context.Context, s *ledger.Snapshot, today calendar.Day) ([]Gap, error) {
	compute := func(_ context.Context, v ledger.View) ([]Gap, error) { return find(v, today), nil }
	return ledger.MemoRevised(ctx, s, memoKey{today}, Reads, compute, ledger.Revision[[]Gap]{
		Of: backlog.Features, AtMost: 100,
		Revise: func(_ context.Context, v ledger.View, old []Gap, changed []ledger.Change) ([]Gap, error) {
			return revise(v, today, old, changed), nil
		},
	})
}

// find computes all gaps of a view.
func find(v ledger.View, today calendar.Day) []Gap {
	var all []Gap
	for f := range backlog.Features.All(v) {
		for g := range of(v, f, today) {
			all = append(all, g)
		}
	}
	for o := range strategy.Objectives.All(v) {
		if g, ok := ofObjective(v, o); ok {
			all = append(all, g)
		}
	}
	for r := range release.Releases.All(v) {
		if name, left := left(v, r.Owner.ID()); left && !r.Over() && !r.Archived {
			all = append(all, Gap{Kind: ManagerLeft, ID: r.ID, Fact: name + " has left", Product: r.Product.ID(), Release: r.ID, born: r.Born})
		}
	}
	slices.SortFunc(all, compare)
	return all
}

// revise returns the gaps after some features changed: theirs, those of the features that
// wait for them or are parts of them, and those of the objectives they serve or served.
func revise(v ledger.View, today calendar.Day, old []Gap, changed []ledger.Change) []Gap {
	features, objectives := map[ledger.ID]bool{}, map[ledger.ID]bool{}
	var touch func(id ledger.ID)
	touch = func(id ledger.ID) {
		if features[id] {
			return
		}
		features[id] = true
		for part := range backlog.Parts(v, id) {
			touch(part.ID)
		}
	}
	for _, c := range changed {
		touch(c.ID)
		for d := range backlog.Dependencies.BackLinks(v, c.ID) {
			features[d.To.ID()] = true
		}
		for _, e := range []ledger.Entity{c.Before, c.After} {
			if f, ok := e.(*backlog.Feature); ok {
				features[f.Parent.ID()] = true // it may be an initiative now, or none any more
				objectives[f.Objective.ID()] = true
			}
		}
	}
	all := make([]Gap, 0, len(old))
	for _, g := range old {
		if !features[g.ID] && !objectives[g.ID] {
			all = append(all, g)
		}
	}
	add := func(g Gap) {
		at, _ := slices.BinarySearchFunc(all, g, compare)
		all = slices.Insert(all, at, g)
	}
	for id := range features {
		if f, ok := backlog.Features.Get(v, id); ok {
			for g := range of(v, f, today) {
				add(g)
			}
		}
	}
	for id := range objectives {
		if o, ok := strategy.Objectives.Get(v, id); ok {
			if g, ok := ofObjective(v, o); ok {
				add(g)
			}
		}
	}
	return all
}

// compare orders gaps by their kinds, and those of a kind as their entities were made.
func compare(a, b Gap) int {
	return cmp.Or(
		cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)),
		cmp.Compare(a.born, b.born), bytes.Compare(a.ID[:], b.ID[:]), bytes.Compare(a.Other[:], b.Other[:]),
	)
}

// ofObjective returns the gap of an objective that nothing serves.
func ofObjective(v ledger.View, o *strategy.Objective) (Gap, bool) {
	return Gap{
		Kind: Unserved, ID: o.ID, Fact: "no feature serves it",
		Owner: here(v, o.Owner.ID()), Product: o.Product.ID(), Objective: o.ID, born: o.Born,
	}, !o.Archived && !served(v, o.ID)
}

// served reports whether a feature that is not given up leads to the objective.
func served(v ledger.View, objective ledger.ID) bool {
	for f := range backlog.Features.BackLinks(v, objective) {
		if !f.Archived && backlog.StageOf(v, f) != backlog.StageDropped {
			return true
		}
	}
	return false
}

// Of returns the gaps of a feature.
func Of(v ledger.View, f *backlog.Feature, today calendar.Day) []Gap {
	return slices.Collect(of(v, f, today))
}

// of yields the gaps of a feature. An idea is free of duties until somebody begins with
// it or puts it into a release, and what users have or was given up is beyond repair.
// An initiative is shipped and estimated in its parts.
func of(v ledger.View, f *backlog.Feature, today calendar.Day) iter.Seq[Gap] {
	return func(yield func(Gap) bool) {
		stage := backlog.StageOf(v, f)
		begun := !stage.Before(backlog.StageDiscovery) || !f.Release.IsZero()
		if f.Archived || stage == backlog.StageDropped || stage.Done() || !begun {
			return
		}
		objective := serves(v, f)
		g := Gap{ID: f.ID, Owner: asked(v, f, objective), Team: f.Team.ID(), Product: f.Product.ID(), Objective: objective, Release: f.Release.ID(), born: f.Born}
		found := func(k *Kind, other ledger.ID, fact, short string) bool {
			g.Kind, g.Other, g.Fact, g.Short = k, other, fact, short
			return yield(g)
		}
		r, shown := release.Releases.Get(v, f.Release.ID())
		if shown && late(r, today) && !found(Late, r.ID, r.Name+" was due on "+r.Date.Short(today), r.Date.Short(today)+" has passed") {
			return
		}
		for d := range backlog.Dependencies.BackLinks(v, f.ID) {
			if d.Type != backlog.Blocks || d.To.ID() != f.ID {
				continue
			}
			need, ok := backlog.Features.Get(v, d.From.ID())
			if !ok {
				continue
			}
			switch coming, later := awaited(v, need, r); {
			case !coming && !found(Waiting, need.ID, "needs "+need.Key+" "+need.Title+", "+gone(v, need), need.Key+" is gone"),
				later != "" && !found(Before, need.ID, "needs "+need.Key+" "+need.Title+", "+later, "waits for "+need.Key):
				return
			}
		}
		if f.Owner.IsZero() {
			if !found(NoOwner, ledger.ID{}, "nobody owns it", "no owner") {
				return
			}
		} else if name, left := left(v, f.Owner.ID()); left && !found(OwnerLeft, f.Owner.ID(), name+" has left", "owner has left") {
			return
		}
		if objective.IsZero() && !found(NoObjective, ledger.ID{}, "serves no objective", "none yet") {
			return
		}
		if stage.Before(backlog.StageBuilding) || isInitiative(v, f) {
			return
		}
		if f.Release.IsZero() && !found(NoRelease, ledger.ID{}, "is being built, in no release", "no release") {
			return
		}
		if len(f.Effort) == 0 {
			found(NoEstimate, ledger.ID{}, "is being built, its effort is not estimated", "no estimate")
		}
	}
}

// late reports whether users should have had the release before today.
func late(r *release.Release, today calendar.Day) bool {
	return !r.Date.IsZero() && r.Date < today && r.Status != release.Cancelled
}

// awaited says whether a feature that another one needs is still to come or there, and
// if it ships after that one's release, when.
func awaited(v ledger.View, need *backlog.Feature, r *release.Release) (coming bool, later string) {
	stage := backlog.StageOf(v, need)
	switch {
	case stage.Done():
		return true, ""
	case need.Archived || stage == backlog.StageDropped:
		return false, ""
	case r == nil || r.Date.IsZero():
		return true, ""
	}
	if ships, ok := release.Releases.Get(v, need.Release.ID()); ok && ships.Date > r.Date {
		return true, "which ships in " + ships.Name
	}
	return true, ""
}

// gone says why a feature will not come.
func gone(v ledger.View, f *backlog.Feature) string {
	if backlog.StageOf(v, f) == backlog.StageDropped {
		return "which was dropped"
	}
	return "which is archived"
}

// serves returns the objective that a feature serves: its own, or that of the
// initiative it is a part of.
func serves(v ledger.View, f *backlog.Feature) ledger.ID {
	for f.Objective.IsZero() {
		above, ok := backlog.Features.Get(v, f.Parent.ID())
		if !ok {
			break
		}
		f = above
	}
	return f.Objective.ID()
}

func isInitiative(v ledger.View, f *backlog.Feature) bool {
	for range backlog.Parts(v, f.ID) {
		return true
	}
	return false
}

// asked returns who can be asked about a feature.
func asked(v ledger.View, f *backlog.Feature, objective ledger.ID) ledger.ID {
	if id := here(v, f.Owner.ID()); !id.IsZero() {
		return id
	}
	if r, ok := release.Releases.Get(v, f.Release.ID()); ok {
		if id := here(v, r.Owner.ID()); !id.IsZero() {
			return id
		}
	}
	if o, ok := strategy.Objectives.Get(v, objective); ok {
		return here(v, o.Owner.ID())
	}
	return ledger.ID{}
}

// here returns the person if they have not left.
func here(v ledger.View, person ledger.ID) ledger.ID {
	if _, left := left(v, person); left {
		return ledger.ID{}
	}
	return person
}

// left reports whether a person has left, and who they were.
func left(v ledger.View, person ledger.ID) (name string, left bool) {
	p, ok := people.Persons.Get(v, person)
	if !ok || !p.Archived {
		return "", false
	}
	return p.Name, true
}
