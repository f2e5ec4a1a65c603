package pages_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
)

// BenchmarkListPage asks for pages of a workspace of 100,000 features over HTTP, signed in
// as an editor, with eight clients at once.
func BenchmarkListPage(b *testing.B) {
	s := benchSite(b)
	editor := s.Account(b, "Edda", access.Editor)
	session := s.Session(b, editor)
	for _, page := range []struct{ name, path string }{
		{"plain", "features"},
		{"filtered", "features?filter=status+in+(Building,Live)&sort=-score,title"},
		{"feature", "features/FB-50000"},
	} {
		b.Run(page.name, func(b *testing.B) {
			var mu sync.Mutex
			var took []time.Duration
			b.SetParallelism(4) // of two processors
			b.RunParallel(func(pb *testing.PB) {
				c := &http.Client{Transport: &http.Transport{}}
				for pb.Next() {
					r, _ := http.NewRequest(http.MethodGet, s.Server.URL+"/w/fieldbook/"+page.path, nil)
					r.Header.Set("Accept", "text/html")
					r.AddCookie(session)
					began := time.Now()
					answer, err := c.Do(r)
					if err != nil {
						b.Error(err)
						return
					}
					n, _ := io.Copy(io.Discard, answer.Body)
					_ = answer.Body.Close()
					if answer.StatusCode != http.StatusOK || n < 1000 {
						b.Errorf("%s, %d bytes", answer.Status, n)
						return
					}
					mu.Lock()
					took = append(took, time.Since(began))
					mu.Unlock()
				}
			})
			slices.Sort(took)
			if n := len(took); n > 0 {
				b.ReportMetric(float64(took[n/2])/1e6, "ms-p50")
				b.ReportMetric(float64(took[n*99/100])/1e6, "ms-p99")
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "pages/s")
			}
		})
	}
}

// benchSite is a server with a workspace of 100,000 features.
func benchSite(b *testing.B) *site {
	s := newSite(b)
	var statuses, owners []ledger.Ref
	for st := range backlog.Statuses.All(s.snapshot()) {
		statuses = append(statuses, ledger.Ref(st.ID))
	}
	product := firstProduct(s.snapshot())
	if _, err := s.Ledger.Import(b.Context(), s.Workspace, ledger.System, "import", func(im *ledger.Import) error {
		for i := range 50 {
			id, err := people.Persons.Import(im, people.Person{Name: fmt.Sprintf("Person %d", i)}, ledger.Stamp{})
			if err != nil {
				return err
			}
			owners = append(owners, ledger.Ref(id))
		}
		for i := range 100_000 {
			f := backlog.Feature{
				Title: fmt.Sprintf("Feature %d about offline maps", i), Product: product,
				Status: statuses[i%len(statuses)], Owner: owners[i%50],
				Value:  backlog.Range{Low: float64(i % 90), Likely: float64(i%90 + 20), High: float64(i%90 + 60)},
				Effort: backlog.Effort{{Low: 3, Likely: 5, High: float64(5 + i%9)}},
			}
			if _, err := backlog.Features.Import(im, f, ledger.Stamp{}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return s
}
