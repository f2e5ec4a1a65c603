package ledger_test

import (
	"errors"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func (w *world) undo(as ledger.Actor, of ledger.Seq, s ledger.Settlement) ledger.Undone {
	w.Helper()
	u, err := w.Undo(w.Context(), w.ws, as, of, s)
	if err != nil {
		w.Fatalf("undo %d: %v", of, err)
	}
	return u
}

func TestUndoKeepsAndReportsWhatOthersChanged(t *testing.T) {
	each(t, func(w *world) {
		id := w.feature(lt.Feature{Title: "first", Tags: []string{"api"}, Custom: map[string]string{"a": "1"}})
		mine := w.edit(id, func(f *lt.Feature) {
			f.Title, f.Status, f.Tags, f.Custom = "second", "open", []string{"api", "mine"}, map[string]string{"a": "1", "mine": "1"}
		})
		w.do(lt.Bob, "edit", func(tx *ledger.Tx) error {
			return lt.Features.Edit(tx, id, func(f *lt.Feature) error {
				f.Title, f.Tags = "third", append(f.Tags, "his")
				f.Custom["his"] = "1"
				return nil
			})
		})
		u := w.undo(lt.Ann, mine, ledger.Settlement{})
		f := w.get(w.now(), id)
		if want := `{"key":"F-1","title":"third","tags":["api","his"],"custom":{"a":"1","his":"1"}}`; lt.Document(f) != want {
			w.Errorf("left %s", lt.Document(f))
		}
		if len(u.Kept) != 1 || u.Kept[0].Field != "title" || string(u.Kept[0].Theirs) != `"third"` || string(u.Kept[0].Yours) != `"first"` {
			w.Errorf("kept %+v", u.Kept)
		}
		if u.Of != mine || u.Verb != "edit" || u.Seq != w.now().Seq() {
			w.Errorf("undone: %+v", u)
		}
		w.undo(lt.Ann, u.Seq, ledger.Settlement{})
		if f := w.get(w.now(), id); f.Title != "third" || f.Status != "open" || len(f.Tags) != 3 || len(f.Custom) != 3 {
			w.Errorf("redone: %s", lt.Document(f))
		}
		w.undo(lt.Ann, mine, ledger.Settlement{Otherwise: ledger.TakeYours})
		if f := w.get(w.now(), id); f.Title != "first" || f.Status != "" {
			w.Errorf("with my value: %s", lt.Document(f))
		}
		w.verify()
	})
}

func TestUndoRefusesWhatCannotBe(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		id := w.feature(lt.Feature{Title: "x"})
		priced := w.edit(id, func(f *lt.Feature) { f.Product = ledger.Ref(p) })
		w.edit(id, func(f *lt.Feature) { f.Product = ledger.Ref{} })
		moved := w.edit(id, func(f *lt.Feature) { f.Product = ledger.Ref(p) })
		w.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return lt.Features.Delete(tx, id) })
		for name, x := range map[string]struct {
			of   ledger.Seq
			kind fault.Kind
		}{
			"a position that is none":         {99, fault.NotFound},
			"a negative position":             {-1, fault.NotFound},
			"an edit of what is gone":         {moved, fault.Conflict},
			"an edit that was undone by hand": {priced, fault.Conflict},
		} {
			before := w.now().Seq()
			if _, err := w.Undo(w.Context(), w.ws, lt.Ann, x.of, ledger.Settlement{}); !fault.Is(err, x.kind) {
				w.Errorf("%s: %v", name, err)
			}
			if w.now().Seq() != before {
				w.Errorf("%s made a commit", name)
			}
		}
		if _, err := w.UndoLast(w.Context(), w.ws, lt.Bob, ledger.Settlement{}); !fault.Is(err, fault.NotFound) {
			w.Errorf("Bob has done nothing: %v", err)
		}
		if _, err := w.RedoLast(w.Context(), w.ws, lt.Ann, ledger.Settlement{}); !fault.Is(err, fault.NotFound) {
			w.Errorf("nothing is undone: %v", err)
		}
		// a check refuses the state that an undo would lead to
		other := w.product("OT")
		renamed := w.do(lt.Ann, "rename", func(tx *ledger.Tx) error {
			return lt.Products.Edit(tx, other, func(p *lt.Product) error { p.Prefix = "NW"; return nil })
		})
		w.product("OT")
		if _, err := w.Undo(w.Context(), w.ws, lt.Ann, renamed, ledger.Settlement{}); !fault.Is(err, fault.Invalid) {
			w.Errorf("two products with one prefix: %v", err)
		}
		w.verify()
	})
}

