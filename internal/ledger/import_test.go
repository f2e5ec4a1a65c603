package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func day(d int) time.Time { return time.Date(2026, 1, d, 9, 0, 0, 0, time.UTC) }

func (w *world) asOf(m ledger.Moment) *ledger.Snapshot {
	w.Helper()
	v, err := w.AsOf(w.Context(), w.ws, lt.Ann, m)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func (w *world) bringIn(fn func(im *ledger.Import) error) ledger.Seq {
	w.Helper()
	seq, err := w.Import(w.Context(), w.ws, lt.Ann, "import", fn)
	if err != nil {
		w.Fatal(err)
	}
	return seq
}

// another opens a second ledger on the same database.
func (w *world) another() *ledger.Ledger {
	w.Helper()
	return lt.Open(w.T, w.open(), ledger.Options{Clock: w.clock.Now})
}

func TestAnImportBringsItsHistory(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		var id ledger.ID
		seq := w.bringIn(func(im *ledger.Import) (err error) {
			id, err = lt.Features.Import(im, lt.Feature{Title: "old", Product: ledger.Ref(p), Priority: 7},
				ledger.Stamp{At: day(1), By: lt.Bob.ID},
				ledger.Step[lt.Feature]{Stamp: ledger.Stamp{At: day(5)}, Edit: func(f *lt.Feature) error { f.Status = "planned"; f.Key = "XX-1"; return nil }},
				ledger.Step[lt.Feature]{Stamp: ledger.Stamp{At: day(5), By: lt.Bob.ID}, Edit: func(f *lt.Feature) error { f.Title = "new"; return nil }},
			)
			return err
		})
		w.edit(id, func(f *lt.Feature) { f.Priority = 1 })
		for name, l := range map[string]*ledger.Ledger{"this": w.Ledger, "another": w.another()} {
			w.Ledger = l
			f := w.get(w.now(), id)
			if f.Key != "FB-1" || f.Version != 4 || f.Born != seq || f.CreatedAt.Go() != day(1) || f.CreatedBy != lt.Bob.ID || f.UpdatedBy != lt.Ann.ID {
				w.Errorf("%s ledger: %+v", name, f.Meta)
			}
			if _, ok := lt.Features.Get(w.asOf(ledger.AtTime(day(1).Add(-time.Second))), id); ok {
				w.Error("it exists before it was made")
			}
			for _, x := range []struct {
				at            time.Time
				title, status string
				priority      int
				by            ledger.ID
			}{
				{day(1), "old", "", 7, lt.Bob.ID},
				{day(4), "old", "", 7, lt.Bob.ID},
				{day(5), "new", "planned", 7, lt.Bob.ID},
				{w.clock.Now(), "new", "planned", 1, lt.Ann.ID},
			} {
				f := w.get(w.asOf(ledger.AtTime(x.at)), id)
				if f.Title != x.title || f.Status != x.status || f.Priority != x.priority || f.UpdatedBy != x.by {
					w.Errorf("%s ledger, %v: %s %+v", name, x.at, lt.Document(f), f.Meta)
				}
			}
			if _, ok := lt.Features.Get(w.asOf(ledger.AtSeq(seq-1)), id); ok {
				w.Error("it is known before the import")
			}
			if f := w.get(w.asOf(ledger.AtSeq(seq)), id); f.Title != "new" || f.Priority != 7 {
				w.Errorf("right after the import: %s", lt.Document(f))
			}
			var verbs []string
			for c, err := range w.History(w.Context(), w.now(), lt.Features, id) {
				if err != nil {
					w.Fatal(err)
				}
				verbs = append(verbs, fmt.Sprint(c.Verb, len(c.Entries)))
			}
			if got := strings.Join(verbs, " "); got != "edit1 import3" {
				w.Errorf("history: %s", got)
			}
		}
	})
}

