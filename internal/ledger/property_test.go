package ledger_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// sequences is how many random sequences all property tests run together: as many as
// THROUGHLINE_SEQUENCES says, else 10,000 in continuous integration and less elsewhere
// and under the race detector.
func sequences() int {
	if n, err := strconv.Atoi(os.Getenv("THROUGHLINE_SEQUENCES")); err == nil {
		return n
	}
	switch {
	case testing.Short():
		return 100
	case raceEnabled:
		return 300
	case os.Getenv("CI") != "":
		return 10_000
	}
	return 2000
}

// seedBase is the seed of the first sequence; THROUGHLINE_SEED repeats a single one.
const seedBase = 1

// workers are the sequences that run side by side.
const workers = 2

// arena is one database with three ledgers on it: a does what is to be done, b learns of
// it from the journal, fresh reads the documents when all is over.
type arena struct {
	open        func() ledger.Store
	clock       *lt.Clock
	a, b, fresh *ledger.Ledger
}

func newArena(t testing.TB, open func() ledger.Store) *arena {
	x := &arena{open: open, clock: lt.NewClock()}
	x.a, x.b, x.fresh = x.ledger(t), x.ledger(t), x.ledger(t)
	return x
}

func (x *arena) ledger(t testing.TB) *ledger.Ledger {
	return lt.Open(t, x.open(), ledger.Options{Clock: x.clock.Now, Poll: time.Hour})
}

const perArena = 50

// random runs sequences with seeds from first on, in databases of some each.
func random(t *testing.T, e lt.Engine, first, n int, one func(t testing.TB, x *arena, seed uint64), after func(t testing.TB, x *arena)) {
	if seed, err := strconv.ParseUint(os.Getenv("THROUGHLINE_SEED"), 10, 64); err == nil {
		x := newArena(t, e.Open(t))
		one(t, x, seed)
		if after != nil {
			after(t, x)
		}
		return
	}
	for w := range workers {
		t.Run(fmt.Sprintf("%s%d", e.Name, w), func(t *testing.T) {
			t.Parallel()
			for at := w * perArena; at < n; at += workers * perArena {
				t.Run(strconv.Itoa(first+at), func(t *testing.T) {
					x := newArena(t, e.Open(t))
					for i := at; i < min(at+perArena, n); i++ {
						one(t, x, uint64(first+i))
					}
					if after != nil {
						after(t, x)
					}
				})
			}
		})
	}
}

// TestRandomHistories compares everything that a ledger shows after a random sequence
// with what a naive reader makes of the exported journal.
func TestRandomHistories(t *testing.T) {
	n := sequences() * 45 / 100
	random(t, lt.Engines[0], seedBase, n, history, nil)
	random(t, lt.Engines[1], seedBase, n/25, history, nil)
}

func history(t testing.TB, x *arena, seed uint64) {
	s := newSim(t, x.a, x.clock, fmt.Sprintf("s%d", seed), seed)
	s.log = append(s.log, fmt.Sprintf("seed %d", seed))
	s.setUp()
	steps := 6 + s.rng.IntN(11)
	joins := s.rng.IntN(steps) // when the other ledger begins to look
	for i := range steps {
		if i == joins {
			s.now(x.b)
		}
		s.step()
		if i > joins && s.chance(15) {
			s.caughtUp(x.b)
		}
	}
	s.verify(x)
}

// caughtUp compares the other ledger, which knows the workspace from the journal.
func (s *sim) caughtUp(b *ledger.Ledger) {
	s.Helper()
	a := s.now(s.l)
	v, err := b.At(s.Context(), s.ws, lt.Ann, a.Seq())
	if err != nil {
		s.fatal("the other ledger cannot catch up: %v", err)
	}
	if d := differ(s.docs.dump(v), s.docs.dump(a)); d != "" {
		s.fatal("the ledger that caught up differs: %s", d)
	}
}

