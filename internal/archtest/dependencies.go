package archtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxRuntime is how many modules the product may import directly: each one is code
// that we answer for and did not write.
const maxRuntime = 25

const dependencyPage = "docs/dependencies.md"

// listed matches a line of the table of dependencies.
var listed = regexp.MustCompile("(?m)^\\| `([^`]+)`")

// checkDependencies limits the modules that the product imports and wants go.mod
// and the page that gives the reason for each dependency to name the same ones.
func checkDependencies(t *tree) (found []breach) {
	direct := map[string]bool{}
	for _, r := range t.mod.Require {
		if !r.Indirect {
			direct[r.Mod.Path] = true
		}
	}
	if used := t.runtime(direct); len(used) > maxRuntime {
		found = append(found, breach{"go.mod", fmt.Sprintf("the product imports %d modules directly, at most %d: %s",
			len(used), maxRuntime, strings.Join(used, " "))})
	}

	for _, tool := range t.mod.Tool {
		direct[tool.Path] = true
	}
	explained := map[string]bool{}
	for _, m := range listed.FindAllSubmatch(t.text[dependencyPage], -1) {
		explained[string(m[1])] = true
	}
	for _, p := range slices.Sorted(maps.Keys(direct)) {
		if !explained[p] {
			found = append(found, breach{dependencyPage, p + " is in go.mod, but no line here says why"})
		}
	}
	for _, p := range slices.Sorted(maps.Keys(explained)) {
		if !direct[p] {
			found = append(found, breach{dependencyPage, p + " has a line here, but go.mod does not require it"})
		}
	}
	return found
}

// runtime returns those of the direct modules that the product itself imports,
// not just its tests and tools.
func (t *tree) runtime(direct map[string]bool) []string {
	used := map[string]bool{}
	for _, f := range t.files {
		if f.test || isTool(f.dir) {
			continue
		}
		for imported := range f.imports() {
			if m := moduleOf(imported, direct); m != "" {
				used[m] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(used))
}

// moduleOf returns the module that holds the package, of the longest path that fits.
func moduleOf(imported string, modules map[string]bool) string {
	best := ""
	for m := range modules {
		if (imported == m || strings.HasPrefix(imported, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}
