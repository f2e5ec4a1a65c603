package ledger_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func items(ids ...string) []lt.CheckItem {
	var out []lt.CheckItem
	for i, id := range ids {
		out = append(out, lt.CheckItem{ID: id, Rank: fmt.Sprint(i), Text: id})
	}
	return out
}

// TestMergeRules changes a field in a proposal and live, by the class of the field.
func TestMergeRules(t *testing.T) {
	type edit = func(f *lt.Feature)
	cases := []struct {
		name         string
		yours, their edit
		want         string // conflict field, or empty
		check        func(f *lt.Feature) bool
	}{
		{
			"a value changed on one side",
			func(f *lt.Feature) { f.Title = "y" }, func(f *lt.Feature) { f.Status = "s" }, "",
			func(f *lt.Feature) bool { return f.Title == "y" && f.Status == "s" },
		},
		{
			"a value changed alike", func(f *lt.Feature) { f.Title = "y" }, func(f *lt.Feature) { f.Title = "y" }, "",
			func(f *lt.Feature) bool { return f.Title == "y" },
		},
		{"a value changed differently", func(f *lt.Feature) { f.Title = "y" }, func(f *lt.Feature) { f.Title = "z" }, "title", nil},
		{
			"a struct is one value", func(f *lt.Feature) { f.Value.Low = 2 }, func(f *lt.Feature) { f.Value.High = 9 }, "value", nil,
		},
		{"an array is one value", func(f *lt.Feature) { f.Effort = []lt.EffortLine{{Team: "a"}} }, func(f *lt.Feature) { f.Effort = []lt.EffortLine{{Team: "b"}} }, "effort", nil},
		{
			"a set by element",
			func(f *lt.Feature) { f.Tags = []string{"b", "x", "z"} }, func(f *lt.Feature) { f.Tags = []string{"a", "y", "x"} }, "",
			func(f *lt.Feature) bool { return strings.Join(f.Tags, "") == "xyz" },
		},
		{
			"the same element removed and added on both sides",
			func(f *lt.Feature) { f.Tags = []string{"b", "c"} }, func(f *lt.Feature) { f.Tags = []string{"b", "c"} }, "",
			func(f *lt.Feature) bool { return strings.Join(f.Tags, "") == "bc" },
		},
		{
			"a map by key",
			func(f *lt.Feature) { f.Custom = map[string]string{"a": "2", "n": "1"} }, func(f *lt.Feature) { delete(f.Custom, "b"); f.Custom["m"] = "1" }, "",
			func(f *lt.Feature) bool { return fmt.Sprint(f.Custom) == "map[a:2 m:1 n:1]" },
		},
		{"one key of a map", func(f *lt.Feature) { f.Custom["a"] = "2" }, func(f *lt.Feature) { f.Custom["a"] = "3" }, "custom", nil},
		{"a key of a map removed and changed", func(f *lt.Feature) { delete(f.Custom, "a") }, func(f *lt.Feature) { f.Custom["a"] = "3" }, "custom", nil},
		{
			"a list by item and member",
			func(f *lt.Feature) {
				f.Checks[0].Done = true
				f.Checks = append(f.Checks, lt.CheckItem{ID: "n", Rank: "00"})
			},
			func(f *lt.Feature) { f.Checks[0].Text = "other"; f.Checks[1].Rank = "5" }, "",
			func(f *lt.Feature) bool {
				var got string
				for _, c := range f.Checks {
					got += c.ID
				}
				return got == "ancb" && f.Checks[0].Done && f.Checks[0].Text == "other"
			},
		},
		{
			"an item of a list removed on one side",
			func(f *lt.Feature) { f.Checks = f.Checks[1:] }, func(f *lt.Feature) { f.Checks[2].Text = "x" }, "",
			func(f *lt.Feature) bool { return len(f.Checks) == 2 && f.Checks[1].Text == "x" },
		},
		{"an item of a list removed and changed", func(f *lt.Feature) { f.Checks = f.Checks[1:] }, func(f *lt.Feature) { f.Checks[0].Text = "x" }, "checks", nil},
		{"the text of an item", func(f *lt.Feature) { f.Checks[0].Text = "y" }, func(f *lt.Feature) { f.Checks[0].Text = "x" }, "checks", nil},
	}
	each(t, func(w *world) {
		for _, x := range cases {
			for _, how := range []ledger.Choice{ledger.Unsettled, ledger.KeepTheirs, ledger.TakeYours} {
				id := w.feature(lt.Feature{
					Title: "x", Tags: []string{"a", "b"}, Custom: map[string]string{"a": "1", "b": "1"}, Value: lt.Range{Low: 1, High: 5},
					Checks: items("a", "b", "c"),
				})
				p := w.propose()
				w.edit(id, x.yours, ledger.In(p))
				w.edit(id, x.their)
				live := lt.Document(w.get(w.now(), id))
				found, err := w.Conflicts(w.Context(), w.ws, lt.Ann, p)
				if err != nil {
					w.Fatal(err)
				}
				s := ledger.Settlement{Each: map[ledger.ConflictKey]ledger.Choice{{Kind: "feature", ID: id, Field: x.want}: how}}
				_, err = w.Merge(w.Context(), w.ws, lt.Ann, p, s)
				f := w.get(w.now(), id)
				if x.want == "" {
					if len(found) > 0 || err != nil || !x.check(f) {
						w.Errorf("%s: %v %v, left %s", x.name, found, err, lt.Document(f))
					}
					continue
				}
				if len(found) != 1 || found[0].Field != x.want || found[0].ID != id || found[0].Kind != "feature" {
					w.Errorf("%s: found %+v", x.name, found)
				}
				var c *ledger.ConflictError
				switch how {
				case ledger.Unsettled:
					if !errors.As(err, &c) || !fault.Is(err, fault.Conflict) || len(c.Conflicts) != 1 || lt.Document(f) != live {
						w.Errorf("%s: merged without a settlement, %v: %s", x.name, err, lt.Document(f))
					}
				case ledger.KeepTheirs:
					if err != nil || lt.Document(f) != live {
						w.Errorf("%s, keeping theirs, %v: %s, want %s", x.name, err, lt.Document(f), live)
					}
				default:
					mine := *f
					mine.Custom, mine.Checks = map[string]string{"a": "1", "b": "1"}, items("a", "b", "c")
					x.yours(&mine)
					if err != nil || lt.Document(f) != lt.Document(&mine) {
						w.Errorf("%s, taking yours, %v: %s, want %s", x.name, err, lt.Document(f), lt.Document(&mine))
					}
				}
			}
		}
		w.verify()
	})
}

