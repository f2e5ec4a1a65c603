package api

import (
	"encoding/json"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/api/problem"
	"github.com/throughline-pm/throughline/internal/web"
)

//go:generate go tool templ generate

// document is the description of the interface: by OpenAPI 3.1 in both of its spellings,
// and for people.
type document struct {
	json, yaml []byte
	sections   []section
}

// section is the operations of one resource.
type section struct {
	ID, Name   string
	Operations []*huma.Operation
}

// description is what the document says of the whole.
const description = "Every kind of entity is a resource of a workspace: list, create, read, edit, delete, history. " +
	"Each read takes at (a past moment) or in (a proposal), each write takes in. " +
	"Failures are application/problem+json and name every faulty field at once. " +
	"A position in the header Throughline-Position of an answer to a write, sent back with a read, makes the read wait for that write on every server."

// describe makes the document of the operations.
func (a *API) describe() (d document, err error) {
	all := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Throughline", Version: strings.TrimPrefix(prefix, "/api/"), Description: description},
		Components: &huma.Components{
			Schemas: a.schemas,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"token":   {Type: "http", Scheme: "bearer", Description: "an API token, made on the account page"},
				"session": {Type: "apiKey", In: "cookie", Name: "__Host-throughline", Description: "the session of a browser"},
			},
		},
		Security: []map[string][]string{{"token": {}}, {"session": {}}},
	}
	failure := &huma.Response{
		Description: "It failed: RFC 9457",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schemaOf[problem.Problem](a)}},
	}
	for i := range a.operations {
		o := &a.operations[i].Operation
		o.Responses["default"] = failure
		all.AddOperation(o)
		name := o.Tags[0]
		at := slices.IndexFunc(d.sections, func(s section) bool { return s.Name == name })
		if at < 0 {
			at = len(d.sections)
			d.sections = append(d.sections, section{ID: strings.ToLower(strings.ReplaceAll(name, " ", "-")), Name: name})
			all.Tags = append(all.Tags, &huma.Tag{Name: name})
		}
		d.sections[at].Operations = append(d.sections[at].Operations, o)
	}
	if d.json, err = json.Marshal(all); err != nil {
		return d, err
	}
	d.yaml, err = all.YAML()
	return d, err
}

// routes serve the document to everybody: it says nothing of what a workspace holds.
func (d document) routes() []web.Route {
	serve := func(name, media string, body []byte) web.Route {
		etag := tag(1, body)
		return web.Route{Method: http.MethodGet, Pattern: prefix + "/" + name, Who: web.Anyone, Tokens: true, Handle: func(q *web.Request) error {
			h := q.W.Header()
			h.Set("ETag", etag)
			if matches(q.R.Header.Get("If-None-Match"), etag) {
				q.W.WriteHeader(http.StatusNotModified)
				return nil
			}
			h.Set("Content-Type", media)
			_, err := q.W.Write(body)
			return err
		}}
	}
	return []web.Route{
		{Method: http.MethodGet, Pattern: prefix + "/{$}", Who: web.Anyone, Tokens: true, Handle: func(q *web.Request) error {
			return q.Door(web.Door{Title: "The API", Wide: true}, reference(description, d.sections))
		}},
		serve("openapi.json", "application/vnd.oai.openapi+json;version=3.1", d.json),
		serve("openapi.yaml", "application/vnd.oai.openapi;version=3.1", d.yaml),
	}
}

// schemaPrefix begins references to schemas.
const schemaPrefix = "#/components/schemas/"

// schemaName names the schema of a Go type: those of other rooms begin with their room,
// since kinds of entities have the plain names.
func schemaName(t reflect.Type, _ string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	name, room := capital(t.Name()), capital(path.Base(t.PkgPath()))
	if room == "Api" || room == name {
		return name
	}
	return room + name
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// schemaOf returns a reference to the schema of a Go type.
func schemaOf[T any](a *API) *huma.Schema { return a.schemas.Schema(reflect.TypeFor[T](), true, "") }

func jsonOf(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s}}
}

// answers are the answer of a success; failures are the same everywhere.
func answers(status int, doc string, s *huma.Schema) map[string]*huma.Response {
	r := &huma.Response{Description: doc}
	if s != nil {
		r.Content = jsonOf(s)
		r.Headers = map[string]*huma.Param{"ETag": {Description: "names this body; its part before the point is the version", Schema: &huma.Schema{Type: "string"}}}
	}
	return map[string]*huma.Response{strconv.Itoa(status): r}
}

func parameters(all ...huma.Param) []*huma.Param {
	out := make([]*huma.Param, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out
}

func query(name, doc string) huma.Param {
	return huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: "string"}}
}

func header(name, doc string) huma.Param {
	return huma.Param{Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: "string"}}
}

func inPath(name, doc string) huma.Param {
	return huma.Param{Name: name, In: "path", Required: true, Description: doc, Schema: &huma.Schema{Type: "string"}}
}

var (
	workspaceParameter = inPath("workspace", "the slug of the workspace")
	atParameter        = query("at", "a past moment: a day, as 2026-03-03 for its end in the workspace's time zone, or a position, as @1842")
	inParameter        = query("in", "a proposal by its key, as P-7, or identifier: the workspace as it would be with it")
	columnsParameter   = query("columns", "the columns of the answer, with commas between them")
	afterParameter     = query("after", "the cursor of the page before, which it gives as next")
	keyParameter       = header("Idempotency-Key", "makes the request happen once: the same key with the same request gets the same answer for 24 hours")
	ifMatchParameter   = header("If-Match", "refuses with 409 if the entity has another version than this ETag; without it the last writer wins, field by field")
	ifNoneParameter    = header("If-None-Match", "answers 304 if the body has this ETag")
	limitParameter     = huma.Param{
		Name: "limit", In: "query", Description: "how many items the page has",
		Schema: &huma.Schema{Type: "integer", Minimum: new(float64(1)), Maximum: new(float64(maxLimit)), Default: defaultLimit},
	}
)
