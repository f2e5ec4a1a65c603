package demo

import (
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// house is the demo behind a server, with one thing of every kind that has pages.
type house struct {
	*book
	url  string
	past string // the position at which all is there, as ?at= has it
	one  map[string]string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	b := open(t, "sqlite", "2026-05-12")
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	h := &house{book: b, url: server.URL, one: map[string]string{}}
	mira := b.actor(Host)
	in := func(name string, input table.Input) func(tx *ledger.Tx) error {
		return func(tx *ledger.Tx) error {
			of, _ := b.Tables.Named(name)
			_, err := of.Create(tx, b.scope(tx), ledger.ID{}, input)
			return err
		}
	}
	h.write(mira, in("templates", table.Input{"title": "Weekly audit", "of": "features"}))
	h.write(mira, in("formulas", table.Input{"label": "Worth per week", "formula": "value / effort", "unit": "EUR"}))
	h.write(mira, in("fields", table.Input{"label": "Region", "type": "choice", "options": "North; South"}))
	h.write(mira, in("features", table.Input{"title": "Night mode", "status": "Building"})) // breaks its thread
	h.write(mira, in("views", table.Input{"title": "What is built", "of": "features", "query": "group=status", "shared": "yes"}))
	h.write(mira, func(tx *ledger.Tx) error {
		for f := range backlog.Features.All(tx) {
			_, err := collab.Say(tx, b.scope(tx), ledger.AnyRef{Kind: "feature", ID: f.ID}, "Who asked for **this**?")
			return err
		}
		return nil
	})
	s := b.now()
	h.past = "@" + strconv.FormatInt(int64(s.Seq()), 10)
	for _, of := range b.Tables.All() {
		for r := range of.Rows(s) {
			if h.one[of.Name()] = r.Key(); r.Key() == "" {
				h.one[of.Name()] = r.ID().String()
			}
			break
		}
	}
	h.write(mira, in("teams", table.Input{"name": "Of another time"})) // what came before is the past
	return h
}

func (h *house) write(as ledger.Actor, fn func(*ledger.Tx) error) {
	h.t.Helper()
	if _, err := h.Ledger.Update(h.t.Context(), h.workspace, as, "test", fn); err != nil {
		h.t.Fatal(err)
	}
}

// somebody signs in with a role of their own in the demo.
func (h *house) somebody(name string, role access.Role) *http.Cookie {
	h.t.Helper()
	ctx := h.t.Context()
	email := Email(name)
	if name != Host {
		a, err := h.Accounts.Create(ctx, access.NewAccount{Email: email, Name: name, Password: password}, false)
		if err != nil {
			h.t.Fatal(err)
		}
		h.write(ledger.System, func(tx *ledger.Tx) error { return access.Grant(tx, a.ID, role, ledger.ID{}) })
	}
	_, secret, err := h.Accounts.SignIn(ctx, email, password, access.Client{Addr: "127.0.0.1", Agent: "test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return &http.Cookie{Name: "throughline", Value: secret, Path: "/"}
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// noPages are addresses of a workspace that answer no page: a stream, what a script asks
// for, and imports, which are there only while somebody imports.
var noPages = []string{"/live", "/find", "/write/", "/pick", "/preview", "/filter", "/{import}", "/card/"}

// addresses are those of every page of the workspace: each route that is read, filled in
// with the one thing of its kind.
func (h *house) addresses() []string {
	h.t.Helper()
	gap := map[string]string{}
	s := h.now()
	gaps, err := thread.Gaps(h.t.Context(), s, h.today)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, g := range gaps {
		if g.Kind.Field != "" {
			gap["kind"], gap["entity"] = g.Kind.Name, g.ID.String()
			break
		}
	}
	var all []string
	for _, r := range h.Routes() {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.Pattern, "/w/{workspace}") ||
			slices.ContainsFunc(noPages, func(part string) bool { return strings.Contains(r.Pattern, part) }) {
			continue
		}
		path := strings.TrimSuffix(strings.TrimPrefix(r.Pattern, "/w/{workspace}"), "/{$}")
		if path == "" {
			continue // leads to the first page
		}
		name := strings.Split(path, "/")[1]
		fill := func(m string) string {
			switch key := m[1 : len(m)-1]; {
			case name == "gaps":
				return gap[key]
			case key == "entity" || key == "id":
				return h.one[name]
			case key == "column":
				of, _ := h.Tables.Named(name)
				for _, c := range of.Columns(s) {
					if c.Writable && (c.Type == table.TypeLongText) == strings.Contains(path, "/texts/") {
						return c.Name
					}
				}
			}
			return ""
		}
		filled := placeholder.ReplaceAllStringFunc(path, fill)
		if strings.Contains(filled, "//") || strings.HasSuffix(filled, "/") {
			h.t.Errorf("the walk has nothing to fill %s in with: %s", r.Pattern, filled)
			continue
		}
		if name == "compare" || strings.HasSuffix(path, "/compare") || strings.HasSuffix(path, "/compare.csv") {
			filled += "?since=@40"
		}
		all = append(all, "/w/"+Slug+filled)
	}
	return all
}

// get asks for an address as a reader; redirects are not followed.
func (h *house) get(as *http.Cookie, address string) (*http.Response, *html.Node) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.url+address, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.AddCookie(as)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	if media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); media != "text/html" {
		_, err = io.Copy(io.Discard, answer.Body)
		if err != nil {
			h.t.Fatal(err)
		}
		return answer, nil
	}
	page, err := html.Parse(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer, page
}

// attr is the value of an attribute, "" if the element has none.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// has reports whether an element has an attribute.
func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// found returns the elements for which a condition holds.
func found(in *html.Node, holds func(*html.Node) bool) (all []*html.Node) {
	if in == nil {
		return nil
	}
	for n := range in.Descendants() {
		if n.Type == html.ElementNode && holds(n) {
			all = append(all, n)
		}
	}
	return all
}

// main is the part of a page below its frame; nil if the answer is no page.
func main(page *html.Node) *html.Node {
	if all := found(page, func(n *html.Node) bool { return attr(n, "id") == "main" }); len(all) == 1 {
		return all[0]
	}
	return nil
}

// tag is how an element begins, for a message.
func tag(n *html.Node) string {
	var b strings.Builder
	_ = html.Render(&b, &html.Node{Type: html.ElementNode, Data: n.Data, Attr: n.Attr})
	return b.String()
}

// writing reports whether an element leads to a write.
func writing(n *html.Node) bool {
	switch {
	case n.Data == "form":
		return strings.EqualFold(attr(n, "method"), "post")
	case n.Data == "a":
		u, err := url.Parse(attr(n, "href"))
		return err == nil && formPath.MatchString(u.Path)
	}
	return has(n, "data-edit") || has(n, "hx-post") || has(n, "contenteditable") || attr(n, "draggable") == "true" ||
		slices.Contains([]string{"create", "palette-write"}, attr(n, "data-act"))
}

var formPath = regexp.MustCompile(`^/w/[^/]+/([^/]+/new|create|import|[^/]+/[^/]+/(edit|field/.*|texts/[^/]+/edit))$`)

// Every page of a workspace can be read in the past, where nothing is written and every
// link stays; what has no past leads to now.
func TestEveryPageHasAPast(t *testing.T) {
	h := newHouse(t)
	mira := h.somebody(Host, access.Owner)
	for _, address := range h.addresses() {
		t.Run(strings.TrimPrefix(address, "/w/"+Slug), func(t *testing.T) {
			joint := "?"
			if strings.Contains(address, "?") {
				joint = "&"
			}
			answer, page := h.get(mira, address+joint+"at="+url.QueryEscape(h.past))
			if answer.StatusCode == http.StatusSeeOther {
				to := answer.Header.Get("Location")
				if to != address && !strings.Contains(to, "at=") && !strings.Contains(to, "until=") { // a comparison names both its moments
					t.Errorf("it leads to %s", to)
				}
				return
			}
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("it answers %d", answer.StatusCode)
			}
			body := main(page)
			if body == nil {
				return
			}
			if len(found(page, func(n *html.Node) bool { return n.Data == "html" && attr(n, "data-time") == "past" })) != 1 ||
				len(found(page, func(n *html.Node) bool { return attr(n, "class") == "past-bar" })) != 1 {
				t.Error("it does not say that it shows the past")
			}
			for _, n := range found(body, writing) {
				t.Errorf("it writes: %s", tag(n))
			}
			for _, n := range found(body, func(n *html.Node) bool { return n.Data == "a" && strings.HasPrefix(attr(n, "href"), "/w/") }) {
				if u, err := url.Parse(attr(n, "href")); err != nil || u.Query().Get("at") == "" {
					t.Errorf("it leaves the past: %s", tag(n))
				}
			}
		})
	}
}

// own are the writes that every reader has: they change what is theirs alone.
var own = regexp.MustCompile(`/(follow|unfollow|favourites|views|views/edit|views/remove|start|inbox/\w+)(\?|$)`)

// Every page of a workspace can be read by who may write nothing, and offers them nothing
// that would be refused.
func TestEveryPageForAViewer(t *testing.T) {
	h := newHouse(t)
	vera := h.somebody("Xenia", access.Viewer)
	for _, address := range h.addresses() {
		t.Run(strings.TrimPrefix(address, "/w/"+Slug), func(t *testing.T) {
			answer, page := h.get(vera, address)
			body := main(page)
			refusable := strings.HasSuffix(address, "/members") || strings.HasSuffix(address, "/settings/tokens") || strings.HasSuffix(address, "/import")
			switch {
			case answer.StatusCode == http.StatusForbidden && refusable, answer.StatusCode == http.StatusSeeOther:
				return
			case answer.StatusCode != http.StatusOK:
				t.Fatalf("it answers %d", answer.StatusCode)
			case body == nil:
				return
			}
			for _, n := range found(body, writing) {
				if n.Data != "form" || !own.MatchString(attr(n, "action")) {
					t.Errorf("it offers %s", tag(n))
				}
			}
		})
	}
}

// alike are pages that look the same for every kind; those of features stand for all.
var alike = regexp.MustCompile(`^/w/[^/]+/[^/]+/([^/]+/(edit|history|field/.*|texts/.*)|compare.*)$`)

// Every page is opened once in a browser and seen as people see it: on a desk in light
// and dark, and on a phone. Nothing is refused, nothing complains, and axe-core finds
// nothing.
func TestEveryPageInABrowser(t *testing.T) {
	h := newHouse(t)
	mira := h.somebody(Host, access.Owner)
	base := "/w/" + Slug
	addresses := []string{base + "/features?layout=board", base + "/features?at=@40", base + "/features/FB-1?at=" + h.past, base + "/features?in=P-4"}
	for _, address := range h.addresses() {
		if alike.MatchString(address) && !strings.HasPrefix(address, base+"/features/") {
			continue
		}
		if answer, page := h.get(mira, address); answer.StatusCode == http.StatusOK && main(page) != nil {
			addresses = append(addresses, address)
		}
	}
	p := browsertest.Open(t, h.url+base, browsertest.Desk, "light", mira)
	for _, address := range addresses {
		p.Look(browsertest.Desk, "light")
		p.Go(h.url + address)
		name := strings.NewReplacer(base+"/", "", "/", "-", "?", "-", "@", "", "=", "-").Replace(address)
		p.Shot(name + "-light")
		p.Check()
		p.Look(browsertest.Desk, "dark")
		p.Shot(name + "-dark")
		p.Check()
		p.Look(browsertest.Phone, "light")
		p.Shot(name + "-phone")
		p.Check()
	}
}
