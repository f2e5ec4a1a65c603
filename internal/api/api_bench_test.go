package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
	"github.com/throughline-pm/throughline/internal/people"
)

// The benchmarks ask through real HTTP on loopback, as an editor, of a workspace with
// 100,000 features on SQLite with its usual durability. Run them with
//
//	go test -run - -bench . ./internal/api

const benchFeatures = 100_000

// crowd is a world with many features, people and releases.
type crowd struct {
	*world
	editor *client
	http   *http.Client
}

func newCrowd(b *testing.B, features int) *crowd {
	b.Helper()
	store, err := sqlite.Open(context.Background(), filepath.Join(b.TempDir(), "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	w := newWorld(b, store)
	c := &crowd{world: w, editor: w.member("Ed", access.Editor)}
	c.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var owners []ledger.Ref
	var statuses []ledger.Ref
	w.change(func(tx *ledger.Tx) error {
		for i := range 50 {
			id, err := people.Persons.Create(tx, people.Person{Name: fmt.Sprintf("Person %d", i)})
			if err != nil {
				return err
			}
			owners = append(owners, ledger.Ref(id))
		}
		for s := range backlog.Statuses.All(tx) {
			statuses = append(statuses, ledger.Ref(s.ID))
		}
		return nil
	})
	if features == 0 {
		return c
	}
	words := strings.Fields("offline photo sync signature report crew inspection map tag search export invoice weather crane ladder bridge tunnel pump valve meter")
	if _, err := w.Ledger.Import(context.Background(), w.Workspace, ledger.System, "import", func(im *ledger.Import) error {
		for i := range features {
			f := backlog.Feature{
				Title:   fmt.Sprintf("%s %s for %s %d", words[i%len(words)], words[i/7%len(words)], words[i/31%len(words)], i),
				Product: ledger.Ref(w.product), Status: statuses[i%len(statuses)], Owner: owners[i%len(owners)],
				Priority: []backlog.Priority{"urgent", "high", "medium", "low"}[i%4], Tags: []string{words[i%5]},
				Description: im.Text("What people get and why, in some two hundred bytes, so that a row has the size that rows have: " + strings.Repeat("and so on ", 10)),
			}
			if _, err := backlog.Features.Import(im, f, ledger.Stamp{}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return c
}

// ask sends a request and reads the whole answer.
func (c *crowd) ask(b *testing.B, method, path, body string) {
	r, err := http.NewRequest(method, c.Server.URL+"/api/v1/"+path, strings.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+c.editor.secret)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode >= 300 {
		b.Errorf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
	}
}

// load lets clients send b.N requests and reports how many a second were answered, and
// how long they took. The clock stands still for the limit of a token, so it is moved on.
func (c *crowd) load(b *testing.B, clients int, send func(i int)) {
	var n atomic.Int64
	times := make([][]time.Duration, clients)
	b.ResetTimer()
	began, before := time.Now(), processor(b)
	var all sync.WaitGroup
	for k := range clients {
		all.Go(func() {
			for {
				i := int(n.Add(1)) - 1
				if i >= b.N {
					return
				}
				if i%(access.TokenLimit.N/2) == 0 {
					c.Clock.Move(access.TokenLimit.Per)
				}
				start := time.Now()
				send(i)
				times[k] = append(times[k], time.Since(start))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	b.StopTimer()
	sorted := slices.Concat(times...)
	slices.Sort(sorted)
	at := func(p float64) float64 {
		return float64(sorted[min(int(p*float64(len(sorted))), len(sorted)-1)].Microseconds()) / 1000
	}
	b.ReportMetric(float64(b.N)/took.Seconds(), "req/s")
	b.ReportMetric(float64((processor(b)-before).Microseconds())/float64(b.N), "cpu-µs/req")
	b.ReportMetric(at(0.50), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

// processor returns the processor time that the process has used, the clients' included.
// Unlike the time on the wall it says the same on a machine with other things to do.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkCreate(b *testing.B) {
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("%d clients", clients), func(b *testing.B) {
			c := newCrowd(b, 0)
			c.load(b, clients, func(i int) {
				c.ask(b, "POST", "fieldbook/features", fmt.Sprintf(`{"title":"Feature %d","priority":"high","description":"%s"}`, i, strings.Repeat("about it ", 15)))
			})
		})
	}
}

func BenchmarkRead(b *testing.B) {
	c := newCrowd(b, benchFeatures)
	list := func(q url.Values) string { return "fieldbook/features?" + q.Encode() }
	for _, one := range []struct {
		name string
		path func(i int) string
	}{
		{"list filtered and sorted", func(int) string {
			return list(url.Values{"filter": {"status = Building and priority in (high, urgent)"}, "sort": {"-target,title"}})
		}},
		{"list by a computed column", func(int) string { return list(url.Values{"sort": {"-score,title"}}) }},
		{"list one that nobody asked before", func(i int) string {
			return list(url.Values{"filter": {fmt.Sprintf(`title contains "%d"`, i)}, "sort": {"title"}})
		}},
		{"read one", func(i int) string { return fmt.Sprintf("fieldbook/features/FB-%d", 1+i*7919%benchFeatures) }},
		{"search", func(i int) string {
			return "fieldbook/search?q=" + []string{"crane", "offline+phot", "sync+map", "inspection+12"}[i%4]
		}},
	} {
		for _, clients := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s, %d clients", one.name, clients), func(b *testing.B) {
				c.ask(b, "GET", one.path(0), "")
				c.load(b, clients, func(i int) { c.ask(b, "GET", one.path(i), "") })
			})
		}
	}
}

// BenchmarkListAfterAWrite asks for a list each time that a feature has changed, so that
// its order is computed anew; the write is not counted.
func BenchmarkListAfterAWrite(b *testing.B) {
	c := newCrowd(b, benchFeatures)
	path := "fieldbook/features?" + url.Values{"filter": {"status = Building and priority in (high, urgent)"}, "sort": {"-target,title"}}.Encode()
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		c.ask(b, "PATCH", fmt.Sprintf("fieldbook/features/FB-%d", 1+i), fmt.Sprintf(`{"start":"2026-01-%02d"}`, 1+i%28))
		c.Clock.Move(access.TokenLimit.Per)
		b.StartTimer()
		c.ask(b, "GET", path, "")
	}
}
