package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// sim does a random sequence of commands in one workspace. All its choices come from the
// seed, identifiers too, so that the same sequence can be run on another engine.
type sim struct {
	testing.TB
	l     *ledger.Ledger
	ws    ledger.ID
	rng   *rand.Rand
	clock *lt.Clock
	ever  map[string][]ledger.ID // every identifier of a kind that was tried
	open  []ledger.ID            // proposals, ended ones too
	long  map[ledger.TextRef]string
	log   []string
	did   []ledger.Seq
	docs  docCache
	// a past position that was looked at while the sequence went on
	seen map[ledger.Seq]dump
}

var errBoom = errors.New("the command changed its mind")

func newSim(t testing.TB, l *ledger.Ledger, clock *lt.Clock, slug string, seed uint64) *sim {
	t.Helper()
	s := &sim{
		TB: t, l: l, clock: clock, rng: rand.New(rand.NewPCG(seed, 7)), ever: map[string][]ledger.ID{},
		long: map[ledger.TextRef]string{}, docs: docCache{}, seen: map[ledger.Seq]dump{},
	}
	clock.Add(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).Sub(clock.Now()))
	var err error
	if s.ws, err = l.CreateWorkspace(t.Context(), slug); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sim) fatal(format string, args ...any) {
	s.Helper()
	s.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), s.story())
}

// story is what was done; with what it changed, if one sequence is looked at.
func (s *sim) story() string {
	lines := slices.Clone(s.log)
	if os.Getenv("THROUGHLINE_SEED") == "" {
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "  ") })
	}
	return strings.Join(lines, "\n")
}

// note records what was done, for a report, and refuses faults that are none.
func (s *sim) note(what string, seq ledger.Seq, err error) bool {
	s.Helper()
	if err == nil {
		s.log = append(s.log, fmt.Sprintf("%d %s", seq, what))
		return true
	}
	s.log = append(s.log, fmt.Sprintf("- %s: %v", what, err))
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Invalid, fault.Conflict:
		return false
	}
	if !errors.Is(err, errBoom) {
		s.fatal("%s: %v", what, err)
	}
	return false
}

func (s *sim) chance(percent int) bool { return s.rng.IntN(100) < percent }