func TestAnImportRefusesImpossibleTimesAndRules(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		feature := lt.Feature{Title: "x", Product: ledger.Ref(p)}
		at := func(d int) ledger.Step[lt.Feature] {
			return ledger.Step[lt.Feature]{Stamp: ledger.Stamp{At: day(d)}, Edit: func(f *lt.Feature) error { f.Priority++; return nil }}
		}
		boom := errors.New("boom")
		for name, x := range map[string]struct {
			fn    func(im *ledger.Import) error
			kind  fault.Kind
			field string
		}{
			"backwards": {func(im *ledger.Import) error {
				_, err := lt.Features.Import(im, feature, ledger.Stamp{At: day(3)}, at(5), at(4))
				return err
			}, fault.Invalid, "history[1]"},
			"before it was made": {func(im *ledger.Import) error {
				_, err := lt.Features.Import(im, feature, ledger.Stamp{At: day(3)}, at(2))
				return err
			}, fault.Invalid, "history[0]"},
			"future": {func(im *ledger.Import) error {
				_, err := lt.Features.Import(im, feature, ledger.Stamp{At: w.clock.Now().Add(time.Hour)})
				return err
			}, fault.Invalid, "at"},
			"a check": {func(im *ledger.Import) error {
				_, err := lt.Features.Import(im, lt.Feature{Product: ledger.Ref(p)}, ledger.Stamp{})
				return err
			}, fault.Invalid, "title"},
			"a reference": {func(im *ledger.Import) error {
				f := feature
				f.Owner = ledger.Ref(im.NewID())
				_, err := lt.Features.Import(im, f, ledger.Stamp{})
				return err
			}, fault.Invalid, "owner"},
			"a value": {func(im *ledger.Import) error {
				f := feature
				f.Title = "nul \x00"
				_, err := lt.Features.Import(im, f, ledger.Stamp{})
				return err
			}, fault.Invalid, "title"},
			"twice": {func(im *ledger.Import) error {
				_, err := lt.Products.Import(im, lt.Product{Meta: ledger.Meta{ID: p}, Name: "x", Prefix: "ZZ"}, ledger.Stamp{})
				return err
			}, fault.Conflict, ""},
			"its own error": {func(im *ledger.Import) error {
				if _, err := lt.Features.Import(im, feature, ledger.Stamp{}); err != nil {
					return err
				}
				return boom
			}, "", ""},
		} {
			_, err := w.Import(w.Context(), w.ws, lt.Ann, "import", x.fn)
			if err == nil || (x.kind != "" && !fault.Is(err, x.kind)) || (x.kind == "" && !errors.Is(err, boom)) {
				w.Errorf("%s: %v", name, err)
				continue
			}
			var f *fault.Error
			if x.field != "" && (!errors.As(err, &f) || len(f.Fields) == 0 || !strings.HasPrefix(f.Fields[0].Name, x.field)) {
				w.Errorf("%s does not name the field %s: %v", name, x.field, err)
			}
			if n := lt.Features.Len(w.now()); n != 0 {
				w.Fatalf("%s left %d features", name, n)
			}
		}
		id := w.feature(feature)
		if f := w.get(w.now(), id); f.Key != "FB-1" {
			w.Errorf("refused imports used up keys: %s", f.Key)
		}
		w.verify()
	})
}

// verify checks the hashes and that a new ledger reads the same state.
func (w *world) verify() {
	w.Helper()
	if _, err := w.Verify(w.Context(), w.ws); err != nil {
		w.Error(err)
	}
	fresh, err := w.another().At(w.Context(), w.ws, lt.Ann, 0)
	if err != nil {
		w.Fatal(err)
	}
	docs := docCache{}
	if d := differ(docs.dump(fresh), docs.dump(w.now())); d != "" {
		w.Errorf("a new ledger differs: %s", d)
	}
	if d := differ(docs.dump(w.now()), fold(w, exported(w, w.Ledger, w.ws), upTo(w.now().Seq()))); d != "" {
		w.Errorf("the journal differs: %s", d)
	}
}

// chunks is more than fits one chunk of an import.
const chunks = 1100

