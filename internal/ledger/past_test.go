package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// guest is a workspace with a public and a private product, seen by an editor, Ann, and
// a viewer, Bob.
type guest struct {
	*world
	public, private ledger.ID
	open, hidden    ledger.ID // features
	comment         ledger.ID // on the hidden one
}

func eachGuest(t *testing.T, f func(g *guest)) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		g := &guest{world: newWorld(t, open, ledger.Options{Policy: lt.Roles{}})}
		g.member(lt.Ann, "editor")
		g.member(lt.Bob, "viewer")
		g.public = g.product("PUB")
		g.do(lt.Ann, "create product", func(tx *ledger.Tx) (err error) {
			g.private, err = lt.Products.Create(tx, lt.Product{Name: "Project X", Prefix: "PRV", Private: true})
			return err
		})
		g.open = g.feature(lt.Feature{Title: "open", Product: ledger.Ref(g.public)})
		g.hidden = g.feature(lt.Feature{Title: "hidden", Product: ledger.Ref(g.private), DependsOn: []ledger.Ref{ledger.Ref(g.open)}, Value: lt.Range{High: 9}})
		g.do(lt.Ann, "comment", func(tx *ledger.Tx) (err error) {
			g.comment, err = lt.Comments.Create(tx, lt.Comment{On: ledger.AnyRef{Kind: "feature", ID: g.hidden}, Body: tx.Text("psst")})
			return err
		})
		f(g)
	})
}

func (g *guest) at(as ledger.Actor) *ledger.Snapshot {
	g.Helper()
	v, err := g.At(g.Context(), g.ws, as, 0)
	if err != nil {
		g.Fatal(err)
	}
	return v
}

// blind reports everything of the private product that v shows.
func (g *guest) blind(what string, v *ledger.Snapshot) {
	g.Helper()
	docs := docCache{}
	for _, r := range docs.dump(v) {
		if strings.Contains(r.doc, "hidden") || strings.Contains(r.doc, "Project X") || strings.Contains(r.doc, "psst") || r.kind == "hook" {
			g.Errorf("%s: All shows %s", what, r)
		}
	}
	if _, ok := lt.Features.Get(v, g.hidden); ok {
		g.Errorf("%s: Get shows it", what)
	}
	if _, ok := lt.Products.Get(v, g.private); ok {
		g.Errorf("%s: Get shows the product", what)
	}
	if _, ok := lt.Comments.Get(v, g.comment); ok {
		g.Errorf("%s: Get shows the comment", what)
	}
	for f := range lt.ByStatus.Of(v, ledger.KeyOf("")) {
		if f.ID == g.hidden {
			g.Errorf("%s: an index shows it", what)
		}
	}
	for f := range lt.Features.BackLinks(v, g.open) {
		g.Errorf("%s: back-links show %s", what, f.Title)
	}
	if _, ok := lt.Features.ByKey(v, "PRV-1"); ok {
		g.Errorf("%s: its key leads to it", what)
	}
	if got, ok := g.Registry().Find(v, "PRV-1"); ok {
		g.Errorf("%s: the registry finds %v", what, got)
	}
	for _, r := range lt.Score.Top(v, 0, 10, false, nil) {
		if r.Entity.ID == g.hidden {
			g.Errorf("%s: it ranks", what)
		}
	}
}

