package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Two workspaces on one server, with the same things in them. Every identifier, key and
// cursor of the one, put where the owner of the other may put one, is answered as one that
// does not exist: byte for byte, but for the name itself.
func TestATwinsNamesAreNames(t *testing.T) {
	each(t, func(t *testing.T, options map[string]string) {
		w := newWorld(t, options)
		twin := &someone{}
		*twin = *w.join("twin")
		other := w.found("twin", twin)
		strange := map[string]ledger.ID{} // an entity of each kind, of the first workspace
		for _, tab := range w.Tables.All() {
			if !tab.Only() {
				strange[tab.Kind()] = w.make(tab.Name(), w.people["owner"].actor(), w.public)
			}
		}
		nothing := ledger.NewID(ledger.TimeOf(w.clock.Now()))
		asked := 0
		// same asks about the twin's name and about nothing's, and compares.
		same := func(name string, q func(name string) ask) {
			t.Helper()
			asked++
			a, b := w.send(twin, q(name)), w.send(twin, q(nothing.String()))
			x := strings.ReplaceAll(plain(a.Code, a.Header(), a.Body.String()), url.QueryEscape(name), "id0")
			y := plain(b.Code, b.Header(), b.Body.String())
			x, y = strings.ReplaceAll(x, name, "id0"), strings.ReplaceAll(y, nothing.String(), "id0")
			if x != y {
				t.Errorf("%s %s %v: %s", q(name).method, q(name).path, q(name).json, difference(x, y))
			}
		}
		at := func(ws ledger.ID) ledger.Seq {
			s, err := w.Ledger.At(t.Context(), ws, ledger.System, 0)
			must(t, err)
			return s.Seq()
		}
		w.proposal()
		here, there := at(w.ws), at(other)
		for _, r := range w.Routes() { // in the path
			if !strings.Contains(r.Pattern, "{workspace}") || !strings.Contains(r.Pattern, "{entity}") && !strings.Contains(r.Pattern, "{id}") && !strings.Contains(r.Pattern, "{attachment}") {
				continue
			}
			for kind, id := range strange {
				same(id.String(), func(name string) ask {
					q := ask{method: r.Method, path: strings.Replace(fill(r.Pattern, name), "/"+slug+"/", "/twin/", 1)}
					if column := map[string]string{"person": "name", "team": "name"}[kind]; column != "" {
						q.path = strings.Replace(q.path, "/field/title", "/field/"+column, 1)
					}
					if api(q.path) && (r.Method == http.MethodPost || r.Method == http.MethodPatch) {
						q.json = map[string]any{}
					} else if r.Method == http.MethodPost {
						q.form = url.Values{}
					}
					return q
				})
			}
		}
		for _, tab := range w.Tables.All() { // in filters and in every link of every body
			base := "/api/v1/twin/" + tab.Name()
			for _, c := range tab.Columns(nil) {
				id, link := strange[c.Kind]
				if !link {
					continue
				}
				same(id.String(), func(name string) ask { return get(base + "?filter=" + url.QueryEscape(c.Name+" = "+name)) })
				if !c.Writable {
					continue
				}
				for _, value := range []func(string) any{
					func(n string) any { return n },
					func(n string) any { return map[string]any{"id": n} },
					func(n string) any { return []any{n} },
				} {
					if list := c.Type == table.TypeLinks; list != (fmt.Sprintf("%T", value("x")) == "[]interface {}") {
						continue
					}
					same(id.String(), func(name string) ask {
						return ask{method: http.MethodPost, path: base, json: map[string]any{"title": "x", "name": "x", c.Name: value(name)}}
					})
				}
			}
		}
		for _, path := range []string{"/api/v1/twin/features", "/w/twin/features", "/api/v1/twin/settings"} {
			same(w.proposal().String(), func(name string) ask { return get(path + "?in=" + name) })
		}
		for field, names := range map[string]map[string]ledger.ID{ // in forms
			"view": {"/w/twin/features/views/remove": strange["view"]},
			"id": {
				"/w/twin/members/role": strange["membership"], "/w/twin/members/remove": strange["membership"], "/w/twin/members/uninvite": w.invite().ID,
				"/account/sessions/end": w.sessionOf(w.people["owner"]), "/account/tokens/revoke": w.tokenOf(w.people["owner"]),
			},
		} {
			for path, id := range names {
				same(id.String(), func(name string) ask {
					return ask{method: http.MethodPost, path: path, form: url.Values{field: {name}}}
				})
			}
		}
		if answer := w.send(w.people["owner"], get("/account")); answer.Code != http.StatusOK { // to end a session that is none is no failure
			t.Error("the twin has ended the session of somebody else")
		}
		same(slug, func(name string) ask { return get("/api/v1/" + name + "/features") })
		same(w.ws.String(), func(name string) ask { return get("/api/v1/" + name + "/features") })
		if at(w.ws) != here || at(other) != there {
			t.Error("something was taken: a workspace has changed")
		}
		// a cursor is a place in a list of one's own: it shows nothing of the other's
		w.make("features", ledger.System, w.public)
		var page struct{ Next string }
		must(t, json.Unmarshal(w.send(w.people["owner"], get("/api/v1/"+slug+"/features?limit=1")).Body.Bytes(), &page))
		answer := w.send(twin, get("/api/v1/twin/features?limit=1&after="+page.Next))
		if body := answer.Body.String(); page.Next == "" || strings.Contains(body, "OP-") || !regexp.MustCompile(`"items":\[\]|"status":422`).MatchString(body) {
			t.Errorf("the cursor %q of the twin is answered with %d %s", page.Next, answer.Code, body)
		}
		t.Logf("%d names", asked)
	})
}