func (s *sim) verify(x *arena) {
	s.Helper()
	live := s.now(s.l)
	now := s.docs.dump(live)
	lines := exported(s, s.l, s.ws)
	last := ledger.Seq(lines[len(lines)-1].Seq)
	if d := differ(now, fold(s, lines, upTo(live.Seq()))); d != "" {
		s.fatal("the workspace differs from its journal: %s", d)
	}
	s.positions(live, lines, last)
	s.moments(live, lines)
	s.sound(live, now)
	s.keys(x, live, lines)
	s.indexes(live)
	s.diffs(live, now)
	s.caughtUp(x.b)
	s.indexes(s.now(x.b))
	// a ledger that reads the documents anew
	v := s.now(x.fresh)
	if d := differ(s.docs.dump(v), now); d != "" {
		s.fatal("the reopened ledger differs: %s", d)
	}
	s.indexes(v)
	if !s.chance(30) {
		return
	}
	// numbers go on where they stood, whoever writes
	for _, l := range []*ledger.Ledger{x.fresh, x.b, s.l} {
		if _, err := l.Update(s.Context(), s.ws, lt.Ann, "go on", func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Meta: ledger.Meta{ID: s.newID("feature")}, Title: "next", Product: s.someOr(tx, "product", 10)})
			return err
		}); !s.note("go on", 0, err) && !fault.Is(err, fault.Invalid) {
			s.fatal("go on: %v", err)
		}
	}
	givenKeys(s, exported(s, s.l, s.ws))
	s.caughtUp(x.b)
}

// positions checks that the journal has no gap and a follower gets each live commit once.
func (s *sim) positions(live *ledger.Snapshot, lines []line, last ledger.Seq) {
	s.Helper()
	if n, err := s.l.Verify(s.Context(), s.ws); err != nil || n != int(live.Seq()) {
		s.fatal("verify: %d of %d commits, %v", n, live.Seq(), err)
	}
	from := ledger.Seq(s.rng.IntN(int(last)))
	var want []ledger.Seq
	for _, l := range lines {
		if ledger.Seq(l.Seq) > from {
			want = append(want, ledger.Seq(l.Seq))
		}
	}
	if got := s.follow(s.l, from, last); !slices.Equal(got, want) {
		s.fatal("a follower from %d gets %v, want %v", from, got, want)
	}
	for i := 1; i < len(lines); i++ {
		if micros(s, lines[i].At) < micros(s, lines[i-1].At) {
			s.fatal("time runs backwards at %d", lines[i].Seq)
		}
	}
}

// moments compares random past positions and times.
func (s *sim) moments(live *ledger.Snapshot, lines []line) {
	s.Helper()
	for at, want := range s.seen {
		if d := differ(want, fold(s, lines, upTo(at))); d != "" {
			s.fatal("position %d, seen on the way, differs from the journal: %s", at, d)
		}
	}
	for range 2 {
		at := ledger.Seq(s.rng.IntN(int(live.Seq()) + 1))
		v := s.asOf(s.l, ledger.AtSeq(at))
		if d := differ(s.docs.dump(v), fold(s, lines, upTo(at))); d != "" {
			s.fatal("position %d differs from the journal: %s", at, d)
		}
		if v.Seq() != at {
			s.fatal("as of %d says it is at %d", at, v.Seq())
		}
		s.indexes(v)
	}
	for range 2 {
		l := pick(s, lines)
		if len(l.Entries) == 0 {
			continue
		}
		at := pick(s, l.Entries).at + int64(s.rng.IntN(3)) - 1
		v := s.asOf(s.l, ledger.AtTime(time.UnixMicro(at)))
		if d := differ(s.docs.dump(v), fold(s, lines, until(at))); d != "" {
			s.fatal("time %d differs from the journal: %s", at, d)
		}
		s.indexes(v)
	}
}