func TestDeletionMeetsChange(t *testing.T) {
	each(t, func(w *world) {
		remove := func(tx *ledger.Tx, id ledger.ID) error { return lt.Features.Delete(tx, id) }
		// deleted in the proposal, changed live: also in a field that was empty, and below
		for name, change := range map[string]func(f *lt.Feature){
			"a field":            func(f *lt.Feature) { f.Title = "y" },
			"an empty field":     func(f *lt.Feature) { f.Status = "y" },
			"a field made empty": func(f *lt.Feature) { f.Priority = 0 },
		} {
			for _, below := range []bool{false, true} {
				top := w.feature(lt.Feature{Title: "top"})
				id := w.feature(lt.Feature{Title: "x", Priority: 1, Parent: ledger.Ref(top)})
				p := w.propose()
				w.do(lt.Ann, "delete", func(tx *ledger.Tx) error {
					if below {
						return remove(tx, top)
					}
					return remove(tx, id)
				}, ledger.In(p))
				w.edit(id, change)
				if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); !fault.Is(err, fault.Conflict) {
					w.Errorf("%s: deleted what was changed, %v", name, err)
				}
				if _, err := w.Rebase(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); !fault.Is(err, fault.Conflict) {
					w.Errorf("%s: a rebase hides the conflict, %v", name, err)
				}
				if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{Otherwise: ledger.KeepTheirs}); err != nil {
					w.Error(err)
				}
				if _, ok := lt.Features.Get(w.now(), id); !ok {
					w.Errorf("%s: settled to be kept, but gone (below: %v)", name, below)
				}
				p = w.propose()
				w.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return remove(tx, id) }, ledger.In(p))
				w.edit(id, func(f *lt.Feature) { f.Rank = "z" })
				if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{Otherwise: ledger.TakeYours}); err != nil {
					w.Error(err)
				}
				if _, ok := lt.Features.Get(w.now(), id); ok {
					w.Errorf("%s: settled to be deleted, but there", name)
				}
			}
		}
		// changed in the proposal, deleted live
		id := w.feature(lt.Feature{Title: "x"})
		p := w.propose()
		w.edit(id, func(f *lt.Feature) { f.Title = "y" }, ledger.In(p))
		w.do(lt.Bob, "delete", func(tx *ledger.Tx) error { return remove(tx, id) })
		if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); !fault.Is(err, fault.Conflict) {
			w.Errorf("changed what was deleted, %v", err)
		}
		v, err := w.In(w.Context(), w.ws, lt.Ann, p)
		if err != nil {
			w.Fatal(err)
		}
		if _, ok := lt.Features.Get(v, id); ok {
			w.Error("the proposal shows what is gone")
		}
		// deleted on both sides
		id = w.feature(lt.Feature{Title: "x"})
		p = w.propose()
		w.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return remove(tx, id) }, ledger.In(p))
		w.do(lt.Bob, "delete", func(tx *ledger.Tx) error { return remove(tx, id) })
		if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); err != nil {
			w.Error(err)
		}
		w.verify()
	})
}

