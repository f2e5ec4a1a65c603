package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func TestLongTextsAreFoundOnBothEngines(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		var id ledger.ID
		w.do(lt.Ann, "create", func(tx *ledger.Tx) (err error) {
			id, err = lt.Features.Create(tx, lt.Feature{
				Title: "Forms", Product: ledger.Ref(p), Description: tx.Text(strings.Repeat("filler ", 300) + "the résumé of größe"),
			})
			return err
		})
		other := w.feature(lt.Feature{Title: "Other", Product: ledger.Ref(p)})
		find := func(text string) []ledger.ID {
			if err := w.IndexTexts(w.Context(), w.ws); err != nil {
				w.Fatal(err)
			}
			hits, err := w.SearchTexts(w.Context(), w.now(), text, 10)
			if err != nil {
				w.Fatal(err)
			}
			var ids []ledger.ID
			for _, h := range hits {
				ids = append(ids, h.ID)
			}
			return ids
		}
		for _, text := range []string{"resume", "grosse", "RÉSU filler"} {
			if got := find(text); len(got) != 1 || got[0] != id {
				w.Errorf("%q finds %v, want the feature with the text", text, got)
			}
		}
		w.do(lt.Ann, "edit", func(tx *ledger.Tx) error {
			return lt.Features.Edit(tx, other, func(f *lt.Feature) error { f.Description = tx.Text("a resume too"); return nil })
		})
		if got := find("resume"); len(got) != 2 {
			w.Errorf("after an edit %v", got)
		}
		w.do(lt.Ann, "delete", func(tx *ledger.Tx) error { return lt.Features.Delete(tx, id) })
		if got := find("resume"); len(got) != 1 || got[0] != other {
			w.Errorf("after a deletion %v", got)
		}
		past, err := w.AsOf(w.Context(), w.ws, lt.Ann, ledger.AtSeq(2))
		if err != nil {
			w.Fatal(err)
		}
		if _, err := w.SearchTexts(w.Context(), past, "resume", 10); !errors.Is(err, ledger.ErrTextsLive) {
			w.Errorf("the past is searched in long texts: %v", err)
		}
	})
}
