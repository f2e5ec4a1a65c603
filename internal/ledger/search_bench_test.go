package ledger

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// corpus makes a table of n notes whose titles take 6 to 8 words from a vocabulary of
// 9,163 by Zipf's law, as titles of real work items do.
func corpus(tb testing.TB, n int) (*Registry, *state) {
	tb.Helper()
	reg := NewRegistry(searchNotes)
	b := newBuilder(reg, newState(reg))
	for _, e := range corpusNotes(n) {
		b.append(searchNotes.k, e)
	}
	return reg, b.publish()
}

const corpusWords = 9163

func corpusWord(i uint64) string {
	if common := []string{"checkout", "invoice", "report", "mobile", "export", "login", "search", "page"}; i < uint64(len(common)) {
		return common[i]
	}
	return fmt.Sprintf("%c%s%d", 'a'+i%26, []string{"eph", "ar", "il", "ond", "ust"}[i%5], i)
}

func corpusNotes(n int) []*searchNote {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.05, 3, corpusWords-1)
	tags := []string{"ux", "backend", "bug", "later", "customer", "debt"}
	notes := make([]*searchNote, n)
	for i := range notes {
		var title []string
		for range 6 + r.IntN(3) {
			title = append(title, corpusWord(zipf.Uint64()))
		}
		notes[i] = &searchNote{
			Meta:  Meta{ID: newID(Time(i), uint32(i), r.Uint64()), Born: Seq(i + 1), Key: fmt.Sprintf("FB-%d", i+1)},
			Title: strings.Join(title, " "), Tags: []string{tags[r.IntN(len(tags))], tags[r.IntN(len(tags))]},
			Private: r.IntN(10) == 0,
		}
	}
	return notes
}

const benchNotes = 100_000

func BenchmarkSearch(b *testing.B) {
	reg, st := corpus(b, benchNotes)
	all := &Snapshot{st: st}
	some := &Snapshot{st: st, viewer: Viewer{Sees: func(_ View, _ string, e Entity) bool { return !e.(*searchNote).Private }}}
	reg.Search(all, Query{Text: "checkout"})
	for _, c := range []struct {
		name, text string
		v          View
	}{
		{"word", "checkout", all},
		{"words", "checkout invoice", all},
		{"beginning", "checko", all},
		{"letter", "c", all},
		{"three", "checkout report c", all},
		{"rare", corpusWord(5000), all},
		{"key", "FB-4242", all},
		{"keys", "fb-4", all},
		{"prefix", "fb", all},
		{"typo", "chekout", all},
		{"nonsense", "qqqqqqqqqqqqqq", all},
		{"nonsenses", "checkout zzzzzzzzzz", all},
		{"rightsWord", "checkout", some},
		{"rightsWords", "checkout invoice", some},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			var res SearchResult
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				res = reg.Search(c.v, Query{Text: c.text})
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(res.Total), "hits")
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkSearchAfterWrites is the first search after 100 writes on as many pages.
func BenchmarkSearchAfterWrites(b *testing.B) {
	reg, st := corpus(b, benchNotes)
	reg.Search(&Snapshot{st: st}, Query{Text: "checkout"})
	r := rand.New(rand.NewPCG(3, 4))
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		bld := newBuilder(reg, st)
		for _, page := range r.Perm(benchNotes / pageRows)[:100] {
			slot := uint32(page*pageRows + r.IntN(pageRows))
			n := *bld.table(searchNotes.k).row(slot).(*searchNote)
			n.Version++
			bld.put(searchNotes.k, slot, &n)
		}
		st = bld.publish()
		b.StartTimer()
		start := time.Now()
		reg.Search(&Snapshot{st: st}, Query{Text: "checkout"})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkSearchBuild makes all blocks and the vocabulary of a workspace.
func BenchmarkSearchBuild(b *testing.B) {
	notes := corpusNotes(benchNotes)
	var bytes uint64
	for b.Loop() {
		b.StopTimer()
		reg := NewRegistry(searchNotes)
		bld := newBuilder(reg, newState(reg))
		for _, e := range notes {
			bld.append(searchNotes.k, e)
		}
		st := bld.publish()
		before := heapInUse()
		b.StartTimer()
		reg.Search(&Snapshot{st: st}, Query{Text: "checkout"})
		b.StopTimer()
		bytes = heapInUse() - before
		runtime.KeepAlive(st)
		b.StartTimer()
	}
	b.ReportMetric(float64(bytes)/benchNotes, "B/entity")
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // the first leaves what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkWords(b *testing.B) {
	var f folder
	for _, s := range []string{"Checkout invoice is rejected for customers in 14 countries", "Größe der Bestellung: résumé über Änderungen", "全文搜索功能改进"} {
		b.Run(s[:6], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.cut(s)
			}
		})
	}
}

// BenchmarkSearchBlock makes the block of one page.
func BenchmarkSearchBlock(b *testing.B) {
	reg, st := corpus(b, benchNotes)
	reg.Search(&Snapshot{st: st}, Query{Text: "checkout"})
	t := st.table(searchNotes.k)
	p := t.root[0].pages[5]
	tokens := 0
	b.ReportAllocs()
	for b.Loop() {
		tokens = len(t.slots.words.index(searchNotes.k, &page{rows: p.rows}, 1<<20).tokens)
	}
	b.ReportMetric(float64(tokens), "tokens")
}