func TestSettleTakesBackOrTakesTheLiveValueAsBase(t *testing.T) {
	each(t, func(w *world) {
		kept, doomed := w.feature(lt.Feature{Title: "kept"}), w.feature(lt.Feature{Title: "doomed"})
		p := w.propose()
		var made ledger.ID
		w.do(lt.Ann, "test", func(tx *ledger.Tx) (err error) {
			if err := lt.Features.Edit(tx, kept, func(f *lt.Feature) error { f.Title, f.Status = "mine", "mine"; return nil }); err != nil {
				return err
			}
			if err := lt.Features.Delete(tx, doomed); err != nil {
				return err
			}
			made, err = lt.Features.Create(tx, lt.Feature{Title: "made"})
			return err
		}, ledger.In(p))
		w.edit(kept, func(f *lt.Feature) { f.Title = "theirs" })
		settle := func(id ledger.ID, field string, choice ledger.Choice, want fault.Kind) {
			w.Helper()
			_, err := w.Settle(w.Context(), w.ws, lt.Ann, p, ledger.ConflictKey{Kind: "feature", ID: id, Field: field}, choice)
			if (err == nil) != (want == "") || want != "" && !fault.Is(err, want) {
				w.Errorf("settle %s: %v, want %q", field, err, want)
			}
		}
		pending := func() *ledger.Snapshot {
			w.Helper()
			s, err := w.In(w.Context(), w.ws, lt.Ann, p)
			if err != nil {
				w.Fatal(err)
			}
			return s
		}
		settle(kept, "effort", ledger.KeepTheirs, fault.NotFound) // the proposal does not change it
		settle(kept, "title", ledger.TakeYours, "")
		if found, err := w.Conflicts(w.Context(), w.ws, lt.Ann, p); err != nil || len(found) > 0 {
			w.Errorf("still in conflict: %v, %v", found, err)
		}
		if f, _ := lt.Features.Get(pending(), kept); f.Title != "mine" || f.Status != "mine" {
			w.Errorf("the proposal has %+v", f)
		}
		settle(kept, "status", ledger.KeepTheirs, "")
		settle(doomed, "", ledger.KeepTheirs, "")
		settle(made, "", ledger.KeepTheirs, "")
		s := pending()
		if f, ok := lt.Features.Get(s, kept); !ok || f.Title != "mine" || f.Status == "mine" {
			w.Errorf("the proposal has %+v", f)
		}
		if _, ok := lt.Features.Get(s, doomed); !ok {
			w.Error("what was to be deleted is still gone")
		}
		if _, ok := lt.Features.Get(s, made); ok {
			w.Error("what was made is still there")
		}
		n := 0
		for c, err := range w.Pending(w.Context(), s) {
			if err != nil {
				w.Fatal(err)
			}
			if c.Branch != p {
				w.Errorf("commit %d is of %s", c.Seq, c.Branch)
			}
			n++
		}
		if n != 4 { // of what was made and taken back, nothing is seen on either side
			w.Errorf("%d commits are pending, want the write and three settlements", n)
		}
		if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{Reason: "it is better"}); err != nil {
			w.Fatal(err)
		}
		live := w.now()
		if f, _ := lt.Features.Get(live, kept); f.Title != "mine" {
			w.Errorf("merged: %+v", f)
		}
		if merged, _ := ledger.Proposals.Get(live, p); merged.Reason != "it is better" {
			w.Errorf("the reason is %q", merged.Reason)
		}
	})
}

