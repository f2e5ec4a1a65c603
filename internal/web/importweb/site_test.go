package importweb

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/pages"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

// site is a server with a workspace that has one product and one feature.
type site struct {
	*webtest.Site
	t      *testing.T
	im     *Importer
	c      *http.Client // the owner's
	server *httptest.Server
}

func newSite(t *testing.T, store ledger.Store) *site {
	t.Helper()
	s := &site{t: t}
	rules := slices.Concat(people.Rules, strategy.Rules, release.Rules, backlog.Rules)
	s.Site = webtest.New(t, webtest.Options{
		Store: store,
		Kinds: []ledger.AnyKind{strategy.Objectives, release.Releases, backlog.Statuses, backlog.Fields, backlog.Formulas, backlog.Features, backlog.Dependencies, backlog.Views},
		Rules: slices.Concat(strategy.Rules, release.Rules, backlog.Rules),
		Tables: []table.Any{
			strategy.ObjectiveTable, release.Table, backlog.StatusTable, backlog.FieldTable, backlog.FormulaTable, backlog.FeatureTable, backlog.DependencyTable, backlog.ViewTable,
		},
		Kit: func(k *web.Kit) { k.Nav, k.Places = pages.Nav, tableweb.Places(pages.Areas...) },
		Routes: func(k *web.Kit) []web.Route {
			var err error
			if s.im, err = Open(t.Context(), k, rules); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.im.Close)
			return slices.Concat(pages.Routes(), s.im.Routes())
		},
	})
	s.server = s.Server
	s.c = s.Client(t, s.Owner)
	s.write(func(tx *ledger.Tx) error {
		if err := people.Join(tx, s.Owner.ID, "Mira", s.Owner.Email); err != nil {
			return err
		}
		if _, err := access.Products.Create(tx, access.Product{Name: "Fieldbook", Prefix: "FB"}); err != nil {
			return err
		}
		if err := backlog.StandardWorkflow(tx); err != nil {
			return err
		}
		scope := &table.Scope{View: tx, Set: s.Tables, Today: "2026-05-12"}
		_, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, table.Input{"title": "Was here before"})
		return err
	})
	return s
}

// restart puts another server in front of the same database, as after a restart or on
// another node.
func (s *site) restart() {
	s.t.Helper()
	im, err := Open(s.t.Context(), s.Kit, slices.Concat(people.Rules, strategy.Rules, release.Rules, backlog.Rules))
	s.must(err)
	s.t.Cleanup(im.Close)
	handler, err := web.New(s.Kit, slices.Concat(web.Routes(s.Kit), pages.Routes(), im.Routes()))
	s.must(err)
	s.im, s.server = im, httptest.NewServer(handler)
	s.t.Cleanup(s.server.Close)
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) write(fn func(tx *ledger.Tx) error) {
	s.t.Helper()
	_, err := s.Ledger.Update(s.t.Context(), s.Workspace, ledger.System, "test", fn)
	s.must(err)
}

// now is the workspace as it is.
func (s *site) now() *ledger.Snapshot {
	s.t.Helper()
	v, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	s.must(err)
	return v
}

// titles are those of all features.
func (s *site) titles() map[string]*backlog.Feature {
	all := map[string]*backlog.Feature{}
	for f := range backlog.Features.All(s.now()) {
		all[f.Title] = f
	}
	return all
}

// ask sends a request as a browser on our own page does.
func (s *site) ask(c *http.Client, method, path, kind string, body io.Reader, status int) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.server.URL+path, body)
	s.must(err)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := c.Do(r)
	s.must(err)
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	s.must(err)
	if answer.StatusCode != status {
		s.t.Fatalf("%s %s: %d, want %d\n%.800s", method, path, answer.StatusCode, status, plainText(string(b)))
	}
	return answer, string(b)
}

func (s *site) get(path string) string {
	s.t.Helper()
	_, body := s.ask(s.c, http.MethodGet, path, "", nil, 200)
	return body
}

func (s *site) post(path string, form url.Values, status int) (string, string) {
	s.t.Helper()
	r, body := s.ask(s.c, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), status)
	return r.Header.Get("Location"), body
}

// part is one field of an upload.
type part struct{ name, file, content string }

