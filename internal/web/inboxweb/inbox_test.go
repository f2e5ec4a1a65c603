package inboxweb_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
	"github.com/throughline-pm/throughline/internal/web/discussion"
	"github.com/throughline-pm/throughline/internal/web/inboxweb"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

// site is a workspace in which Oda says and changes much that Mira follows.
type site struct {
	*webtest.Site
	t   *testing.T
	oda access.Account
	of  []ledger.ID // objectives
}

func newSite(t *testing.T, n int) *site {
	areas := []*tableweb.Area{{Table: strategy.ObjectiveTable, Icon: "target", Columns: []string{"key", "title"}}}
	s := &site{t: t, Site: webtest.New(t, webtest.Options{
		Kinds:  []ledger.AnyKind{strategy.Objectives, collab.Comments},
		Rules:  append(append([]access.Rule{}, strategy.Rules...), collab.Rules(strategy.Objectives)...),
		Tables: []table.Any{strategy.ObjectiveTable, collab.Table},
		Kit: func(k *web.Kit) {
			var err error
			k.Notices, err = notify.Open(t.Context(), notify.Settings{
				Ledger: k.Ledger, Tables: k.Tables, Follows: func(kind string) bool { return kind == "objective" }, Clock: k.Clock, Log: k.Log,
			})
			must(t, err)
			t.Cleanup(k.Notices.Close)
			k.Nav = []web.Nav{
				{Icon: "inbox", Name: "Inbox", Path: inboxweb.Path, Key: "I", Quick: true, Count: inboxweb.Count},
				{Section: "Why", Icon: "target", Name: "Objectives", Path: "objectives", Key: "O", Quick: true},
			}
			k.Places = tableweb.Places(areas...)
		},
		Routes: func(*web.Kit) []web.Route {
			return append(append(tableweb.Routes(areas...), inboxweb.Routes(areas...)...), discussion.Routes()...)
		},
	})}
	s.oda = s.Account(t, "Oda", access.Editor)
	s.write(ledger.System, func(tx *ledger.Tx) error {
		if err := people.Join(tx, s.Owner.ID, "Mira", s.Owner.Email); err != nil {
			return err
		}
		return people.Join(tx, s.oda.ID, "Oda", s.oda.Email)
	})
	s.write(ledger.Actor{ID: s.Owner.ID}, func(tx *ledger.Tx) error {
		for i := range n {
			id, err := strategy.Objectives.Create(tx, strategy.Objective{Title: fmt.Sprintf("Aim %02d", i+1)})
			if err != nil {
				return err
			}
			s.of = append(s.of, id)
		}
		return nil
	})
	for i, id := range s.of {
		s.write(ledger.Actor{ID: s.oda.ID}, func(tx *ledger.Tx) error {
			if i%2 == 0 {
				return strategy.Objectives.Edit(tx, id, func(o *strategy.Objective) error { o.Period = "2026-Q3"; return nil })
			}
			_, err := collab.Say(tx, &table.Scope{View: tx, Set: s.Tables}, ledger.AnyRef{Kind: "objective", ID: id}, "Is it **enough**, @Mira?")
			return err
		})
	}
	must(t, s.Notices.CatchUp(t.Context(), s.Workspace))
	return s
}

