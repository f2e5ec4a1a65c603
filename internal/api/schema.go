package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// operations declare the resource. Of what there is one in a workspace there is neither
// list nor create nor delete.
func (r *resource) operations() []operation {
	entity, input, page := r.schemas()
	base := prefix + "/{workspace}/" + r.table.Name()
	label, one := r.table.Label(), r.table.One()
	at, tags, which := base+"/{id}", []string{label}, []huma.Param{workspaceParameter, inPath("id", "the identifier, or the key as FB-42")}
	if r.table.Only() {
		at, which = base, which[:1]
	}
	add := func(more ...huma.Param) []*huma.Param {
		return parameters(append(which[:len(which):len(which)], more...)...)
	}
	body := &huma.RequestBody{Required: true, Content: jsonOf(input)}

	all := []operation{
		{Operation: huma.Operation{
			OperationID: "read-" + one, Method: http.MethodGet, Path: at, Tags: tags, Summary: "Read: " + one,
			Parameters: add(columnsParameter, atParameter, inParameter, ifNoneParameter),
			Responses:  answers(http.StatusOK, "It, long texts included", entity),
		}, handle: r.read},
		{Operation: huma.Operation{
			OperationID: "edit-" + one, Method: http.MethodPatch, Path: at, Tags: tags, Summary: "Edit: " + one,
			Description: "Writes the members that the body has and leaves the others; null empties.",
			Parameters:  add(inParameter, ifMatchParameter), RequestBody: body,
			Responses: answers(http.StatusOK, "It, as it is now", entity),
		}, handle: r.edit},
		{Operation: huma.Operation{
			OperationID: "history-of-" + one, Method: http.MethodGet, Path: at + "/history", Tags: tags, Summary: "History: " + one,
			Parameters: add(limitParameter, afterParameter, atParameter, inParameter),
			Responses:  answers(http.StatusOK, "Its changes, the newest first", schemaOf[pastPage](r.api)),
		}, handle: r.history},
	}
	if !r.table.Only() {
		all = append(all, operation{Operation: huma.Operation{
			OperationID: "list-" + r.table.Name(), Method: http.MethodGet, Path: base, Tags: tags, Summary: "List: " + label,
			Description: "Long texts are left out unless columns names them; what is archived is left out unless the filter speaks of archived.",
			Parameters: parameters(
				workspaceParameter, query("filter", "what must hold, as: status = Building and target < today+30d"),
				query("q", "words that begin words of the title or key"), query("sort", "columns with commas between them, - in front for the other direction: -score,title"),
				query("group", "a column whose values make sections"), columnsParameter, limitParameter, afterParameter, atParameter, inParameter, ifNoneParameter),
			Responses: answers(http.StatusOK, "A page", page),
		}, handle: r.list}, operation{Operation: huma.Operation{
			OperationID: "delete-" + one, Method: http.MethodDelete, Path: at, Tags: tags, Summary: "Delete: " + one,
			Parameters: add(inParameter, ifMatchParameter), Responses: answers(http.StatusNoContent, "It is gone", nil),
		}, handle: r.remove}, r.comparison())
		all = append(all, r.bulk(input)...)
		if r.keepsFiles() {
			all = append(all, r.attachments(entity)...)
		} else {
			all = append(all, r.creation(input), operation{Operation: huma.Operation{
				OperationID: "create-" + one, Method: http.MethodPost, Path: base, Tags: tags, Summary: "Create: " + one,
				Parameters: parameters(workspaceParameter, inParameter, keyParameter), RequestBody: body,
				Responses: answers(http.StatusCreated, "It, as it was made; Location has its address", entity),
			}, handle: r.create})
		}
		all = append(all, r.moves()...)
	}
	all = append(all, r.texts(at, which)...)
	for i := range all {
		all[i].who = web.Member
	}
	return all
}

