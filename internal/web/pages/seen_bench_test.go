package pages_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// BenchmarkSeenByAnother measures the time from a write, through the API or the command
// line, until it stands in the list in somebody's browser.
func BenchmarkSeenByAnother(b *testing.B) {
	for _, size := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := benchSite(b, size)
			p := browsertest.Open(b, s.Server.URL+"/w/fieldbook/features", browsertest.Desk, "light", s.Session(b, s.Account(b, "Edda", access.Editor)))
			p.MustElement("tr[data-row]")
			time.Sleep(time.Second) // the stream is open
			var took []time.Duration
			n := 0
			for b.Loop() {
				n++
				title := fmt.Sprintf("Seen %d times", n)
				seen := make(chan error, 1)
				go func() {
					seen <- p.Timeout(10 * time.Second).Wait(rod.Eval(`t => document.querySelector('#main').textContent.includes(t)`, title))
				}()
				time.Sleep(50 * time.Millisecond) // the wait has begun
				began := time.Now()
				s.rename("FB-1", title)
				if err := <-seen; err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			report(b, took)
		})
	}
}

// BenchmarkPaint measures what Chromium says of a page: when its largest part is painted,
// and the longest time from a key to the next picture.
func BenchmarkPaint(b *testing.B) {
	s := benchSite(b, 100_000)
	session := s.Session(b, s.Account(b, "Edda", access.Editor))
	for _, page := range []struct{ name, path string }{{"list", "features"}, {"board", "features?layout=board&board=status"}, {"feature", "features/FB-50000"}} {
		b.Run(page.name, func(b *testing.B) {
			var painted, answered []time.Duration
			for b.Loop() {
				p := browsertest.Open(b, s.Server.URL+"/w/fieldbook/"+page.path, browsertest.Desk, "light", session)
				ms := p.MustEval(`() => new Promise(done => new PerformanceObserver(l => done(l.getEntries().at(-1).startTime)).observe({type: 'largest-contentful-paint', buffered: true}))`).Num()
				painted = append(painted, time.Duration(ms*1e6))
				p.MustEval(`() => { window.longest = 0; new PerformanceObserver(l => l.getEntries().forEach(e => { window.longest = Math.max(window.longest, e.duration) })).observe({type: 'event', durationThreshold: 16}) }`)
				for _, k := range []input.Key{'j', 'j', 'x', 'j', 'x', input.Escape, '?', input.Escape} {
					p.Keyboard.MustType(k)
					time.Sleep(60 * time.Millisecond)
				}
				answered = append(answered, time.Duration(p.MustEval(`() => window.longest`).Num()*1e6))
				p.MustClose()
			}
			report(b, painted)
			longest := time.Duration(0)
			for _, d := range answered {
				longest = max(longest, d)
			}
			b.ReportMetric(float64(longest)/1e6, "ms-key")
		})
	}
}
