package ledger_test

import (
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func TestANewWorkspaceIsGivenAPast(t *testing.T) {
	each(t, func(w *world) {
		then := lt.NewClock().Now().AddDate(-1, 0, 0)
		at := then
		done, err := w.Backdate(w.Context(), w.ws, func() time.Time { return at })
		if err != nil {
			w.Fatal(err)
		}
		if _, err := w.Backdate(w.Context(), w.ws, time.Now); !fault.Is(err, fault.Conflict) {
			w.Errorf("twice at once: %v", err)
		}
		p := w.product("FB")
		at = then.AddDate(0, 1, 0)
		f := w.feature(lt.Feature{Title: "a month later", Product: ledger.Ref(p)})
		if got := w.get(w.now(), f).CreatedAt.Go(); !got.Equal(at) {
			w.Errorf("made at %v, want %v", got, at)
		}
		at = then // a clock that goes back does not take the journal along
		w.edit(f, func(f *lt.Feature) { f.Priority = 1 })
		if got := w.get(w.now(), f).UpdatedAt.Go(); !got.Equal(then.AddDate(0, 1, 0)) {
			w.Errorf("changed at %v", got)
		}
		past, err := w.AsOf(w.Context(), w.ws, lt.Ann, ledger.AtTime(then.AddDate(0, 0, 7)))
		if err != nil {
			w.Fatal(err)
		}
		if lt.Products.Len(past) != 1 || lt.Features.Len(past) != 0 {
			w.Errorf("a week on there were %d products and %d features", lt.Products.Len(past), lt.Features.Len(past))
		}
		other, err := w.CreateWorkspace(w.Context(), "other")
		if err != nil {
			w.Fatal(err)
		}
		of := func(ws ledger.ID) time.Time {
			w.Helper()
			var made ledger.ID
			if _, err := w.Update(w.Context(), ws, lt.Ann, "create", func(tx *ledger.Tx) (err error) {
				made, err = lt.People.Create(tx, lt.Person{Name: "Olga"})
				return err
			}); err != nil {
				w.Fatal(err)
			}
			s, err := w.At(w.Context(), ws, lt.Ann, 0)
			if err != nil {
				w.Fatal(err)
			}
			p, _ := lt.People.Get(s, made)
			return p.CreatedAt.Go()
		}
		if got := of(other); !got.Equal(w.clock.Now()) {
			w.Errorf("another workspace is at %v, the clock at %v", got, w.clock.Now())
		}
		done()
		done()
		if got := of(w.ws); !got.Equal(w.clock.Now()) {
			w.Errorf("afterwards it is %v, the clock says %v", got, w.clock.Now())
		}
		for name, ws := range map[string]ledger.ID{"with a past": w.ws, "with a history": other} {
			if _, err := w.Backdate(w.Context(), ws, time.Now); !fault.Is(err, fault.Conflict) {
				w.Errorf("one %s: %v", name, err)
			}
		}
		if _, err := w.Backdate(w.Context(), ledger.ID{1}, time.Now); !fault.Is(err, fault.NotFound) {
			w.Errorf("one that is not there: %v", err)
		}
	})
}