func TestRebaseTakesTheLiveValuesAsBase(t *testing.T) {
	each(t, func(w *world) {
		id := w.feature(lt.Feature{Title: "x", Tags: []string{"a"}, Priority: 1})
		p := w.propose()
		w.edit(id, func(f *lt.Feature) { f.Title, f.Tags, f.Priority = "mine", []string{"a", "mine"}, 5 }, ledger.In(p))
		w.edit(id, func(f *lt.Feature) { f.Title, f.Tags = "theirs", []string{"a", "theirs"} })
		if _, err := w.Rebase(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); !fault.Is(err, fault.Conflict) {
			w.Fatalf("rebase: %v", err)
		}
		before := w.now().Seq()
		if _, err := w.Rebase(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{Otherwise: ledger.TakeYours}); err != nil {
			w.Fatal(err)
		}
		if w.get(w.now(), id).Title != "theirs" || w.now().Seq() != before+1 {
			w.Error("a rebase changes nothing live")
		}
		w.reopen()
		if found, err := w.Conflicts(w.Context(), w.ws, lt.Ann, p); err != nil || len(found) != 0 {
			w.Errorf("after the rebase: %v, %v", found, err)
		}
		if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); err != nil {
			w.Fatal(err)
		}
		if f := w.get(w.now(), id); f.Title != "mine" || strings.Join(f.Tags, " ") != "a mine theirs" || f.Priority != 5 {
			w.Errorf("merged: %s", lt.Document(f))
		}
	})
}

func TestLongTextsMergeByLines(t *testing.T) {
	each(t, func(w *world) {
		lines := func(n int) []string {
			var out []string
			for i := range n {
				out = append(out, fmt.Sprintf("line %d of a description\n", i))
			}
			return out
		}
		for _, n := range []int{5, 100} { // within the document, and in the blobs
			base := lines(n)
			with := func(at int, s string) string {
				l := slices.Clone(base)
				l[at] = s
				return strings.Join(l, "")
			}
			set := func(id ledger.ID, body string, opts ...ledger.UpdateOption) {
				w.do(lt.Ann, "describe", func(tx *ledger.Tx) error {
					return lt.Features.Edit(tx, id, func(f *lt.Feature) error { f.Description = tx.Text(body); return nil })
				}, opts...)
			}
			read := func(v *ledger.Snapshot, id ledger.ID) string {
				body, err := ledger.Text(w.Context(), v, w.get(v, id).Description)
				if err != nil {
					w.Fatal(err)
				}
				return body
			}
			id := w.feature(lt.Feature{Title: "x"})
			set(id, strings.Join(base, ""))
			old := w.now().Seq()
			p := w.propose()
			set(id, with(1, "mine\n"), ledger.In(p))
			set(id, with(n-1, "theirs\n"))
			v, err := w.In(w.Context(), w.ws, lt.Ann, p)
			if err != nil {
				w.Fatal(err)
			}
			if got := read(v, id); !strings.Contains(got, "mine") {
				w.Errorf("the proposal shows %q", got)
			}
			if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); err != nil {
				w.Fatal(err)
			}
			want := slices.Clone(base)
			want[1], want[n-1] = "mine\n", "theirs\n"
			w.reopen()
			if got := read(w.now(), id); got != strings.Join(want, "") {
				w.Errorf("merged: %q", got)
			}
			if got := read(w.asOf(ledger.AtSeq(old)), id); got != strings.Join(base, "") {
				w.Errorf("in the past: %q", got)
			}
			p = w.propose()
			set(id, with(1, "a\n"), ledger.In(p))
			set(id, with(1, "b\n"))
			if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{}); !fault.Is(err, fault.Conflict) {
				w.Errorf("the same line: %v", err)
			}
			if _, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{Otherwise: ledger.TakeYours}); err != nil || read(w.now(), id) != with(1, "a\n") {
				w.Errorf("taking yours: %v, %q", err, read(w.now(), id))
			}
		}
		w.verify()
	})
}

