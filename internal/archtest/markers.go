package archtest

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// marker matches the words that put work off, in two halves so that this file
// does not contain them.
var marker = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

// comment matches a comment in the source that is not Go.
var comment = regexp.MustCompile(`(?m)(?:#|//|--|/\*|^\s*\*).*$`)

// source are the ends of names of source files that are not Go.
var source = []string{".templ", ".ts", ".css", ".sql", ".sh", ".yml", "Makefile", ".ci/run"}

// checkMarkers finds work that was put off in a comment, where nobody plans it.
// Only comments count: a status in an import may well be called so.
func checkMarkers(t *tree) (found []breach) {
	add := func(where, what string) {
		found = append(found, breach{where, what + ": do it, or plan it where plans are kept"})
	}
	for _, f := range t.files {
		for _, group := range f.Comments {
			for _, c := range group.List {
				if m := marker.FindString(c.Text); m != "" {
					add(t.at(c.Pos()), m)
				}
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(t.text)) {
		if !slices.ContainsFunc(source, func(end string) bool { return strings.HasSuffix(p, end) }) || foreign(p) {
			continue
		}
		for _, c := range comment.FindAllIndex(t.text[p], -1) {
			if m := marker.Find(t.text[p][c[0]:c[1]]); m != nil {
				add(line(p, t.text[p], c[0]), string(m))
			}
		}
	}
	return found
}

// foreign reports whether p is data for tests, in which others speak.
func foreign(p string) bool { return slices.Contains(strings.Split(path.Dir(p), "/"), "testdata") }
