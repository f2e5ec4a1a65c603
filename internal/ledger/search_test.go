package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

type searchNote struct {
	Meta
	Title   string   `json:"title,omitzero" ledger:"title"`
	Tags    []string `json:"tags,omitzero" ledger:"set,search"`
	Body    TextRef  `json:"body,omitzero" ledger:"search"`
	Private bool     `json:"private,omitzero"`
}

type searchTask struct {
	Meta
	Name  string       `json:"name,omitzero" ledger:"title"`
	Steps []searchStep `json:"steps,omitzero" ledger:"list,search"`
}

type searchStep struct {
	ID   string            `json:"id,omitzero"`
	Text string            `json:"text,omitzero"`
	More map[string]string `json:"more,omitzero"`
	Note *string           `json:"note,omitzero"`
	Size int               `json:"size,omitzero"`
}

var (
	searchNotes = NewKind("search_note", Keyed(func(View, *searchNote) string { return "FB" }))
	searchTasks = NewKind[searchTask]("search_task")
)

// shelf is a workspace without a database.
type shelf struct {
	*testing.T
	reg  *Registry
	st   *state
	made uint32
}

func newShelf(t *testing.T) *shelf {
	reg := NewRegistry(searchNotes, searchTasks)
	return &shelf{T: t, reg: reg, st: newState(reg)}
}

func (s *shelf) note(title string, tags ...string) *searchNote {
	s.made++
	return &searchNote{
		Meta:  Meta{ID: newID(Time(s.made), s.made, uint64(s.made)), Born: Seq(s.made), Key: fmt.Sprintf("FB-%d", s.made)},
		Title: title, Tags: tags,
	}
}

func (s *shelf) add(k *kind, es ...Entity) {
	b := newBuilder(s.reg, s.st)
	for _, e := range es {
		b.append(k, e)
	}
	s.st = b.publish()
}

// put replaces the entity in the row of id.
func (s *shelf) put(k *kind, id ID, e Entity) {
	b := newBuilder(s.reg, s.st)
	slot, _ := b.table(k).slotOf(id)
	b.put(k, slot, e)
	s.st = b.publish()
}

func (s *shelf) view() *Snapshot { return &Snapshot{st: s.st} }

// public is the sight of somebody who sees no private notes.
var public = Viewer{Class: "public", Sees: func(_ View, _ string, e Entity) bool {
	n, ok := e.(*searchNote)
	return !ok || !n.Private
}}

func names(v View, res SearchResult) []string {
	var out []string
	for _, h := range res.Hits {
		switch h.Kind {
		case searchNotes.Name():
			n, _ := searchNotes.Get(v, h.ID)
			out = append(out, n.Title)
		case searchTasks.Name():
			n, _ := searchTasks.Get(v, h.ID)
			out = append(out, n.Name)
		}
	}
	return out
}

func (s *shelf) want(v View, text string, titles ...string) SearchResult {
	s.Helper()
	res := s.reg.Search(v, Query{Text: text})
	if got := names(v, res); !slices.Equal(got, titles) || res.Total != len(titles) {
		s.Errorf("search for %q found %q (%d in all), want %q", text, got, res.Total, titles)
	}
	return res
}

func TestSearchFoldsAndRanks(t *testing.T) {
	s := newShelf(t)
	note := "an old note"
	s.add(searchTasks.k, &searchTask{Meta: Meta{ID: newID(1, 1, 1), Born: 1}, Name: "Ship it", Steps: []searchStep{
		{Text: "Zulu first", More: map[string]string{"where": "Yankee"}, Note: &note, Size: 77},
	}})
	s.add(searchNotes.k,
		s.note("Résumé upload", "hiring"),
		s.note("Größe wählen", "shop"),
		s.note("全文搜索功能改进", "cjk"),
		s.note("Hiring plan"),
		s.note("Plan of hirings"),
		s.note("hired later", "plan"),
		s.note("covid 19 banner"),
		s.note("Follow up of FB-4", "mention"),
	)
	v := s.view()
	s.want(v, "resume", "Résumé upload")
	s.want(v, "RÉSUMÉ upl", "Résumé upload")
	s.want(v, "grosse", "Größe wählen")
	s.want(v, "Größe", "Größe wählen")
	s.want(v, "搜索", "全文搜索功能改进")
	s.want(v, "进", "全文搜索功能改进")
	s.want(v, "文搜索功", "全文搜索功能改进")
	s.want(v, "索搜")
	s.want(v, "hiring", "Hiring plan", "Plan of hirings", "Résumé upload") // title, beginning in a title, tag
	s.want(v, "plan hir", "Plan of hirings", "Hiring plan", "hired later")
	s.want(v, "zulu", "Ship it")
	s.want(v, "yankee old", "Ship it")
	s.want(v, "77")
	s.want(v, "covid-19", "covid 19 banner")
	s.want(v, "")
	s.want(v, "-- !")

	s.want(v, "fb-4", "Hiring plan", "Follow up of FB-4")
	s.want(v, "FB-4 follow", "Follow up of FB-4")
	s.want(v, "4", "Follow up of FB-4", "Hiring plan")
	s.want(v, "fb-99")
	if res := s.reg.Search(v, Query{Text: "fb", Kinds: []AnyKind{searchTasks}}); res.Total != 0 {
		t.Errorf("a key prefix found %d of another kind", res.Total)
	}
	if res := s.reg.Search(v, Query{Text: "fb", Limit: 3}); res.Total != 8 || len(res.Hits) != 3 || res.Hits[0].Key != "FB-8" {
		t.Errorf("three newest of a prefix: %+v", res)
	}
}

