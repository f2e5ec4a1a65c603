package tableweb

import (
	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/discussion"
)

// discussion is what people say about the entity. place tells the page's from that of the
// panel beside a list.
func (v *View) discussion(place string) templ.Component {
	about := ledger.AnyRef{Kind: v.Area.Table.Kind(), ID: v.Row.ID()}
	return discussion.Section(v.Request, v.Scope, about, place, v.Path())
}
