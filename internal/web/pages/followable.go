package pages

import "slices"

// setUp are kinds that have pages and are not followed: how the workspace is set up.
var setUp = []string{"status", "field", "formula", "template"}

// Followable reports whether people follow entities of a kind: those they work on, which
// have pages.
func Followable(kind string) bool {
	for _, a := range Areas {
		if a.Table.Kind() == kind {
			return !slices.Contains(setUp, kind)
		}
	}
	return false
}
