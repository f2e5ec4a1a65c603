package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

// probes are routes that fail and show in every way there is.
func probes(*web.Kit) []web.Route {
	route := func(method, pattern string, who web.Who, handle func(*web.Request) error) web.Route {
		return web.Route{Method: method, Pattern: pattern, Who: who, Handle: handle}
	}
	fail := func(err error) func(*web.Request) error { return func(*web.Request) error { return err } }
	routes := []web.Route{
		route("GET", "/probe/panic", web.Anyone, func(*web.Request) error { panic("canary in a panic") }),
		route("GET", "/probe/internal", web.Anyone, fail(errors.New("canary in an error"))),
		route("GET", "/probe/member/{workspace}", web.Member, func(q *web.Request) error {
			s, err := q.Snapshot()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(q.W, "position %d past %v name %s", s.Seq(), q.Past(), access.SettingsOf(s).Name)
			return err
		}),
		route("POST", "/probe/rename/{workspace}", web.Admin, func(q *web.Request) error {
			f, err := q.Form("name", "tag*")
			if err != nil {
				return err
			}
			seq, err := q.Update("rename", func(tx *ledger.Tx) error {
				return access.Workspaces.Edit(tx, access.SettingsOf(tx).ID, func(w *access.Workspace) error {
					w.Name = f.Values.Get("name")
					return nil
				})
			})
			if err != nil {
				return err
			}
			q.Said("Renamed", seq)
			return q.Redirect(q.Path("find"))
		}),
		route("POST", "/probe/part/{workspace}", web.Member, func(q *web.Request) error {
			q.Said("Moved to 4.2", 7)
			return q.Fragment(ui.Text("the part"))
		}),
		route("GET", "/probe/server", web.ServerAdmin, fail(nil)),
		{Method: "POST", Pattern: "/probe/large", Who: web.Anyone, Limit: 4 << 20, Handle: func(q *web.Request) error {
			_, err := q.Form("x")
			return err
		}},
		{Method: "GET", Pattern: "/probe/token", Who: web.SignedIn, Tokens: true, Handle: fail(nil)},
		{Method: "POST", Pattern: "/probe/token", Who: web.SignedIn, Tokens: true, Handle: fail(nil)},
	}
	for _, kind := range []fault.Kind{fault.NotFound, fault.Invalid, fault.Conflict, fault.Forbidden, fault.TooMany, fault.TooLarge, fault.Unavailable, fault.Unauthenticated} {
		err := &fault.Error{Kind: kind, Message: "because " + string(kind), After: time.Minute, Cause: errors.New("canary in a cause")}
		routes = append(routes, route("GET", "/probe/"+string(kind), web.Anyone, fail(err)))
	}
	return routes
}

// address returns one that a pattern fits.
func address(pattern string) string {
	return strings.NewReplacer("{workspace}", "fieldbook", "{$}", "", "{secret}", "unknown", "{version}", "1", "{name...}", "app.css").Replace(pattern)
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	nobody, owner := s.Client(t, access.Account{}), s.Client(t, s.Owner)
	nonces := map[string]bool{}
	check := func(method, path string, r *http.Response) {
		t.Helper()
		h := r.Header
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{
			"default-src 'none'", "script-src 'nonce-", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'",
			"require-trusted-types-for 'script'", "trusted-types htmx",
		} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s %s (%d): the policy lacks %s: %q", method, path, r.StatusCode, part, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s %s: the policy has a hole: %s", method, path, csp)
		}
		if nonces[csp] {
			t.Errorf("%s %s: the nonce was used before", method, path)
		}
		nonces[csp] = true
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if h.Get(name) != want {
				t.Errorf("%s %s (%d): %s is %q", method, path, r.StatusCode, name, h.Get(name))
			}
		}
		if !strings.HasPrefix(path, "/assets/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s (%d): may be kept: %q", method, path, r.StatusCode, h.Get("Cache-Control"))
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s %s: HSTS over plain HTTP", method, path)
		}
		if h.Get("X-Request-Id") == "" {
			t.Errorf("%s %s: the request has no name", method, path)
		}
	}
	known := map[string]bool{}
	for _, route := range s.Routes {
		known[route.Method+route.Pattern] = true
		known["HEAD"+route.Pattern] = known["HEAD"+route.Pattern] || route.Method == "GET"
	}
	for _, route := range s.Routes {
		path := address(route.Pattern)
		for _, method := range []string{"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
			for _, c := range []*http.Client{nobody, owner} {
				r, body := s.Do(t, c, method, path, url.Values{})
				check(method, path, r)
				if r.StatusCode == http.StatusOK && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") && method != "HEAD" {
					structure(t, path, body)
				}
				if !known[method+route.Pattern] && r.StatusCode != http.StatusMethodNotAllowed {
					t.Errorf("%s %s is answered with %d", method, path, r.StatusCode)
				}
			}
			s.Clock.Move(time.Minute) // limits are another test
		}
	}
	for _, path := range []string{"/nothing", "/w/unknown/find", "/assets/1/none.css", "/w/fieldbook/find?q=1&q=2", "/../etc/passwd", "//double"} {
		r, _ := s.Get(t, owner, path)
		check("GET", path, r)
		if r.StatusCode < 300 {
			t.Errorf("GET %s is answered with %d", path, r.StatusCode)
		}
	}
}

