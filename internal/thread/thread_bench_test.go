package thread_test

import (
	"fmt"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
)

// BenchmarkGaps finds the gaps of ten thousand features after a write.
func BenchmarkGaps(b *testing.B) {
	d := newDesk(b)
	statuses := []string{"Idea", "Discovery", "Building", "Live"}
	var first ledger.ID
	d.do(func(tx *ledger.Tx) error {
		for i := range 10_000 {
			in := table.Input{"title": fmt.Sprint("Feature ", i), "status": statuses[i%4]}
			if i%3 == 0 {
				in["owner"], in["objective"], in["release"] = "Mira", "O-1", "4.1"
			}
			id, err := thread.FeatureTable.Create(tx, scope(tx), ledger.ID{}, in)
			if err != nil {
				return err
			}
			if i == 0 {
				first = id
			}
		}
		return nil
	})
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		d.edit("features", first, fmt.Sprint("title: Feature zero ", i))
		s := d.now()
		b.StartTimer()
		all, err := thread.Gaps(b.Context(), s, today)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(all)), "gaps")
	}
}