func (s *sim) newID(kind string) ledger.ID {
	var id ledger.ID
	for i := range id {
		id[i] = byte(s.rng.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	s.ever[kind] = append(s.ever[kind], id)
	return id
}

func pick[T any](s *sim, of []T) T { return of[s.rng.IntN(len(of))] }

func (s *sim) actor() ledger.Actor {
	if s.chance(30) {
		return lt.Bob
	}
	return lt.Ann
}

// some returns an entity of the kind: as a rule one that exists.
func (s *sim) some(v ledger.View, kind string) ledger.ID {
	if s.chance(95) {
		for _, r := range readers {
			if r.name == kind {
				if all := r.all(v); len(all) > 0 {
					return ledger.MetaOf(pick(s, all)).ID
				}
			}
		}
	}
	if ids := s.ever[kind]; len(ids) > 0 {
		return pick(s, ids)
	}
	return ledger.ID{}
}

// someOr is some, or sometimes nothing.
func (s *sim) someOr(v ledger.View, kind string, percentNone int) ledger.Ref {
	if s.chance(percentNone) {
		return ledger.Ref{}
	}
	return ledger.Ref(s.some(v, kind))
}

var (
	vocabulary = []string{"sync", "offline", "forms", "api", "billing", "größe", "résumé", "<b>&", "検索", "x"}
	prefixes   = []string{"AA", "BB", "CC", "DD", "X"}
	kinds      = []string{"product", "person", "release", "feature", "comment", "metric", "hook", "member"}
)

func (s *sim) title() string {
	if s.chance(3) {
		return ""
	}
	return pick(s, vocabulary) + " " + pick(s, vocabulary)
}

// text is a text of some lines, now and then one above a kilobyte.
func (s *sim) text(tx *ledger.Tx, from ledger.TextRef) ledger.TextRef {
	body, ok := from.Inline()
	if !ok {
		body = s.long[from]
	}
	lines := strings.SplitAfter(body, "\n")
	switch n := s.rng.IntN(10); {
	case n < 2 || body == "":
		lines = nil
		for i := range s.rng.IntN(6) {
			lines = append(lines, fmt.Sprintf("line %d %s\n", i, pick(s, vocabulary)))
		}
	case n < 4:
		lines = nil
		for i := range 40 {
			lines = append(lines, fmt.Sprintf("line %d of a text that is too long for a document\n", i))
		}
		lines[s.rng.IntN(40)] = pick(s, vocabulary) + "\n"
	case n < 5:
		lines = slices.Delete(lines, 0, 1)
	default:
		lines[s.rng.IntN(len(lines))] = pick(s, vocabulary) + "\n"
	}
	body = strings.Join(lines, "")
	ref := tx.Text(body)
	s.long[ref] = body
	return ref
}

// editFeature changes one field.
func (s *sim) editFeature(tx *ledger.Tx, f *lt.Feature) {
	switch s.rng.IntN(19) {
	case 0:
		f.Title = s.title()
	case 1, 2:
		f.Description = s.text(tx, f.Description)
	case 3:
		f.Product = s.someOr(tx, "product", 10)
	case 4:
		f.Status = pick(s, vocabulary)
	case 5:
		f.Owner = s.someOr(tx, "person", 30)
	case 6:
		f.Parent = s.someOr(tx, "feature", 40)
	case 7:
		f.Release = s.someOr(tx, "release", 30)
	case 8:
		if len(f.DependsOn) > 0 && s.chance(40) {
			f.DependsOn = f.DependsOn[1:]
		} else {
			f.DependsOn = append(f.DependsOn, ledger.Ref(s.some(tx, "feature")))
		}
	case 9:
		f.Priority = s.rng.IntN(5)
	case 10:
		f.Rank = pick(s, vocabulary)
	case 11, 12:
		if len(f.Tags) > 0 && s.chance(40) {
			f.Tags = slices.Delete(f.Tags, 0, 1)
		} else {
			f.Tags = append(f.Tags, pick(s, vocabulary))
		}
	case 13:
		f.Effort = append(f.Effort, lt.EffortLine{Team: pick(s, vocabulary), Low: s.rng.Float64(), High: 2})
		f.Effort = f.Effort[max(0, len(f.Effort)-2):]
	case 14:
		f.Value = lt.Range{Low: float64(s.rng.IntN(10)), Likely: s.rng.Float64() * 10, High: float64(4 + s.rng.IntN(10))}
	case 15:
		f.Start = ledger.TimeOf(s.clock.Now().Add(time.Duration(s.rng.IntN(1000)) * time.Hour))
	case 16, 17:
		switch n := len(f.Checks); {
		case n > 0 && s.chance(20):
			f.Checks = slices.Delete(f.Checks, 0, 1)
		case n > 0 && s.chance(60):
			c := &f.Checks[s.rng.IntN(n)]
			switch s.rng.IntN(3) {
			case 0:
				c.Done = !c.Done
			case 1:
				c.Text = pick(s, vocabulary)
			default:
				c.Rank = pick(s, vocabulary)
			}
		default:
			f.Checks = append(f.Checks, lt.CheckItem{ID: fmt.Sprintf("c%d", s.rng.Uint32()), Rank: pick(s, vocabulary), Text: pick(s, vocabulary)})
		}
	default:
		if len(f.Custom) > 0 && s.chance(30) {
			clear(f.Custom)
		} else {
			if f.Custom == nil {
				f.Custom = map[string]string{}
			}
			f.Custom[pick(s, vocabulary)] = pick(s, vocabulary)
		}
	}
}

// create makes an entity of the kind; id zero: with a new identifier.
func (s *sim) create(tx *ledger.Tx, kind string, id ledger.ID) error {
	if id.IsZero() {
		id = s.newID(kind)
	}
	m := ledger.Meta{ID: id}
	var err error
	switch kind {
	case "product":
		_, err = lt.Products.Create(tx, lt.Product{Meta: m, Name: s.title(), Prefix: pick(s, prefixes), Private: s.chance(20)})
	case "person":
		_, err = lt.People.Create(tx, lt.Person{Meta: m, Name: s.title()})
	case "release":
		_, err = lt.Releases.Create(tx, lt.Release{Meta: m, Name: s.title(), Product: s.someOr(tx, "product", 20), Date: ledger.TimeOf(s.clock.Now())})
	case "comment":
		target := pick(s, kinds)
		_, err = lt.Comments.Create(tx, lt.Comment{
			Meta: m, On: ledger.AnyRef{Kind: target, ID: s.some(tx, target)},
			Author: s.someOr(tx, "person", 50), Body: s.text(tx, ledger.TextRef{}),
		})
	case "metric":
		x := s.rng.Float64()
		_, err = lt.Metrics.Create(tx, lt.Metric{Meta: m, Name: s.title(), Goal: 1e9 * x, Bound: &x})
	case "hook":
		var secret ledger.Secret
		if secret, err = tx.Seal("hunter2"); err == nil {
			_, err = lt.Hooks.Create(tx, lt.Hook{Meta: m, URL: "https://example.com/" + pick(s, vocabulary), Token: secret})
		}
	case "member":
		_, err = lt.Members.Create(tx, lt.Member{Meta: m, Account: s.newID("account"), Role: "viewer"})
	default:
		f := lt.Feature{Meta: m, Title: "a " + s.title(), Product: s.someOr(tx, "product", 20)}
		for range s.rng.IntN(4) {
			s.editFeature(tx, &f)
		}
		_, err = lt.Features.Create(tx, f)
	}
	return err
}

func (s *sim) edit(tx *ledger.Tx) error {
	switch s.rng.IntN(12) {
	case 0:
		return lt.Products.Edit(tx, s.some(tx, "product"), func(p *lt.Product) error {
			switch s.rng.IntN(3) {
			case 0:
				p.Name = s.title()
			case 1:
				p.Prefix = pick(s, prefixes)
			default:
				p.Private = !p.Private
			}
			return nil
		})
	case 1:
		return lt.Releases.Edit(tx, s.some(tx, "release"), func(r *lt.Release) error {
			r.Date, r.Product = ledger.TimeOf(s.clock.Now().Add(time.Hour)), s.someOr(tx, "product", 20)
			return nil
		})
	case 2:
		return lt.Comments.Edit(tx, s.some(tx, "comment"), func(c *lt.Comment) error {
			c.Body = s.text(tx, c.Body)
			return nil
		})
	case 3:
		return lt.Metrics.Edit(tx, s.some(tx, "metric"), func(m *lt.Metric) error {
			if m.Bound = nil; s.chance(50) {
				x := s.rng.Float64()
				m.Bound = &x
			}
			return nil
		})
	case 4:
		return lt.Hooks.Edit(tx, s.some(tx, "hook"), func(h *lt.Hook) (err error) {
			if s.chance(50) {
				h.URL = "https://example.com/" + pick(s, vocabulary)
				return nil
			}
			h.Token, err = tx.Seal("hunter3")
			return err
		})
	}
	return lt.Features.Edit(tx, s.some(tx, "feature"), func(f *lt.Feature) error {
		for range 1 + s.rng.IntN(3) {
			s.editFeature(tx, f)
		}
		return nil
	})
}

func remove(tx *ledger.Tx, kind string, id ledger.ID) error {
	switch kind {
	case "product":
		return lt.Products.Delete(tx, id)
	case "person":
		return lt.People.Delete(tx, id)
	case "release":
		return lt.Releases.Delete(tx, id)
	case "comment":
		return lt.Comments.Delete(tx, id)
	case "metric":
		return lt.Metrics.Delete(tx, id)
	case "hook":
		return lt.Hooks.Delete(tx, id)
	case "member":
		return lt.Members.Delete(tx, id)
	case "proposal":
		return ledger.Proposals.Delete(tx, id)
	}
	return lt.Features.Delete(tx, id)
}

// write is one random change.
func (s *sim) write(tx *ledger.Tx) error {
	switch n := s.rng.IntN(20); {
	case n < 5:
		return s.create(tx, pick(s, append(kinds, "feature", "feature")), ledger.ID{})
	case n < 15:
		return s.edit(tx)
	case n < 18:
		kind := pick(s, kinds)
		return remove(tx, kind, s.some(tx, kind))
	default: // what was deleted comes back under its identifier
		kind := pick(s, kinds)
		id := s.some(tx, kind)
		if id.IsZero() {
			return nil
		}
		if s.chance(50) {
			if err := remove(tx, kind, id); err != nil {
				return err
			}
		} else if ids := s.ever[kind]; len(ids) > 0 {
			id = pick(s, ids)
		}
		return s.create(tx, kind, id)
	}
}

// setUp makes the first entities.
func (s *sim) setUp() {
	seq, err := s.l.Update(s.Context(), s.ws, lt.Ann, "set up", func(tx *ledger.Tx) error {
		for i, prefix := range prefixes[:2] {
			if _, err := lt.Products.Create(tx, lt.Product{Meta: ledger.Meta{ID: s.newID("product")}, Name: fmt.Sprint("product ", i), Prefix: prefix}); err != nil {
				return err
			}
		}
		for _, kind := range []string{"person", "release", "feature", "feature", "feature", "comment", "metric", "hook"} {
			id := s.newID(kind)
			if kind == "feature" {
				f := lt.Feature{Meta: ledger.Meta{ID: id}, Title: "first", Product: ledger.Ref(s.ever["product"][0])}
				f.Tags, f.Custom = []string{"api", "x"}, map[string]string{"a": "1"}
				f.Description = tx.Text("one\ntwo\nthree\nfour\nfive\n")
				f.Checks = []lt.CheckItem{{ID: "a", Rank: "a"}, {ID: "b", Rank: "b"}}
				if _, err := lt.Features.Create(tx, f); err != nil {
					return err
				}
				continue
			}
			if kind == "comment" {
				on := ledger.AnyRef{Kind: "feature", ID: s.ever["feature"][0]}
				if _, err := lt.Comments.Create(tx, lt.Comment{Meta: ledger.Meta{ID: id}, On: on, Body: tx.Text("well")}); err != nil {
					return err
				}
				continue
			}
			if err := s.create(tx, kind, id); err != nil {
				return err
			}
		}
		return nil
	})
	if !s.note("set up", seq, err) {
		s.fatal("set up: %v", err)
	}
	if s.chance(5) { // undoing this leaves little to play with
		s.did = append(s.did, seq)
	}
}

func (s *sim) settlement() ledger.Settlement {
	return ledger.Settlement{Otherwise: pick(s, []ledger.Choice{ledger.Unsettled, ledger.KeepTheirs, ledger.TakeYours})}
}

// update runs up to three random changes as one command.
func (s *sim) update(opts ...ledger.UpdateOption) {
	s.Helper()
	n := 1 + s.rng.IntN(3)
	boom := s.chance(7)
	seq, err := s.l.Update(s.Context(), s.ws, s.actor(), "write", func(tx *ledger.Tx) error {
		was := s.docs.dump(tx).byID()
		for range n {
			if err := s.write(tx); err != nil {
				return err
			}
		}
		s.changed(was, s.docs.dump(tx).byID())
		if boom {
			return errBoom
		}
		return nil
	}, opts...)
	if s.note("write", seq, err) && len(opts) == 0 {
		s.did = append(s.did, seq)
	}
}

// settle settles one thing that a proposal changes, with a conflict or without.
func (s *sim) settle(proposal ledger.ID) {
	live, err := s.l.At(s.Context(), s.ws, lt.Ann, 0)
	if err != nil {
		s.fatal("read: %v", err)
	}
	pending, err := s.l.In(s.Context(), s.ws, lt.Ann, proposal)
	if err != nil {
		return // it has ended
	}
	var all []ledger.ConflictKey
	for c, err := range ledger.Diff(s.Context(), live, pending) {
		if err != nil {
			s.fatal("diff: %v", err)
		}
		all = append(all, ledger.ConflictKey{Kind: c.Kind, ID: c.ID})
		if fields, err := c.Fields(); err == nil && c.Before != nil && c.After != nil {
			for _, f := range fields {
				all = append(all, ledger.ConflictKey{Kind: c.Kind, ID: c.ID, Field: f.Field})
			}
		}
	}
	if len(all) == 0 {
		return
	}
	what, choice := pick(s, all), ledger.Choice(1+s.rng.IntN(2))
	seq, err := s.l.Settle(s.Context(), s.ws, s.actor(), proposal, what, choice)
	s.note(fmt.Sprint("settle ", choice), seq, err)
}

// step does one random thing.
func (s *sim) step() {
	ctx := s.Context()
	switch n := s.rng.IntN(100); {
	case n < 34:
		s.update()
	case n < 42:
		d := time.Duration(s.rng.IntN(7200)-1800) * time.Second
		s.clock.Add(d)
		s.log = append(s.log, fmt.Sprint("- clock ", d))
	case n < 48:
		id := s.newID("proposal")
		seq, err := s.l.Update(ctx, s.ws, s.actor(), "propose", func(tx *ledger.Tx) error {
			_, err := ledger.Proposals.Create(tx, ledger.Proposal{Meta: ledger.Meta{ID: id}, Title: "p", State: ledger.ProposalOpen})
			return err
		})
		if s.note("propose", seq, err) {
			s.did = append(s.did, seq)
			s.open = append(s.open, id)
		}
	case n < 62 && len(s.open) > 0:
		s.update(ledger.In(pick(s, s.open)))
	case n < 63 && len(s.open) > 0:
		s.settle(pick(s, s.open))
	case n < 66 && len(s.open) > 0:
		seq, err := s.l.Rebase(ctx, s.ws, s.actor(), pick(s, s.open), s.settlement())
		s.note("rebase", seq, err)
	case n < 72 && len(s.open) > 0:
		p, how := pick(s, s.open), s.settlement()
		found, looked := s.l.Conflicts(ctx, s.ws, lt.Ann, p)
		seq, err := s.l.Merge(ctx, s.ws, s.actor(), p, how)
		if s.note(fmt.Sprint("merge ", how.Otherwise), seq, err) {
			s.did = append(s.did, seq)
			if looked == nil && len(found) > 0 && how.Otherwise == ledger.Unsettled {
				s.fatal("a merge without settlement ignored %v", found)
			}
			if _, err := s.l.Merge(ctx, s.ws, lt.Ann, p, how); !fault.Is(err, fault.Conflict) {
				s.fatal("a second merge: %v", err)
			}
		}
	case n < 74 && len(s.open) > 0:
		seq, err := s.l.Discard(ctx, s.ws, s.actor(), pick(s, s.open), "no")
		if s.note("discard", seq, err) {
			s.did = append(s.did, seq)
		}
	case n < 80:
		s.undoAndRedo()
	case n < 84:
		u, err := s.l.UndoLast(ctx, s.ws, s.actor(), s.settlement())
		if s.note(fmt.Sprint("undo the last, of ", u.Of), u.Seq, err) {
			s.did = append(s.did, u.Seq)
		}
	case n < 87:
		u, err := s.l.RedoLast(ctx, s.ws, s.actor(), s.settlement())
		if s.note(fmt.Sprint("redo the last, of ", u.Of), u.Seq, err) {
			s.did = append(s.did, u.Seq)
		}
	case n < 95:
		s.bringIn()
	default: // a past moment, in the middle of the sequence
		now := s.now(s.l)
		at := ledger.Seq(s.rng.IntN(int(now.Seq()) + 1))
		s.seen[at] = s.docs.dump(s.asOf(s.l, ledger.AtSeq(at)))
	}
}

// undoAndRedo takes back a commit and, if nothing of it was kept, takes the undo back.
func (s *sim) undoAndRedo() {
	ctx := s.Context()
	if len(s.did) == 0 {
		return
	}
	of, as, how := pick(s, s.did), s.actor(), s.settlement()
	before := s.docs.dump(s.now(s.l))
	u, err := s.l.Undo(ctx, s.ws, as, of, how)
	if !s.note(fmt.Sprint("undo ", of), u.Seq, err) {
		return
	}
	s.did = append(s.did, u.Seq)
	if _, err := s.l.Undo(ctx, s.ws, as, of, how); !fault.Is(err, fault.Conflict) {
		s.fatal("a second undo of %d: %v", of, err)
	}
	if len(u.Kept) > 0 || s.chance(50) {
		return
	}
	r, err := s.l.Undo(ctx, s.ws, as, u.Seq, ledger.Settlement{})
	if !s.note(fmt.Sprint("redo ", of), r.Seq, err) {
		s.fatal("an undo cannot be undone: %v", err)
	}
	s.did = append(s.did, r.Seq)
	// A feature whose product has another prefix by now gets its key there.
	if d := differDocs(keyless(s.docs.dump(s.now(s.l))), keyless(before)); d != "" && len(r.Kept) == 0 && how.Otherwise != ledger.TakeYours {
		s.fatal("undo and redo of %d do not lead back: %s", of, d)
	}
}

// bringIn imports some entities with history, or fails to.
func (s *sim) bringIn() {
	ctx := s.Context()
	now := s.now(s.l)
	fails := s.rng.IntN(10)
	as := s.actor()
	ago := func(h int) time.Time { return s.clock.Now().Add(-time.Duration(h) * time.Hour) }
	seq, err := s.l.Import(ctx, s.ws, as, "import", func(im *ledger.Import) error {
		release := s.newID("release")
		// The parts of an import may refer to each other in any order.
		if s.chance(50) {
			if _, err := lt.Releases.Import(im, lt.Release{Meta: ledger.Meta{ID: release}, Name: "r", Product: s.someOr(now, "product", 50)}, ledger.Stamp{At: ago(90)}); err != nil {
				return err
			}
		} else {
			release = s.some(now, "release")
		}
		var last ledger.ID
		for range 1 + s.rng.IntN(3) {
			f := lt.Feature{Meta: ledger.Meta{ID: s.newID("feature")}, Title: "imported", Product: s.someOr(now, "product", 20), Release: ledger.Ref(release)}
			if s.chance(50) {
				f.Parent = ledger.Ref(last)
			}
			if fails == 1 {
				f.Value = lt.Range{Low: 9}
			}
			f.Description = im.Text(strings.Repeat("a line of an import\n", s.rng.IntN(80)))
			steps := []ledger.Step[lt.Feature]{
				{Stamp: ledger.Stamp{At: ago(70), By: lt.Bob.ID}, Edit: func(f *lt.Feature) error { f.Status = pick(s, vocabulary); return nil }},
				{Stamp: ledger.Stamp{At: ago(50)}, Edit: func(f *lt.Feature) error { f.Tags = append(f.Tags, pick(s, vocabulary)); return nil }},
				{Stamp: ledger.Stamp{At: ago(50)}, Edit: func(*lt.Feature) error { return nil }},
				{Stamp: ledger.Stamp{At: ago(20 + 40*(fails%2)*s.rng.IntN(2))}, Edit: func(f *lt.Feature) error { f.Owner = s.someOr(now, "person", 20); return nil }},
			}
			id, err := lt.Features.Import(im, f, ledger.Stamp{At: ago(80), By: lt.Ann.ID}, steps[:s.rng.IntN(len(steps)+1)]...)
			if err != nil {
				return err
			}
			last = id
		}
		if s.chance(30) {
			lt.Features.ImportEdit(im, s.some(now, "feature"), func(_ *ledger.Tx, f *lt.Feature) error { f.Priority = 9; return nil })
		}
		if s.chance(15) {
			lt.Features.ImportEdit(im, last, func(_ *ledger.Tx, f *lt.Feature) error { f.Priority = 8; return nil })
		}
		if fails == 2 {
			return errBoom
		}
		return nil
	})
	if s.note("import", seq, err) {
		s.did = append(s.did, seq)
	}
}

func (s *sim) now(l *ledger.Ledger) *ledger.Snapshot {
	s.Helper()
	v, err := l.At(s.Context(), s.ws, lt.Ann, 0)
	if err != nil {
		s.fatal("at: %v", err)
	}
	return v
}

func (s *sim) asOf(l *ledger.Ledger, m ledger.Moment) *ledger.Snapshot {
	s.Helper()
	v, err := l.AsOf(s.Context(), s.ws, lt.Ann, m)
	if err != nil {
		s.fatal("as of %v: %v", m, err)
	}
	return v
}

// follow returns the positions of live commits after from, as a follower gets them.
func (s *sim) follow(l *ledger.Ledger, from, last ledger.Seq) []ledger.Seq {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	var out []ledger.Seq
	for c, err := range l.Follow(ctx, s.ws, from) {
		if err != nil {
			s.fatal("follow: %v", err)
		}
		out = append(out, c.Seq)
		if c.Seq >= last {
			break
		}
	}
	return out
}

// changed notes what a command is about to change.
func (s *sim) changed(was, now map[string]row) {
	for _, k := range slices.Sorted(maps.Keys(was)) {
		if _, ok := now[k]; !ok {
			s.log = append(s.log, "  - "+was[k].String())
		}
	}
	for _, k := range slices.Sorted(maps.Keys(now)) {
		if now[k] != was[k] {
			s.log = append(s.log, "  "+now[k].String())
		}
	}
}