// forbidden is markup that the policy would refuse.
var forbidden = regexp.MustCompile(`<[^>]*\s(style|on[a-z]+)="|<script(>| [^>]*>)[^<]`)

// structure checks what every page has, and what none has.
func structure(t *testing.T, path, body string) {
	t.Helper()
	for part, n := range map[string]int{"<!doctype html>": 1, `<html lang="en"`: 1, "<title>": 1, `<main id="main"`: 1, "<h1": 1, `href="#main"`: 1, `aria-live="polite"`: 1} {
		if got := strings.Count(body, part); got != n && !(part == "<h1" && path == "/_gallery") {
			t.Errorf("%s has %s %d times, want %d", path, part, got, n)
		}
	}
	if found := forbidden.FindString(body); found != "" {
		t.Errorf("%s holds %s", path, found)
	}
}

func TestTRACEIsOff(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	r := httptest.NewRequest("TRACE", "/login", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
	w := httptest.NewRecorder()
	s.Server.Config.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("TRACE is answered with %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

// Every write refuses what another site makes a browser send, whatever form it has and
// whether or not somebody is signed in.
func TestWritesFromOtherSites(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	owner := s.Client(t, s.Owner)
	from := map[string]struct {
		header  []string
		refused bool
	}{
		"another site":                  {[]string{"Sec-Fetch-Site", "cross-site"}, true},
		"a neighbouring host":           {[]string{"Sec-Fetch-Site", "same-site"}, true},
		"another origin, old browser":   {[]string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, true},
		"no origin, sandboxed":          {[]string{"Sec-Fetch-Site", "", "Origin", "null"}, true},
		"another site that claims ours": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", s.Server.URL}, true},
		"our page":                      {[]string{"Sec-Fetch-Site", "same-origin"}, false},
		"the address bar":               {[]string{"Sec-Fetch-Site", "none"}, false},
		"our page, old browser":         {[]string{"Sec-Fetch-Site", "", "Origin", s.Server.URL}, false},
	}
	encodings := []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/json", ""}
	for _, route := range s.Routes {
		if route.Method == "GET" {
			continue
		}
		r, body := s.Do(t, owner, route.Method, address(route.Pattern), url.Values{}, "Sec-Fetch-Site", "") // a session that says nothing
		if r.StatusCode != http.StatusForbidden || !strings.Contains(body, "another site") {
			t.Errorf("%s %s from nowhere is answered with %d", route.Method, route.Pattern, r.StatusCode)
		}
		for name, f := range from {
			for _, encoding := range encodings {
				r, body := s.Do(t, owner, route.Method, address(route.Pattern), url.Values{}, append([]string{"Content-Type", encoding}, f.header...)...)
				s.Clock.Move(time.Minute)
				refused := r.StatusCode == http.StatusForbidden && strings.Contains(body, "another site")
				if refused != f.refused {
					t.Errorf("%s %s from %s as %q is answered with %d", route.Method, route.Pattern, name, encoding, r.StatusCode)
				}
			}
		}
		if route.Pattern == "/logout" { // it works when we send it; the session is over then
			owner = s.Client(t, s.Owner)
		}
		r, _ = s.Do(t, owner, "GET", address(route.Pattern)+"?_method="+route.Method, nil, "X-HTTP-Method-Override", route.Method, "Sec-Fetch-Site", "cross-site")
		if r.StatusCode == http.StatusSeeOther && r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s %s can be reached by GET with an override", route.Method, route.Pattern)
		}
		s.Clock.Move(time.Minute)
	}
}

func TestFailuresAreToldOnce(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	c := s.Client(t, s.Owner)
	for kind, status := range map[fault.Kind]int{
		fault.NotFound: 404, fault.Invalid: 422, fault.Conflict: 409, fault.Forbidden: 403, fault.TooMany: 429, fault.TooLarge: 413, fault.Unavailable: 503,
	} {
		path := "/probe/" + string(kind)
		r, body := s.Get(t, c, path)
		if r.StatusCode != status || !strings.Contains(body, "Because "+string(kind)) || !strings.Contains(body, `href="/assets/`) {
			t.Errorf("%s as a page: %d\n%s", kind, r.StatusCode, body)
		}
		if r.Header.Get("Retry-After") != "60" {
			t.Errorf("%s: Retry-After is %q", kind, r.Header.Get("Retry-After"))
		}
		r, problem := s.Do(t, c, "GET", path, nil, "Accept", "application/json")
		if r.StatusCode != status || r.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(problem, `"kind":"`+string(kind)+`"`) {
			t.Errorf("%s as a problem: %d %s", kind, r.StatusCode, problem)
		}
		r, toast := s.Do(t, c, "GET", path, nil, "HX-Request", "true")
		if r.StatusCode != status || r.Header.Get("HX-Retarget") != "#toasts" || strings.Contains(toast, "<html") {
			t.Errorf("%s as a fragment: %d %v %s", kind, r.StatusCode, r.Header, toast)
		}
		if strings.Contains(body+problem+toast, "canary") {
			t.Errorf("%s tells its cause", kind)
		}
	}
	for _, path := range []string{"/probe/panic", "/probe/internal"} {
		for _, accept := range []string{"text/html", "application/json", ""} {
			r, body := s.Do(t, c, "GET", path, nil, "Accept", accept)
			id := r.Header.Get("X-Request-Id")
			if r.StatusCode != 500 || !strings.Contains(body, id) || strings.Contains(body, "canary") || strings.Contains(body, ".go") {
				t.Errorf("%s as %q: %d\n%s", path, accept, r.StatusCode, body)
			}
			if !strings.Contains(s.Logged.String(), id) {
				t.Errorf("%s: request %s is not in the log", path, id)
			}
		}
	}
	if !strings.Contains(s.Logged.String(), "canary in a panic") || !strings.Contains(s.Logged.String(), "canary in an error") {
		t.Error("the log lacks the cause")
	}
}

func TestWhoMayUseARoute(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	people := map[string]*http.Client{
		"nobody": s.Client(t, access.Account{}), "stranger": s.Client(t, s.Account(t, "Stranger", access.Nobody)),
		"viewer": s.Client(t, s.Account(t, "Vera", access.Viewer)), "admin": s.Client(t, s.Account(t, "Ada", access.Admin)), "owner": s.Client(t, s.Owner),
	}
	want := map[string]map[string]int{ // the owner administers the server too
		"GET /probe/member/fieldbook":  {"nobody": 303, "stranger": 404, "viewer": 200, "admin": 200, "owner": 200},
		"GET /probe/member/unknown":    {"nobody": 303, "stranger": 404, "viewer": 404, "admin": 404, "owner": 404},
		"POST /probe/rename/fieldbook": {"nobody": 401, "stranger": 404, "viewer": 403, "admin": 303, "owner": 303},
		"GET /probe/server":            {"nobody": 303, "stranger": 403, "viewer": 403, "admin": 403, "owner": 200},
		"GET /account":                 {"nobody": 303, "stranger": 200, "viewer": 200, "admin": 200, "owner": 200},
		"GET /login":                   {"nobody": 200, "stranger": 303, "viewer": 303, "admin": 303, "owner": 303},
	}
	bodies := map[string]string{}
	for request, by := range want {
		method, path, _ := strings.Cut(request, " ")
		for name, status := range by {
			form := url.Values(nil)
			if method == "POST" {
				form = url.Values{"name": {"Fieldbook"}}
			}
			r, body := s.Do(t, people[name], method, path, form)
			if r.StatusCode != status {
				t.Errorf("%s by %s: %d, want %d", request, name, r.StatusCode, status)
			}
			bodies[name+" "+path] = body
			if status == 303 && name == "nobody" && !strings.HasPrefix(r.Header.Get("Location"), "/login?next=") {
				t.Errorf("%s by %s leads to %s", request, name, r.Header.Get("Location"))
			}
		}
	}
	there, gone := bodies["stranger /probe/member/fieldbook"], bodies["stranger /probe/member/unknown"]
	if strings.Count(there, "fieldbook") != strings.Count(gone, "unknown") {
		t.Error("a stranger can tell a workspace that exists from one that does not")
	}
}

func TestTokens(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	ctx := context.Background()
	p, _, err := s.Accounts.SignIn(ctx, s.Owner.Email, webtest.Password, access.Client{})
	if err != nil {
		t.Fatal(err)
	}
	secret := map[access.Scope]string{}
	for _, scope := range []access.Scope{access.ScopeRead, access.ScopeWrite} {
		_, secret[scope], err = s.Accounts.NewToken(ctx, p, access.NewToken{Name: string(scope), Scope: scope})
		if err != nil {
			t.Fatal(err)
		}
	}
	c := s.Client(t, access.Account{})
	for _, test := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "/probe/token", secret[access.ScopeRead], 200},
		{"POST", "/probe/token", secret[access.ScopeRead], 403},
		{"POST", "/probe/token", secret[access.ScopeWrite], 200},
		{"GET", "/probe/token", "tl_unknown", 401},
		{"GET", "/account", secret[access.ScopeWrite], 403},
		{"POST", "/account/name", secret[access.ScopeWrite], 403},
	} {
		r, body := s.Do(t, c, test.method, test.path, nil, "Authorization", "Bearer "+test.token, "Accept", "application/json")
		if r.StatusCode != test.want {
			t.Errorf("%s %s: %d, want %d: %s", test.method, test.path, r.StatusCode, test.want, body)
		}
	}
}

