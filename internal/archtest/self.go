package archtest

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// The project speaks of itself alone: a reader elsewhere has neither the machine
// it was made on nor the tools it was made with. The patterns are cut in two so
// that this file does not contain what they look for.
var (
	// A path counts where it begins: .../internal/work/board.go is one of ours.
	machine   = regexp.MustCompile(`(?:^|[^\w./}~-])(/(?:wo` + `rk|fa` + `rm)/)`)
	workplace = regexp.MustCompile(`(?i)(fa` + `rm-(?:bench|studio))`)
	registry  = regexp.MustCompile(`(?i)(proxy\.gol` + `ang\.org|registry\.np` + `mjs\.org|deb\.deb` + `ian\.org)`)
	ticket    = regexp.MustCompile(`(?i)\b(issue ` + `#\d+)`)
)

// checkSelf finds what means nothing outside the place where the project is made.
func checkSelf(t *tree) (found []breach) {
	for _, p := range slices.Sorted(maps.Keys(t.text)) {
		text := t.text[p]
		if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
			continue // a picture or a font
		}
		look := func(re *regexp.Regexp, what string) {
			for _, m := range re.FindAllSubmatchIndex(text, -1) {
				found = append(found, breach{line(p, text, m[2]), string(text[m[2]:m[3]]) + " " + what})
			}
		}
		look(machine, "is a path of one machine")
		look(workplace, "is a tool of the workplace")
		look(registry, "is one registry's host; the go command knows where to ask")
		if !foreign(p) { // an exported issue tracker is full of them
			look(ticket, "is unknown to a reader; say what it said")
		}
	}
	return found
}

// line tells where in the file p the byte at offset is.
func line(p string, text []byte, offset int) string {
	return p + ":" + strconv.Itoa(1+bytes.Count(text[:offset], []byte("\n")))
}
