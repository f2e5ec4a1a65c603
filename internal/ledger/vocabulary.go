package ledger

import (
	"math/bits"
	"slices"
	"strings"
	"sync"
	"weak"
)

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