// TestMergedLines merges random texts through the kernel and compares with what follows
// from the edits: a clean merge has both sides' lines and lacks what either removed.
func TestMergedLines(t *testing.T) {
	w := newWorld(t, lt.Engines[0].Open(t), ledger.Options{})
	rng := rand.New(rand.NewPCG(1, 1))
	clean, met := 0, 0
	for round := range 150 {
		// Lines are unlike each other, so that where an edit belongs is beyond doubt.
		var base []string
		for i := range 3 + rng.IntN(30) {
			base = append(base, fmt.Sprintf("base %d %d\n", round, i))
		}
		// Each side replaces, removes or adds in places of its own.
		touched := [2]map[int]bool{{}, {}}
		var sides [2]string
		var added, removed [2][]string
		for i := range sides {
			var out []string
			for at, l := range base {
				switch rng.IntN(14) {
				case 0:
					n := fmt.Sprintf("side %d changed %d\n", i, at)
					touched[i][at] = true
					added[i], removed[i], out = append(added[i], n), append(removed[i], l), append(out, n)
				case 1:
					touched[i][at] = true
					removed[i] = append(removed[i], l)
				default:
					out = append(out, l)
				}
			}
			sides[i] = strings.Join(out, "")
		}
		apart := true // no edit touches or adjoins one of the other side
		for at := range touched[0] {
			for d := -1; d <= 1; d++ {
				apart = apart && !touched[1][at+d]
			}
		}
		var id ledger.ID
		describe := func(body string, opts ...ledger.UpdateOption) {
			w.do(lt.Ann, "describe", func(tx *ledger.Tx) error {
				return lt.Features.Edit(tx, id, func(f *lt.Feature) error { f.Description = tx.Text(body); return nil })
			}, opts...)
		}
		id = w.feature(lt.Feature{Title: "x"})
		describe(strings.Join(base, ""))
		p := w.propose()
		describe(sides[0], ledger.In(p))
		describe(sides[1])
		_, err := w.Merge(w.Context(), w.ws, lt.Ann, p, ledger.Settlement{})
		if fault.Is(err, fault.Conflict) {
			met++
			if apart || sides[0] == sides[1] {
				w.Fatalf("a conflict between edits that are apart:\n%s---\n%s---\n%s", strings.Join(base, ""), sides[0], sides[1])
			}
			continue
		}
		if err != nil {
			w.Fatal(err)
		}
		clean++
		got, err := ledger.Text(w.Context(), w.now(), w.get(w.now(), id).Description)
		if err != nil {
			w.Fatal(err)
		}
		lines := strings.SplitAfter(got, "\n")
		for i := range sides {
			for _, l := range added[i] {
				if !slices.Contains(lines, l) {
					w.Fatalf("the merge lost %q of side %d:\n%s", l, i, got)
				}
			}
			for _, l := range removed[i] {
				if slices.Contains(lines, l) {
					w.Fatalf("the merge kept %q, which side %d removed:\n%s", l, i, got)
				}
			}
		}
		for at, l := range base {
			if !touched[0][at] && !touched[1][at] && !slices.Contains(lines, l) {
				w.Fatalf("the merge lost %q, which nobody touched:\n%s", l, got)
			}
		}
	}
	if clean < 20 || met < 20 {
		t.Errorf("%d clean merges and %d conflicts prove nothing", clean, met)
	}
}