func TestAnImportIsInvisibleUntilItIsWhole(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		b := w.another()
		var ids []ledger.ID
		docs := docCache{}
		before := docs.dump(w.now())
		seq := w.bringIn(func(im *ledger.Import) error {
			for i := range chunks {
				f := lt.Feature{Title: fmt.Sprint("feature ", i), Product: ledger.Ref(p)}
				f.Description = im.Text(strings.Repeat("long ", 300) + fmt.Sprint(i))
				id, err := lt.Features.Import(im, f, ledger.Stamp{At: day(1 + i%20)})
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			// two chunks are written by now
			for name, l := range map[string]*ledger.Ledger{"this": w.Ledger, "another": b, "a new one": w.another()} {
				v, err := l.At(w.Context(), w.ws, lt.Ann, 0)
				if err != nil {
					return err
				}
				if d := differ(docs.dump(v), before); d != "" {
					w.Errorf("%s ledger shows a part of an import: %s", name, d)
				}
				if _, ok := lt.Features.ByKey(v, "FB-1"); ok {
					w.Errorf("%s ledger finds it by its key", name)
				}
				past, err := l.AsOf(w.Context(), w.ws, lt.Ann, ledger.AtSeq(v.Seq()))
				if err != nil || lt.Features.Len(past) != 0 {
					w.Errorf("%s ledger shows it in the past, %v", name, err)
				}
			}
			if lines := exported(w, w.Ledger, w.ws); len(lines) != 1 {
				w.Errorf("the exported journal has %d commits", len(lines))
			}
			w.feature(lt.Feature{Title: "meanwhile", Product: ledger.Ref(p)}) // others go on working
			if _, err := b.Update(w.Context(), w.ws, lt.Bob, "too", func(tx *ledger.Tx) error {
				_, err := lt.Features.Create(tx, lt.Feature{Title: "elsewhere", Product: ledger.Ref(p)})
				return err
			}); err != nil {
				return err
			}
			return nil
		})
		s := w.now()
		if lt.Features.Len(s) != chunks+2 {
			w.Fatalf("%d features", lt.Features.Len(s))
		}
		if body, err := ledger.Text(w.Context(), s, w.get(s, ids[7]).Description); err != nil || !strings.HasSuffix(body, " 7") {
			w.Errorf("text: %q, %v", body, err)
		}
		lines := exported(w, w.Ledger, w.ws)
		givenKeys(w, lines)
		last := lines[len(lines)-1]
		if last.Seq != int64(seq) || len(last.Entries) != chunks {
			w.Errorf("the import stands at %d with %d entries", last.Seq, len(last.Entries))
		}
		got := (&sim{TB: w, l: b, ws: w.ws}).follow(b, 0, seq)
		if len(got) != 4 || !slices.IsSorted(got) {
			w.Errorf("a follower got %v", got)
		}
		v, err := b.At(w.Context(), w.ws, lt.Ann, seq)
		if err != nil {
			w.Fatal(err)
		}
		if d := differ(docs.dump(v), docs.dump(s)); d != "" {
			w.Errorf("the other ledger differs: %s", d)
		}
		w.verify()

		// undone and redone as one
		whole := docs.dump(s)
		u, err := w.Undo(w.Context(), w.ws, lt.Ann, seq, ledger.Settlement{})
		if err != nil || len(u.Kept) != 0 || lt.Features.Len(w.now()) != 2 {
			w.Fatalf("undo: %+v, %v, %d features left", u, err, lt.Features.Len(w.now()))
		}
		if _, err := w.RedoLast(w.Context(), w.ws, lt.Ann, ledger.Settlement{}); err != nil {
			w.Fatal(err)
		}
		if d := differDocs(docs.dump(w.now()), whole); d != "" {
			w.Errorf("redone: %s", d)
		}
		w.verify()
	})
}

