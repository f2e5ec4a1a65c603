package archtest

import (
	"maps"
	"slices"
	"strings"
)

// checkDocs wants every package to say what it is for, in the form that go doc shows.
func checkDocs(t *tree) (found []breach) {
	documented := map[string]bool{}
	for _, f := range t.files {
		if strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		doc, name := f.Doc.Text(), f.Name.Name
		documented[f.dir] = documented[f.dir] || strings.HasPrefix(doc, "Package "+name+" ") || name == "main" && doc != ""
	}
	for _, dir := range slices.Sorted(maps.Keys(documented)) {
		if !documented[dir] {
			found = append(found, breach{dir, "no file of this package has a comment that begins with \"Package\" and its name, and says what it is for"})
		}
	}
	return found
}