func TestSearchKeys(t *testing.T) {
	s := newShelf(t)
	for i := range 600 {
		n := s.note(fmt.Sprintf("note %c", 'a'+i%26))
		if i == 9 {
			n.FormerKeys = []string{"OX-4", "OX-44"}
		}
		s.add(searchNotes.k, n)
	}
	odd := s.note("odd")
	odd.Key = "My Key 7"
	pending := s.note("pending")
	pending.Key = "FB-~1"
	s.add(searchNotes.k, odd, pending)
	v := s.view()
	for text, total := range map[string]int{
		"FB-42": 11, "fb-6": 12, "fb-5": 1 + 10 + 100, "fb-60": 2, "fb-599": 1, "fb-601": 0, "fb-042": 0, "fb-~1": 1, "ox-4": 1, "ox-44": 1, "ox": 1,
		"42": 1, "my 7": 1, "fb-999999999": 0, "fb-42 note": 11, "key": 1,
	} {
		res := s.reg.Search(v, Query{Text: text})
		if res.Total != total {
			t.Errorf("%q found %d, want %d", text, res.Total, total)
		}
		if text == "fb-5" && (len(res.Hits) != 50 || res.Hits[0].Key != "FB-5") {
			t.Errorf("the exact key does not stand first: %+v", res.Hits[0])
		}
		if text == "ox-4" && res.Hits[0].Key != "FB-10" {
			t.Errorf("a former key leads to %+v", res.Hits[0])
		}
	}
}

func TestSearchCorrects(t *testing.T) {
	s := newShelf(t)
	s.add(searchNotes.k,
		s.note("Chekout typed wrong elsewhere"),
		s.note("Checkout form"),
		s.note("Internationalisation"),
		s.note("Release 2024"),
		s.note("Invoices"),
	)
	v := s.view()
	for _, c := range []struct {
		text      string
		corrected bool
		title     string
	}{
		{"checkuot form", true, "Checkout form"},
		{"chekcout", true, "Checkout form"},
		{"hceckout", true, "Checkout form"},     // the first letter is wrong
		{"chexk", true, "Checkout form"},        // still being typed
		{"chekout form", true, "Checkout form"}, // each word exists, both together do not
		{"imvoicse", true, "Invoices"},          // two of eight
		{"intrenationalisaton", true, "Internationalisation"},
		{"checkout fomr", true, "Checkout form"},
		{"relaese 2024", true, "Release 2024"},
		{"release 2025", false, ""}, // numbers are meant as they are
		{"foo", false, ""},          // too short to guess
		{"qwertzuiop", false, ""},
	} {
		res := s.reg.Search(v, Query{Text: c.text})
		got := ""
		if len(res.Hits) > 0 {
			got = names(v, res)[0]
		}
		if got != c.title || res.Corrected != c.corrected {
			t.Errorf("%q found %q (corrected: %v), want %q", c.text, names(v, res), res.Corrected, c.title)
		}
	}
}

func TestDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	word := func() []rune {
		w := make([]rune, 1+r.IntN(9))
		for i := range w {
			w[i] = rune('a' + r.IntN(3))
		}
		return w
	}
	for range 20_000 {
		a, b := word(), word()
		most := 1 + r.IntN(2)
		whole, head := distance(a, b, most)
		want := min(slowDistance(a, b), most+1)
		wantHead := most + 1
		for j := range len(b) + 1 {
			wantHead = min(wantHead, slowDistance(a, b[:j]))
		}
		if whole != want || head != wantHead {
			t.Fatalf("distance(%s, %s, %d) = %d, %d; want %d, %d", string(a), string(b), most, whole, head, want, wantHead)
		}
	}
}

