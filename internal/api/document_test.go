package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/web"
)

// object returns the member of a decoded JSON object that the path names.
func object(t *testing.T, o any, path ...string) map[string]any {
	t.Helper()
	for _, p := range path {
		m, ok := o.(map[string]any)
		if !ok || m[p] == nil {
			t.Fatalf("the document has no %s", strings.Join(path, "."))
		}
		o = m[p]
	}
	m, ok := o.(map[string]any)
	if !ok {
		t.Fatalf("%s is no object", strings.Join(path, "."))
	}
	return m
}

// eachNode calls f with every object of a JSON document and where it stands.
func eachNode(at string, v any, f func(at string, o map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(at, v)
		for name, x := range v {
			eachNode(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), x, f)
		}
	case []any:
		for i, x := range v {
			eachNode(fmt.Sprintf("%s/%d", at, i), x, f)
		}
	}
}

// resolve returns what a reference inside the document leads to.
func resolve(doc map[string]any, ref string) (any, bool) {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, false
	}
	var at any = doc
	for part := range strings.SplitSeq(path, "/") {
		o, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = o[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]; !ok {
			return nil, false
		}
	}
	return at, true
}

func readDocument(t *testing.T, w *world) map[string]any {
	t.Helper()
	nobody := &client{w: w}
	var doc map[string]any
	nobody.get("openapi.json").want(200).into(&doc)
	return doc
}

func TestTheDocumentIsWhole(t *testing.T) {
	w := newWorld(t, nil)
	doc := readDocument(t, w)
	if doc["openapi"] != "3.1.0" || object(t, doc, "info")["title"] != "Throughline" {
		t.Errorf("head = %v %v", doc["openapi"], doc["info"])
	}
	refs := 0
	eachNode("#", doc, func(at string, o map[string]any) {
		ref, ok := o["$ref"].(string)
		if !ok {
			return
		}
		refs++
		if _, ok := resolve(doc, ref); !ok {
			t.Errorf("%s leads nowhere: %s", at, ref)
		}
	})
	if refs < 50 {
		t.Errorf("the document has %d references only", refs)
	}
	ids := map[string]bool{}
	for path, item := range object(t, doc, "paths") {
		for method, v := range item.(map[string]any) {
			o := v.(map[string]any)
			id, _ := o["operationId"].(string)
			if id == "" || ids[id] || o["summary"] == "" {
				t.Errorf("%s %s is called %q", method, path, id)
			}
			ids[id] = true
			responses := object(t, o, "responses")
			failure := object(t, responses, "default", "content")
			if len(responses) != 2 || failure["application/problem+json"] == nil {
				t.Errorf("%s has responses %v", id, slices.Sorted(maps.Keys(responses)))
			}
			named := map[string]bool{}
			params, _ := o["parameters"].([]any)
			for _, p := range params {
				p := p.(map[string]any)
				if p["in"] == "path" {
					named[p["name"].(string)] = true
					if p["required"] != true || !strings.Contains(path, "{"+p["name"].(string)+"}") {
						t.Errorf("%s: path parameter %v", id, p)
					}
				}
				if p["description"] == "" || p["schema"] == nil {
					t.Errorf("%s: parameter %v says nothing", id, p["name"])
				}
			}
			if n := strings.Count(path, "{"); n != len(named) {
				t.Errorf("%s: %s has %d places and %v are declared", id, path, n, named)
			}
		}
	}
}

