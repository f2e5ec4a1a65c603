package tableweb

import (
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/web/ui"
)

func lower(s string) string { return strings.ToLower(s) }

func groupLabel(l *listing) string {
	if l.query.Group == "" {
		return "Group"
	}
	return "Group: " + l.labelOf(l.query.Group)
}

func (l *listing) filterText() string {
	if l.query.Filter == nil {
		return ""
	}
	return l.query.Filter.String()
}

// kept are the parameters of the address that a form of the list passes on.
func (l *listing) kept(but ...string) []ui.Kept {
	var all []ui.Kept
	for _, name := range []string{"filter", "q", "sort", "group", "columns", "at", "in"} {
		if v := l.Query(name); v != "" && !slices.Contains(but, name) {
			all = append(all, ui.Kept{Name: name, Value: v})
		}
	}
	return all
}

// csv is the address of this list as a file.
func (l *listing) csv() string {
	at := l.address(l.query)
	path, query, _ := strings.Cut(at, "?")
	if query != "" {
		query = "?" + query
	}
	return path + "/export.csv" + query
}

// cssID escapes the point of a custom field's name for a selector.
func cssID(name string) string { return strings.ReplaceAll(name, ".", `\.`) }

// sentence begins a description as a sentence.
func sentence(doc string) string {
	if doc == "" {
		return ""
	}
	return strings.ToUpper(doc[:1]) + doc[1:]
}

// canArchive reports whether things of this kind go out of lists without being deleted.
func (v *View) canArchive() bool {
	c, ok := v.Area.Table.Column(v.Scope.View, "archived")
	return ok && c.Writable
}

// archived is "yes" or "no".
func (v *View) archived() string {
	if v.canArchive() && v.Area.Table.Show(v.Scope, v.Row, "archived") == "yes" {
		return "yes"
	}
	return "no"
}

func opposite(yes string) string {
	if yes == "yes" {
		return "no"
	}
	return "yes"
}

func archiveLabel(archived string) string {
	if archived == "yes" {
		return "Bring back from the archive"
	}
	return "Archive"
}
