package tableweb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/table"
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
	for _, name := range []string{"filter", "q", "sort", "group", "columns", "fold", "layout", "board", "limits", "x", "y", "view", "at", "in", "since"} {
		if v := l.Query(name); v != "" && !slices.Contains(but, name) {
			all = append(all, ui.Kept{Name: name, Value: v})
		}
	}
	return all
}

// plainPath is where forms of the list are sent, with what they keep in their fields.
func (l *listing) plainPath() string { return "/w/" + l.Workspace.Slug + "/" + l.Area.Table.Name() }

func joint(any bool) string {
	if any {
		return "or"
	}
	return "and"
}

func switchTitle(any bool) string {
	if any {
		return "One of these is enough; switch to all of them"
	}
	return "All of these must hold; switch to any of them"
}

func saveLabel(l *listing) string {
	if l.current != nil {
		return "Save as a new view"
	}
	return "Save view"
}

// audiences are those who can see a saved view.
var audiences = []ui.Option{{Value: "me", Label: "Only you"}, {Value: "everybody", Label: "Everybody"}}

func audience(l *listing) string {
	if l.current.Shared {
		return "everybody"
	}
	return "me"
}

func sortLabel(l *listing) string {
	switch n := len(l.query.Sort); n {
	case 0:
		return "Sort"
	case 1:
		return l.labelOf(l.query.Sort[0].Column)
	default:
		return l.labelOf(l.query.Sort[0].Column) + " +" + strconv.Itoa(n-1)
	}
}

func columnsLabel(l *listing) string {
	if l.query.Layout == table.Board {
		return "On the card"
	}
	return "Columns"
}

func sorted(all []table.Sort, column string) bool {
	return slices.ContainsFunc(all, func(o table.Sort) bool { return o.Column == column })
}

// turn changes the direction of a sort.
func turn(all []table.Sort, column string) {
	for i := range all {
		if all[i].Column == column {
			all[i].Desc = !all[i].Desc
		}
	}
}

func without(all []table.Sort, column string) []table.Sort {
	return slices.DeleteFunc(all, func(o table.Sort) bool { return o.Column == column })
}

func (f conditionForm) dated() bool {
	return f.info.Type == table.TypeDay || f.info.Type == table.TypeMoment
}

func (f conditionForm) ranged() bool {
	return f.info.Type == table.TypeNumber || f.info.Type == table.TypeObject
}

func limitText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
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
