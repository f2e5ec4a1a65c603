// Package formula reads and computes the formulas that people write over the numbers of
// an entity:
//
//	reach * impact * confidence / 100 / effort
//
// There are numbers, names, + - * / % and ^ (a power), comparisons, and, or, not,
// condition ? this : that, and the functions of the table in function.go. A name is the
// name of a number; who computes the formula knows which there are.
//
// # What is empty
//
// A number that is not there makes every result empty that it takes part in, and so do a
// division by zero, the root of a negative number and what is too large: a score that
// rests on a guess of ours would stand among those that rest on facts. coalesce(reach, 0),
// or reach ?? 0, says what stands in for an empty one.
//
// # What it costs
//
// A formula is a text of at most MaxLength characters and MaxParts parts. It becomes a row
// of instructions for a small stack: it has no loops, calls nothing, allocates nothing and
// takes as many steps as it has instructions. A library reads the text; the computing is
// our own, because none has numbers that can be empty.
package formula

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The limits of a formula.
const (
	MaxLength = 1000 // characters
	MaxParts  = 200  // numbers, names, operators and calls
	MaxNames  = 16   // different names
	maxStack  = 32   // intermediate results at one time
)

// Formula is a formula that has been read. It is never written and may be shared.
type Formula struct {
	text    string
	code    []instruction
	names   []Name
	weights []Weight
}

// Name is a name that a formula uses.
type Name struct {
	Name string
	At   int // its first character in the text, counted from 1
}

// Error says what is wrong with a formula, where, and how to mend it.
type Error struct {
	At      int // the character, counted from 1
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("at character %d: %s", e.At, e.Message) }

// read keeps what Parse made of the texts it has seen: a definition is read once, and not
// for each list, page and row that shows it.
var read = struct {
	sync.Mutex
	kept map[string]*Formula
}{kept: map[string]*Formula{}}

const keptAtMost = 512

// Parse reads a formula. What is wrong with it is an *Error.
func Parse(text string) (*Formula, error) {
	read.Lock()
	f, ok := read.kept[text]
	read.Unlock()
	if ok {
		return f, nil
	}
	f, err := compile(text)
	if err != nil {
		return nil, err
	}
	read.Lock()
	defer read.Unlock()
	if len(read.kept) >= keptAtMost {
		clear(read.kept)
	}
	read.kept[text] = f
	return f, nil
}

// Names returns the names that the formula uses, each once, in the order of the text.
func (f *Formula) Names() []Name { return slices.Clone(f.names) }

// Cost is how many steps computing it takes, without what its names cost.
func (f *Formula) Cost() int { return len(f.code) }

// Known returns an *Error for the first name that is none of those known, with the one
// that was probably meant.
func (f *Formula) Known(known []string) error {
	for _, n := range f.names {
		if slices.Contains(known, n.Name) {
			continue
		}
		if near := nearest(n.Name, known); near != "" {
			return &Error{n.At, fmt.Sprintf("there is no number “%s”; do you mean “%s”?", n.Name, near)}
		}
		return &Error{n.At, fmt.Sprintf("there is no number “%s”; make a field of that name, or use %s", n.Name, some(known))}
	}
	return nil
}

// some lists the first few names.
func some(names []string) string {
	if len(names) > 8 {
		return strings.Join(names[:8], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// nearest returns the known name that differs in the fewest letters, "" if none is near.
func nearest(name string, known []string) string {
	best, found := len(name)/3+1, ""
	for _, k := range known {
		if d := distance(name, k); d <= best && (found == "" || d < best) {
			best, found = d, k
		}
	}
	return found
}

// distance counts the letters to be put in, taken out or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			replaced := left
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, above+1, row[j]+1)
			left = above
		}
	}
	return row[len(b)]
}