// sound checks by itself what the kinds' checks and the rules of references promise.
func (s *sim) sound(v *ledger.Snapshot, now dump) {
	s.Helper()
	there := map[string]bool{}
	for _, r := range now {
		there[r.kind+" "+r.id] = true
	}
	must := func(what, kind string, id ledger.ID) {
		s.Helper()
		if !id.IsZero() && !there[kind+" "+id.String()] {
			s.fatal("%s refers to the %s %s, which does not exist", what, kind, id)
		}
	}
	prefix := map[string]bool{}
	for p := range lt.Products.All(v) {
		if prefix[p.Prefix] || p.Name == "" || len(p.Prefix) < 2 {
			s.fatal("the product %s should not be", lt.Document(p))
		}
		prefix[p.Prefix] = true
	}
	for r := range lt.Releases.All(v) {
		must("release "+r.ID.String(), "product", r.Product.ID())
	}
	for c := range lt.Comments.All(v) {
		must("comment "+c.ID.String(), c.On.Kind, c.On.ID)
		must("comment "+c.ID.String(), "person", c.Author.ID())
	}
	next := map[ledger.ID][]ledger.ID{}
	parent := map[ledger.ID]ledger.ID{}
	for f := range lt.Features.All(v) {
		what := "feature " + f.Key
		must(what, "product", f.Product.ID())
		must(what, "person", f.Owner.ID())
		must(what, "feature", f.Parent.ID())
		must(what, "release", f.Release.ID())
		for _, d := range f.DependsOn {
			must(what, "feature", d.ID())
			next[f.ID] = append(next[f.ID], d.ID())
		}
		parent[f.ID] = f.Parent.ID()
		if f.Title == "" || f.Value.Low > f.Value.High || f.Key == "" {
			s.fatal("the feature %s should not be", lt.Document(f))
		}
		if !slices.IsSorted(f.Tags) || len(slices.Compact(slices.Clone(f.Tags))) != len(f.Tags) {
			s.fatal("tags %v are not in order", f.Tags)
		}
		if !slices.IsSortedFunc(f.Checks, func(a, b lt.CheckItem) int {
			if a.Rank < b.Rank || (a.Rank == b.Rank && a.ID < b.ID) {
				return -1
			}
			return 1
		}) {
			s.fatal("checks %v are not in order", f.Checks)
		}
	}
	for id := range parent {
		for p, n := parent[id], 0; !p.IsZero(); p, n = parent[p], n+1 {
			if n > len(parent) {
				s.fatal("feature %s is its own ancestor", id)
			}
		}
	}
	var visit func(id, start ledger.ID, seen map[ledger.ID]bool)
	visit = func(id, start ledger.ID, seen map[ledger.ID]bool) {
		for _, n := range next[id] {
			if n == start {
				s.fatal("feature %s depends on itself", start)
			}
			if !seen[n] {
				seen[n] = true
				visit(n, start, seen)
			}
		}
	}
	for id := range next {
		visit(id, id, map[ledger.ID]bool{})
	}
}

// keys checks that every key that an entity was given leads to it.
func (s *sim) keys(x *arena, v *ledger.Snapshot, lines []line) {
	s.Helper()
	held := givenKeys(s, lines)
	for f := range lt.Features.All(v) {
		for _, key := range held[f.ID.String()] {
			if got, ok := lt.Features.ByKey(v, key); !ok || got.ID != f.ID {
				s.fatal("key %s does not lead to feature %s any more", key, lt.Document(f))
			}
			if got, ok := s.l.Registry().Find(v, key); !ok || got.ID != f.ID || got.Kind != "feature" || got.Key != f.Key {
				s.fatal("key %s finds %v", key, got)
			}
		}
	}
}

