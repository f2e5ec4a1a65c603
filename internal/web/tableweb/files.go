package tableweb

import "github.com/throughline-pm/throughline/internal/collab"

// takesFiles reports whether the reader is offered to attach files to the entity.
func (v *View) takesFiles() bool {
	_, kept := v.Kit.Tables.Of(collab.Attachments.Name())
	return kept && v.MayEdit()
}