func TestTheDocumentHasEveryRouteAndNoOther(t *testing.T) {
	w := newWorld(t, nil)
	have := map[string]bool{}
	for path, item := range object(t, readDocument(t, w), "paths") {
		for method := range item.(map[string]any) {
			have[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, r := range w.Routes {
		if !strings.HasPrefix(r.Pattern, "/api/") || strings.HasPrefix(r.Pattern, "/api/v1/openapi.") || r.Pattern == "/api/v1/{$}" {
			continue
		}
		if name := r.Method + " " + r.Pattern; !have[name] {
			t.Errorf("%s is not in the document", name)
		} else {
			delete(have, name)
		}
		if !r.Tokens || r.Who < web.SignedIn {
			t.Errorf("%s %s is for %v", r.Method, r.Pattern, r.Who)
		}
	}
	for name := range have {
		t.Errorf("%s is in the document and no route", name)
	}
}

func TestSchemasFollowFromColumns(t *testing.T) {
	w := newWorld(t, nil)
	doc := readDocument(t, w)
	for _, tb := range w.Tables.All() {
		name := strings.ToUpper(tb.One()[:1]) + tb.One()[1:]
		read, write := object(t, doc, "components", "schemas", name, "properties"), object(t, doc, "components", "schemas", name+"Input", "properties")
		for _, c := range tb.Columns(nil) {
			property, ok := read[c.Name].(map[string]any)
			if !ok {
				t.Errorf("%s has no %s", name, c.Name)
				continue
			}
			if (property["readOnly"] == true) == c.Writable {
				t.Errorf("%s.%s: readOnly is %v", name, c.Name, property["readOnly"])
			}
			if _, ok := write[c.Name]; ok != c.Writable {
				t.Errorf("%sInput.%s: there %v, can be written %v", name, c.Name, ok, c.Writable)
			}
		}
	}
	priority := object(t, doc, "components", "schemas", "Feature", "properties", "priority")
	if fmt.Sprint(priority["enum"]) != "[urgent high medium low <nil>]" {
		t.Errorf("priority is one of %v", priority["enum"])
	}
	if object(t, doc, "components", "schemas", "Feature", "properties")["custom"] == nil {
		t.Error("a feature has no custom fields")
	}
}

func TestTheDocumentStandsInYAMLToo(t *testing.T) {
	w := newWorld(t, nil)
	r := (&client{w: w}).get("openapi.yaml").want(200)
	if !strings.Contains(string(r.body), "openapi: 3.1.0") || !strings.Contains(string(r.body), "/api/v1/{workspace}/features:") {
		t.Errorf("%.300s", r.body)
	}
	json := (&client{w: w}).get("openapi.json").want(200)
	(&client{w: w}).get("openapi.json", "If-None-Match", json.header.Get("ETag")).want(304)
}

func TestTheDocumentIsReadByPeopleToo(t *testing.T) {
	w := newWorld(t, nil)
	r := (&client{w: w}).get("", "Accept", "text/html").want(200)
	text := string(r.body)
	for path, item := range object(t, readDocument(t, w), "paths") {
		for method := range item.(map[string]any) {
			if !strings.Contains(text, "<code>"+strings.ToUpper(method)+" "+path+"</code>") {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	if strings.Contains(text, " style=") || strings.Contains(text, "https://") {
		t.Error("the page has inline styles or leads elsewhere")
	}
}

// TestAnswersAreAsDescribed holds what the server answers against the schemas of the
// document: no member that is not described, and each of a described type.
func TestAnswersAreAsDescribed(t *testing.T) {
	w := newWorld(t, nil)
	doc := readDocument(t, w)
	objective := w.owner.post("fieldbook/objectives", `{"title":"Fewer visits"}`).want(201).entity()
	w.owner.post("fieldbook/features", `{"title":"Sync","objective":"`+objective.text("id")+`","effort":"3","value":"1/2/3","tags":["a"],"target":"2026-06-01","priority":"low","links":"https://example.com"}`).want(201)
	for _, tb := range w.Tables.All() {
		var items []any
		if tb.Only() {
			items = []any{map[string]any(w.owner.get("fieldbook/" + tb.Name()).want(200).entity())}
		} else {
			var p struct{ Items []any }
			w.owner.get("fieldbook/" + tb.Name()).want(200).into(&p)
			items = p.Items
		}
		name := strings.ToUpper(tb.One()[:1]) + tb.One()[1:]
		schema := object(t, doc, "components", "schemas", name)
		for _, e := range items {
			if err := fits(doc, schema, e); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// fits reports why a value does not fit a schema, for the parts of JSON Schema that the
// document uses.
func fits(doc, schema map[string]any, v any) error {
	if ref, ok := schema["$ref"].(string); ok {
		to, _ := resolve(doc, ref)
		return fits(doc, to.(map[string]any), v)
	}
	if any, ok := schema["anyOf"].([]any); ok {
		var first error
		for _, s := range any {
			err := fits(doc, s.(map[string]interface{}), v)
			if err == nil {
				return nil
			}
			if first == nil {
				first = err
			}
		}
		return first
	}
	types := []any{schema["type"]}
	if several, ok := schema["type"].([]any); ok {
		types = several
	}
	is := map[string]bool{}
	switch x := v.(type) {
	case nil:
		is["null"] = true
	case bool:
		is["boolean"] = true
	case string:
		is["string"] = true
	case float64:
		is["number"], is["integer"] = true, x == float64(int64(x))
	case []any:
		is["array"] = true
	case map[string]any:
		is["object"] = true
	}
	if schema["type"] != nil && !slices.ContainsFunc(types, func(t any) bool { return is[t.(string)] }) {
		b, _ := json.Marshal(v)
		return fmt.Errorf("%s is no %v", b, types)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%v is none of %v", v, enum)
	}
	switch v := v.(type) {
	case []any:
		items, ok := schema["items"].(map[string]any)
		for _, x := range v {
			if !ok {
				break
			}
			if err := fits(doc, items, x); err != nil {
				return err
			}
		}
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, x := range v {
			s, ok := properties[name].(map[string]any)
			switch {
			case !ok && schema["additionalProperties"] == false:
				return fmt.Errorf("has a member %s that nothing describes", name)
			case ok:
				if err := fits(doc, s, x); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				return fmt.Errorf("has no %s", name)
			}
		}
	}
	return nil
}