func TestBodies(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	c := s.Client(t, s.Owner)
	big := func(n int) url.Values { return url.Values{"name": {strings.Repeat("x", n)}} }
	for _, test := range []struct {
		path string
		form url.Values
		want int
	}{
		{"/account/name", big(2 << 20), 413},
		{"/probe/large", url.Values{"x": {strings.Repeat("x", 2<<20)}}, 200},
		{"/probe/large", url.Values{"x": {strings.Repeat("x", 5<<20)}}, 413},
		{"/account/name", url.Values{"name": {"Mira"}, "admin": {"true"}}, 422},
		{"/account/name", url.Values{"name": {"Mira", "Nina"}}, 422},
		{"/probe/rename/fieldbook", url.Values{"name": {"Fieldbook"}, "tag": {"a", "b"}}, 303},
		{"/account/name?name=Nina", url.Values{"name": {"Mira"}}, 303},
	} {
		if r, _ := s.Post(t, c, test.path, test.form); r.StatusCode != test.want {
			t.Errorf("%s with %d fields: %d, want %d", test.path, len(test.form), r.StatusCode, test.want)
		}
	}
	// a body that does not say how long it is
	r, err := http.NewRequest("POST", s.Server.URL+"/account/name", struct{ *strings.Reader }{strings.NewReader("name=" + strings.Repeat("x", 2<<20))})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 413 {
		t.Errorf("a large body in chunks: %d", answer.StatusCode)
	}
}

