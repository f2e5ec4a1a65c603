package app

import (
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// TestARunningServerIndexesTextsAndMakesViews waits for what happens beside the serving.
func TestARunningServerIndexesTextsAndMakesViews(t *testing.T) {
	views := map[string]string{
		"sqlite":   `SELECT count(*) FROM view_product WHERE name = 'Fieldbook'`,
		"postgres": `SELECT count(*) FROM reporting.view_product WHERE name = 'Fieldbook'`,
	}
	for name, fresh := range configs {
		t.Run(name, func(t *testing.T) {
			a := open(t, fresh(t), Options{Create: true})
			ws, err := a.Found(t.Context(), "acme", access.Workspace{}, account(t, a, "ann@example.com").ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Ledger.Update(t.Context(), ws, ledger.System, "add", func(tx *ledger.Tx) error {
				_, err := access.Products.Create(tx, access.Product{
					Name: "Fieldbook", Prefix: "FB", Description: tx.Text(strings.Repeat("much is said before ", 100) + "heliotrope"),
				})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			_, stop, ended := serve(t, a)
			await(t, "the long text is found", func() bool {
				s, err := a.Ledger.At(t.Context(), ws, ledger.System, 0)
				if err != nil {
					t.Fatal(err)
				}
				hits, err := a.Ledger.SearchTexts(t.Context(), s, "heliotrope", 10)
				if err != nil {
					t.Fatal(err)
				}
				return len(hits) == 1
			})
			await(t, "the view shows the product", func() bool {
				var n int
				err := a.engine.DB().QueryRowContext(t.Context(), views[name]).Scan(&n)
				return err == nil && n == 1
			})
			stop()
			if err := <-ended; err != nil {
				t.Errorf("Run = %v", err)
			}
		})
	}
}
