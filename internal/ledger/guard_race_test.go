//go:build race

package ledger_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// TestAnEditInPlaceStopsTheProgram writes to an entity that was read, as only Edit may.
// The program that does so is this test binary, run again.
func TestAnEditInPlaceStopsTheProgram(t *testing.T) {
	spoils := map[string]func(f *lt.Feature){
		"nothing":    func(*lt.Feature) {},
		"a field":    func(f *lt.Feature) { f.Title = "spoilt" },
		"an element": func(f *lt.Feature) { f.Tags[0] = "spoilt" },
		"a map":      func(f *lt.Feature) { f.Custom["a"] = "spoilt" },
		"the meta":   func(f *lt.Feature) { f.Version = 99 },
	}
	const variable = "THROUGHLINE_SPOIL"
	if spoil := spoils[os.Getenv(variable)]; spoil != nil {
		w := onlySQLite(t)
		id := w.feature(lt.Feature{Title: "x", Tags: []string{"a"}, Custom: map[string]string{"a": "1"}})
		spoil(w.get(w.now(), id))
		_, err := w.Update(w.Context(), w.ws, lt.Ann, "edit", func(tx *ledger.Tx) error {
			return lt.Features.Edit(tx, id, func(f *lt.Feature) error { f.Priority++; return nil })
		})
		t.Log("went on: ", err)
		return
	}
	for name := range spoils {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAnEditInPlaceStopsTheProgram$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"="+name)
		out, err := cmd.CombinedOutput()
		if name == "nothing" {
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
			continue
		}
		if err == nil || !strings.Contains(string(out), "was edited in place") {
			t.Errorf("%s: nobody noticed: %v\n%s", name, err, out)
		}
	}
}
