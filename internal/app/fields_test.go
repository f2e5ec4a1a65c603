package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
)

// Nothing but the columns that can be written is ever written, whatever is sent along: not
// what the kernel keeps, not what is computed, not what does not exist.
func TestOnlyListedFieldsAreWritten(t *testing.T) {
	w := newWorld(t, engines["sqlite"](t))
	boss := w.people["owner"]
	w.grant(boss, owner, ledger.ID{})
	feature := w.make("features", boss.actor(), w.public).String()
	for _, tab := range w.Tables.All() {
		base := "/api/v1/" + slug + "/" + tab.Name()
		at := base
		if !tab.Only() {
			at += "/" + w.make(tab.Name(), boss.actor(), w.public).String()
		}
		before := w.send(boss, get(at)).Body.String()
		var row map[string]any
		must(t, json.Unmarshal([]byte(before), &row))
		for _, name := range []string{ // of the kernel's documents, of the journal, of other kinds, of nothing
			"former_keys", "created_by", "updated_by", "born", "seq", "at", "actor", "branch", "workspace", "workspace_id", "kind", "schema", "rest", "meta", "Meta", "ID", "Title",
			"custom_people", "custom.nothing", "password", "admin", "scope", "", "__proto__", "id.x", "title.x",
		} {
			row[name] = "x"
		}
		var refused []string
		for name, value := range row {
			if c, ok := tab.Column(nil, name); ok && c.Writable || name == "custom" {
				continue
			}
			refused = append(refused, name)
			values := []any{value, "x", 99, nil, map[string]any{}, []any{"x"}, w.private.String()}
			for _, v := range values {
				asks := []ask{{method: http.MethodPatch, path: at, json: map[string]any{name: v}}}
				switch {
				case tab.Name() == "attachments":
					sent := url.Values{"kind": {"feature"}, "about": {feature}, "name": {"a.txt"}}
					sent.Add(name, fmt.Sprint(v))
					asks = append(asks, ask{method: http.MethodPost, path: base + "?" + sent.Encode(), raw: "content"})
				case !tab.Only():
					in := jsonOf(w.values(tab.Name(), w.public))
					in[name] = v
					asks = append(asks, ask{method: http.MethodPost, path: base, json: in})
				}
				for _, q := range asks {
					position := w.position()
					answer := w.send(boss, q)
					if answer.Code != http.StatusUnprocessableEntity {
						t.Errorf("%s %s with %q = %v is answered with %d %s", q.method, tab.Name(), name, v, answer.Code, answer.Body)
					}
					if w.position() != position {
						t.Errorf("%s %s with %q = %v has changed something", q.method, tab.Name(), name, v)
					}
				}
			}
			if !slices.ContainsFunc(w.Routes(), func(r web.Route) bool { return r.Pattern == "/w/{workspace}/"+tab.Name()+"/{entity}/edit" }) {
				continue
			}
			column, value := w.edits(tab.Name())
			page := "/w/" + slug + at[len("/api/v1/"+slug):]
			for _, path := range []string{page + "/edit", page + "/field/" + column, page + "/field/" + url.PathEscape(name), "/w/" + slug + "/" + tab.Name()} {
				if name == "" && path == page+"/field/" {
					continue
				}
				if answer := w.send(boss, ask{method: http.MethodPost, path: path, form: url.Values{name: {"x"}, column: {value}}}); answer.Code < 400 {
					t.Errorf("a form of %s with %q is answered with %d at %s", tab.Name(), name, answer.Code, path)
				}
			}
		}
		if after := w.send(boss, get(at)).Body.String(); after != before {
			t.Errorf("%s: %s", tab.Name(), difference(before, after))
		}
		for _, must := range []string{"id", "version"} {
			if !slices.Contains(refused, must) {
				t.Errorf("%s: %s was not tried, only %v", tab.Name(), must, slices.Sorted(maps.Keys(row)))
			}
		}
	}
}