func (s *site) write(as ledger.Actor, fn func(tx *ledger.Tx) error) {
	s.t.Helper()
	s.Clock.Move(time.Minute)
	_, err := s.Ledger.Update(s.t.Context(), s.Workspace, as, "edit", fn)
	must(s.t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheInboxWithoutScripts(t *testing.T) {
	s := newSite(t, 2)
	c := s.Client(t, s.Owner)
	get := func(path string) string {
		t.Helper()
		r, body := s.Get(t, c, "/w/fieldbook/"+path)
		if r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", path, r.StatusCode)
		}
		return body
	}
	post := func(path string, form url.Values) {
		t.Helper()
		if r, body := s.Post(t, c, "/w/fieldbook/"+path, form); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d %.300s", path, r.StatusCode, body)
		}
	}
	says := func(body string, all ...string) {
		t.Helper()
		for _, text := range all {
			if !strings.Contains(body, text) {
				t.Errorf("the page does not say %q", text)
			}
		}
	}
	says(get("inbox"), "Oda mentioned you: “Is it enough, @Mira?”", "Oda changed period to 2026-Q3", `<span class="cnt new">2</span>`)
	second := url.Values{"entity": {s.of[1].String()}}
	says(get("inbox?open="+s.of[1].String()), "<strong>enough</strong>")
	post("inbox/done", second)
	says(get("inbox?tab=done"), "Aim 02")
	post("inbox/return", second)
	post("inbox/snooze", url.Values{"entity": second["entity"], "until": {"tomorrow"}})
	says(get("inbox?tab=snoozed"), "Aim 02", "13 May, 09:00")
	post("inbox/done", url.Values{"entity": {s.of[0].String()}})
	says(get("inbox"), "All done")
	s.Clock.Move(24 * time.Hour)
	says(get("inbox"), "Aim 02") // it came back by itself

	// what is said, answered, edited and taken back on the page of the thing
	page := "objectives/" + s.of[0].String()
	post("comments", url.Values{"about": {s.of[0].String()}, "text": {"First, @Oda"}, "back": {"/w/fieldbook/" + page}})
	var id ledger.ID
	now, err := s.Ledger.At(t.Context(), s.Workspace, ledger.System, 0)
	must(t, err)
	for _, th := range collab.Threads(now, s.of[0]) {
		id = th.ID
	}
	one := "comments/" + id.String()
	post("comments", url.Values{"parent": {id.String()}, "text": {"And second"}})
	post(one+"/react", url.Values{"feeling": {"heart"}, "on": {"yes"}})
	post(one+"/edit", url.Values{"text": {"Firstly, @Oda"}})
	says(get("objectives/O-1"), "Firstly, @Oda", "And second", "Thank you: Mira", ">edited<", "Followed by you")
	says(get(one+"/versions"), "First, @Oda", "Firstly, @Oda")
	post(one+"/edit", url.Values{"resolved": {"yes"}})
	says(get("objectives/O-1"), "Resolved by Mira", "1 reply")
	post(one+"/delete", nil)
	says(get("objectives/O-1"), "This comment was deleted")
	if r, _ := s.Get(t, c, "/w/fieldbook/"+one); !strings.HasSuffix(r.Header.Get("Location"), "/objectives/O-1#c-"+id.String()) {
		t.Errorf("a comment leads to %s", r.Header.Get("Location"))
	}
	must(t, s.Notices.CatchUp(t.Context(), s.Workspace))
}

func TestAMorningInABrowser(t *testing.T) {
	s := newSite(t, 17)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/inbox", browsertest.Desk, "light", s.Session(t, s.Owner))
	press := func(keys ...input.Key) {
		t.Helper()
		must(t, p.Keyboard.Type(keys...))
	}
	is := func(selector string) {
		t.Helper()
		p.Has(selector)
	}
	line := func(i int) string { return "#r-" + s.of[i].String() }
	lines := func() int { return len(p.MustElements(".ib")) }
	is(line(15) + ".cur.new")
	p.Shot("inbox-light")
	press('j')
	is(line(13) + ".cur:not(.new)") // read, because it was gone to
	press('k')
	is(line(15) + ".cur:not(.new)")
	press(input.Space) // a look at the thing, beside the list
	is("#peek:not([hidden]) .peek-title")
	press('j')
	is(line(13) + ".cur")
	is("#peek:not([hidden]) .peek-title") // it follows
	press('k')
	is(line(15) + ".cur")
	press(input.Space)
	is("#peek[hidden]")
	for i := range 15 { // clears fifteen
		n := lines()
		press('e')
		is(fmt.Sprintf(".mail:not(:has(.ib:nth-of-type(%d)))", n))
		if i == 3 {
			p.Shot("inbox-clearing")
		}
	}
	if n := lines(); n != 2 {
		t.Fatalf("%d lines are left, want 2", n)
	}
	press('h')
	is("#snooze-pop:popover-open")
	p.Shot("inbox-snooze")
	p.MustElement(`#snooze-pop button[value="tomorrow"]`).MustClick()
	is(".mail:not(:has(.ib ~ .ib))")
	is(".toast form")
	press(input.Enter) // opens the last one
	is("#discussion")
	p.MustNavigateBack()
	is(".ib.cur")
	if n := lines(); n != 1 {
		t.Errorf("%d lines are there after the way back, want 1", n)
	}
	press('e')
	is(".done-all")
	p.Check()
	p.Shot("inbox-empty")
	p.MustElement(".toast:last-child form button").MustClick()
	is(".ib")
	p.Check()
}

func TestTheInboxLooksRight(t *testing.T) {
	s := newSite(t, 6)
	for _, look := range []struct {
		width  int
		scheme string
		path   string
	}{{browsertest.Desk, "dark", "inbox"}, {browsertest.Phone, "light", "inbox"}, {browsertest.Phone, "light", "inbox?open=" + s.of[1].String()}, {browsertest.Desk, "light", "objectives/O-2"}} {
		p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/"+look.path, look.width, look.scheme, s.Session(t, s.Owner))
		p.Shot(fmt.Sprintf("%s-%d-%s", strings.NewReplacer("/", "-", "?", "-").Replace(look.path[:min(len(look.path), 14)]), look.width, look.scheme))
		p.Check()
	}
}