func TestWhatAViewerMayNotSeeAppearsNowhere(t *testing.T) {
	eachGuest(t, func(g *guest) {
		ctx := g.Context()
		empty, err := g.AsOf(ctx, g.ws, lt.Bob, ledger.AtSeq(2))
		if err != nil {
			g.Fatal(err)
		}
		v := g.at(lt.Bob)
		if _, ok := lt.Features.Get(v, g.open); !ok {
			g.Fatal("the viewer sees nothing at all")
		}
		g.blind("now", v)
		for c, err := range ledger.Diff(ctx, empty, v) {
			if err != nil {
				g.Fatal(err)
			}
			if c.ID == g.hidden || c.ID == g.private || c.ID == g.comment {
				g.Errorf("a difference shows %s %s", c.Kind, c.ID)
			}
		}
		past := func(what string, seq ledger.Seq) {
			g.Helper()
			for _, m := range []ledger.Moment{ledger.AtSeq(seq), ledger.AtTime(g.clock.Now())} {
				old, err := g.AsOf(ctx, g.ws, lt.Bob, m)
				if err != nil {
					g.Fatal(err)
				}
				g.blind(what, old)
			}
		}
		p := g.propose()
		g.edit(g.hidden, func(f *lt.Feature) { f.Rank = "z" }, ledger.In(p))
		in, err := g.In(ctx, g.ws, lt.Bob, p)
		if err != nil {
			g.Fatal(err)
		}
		g.blind("in a proposal", in)
		secret := g.now().Seq()
		past("in the past", secret)

		// public now, private then
		show := func(private bool) ledger.Seq {
			return g.do(lt.Ann, "show", func(tx *ledger.Tx) error {
				return lt.Products.Edit(tx, g.private, func(p *lt.Product) error { p.Private = private; return nil })
			})
		}
		shown := show(false)
		if f, ok := lt.Features.Get(g.at(lt.Bob), g.hidden); !ok || f.Title != "hidden" {
			g.Error("what became public is not shown")
		}
		old, err := g.AsOf(ctx, g.ws, lt.Bob, ledger.AtSeq(secret))
		if err != nil {
			g.Fatal(err)
		}
		g.blind("public now, private then", old)

		// private now, public then
		show(true)
		old, err = g.AsOf(ctx, g.ws, lt.Bob, ledger.AtSeq(shown))
		if err != nil {
			g.Fatal(err)
		}
		g.blind("private now, public then", old)
		g.blind("private again", g.at(lt.Bob))

		// deleted with its product
		before := g.now().Seq()
		g.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return lt.Products.Delete(tx, g.private) })
		old, err = g.AsOf(ctx, g.ws, lt.Bob, ledger.AtSeq(before))
		if err != nil {
			g.Fatal(err)
		}
		g.blind("private then, deleted since", old)
	})
}

func TestAPrivateProductOfAProposalStaysPrivate(t *testing.T) {
	eachGuest(t, func(g *guest) {
		p := g.propose()
		var secret ledger.ID
		g.do(lt.Ann, "pend", func(tx *ledger.Tx) error {
			product, err := lt.Products.Create(tx, lt.Product{Name: "Project Y", Prefix: "YY", Private: true})
			if err != nil {
				return err
			}
			secret, err = lt.Features.Create(tx, lt.Feature{Title: "secret", Product: ledger.Ref(product)})
			return err
		}, ledger.In(p))
		v, err := g.In(g.Context(), g.ws, lt.Bob, p)
		if err != nil {
			g.Fatal(err)
		}
		if f, ok := lt.Features.Get(v, secret); ok {
			g.Errorf("the proposal shows %s", lt.Document(f))
		}
	})
}

func TestAViewerChangesNothing(t *testing.T) {
	eachGuest(t, func(g *guest) {
		g.refused(fault.Forbidden, lt.Bob, func(tx *ledger.Tx) error {
			return lt.Features.Edit(tx, g.open, func(f *lt.Feature) error { f.Title = "x"; return nil })
		})
		g.refused(fault.Forbidden, lt.Bob, func(tx *ledger.Tx) error { return lt.Features.Delete(tx, g.open) })
		g.refused(fault.Forbidden, lt.Bob, func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Title: "x"})
			return err
		})
		// the hidden one does not even exist
		g.refused(fault.NotFound, lt.Bob, func(tx *ledger.Tx) error {
			return lt.Features.Edit(tx, g.hidden, func(f *lt.Feature) error { f.Title = "x"; return nil })
		})
		g.refused(fault.NotFound, lt.Bob, func(tx *ledger.Tx) error { return lt.Features.Delete(tx, g.hidden) })
		g.refused(fault.NotFound, lt.Bob, func(*ledger.Tx) error { return nil }, ledger.Expect(lt.Features, g.hidden, 1))
		p := g.propose()
		g.refused(fault.Forbidden, lt.Bob, func(tx *ledger.Tx) error {
			return lt.Features.Edit(tx, g.open, func(f *lt.Feature) error { f.Title = "x"; return nil })
		}, ledger.In(p))
		g.edit(g.open, func(f *lt.Feature) { f.Title = "y" }, ledger.In(p))
		if _, err := g.Merge(g.Context(), g.ws, lt.Bob, p, ledger.Settlement{}); !fault.Is(err, fault.Forbidden) {
			g.Errorf("a viewer's merge: %v", err)
		}
		if _, err := g.Rebase(g.Context(), g.ws, lt.Bob, p, ledger.Settlement{}); !fault.Is(err, fault.Forbidden) {
			g.Errorf("a viewer's rebase: %v", err)
		}
		if _, err := g.Discard(g.Context(), g.ws, lt.Bob, p, ""); !fault.Is(err, fault.Forbidden) {
			g.Errorf("a viewer discards: %v", err)
		}
		if _, err := g.Import(g.Context(), g.ws, lt.Bob, "import", func(im *ledger.Import) error {
			_, err := lt.Features.Import(im, lt.Feature{Title: "x"}, ledger.Stamp{})
			return err
		}); !fault.Is(err, fault.Forbidden) {
			g.Errorf("a viewer's import: %v", err)
		}
		stranger := ledger.Actor{ID: g.ws}
		if v := g.at(stranger); len(docCache{}.dump(v)) != 0 {
			g.Error("a stranger sees something")
		}
	})
}