func TestTheUndoOfAnImportKeepsWhatOthersChanged(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		var rel, one, two ledger.ID
		seq := w.bringIn(func(im *ledger.Import) (err error) {
			if rel, err = lt.Releases.Import(im, lt.Release{Name: "r", Product: ledger.Ref(p)}, ledger.Stamp{}); err != nil {
				return err
			}
			if one, err = lt.Features.Import(im, lt.Feature{Title: "one", Release: ledger.Ref(rel)}, ledger.Stamp{}); err != nil {
				return err
			}
			two, err = lt.Features.Import(im, lt.Feature{Title: "two"}, ledger.Stamp{})
			return err
		})
		w.do(lt.Bob, "edit", func(tx *ledger.Tx) error {
			return lt.Features.Edit(tx, one, func(f *lt.Feature) error { f.Status = "done"; return nil })
		})
		u, err := w.Undo(w.Context(), w.ws, lt.Ann, seq, ledger.Settlement{})
		if err != nil {
			w.Fatal(err)
		}
		s := w.now()
		if _, ok := lt.Features.Get(s, two); ok {
			w.Error("what nobody touched must go")
		}
		if _, ok := lt.Releases.Get(s, rel); !ok || w.get(s, one).Release.ID() != rel {
			w.Error("what Bob changed must stay, with the release that it needs")
		}
		if len(u.Kept) != 2 {
			w.Errorf("kept: %+v", u.Kept)
		}
		w.verify()
	})
}

// TestAnImportWhoseProcessDied stops an import half way and opens another ledger.
func TestAnImportWhoseProcessDied(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		half, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			_, err := w.Import(w.Context(), w.ws, lt.Ann, "import", func(im *ledger.Import) error {
				for i := range chunks {
					if i == chunks-100 {
						close(half)
						<-goOn
					}
					if _, err := lt.Features.Import(im, lt.Feature{Title: "x", Product: ledger.Ref(p)}, ledger.Stamp{At: day(2)}); err != nil {
						return err
					}
				}
				return nil
			})
			ended <- err
		}()
		<-half
		batches := func(state ledger.BatchState) int {
			s := w.open()
			defer s.Close()
			rows, err := s.Batches(w.Context(), state)
			if err != nil {
				w.Fatal(err)
			}
			return len(rows)
		}
		w.another()
		if batches(ledger.BatchOpen) != 1 {
			w.Error("an import was dropped while its process held the lease")
		}
		w.clock.Add(time.Minute)
		w.another()
		if batches(ledger.BatchOpen) != 0 || batches(ledger.BatchDropped) != 1 {
			w.Error("an abandoned import was not dropped")
		}
		// the process was only slow, and the lease is free once more
		w.clock.Add(time.Minute)
		close(goOn)
		if err := <-ended; err == nil {
			w.Errorf("an import that was dropped became live with %d features", lt.Features.Len(w.now()))
		}
		if n := lt.Features.Len(w.now()); n != 0 {
			w.Errorf("%d features", n)
		}
		w.feature(lt.Feature{Title: "after", Product: ledger.Ref(p)})
		w.verify()
		if f, ok := lt.Features.ByKey(w.now(), "FB-1"); !ok || f.Title != "after" {
			w.Error("a dropped import that nobody followed leaves a gap in the keys")
		}
		store := w.open()
		defer store.Close()
		due, err := store.DueBefore(w.Context(), ledger.TimeOf(w.clock.Now().AddDate(9, 0, 0)), 10)
		if err != nil || len(due) != 0 {
			w.Errorf("due: %v, %v", due, err)
		}
	})
}

