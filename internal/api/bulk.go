package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// written is what a write to many entities did.
type written struct {
	Seq   ledger.Seq `json:"seq" doc:"the commit that it made, to be given to undo; 0 if nothing was different"`
	Count int        `json:"count" doc:"how many entities it was asked about"`
}

// bulk are the operations on many entities of a kind at once. input is the schema of the
// values of one.
func (r *resource) bulk(input *huma.Schema) []operation {
	base := prefix + "/{workspace}/" + r.table.Name()
	label, tags := r.table.Label(), []string{r.table.Label()}
	words := &huma.Schema{Type: "object", AdditionalProperties: &huma.Schema{Type: "array", Items: &huma.Schema{Type: "string"}}}
	which := func() map[string]*huma.Schema {
		return map[string]*huma.Schema{
			"ids":    {Type: "array", Items: &huma.Schema{Type: "string"}, Description: "identifiers or keys of the entities"},
			"filter": {Type: "string", Description: "instead of ids: all that pass this filter, as in the list; an empty text is all"},
			"q":      {Type: "string", Description: "with filter: words that begin words of the title or key"},
		}
	}
	members := which()
	members["set"] = input
	members["add"], members["remove"] = words, words
	body := func(members map[string]*huma.Schema, required ...string) *huma.RequestBody {
		return &huma.RequestBody{Required: true, Content: jsonOf(&huma.Schema{Type: "object", AdditionalProperties: false, Properties: members, Required: required})}
	}
	return []operation{
		{Operation: huma.Operation{
			OperationID: "edit-" + r.table.Name(), Method: http.MethodPatch, Path: base, Tags: tags, Summary: "Edit many: " + label,
			Description: "Writes the same values to many at once, in one commit: all of them or, with an error that names each that refuses, none. " +
				"set writes columns, add and remove change the elements of columns with several values. One undo takes all of it back.",
			Parameters: parameters(workspaceParameter, inParameter), RequestBody: body(members),
			Responses: answers(http.StatusOK, "What was written", schemaOf[written](r.api)),
		}, handle: r.editMany},
		{Operation: huma.Operation{
			OperationID: "delete-" + r.table.Name(), Method: http.MethodPost, Path: base + "/delete", Tags: tags, Summary: "Delete many: " + label,
			Description: "Deletes many at once, in one commit, all or none. One undo brings them back.",
			Parameters:  parameters(workspaceParameter, inParameter, keyParameter), RequestBody: body(which()),
			Responses: answers(http.StatusOK, "What was deleted", schemaOf[written](r.api)),
		}, handle: r.deleteMany},
	}
}

// many is the body of a write to many entities.
type many struct {
	ids    []ledger.ID
	change table.Change
}

func (r *resource) editMany(c *call) (answer, error) {
	m, scope, err := r.many(c, "set", "add", "remove")
	if err != nil {
		return answer{}, err
	}
	if m.change.IsZero() {
		return answer{}, fault.New(fault.Invalid, "say what to write: set, add or remove")
	}
	seq, err := c.Update("edit", func(tx *ledger.Tx) error { return m.change.Apply(tx, scope, r.table, m.ids) })
	if err != nil {
		return answer{}, err
	}
	return encoded(written{seq, len(m.ids)})
}

func (r *resource) deleteMany(c *call) (answer, error) {
	m, _, err := r.many(c)
	if err != nil {
		return answer{}, err
	}
	if c.again {
		return answer{}, fault.New(fault.Conflict, "an earlier request with this Idempotency-Key was cut off; look at the list before you try again with a new key")
	}
	seq, err := c.Update("delete", func(tx *ledger.Tx) error { return table.DeleteAll(tx, r.table, m.ids) })
	if err != nil {
		return answer{}, err
	}
	return encoded(written{seq, len(m.ids)})
}

// many reads the body: which entities, and of the named members what is written to them.
func (r *resource) many(c *call, members ...string) (m many, scope *table.Scope, err error) {
	o, err := c.object(false)
	if err != nil {
		return m, nil, err
	}
	if scope, err = c.Scope(); err != nil {
		return m, nil, err
	}
	var f fault.Fields
	for name, v := range o {
		switch {
		case slices.Contains([]string{"ids", "filter", "q"}, name):
		case !slices.Contains(members, name):
			f.Add(name, "is no member here; there are %s", strings.Join(append([]string{"ids", "filter", "q"}, members...), ", "))
		case name == "set":
			values, ok := v.(map[string]any)
			if !ok {
				f.Add(name, "must be an object with the values of columns")
				continue
			}
			in, err := inputOf(values)
			if err := gather(&f, err); err != nil {
				return m, nil, err
			}
			m.change.Set = in
		case name == "add":
			m.change.Add = elements(&f, name, v)
		case name == "remove":
			m.change.Remove = elements(&f, name, v)
		}
	}
	if m.ids, err = r.chosen(c, scope, o, &f); err != nil {
		return m, nil, err
	}
	return m, scope, f.Err()
}

// elements reads an object of lists of texts.
func elements(f *fault.Fields, name string, v any) map[string][]string {
	columns, ok := v.(map[string]any)
	if !ok {
		f.Add(name, "must be an object with a list of texts for each column")
		return nil
	}
	all := map[string][]string{}
	for column, v := range columns {
		list, ok := v.([]any)
		for _, x := range list {
			text, is := x.(string)
			ok = ok && is
			all[column] = append(all[column], text)
		}
		if !ok {
			f.Add(name+"."+column, "must be a list of texts")
		}
	}
	return all
}

// chosen are the entities that the body names, one by one or by a filter.
func (r *resource) chosen(c *call, scope *table.Scope, o map[string]any, f *fault.Fields) ([]ledger.ID, error) {
	named, byID := o["ids"]
	filter, byFilter := o["filter"]
	words, isText := o["q"].(string)
	if _, there := o["q"]; there && !isText {
		f.Add("q", "must be a text")
	}
	switch {
	case byID == byFilter:
		f.Add("ids", "say which: either ids or filter")
		return nil, nil
	case byID:
		return r.named(scope, named, f), nil
	}
	text, ok := filter.(string)
	if !ok {
		f.Add("filter", "must be a text")
		return nil, nil
	}
	parsed, err := table.ParseFilter(text)
	if err != nil {
		return nil, gather(f, err)
	}
	snapshot, err := c.Snapshot()
	if err != nil {
		return nil, err
	}
	list, err := r.table.List(c.Context(), scope, snapshot, table.Query{Filter: parsed, Text: words})
	if err != nil {
		return nil, gather(f, err)
	}
	ids := make([]ledger.ID, 0, list.Total)
	for _, row := range list.Rows(0, list.Total) {
		ids = append(ids, row.ID())
	}
	return ids, nil
}

func (r *resource) named(scope *table.Scope, v any, f *fault.Fields) []ledger.ID {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		f.Add("ids", "must be a list of identifiers or keys")
		return nil
	}
	ids := make([]ledger.ID, 0, len(list))
	seen := make(map[ledger.ID]bool, len(list))
	for _, x := range list {
		text, ok := x.(string)
		if !ok {
			f.Add("ids", "must be a list of identifiers or keys")
			return nil
		}
		id, err := ledger.ParseID(text)
		if err != nil {
			found, err := scope.Find(r.table.Kind(), text)
			if err != nil {
				f.Add("ids", "there is no %s %q", r.table.One(), text)
				continue
			}
			id = found
		}
		if !seen[id] {
			ids, seen[id] = append(ids, id), true
		}
	}
	return ids
}