// TestTheClassOfAMemoKeepsRights computes one value for an editor and one for a viewer.
func TestTheClassOfAMemoKeepsRights(t *testing.T) {
	eachGuest(t, func(g *guest) {
		count := func(v *ledger.Snapshot) string {
			g.Helper()
			out, err := ledger.Memo(g.Context(), v, "titles", []ledger.AnyKind{lt.Features}, func(_ context.Context, v ledger.View) (string, error) {
				var titles []string
				for f := range lt.Features.All(v) {
					titles = append(titles, f.Title)
				}
				return strings.Join(titles, " "), nil
			})
			if err != nil {
				g.Fatal(err)
			}
			return out
		}
		for range 2 {
			if a, b, whole := count(g.at(lt.Ann)), count(g.at(lt.Bob)), count(g.at(lt.Bob).Whole()); a != "open hidden" || b != "open" || whole != a {
				g.Errorf("the editor computes %q, the viewer %q, the whole is %q", a, b, whole)
			}
		}
	})
}

func TestMomentsThatDoNotExist(t *testing.T) {
	each(t, func(w *world) {
		w.product("FB")
		for _, seq := range []ledger.Seq{2, -1} {
			if _, err := w.AsOf(w.Context(), w.ws, lt.Ann, ledger.AtSeq(seq)); !fault.Is(err, fault.NotFound) {
				w.Errorf("as of %d: %v", seq, err)
			}
		}
		if n := lt.Products.Len(w.asOf(ledger.AtSeq(0))); n != 0 {
			w.Errorf("%d products at 0", n)
		}
		if n := lt.Products.Len(w.asOf(ledger.AtTime(w.clock.Now().Add(-time.Hour)))); n != 0 {
			w.Errorf("%d products before the first commit", n)
		}
		if n := lt.Products.Len(w.asOf(ledger.AtTime(w.clock.Now().Add(time.Hour)))); n != 1 {
			w.Errorf("%d products in the future", n)
		}
	})
}

// TestAPastTimeGrowsWithAnImport: a moment that was looked at may not be kept too long.
func TestAPastTimeGrowsWithAnImport(t *testing.T) {
	each(t, func(w *world) {
		w.feature(lt.Feature{Title: "live"})
		at := ledger.AtTime(day(3))
		seq := ledger.AtSeq(w.now().Seq())
		if lt.Features.Len(w.asOf(at)) != 0 || lt.Features.Len(w.asOf(seq)) != 1 {
			w.Fatal("before")
		}
		w.bringIn(func(im *ledger.Import) error {
			_, err := lt.Features.Import(im, lt.Feature{Title: "old"}, ledger.Stamp{At: day(2)})
			return err
		})
		if n, m := lt.Features.Len(w.asOf(at)), lt.Features.Len(w.asOf(seq)); n != 1 || m != 1 {
			w.Errorf("%d at the time, %d at the position", n, m)
		}
	})
}

