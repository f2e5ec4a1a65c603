package tableweb

import (
	"github.com/throughline-pm/throughline/internal/table"
)

// peek answers with an entity as it stands beside the list it was opened from.
func (v *View) peek() error {
	texts, err := v.texts()
	if err != nil {
		return err
	}
	return v.Fragment(peekPanel(v, texts))
}

// titleColumn is the column that names the entity.
func (v *View) titleColumn() (table.Info, bool) {
	for _, name := range []string{"title", "name", "label"} {
		if c, ok := v.Area.Table.Column(v.Scope.View, name); ok {
			return c, c.Writable && v.MayEdit()
		}
	}
	return table.Info{}, false
}

// titleName is what an editor of the title writes, "" if the reader may not.
func (v *View) titleName() string {
	if c, ok := v.titleColumn(); ok {
		return c.Name
	}
	return ""
}

// data says to scripts which entity an element shows, and where its values are written.
func (v *View) data() map[string]any {
	return map[string]any{
		"data-id": v.Row.ID().String(), "data-base": v.Path(),
		"data-set": v.Request.Path(v.Area.Table.Name(), "set"), "data-pick": v.Request.Path(v.Area.Table.Name(), "pick"),
	}
}

// keyOf is the letter of a column, "" for none.
func (v *View) keyOf(column string) string {
	if i := v.Area.keyAt(column); i < len(v.Area.Keys) {
		return v.Area.Keys[i].Letter
	}
	return ""
}

// edits returns how a column is edited in place, "" if the reader may not.
func (v *View) edits(c table.Info) string {
	if !v.MayEdit() {
		return ""
	}
	return edits(c)
}