// slowDistance is the textbook's.
func slowDistance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0:
				d[i][j] = j
			case j == 0:
				d[i][j] = i
			default:
				d[i][j] = min(d[i-1][j], d[i][j-1]) + 1
				cost := 1
				if a[i-1] == b[j-1] {
					cost = 0
				}
				d[i][j] = min(d[i][j], d[i-1][j-1]+cost)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d[i][j] = min(d[i][j], d[i-2][j-2]+1)
				}
			}
		}
	}
	return d[len(a)][len(b)]
}

// plainSearch is the meaning of Search without its index and without correction: the
// words of every visible note, looked at one by one.
func plainSearch(v View, text string, limit int) SearchResult {
	type match struct{ whole, wholeTitle, head, headTitle bool }
	var f folder
	words := f.query(text)
	type hit struct {
		n    *searchNote
		m    []match
		rank float64
	}
	var hits []hit
	count := make([]int, len(words))
	for n := range searchNotes.All(v) {
		ms := make([]match, len(words))
		all := true
		for i, w := range words {
			see := func(token string, title bool) {
				if strings.HasPrefix(token, w.text) {
					m := &ms[i]
					whole := token == w.text
					m.whole, m.head = m.whole || whole, m.head || !whole
					m.wholeTitle, m.headTitle = m.wholeTitle || whole && title, m.headTitle || !whole && title
				}
			}
			for _, token := range Words(n.Title) {
				see(token, true)
			}
			for _, tag := range n.Tags {
				for _, token := range Words(tag) {
					see(token, false)
				}
			}
			for _, key := range append([]string{n.Key}, n.FormerKeys...) {
				parts := Words(key)
				see(parts[0], true)
				see(parts[1], true)
				if parts[2] == w.text {
					see(parts[2], true)
				}
			}
			if ms[i].whole || ms[i].head {
				count[i]++
			} else {
				all = false
			}
		}
		if all {
			hits = append(hits, hit{n: n, m: ms})
		}
	}
	sum := 0
	for _, c := range count {
		sum += c
	}
	for h := range hits {
		x := &hits[h]
		for i, m := range x.m {
			share := 0.75
			switch {
			case m.wholeTitle:
				share = 3
			case m.headTitle:
				share = 3 * 0.75
			case m.whole:
				share = 1
			}
			x.rank += share * math.Log(1+float64(sum)/float64(count[i]))
		}
		if len(words) == 1 && words[0].prefix != "" {
			if strings.EqualFold(x.n.Key, words[0].text) {
				x.rank += keyRank
			} else if slices.ContainsFunc(x.n.FormerKeys, func(k string) bool { return strings.EqualFold(k, words[0].text) }) {
				x.rank += formerRank
			}
		}
	}
	slices.Reverse(hits)
	slices.SortStableFunc(hits, func(a, b hit) int {
		switch {
		case a.rank > b.rank:
			return -1
		case a.rank < b.rank:
			return 1
		}
		return 0
	})
	res := SearchResult{Total: len(hits)}
	for _, h := range hits[:min(limit, len(hits))] {
		res.Hits = append(res.Hits, Hit{Found{searchNotes.Name(), h.n.ID, h.n.Key}, h.rank})
	}
	return res
}

