package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// foreign are the ways in which another site can make a browser send something with the
// cookie of a session, by the headers that tell.
var foreign = map[string]map[string]string{
	"another site":                    {"Sec-Fetch-Site": "cross-site"},
	"another host of the same site":   {"Sec-Fetch-Site": "same-site"},
	"another site, older browser":     {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
	"a sandbox":                       {"Sec-Fetch-Site": "", "Origin": "null"},
	"nowhere, with a session":         {"Sec-Fetch-Site": ""},
	"another site that overrides":     {"Sec-Fetch-Site": "cross-site", "X-HTTP-Method-Override": "GET"},
	"another site as text/plain":      {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
	"another site as multipart":       {"Sec-Fetch-Site": "cross-site", "Content-Type": "multipart/form-data; boundary=x"},
	"another site that claims ours":   {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
	"another site with a script's go": {"Sec-Fetch-Site": "cross-site", "HX-Request": "true"},
}

func TestNoWriteComesFromAnotherSite(t *testing.T) {
	w := newWorld(t, engines["sqlite"](t))
	owner := w.people["owner"]
	feature := w.make("features", ledger.System, w.public).String()
	at := w.position()
	for _, r := range w.Routes() {
		path := fill(r.Pattern, feature)
		if r.Method == http.MethodGet { // a reading address does not become a writing one
			for _, method := range []string{"POST", "PATCH", "DELETE"} {
				q := ask{method: http.MethodGet, path: path + "?_method=" + method, header: map[string]string{"X-HTTP-Method-Override": method, "Sec-Fetch-Site": "cross-site"}}
				w.send(owner, q)
			}
			continue
		}
		for from, header := range foreign {
			q := ask{method: r.Method, path: path, form: url.Values{"title": {"x"}, "name": {"x"}}, header: header}
			if api(path) {
				q.form, q.json = nil, map[string]any{"title": "x"}
			}
			if answer := w.send(owner, q); answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), "another site") {
				t.Errorf("%s %s from %s is answered with %d", r.Method, r.Pattern, from, answer.Code)
			}
		}
	}
	if now := w.position(); now != at {
		t.Errorf("the workspace went from %d to %d", at, now)
	}
	if answer := w.send(owner, get("/account")); answer.Code != http.StatusOK {
		t.Error("the session has ended")
	}
}

// fill puts an entity into the address of a pattern.
func fill(pattern, id string) string {
	return strings.NewReplacer("{workspace}", slug, "{entity}", id, "{id}", id, "{import}", id, "{attachment}", id, "{column}", "title",
		"{secret}", "x", "{version}", "x", "{name...}", "x", "{$}", "").Replace(pattern)
}