func TestKeysOfProposals(t *testing.T) {
	each(t, func(w *world) {
		fb, gx := w.product("FB"), w.product("GX")
		moved := w.feature(lt.Feature{Title: "moved", Product: ledger.Ref(fb)})
		p, q := w.propose(), w.propose()
		made := map[ledger.ID]ledger.ID{}
		for _, prop := range []ledger.ID{p, q} {
			w.do(lt.Ann, "make", func(tx *ledger.Tx) (err error) {
				made[prop], err = lt.Features.Create(tx, lt.Feature{Title: "new", Product: ledger.Ref(fb)})
				return err
			}, ledger.In(prop))
		}
		w.edit(moved, func(f *lt.Feature) { f.Product = ledger.Ref(gx) }, ledger.In(p))
		v, err := w.In(w.Context(), w.ws, lt.Ann, p)
		if err != nil {
			w.Fatal(err)
		}
		if k := w.get(v, made[p]).Key; k != "FB-~1" {
			w.Errorf("in the proposal: %s", k)
		}
		if got, ok := lt.Features.ByKey(v, "FB-1"); !ok || got.ID != moved || !strings.HasPrefix(got.Key, "GX-~") {
			w.Error("the old key leads nowhere in the proposal")
		}
		w.feature(lt.Feature{Title: "live", Product: ledger.Ref(fb)})
		for _, prop := range []ledger.ID{q, p} {
			if _, err := w.Merge(w.Context(), w.ws, lt.Ann, prop, ledger.Settlement{}); err != nil {
				w.Fatal(err)
			}
		}
		for id, key := range map[ledger.ID]string{made[q]: "FB-3", made[p]: "FB-4", moved: "GX-1"} {
			if got := w.get(w.now(), id).Key; got != key {
				w.Errorf("merged as %s, want %s", got, key)
			}
		}
		for _, product := range []ledger.ID{fb, gx, fb} {
			w.edit(moved, func(f *lt.Feature) { f.Product = ledger.Ref(product) })
		}
		w.reopen()
		for _, key := range []string{"FB-1", "GX-1"} {
			if got, ok := w.Registry().Find(w.now(), key); !ok || got.ID != moved || got.Key != "FB-1" {
				w.Errorf("%s leads to %+v", key, got)
			}
		}
		if _, ok := w.Registry().Find(w.now(), "FB-~1"); ok {
			w.Error("a provisional key is still found")
		}
		givenKeys(w, exported(w, w.Ledger, w.ws))
	})
}

func TestExpectPreventsLostUpdates(t *testing.T) {
	each(t, func(w *world) {
		id := w.feature(lt.Feature{Title: "x"})
		const writers = 8
		won := make(chan bool, writers)
		for i := range writers {
			go func() {
				_, err := w.Update(w.Context(), w.ws, lt.Ann, "edit", func(tx *ledger.Tx) error {
					return lt.Features.Edit(tx, id, func(f *lt.Feature) error { f.Priority = i + 1; return nil })
				}, ledger.Expect(lt.Features, id, 1))
				won <- err == nil
			}()
		}
		n := 0
		for range writers {
			if <-won {
				n++
			}
		}
		if n != 1 {
			w.Errorf("%d writers of one version won", n)
		}
		w.refused(fault.NotFound, lt.Ann, func(*ledger.Tx) error { return nil }, ledger.Expect(lt.Features, w.ws, 1))
	})
}