// TestSearchAgainstPlainSearch edits, deletes, adds and proposes at random and compares
// every search with one that has no index, for viewers who see all and who do not.
func TestSearchAgainstPlainSearch(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			vocabulary := []string{"a", "ab", "abc", "Äbc", "b", "fb", "FB-7", "fb-12", "12", "7", "搜索", "全文搜索", "groß", "gross", "x-1", "Release", "report", "reporting", "zeta"}
			some := func(n int) string {
				var w []string
				for range 1 + r.IntN(n) {
					w = append(w, vocabulary[r.IntN(len(vocabulary))])
				}
				return strings.Join(w, " ")
			}
			s := newShelf(t)
			var ids []ID
			fresh := func() *searchNote {
				n := s.note(some(4), some(1), some(2))
				n.Private = r.IntN(3) == 0
				return n
			}
			change := func(b *builder, ids []ID) {
				id := ids[r.IntN(len(ids))]
				slot, e := b.table(searchNotes.k).slotOf(id)
				n, ok := e.(*searchNote)
				switch {
				case !ok:
					n := fresh()
					n.Meta = e.meta().copied()
					b.put(searchNotes.k, slot, n)
				case r.IntN(4) == 0:
					b.put(searchNotes.k, slot, &tombstone{n.Meta.copied()})
				default:
					c := *n
					switch r.IntN(4) {
					case 0:
						c.Title = some(4)
					case 1:
						c.Tags = []string{some(1)}
					case 2:
						c.Private = !c.Private
					case 3:
						c.FormerKeys = append(slices.Clone(c.FormerKeys), c.Key)
						c.Key = fmt.Sprintf("OX-%d", r.IntN(200)+1)
					}
					c.guard = guard{}
					b.put(searchNotes.k, slot, &c)
				}
			}
			compare := func(v View, what string) {
				for range 6 {
					text, limit := some(2), 1+r.IntN(20)
					got := s.reg.Search(v, Query{Text: text, Kinds: []AnyKind{searchNotes}, Limit: limit})
					want := plainSearch(v, text, limit)
					if want.Total == 0 {
						continue // corrected, or by the parts of a key
					}
					if got.Total != want.Total || !slices.EqualFunc(got.Hits, want.Hits, func(a, b Hit) bool { return a.Found == b.Found && math.Abs(a.Rank-b.Rank) < 1e-9 }) || got.Corrected {
						t.Fatalf("%s: search for %q:\n%+v\nwant\n%+v", what, text, got, want)
					}
				}
			}
			for round := range 20 {
				b := newBuilder(s.reg, s.st)
				for range r.IntN(40) {
					n := fresh()
					b.append(searchNotes.k, n)
					ids = append(ids, n.ID)
				}
				for range r.IntN(10) {
					if len(ids) > 0 {
						change(b, ids)
					}
				}
				compare(whole{b, 0}, "while it is changed") // as a transaction sees it
				if len(ids) > 0 {
					change(b, ids)
					compare(whole{b, 0}, "changed again")
				}
				before := s.st
				s.st = b.publish()
				compare(s.view(), "now")
				compare(&Snapshot{st: s.st, viewer: public}, "with few rights")
				compare(&Snapshot{st: before}, "before")
				if round%5 == 0 && len(ids) > 0 {
					p := newBuilder(s.reg, s.st)
					change(p, ids)
					p.append(searchNotes.k, s.note(some(3)))
					p.edit = nil
					compare(&Snapshot{st: &p.state}, "proposed")
				}
			}
		})
	}
}

// copied is a copy of the facts for an entity of its own.
func (m Meta) copied() Meta {
	m.guard = guard{}
	return m
}

// TestSearchKeepsSecrets compares what a viewer with few rights finds with what there
// is to find if nothing hidden ever existed: hits, totals, ranks and corrections.
func TestSearchKeepsSecrets(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	vocabulary := []string{"checkout", "chekout", "checkin", "invoice", "invioce", "report", "retort", "covid-19", "covid", "19", "zeta"}
	for range 200 {
		all, visible := newShelf(t), newShelf(t)
		for range 1 + r.IntN(30) {
			var words []string
			for range 1 + r.IntN(3) {
				words = append(words, vocabulary[r.IntN(len(vocabulary))])
			}
			n := all.note(strings.Join(words, " "), vocabulary[r.IntN(len(vocabulary))])
			n.Private = r.IntN(2) == 0
			all.add(searchNotes.k, n)
			if !n.Private {
				c := *n
				c.guard = guard{}
				visible.add(searchNotes.k, &c)
			}
		}
		for range 10 {
			text := vocabulary[r.IntN(len(vocabulary))]
			if r.IntN(2) == 0 {
				text += " " + vocabulary[r.IntN(len(vocabulary))]
			}
			got := all.reg.Search(&Snapshot{st: all.st, viewer: public}, Query{Text: text})
			want := visible.reg.Search(visible.view(), Query{Text: text})
			if got.Total != want.Total || got.Corrected != want.Corrected || !slices.Equal(got.Hits, want.Hits) {
				t.Fatalf("search for %q:\n%+v\nif nothing were hidden\n%+v", text, got, want)
			}
		}
	}
}