func TestMoments(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	c := s.Client(t, s.Owner)
	first, _ := s.Ledger.At(context.Background(), s.Workspace, ledger.System, 0)
	s.Clock.Move(24 * time.Hour) // it is 13 May, 11:30 in Vienna
	if r, _ := s.Post(t, c, "/probe/rename/fieldbook", url.Values{"name": {"Logbook"}}); r.StatusCode != 303 {
		t.Fatalf("rename: %d", r.StatusCode)
	}
	for query, want := range map[string]string{
		"":                                  "200 past false name Logbook",
		"?at=2026-05-13":                    "200 past false name Logbook",
		"?at=2026-05-12":                    "200 past true name Fieldbook",
		fmt.Sprintf("?at=@%d", first.Seq()): "200 past true name Fieldbook",
		"?at=2026-05-14":                    "422",
		"?at=yesterday":                     "200 past true name Fieldbook",
		"?at=today":                         "200 past false name Logbook",
		"?at=someday":                       "422",
		"?at=visit":                         "422", // the first one goes on
		"?at=2026-02-30":                    "422",
		"?at=@0":                            "422",
		"?at=@999":                          "404",
		"?in=P-7":                           "404",
		"?at=2026-05-12&in=P-7":             "422",
		"?at=2026-05-12&at=2026-05-11":      "422",
		"?%zz":                              "422",
	} {
		r, body := s.Get(t, c, "/probe/member/fieldbook"+query)
		got := fmt.Sprint(r.StatusCode)
		if i := strings.Index(body, " past"); r.StatusCode == 200 && i >= 0 {
			got += body[i:]
		}
		if got != want {
			t.Errorf("%q shows %q, want %q", query, got, want)
		}
	}
	if r, body := s.Post(t, c, "/probe/rename/fieldbook?at=2026-05-12", url.Values{"name": {"Never"}}); r.StatusCode != 403 || !strings.Contains(body, "return to now") {
		t.Errorf("a write into the past: %d", r.StatusCode)
	}
}