func TestUndoOfADeletionBringsEverythingBack(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		parent := w.feature(lt.Feature{Title: "parent", Product: ledger.Ref(p)})
		child := w.feature(lt.Feature{Title: "child", Product: ledger.Ref(p), Parent: ledger.Ref(parent)})
		other := w.feature(lt.Feature{Title: "other", DependsOn: []ledger.Ref{ledger.Ref(child)}})
		w.do(lt.Ann, "comment", func(tx *ledger.Tx) error {
			_, err := lt.Comments.Create(tx, lt.Comment{On: ledger.AnyRef{Kind: "feature", ID: child}, Body: tx.Text("well")})
			return err
		})
		docs := docCache{}
		before := docs.dump(w.now())
		gone := w.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return lt.Products.Delete(tx, p) })
		if lt.Features.Len(w.now()) != 1 || len(w.get(w.now(), other).DependsOn) != 0 {
			w.Fatal("the cascade is not complete")
		}
		w.feature(lt.Feature{Title: "meanwhile"})
		w.undo(lt.Ann, gone, ledger.Settlement{})
		after := docs.dump(w.now())
		have := after.byID()
		for _, r := range before {
			if got := have[r.kind+" "+r.id]; got.doc != r.doc || got.born != r.born || got.created != r.created {
				w.Errorf("came back as %s, was %s", got, r)
			}
		}
		var order []string
		for f := range lt.Features.All(w.now()) {
			order = append(order, f.Title)
		}
		if len(order) != 4 || order[0] != "parent" || order[3] != "meanwhile" {
			w.Errorf("what comes back takes its old place: %v", order)
		}
		w.verify()
		w.reopen()
		if d := differ(docs.dump(w.now()), after); d != "" {
			w.Error(d)
		}
	})
}

// TestUndoOfWhatWasMadeTogether: the parts refer to each other under a rule that refuses.
func TestUndoOfWhatWasMadeTogether(t *testing.T) {
	each(t, func(w *world) {
		var release, feature ledger.ID
		made := w.do(lt.Ann, "make", func(tx *ledger.Tx) (err error) {
			if release, err = lt.Releases.Create(tx, lt.Release{Name: "r"}); err != nil {
				return err
			}
			feature, err = lt.Features.Create(tx, lt.Feature{Title: "f", Release: ledger.Ref(release)})
			return err
		})
		u := w.undo(lt.Ann, made, ledger.Settlement{})
		if lt.Releases.Len(w.now()) != 0 || lt.Features.Len(w.now()) != 0 || len(u.Kept) != 0 {
			w.Errorf("%d releases and %d features are left, kept %+v", lt.Releases.Len(w.now()), lt.Features.Len(w.now()), u.Kept)
		}
		w.undo(lt.Ann, u.Seq, ledger.Settlement{})
		if f := w.get(w.now(), feature); f.Release.ID() != release || f.Key != "F-1" {
			w.Errorf("redone: %s", lt.Document(f))
		}
		// somebody plans something else for the release
		w.do(lt.Bob, "plan", func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Title: "his", Release: ledger.Ref(release)})
			return err
		})
		u = w.undo(lt.Ann, made+2, ledger.Settlement{})
		if _, ok := lt.Releases.Get(w.now(), release); !ok || lt.Features.Len(w.now()) != 1 || len(u.Kept) != 1 || u.Kept[0].Kind != "release" {
			w.Errorf("%d features are left, kept %+v", lt.Features.Len(w.now()), u.Kept)
		}
		w.verify()
	})
}

func TestUndoAsksThePolicy(t *testing.T) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open, ledger.Options{Policy: lt.Roles{}})
		w.member(lt.Ann, "editor")
		w.member(lt.Bob, "viewer")
		id := w.feature(lt.Feature{Title: "x"})
		seq := w.edit(id, func(f *lt.Feature) { f.Title = "y" })
		if _, err := w.Undo(w.Context(), w.ws, lt.Bob, seq, ledger.Settlement{}); !fault.Is(err, fault.Forbidden) {
			w.Errorf("a viewer's undo: %v", err)
		}
		w.undo(lt.Ann, seq, ledger.Settlement{})
	})
}