// A write leaves the search of everybody else alone, at once or later.
func TestSearchWhileWriting(t *testing.T) {
	s := newShelf(t)
	for i := range 300 {
		s.add(searchNotes.k, s.note(fmt.Sprintf("common w%d", i)))
	}
	var readers sync.WaitGroup
	states := make(chan *state, 64)
	for range 4 {
		readers.Go(func() {
			for st := range states {
				v := &Snapshot{st: st}
				live := searchNotes.Len(v)
				if res := s.reg.Search(v, Query{Text: "common"}); res.Total != live {
					t.Errorf("found %d of %d", res.Total, live)
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 400 {
		b := newBuilder(s.reg, s.st)
		slot := uint32(r.IntN(300))
		n := *b.table(searchNotes.k).row(slot).(*searchNote)
		n.guard = guard{}
		n.Title = fmt.Sprintf("common v%d", i)
		b.put(searchNotes.k, slot, &n)
		s.reg.Search(whole{b, 0}, Query{Text: "common"})
		b.append(searchNotes.k, s.note("common new"))
		s.st = b.publish()
		states <- s.st
	}
	close(states)
	readers.Wait()
}

// A write that leaves the words alone leaves the block alone.
func TestSearchSharesBlocks(t *testing.T) {
	s := newShelf(t)
	n := s.note("same words")
	s.add(searchNotes.k, n, s.note("others"))
	s.want(s.view(), "same", "same words")
	page := func() *page { return s.st.table(searchNotes.k).root[0].pages[0] }
	first := page()
	c := *n
	c.guard = guard{}
	c.Private = true
	s.put(searchNotes.k, n.ID, &c)
	s.want(s.view(), "same", "same words")
	if first == page() || first.derived.Load().block != page().derived.Load().block {
		t.Error("the block was made anew")
	}
}

// engine is a database that knows cursors, long texts and their index only.
type engine struct {
	Store
	mu      sync.Mutex
	cursors map[string]Seq
	bodies  map[string][]byte
	texts   map[place]TextRow
	written int
	asked   []int
	head    Seq
	ws      ID
	fail    error
}

func (s *engine) Cursor(_ context.Context, _ ID, follower string) (Seq, error) {
	return s.cursors[follower], nil
}

func (s *engine) SetCursor(_ context.Context, _ ID, follower string, at Seq) error {
	s.cursors[follower] = at
	return nil
}

func (s *engine) Blob(_ context.Context, _ ID, hash string) ([]byte, error) {
	if b, ok := s.bodies[hash]; ok {
		return b, nil
	}
	return nil, ErrNoDoc
}

func (s *engine) IndexText(_ context.Context, _ ID, rows []TextRow) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, r := range rows {
		s.written++
		s.texts[place{nil, r.ID}] = r
		if r.Words == nil {
			delete(s.texts, place{nil, r.ID})
		}
	}
	return nil
}

func (s *engine) SearchText(_ context.Context, _ ID, words []string, limit int) ([]TextHit, error) {
	s.asked = append(s.asked, limit)
	var out []TextHit
	for _, r := range s.texts {
		all := true
		for _, w := range words {
			all = all && slices.ContainsFunc(r.Words, func(x string) bool { return strings.HasPrefix(x, w) })
		}
		if all {
			out = append(out, TextHit{r.Kind, r.ID, 1})
		}
	}
	slices.SortFunc(out, func(a, b TextHit) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return out[:min(limit, len(out))], nil
}

func (s *engine) Lease(context.Context, string, ID, Time, Time) (bool, error) { return true, nil }

func (s *engine) Workspaces(context.Context) ([]WorkspaceRow, error) {
	return []WorkspaceRow{{ID: s.ws, Slug: "acme", Head: Head{Seq: s.head}}}, nil
}

func TestTexts(t *testing.T) {
	ctx := t.Context()
	s := newShelf(t)
	wsID := newID(1, 1, 1)
	db := &engine{cursors: map[string]Seq{}, bodies: map[string][]byte{}, texts: map[place]TextRow{}, ws: wsID}
	l := &Ledger{store: db, reg: s.reg, clock: time.Now, log: slog.New(slog.DiscardHandler), open: map[ID]*workspace{}}
	ws := &workspace{l: l, id: wsID, ready: make(chan struct{}), wake: make(chan struct{})}
	close(ws.ready)
	l.open[wsID] = ws
	text := func(s string) TextRef {
		ref := newTextRef(s)
		if ref.hash != "" {
			db.bodies[ref.hash] = []byte(s)
		}
		return ref
	}
	// commit publishes what change makes of the state, as the lane would.
	commit := func(ids []ID, change func(b *builder)) {
		b := newBuilder(s.reg, s.st)
		b.seq++
		change(b)
		s.st = b.publish()
		c := Commit{Seq: s.st.seq}
		for i, id := range ids {
			c.Entries = append(c.Entries, Entry{N: i, Kind: searchNotes.Name(), ID: id})
		}
		c.Entries = append(c.Entries, Entry{Kind: "unknown"}, Entry{Kind: searchTasks.Name()})
		ws.publish(s.st, []Commit{c})
		db.head = s.st.seq
	}
	find := func(v *Snapshot, text string, want ...*searchNote) {
		t.Helper()
		hits, err := l.SearchTexts(ctx, v, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got, all []string
		for _, h := range hits {
			got = append(got, h.Key)
		}
		for _, n := range want {
			all = append(all, n.Key)
		}
		if !slices.Equal(got, all) {
			t.Errorf("%q found %q, want %q", text, got, all)
		}
	}
	now := func(v Viewer) *Snapshot { return &Snapshot{ws: ws, st: s.st, seq: s.st.seq, viewer: v} }

	short, long, hidden, gone := s.note("short"), s.note("long"), s.note("hidden"), s.note("gone")
	short.Body = text("A résumé of FB-42")
	long.Body = text(strings.Repeat("lorem ipsum ", 200) + "Größe")
	hidden.Body, hidden.Private = text("A secret résumé"), true
	gone.Body = newTextRef(strings.Repeat("erased ", 300)) // its bytes are not there
	commit([]ID{short.ID, long.ID, hidden.ID, gone.ID}, func(b *builder) {
		for _, n := range []*searchNote{short, long, hidden, gone} {
			b.append(searchNotes.k, n)
		}
	})
	if err := l.IndexTexts(ctx, wsID); err != nil {
		t.Fatal(err)
	}
	find(now(Viewer{}), "resume", short, hidden)
	find(now(public), "resume", short)
	find(now(Viewer{}), "LOREM größ", long)
	find(now(Viewer{}), "fb-42", short)
	find(now(Viewer{}), "erased")
	find(now(Viewer{}), "!")
	if _, err := l.SearchTexts(ctx, &Snapshot{ws: ws, st: s.st, seq: 1, now: now(Viewer{})}, "resume", 0); !errors.Is(err, ErrTextsLive) {
		t.Errorf("searching long texts of the past: %v", err)
	}

	// Later commits are followed; a failed run is repeated.
	c := *short
	c.guard, c.Body = guard{}, text("About invoices")
	commit([]ID{short.ID}, func(b *builder) { b.put(searchNotes.k, 0, &c) })
	commit([]ID{long.ID}, func(b *builder) { b.put(searchNotes.k, 1, &tombstone{long.Meta.copied()}) })
	db.fail = errors.New("the disk is full")
	if err := l.IndexTexts(ctx, wsID); !errors.Is(err, db.fail) {
		t.Fatalf("a failure of the engine became %v", err)
	}
	db.fail, db.written = nil, 0
	if err := l.indexAllTexts(ctx, time.Minute, map[ID]Seq{}); err != nil {
		t.Fatal(err)
	}
	if db.written != 2 {
		t.Errorf("%d rows were written for two changed entities", db.written)
	}
	find(now(Viewer{}), "resume", hidden)
	find(now(Viewer{}), "invoice", &c)
	find(now(Viewer{}), "lorem")
	if len(db.texts) != 3-1 {
		t.Errorf("the index holds %d entities: %v", len(db.texts), slices.Collect(maps.Keys(db.texts)))
	}
	db.written = 0
	if err := l.indexAllTexts(ctx, time.Minute, map[ID]Seq{}); err != nil || db.written != 0 {
		t.Errorf("nothing to do, and %d rows were written (%v)", db.written, err)
	}

	// Whoever sees few of many hits gets them all, and the engine is asked for more.
	var many []*searchNote
	commit(nil, func(b *builder) {
		for i := range 400 {
			n := s.note("many")
			n.Body, n.Private = text("needle"), i < 390
			b.append(searchNotes.k, n)
			many = append(many, n)
		}
	})
	db.cursors = map[string]Seq{} // as after a change of the folding
	if err := l.IndexTexts(ctx, wsID); err != nil {
		t.Fatal(err)
	}
	db.asked = nil
	find(now(public), "needle", many[390:]...)
	if !slices.Equal(db.asked, []int{200, 800}) {
		t.Errorf("the engine was asked for %v", db.asked)
	}
}