// schemas derives the schemas of a kind from its columns and returns references to them.
func (r *resource) schemas() (entity, input, page *huma.Schema) {
	read := &huma.Schema{
		Type: "object", Title: capital(r.table.One()), AdditionalProperties: false, Required: []string{"id", "version"},
		Properties: map[string]*huma.Schema{
			"id":      {Type: "string", Format: "uuid", ReadOnly: true},
			"key":     {Type: "string", ReadOnly: true, Description: "what people call it, as FB-42; kinds without keys have none"},
			"version": {Type: "integer", Format: "int64", ReadOnly: true, Description: "the number of changes that made it what it is"},
		},
	}
	write := &huma.Schema{Type: "object", AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	for _, c := range r.table.Columns(nil) {
		if c.Name == "id" || c.Name == "key" {
			continue
		}
		s := r.answered(c)
		s.Title, s.Description, s.ReadOnly = c.Label, docOf(c), !c.Writable
		read.Properties[c.Name] = s
		if c.Writable {
			s = r.accepted(c)
			s.Title, s.Description = c.Label, docOf(c)
			write.Properties[c.Name] = s
		}
	}
	if r.table.HasCustom() {
		custom := &huma.Schema{
			Type: "object", AdditionalProperties: true,
			Description: "the fields that people have added, by their names; in filter, sort, group and columns they are called custom.name",
		}
		read.Properties[customName], write.Properties[customName] = custom, custom
	}
	name := strings.ReplaceAll(capital(r.table.One()), " ", "")
	add := func(name string, s *huma.Schema) *huma.Schema {
		all := r.api.schemas.Map()
		if all[name] != nil {
			panic("api: two schemas are called " + name)
		}
		all[name] = s
		return &huma.Schema{Ref: schemaPrefix + name}
	}
	entity, input = add(name, read), add(name+"Input", write)
	return entity, input, add(name+"Page", &huma.Schema{
		Type: "object", AdditionalProperties: false, Required: []string{"items", "total", "next"},
		Properties: map[string]*huma.Schema{
			"items":  {Type: "array", Items: entity},
			"total":  {Type: "integer", Format: "int64", Description: "all that pass, on every page"},
			"groups": {Type: "array", Items: schemaOf[group](r.api), Description: "the sections, if the list is grouped"},
			"next":   {Type: "string", Nullable: true, Description: "give it as after for the next page; null at the end"},
		},
	})
}

func docOf(c table.Info) string {
	parts := []string{}
	if c.Doc != "" {
		parts = append(parts, c.Doc)
	}
	if c.Unit != "" {
		parts = append(parts, "in "+c.Unit)
	}
	if c.Need {
		parts = append(parts, "must not be empty")
	}
	return strings.Join(parts, "; ")
}

var null = &huma.Schema{Type: "null"}

// answered is what a column looks like in an answer: null where there is nothing.
func (r *resource) answered(c table.Info) *huma.Schema {
	s := r.simple(c)
	switch c.Type {
	case table.TypeLink:
		return &huma.Schema{AnyOf: []*huma.Schema{schemaOf[table.Target](r.api), null}}
	case table.TypeLinks:
		return &huma.Schema{Type: "array", Items: schemaOf[table.Target](r.api)}
	case table.TypeObject:
		return &huma.Schema{AnyOf: []*huma.Schema{r.shape(c), null}}
	case table.TypeChoices, table.TypeFlag:
	default:
		s.Nullable = !c.Need
		if s.Nullable && s.Enum != nil {
			s.Enum = append(s.Enum, nil)
		}
	}
	return s
}

// accepted is what may be written to a column. Texts are taken for every type, as they
// stand in forms and files; the schema names the plain form.
func (r *resource) accepted(c table.Info) *huma.Schema {
	s := r.simple(c)
	link := func() *huma.Schema {
		return &huma.Schema{AnyOf: []*huma.Schema{
			{Type: "string", Description: "the identifier, key or name of a " + c.Kind},
			{Type: "object", Required: []string{"id"}, Properties: map[string]*huma.Schema{"id": {Type: "string", Format: "uuid"}}},
			null,
		}}
	}
	switch c.Type {
	case table.TypeLink:
		return link()
	case table.TypeLinks:
		return &huma.Schema{Type: "array", Items: link()}
	case table.TypeObject:
		return &huma.Schema{AnyOf: []*huma.Schema{r.shape(c), {Type: "string"}, null}}
	}
	s.Nullable = true
	if s.Enum != nil {
		s.Enum = append(s.Enum, nil)
	}
	return s
}

func (r *resource) simple(c table.Info) *huma.Schema {
	switch c.Type {
	case table.TypeNumber:
		return &huma.Schema{Type: "number"}
	case table.TypeDay:
		return &huma.Schema{Type: "string", Format: "date"}
	case table.TypeMoment:
		return &huma.Schema{Type: "string", Format: "date-time"}
	case table.TypeFlag:
		return &huma.Schema{Type: "boolean"}
	case table.TypeChoices:
		return &huma.Schema{Type: "array", Items: &huma.Schema{Type: "string"}}
	case table.TypeURL:
		return &huma.Schema{Type: "string", Format: "uri"}
	case table.TypeChoice:
		s := &huma.Schema{Type: "string"}
		for _, o := range r.table.Options(&table.Scope{}, c.Name, 0) {
			s.Enum = append(s.Enum, o.Name)
		}
		return s
	}
	return &huma.Schema{Type: "string"}
}

func (r *resource) shape(c table.Info) *huma.Schema { return r.api.schemas.Schema(c.Shape, true, "") }
