package pages_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
	"github.com/throughline-pm/throughline/internal/web/pages"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

// site is a server with the pages of a workspace that has three features.
type site struct {
	*webtest.Site
	t testing.TB
	c *http.Client
}

func newSite(t testing.TB) *site {
	s := &site{t: t, Site: webtest.New(t, webtest.Options{
		Kinds: []ledger.AnyKind{strategy.Objectives, release.Releases, backlog.Statuses, backlog.Fields, backlog.Formulas, backlog.Features, backlog.Dependencies, backlog.Views, backlog.Templates, collab.Comments, collab.Reviews, collab.Attachments},
		Rules: slices.Concat(strategy.Rules, release.Rules, backlog.Rules, collab.Rules(strategy.Objectives, release.Releases, backlog.Features, access.Products)),
		Tables: []table.Any{
			strategy.ObjectiveTable, release.Table, backlog.StatusTable, backlog.FieldTable, backlog.FormulaTable, backlog.FeatureTable, backlog.DependencyTable, backlog.ViewTable, backlog.TemplateTable, collab.Table, collab.ProposalTable, collab.ReviewTable, collab.AttachmentTable,
		},
		Kit: func(k *web.Kit) {
			k.Settings, k.Server = pages.Settings, testServer()
			k.Nav, k.Places = pages.Nav, tableweb.Places(pages.Areas...)
			k.Files = keep(t, k)
			k.Create, k.Begin, k.Remove = tableweb.Create(pages.Areas...), pages.Begin, k.Ledger.RemoveWorkspace
			k.Actions, k.Serving = []func(*web.Request) []ui.Action{tableweb.Actions(pages.Areas...)}, pages.Serving
		},
		Routes: func(*web.Kit) []web.Route { return pages.Routes() },
	})}
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
		if _, err := strategy.ObjectiveTable.Create(tx, scope, ledger.ID{}, table.Input{"title": "Never stops offline", "period": "2026-Q2"}); err != nil {
			return err
		}
		if _, err := release.Table.Create(tx, scope, ledger.ID{}, table.Input{"name": "4.1", "freeze": "2026-06-01", "date": "2026-06-30"}); err != nil {
			return err
		}
		for _, in := range []table.Input{
			{"title": "Conflict-free sync", "status": "Building", "owner": "Mira", "objective": "Never stops offline", "release": "4.1", "effort": "20/40/60", "value": "90000/120000/160000", "target": "2026-06-30", "priority": "high", "description": "Both edits are **kept**. <script>alert(1)</script>"},
			{"title": "Audit export", "status": "Idea", "tags": "audit; export"},
			{"title": "Single sign-on", "status": "Live", "effort": "5"},
		} {
			if _, err := backlog.FeatureTable.Create(tx, scope, ledger.ID{}, in); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

func (s *site) write(fn func(tx *ledger.Tx) error) {
	s.t.Helper()
	if _, err := s.Ledger.Update(s.t.Context(), s.Workspace, ledger.System, "test", fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) get(path string, status int) string {
	s.t.Helper()
	r, body := s.Get(s.t, s.c, "/w/fieldbook/"+path)
	if r.StatusCode != status {
		s.t.Fatalf("GET %s: %d, want %d\n%.600s", path, r.StatusCode, status, plainText(body))
	}
	return body
}

func (s *site) post(path string, form url.Values, status int) (*http.Response, string) {
	s.t.Helper()
	r, body := s.Post(s.t, s.c, "/w/fieldbook/"+path, form)
	if r.StatusCode != status {
		s.t.Fatalf("POST %s: %d, want %d\n%.600s", path, r.StatusCode, status, plainText(body))
	}
	return r, body
}

var markup = regexp.MustCompile(`(?s)<(script|style)\b.*?</(script|style)>|<[^>]*>`)

// plainText is what a page says.
func plainText(body string) string {
	return html.UnescapeString(strings.Join(strings.Fields(markup.ReplaceAllString(body, " ")), " "))
}

var titles = regexp.MustCompile(`<a href="[^"]*" title="([^"]*)" data-open`)

// listed are the titles of a list, in order.
func listed(body string) string {
	var all []string
	for _, m := range titles.FindAllStringSubmatch(body, -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, ", ")
}

func TestTheListSortsFiltersAndGroups(t *testing.T) {
	s := newSite(t)
	for query, want := range map[string]string{
		"":                                  "Conflict-free sync, Audit export, Single sign-on",
		"?sort=title&group=none":            "Audit export, Conflict-free sync, Single sign-on",
		"?sort=-effort":                     "Conflict-free sync, Single sign-on, Audit export",
		"?filter=status+in+(Building,Live)": "Conflict-free sync, Single sign-on",
		"?filter=owner+%3D+me":              "Conflict-free sync",
		"?filter=target+<+today%2B60d":      "Conflict-free sync",
		"?q=sign":                           "Single sign-on",
		"?group=status":                     "Audit export, Conflict-free sync, Single sign-on",
		"?columns=key,title,tags&sort=-title&group=none": "Single sign-on, Conflict-free sync, Audit export",
	} {
		if got := listed(s.get("features"+query, 200)); got != want {
			t.Errorf("%s lists %s, want %s", query, got, want)
		}
	}
	if text := plainText(s.get("features?group=release", 200)); !strings.Contains(text, "4.1 30 Jun 1 feature 8 pw") || !strings.Contains(text, "No release 2 features") {
		t.Errorf("groups say %s", text)
	}
	if text := plainText(s.get("features?filter=owner+%3D+me", 200)); !strings.Contains(text, "Owner is me") {
		t.Error("the filter is no chip")
	}
	if text := plainText(s.get("features?filter=colour+%3D+red", 200)); !strings.Contains(text, `there is no column "colour"`) || !strings.Contains(text, "Audit export") {
		t.Errorf("a faulty filter says %.300s", text)
	}
	if text := plainText(s.get("features?filter=status+%3D+Proven", 200)); !strings.Contains(text, "Nothing matches these filters") {
		t.Error("an empty list does not say why")
	}
}

func TestTheFilterFormMakesAnAddress(t *testing.T) {
	s := newSite(t)
	r, _ := s.Get(t, s.c, "/w/fieldbook/features?filter=owner+%3D+me&set=new&column=status&op=in&value=Building,+Live")
	if got := r.Header.Get("Location"); got != "/w/fieldbook/features?filter=owner+%3D+me+and+status+in+%28Building%2C+Live%29" {
		t.Errorf("it leads to %s", got)
	}
	if text := plainText(s.get("features?set=new&column=effort&op=>%3D&value=many", 200)); !strings.Contains(text, `"many" is no number`) {
		t.Errorf("a faulty condition says %.300s", text)
	}
}

func TestCSVIsTheViewAndNoFormula(t *testing.T) {
	s := newSite(t)
	s.write(func(tx *ledger.Tx) error {
		_, err := backlog.Features.Create(tx, backlog.Feature{Title: "=HYPERLINK(1)", Product: firstProduct(tx)})
		return err
	})
	r, body := s.Get(t, s.c, "/w/fieldbook/features/export.csv?columns=key,title,status&filter=status+is+empty+or+title+contains+audit")
	if want := "Key,Title,Status\r\nFB-2,Audit export,Idea\r\nFB-4,'=HYPERLINK(1),\r\n"; body != want {
		t.Errorf("the file holds %q, want %q", body, want)
	}
	if !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
		t.Error("it is shown, not downloaded")
	}
}

func firstProduct(v ledger.View) ledger.Ref {
	for p := range access.Products.All(v) {
		return ledger.Ref(p.ID)
	}
	return ledger.Ref{}
}

func TestAFeatureIsMadeChangedAndUndone(t *testing.T) {
	s := newSite(t)
	r, _ := s.post("features", url.Values{"title": {"Offline maps"}, "tags": {"map"}}, 303)
	page := s.get("features/FB-4", 200)
	if !strings.HasPrefix(r.Header.Get("Location"), "/w/fieldbook/features/") || !strings.Contains(page, "Offline maps") {
		t.Fatalf("it is not there; made at %s", r.Header.Get("Location"))
	}
	s.post("features/FB-4/field/title", url.Values{"title": {"Offline maps and routes"}, "was": {"Offline maps"}}, 303)
	s.post("features/FB-4/edit", url.Values{"title": {"Offline maps and routes"}, "priority": {"urgent"}, "tags": {"map"}}, 303)
	text := plainText(s.get("features/FB-4/history", 200))
	for _, want := range []string{"Mira Changed Priority Urgent", "Title was Offline maps Offline maps and routes", "Mira Created"} {
		if !strings.Contains(text, want) {
			t.Errorf("the history lacks %q: %s", want, text)
		}
	}
	seq := regexp.MustCompile(`name="seq" value="(\d+)"`).FindStringSubmatch(s.get("features/FB-4/history", 200))
	if seq == nil {
		t.Fatal("nothing can be undone")
	}
	s.post("undo", url.Values{"seq": {seq[1]}, "back": {"/w/fieldbook/features/FB-4"}}, 303)
	if text := plainText(s.get("features/FB-4", 200)); strings.Contains(text, "Priority Urgent Start") {
		t.Errorf("the priority is still there: %s", text)
	}
	s.post("features/FB-4/delete", url.Values{}, 303)
	s.get("features/FB-4", 404)
}

func TestNothingTypedIsLost(t *testing.T) {
	s := newSite(t)
	_, body := s.post("features", url.Values{"title": {""}, "description": {"a long text"}, "effort": {"many"}}, 422)
	text := plainText(body)
	for _, want := range []string{"is required", `"many" is no estimate`} {
		if !strings.Contains(text, want) {
			t.Errorf("the form does not say %q: %s", want, text)
		}
	}
	if !strings.Contains(body, "a long text") {
		t.Error("the description is gone")
	}
	_, body = s.post("features/FB-1/field/target", url.Values{"target": {"soon"}, "was": {"2026-06-30"}}, 422)
	if text := plainText(body); !strings.Contains(text, "is no day") {
		t.Errorf("the field says %s", text)
	}
}

// Two people who open one field: the second is told, and may still save.
func TestTwoAtOneField(t *testing.T) {
	s := newSite(t)
	s.post("features/FB-2/field/title", url.Values{"title": {"Audit trail"}, "was": {"Audit export"}}, 303)
	_, body := s.post("features/FB-2/field/title", url.Values{"title": {"Audit log"}, "was": {"Audit export"}}, 409)
	if text := plainText(body); !strings.Contains(text, "Audit trail” meanwhile") || !strings.Contains(body, `value="Audit log"`) {
		t.Errorf("the second is told %s", text)
	}
	s.post("features/FB-2/field/title", url.Values{"title": {"Audit log"}, "was": {"Audit trail"}}, 303)
	// whole forms that were opened at once and change different fields keep both
	s.post("features/FB-2/edit", url.Values{"title": {"Audit log"}, "tags": {"audit"}}, 303)
	s.post("features/FB-2/edit", url.Values{"priority": {"low"}}, 303)
	if text := plainText(s.get("features/FB-2", 200)); !strings.Contains(text, "Tags audit") || !strings.Contains(text, "Priority Low") {
		t.Errorf("one of two changes is lost: %s", text)
	}
}

func TestMarkdownIsSafe(t *testing.T) {
	body := newSite(t).get("features/FB-1", 200)
	if !strings.Contains(body, "<strong>kept</strong>") || strings.Contains(body, "alert(1)</script>") {
		t.Error("the description is not shown as safe Markdown")
	}
}

func TestThePastCanBeReadAndNotWritten(t *testing.T) {
	s := newSite(t)
	s.Clock.Move(48 * time.Hour)
	s.post("features/FB-2/field/title", url.Values{"title": {"Audit trail"}, "was": {"Audit export"}}, 303)
	body := s.get("features?at=2026-05-12", 200)
	if got := listed(body); !strings.Contains(got, "Audit export") || strings.Contains(got, "Audit trail") {
		t.Errorf("the day before yesterday lists %s", got)
	}
	if text := plainText(body); strings.Contains(text, "New feature") || !strings.Contains(text, "as of Tuesday 12 May") {
		t.Errorf("the past offers to write, or does not say that it is the past: %.400s", text)
	}
	if body := s.get("features/FB-2?at=2026-05-12", 200); !strings.Contains(plainText(body), "Audit export") || strings.Contains(body, "/edit") {
		t.Error("the feature of then is not shown, or offers to be changed")
	}
	s.post("features/FB-2/field/title?at=2026-05-12", url.Values{"title": {"x"}, "was": {"Audit export"}}, 403)
	s.get("features?at=2027-01-01", 422)
	s.get("features?at=soon", 422)
}

func TestSavedViewsAreTheirMakers(t *testing.T) {
	s := newSite(t)
	s.post("features/views", url.Values{"title": {"Mine"}, "query": {"filter=owner+%3D+me"}}, 303)
	if text := plainText(s.get("features", 200)); !strings.Contains(text, "All features 3 Mine 1") {
		t.Errorf("the view is no tab: %.200s", text)
	}
	editor := s.Client(t, s.Account(t, "Bex", access.Editor))
	if _, body := s.Get(t, editor, "/w/fieldbook/features"); strings.Contains(plainText(body), "Mine") {
		t.Error("another person sees a private view")
	}
	s.post("features/views", url.Values{"title": {"Everybody's"}, "query": {"sort=title"}, "shared": {"yes"}}, 303)
	if _, body := s.Get(t, editor, "/w/fieldbook/features"); !strings.Contains(plainText(body), "Everybody's") {
		t.Error("another person does not see a shared view")
	}
	s.post("features/views", url.Values{"title": {""}, "query": {"sort=title"}}, 422)
}

func TestRolesOnPages(t *testing.T) {
	s := newSite(t)
	viewer := s.Client(t, s.Account(t, "Vic", access.Viewer))
	_, body := s.Get(t, viewer, "/w/fieldbook/features")
	if strings.Contains(plainText(body), "New feature") {
		t.Error("a viewer is offered to make a feature")
	}
	if r, _ := s.Post(t, viewer, "/w/fieldbook/features", url.Values{"title": {"x"}}); r.StatusCode != 403 {
		t.Errorf("a viewer makes a feature: %d", r.StatusCode)
	}
	if r, _ := s.Get(t, viewer, "/w/fieldbook/members"); r.StatusCode != 403 {
		t.Errorf("a viewer sees the members: %d", r.StatusCode)
	}
	contributor := s.Client(t, s.Account(t, "Con", access.Contributor))
	if r, _ := s.Post(t, contributor, "/w/fieldbook/features/FB-1/field/title", url.Values{"title": {"x"}, "was": {"Conflict-free sync"}}); r.StatusCode != 403 {
		t.Errorf("a contributor changes a feature of others: %d", r.StatusCode)
	}
	if r, _ := s.Post(t, contributor, "/w/fieldbook/features", url.Values{"title": {"An idea"}}); r.StatusCode != 303 {
		t.Errorf("a contributor adds an idea: %d", r.StatusCode)
	}
}

func TestInvitationsJoin(t *testing.T) {
	s := newSite(t)
	_, body := s.post("members/invite", url.Values{"email": {"new@fieldbook.example"}, "role": {"editor"}, "product": {""}}, 200)
	link := regexp.MustCompile(`/invite/[^"<\s]+`).FindString(body)
	if link == "" {
		t.Fatal("no link is shown")
	}
	if strings.Contains(s.get("members", 200), link) {
		t.Error("the link is shown twice")
	}
	fresh := s.Client(t, access.Account{})
	if r, b := s.Post(t, fresh, link, url.Values{"name": {"Noor"}, "password": {webtest.Password}}); r.StatusCode != 303 {
		t.Fatalf("the invitation is refused: %d %s", r.StatusCode, plainText(b))
	}
	if r, _ := s.Get(t, fresh, "/w/fieldbook/features"); r.StatusCode != 200 {
		t.Errorf("whoever joined sees %d", r.StatusCode)
	}
	if text := plainText(s.get("people", 200)); !strings.Contains(text, "Noor") {
		t.Error("whoever joined is no person")
	}
	for _, bad := range []url.Values{
		{"email": {"x@y.example"}, "role": {"king"}, "product": {""}},
		{"email": {"nobody"}, "role": {"editor"}, "product": {""}},
		{"email": {"x@y.example"}, "role": {"editor"}, "product": {"0195a000-0000-7000-8000-00000000000a"}},
	} {
		s.post("members/invite", bad, 422)
	}
	admin := s.Client(t, s.Account(t, "Adi", access.Admin))
	if r, b := s.Post(t, admin, "/w/fieldbook/members/invite", url.Values{"email": {"x@y.example"}, "role": {"owner"}, "product": {""}}); r.StatusCode != 422 || !strings.Contains(plainText(b), "more than yours") {
		t.Errorf("an admin invites an owner: %d", r.StatusCode)
	}
}

func TestSettingsAreSaved(t *testing.T) {
	s := newSite(t)
	good := url.Values{"name": {"Field & Co"}, "time_zone": {"America/Lima"}, "first_weekday": {"sunday"}, "value_unit": {"points"}, "currency": {"PEN"}}
	s.post("settings", good, 303)
	if text := plainText(s.get("settings", 200)); !strings.Contains(text, "Field & Co") {
		t.Error("the name is not saved")
	}
	good.Set("time_zone", "Mars/Olympus")
	if _, body := s.post("settings", good, 422); !strings.Contains(plainText(body), "is no zone") || !strings.Contains(body, "Mars/Olympus") {
		t.Error("a zone that is none is not told, or is lost")
	}
}

func TestEveryAreaHasItsPages(t *testing.T) {
	s := newSite(t)
	for _, a := range pages.Areas {
		name := a.Table.Name()
		s.get(name, 200)
		s.get(name+"/new", 200)
		for r := range a.Table.Rows(s.snapshot()) {
			s.get(name+"/"+r.ID().String()+"/history", 200)
			s.get(name+"/"+r.ID().String()+"/edit", 200)
			break
		}
		s.get(name+"/0195a000-0000-7000-8000-00000000000a", 404)
	}
}

func (s *site) snapshot() *ledger.Snapshot {
	v, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func TestPagesInABrowser(t *testing.T) {
	s := newSite(t)
	s.Clock.Move(24 * time.Hour)
	session := s.Session(t, s.Owner)
	for _, page := range []struct{ name, path string }{
		{"features", "features"},
		{"features-grouped", "features?group=release&filter=owner+%3D+me"},
		{"features-past", "features?at=2026-05-12"},
		{"features-empty", "features?filter=status+%3D+Proven"},
		{"feature", "features/FB-1"},
		{"feature-history", "features/FB-1/history"},
		{"feature-edit", "features/FB-1/edit"},
		{"feature-new", "features/new"},
		{"objective", "objectives/O-1"},
		{"releases", "releases"},
		{"people", "people"},
		{"settings", "settings"},
		{"members", "members"},
	} {
		for _, look := range []struct {
			width  int
			scheme string
		}{{browsertest.Desk, "light"}, {browsertest.Desk, "dark"}, {browsertest.Phone, "light"}} {
			name := fmt.Sprintf("%s-%d-%s", page.name, look.width, look.scheme)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/"+page.path, look.width, look.scheme, session)
				p.Shot(name)
				p.Check()
			})
		}
	}
}

func TestDependenciesOnThePage(t *testing.T) {
	s := newSite(t)
	s.post("features/FB-1/dependencies", url.Values{"type": {"blocked-by"}, "feature": {"FB-2"}}, 303)
	if text := plainText(s.get("features/FB-1", 200)); !strings.Contains(text, "Blocked by FB-2 Audit export") {
		t.Errorf("the page of the blocked one says %s", text)
	}
	if text := plainText(s.get("features/FB-2", 200)); !strings.Contains(text, "Blocks FB-1 Conflict-free sync") {
		t.Errorf("the page of the other says %s", text)
	}
	_, body := s.post("features/FB-2/dependencies", url.Values{"type": {"blocked-by"}, "feature": {"fb-1"}}, 422)
	if text := plainText(body); !strings.Contains(text, "would close a circle") || !strings.Contains(body, `value="fb-1"`) {
		t.Errorf("a circle is answered by %s", text)
	}
	_, body = s.post("features/FB-2/dependencies", url.Values{"type": {"blocks"}, "feature": {"FB-99"}}, 422)
	if text := plainText(body); !strings.Contains(text, `There is no feature "FB-99"`) {
		t.Errorf("a feature that is not there is answered by %s", text)
	}
	s.post("features/FB-2/dependencies/remove", url.Values{"type": {"blocks"}, "feature": {"FB-1"}}, 303)
	if text := plainText(s.get("features/FB-1", 200)); strings.Contains(text, "Blocked by FB-2") {
		t.Error("it is still there")
	}
}

func TestArchive(t *testing.T) {
	s := newSite(t)
	s.post("features/FB-2/field/archived", url.Values{"archived": {"yes"}, "was": {"no"}}, 303)
	if got := listed(s.get("features", 200)); strings.Contains(got, "Audit export") {
		t.Errorf("the list still has it: %s", got)
	}
	if got := listed(s.get("features?filter=archived+%3D+yes", 200)); got != "Audit export" {
		t.Errorf("the archive has %s", got)
	}
	if text := plainText(s.get("features/FB-2", 200)); !strings.Contains(text, "Bring back from the archive") {
		t.Error("it cannot be brought back")
	}
}
