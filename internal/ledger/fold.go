package ledger

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Words cuts a text into the words under which it is found. They are folded, so that
// every engine and every view finds the same: lower case, compatible forms made one
// (① is 1), diacritics gone (résumé is resume), ß as ss, æ as ae, ø as o, and the like.
//
// Letters and digits form words of at most 64 bytes. Scripts that are written without
// spaces are cut into pairs of characters that overlap; the last character of a run
// stands alone too, so that any part of the run is found by its beginning. A human key
// such as FB-42 is one word and, besides, its two parts are. Invalid UTF-8 separates.
func Words(s string) []string {
	var f folder
	var out []string
	for _, sp := range f.cut(s) {
		out = append(out, string(f.text[sp.from:sp.to]))
	}
	return out
}

// longestWord is where words are cut, in bytes: what is longer is no word, and people
// type less.
const longestWord = 64

// A folder folds and cuts texts with buffers that it keeps. It serves one goroutine.
type folder struct {
	text  []byte // folded; the spans lie in it
	wide  []byte
	spans []span
}

// span is a word in the folded text. Keys and pairs of characters overlap.
type span struct {
	from, to uint32
	is       spanClass
}

type spanClass uint8

const (
	plainWord spanClass = iota
	wholeKey            // "fb-42"
	keyPart             // its "fb" and "42"
	charPair            // of a script without spaces
	lastChar            // of a run of such a script
)

// cut folds s and returns its words, valid until the next call.
func (f *folder) cut(s string) []span {
	f.fold(s)
	f.spans = f.spans[:0]
	t := f.text
	for i := 0; i < len(t); {
		if c := t[i]; c < utf8.RuneSelf && !asciiWord[c] {
			i++
			continue
		}
		switch class, n := classAt(t, i); class {
		case inWord:
			i = f.word(i)
		case inRun:
			i = f.run(i)
		default:
			i += n
		}
	}
	return f.spans
}

// word takes the word at i, with the key that it may begin, and returns where it ends.
func (f *folder) word(i int) int {
	t := f.text
	end, ascii := i, true
	for end < len(t) {
		if c := t[end]; c < utf8.RuneSelf {
			if !asciiWord[c] {
				break
			}
			end++
			continue
		}
		class, n := classAt(t, end)
		if class != inWord && class != inMark {
			break
		}
		ascii = false
		end += n
	}
	if ascii {
		if to := keyEnd(t, i, end); to > 0 {
			number := end + 1
			if t[number] == '~' {
				number++
			}
			f.add(i, to, wholeKey)
			f.add(i, end, keyPart)
			f.add(number, to, keyPart)
			return to
		}
	}
	last := end
	if last-i > longestWord {
		for last = i + longestWord; !utf8.RuneStart(t[last]); {
			last--
		}
	}
	f.add(i, last, plainWord)
	return end
}

// keyEnd returns where the human key ends that begins with the ASCII word t[from:to], 0
// if there is none: a prefix, a hyphen, a number. In proposals the number has a tilde.
func keyEnd(t []byte, from, to int) int {
	const longestPrefix, mostDigits = 16, 9
	if to-from > longestPrefix || t[from] <= '9' || to == len(t) || t[to] != '-' {
		return 0
	}
	i := to + 1
	if i < len(t) && t[i] == '~' {
		i++
	}
	first := i
	for i < len(t) && '0' <= t[i] && t[i] <= '9' {
		i++
	}
	if i == first || i-first > mostDigits {
		return 0
	}
	if i < len(t) {
		if class, _ := classAt(t, i); class != between {
			return 0
		}
	}
	return i
}

// run takes a run of characters of scripts without spaces.
func (f *folder) run(i int) int {
	t := f.text
	before := -1
	for i < len(t) {
		class, n := classAt(t, i)
		if class != inRun {
			break
		}
		if before >= 0 {
			f.add(before, i+n, charPair)
		}
		before = i
		i += n
	}
	if k := len(f.spans); k > 0 && f.spans[k-1].is == charPair && int(f.spans[k-1].to) == i {
		f.add(before, i, lastChar)
	} else {
		f.add(before, i, charPair)
	}
	return i
}

func (f *folder) add(from, to int, is spanClass) {
	f.spans = append(f.spans, span{uint32(from), uint32(to), is})
}

// fold writes s folded to f.text.
func (f *folder) fold(s string) {
	f.text = f.text[:0]
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			f.foldWide(s, i)
			return
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		f.text = append(f.text, c)
	}
}

// foldWide goes on where ASCII ends; from is the place of the first other byte. The
// character before it is taken again, because a mark may follow it.
func (f *folder) foldWide(s string, from int) {
	if !utf8.ValidString(s) { // norm passes over what follows an invalid byte
		s = strings.ToValidUTF8(s, " ")
	}
	from = max(from-1, 0)
	f.text = f.text[:from]
	f.wide = norm.NFKD.AppendString(f.wide[:0], s[from:])
	compose := false
	for i := 0; i < len(f.wide); {
		r, n := utf8.DecodeRune(f.wide[i:])
		i += n
		switch {
		case r >= 0x300 && dropped(r):
			continue
		case r >= 0x300 && (unicode.Is(unicode.Hangul, r) || unicode.Is(unicode.M, r)):
			compose = true
		}
		r = unicode.ToLower(r)
		if two, ok := foldedLetters[r]; ok && r >= utf8.RuneSelf {
			f.text = append(f.text, two...)
			continue
		}
		f.text = utf8.AppendRune(f.text, r)
	}
	if compose {
		// Marks that are left belong to their letters: Korean syllables, voiced kana,
		// the vowels of Indic scripts.
		f.wide = norm.NFC.Append(f.wide[:0], f.text...)
		f.text, f.wide = f.wide, f.text
	}
}

// dropped says which characters folding takes away: the diacritics of alphabets, the
// vowel points of Hebrew and Arabic, and characters that only steer the display. Marks
// of other scripts are letters to their readers.
func dropped(r rune) bool {
	switch {
	case r == 0x3099 || r == 0x309A: // voiced kana
		return false
	case unicode.Is(unicode.Cf, r):
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me) &&
		unicode.In(r, unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic, unicode.Syriac)
}

// foldedLetters are the letters that have no decomposition and yet are typed otherwise.
var foldedLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th",
	'ħ': "h", 'ŧ': "t", 'ı': "i", 'ȷ': "j", 'ŋ': "n", 'ĸ': "k", 'ƒ': "f", 'ſ': "s", 'ς': "σ",
	0xAD: "", // soft hyphen
}

type charClass uint8

const (
	between charClass = iota
	inWord
	inMark // goes on with a word but begins none
	inRun  // of a script without spaces
)

var asciiWord = func() (is [utf8.RuneSelf]bool) {
	for c := range is {
		is[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z'
	}
	return is
}()

// classAt classes the folded character at t[i] and returns its length.
func classAt(t []byte, i int) (charClass, int) {
	if c := t[i]; c < utf8.RuneSelf {
		if asciiWord[c] {
			return inWord, 1
		}
		return between, 1
	}
	r, n := utf8.DecodeRune(t[i:])
	switch {
	case r < 0xE00:
	case r == 'ー', unicode.In(r, spaceless...):
		return inRun, n
	}
	switch {
	case unicode.IsLetter(r), unicode.Is(unicode.N, r):
		return inWord, n
	case unicode.Is(unicode.M, r) && !unicode.Is(unicode.Inherited, r):
		return inMark, n
	}
	return between, n
}

// spaceless are the scripts whose words no space separates, and Hangul, whose words
// carry endings.
var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}
