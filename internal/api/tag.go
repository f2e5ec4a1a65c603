package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
)

// tagUses are the tags in use.
type tagUses struct {
	Items []backlog.TagUse `json:"items" nullable:"false"`
}

// renaming gives a tag another name everywhere.
type renaming struct {
	From string `json:"from" doc:"the tag as it is"`
	To   string `json:"to" required:"false" doc:"the tag from now on; one in use joins the two; empty takes the tag away"`
}

// renamed is what a renaming has done.
type renamed struct {
	Features int        `json:"features" doc:"how many had the tag"`
	Seq      ledger.Seq `json:"seq" doc:"the position of the change; undo takes it back as one"`
}

// tags are the operations on the tags of features, where there are any.
func (a *API) tags() []operation {
	if _, ok := a.kit.Tables.Named(backlog.FeatureTable.Name()); !ok {
		return nil
	}
	const base = prefix + "/{workspace}/tags"
	tags := []string{"Features"}
	return []operation{
		{Operation: huma.Operation{
			OperationID: "list-tags", Method: http.MethodGet, Path: base, Tags: tags,
			Summary: "The tags in use, and how many features carry each", Parameters: parameters(workspaceParameter, atParameter, inParameter),
			Responses: answers(http.StatusOK, "By the alphabet", schemaOf[tagUses](a)),
		}, who: web.Member, handle: listTags},
		{Operation: huma.Operation{
			OperationID: "rename-tag", Method: http.MethodPost, Path: base + "/rename", Tags: tags,
			Summary:     "Rename, join or take away a tag in all features",
			Description: "One change in the history, which undo takes back.",
			Parameters:  parameters(workspaceParameter, inParameter, keyParameter), RequestBody: &huma.RequestBody{Content: jsonOf(schemaOf[renaming](a))},
			Responses: answers(http.StatusOK, "Done", schemaOf[renamed](a)),
		}, who: web.Member, handle: renameTag},
	}
}

func listTags(c *call) (answer, error) {
	s, err := c.Snapshot()
	if err != nil {
		return answer{}, err
	}
	return encoded(tagUses{backlog.TagsIn(s)})
}

func renameTag(c *call) (answer, error) {
	o, err := c.object(true)
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	said := map[string]string{}
	for name, v := range o {
		text, ok := v.(string)
		switch {
		case name != "from" && name != "to":
			f.Add(name, "is no member here; there are from and to")
		case !ok:
			f.Add(name, "must be a text")
		}
		said[name] = text
	}
	if said["from"] == "" {
		f.Add("from", "name the tag")
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	var out renamed
	out.Seq, err = c.Update("rename tag", func(tx *ledger.Tx) (err error) {
		out.Features, err = backlog.RenameTag(tx, said["from"], said["to"])
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return encoded(out)
}