// indexes checks every index against a scan.
func (s *sim) indexes(v *ledger.Snapshot) {
	s.Helper()
	status := map[string][]ledger.ID{}
	back := map[ledger.ID][]ledger.ID{}
	best, total := 0.0, 0
	for f := range lt.Features.All(v) {
		status[f.Status] = append(status[f.Status], f.ID)
		targets := map[ledger.ID]bool{f.Product.ID(): true, f.Owner.ID(): true, f.Parent.ID(): true, f.Release.ID(): true}
		for _, d := range f.DependsOn {
			targets[d.ID()] = true
		}
		for id := range targets {
			if !id.IsZero() {
				back[id] = append(back[id], f.ID)
			}
		}
		if got, ok := lt.Features.ByKey(v, f.Key); !ok || got.ID != f.ID {
			s.fatal("feature %s is not found by its key %s", f.ID, f.Key)
		}
		cost := 1.0
		for _, e := range f.Effort {
			cost += (e.Low + e.High) / 2
		}
		if score := (f.Value.Low + 4*f.Value.Likely + f.Value.High) / 6 / cost; total == 0 || score > best {
			best = score
		}
		total++
	}
	for name, want := range status {
		var got []ledger.ID
		for f := range lt.ByStatus.Of(v, ledger.KeyOf(name)) {
			got = append(got, f.ID)
		}
		if !slices.Equal(got, want) {
			s.fatal("index of status %q has %v, want %v", name, got, want)
		}
	}
	for _, id := range s.ever["feature"] {
		back[id] = append([]ledger.ID(nil), back[id]...) // without back-links, too
	}
	for id, want := range back {
		var got []ledger.ID
		for f := range lt.Features.BackLinks(v, id) {
			got = append(got, f.ID)
		}
		if !slices.Equal(got, want) {
			s.fatal("back-links of %s are %v, want %v", id, got, want)
		}
	}
	top := lt.Score.Top(v, 0, 1, false, nil)
	if len(top) != min(total, 1) || lt.Features.Len(v) != total || (total > 0 && top[0].Value != best) {
		s.fatal("the best of %d features is %v with %d alive, want %v", total, top, lt.Features.Len(v), best)
	}
}

// diffs applies differences between random moments, proposals among them.
func (s *sim) diffs(live *ledger.Snapshot, now dump) {
	s.Helper()
	views := []*ledger.Snapshot{live}
	dumps := []dump{now}
	v := s.asOf(s.l, ledger.AtSeq(ledger.Seq(s.rng.IntN(int(live.Seq())+1))))
	views, dumps = append(views, v), append(dumps, s.docs.dump(v))
	for _, p := range s.open {
		v, err := s.l.In(s.Context(), s.ws, lt.Ann, p)
		if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			s.fatal("in %s: %v", p, err)
		}
		views, dumps = append(views, v), append(dumps, s.docs.dump(v))
	}
	for i, a := range views {
		for j, b := range views {
			s.diff(a, b, dumps[i], dumps[j])
		}
	}
}

func (s *sim) diff(a, b *ledger.Snapshot, da, db dump) {
	s.Helper()
	have := da.byID()
	for c, err := range ledger.Diff(s.Context(), a, b) {
		if err != nil {
			s.fatal("diff: %v", err)
		}
		if a == b {
			s.fatal("a snapshot differs from itself in %s %s", c.Kind, c.ID)
		}
		key := c.Kind + " " + c.ID.String()
		if c.Before != nil {
			if have[key] != s.docs.row(c.Kind, c.Before) {
				s.fatal("diff of %d and %d: before is %s, but it was %s", a.Seq(), b.Seq(), s.docs.row(c.Kind, c.Before), have[key])
			}
		} else if _, ok := have[key]; ok {
			s.fatal("diff of %d and %d makes %s, which was there", a.Seq(), b.Seq(), key)
		}
		if c.After == nil {
			delete(have, key)
			continue
		}
		have[key] = s.docs.row(c.Kind, c.After)
		if _, err := c.Fields(); err != nil {
			s.fatal("fields: %v", err)
		}
	}
	if want := db.byID(); !maps.Equal(have, want) {
		for k := range want {
			if have[k] != want[k] {
				s.fatal("diff of %d and %d does not lead there:\n got %s\nwant %s", a.Seq(), b.Seq(), have[k], want[k])
			}
		}
		s.fatal("diff of %d and %d leaves %d of %d", a.Seq(), b.Seq(), len(have), len(want))
	}
}