func TestWhatIsDueIsHandedOutOnce(t *testing.T) {
	each(t, func(w *world) {
		soon := w.clock.Now().Add(time.Hour)
		make := func(name string, at time.Time) ledger.ID {
			var id ledger.ID
			w.do(lt.Ann, "release", func(tx *ledger.Tx) (err error) {
				id, err = lt.Releases.Create(tx, lt.Release{Name: name, Date: ledger.TimeOf(at)})
				return err
			})
			return id
		}
		make("due", soon)
		moved, deleted := make("moved", soon), make("deleted", soon)
		make("later", soon.Add(48*time.Hour))
		w.do(lt.Ann, "move", func(tx *ledger.Tx) error {
			return lt.Releases.Edit(tx, moved, func(r *lt.Release) error { r.Date = ledger.TimeOf(soon.Add(24 * time.Hour)); return nil })
		})
		w.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return lt.Releases.Delete(tx, deleted) })
		var handed []string
		handlers := map[string]ledger.DueHandler{"release-review": func(tx *ledger.Tx, d ledger.DueRow) error {
			r, ok := lt.Releases.Get(tx, d.ID)
			if !ok {
				return fmt.Errorf("no release %s", d.ID)
			}
			handed = append(handed, r.Name)
			_, err := lt.Metrics.Create(tx, lt.Metric{Name: "review of " + r.Name})
			return err
		}}
		other := w.another()
		step := func(want ...string) {
			w.Helper()
			handed = nil
			for range 2 {
				for _, l := range []*ledger.Ledger{w.Ledger, other} {
					if _, err := l.HandOutDue(w.Context(), handlers); err != nil {
						w.Fatal(err)
					}
				}
			}
			if slices.Sort(handed); !slices.Equal(handed, want) {
				w.Errorf("handed out %v, want %v", handed, want)
			}
		}
		step()
		w.clock.Add(2 * time.Hour)
		step("due")
		w.clock.Add(24 * time.Hour)
		step("moved")
		w.clock.Add(24 * time.Hour)
		step("later")
		w.clock.Add(1000 * time.Hour)
		step()
		// the first of two moves the second away before its turn
		make("first", w.clock.Now())
		second := make("second", w.clock.Now().Add(time.Second))
		w.clock.Add(time.Minute)
		review := handlers["release-review"]
		handlers["release-review"] = func(tx *ledger.Tx, d ledger.DueRow) error {
			if err := review(tx, d); err != nil || d.ID == second {
				return err
			}
			return lt.Releases.Edit(tx, second, func(r *lt.Release) error { r.Date += 3600e6; return nil })
		}
		step("first")
		w.clock.Add(time.Hour * 2)
		step("second")
		if n := lt.Metrics.Len(w.now()); n != 5 {
			w.Errorf("%d reviews", n)
		}
	})
}

// TestDueWorkHasOneHolder runs the loop of two ledgers at once.
func TestDueWorkHasOneHolder(t *testing.T) {
	each(t, func(w *world) {
		for i := range 20 {
			w.do(lt.Ann, "release", func(tx *ledger.Tx) error {
				_, err := lt.Releases.Create(tx, lt.Release{Name: fmt.Sprint(i), Date: ledger.TimeOf(w.clock.Now())})
				return err
			})
		}
		ctx, cancel := context.WithCancel(w.Context())
		defer cancel()
		handlers := map[string]ledger.DueHandler{"release-review": func(tx *ledger.Tx, d ledger.DueRow) error {
			_, err := lt.Metrics.Create(tx, lt.Metric{Name: "review of " + d.ID.String()})
			return err
		}}
		ended := make(chan error)
		ledgers := []*ledger.Ledger{w.Ledger, w.another()}
		for _, l := range ledgers {
			go func() { ended <- l.RunDue(ctx, time.Millisecond, handlers) }()
		}
		for range 500 {
			if lt.Metrics.Len(w.now()) >= 20 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		cancel()
		for range ledgers {
			<-ended
		}
		if n := lt.Metrics.Len(w.now()); n != 20 {
			w.Errorf("%d reviews of 20 releases", n)
		}
	})
}
