package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// attachments are the operations of attachments that other entities do not have: they come
// with a content, and it can be read.
func (r *resource) attachments(entity *huma.Schema) []operation {
	base, tags := prefix+"/{workspace}/"+r.table.Name(), []string{r.table.Label()}
	binary := map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}
	form := &huma.Schema{Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}}}
	return []operation{
		{Operation: huma.Operation{
			OperationID: "create-attachment", Method: http.MethodPost, Path: base, Tags: tags, Summary: "Attach a file",
			Description: "The body is the file itself, called name, or a form with the part file. What it is, is found out from its content; pictures are drawn anew.",
			Parameters: parameters(workspaceParameter, query("kind", "the kind of what it hangs on: feature"), query("about", "what it hangs on: an identifier, a key or a name"),
				query("name", "what it is called, for a body that is no form"), inParameter, keyParameter),
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
				"application/octet-stream": binary["application/octet-stream"], "multipart/form-data": {Schema: form},
			}},
			Responses: answers(http.StatusCreated, "It, as it was made; Location has its address", entity),
		}, handle: r.attach, limit: files.MostLimit + 1<<20},
		{Operation: huma.Operation{
			OperationID: "read-attachment-content", Method: http.MethodGet, Path: base + "/{id}/content", Tags: tags, Summary: "Download a file",
			Description: "Ranges and If-None-Match work.",
			Parameters:  parameters(workspaceParameter, inPath("id", "the identifier"), atParameter, inParameter),
			Responses:   map[string]*huma.Response{"200": {Description: "Its content", Content: binary}},
		}, handle: r.content},
	}
}

func (r *resource) attach(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	if _, made := r.table.Row(scope.View, c.id); made {
		return r.created(c, 0, c.id)
	}
	var f fault.Fields
	kind, name := c.Query("kind"), strings.TrimSpace(c.Query("about"))
	t, ok := c.Kit.Tables.Of(kind)
	switch {
	case !ok:
		f.Add("kind", "%q is no kind of entity", kind)
	case name == "":
		f.Add("about", "is required")
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	id, err := scope.Find(t.Kind(), name)
	if err != nil {
		f.Add("about", "%v", err)
		return answer{}, f.Err()
	}
	ids, seq, err := c.ReceiveFiles(ledger.AnyRef{Kind: kind, ID: id}, c.Query("name"), c.id)
	if err != nil {
		return answer{}, err
	}
	return r.created(c, seq, ids[0])
}

func (r *resource) content(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	row, err := r.row(c, scope.View)
	if err != nil {
		return answer{}, err
	}
	return answer{sent: true}, c.ServeFile(scope.View, row.ID())
}

// keepsFiles reports whether the resource is that of attachments.
func (r *resource) keepsFiles() bool { return r.table.Kind() == collab.Attachments.Name() }