// upload sends a file and returns where its mapping is, or the page that refuses it.
func (s *site) upload(c *http.Client, status int, parts ...part) (string, string) {
	s.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		to, err := w.CreateFormField(p.name)
		if p.file != "" {
			to, err = w.CreateFormFile(p.name, p.file)
		}
		s.must(err)
		_, err = io.WriteString(to, p.content)
		s.must(err)
	}
	s.must(w.Close())
	r, body := s.ask(c, http.MethodPost, "/w/fieldbook/import", w.FormDataContentType(), &b, status)
	return strings.TrimSuffix(r.Header.Get("Location"), "/mapping"), body
}

// begin uploads a file and confirms its mapping as it is.
func (s *site) begin(content string) string {
	s.t.Helper()
	at, _ := s.upload(s.c, 303, part{"file", "issues.csv", content})
	s.post(at+"/mapping", s.asShown(at+"/mapping"), 303)
	return at
}

var (
	selects = regexp.MustCompile(`(?s)<select[^>]* name="([^"]+)".*?</select>`)
	chosen  = regexp.MustCompile(`<option value="([^"]*)" selected`)
	ticked  = regexp.MustCompile(`<input type="checkbox" name="([^"]+)" value="yes" checked`)
)

// asShown is the form of a mapping as the page has it.
func (s *site) asShown(path string) url.Values {
	s.t.Helper()
	form := url.Values{"whole": {"yes"}}
	body := s.get(path)
	for _, m := range selects.FindAllStringSubmatch(body, -1) {
		if c := chosen.FindStringSubmatch(m[0]); c != nil {
			form.Set(m[1], html.UnescapeString(c[1]))
		}
	}
	for _, m := range ticked.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], "yes")
	}
	return form
}

var offered = regexp.MustCompile(`name="rows" value="(\d+)"`)

// carryOut presses Import and waits for the report.
func (s *site) carryOut(at string) string {
	s.t.Helper()
	m := offered.FindStringSubmatch(s.get(at))
	if m == nil {
		s.t.Fatalf("the dry run offers no import: %s", plainText(s.get(at)))
	}
	s.post(at+"/run", url.Values{"rows": {m[1]}}, 303)
	return s.settled(at)
}

// settled waits until an import is not being written any more.
func (s *site) settled(at string) string {
	s.t.Helper()
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(5 * time.Millisecond) {
		if body := s.get(at); !strings.Contains(body, `id="progress"`) {
			return body
		}
	}
	s.t.Fatal("the import does not end")
	return ""
}

var markup = regexp.MustCompile(`(?s)<(script|style|select)\b.*?</(script|style|select)>|<[^>]*>`)

// plainText is what a page says.
func plainText(body string) string {
	return html.UnescapeString(strings.Join(strings.Fields(markup.ReplaceAllString(body, " ")), " "))
}

func (s *site) says(body string, want ...string) {
	s.t.Helper()
	text := plainText(body)
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.t.Errorf("the page does not say %q: %s", w, text)
		}
	}
}

// rows writes a CSV file.
func rows(all ...[]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.WriteAll(all) // writing to memory does not fail
	return b.String()
}

// jira is an export as Jira writes it: 500 issues with parents, of which the later rows
// are some of the first ones', and blocks; and seven rows with a problem each.
func jira() string {
	all := [][]string{{"Summary", "Issue key", "Issue Type", "Status", "Priority", "Assignee", "Labels", "Labels", "Created", "Due date", "Parent key", "Outward issue link (Blocks)", "Sprint"}}
	for i := 1; i <= 500; i++ {
		r := []string{
			fmt.Sprintf("Inspection %d", i), fmt.Sprintf("FLD-%d", i), "Story", []string{"Building", "Idea", "Live"}[i%3], "High", "mira@fieldbook.example",
			"field", "night", fmt.Sprintf("2026-0%d-1%d 09:30", 1+i%4, i%10), "", "", "", "Sprint 4",
		}
		if i <= 470 && i > 10 {
			r[10] = fmt.Sprintf("FLD-%d", 500-i%10) // a row further down
		}
		if i%50 == 0 && i < 400 {
			r[11] = fmt.Sprintf("FLD-%d", i+1)
		}
		switch i {
		case 41:
			r[0] = "" // no title
		case 122:
			r[11] = "FLD-122" // blocks itself
		case 133:
			r[9] = "31/02/2026" // no such day
		case 204:
			r[10] = "FLD-9999" // no such parent
		case 305:
			r[8] = "yesterday"
		case 346:
			r[1] = "FLD-347" // the key of another row, which then is the second one
		case 388:
			r[4] = "Whenever" // no such priority
		}
		all = append(all, r)
	}
	return rows(all...)
}