func TestToastsAndUndo(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	c := s.Client(t, s.Owner)
	r, _ := s.Post(t, c, "/probe/rename/fieldbook", url.Values{"name": {"Logbook"}})
	_, body := s.Get(t, c, r.Header.Get("Location"))
	if !strings.Contains(body, "Renamed") || !strings.Contains(body, `action="/w/fieldbook/undo"`) {
		t.Fatalf("the next page says nothing:\n%s", body)
	}
	if _, again := s.Get(t, c, r.Header.Get("Location")); strings.Contains(again, "Renamed") {
		t.Error("the page after the next says it again")
	}
	_, rest, _ := strings.Cut(body, `name="seq" value="`)
	seq, _, _ := strings.Cut(rest, `"`)
	for _, back := range []string{"//evil.example/", "https://evil.example", `/\evil.example`, "/w/fieldbook/find"} {
		r, _ = s.Post(t, c, "/w/fieldbook/undo", url.Values{"seq": {seq}, "back": {back}})
		switch to := r.Header.Get("Location"); {
		case r.StatusCode == 409: // undone already
		case back == "/w/fieldbook/find" && to != back, back != "/w/fieldbook/find" && to != "/":
			t.Errorf("undo leads from %q to %q", back, to)
		}
	}
	if _, body = s.Get(t, c, "/probe/member/fieldbook"); !strings.Contains(body, "name Fieldbook") {
		t.Errorf("not undone: %s", body)
	}
	for _, bad := range []string{"0", "-1", "x", "99999"} {
		if r, _ := s.Post(t, c, "/w/fieldbook/undo", url.Values{"seq": {bad}, "back": {"/"}}); r.StatusCode != 422 && r.StatusCode != 404 {
			t.Errorf("undo of %q: %d", bad, r.StatusCode)
		}
	}
}

func TestAPartBringsItsToast(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	c := s.Client(t, s.Owner)
	_, body := s.Do(t, c, "POST", "/probe/part/fieldbook", url.Values{}, "HX-Request", "true")
	for _, part := range []string{"the part", `hx-target="#toasts"`, "Moved to 4.2", `name="seq" value="7"`} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in %s", part, body)
		}
	}
	if _, body = s.Get(t, c, "/w/fieldbook/find"); strings.Contains(body, "Moved to 4.2") {
		t.Error("the next page says it again")
	}
}

