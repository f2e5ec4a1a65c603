package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// world is a workspace under test.
type world struct {
	*testing.T
	*ledger.Ledger
	open  func() ledger.Store
	clock *lt.Clock
	ws    ledger.ID
}

func newWorld(t *testing.T, open func() ledger.Store, opts ledger.Options) *world {
	w := &world{T: t, open: open, clock: lt.NewClock()}
	opts.Clock = w.clock.Now
	w.Ledger = lt.Open(t, open(), opts)
	var err error
	if w.ws, err = w.CreateWorkspace(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	return w
}

// do runs a command that must succeed.
func (w *world) do(as ledger.Actor, verb string, fn func(tx *ledger.Tx) error, opts ...ledger.UpdateOption) ledger.Seq {
	w.Helper()
	w.clock.Add(time.Second)
	seq, err := w.Update(w.Context(), w.ws, as, verb, fn, opts...)
	if err != nil {
		w.Fatalf("%s: %v", verb, err)
	}
	return seq
}

// refused runs a command that must fail in the given way.
func (w *world) refused(kind fault.Kind, as ledger.Actor, fn func(tx *ledger.Tx) error, opts ...ledger.UpdateOption) error {
	w.Helper()
	before := w.now().Seq()
	_, err := w.Update(w.Context(), w.ws, as, "try", fn, opts...)
	if !fault.Is(err, kind) {
		w.Fatalf("got %v, want a fault of kind %s", err, kind)
	}
	if after := w.now().Seq(); after != before {
		w.Fatalf("a refused command moved the position from %d to %d", before, after)
	}
	return err
}

func (w *world) now() *ledger.Snapshot {
	w.Helper()
	s, err := w.At(w.Context(), w.ws, lt.Ann, 0)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) product(prefix string) ledger.ID {
	w.Helper()
	var id ledger.ID
	w.do(lt.Ann, "create product", func(tx *ledger.Tx) (err error) {
		id, err = lt.Products.Create(tx, lt.Product{Name: "Product " + prefix, Prefix: prefix})
		return err
	})
	return id
}

func (w *world) feature(f lt.Feature) ledger.ID {
	w.Helper()
	var id ledger.ID
	w.do(lt.Ann, "create feature", func(tx *ledger.Tx) (err error) {
		id, err = lt.Features.Create(tx, f)
		return err
	})
	return id
}

func (w *world) edit(id ledger.ID, fn func(f *lt.Feature), opts ...ledger.UpdateOption) ledger.Seq {
	w.Helper()
	return w.do(lt.Ann, "edit", func(tx *ledger.Tx) error {
		return lt.Features.Edit(tx, id, func(f *lt.Feature) error { fn(f); return nil })
	}, opts...)
}

func (w *world) get(v ledger.View, id ledger.ID) *lt.Feature {
	w.Helper()
	f, ok := lt.Features.Get(v, id)
	if !ok {
		w.Fatalf("no feature %s", id)
	}
	return f
}

// reopen closes the ledger and opens it on the same database.
func (w *world) reopen() {
	w.Helper()
	if err := w.Ledger.Close(); err != nil {
		w.Fatal(err)
	}
	w.Ledger = lt.Open(w.T, w.open(), ledger.Options{Clock: w.clock.Now})
}

func each(t *testing.T, f func(w *world)) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) { f(newWorld(t, open, ledger.Options{})) })
}

func TestAWriteIsVisibleDurableAndInHistory(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		id := w.feature(lt.Feature{Title: "Offline forms", Product: ledger.Ref(p), Tags: []string{"sync", "api", "sync"}})
		f := w.get(w.now(), id)
		if f.Key != "FB-1" || f.Version != 1 || f.CreatedBy != lt.Ann.ID || f.Born != 2 {
			w.Errorf("made %+v", f.Meta)
		}
		if got := strings.Join(f.Tags, " "); got != "api sync" {
			w.Errorf("a set is sorted and without doubles, got %q", got)
		}
		seq := w.edit(id, func(f *lt.Feature) { f.Title = "Offline forms for tablets"; f.Priority = 2 })
		w.reopen()
		f = w.get(w.now(), id)
		if f.Title != "Offline forms for tablets" || f.Priority != 2 || f.Version != 2 || f.Key != "FB-1" {
			w.Errorf("after a restart: %s %+v", lt.Document(f), f.Meta)
		}
		var verbs []string
		for c, err := range w.History(w.Context(), w.now(), lt.Features, id) {
			if err != nil {
				w.Fatal(err)
			}
			verbs = append(verbs, c.Verb)
			if c.Seq == seq {
				ch, ok := c.Entries[0].Changes.Get("title")
				if !ok || string(ch.Old) != `"Offline forms"` || string(ch.New) != `"Offline forms for tablets"` || len(c.Entries[0].Changes) != 2 {
					w.Errorf("journal has %v", c.Entries[0].Changes)
				}
				if c.Actor != lt.Ann {
					w.Errorf("by %v", c.Actor)
				}
			}
		}
		if strings.Join(verbs, ",") != "edit,create feature" {
			w.Errorf("history: %v", verbs)
		}
		if got, ok := lt.Features.ByKey(w.now(), "FB-1"); !ok || got.ID != id {
			w.Error("not found by key")
		}
	})
}

