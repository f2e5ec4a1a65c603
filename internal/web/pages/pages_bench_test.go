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
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/web/pages"
)

// BenchmarkPage asks for pages of workspaces of three sizes over HTTP, signed in as an
// editor, one after the other: the time of the server and the way to it, and the bytes
// of a page before compression.
func BenchmarkPage(b *testing.B) {
	for _, size := range []int{1_000, 10_000, 100_000} {
		s := benchSite(b, size)
		edda := s.Account(b, "Edda", access.Editor)
		s.fillInbox(b, edda)
		session := s.Session(b, edda)
		c := &http.Client{Transport: &http.Transport{}}
		for _, page := range []struct{ name, path string }{
			{"list", "features"},
			{"filtered", "features?filter=status+in+(Building,Live)&sort=-score,title"},
			{"window", fmt.Sprintf("features?group=none&from=%d", size/2)},
			{"board", "features?layout=board&board=status"},
			{"matrix", "features?layout=matrix"},
			{"feature", fmt.Sprintf("features/FB-%d", size/2)},
			{"gaps", "gaps"},
			{"people", "people"},
			{"inbox", "inbox"},
			{"compare", "features/compare?since=@2"},
		} {
			b.Run(fmt.Sprintf("%d/%s", size, page.name), func(b *testing.B) {
				var took []time.Duration
				var bytes int64
				for b.Loop() {
					began := time.Now()
					bytes = fetch(b, c, s.Server.URL+"/w/fieldbook/"+page.path, session)
					took = append(took, time.Since(began))
				}
				report(b, took)
				b.ReportMetric(float64(bytes)/1e3, "kB/page")
			})
		}
	}
}

// BenchmarkListPage asks for pages of a workspace of 100,000 features with eight clients
// at once.
func BenchmarkListPage(b *testing.B) {
	s := benchSite(b, 100_000)
	session := s.Session(b, s.Account(b, "Edda", access.Editor))
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
					began := time.Now()
					fetch(b, c, s.Server.URL+"/w/fieldbook/"+page.path, session)
					mu.Lock()
					took = append(took, time.Since(began))
					mu.Unlock()
				}
			})
			report(b, took)
			b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "pages/s")
		})
	}
}

// fillInbox makes an account the owner of two hundred features, so that its inbox has as
// many lines.
func (s *site) fillInbox(b *testing.B, of access.Account) {
	b.Helper()
	var err error
	if s.Kit.Notices, err = notify.Open(b.Context(), notify.Settings{
		Ledger: s.Ledger, Tables: s.Kit.Tables, Follows: pages.Followable, Prefers: s.Accounts, Clock: s.Clock.Now, Log: s.Kit.Log,
	}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Kit.Notices.Close)
	s.write(func(tx *ledger.Tx) error {
		if err := people.Join(tx, of.ID, of.Name, of.Email); err != nil {
			return err
		}
		me, _ := people.Of(tx, of.ID)
		n := 0
		for f := range backlog.Features.All(tx) {
			if n++; n > 200 {
				break
			}
			if err := backlog.Features.Edit(tx, f.ID, func(f *backlog.Feature) error { f.Owner = ledger.Ref(me.ID); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.Kit.Notices.CatchUp(b.Context(), s.Workspace); err != nil {
		b.Fatal(err)
	}
}

// fetch reads a page and returns its size.
func fetch(b *testing.B, c *http.Client, address string, session *http.Cookie) int64 {
	r, _ := http.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("Accept", "text/html")
	r.AddCookie(session)
	answer, err := c.Do(r)
	if err != nil {
		b.Error(err)
		return 0
	}
	n, _ := io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK || n < 1000 {
		b.Errorf("%s: %s, %d bytes", address, answer.Status, n)
	}
	return n
}

// report adds the median and the 99th of a hundred to the figures.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	if n := len(took); n > 0 {
		b.ReportMetric(float64(took[n/2])/1e6, "ms-p50")
		b.ReportMetric(float64(took[n*99/100])/1e6, "ms-p99")
	}
}

// benchSite is a server with a workspace of so many features.
func benchSite(b *testing.B, size int) *site {
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
		for i := range size {
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
