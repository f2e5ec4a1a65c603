package ledger

import (
	"cmp"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"weak"
)

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