func (w *world) member(a ledger.Actor, role string) ledger.ID {
	w.Helper()
	var id ledger.ID
	w.do(ledger.System, "member", func(tx *ledger.Tx) (err error) {
		id, err = lt.Members.Create(tx, lt.Member{Account: a.ID, Role: role})
		return err
	})
	return id
}

func TestUndoOfAMergeOpensTheProposalAgain(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		id := w.feature(lt.Feature{Title: "x", Product: ledger.Ref(p)})
		prop := w.propose()
		var made ledger.ID
		w.do(lt.Ann, "pend", func(tx *ledger.Tx) (err error) {
			if err := lt.Features.Edit(tx, id, func(f *lt.Feature) error { f.Title = "y"; return nil }); err != nil {
				return err
			}
			made, err = lt.Features.Create(tx, lt.Feature{Title: "new", Product: ledger.Ref(p)})
			return err
		}, ledger.In(prop))
		seq, err := w.Merge(w.Context(), w.ws, lt.Ann, prop, ledger.Settlement{})
		if err != nil {
			w.Fatal(err)
		}
		w.undo(lt.Ann, seq, ledger.Settlement{})
		if _, ok := lt.Features.Get(w.now(), made); ok || w.get(w.now(), id).Title != "x" {
			w.Error("the merge is not undone")
		}
		w.reopen()
		v, err := w.In(w.Context(), w.ws, lt.Ann, prop)
		if err != nil || w.get(v, id).Title != "y" || w.get(v, made).Title != "new" {
			w.Fatalf("the proposal has lost its changes: %v", err)
		}
		if _, err := w.Merge(w.Context(), w.ws, lt.Ann, prop, ledger.Settlement{}); err != nil {
			w.Fatal(err)
		}
		f := w.get(w.now(), made)
		if got, ok := lt.Features.ByKey(w.now(), f.Key); !ok || got.ID != made || w.get(w.now(), id).Title != "y" {
			w.Errorf("merged again: %s", lt.Document(f))
		}
		w.verify()
	})
}

func (w *world) propose() ledger.ID {
	w.Helper()
	var id ledger.ID
	w.do(lt.Ann, "propose", func(tx *ledger.Tx) (err error) {
		id, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "p", State: ledger.ProposalOpen})
		return err
	})
	return id
}

func TestUndoDoesNotBringSecretsBack(t *testing.T) {
	each(t, func(w *world) {
		var id ledger.ID
		seal := func(s string) ledger.Seq {
			return w.do(lt.Ann, "seal", func(tx *ledger.Tx) error {
				token, err := tx.Seal(s)
				if err != nil {
					return err
				}
				if id.IsZero() {
					id, err = lt.Hooks.Create(tx, lt.Hook{URL: "u", Token: token})
					return err
				}
				return lt.Hooks.Edit(tx, id, func(h *lt.Hook) error { h.Token, h.URL = token, "v"; return nil })
			})
		}
		made := seal("one")
		changed := seal("two")
		u := w.undo(lt.Ann, changed, ledger.Settlement{})
		h, _ := lt.Hooks.Get(w.now(), id)
		if h.URL != "u" || len(u.Kept) != 1 || u.Kept[0].Field != "token" || len(u.Kept[0].Theirs)+len(u.Kept[0].Yours) != 0 {
			w.Errorf("url %q, kept %+v", h.URL, u.Kept)
		}
		if s, err := w.Reveal(h.Token); s != "two" || err != nil {
			w.Errorf("the secret is %q, %v", s, err)
		}
		w.undo(lt.Ann, made, ledger.Settlement{})
		if _, ok := lt.Hooks.Get(w.now(), id); ok {
			w.Error("the hook is still there")
		}
		w.verify()
		var conflict *ledger.ConflictError
		w.do(lt.Ann, "seal", func(tx *ledger.Tx) error {
			token, err := tx.Seal("three")
			if err != nil {
				return err
			}
			id, err = lt.Hooks.Create(tx, lt.Hook{URL: "u", Token: token})
			return err
		})
		last := w.do(lt.Ann, "seal", func(tx *ledger.Tx) error {
			token, err := tx.Seal("four")
			if err != nil {
				return err
			}
			return lt.Hooks.Edit(tx, id, func(h *lt.Hook) error { h.Token = token; return nil })
		})
		if _, err := w.Undo(w.Context(), w.ws, lt.Ann, last, ledger.Settlement{}); !errors.As(err, &conflict) {
			w.Errorf("an undo of a secret alone: %v", err)
		}
	})
}
