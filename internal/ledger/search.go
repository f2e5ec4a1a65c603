package ledger

import (
	"bytes"
	"cmp"
	"container/heap"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"weak"
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

// block is the search index of one page: which of its rows hold which tokens of the
// vocabulary. A block is immutable.
type block struct {
	tokens []uint32 // ascending
	rows   []uint64 // two a token: rows that hold it, rows that hold it in a title or key
	keys   []rowKey // human keys of the rows; their numbers would swell the vocabulary
	low    uint32   // the least number of keys
	high   uint32   // the greatest
}

type rowKey struct {
	token  uint32 // the prefix
	number uint32
	row    uint8
	former bool
}

// provisionalKey marks the numbers of keys that a proposal gives.
const provisionalKey = 1 << 31

// words returns the search block of the page whose first row has the slot first. frozen
// says that nobody changes the page any more.
func (p *page) words(k *kind, voc *vocabulary, first uint32, frozen bool) *block {
	d := p.derived.Load()
	if d != nil && d.block != nil {
		return d.block
	}
	b := voc.index(k, p, first)
	for {
		n := &derived{}
		if d != nil {
			*n = *d
		}
		n.block = b
		if p.derived.CompareAndSwap(d, n) {
			break
		}
		if d = p.derived.Load(); d != nil && d.block != nil {
			return d.block
		}
	}
	if frozen {
		voc.keep(p, first)
	}
	return b
}

// at returns the place of token in the block, -1 if no row holds it.
func (b *block) at(token uint32) int {
	base, n := 0, len(b.tokens)
	for n > 1 { // written so that the compiler makes it without branches
		half := n / 2
		if b.tokens[base+half] <= token {
			base += half
		}
		n -= half
	}
	if n == 1 && b.tokens[base] == token {
		return base
	}
	return -1
}

func (b *block) look(terms []term, found []masks) {
	for _, t := range terms {
		if i := b.at(t.token); i >= 0 {
			b.take(i, &found[t.word], t.whole)
		}
	}
}

func (b *block) take(i int, m *masks, whole bool) {
	if whole {
		m.whole |= b.rows[2*i]
		m.wholeTitle |= b.rows[2*i+1]
	} else {
		m.head |= b.rows[2*i]
		m.headTitle |= b.rows[2*i+1]
	}
}

// scan looks at every token. It first notes those that match, without a branch that
// the processor could guess wrong.
func (b *block) scan(mark []uint32, places []uint32, found []masks) {
	n := 0
	for i, t := range b.tokens {
		m := mark[t]
		places[n] = uint32(i)
		n += int((m | -m) >> 31)
	}
	for _, i := range places[:n] {
		m := mark[b.tokens[i]]
		for left := m & 0xffff; left != 0; left &= left - 1 {
			b.take(int(i), &found[bits.TrailingZeros32(left)], false)
		}
		for left := m >> 16; left != 0; left &= left - 1 {
			b.take(int(i), &found[bits.TrailingZeros32(left)], true)
		}
	}
}

func (b *block) lookKeys(t *keyTerm, found []masks) {
	within := b.low <= t.exact && t.exact <= b.high
	for _, r := range t.ranges {
		within = within || (b.low <= r[1] && r[0] <= b.high)
	}
	if !within {
		return
	}
	m := &found[t.word]
	for i := range b.keys {
		x := &b.keys[i]
		if t.token != anyToken && t.token != x.token {
			continue
		}
		bit := uint64(1) << x.row
		if x.number == t.exact {
			m.whole |= bit
			m.wholeTitle |= bit
			continue
		}
		for _, r := range t.ranges {
			if r[0] <= x.number && x.number <= r[1] {
				m.head |= bit
				m.headTitle |= bit
			}
		}
	}
}

// keyRows returns the rows whose key is or was exactly t.
func (b *block) keyRows(t *keyTerm) (own, former uint64) {
	if t.exact < b.low || t.exact > b.high {
		return 0, 0
	}
	for i := range b.keys {
		if x := &b.keys[i]; x.number == t.exact && x.token == t.token {
			if x.former {
				former |= 1 << x.row
			} else {
				own |= 1 << x.row
			}
		}
	}
	return own, former
}

// keyNumber returns the number of a folded key as rowKey holds it.
func keyNumber(s string) (uint32, bool) {
	mark := uint32(0)
	if rest, ok := strings.CutPrefix(s, "~"); ok {
		s, mark = rest, provisionalKey
	}
	if !allDigits(s) || s[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 31)
	return uint32(n) | mark, err == nil
}

// numbersFrom returns the ranges of the numbers whose decimal form begins with that of
// n and is longer.
func numbersFrom(n uint32) [][2]uint32 {
	var out [][2]uint32
	low, high := uint64(n&^provisionalKey)*10, uint64(n&^provisionalKey)*10+9
	for low < provisionalKey {
		mark := n & provisionalKey
		out = append(out, [2]uint32{uint32(low) | mark, uint32(min(high, provisionalKey-1)) | mark})
		low, high = low*10, high*10+9
	}
	return out
}

// A vocabulary numbers the folded words of one kind of a workspace. It only grows, and
// all Snapshots share it: whether a word occurs in one is for the blocks to say.
type vocabulary struct {
	mu     sync.RWMutex
	ids    map[string]uint32
	dict   dictionary
	fields []wordField
	walked bool
	newest []weak.Pointer[page] // by place: a page that has a block and does not change
}

// dictionary is a vocabulary at one moment.
type dictionary struct {
	words   []string // by token
	letters []uint32 // by token, see lettersOf
	sorted  []uint32 // the first len(sorted) tokens in the order of their words
}

func newVocabulary() *vocabulary { return &vocabulary{ids: map[string]uint32{}} }

func (voc *vocabulary) len() int {
	voc.mu.RLock()
	defer voc.mu.RUnlock()
	return len(voc.dict.words)
}

func (voc *vocabulary) of(word string) (uint32, bool) {
	voc.mu.RLock()
	defer voc.mu.RUnlock()
	token, ok := voc.ids[word]
	return token, ok
}

// unsortedWords is how many words may stand behind the sorted ones.
const unsortedWords = 256

// now returns the vocabulary as it is, most of it sorted.
func (voc *vocabulary) now() dictionary {
	voc.mu.RLock()
	d := voc.dict
	voc.mu.RUnlock()
	if len(d.words)-len(d.sorted) <= unsortedWords {
		return d
	}
	voc.mu.Lock()
	defer voc.mu.Unlock()
	d = voc.dict
	byWord := func(a, b uint32) int { return strings.Compare(d.words[a], d.words[b]) }
	fresh := make([]uint32, 0, len(d.words)-len(d.sorted))
	for token := len(d.sorted); token < len(d.words); token++ {
		fresh = append(fresh, uint32(token))
	}
	slices.SortFunc(fresh, byWord)
	old, merged := d.sorted, make([]uint32, 0, len(d.words)) // others may be reading d.sorted
	for len(old) > 0 && len(fresh) > 0 {
		if byWord(old[0], fresh[0]) < 0 {
			merged, old = append(merged, old[0]), old[1:]
		} else {
			merged, fresh = append(merged, fresh[0]), fresh[1:]
		}
	}
	d.sorted = append(append(merged, old...), fresh...)
	voc.dict.sorted = d.sorted
	return d
}

// begin calls f with the tokens of the words that begin with head.
func (d *dictionary) begin(head string, f func(uint32)) {
	i, _ := slices.BinarySearchFunc(d.sorted, head, func(token uint32, head string) int { return strings.Compare(d.words[token], head) })
	for ; i < len(d.sorted) && strings.HasPrefix(d.words[d.sorted[i]], head); i++ {
		f(d.sorted[i])
	}
	for token := len(d.sorted); token < len(d.words); token++ {
		if strings.HasPrefix(d.words[token], head) {
			f(uint32(token))
		}
	}
}

// similar calls f with the tokens of words that differ from word in few letters; near
// says that it is one letter of the whole word.
func (d *dictionary) similar(word string, t try, f func(token uint32, near bool)) {
	most := mostWrong(word)
	var a, b [longestWord]rune
	w := runesOf(word, &a)
	letters := lettersOf(word)
	for token, other := range d.words {
		theirs := d.letters[token]
		// Each letter that only one of them has takes a change of its own.
		if theirs&digitBit != 0 || bits.OnesCount32(letters&^theirs) > most {
			continue
		}
		o := runesOf(other, &b)
		same := o[0] == w[0]
		if (t.same && !same) || len(o) < len(w)-most {
			continue
		}
		whole, head := distance(w, o, most)
		switch {
		case whole <= most:
			f(uint32(token), whole == 1)
		case t.beginning && same && len(w) > 4 && head <= most:
			f(uint32(token), false)
		}
	}
}

const digitBit = 1 << 31

// lettersOf returns the set of a word's letters, other than Latin ones thrown together.
func lettersOf(word string) uint32 {
	set := uint32(0)
	for _, r := range word {
		switch {
		case 'a' <= r && r <= 'z':
			set |= 1 << (r - 'a')
		case '0' <= r && r <= '9':
			set |= digitBit
		default:
			set |= 1 << (26 + r%5)
		}
	}
	return set
}

func runesOf(s string, buf *[longestWord]rune) []rune {
	n := 0
	for _, r := range s {
		buf[n] = r
		n++
	}
	return buf[:n]
}

// distance returns in how many letters a differs from b and from the beginning of b it
// is nearest to: letters wrong, missing, too many, or two neighbours exchanged. What is
// more than most is returned as most+1.
func distance(a, b []rune, most int) (whole, head int) {
	over := most + 1
	var lines [3][longestWord + 1]int
	before, last, line := &lines[0], &lines[1], &lines[2]
	n := min(len(b), len(a)+most) // further letters of b are out of reach
	for j := range n + 1 {
		last[j] = min(j, over)
	}
	for i := 1; i <= len(a); i++ {
		from, to := max(1, i-most), min(n, i+most)
		line[from-1] = over
		if from == 1 {
			line[0] = min(i, over)
		}
		least := line[from-1]
		for j := from; j <= to; j++ {
			d := last[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, line[j-1]+1)
			if j < i+most {
				d = min(d, last[j]+1)
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			line[j] = min(d, over)
			least = min(least, line[j])
		}
		if least > most {
			return over, over
		}
		before, last, line = last, line, before
	}
	whole, head = over, over
	for j := max(0, len(a)-most); j <= n; j++ {
		head = min(head, last[j])
	}
	if n == len(b) && n >= len(a)-most {
		whole = last[n]
	}
	return whole, head
}

// wordField is a field of a kind that is searched in blocks.
type wordField struct {
	index []int
	title bool
	walk  func(reflect.Value, func(string))
}

// index makes the block of a page. After a write it reads just the rows that are not
// those of the page that was there before.
func (voc *vocabulary) index(k *kind, p *page, first uint32) *block {
	ix := indexers.Get().(*indexer)
	defer func() {
		ix.voc = nil // a pooled buffer must not keep a workspace in memory
		indexers.Put(ix)
	}()
	ix.voc, ix.cells, ix.keys = voc, ix.cells[:0], ix.keys[:0]
	voc.mu.RLock()
	defer voc.mu.RUnlock()
	for !voc.walked {
		voc.mu.RUnlock()
		voc.learn(k)
		voc.mu.RLock()
	}
	var former *block
	changed := ^uint64(0)
	if at := int(first / pageRows); at < len(voc.newest) {
		if q := voc.newest[at].Value(); q != nil {
			former, changed = q.derived.Load().block, 0
			for i, e := range p.rows {
				if e != q.rows[i] {
					changed |= 1 << i
				}
			}
		}
	}
	for left := changed; left != 0; left &= left - 1 {
		ix.entity(bits.TrailingZeros64(left), p.rows[bits.TrailingZeros64(left)])
	}
	slices.Sort(ix.cells)
	if former == nil {
		return ix.block()
	}
	return ix.blockAfter(former, changed)
}

// keep remembers a page, so that the block of its successor is made from its own. It
// does not keep the page in memory.
func (voc *vocabulary) keep(p *page, first uint32) {
	voc.mu.Lock()
	defer voc.mu.Unlock()
	at := int(first / pageRows)
	if at >= len(voc.newest) {
		voc.newest = append(voc.newest, make([]weak.Pointer[page], at+1-len(voc.newest))...)
	}
	voc.newest[at] = weak.Make(p)
}

// learn finds the searched fields of the kind.
func (voc *vocabulary) learn(k *kind) {
	voc.mu.Lock()
	defer voc.mu.Unlock()
	if voc.walked {
		return
	}
	for _, f := range k.words {
		x := wordField{index: f.index, title: f.weight >= 3}
		if f.typ.Kind() != reflect.String {
			if x.walk = wordWalker(f.typ); x.walk == nil {
				continue
			}
		}
		voc.fields = append(voc.fields, x)
	}
	voc.walked = true
}

// wordWalker returns a function that visits the short texts in a value of type t, nil
// if there are none.
func wordWalker(t reflect.Type) func(reflect.Value, func(string)) {
	switch t {
	case typText, typSecret, typRef, typAnyRef, typRaw:
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value, f func(string)) { f(v.String()) }
	case reflect.Slice, reflect.Array:
		if inner := wordWalker(t.Elem()); inner != nil {
			return func(v reflect.Value, f func(string)) {
				for i := range v.Len() {
					inner(v.Index(i), f)
				}
			}
		}
	case reflect.Map:
		if inner := wordWalker(t.Elem()); inner != nil {
			return func(v reflect.Value, f func(string)) {
				for it := v.MapRange(); it.Next(); {
					inner(it.Value(), f)
				}
			}
		}
	case reflect.Pointer:
		if inner := wordWalker(t.Elem()); inner != nil {
			return func(v reflect.Value, f func(string)) {
				if !v.IsNil() {
					inner(v.Elem(), f)
				}
			}
		}
	case reflect.Struct:
		type part struct {
			i int
			f func(reflect.Value, func(string))
		}
		var parts []part
		for i := range t.NumField() {
			if w := wordWalker(t.Field(i).Type); w != nil {
				parts = append(parts, part{i, w})
			}
		}
		if parts != nil {
			return func(v reflect.Value, f func(string)) {
				for _, p := range parts {
					p.f(v.Field(p.i), f)
				}
			}
		}
	}
	return nil
}

// An indexer makes blocks with buffers that it keeps.
type indexer struct {
	voc    *vocabulary
	folder folder
	emit   func(string)
	row    uint64
	title  bool
	cells  []uint64 // token << 32 | title << 8 | row
	keys   []rowKey
	tokens []uint32
	rows   []uint64
}

var indexers = sync.Pool{New: func() any {
	ix := &indexer{}
	ix.emit = ix.text
	return ix
}}

// entity takes the words of one row.
func (ix *indexer) entity(row int, e Entity) {
	if gone(e) {
		return
	}
	ix.row = uint64(row)
	v := reflect.ValueOf(e).Elem()
	for i := range ix.voc.fields {
		f := &ix.voc.fields[i]
		ix.title = f.title
		if fv := v.FieldByIndex(f.index); f.walk == nil {
			ix.text(fv.String())
		} else {
			f.walk(fv, ix.emit)
		}
	}
	ix.title = true
	m := e.meta()
	if m.Key != "" {
		ix.key(m.Key, false)
	}
	for _, former := range m.FormerKeys {
		ix.key(former, true)
	}
}

func (ix *indexer) text(s string) {
	for _, sp := range ix.folder.cut(s) {
		ix.word(ix.folder.text[sp.from:sp.to])
	}
}

func (ix *indexer) word(w []byte) uint32 {
	token, ok := ix.voc.ids[string(w)]
	if !ok {
		token = ix.voc.learnWord(string(w))
	}
	cell := uint64(token)<<32 | ix.row
	if ix.title {
		cell |= 1 << 8
	}
	ix.cells = append(ix.cells, cell)
	return token
}

// learnWord gives a word a token. The caller holds the lock for reading, which is given
// up meanwhile.
func (voc *vocabulary) learnWord(w string) uint32 {
	voc.mu.RUnlock()
	defer voc.mu.RLock()
	voc.mu.Lock()
	defer voc.mu.Unlock()
	token, ok := voc.ids[w]
	if !ok {
		token = uint32(len(voc.dict.words))
		voc.ids[w] = token
		voc.dict.words = append(voc.dict.words, w)
		voc.dict.letters = append(voc.dict.letters, lettersOf(w))
	}
	return token
}

// key takes a human key: the prefix as a word, the number apart. A key of another form
// is a text like any.
func (ix *indexer) key(key string, former bool) {
	spans := ix.folder.cut(key)
	if len(spans) != 3 || spans[0].is != wholeKey {
		ix.text(key)
		return
	}
	whole := ix.folder.text[spans[0].from:spans[0].to]
	prefix := spans[1].to - spans[1].from
	n, ok := keyNumber(string(whole[prefix+1:]))
	if !ok {
		ix.text(key)
		return
	}
	token := ix.word(whole[:prefix])
	ix.keys = append(ix.keys, rowKey{token, n, uint8(ix.row), former})
}

// block makes a block of the cells, which are sorted.
func (ix *indexer) block() *block {
	ix.tokens, ix.rows = ix.tokens[:0], ix.rows[:0]
	ix.take(ix.cells)
	return newBlock(slices.Clone(ix.tokens), slices.Clone(ix.rows), slices.Clone(ix.keys))
}

// take appends the rows of sorted cells.
func (ix *indexer) take(cells []uint64) {
	for _, c := range cells {
		ix.token(uint32(c >> 32))
		at, bit := len(ix.rows)-2, uint64(1)<<(c&rowMask)
		ix.rows[at] |= bit
		ix.rows[at+1] |= bit * (c >> 8 & 1)
	}
}

func (ix *indexer) token(t uint32) {
	if n := len(ix.tokens); n == 0 || ix.tokens[n-1] != t {
		ix.tokens = append(ix.tokens, t)
		ix.rows = append(ix.rows, 0, 0)
	}
}

// blockAfter makes a block of a former one without the changed rows, and the cells. A
// block that is equal to the former one is the former one.
func (ix *indexer) blockAfter(former *block, changed uint64) *block {
	ix.tokens, ix.rows = ix.tokens[:0], ix.rows[:0]
	cells := ix.cells
	for i, t := range former.tokens {
		n := 0
		for n < len(cells) && cells[n]>>32 < uint64(t) {
			n++
		}
		ix.take(cells[:n])
		cells = cells[n:]
		if rows := former.rows[2*i] &^ changed; rows != 0 {
			ix.token(t)
			ix.rows[len(ix.rows)-2] = rows
			ix.rows[len(ix.rows)-1] = former.rows[2*i+1] &^ changed
		}
	}
	ix.take(cells)
	for _, x := range former.keys {
		if changed&(1<<x.row) == 0 {
			ix.keys = append(ix.keys, x)
		}
	}
	slices.SortFunc(ix.keys, func(a, b rowKey) int { return cmp.Compare(a.row, b.row) })
	tokens, rows, keys := former.tokens, former.rows, former.keys
	same := true
	if !slices.Equal(ix.tokens, tokens) {
		tokens, same = slices.Clone(ix.tokens), false
	}
	if !slices.Equal(ix.rows, rows) {
		rows, same = slices.Clone(ix.rows), false
	}
	if !slices.Equal(ix.keys, keys) {
		keys, same = slices.Clone(ix.keys), false
	}
	if same {
		return former
	}
	return newBlock(tokens, rows, keys)
}

func newBlock(tokens []uint32, rows []uint64, keys []rowKey) *block {
	b := &block{tokens: tokens, rows: rows, keys: keys, low: math.MaxUint32}
	for _, x := range keys {
		b.low, b.high = min(b.low, x.number), max(b.high, x.number)
	}
	return b
}