func TestUndoOfTheLatest(t *testing.T) {
	s := webtest.New(t, webtest.Options{Routes: probes})
	c := s.Client(t, s.Owner)
	s.Post(t, c, "/probe/rename/fieldbook", url.Values{"name": {"Logbook"}})
	r, _ := s.Do(t, c, "POST", "/w/fieldbook/undo", url.Values{}, "Referer", s.Server.URL+"/w/fieldbook/find?q=x")
	if r.StatusCode != 303 || r.Header.Get("Location") != "/w/fieldbook/find?q=x" {
		t.Errorf("undo: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	if _, body := s.Get(t, c, "/probe/member/fieldbook"); !strings.Contains(body, "name Fieldbook") {
		t.Errorf("not undone: %s", body)
	}
	if _, body := s.Get(t, c, "/w/fieldbook/find"); !strings.Contains(body, "Undone: rename") {
		t.Error("nothing says what was undone")
	}
	if r, _ := s.Post(t, c, "/w/fieldbook/undo", url.Values{}); r.StatusCode != 404 {
		t.Errorf("with nothing to undo: %d", r.StatusCode)
	}
}

func TestRates(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	nobody := s.Client(t, access.Account{})
	for i := range access.AnonymousLimit.N {
		if r, _ := s.Get(t, nobody, "/login"); r.StatusCode != 200 {
			t.Fatalf("page %d: %d", i, r.StatusCode)
		}
	}
	r, _ := s.Get(t, nobody, "/login")
	if r.StatusCode != 429 || r.Header.Get("Retry-After") != "60" {
		t.Errorf("one more: %d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
	if r, _ := s.Get(t, s.Client(t, s.Owner), "/account"); r.StatusCode != 200 {
		t.Errorf("somebody who is signed in is shut out too: %d", r.StatusCode)
	}
	if r, _ := s.Get(t, nobody, "/assets/1/app.css"); r.StatusCode != 200 {
		t.Errorf("assets are shut out too: %d", r.StatusCode)
	}
	if r, _ := s.Do(t, nobody, "GET", "/account", nil, "Cookie", "throughline=guessed"); r.StatusCode != 429 {
		t.Errorf("guessed sessions are not counted: %d", r.StatusCode)
	}
	s.Clock.Move(time.Minute)
	if r, _ := s.Get(t, nobody, "/login"); r.StatusCode != 200 {
		t.Errorf("a minute later: %d", r.StatusCode)
	}
}

// networks are proxies that are trusted.
type networks []netip.Prefix

func (n networks) Contain(a netip.Addr) bool {
	for _, p := range n {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// ask sends a request as it comes in from an address.
func ask(h http.Handler, method, target, remote string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = remote
	r.Header.Set("Accept", "text/html")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPlainHTTPFromElsewhere(t *testing.T) {
	proxies := networks{netip.MustParsePrefix("10.0.0.2/32")}
	strict := webtest.New(t, webtest.Options{Kit: func(k *web.Kit) { k.Proxies = proxies }}).Server.Config.Handler
	loose := webtest.New(t, webtest.Options{Kit: func(k *web.Kit) { k.InsecureHTTP = true }}).Server.Config.Handler
	const explains, warns = "not encrypted", "Not encrypted"
	for name, test := range map[string]struct {
		handler http.Handler
		target  string
		remote  string
		header  []string
		status  int
		says    string
	}{
		"this machine":                         {strict, "http://localhost:8080/login", "127.0.0.1:5", nil, 200, "Password"},
		"this machine, IPv6":                   {strict, "http://[::1]:8080/login", "[::1]:5", nil, 200, "Password"},
		"another machine":                      {strict, "http://pm.example/login", "192.0.2.7:5", nil, 403, "--tls-cert"},
		"another machine that claims TLS":      {strict, "http://pm.example/login", "192.0.2.7:5", []string{"X-Forwarded-Proto", "https"}, 403, explains},
		"another machine that claims ours":     {strict, "http://localhost/login", "192.0.2.7:5", []string{"X-Forwarded-For", "127.0.0.1"}, 403, explains},
		"a name that was bound to our address": {strict, "http://evil.example:8080/login", "127.0.0.1:5", nil, 403, explains},
		"a trusted proxy with TLS":             {strict, "http://pm.example/login", "10.0.0.2:5", []string{"X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.7"}, 200, "Password"},
		"a trusted proxy without TLS":          {strict, "http://pm.example/login", "10.0.0.2:5", []string{"X-Forwarded-Proto", "http", "X-Forwarded-For", "192.0.2.7"}, 403, explains},
		"on purpose":                           {loose, "http://pm.example/login", "192.0.2.7:5", nil, 200, warns},
		"on purpose, this machine":             {loose, "http://localhost/login", "127.0.0.1:5", nil, 200, "Password"},
		"assets":                               {strict, "http://pm.example/assets/1/app.css", "192.0.2.7:5", nil, 200, "layer"},
		"a form":                               {strict, "http://pm.example/login", "192.0.2.7:5", []string{"Accept", "application/json"}, 403, "problem"},
	} {
		w := ask(test.handler, "GET", test.target, test.remote, test.header...)
		if name == "a form" {
			test.says = "plain HTTP"
		}
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
			t.Errorf("%s: %d, want %d with %q\n%s", name, w.Code, test.status, test.says, w.Body)
		}
		if test.says == "Password" && strings.Contains(w.Body.String(), warns) {
			t.Errorf("%s: is warned of", name)
		}
	}
}

func TestCookiesAndHSTS(t *testing.T) {
	s := webtest.New(t, webtest.Options{Kit: func(k *web.Kit) { k.Proxies = networks{netip.MustParsePrefix("10.0.0.2/32")} }})
	signIn := func(remote string, header ...string) *http.Response {
		r := httptest.NewRequest("POST", "http://localhost/login", strings.NewReader(url.Values{"email": {s.Owner.Email}, "password": {webtest.Password}}.Encode()))
		r.RemoteAddr = remote
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.Server.Config.Handler.ServeHTTP(w, r)
		return w.Result()
	}
	for name, test := range map[string]struct {
		answer *http.Response
		cookie string
		secure bool
	}{
		"plain": {signIn("127.0.0.1:5"), "throughline", false},
		"TLS":   {signIn("10.0.0.2:5", "X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.7"), "__Host-throughline", true},
	} {
		cookies := test.answer.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%s: %d, cookies %v", name, test.answer.StatusCode, cookies)
		}
		c := cookies[0]
		if c.Name != test.cookie || c.Secure != test.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%s: %s", name, c.Raw)
		}
		if hsts := test.answer.Header.Get("Strict-Transport-Security"); (hsts != "") != test.secure {
			t.Errorf("%s: HSTS %q", name, hsts)
		}
	}
}

func TestClientAddress(t *testing.T) {
	proxies := networks{netip.MustParsePrefix("10.0.0.0/8")}
	s := webtest.New(t, webtest.Options{
		Kit: func(k *web.Kit) { k.Proxies = proxies },
		Routes: func(*web.Kit) []web.Route {
			return []web.Route{{Method: "GET", Pattern: "/probe/address", Who: web.Anyone, Plain: true, Handle: func(q *web.Request) error {
				_, err := fmt.Fprint(q.W, q.Client().Addr)
				return err
			}}}
		},
	})
	for name, test := range map[string]struct{ remote, chain, want string }{
		"direct":                {"192.0.2.7:5", "", "192.0.2.7"},
		"direct with a lie":     {"192.0.2.7:5", "127.0.0.1", "192.0.2.7"},
		"one proxy":             {"10.0.0.2:5", "192.0.2.7", "192.0.2.7"},
		"one proxy after a lie": {"10.0.0.2:5", "127.0.0.1, 192.0.2.7", "192.0.2.7"},
		"two proxies":           {"10.0.0.2:5", "127.0.0.1, 192.0.2.7, 10.9.9.9", "192.0.2.7"},
		"nonsense":              {"10.0.0.2:5", "unknown", "10.0.0.2"},
		"IPv4 in IPv6":          {"[::ffff:10.0.0.2]:5", "::ffff:192.0.2.7", "192.0.2.7"},
	} {
		w := ask(s.Server.Config.Handler, "GET", "http://pm.example/probe/address", test.remote, "X-Forwarded-For", test.chain, "X-Forwarded-Proto", "https")
		if w.Body.String() != test.want {
			t.Errorf("%s: %s, want %s", name, w.Body, test.want)
		}
	}
}

func TestNewRefusesRoutes(t *testing.T) {
	nothing := func(*web.Request) error { return nil }
	good := web.Route{Method: "GET", Pattern: "/x", Who: web.Anyone, Handle: nothing}
	if _, err := web.New(&web.Kit{}, []web.Route{good}); err != nil {
		t.Fatal(err)
	}
	for name, routes := range map[string][]web.Route{
		"for nobody":               {{Method: "GET", Pattern: "/x", Handle: nothing}},
		"for a circle unheard of":  {{Method: "GET", Pattern: "/x", Who: 99, Handle: nothing}},
		"without a handler":        {{Method: "GET", Pattern: "/x", Who: web.Anyone}},
		"without a method":         {{Pattern: "/x", Who: web.Anyone, Handle: nothing}},
		"for members of nothing":   {{Method: "GET", Pattern: "/x", Who: web.Member, Handle: nothing}},
		"a workspace for everyone": {{Method: "GET", Pattern: "/w/{workspace}", Who: web.SignedIn, Handle: nothing}},
		"twice":                    {good, good},
	} {
		if _, err := web.New(&web.Kit{}, routes); err == nil {
			t.Errorf("a route %s is accepted", name)
		}
	}
}
