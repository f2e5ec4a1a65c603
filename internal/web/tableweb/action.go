package tableweb

import (
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/discussion"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Actions returns a function that lists what of the areas can be made from a page: first
// what the page's own key makes.
func Actions(areas ...*Area) func(*web.Request) []ui.Action {
	here := Create(areas...)
	return func(q *web.Request) []ui.Action {
		first := here(q)
		if first == "" {
			return nil
		}
		var all []ui.Action
		for _, a := range areas {
			if a.Quick == nil && a != areas[0] || !a.mayMake(q) {
				continue
			}
			c := ui.Action{
				Group: ui.Everywhere, Label: "New " + a.Table.One(), Icon: "plus", Words: "create add make",
				Does: "create", Href: ui.With(q.Path("create"), "of", a.Table.Name()), Typed: a.titleColumn(q.Live()).Name,
			}
			if strings.Contains(first+"&", "of="+a.Table.Name()+"&") {
				c.Keys, c.Href = []string{"C"}, first
				all = slices.Insert(all, 0, c)
				continue
			}
			all = append(all, c)
		}
		return all
	}
}

// actions are what can be done with a list.
func (l *listing) actions() []ui.Action {
	group := l.Area.Table.Label()
	key := func(does, hint string, keys ...string) ui.Action {
		return ui.Action{Group: group, Label: does, Keys: keys, Quiet: true, Hint: hint}
	}
	var all []ui.Action
	if l.query.Layout == "" {
		all = []ui.Action{
			key("Move, also by arrows", "move", "J", "K"), key("Open", "open", "↵"), key("Look beside the list", "peek", "Space"),
		}
		all = append(all, l.rowActions(group)...)
	} else {
		all = []ui.Action{
			key("Move", "move", "↑", "↓", "←", "→"), key("Carry the card", "carry the card", "Alt", "↑", "↓", "←", "→"), key("Open", "open", "↵"),
		}
	}
	all = append(all, ui.Action{Group: group, Label: "Filter…", Icon: "filter", Keys: []string{"F"}, Press: true, Hint: "filter", Words: "narrow where"})
	for _, layout := range l.layouts() {
		if layout.Current {
			continue
		}
		a := ui.Action{Group: group, Label: "Show as " + strings.ToLower(layout.Label), Icon: "layers", Href: layout.Href, Words: "layout view switch"}
		if layout.Label == "List" || layout.Label == "Board" {
			a.Keys = []string{"Ctrl", "B"}
		}
		all = append(all, a)
	}
	if l.query.Layout == "" {
		all = append(all, ui.Action{Group: group, Label: "Group by…", Icon: "layers", Opens: "group-pop"})
	}
	all = append(all,
		ui.Action{Group: group, Label: "Sort by…", Icon: "arrow-up-down", Opens: "sort-pop", Words: "order"},
		ui.Action{Group: group, Label: "Choose columns…", Icon: "columns-3", Opens: "columns-pop", Words: "show hide"},
	)
	if l.query.Filter != nil || l.query.Text != "" {
		all = append(all, ui.Action{Group: group, Label: "Clear filters", Icon: "x", Href: l.plain()})
	}
	if l.differs() {
		all = append(all, ui.Action{Group: group, Label: "Save as a view…", Icon: "bookmark", Opens: "save-pop", Words: "keep"})
	}
	all = append(all, ui.Action{Group: group, Label: "Export CSV of this view", Icon: "download", Href: l.csv(), Download: true, Words: "file spreadsheet"})
	if l.Area.mayImport(l.Request) {
		all = append(all, ui.Action{Group: group, Label: "Import from a file", Icon: "upload", Href: l.Request.Path(l.Area.Import), Words: "csv spreadsheet"})
	}
	return all
}

// rowActions are what can be done with what is selected, or else with the current row.
func (l *listing) rowActions(group string) []ui.Action {
	b := l.bulk()
	if b == nil {
		return nil
	}
	all := []ui.Action{
		{Group: group, Label: "Select", Keys: []string{"X"}, Quiet: true, Hint: "select"},
		{Group: group, Label: "Extend the selection", Keys: []string{"Shift", "J", "K"}, Quiet: true},
		{Group: group, Label: "Select all in the filter", Icon: "list-checks", Keys: []string{"Ctrl", "A"}, Press: true},
		{Group: group, Label: "Edit the first value", Keys: []string{"E"}, Quiet: true, Hint: "edit"},
		{Group: group, Label: "Edit the next value", Keys: []string{"Tab"}, Quiet: true},
	}
	for _, k := range b.Actions {
		all = append(all, ui.Action{Group: group, Label: "Set " + strings.ToLower(k.Label) + "…", Icon: k.Icon, Keys: []string{strings.ToUpper(k.Key)}, Press: true, Here: true, Words: "change"})
	}
	all = append(all, ui.Action{Group: group, Label: "Set values…", Icon: "list-checks", Keys: []string{"M"}, Press: true, Here: true, Hint: "set many", Words: "change many columns"})
	if b.Archive != "" {
		label := "Archive"
		if b.Archive == "no" {
			label = "Bring back"
		}
		all = append(all, ui.Action{Group: group, Label: label, Icon: "folder", Does: "chosen", Value: "archive", Here: true})
	}
	return append(all, ui.Action{Group: group, Label: "Delete", Icon: "trash-2", Does: "chosen", Value: "delete", Here: true, Words: "remove"})
}

// actions are what can be done with an entity.
func (v *View) actions() []ui.Action {
	group := "This " + v.Area.Table.One()
	name := v.name()
	var all []ui.Action
	if v.Area.Actions != nil {
		all = v.Area.Actions(v)
	}
	if v.MayEdit() {
		for _, k := range v.Area.Keys {
			if c, ok := v.Area.Table.Column(v.Scope.View, k.Column); ok && v.edits(c) != "" {
				all = append(all, ui.Action{Group: group, Label: "Set " + strings.ToLower(c.Label) + "…", Icon: k.Icon, Keys: []string{strings.ToUpper(k.Letter)}, Press: true, Words: "change"})
			}
		}
		all = append(all, ui.Action{Group: group, Label: "Edit " + name, Icon: "pen-line", Href: v.Path("edit"), Words: "change properties form"})
		for _, c := range v.Area.Table.Columns(v.Scope.View) {
			if c.Type == "long_text" && c.Writable {
				all = append(all, ui.Action{Group: group, Label: "Edit the " + strings.ToLower(c.Label), Icon: "file-text", Keys: []string{"E"}, Press: true, Hint: "edit the text", Words: "write text"})
				break
			}
		}
	}
	if a, ok := discussion.FollowAction(v.Request, v.Scope, ledger.AnyRef{Kind: v.Area.Table.Kind(), ID: v.Row.ID()}, v.Path()); ok {
		a.Group, a.Label = group, a.Label+" "+name
		all = append(all, a)
	}
	all = append(all, ui.Action{Group: group, Label: "History of " + name, Icon: "history", Href: v.Path("history"), Words: "changes who when"})
	if v.MayEdit() && v.canArchive() {
		all = append(all, ui.Action{
			Group: group, Label: archiveLabel(v.archived()) + " " + name, Icon: "folder", Post: v.Path("field", "archived"),
			Fields: []ui.Kept{{Name: "was", Value: v.archived()}, {Name: "archived", Value: opposite(v.archived())}},
		})
	}
	if v.MayDelete() {
		all = append(all, ui.Action{Group: group, Label: "Delete " + name, Icon: "trash-2", Post: v.Path("delete"), Words: "remove"})
	}
	return all
}

// name is what a person calls the entity in a sentence: its key, or its title.
func (v *View) name() string {
	if k := v.Row.Key(); k != "" {
		return k
	}
	return v.Row.Title()
}