func TestARefusedCommandLeavesNoTrace(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		err := w.refused(fault.Invalid, lt.Ann, func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Product: ledger.Ref(p), Value: lt.Range{Low: 3, High: 1}})
			return err
		})
		for _, field := range []string{"title: is required", "value.low: must be at most"} {
			if !strings.Contains(err.Error(), field) {
				w.Errorf("%q does not name every field: %q", err, field)
			}
		}
		boom := errors.New("boom")
		if _, err := w.Update(w.Context(), w.ws, lt.Ann, "fail", func(tx *ledger.Tx) error {
			if _, err := lt.Features.Create(tx, lt.Feature{Title: "x", Product: ledger.Ref(p)}); err != nil {
				return err
			}
			if err := lt.Products.Edit(tx, p, func(p *lt.Product) error { p.Name = "changed"; return nil }); err != nil {
				return err
			}
			return boom
		}); !errors.Is(err, boom) {
			w.Fatalf("got %v", err)
		}
		if _, err := w.Update(w.Context(), w.ws, lt.Ann, "panic", func(*ledger.Tx) error { panic("ouch") }); err == nil {
			w.Fatal("a panic must be an error")
		}
		w.refused(fault.Invalid, lt.Ann, func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Title: "nul \x00 here", Product: ledger.Ref(p)})
			return err
		})
		w.refused(fault.Invalid, lt.Ann, func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Title: "x", Product: ledger.Ref(tx.NewID())})
			return err
		})
		id := w.feature(lt.Feature{Title: "the first", Product: ledger.Ref(p)})
		if f := w.get(w.now(), id); f.Key != "FB-1" {
			w.Errorf("refused commands used up keys: %s", f.Key)
		}
		if pr, _ := lt.Products.Get(w.now(), p); pr.Name != "Product FB" || lt.Features.Len(w.now()) != 1 {
			w.Errorf("left %q and %d features", pr.Name, lt.Features.Len(w.now()))
		}
	})
}

func TestDeletionFollowsTheRulesOfReferences(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		var owner, rel, child, other ledger.ID
		w.do(lt.Ann, "set up", func(tx *ledger.Tx) (err error) {
			if owner, err = lt.People.Create(tx, lt.Person{Name: "Olga"}); err != nil {
				return err
			}
			rel, err = lt.Releases.Create(tx, lt.Release{Name: "1.0", Product: ledger.Ref(p)})
			return err
		})
		parent := w.feature(lt.Feature{Title: "parent", Product: ledger.Ref(p), Owner: ledger.Ref(owner), Release: ledger.Ref(rel)})
		child = w.feature(lt.Feature{Title: "child", Product: ledger.Ref(p), Parent: ledger.Ref(parent)})
		other = w.feature(lt.Feature{Title: "other", Product: ledger.Ref(p), DependsOn: []ledger.Ref{ledger.Ref(child), ledger.Ref(parent)}})
		w.do(lt.Ann, "comment", func(tx *ledger.Tx) error {
			_, err := lt.Comments.Create(tx, lt.Comment{On: ledger.AnyRef{Kind: "feature", ID: child}, Body: tx.Text("nice")})
			return err
		})
		w.refused(fault.Conflict, lt.Ann, func(tx *ledger.Tx) error { return lt.Releases.Delete(tx, rel) })
		w.do(lt.Ann, "delete person", func(tx *ledger.Tx) error { return lt.People.Delete(tx, owner) })
		if !w.get(w.now(), parent).Owner.IsZero() {
			w.Error("the owner is not cleared")
		}
		w.do(lt.Ann, "delete parent", func(tx *ledger.Tx) error { return lt.Features.Delete(tx, parent) })
		s := w.now()
		if _, ok := lt.Features.Get(s, child); ok || lt.Comments.Len(s) != 0 {
			w.Error("child and comment must go with the parent")
		}
		if got := w.get(s, other); len(got.DependsOn) != 0 {
			w.Errorf("dangling dependencies %v", got.DependsOn)
		}
		w.do(lt.Ann, "delete release", func(tx *ledger.Tx) error { return lt.Releases.Delete(tx, rel) })
	})
}