func TestAnImportChangesWhatIsThere(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		old := w.feature(lt.Feature{Title: "old", Product: ledger.Ref(p)})
		var id ledger.ID
		w.bringIn(func(im *ledger.Import) (err error) {
			id, err = lt.Features.Import(im, lt.Feature{Title: "parent", Product: ledger.Ref(p)}, ledger.Stamp{At: day(1)})
			lt.Features.ImportEdit(im, old, func(_ *ledger.Tx, f *lt.Feature) error { f.Parent = ledger.Ref(id); return nil })
			lt.Features.ImportEdit(im, id, func(_ *ledger.Tx, f *lt.Feature) error { f.Status = "now"; return nil })
			return err
		})
		if w.get(w.now(), old).Parent.ID() != id || w.get(w.now(), id).Status != "now" {
			w.Error("the edits of an import are lost")
		}
		if f := w.get(w.asOf(ledger.AtTime(day(2))), id); f.Status != "" {
			w.Errorf("an edit without a time happened at %v", f.UpdatedAt)
		}
		w.verify()
		if _, err := w.UndoLast(w.Context(), w.ws, lt.Ann, ledger.Settlement{}); err != nil {
			w.Fatal(err)
		}
		if _, ok := lt.Features.Get(w.now(), id); ok || !w.get(w.now(), old).Parent.IsZero() {
			w.Error("the import is not undone whole")
		}
		w.verify()
	})
}

func TestAnImportMayNotForgeALongText(t *testing.T) {
	each(t, func(w *world) {
		private := w.product("PR")
		secret := strings.Repeat("confidential ", 200)
		var ref ledger.TextRef
		w.do(lt.Ann, "write", func(tx *ledger.Tx) error {
			ref = tx.Text(secret)
			_, err := lt.Features.Create(tx, lt.Feature{Title: "x", Product: ledger.Ref(private), Description: ref})
			return err
		})
		w.refused(fault.Invalid, lt.Bob, func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Title: "y", Description: ref})
			return err
		})
		if _, err := w.Import(w.Context(), w.ws, lt.Bob, "import", func(im *ledger.Import) error {
			_, err := lt.Features.Import(im, lt.Feature{Title: "y", Description: ref}, ledger.Stamp{})
			return err
		}); !fault.Is(err, fault.Invalid) {
			w.Errorf("an import with another's text: %v", err)
		}
	})
}

// TestTwoImportsOfTheSameThing: an importer that derives identifiers from another
// system's may run twice at once.
func TestTwoImportsOfTheSameThing(t *testing.T) {
	each(t, func(w *world) {
		id := ledger.MustID("0195b000-0000-7000-8000-000000000001")
		lay := func(title string) func(im *ledger.Import) error {
			return func(im *ledger.Import) error {
				_, err := lt.Features.Import(im, lt.Feature{Meta: ledger.Meta{ID: id}, Title: title}, ledger.Stamp{})
				return err
			}
		}
		_, err := w.Import(w.Context(), w.ws, lt.Ann, "import", func(im *ledger.Import) error {
			if err := lay("outer")(im); err != nil {
				return err
			}
			w.bringIn(lay("inner"))
			return nil
		})
		if !fault.Is(err, fault.Conflict) {
			w.Errorf("the second import: %v", err)
		}
		if f := w.get(w.now(), id); f.Title != "inner" || lt.Features.Len(w.now()) != 1 {
			w.Errorf("%d features, %s", lt.Features.Len(w.now()), lt.Document(f))
		}
		w.verify()
	})
}

// TestADroppedImportFreesOnlyItsOwnLastKeys: numbers of others stand between its chunks.
func TestADroppedImportFreesOnlyItsOwnLastKeys(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		boom := errors.New("boom")
		var between ledger.ID
		if _, err := w.Import(w.Context(), w.ws, lt.Ann, "import", func(im *ledger.Import) error {
			for i := range chunks {
				if i == 600 {
					between = w.feature(lt.Feature{Title: "between", Product: ledger.Ref(p)})
				}
				if _, err := lt.Features.Import(im, lt.Feature{Title: "x", Product: ledger.Ref(p)}, ledger.Stamp{}); err != nil {
					return err
				}
			}
			return boom
		}); !errors.Is(err, boom) {
			w.Fatal(err)
		}
		after := w.feature(lt.Feature{Title: "after", Product: ledger.Ref(p)})
		if a, b := w.get(w.now(), between).Key, w.get(w.now(), after).Key; a != "FB-501" || b != "FB-502" {
			w.Errorf("keys %s and %s", a, b)
		}
		w.verify()
	})
}
