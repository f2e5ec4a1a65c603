package api

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// textVersion is a long text as one commit left it.
type textVersion struct {
	Seq   ledger.Seq  `json:"seq" doc:"the position of the commit"`
	At    ledger.Time `json:"at" doc:"when it was written"`
	Actor actor       `json:"actor"`
	Size  int         `json:"size" doc:"its length in bytes"`
	First string      `json:"first,omitzero" doc:"its first line"`
	Text  *string     `json:"text,omitempty" doc:"the whole text, if texts is yes"`

	ref ledger.TextRef
}

type textVersions struct {
	Items []textVersion `json:"items" nullable:"false"`
}

// texts are the operations of the long texts of a kind.
func (r *resource) texts(at string, which []huma.Param) []operation {
	if !slices.ContainsFunc(r.table.Columns(nil), func(c table.Info) bool { return c.Type == table.TypeLongText }) {
		return nil
	}
	one, tags := r.table.One(), []string{r.table.Label()}
	column := inPath("column", "a column of long text, as description")
	add := func(more ...huma.Param) []*huma.Param {
		return parameters(append(which[:len(which):len(which)], more...)...)
	}
	return []operation{
		{Operation: huma.Operation{
			OperationID: "list-text-versions-of-" + one, Method: http.MethodGet, Path: at + "/texts/{column}", Tags: tags, Summary: "Versions of a text: " + one,
			Description: "To restore a version, write its text.",
			Parameters:  add(column, query("texts", "yes: with the whole texts"), atParameter, inParameter), Responses: answers(http.StatusOK, "The versions, the newest first", schemaOf[textVersions](r.api)),
		}, handle: r.textVersions},
	}
}

func (r *resource) versionsOf(c *call) ([]textVersion, error) {
	scope, err := c.Scope()
	if err != nil {
		return nil, err
	}
	row, err := r.row(c, scope.View)
	if err != nil {
		return nil, err
	}
	name := c.R.PathValue("column")
	if info, ok := r.table.Column(scope.View, name); !ok || info.Type != table.TypeLongText {
		return nil, fault.New(fault.NotFound, "there is no long text %q", name)
	}
	happened, err := c.happened()
	if err != nil {
		return nil, err
	}
	names := c.Names()
	all := []textVersion{}
	for commit, err := range c.Kit.Ledger.History(c.Context(), c.Live(), r.table.AnyKind(), row.ID()) {
		if err != nil {
			return nil, err
		}
		for _, e := range commit.Entries {
			i := slices.IndexFunc(e.Changes, func(ch ledger.FieldChange) bool { return ch.Field == name })
			if i < 0 || e.Op == ledger.OpDelete || !happened(commit.Seq, e.At) {
				continue
			}
			v := textVersion{Seq: commit.Seq, At: e.At, Actor: actor{ID: commit.Actor.ID, Name: names(commit.Actor.ID)}}
			if !e.Actor.IsZero() {
				v.Actor = actor{ID: e.Actor, Name: names(e.Actor)}
			}
			if json.Unmarshal(e.Changes[i].New, &v.ref) != nil { // of a form that it had once
				continue
			}
			v.Size, v.First = v.ref.Len(), v.ref.FirstLine()
			all = append(all, v)
		}
	}
	return all, nil
}

func (r *resource) textVersions(c *call) (answer, error) {
	all, err := r.versionsOf(c)
	if err != nil {
		return answer{}, err
	}
	if c.Query("texts") == "yes" {
		for i := range all {
			text, err := ledger.Text(c.Context(), c.Live(), all[i].ref)
			if err != nil {
				return answer{}, err
			}
			all[i].Text = &text
		}
	}
	return encoded(textVersions{all})
}
