package ledger

import (
	"bytes"
	"cmp"
	"container/heap"
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Query is what somebody searches for.
type Query struct {
	Text  string
	Kinds []AnyKind // nil: every kind that has searched fields or keys
	Limit int       // hits returned; 0: 50
}

// Hit is an entity that was found.
type Hit struct {
	Found
	Rank float64 // higher is better; comparable within one search
}

// SearchResult is what a search found.
type SearchResult struct {
	Hits      []Hit
	Total     int  // all entities found that the viewer may see
	Corrected bool // nothing held the words as typed; these hold similar ones
}

const (
	searchLimit = 50
	searchWords = 16 // a query's further words are ignored

	// What a word found in a title, a tag; as a whole, as a beginning, is worth.
	titleShare, tagShare  = 3.0, 1.0
	wholeShare, headShare = 1.0, 0.75

	// What the entity gets whose human key is the query, or was.
	keyRank, formerRank = 2000, 1000
)

// Search finds entities by the words in their titles, short fields and human keys: each
// word of the query begins a word of the entity. Long texts are SearchTexts' matter.
//
// Hits whose rare words match stand first; a word in a title or key counts three times,
// the whole word more than its beginning; among equals the newest stands first. An
// entity whose key the query is stands above all. A number alone finds the key with
// exactly that number. If nothing is found, words with one letter wrong, from eight
// letters two, are taken instead.
//
// It works on any View: now, a past moment, a proposal, inside a transaction. What the
// viewer may not see influences nothing of the result.
func (r *Registry) Search(v View, q Query) SearchResult {
	s := searches.Get().(*search)
	defer s.release()
	s.words = s.folder.query(q.Text)
	if len(s.words) == 0 {
		return SearchResult{}
	}
	s.view = v
	if q.Kinds == nil {
		for _, k := range r.kinds {
			if len(k.words) > 0 || k.keys != nil {
				s.add(k)
			}
		}
	}
	for _, a := range q.Kinds {
		s.add(a.kind())
	}
	limit := q.Limit
	if limit <= 0 {
		limit = searchLimit
	}

	if s.find() > 0 {
		return s.result(limit)
	}
	if s.partKeys() && s.find() > 0 {
		return s.result(limit)
	}
	for try := range tries {
		if s.loosen(try) && s.find() > 0 {
			res := s.result(limit)
			res.Corrected = true
			return res
		}
	}
	return SearchResult{}
}

// limited reports whether the viewer of v may not see every entity of the kind.
func limited(v View, k *kind) bool {
	switch v := v.(type) {
	case *Snapshot:
		return v.viewer.limited(k)
	case declared:
		return v.viewer.limited(k)
	case *Tx:
		return v.viewer.limited(k)
	case whole:
		return false
	}
	return true
}

// A search holds the buffers of one run of Search.
type search struct {
	folder folder
	view   View
	words  []queryWord
	kinds  []searched
	mark   []uint32 // by token: the words of the query it matches as a beginning, and 16 bits higher as a whole
	places []uint32
	hits   []pageHits
	masks  []masks // those of hits, len(words) each
	count  []int   // by word: visible entities that hold it
	idf    []float64
}

var searches = sync.Pool{New: func() any { return &search{} }}

func (s *search) release() {
	// Pooled buffers must not keep a workspace in memory.
	for i := range s.kinds {
		x := &s.kinds[i]
		clear(x.pages)
		x.k, x.voc, x.pages = nil, nil, x.pages[:0]
	}
	clear(s.hits[:cap(s.hits)])
	s.view, s.words, s.kinds, s.hits = nil, nil, s.kinds[:0], s.hits[:0]
	searches.Put(s)
}

// queryWord is a word of the query.
type queryWord struct {
	text   string
	prefix string // of a human key: "fb" of "fb-42"
	number string // "42" of "fb-42" or of a number alone
	loose  int    // similar words are taken too: which try
	found  bool   // a visible entity holds it
}

// query cuts the text of a query. Its pairs of characters stand for the whole run, and
// what looks like a key for its parts.
func (f *folder) query(text string) []queryWord {
	var words []queryWord
	for _, sp := range f.cut(text) {
		if sp.is == keyPart || sp.is == lastChar {
			continue
		}
		w := queryWord{text: string(f.text[sp.from:sp.to])}
		if sp.is == wholeKey {
			w.prefix, w.number, _ = strings.Cut(w.text, "-")
		} else if allDigits(w.text) {
			w.number = w.text
		}
		if len(words) < searchWords && !slices.ContainsFunc(words, func(x queryWord) bool { return x.text == w.text }) {
			words = append(words, w)
		}
	}
	return words
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// searched is a kind in a search.
type searched struct {
	k     *kind
	voc   *vocabulary
	pages []pageBlock
	terms []term // of all words
	keys  []keyTerm
	first int // its pages among search.hits
	last  int

	limited bool // the viewer may not see all of it
}

type pageBlock struct {
	first uint32 // slot of the first row
	page  *page
	block *block
}

// term is a token that a word of the query matches.
type term struct {
	token uint32
	word  uint8
	whole bool
}

// keyTerm is the human keys that a word of the query matches: those of the prefix, or
// with token any of every prefix, whose number lies in a range.
type keyTerm struct {
	token  uint32
	exact  uint32
	ranges [][2]uint32
	word   uint8
}

const anyToken = math.MaxUint32

// masks are the rows of a page that hold one word of the query.
type masks struct{ whole, wholeTitle, head, headTitle uint64 }

func (m *masks) any() uint64 { return m.whole | m.head }

type pageHits struct {
	pageBlock
	rows  uint64
	masks int // index in search.masks
}

func (s *search) add(k *kind) {
	t := s.view.table(k)
	s.kinds = slices.Grow(s.kinds, 1)[:len(s.kinds)+1] // with the buffers of a former search
	x := &s.kinds[len(s.kinds)-1]
	x.k, x.voc, x.limited = k, t.slots.words, limited(s.view, k)
	frozen := false
	switch s.view.(type) {
	case *Snapshot, declared:
		frozen = true
	}
	// All blocks are made before the words are looked up: a block brings new words.
	for first, p := range t.eachPage() {
		if b := p.words(k, x.voc, first, frozen); len(b.tokens) > 0 {
			x.pages = append(x.pages, pageBlock{first, p, b})
		}
	}
}

// find finds the pages and rows that hold every word and returns how many rows that
// are. It counts how many visible entities hold each word.
func (s *search) find() int {
	s.count = append(s.count[:0], make([]int, len(s.words))...)
	s.hits, s.masks = s.hits[:0], s.masks[:0]
	total := 0
	for i := range s.kinds {
		x := &s.kinds[i]
		x.first = len(s.hits)
		s.lookUp(x)
		if len(x.terms)+len(x.keys) > 0 {
			total += s.findIn(x)
		}
		x.last = len(s.hits)
	}
	for i := range s.words {
		s.words[i].found = s.count[i] > 0
	}
	return total
}

// lookUp finds the tokens and keys of a kind that the words of the query match.
func (s *search) lookUp(x *searched) {
	x.terms, x.keys = x.terms[:0], x.keys[:0]
	d := x.voc.now()
	for i := range s.words {
		w := &s.words[i]
		d.begin(w.text, func(token uint32) {
			x.terms = append(x.terms, term{token, uint8(i), len(d.words[token]) == len(w.text)})
		})
		if w.loose > 0 {
			d.similar(w.text, tries[w.loose-1], func(token uint32, near bool) {
				x.terms = append(x.terms, term{token, uint8(i), near})
			})
		}
		if w.number != "" {
			kt := keyTerm{token: anyToken, word: uint8(i)}
			if w.prefix != "" {
				var ok bool
				if kt.token, ok = x.voc.of(w.prefix); !ok {
					continue
				}
			}
			var ok bool
			if kt.exact, ok = keyNumber(w.number); !ok {
				continue
			}
			if w.prefix != "" {
				kt.ranges = numbersFrom(kt.exact)
			}
			x.keys = append(x.keys, kt)
		}
	}
}

// manyTerms is from how many tokens on it is quicker to look at every token of a block
// than to look for each.
const manyTerms = 6

func (s *search) findIn(x *searched) int {
	n, scan := len(s.words), len(x.terms) > manyTerms
	if scan {
		s.mark = slices.Grow(s.mark, max(0, x.voc.len()-len(s.mark)))
		s.mark = s.mark[:cap(s.mark)]
		for _, t := range x.terms {
			bit := uint32(1) << t.word
			if t.whole {
				bit <<= 16
			}
			s.mark[t.token] |= bit
		}
		defer func() {
			for _, t := range x.terms {
				s.mark[t.token] = 0
			}
		}()
	}
	var buf [searchWords]masks
	total := 0
	for _, pb := range x.pages {
		found := buf[:n]
		clear(found)
		if scan {
			if n := len(pb.block.tokens); n > len(s.places) {
				s.places = make([]uint32, 2*n)
			}
			pb.block.scan(s.mark, s.places, found)
		} else {
			pb.block.look(x.terms, found)
		}
		for i := range x.keys {
			pb.block.lookKeys(&x.keys[i], found)
		}
		rows, held := ^uint64(0), uint64(0)
		for i := range found {
			rows &= found[i].any()
			held |= found[i].any()
		}
		if held == 0 {
			continue
		}
		if x.limited {
			// Words are weighed by what the viewer may see, so rows are asked about that
			// hold one of several words only.
			if n == 1 {
				held = rows
			}
			for left := held; left != 0; left &= left - 1 {
				i := bits.TrailingZeros64(left)
				if !s.view.sees(x.k, pb.page.rows[i]) {
					held &^= 1 << i
				}
			}
			rows &= held
		}
		for i := range found {
			s.count[i] += bits.OnesCount64(found[i].any() & held)
		}
		if rows != 0 {
			total += bits.OnesCount64(rows)
			s.hits = append(s.hits, pageHits{pb, rows, len(s.masks)})
			s.masks = append(s.masks, found...)
		}
	}
	return total
}

// result ranks what find found.
func (s *search) result(limit int) SearchResult {
	sum := 0
	for _, c := range s.count {
		sum += c
	}
	s.idf = s.idf[:0]
	for _, c := range s.count {
		s.idf = append(s.idf, math.Log(1+float64(sum)/float64(c)))
	}
	type placed struct {
		ranked
		k *kind
	}
	var best []placed
	res := SearchResult{}
	for i := range s.kinds {
		x := &s.kinds[i]
		for _, h := range s.hits[x.first:x.last] {
			res.Total += bits.OnesCount64(h.rows)
		}
		for _, r := range s.best(x, limit) {
			best = append(best, placed{r, x.k})
		}
	}
	slices.SortStableFunc(best, func(a, b placed) int {
		if a.value != b.value {
			return cmp.Compare(b.value, a.value)
		}
		if a.k == b.k {
			return cmp.Compare(a.slot, b.slot)
		}
		x, y := a.e.meta(), b.e.meta()
		if x.Born != y.Born {
			return cmp.Compare(y.Born, x.Born)
		}
		return bytes.Compare(y.ID[:], x.ID[:])
	})
	for _, b := range best[:min(limit, len(best))] {
		m := b.e.meta()
		res.Hits = append(res.Hits, Hit{Found{b.k.name, m.ID, m.Key}, b.value})
	}
	return res
}

// best returns the highest hits of a kind. Slots in them are complements, so that of
// equal ones the newest stands above.
func (s *search) best(x *searched, limit int) []ranked {
	top := make(worstFirst, 0, min(limit, searchLimit))
	var key *keyTerm
	if len(s.words) == 1 && s.words[0].prefix != "" && len(x.keys) == 1 {
		key = &x.keys[0]
	}
	for h := x.last - 1; h >= x.first; h-- {
		hit := &s.hits[h]
		found := s.masks[hit.masks : hit.masks+len(s.words)]
		var own, former uint64
		if key != nil {
			own, former = hit.block.keyRows(key)
		}
		// No row is worth more than the best matches of the page together.
		bound := 0.0
		for w := range found {
			bound += s.idf[w] * found[w].share(hit.rows)
		}
		if len(top) == limit && bound <= top[0].value && own|former == 0 {
			continue
		}
		for left := hit.rows; left != 0; {
			i := 63 - bits.LeadingZeros64(left)
			bit := uint64(1) << i
			left &^= bit
			value := 0.0
			for w := range found {
				value += s.idf[w] * found[w].share(bit)
			}
			switch {
			case own&bit != 0:
				value += keyRank
			case former&bit != 0:
				value += formerRank
			}
			r := ranked{value, ^(hit.first + uint32(i)), hit.page.rows[i]}
			switch {
			case len(top) < limit:
				heap.Push(&top, r)
			case value > top[0].value:
				top[0] = r
				heap.Fix(&top, 0)
			}
		}
	}
	slices.SortFunc(top, func(a, b ranked) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return top
}

// share returns what the best match among rows is worth.
func (m *masks) share(rows uint64) float64 {
	switch {
	case m.wholeTitle&rows != 0:
		return titleShare * wholeShare
	case m.headTitle&rows != 0:
		return titleShare * headShare
	case m.whole&rows != 0:
		return tagShare * wholeShare
	}
	return tagShare * headShare
}

// partKeys replaces words that look like a key and are none by their parts.
func (s *search) partKeys() bool {
	changed := false
	var words []queryWord
	for _, w := range s.words {
		if w.prefix == "" || w.found || len(words)+2 > searchWords {
			words = append(words, w)
			continue
		}
		changed = true
		number := strings.TrimPrefix(w.number, "~")
		words = append(words, queryWord{text: w.prefix}, queryWord{text: number, number: number})
	}
	s.words = words[:min(len(words), searchWords)]
	return changed
}

// try is one way of taking similar words for those that were not found.
type try struct {
	all       bool // for every word, also those that some entity holds
	same      bool // the first letter is right
	beginning bool // the word may be the beginning of a longer one
}

// tries go from the careful to the lenient; the first that finds something is taken.
var tries = [...]try{
	{same: true},
	{beginning: true},
	{all: true, beginning: true},
}

// loosen prepares a try and reports whether it can find more than the one before.
func (s *search) loosen(n int) bool {
	changed := false
	for i := range s.words {
		w := &s.words[i]
		if w.prefix == "" && mostWrong(w.text) > 0 && (tries[n].all || !w.found) {
			w.loose = n + 1
			changed = true
		}
	}
	return changed
}

// mostWrong returns how many letters of a word may be wrong. Numbers, and names with
// digits in them, are meant as they are typed.
func mostWrong(word string) int {
	if lettersOf(word)&digitBit != 0 {
		return 0
	}
	switch n := utf8.RuneCountInString(word); {
	case n >= 8:
		return 2
	case n >= 4:
		return 1
	}
	return 0
}
