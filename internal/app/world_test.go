package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/richtext"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
)

// password is every account's.
const password = "nine lamps over the water"

// engines make the option that chooses the database, a new one each time.
var engines = map[string]func(t testing.TB) map[string]string{
	"sqlite": func(t testing.TB) map[string]string {
		return map[string]string{"data": filepath.Join(t.TempDir(), "data")}
	},
	"postgres": func(t testing.TB) map[string]string {
		return map[string]string{"data": filepath.Join(t.TempDir(), "data"), "database-url": pgtest.DSN(t), "secret-key": strings.Repeat("k", 40)}
	},
}

// tried are the engines that a test runs on: both. The race detector slows the thousands
// of requests of these tests tenfold, so under it they are sent to one; make test runs
// them without it too.
func tried() map[string]func(t testing.TB) map[string]string {
	if raceEnabled {
		return map[string]func(t testing.TB) map[string]string{"sqlite": engines["sqlite"]}
	}
	return engines
}

// each runs a test on every engine that is tried.
func each(t *testing.T, f func(t *testing.T, options map[string]string)) {
	for name, options := range tried() {
		t.Run(name, func(t *testing.T) { f(t, options(t)) })
	}
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 12, 9, 30, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// start opens an installation that is closed with the test.
func start(t testing.TB, options map[string]string, now func() time.Time) *app.App {
	t.Helper()
	flags := map[string]string{"addr": "127.0.0.1:0"}
	for name, value := range options {
		flags[name] = value
	}
	c, err := config.Load(flags, nil)
	must(t, err)
	a, err := app.Open(context.Background(), c, app.Options{
		Create: true, Clock: now, Log: slog.New(slog.DiscardHandler),
		Stuck: time.Minute, // a loaded test machine is no reason to refuse
	})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is an installation with a workspace that has a public product, OP, and a private
// one, SE, and with somebody of every role.
type world struct {
	*app.App
	t     testing.TB
	clock *clock
	ws    ledger.ID

	public, private ledger.ID // products
	people          map[string]*someone
	secret          ledger.ID  // a feature of the private product
	file            ledger.ID  // an attachment there
	pending         ledger.ID  // a proposal
	past            ledger.Seq // a position
	tries           int        // of the cases of the tables
	requests, made  int
	stored          string // the hash of a file
}

// someone is a principal: an account with a session or a token, or nobody.
type someone struct {
	name    string
	account access.Account
	cookie  string // the secret of a session
	token   string // the secret of an API token
}

// slug is the workspace's.
const slug = "acme"

func newWorld(t testing.TB, options map[string]string) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), people: map[string]*someone{"anonymous": {name: "anonymous"}}}
	w.App = start(t, options, w.clock.Now)
	w.join("owner")
	w.ws = w.found(slug, w.people["owner"])
	w.do(ledger.System, func(tx *ledger.Tx) (err error) {
		for p := range access.Products.All(tx) { // the one that every workspace begins with
			w.public = p.ID
			err = access.Products.Edit(tx, p.ID, func(p *access.Product) error { p.Name, p.Prefix = "Open", "OP"; return nil })
		}
		if err == nil {
			w.private, err = access.Products.Create(tx, access.Product{Name: "Secret", Prefix: "SE", Private: true})
		}
		return err
	})
	f, err := w.Files.Put(context.Background(), w.ws, "a.txt", strings.NewReader("what"))
	must(t, err)
	w.stored = f.SHA256
	return w
}

func (w *world) found(slug string, owner *someone) ledger.ID {
	w.t.Helper()
	id, err := w.Found(context.Background(), slug, access.Workspace{Name: slug}, owner.account.ID)
	must(w.t, err)
	return id
}

// join makes an account and signs it in.
func (w *world) join(name string) *someone {
	w.t.Helper()
	a, err := w.Accounts.Create(context.Background(), access.NewAccount{Email: name + "@example.com", Name: strings.ToUpper(name), Password: password}, false)
	must(w.t, err)
	w.people[name] = &someone{name: name, account: a}
	w.signIn(w.people[name])
	return w.people[name]
}

// signIn gives somebody a new session.
func (w *world) signIn(s *someone) {
	w.t.Helper()
	_, secret, err := w.Accounts.SignIn(context.Background(), s.account.Email, password, access.Client{Addr: w.address(), Agent: "test"})
	must(w.t, err)
	s.cookie = secret
}

// address is an address of this machine that no request came from yet: the limits of
// nobody's requests are not what is tried here.
func (w *world) address() string {
	w.requests++
	return fmt.Sprintf("127.%d.%d.%d", 1+w.requests>>16, w.requests>>8&255, w.requests&255)
}

// grant gives somebody a role on a product, or on the workspace if it is zero.
func (w *world) grant(s *someone, role access.Role, product ledger.ID) {
	w.t.Helper()
	w.do(ledger.System, func(tx *ledger.Tx) error { return access.Grant(tx, s.account.ID, role, product) })
}

// withToken returns a principal that acts for somebody by a token.
func (w *world) withToken(name string, s *someone, n access.NewToken) *someone {
	w.t.Helper()
	n.Name = name
	_, secret, err := w.Accounts.NewToken(context.Background(), access.Principal{Account: s.account, Scope: access.ScopeAdmin}, n)
	must(w.t, err)
	w.people[name] = &someone{name: name, account: s.account, token: secret}
	return w.people[name]
}

// do writes past the routes.
func (w *world) do(as ledger.Actor, fn func(*ledger.Tx) error, opts ...ledger.UpdateOption) ledger.Seq {
	w.t.Helper()
	return w.in(w.ws, as, fn, opts...)
}

func (w *world) in(ws ledger.ID, as ledger.Actor, fn func(*ledger.Tx) error, opts ...ledger.UpdateOption) ledger.Seq {
	w.t.Helper()
	seq, err := w.Ledger.Update(context.Background(), ws, as, "edit", fn, opts...)
	must(w.t, err)
	return seq
}

// position is where the workspace stands.
func (w *world) position() ledger.Seq {
	w.t.Helper()
	s, err := w.Ledger.At(context.Background(), w.ws, ledger.System, 0)
	must(w.t, err)
	return s.Seq()
}

func (s *someone) actor() ledger.Actor { return ledger.Actor{ID: s.account.ID} }

// ask is a request before it is sent.
type ask struct {
	method, path string
	form         url.Values     // of a page
	json         map[string]any // of the API
	raw          string         // a body as it is
	header       map[string]string
}

func get(path string) ask { return ask{method: http.MethodGet, path: path} }

// api reports whether an address is one for programs.
func api(path string) bool { return strings.HasPrefix(path, "/api/") }

// send sends a request as a browser on our own page would, or as a program if the
// address is one of the API.
func (w *world) send(who *someone, q ask) *httptest.ResponseRecorder {
	w.t.Helper()
	return send(w.t, w.App, w.address(), who, q)
}

func send(t testing.TB, a *app.App, from string, who *someone, q ask) *httptest.ResponseRecorder {
	t.Helper()
	var body io.Reader
	media := ""
	switch {
	case q.json != nil:
		b, err := json.Marshal(q.json)
		must(t, err)
		body, media = strings.NewReader(string(b)), "application/json"
	case q.form != nil:
		body, media = strings.NewReader(q.form.Encode()), "application/x-www-form-urlencoded"
	case q.raw != "":
		body = strings.NewReader(q.raw)
	}
	r := httptest.NewRequest(q.method, q.path, body)
	r.Host, r.RemoteAddr = "localhost", from+":4000"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept", "text/html")
	if api(q.path) {
		r.Header.Set("Accept", "application/json")
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if who.token != "" {
		r.Header.Set("Authorization", "Bearer "+who.token)
	}
	if who.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "throughline", Value: who.cookie})
	}
	for name, value := range q.header {
		if value == "" {
			r.Header.Del(name)
			continue
		}
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	a.Handler().ServeHTTP(patient{answer}, r)
	return answer
}

// patient is a connection with deadlines, which a recorder has none of.
type patient struct{ *httptest.ResponseRecorder }

// SetReadDeadline is asked for by long uploads.
func (patient) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is asked for by long downloads.
func (patient) SetWriteDeadline(time.Time) error { return nil }

// unique returns a word that nothing else here has.
func (w *world) unique(word string) string {
	w.made++
	return fmt.Sprintf("%s %d", word, w.made)
}

// letters returns capitals that no prefix has yet.
func (w *world) letters() string {
	w.made++
	n := w.made
	return fmt.Sprintf("Z%c%c%c", 'A'+n/676%26, 'A'+n/26%26, 'A'+n%26)
}

// make makes an entity of a kind as somebody: in a product, for kinds that are.
func (w *world) make(kind string, as ledger.Actor, product ledger.ID, opts ...ledger.UpdateOption) (id ledger.ID) {
	w.t.Helper()
	t, _ := w.Tables.Named(kind)
	var in map[string]string
	if kind == "comments" {
		return w.comment(as, product, opts...)
	}
	if kind != "dependencies" && kind != "attachments" {
		in = w.values(kind, product)
	}
	w.do(as, func(tx *ledger.Tx) error {
		var err error
		switch kind {
		case "dependencies":
			var ends [2]ledger.ID
			for i := range ends {
				if ends[i], err = backlog.Features.Create(tx, backlog.Feature{Title: "end", Product: ledger.Ref(product), Status: w.status(tx)}); err != nil {
					return err
				}
			}
			id, err = backlog.Dependencies.Create(tx, backlog.Dependency{From: ledger.Ref(ends[0]), To: ledger.Ref(ends[1]), Type: backlog.Relates})
		case "attachments":
			var on ledger.ID
			if on, err = backlog.Features.Create(tx, backlog.Feature{Title: "with a file", Product: ledger.Ref(product), Status: w.status(tx)}); err != nil {
				return err
			}
			id, err = collab.Attach(tx, collab.Attachment{About: ledger.AnyRef{Kind: "feature", ID: on}, Name: "a.txt", Type: "text/plain", Size: 4, SHA256: w.stored})
		case "objectives":
			id, err = strategy.Objectives.Create(tx, strategy.Objective{Title: in["title"], Product: ledger.Ref(product), Description: tx.Text(in["description"])})
		case "releases":
			id, err = release.Releases.Create(tx, release.Release{
				Name: in["name"], Product: ledger.Ref(product), Status: release.Planned, Description: tx.Text(in["description"]),
			})
		default:
			id, err = t.Create(tx, w.scope(tx), ledger.ID{}, inputOf(in))
		}
		return err
	}, opts...)
	return id
}

// comment makes a comment on a feature of a product.
func (w *world) comment(as ledger.Actor, product ledger.ID, opts ...ledger.UpdateOption) (id ledger.ID) {
	w.t.Helper()
	about := w.make("features", ledger.System, product)
	w.do(as, func(tx *ledger.Tx) (err error) {
		id, err = collab.Say(tx, w.scope(tx), ledger.AnyRef{Kind: "feature", ID: about}, w.unique("said"))
		return err
	}, opts...)
	return id
}

func (w *world) status(v ledger.View) ledger.Ref {
	for s := range backlog.Statuses.All(v) {
		return ledger.Ref(s.ID)
	}
	w.t.Fatal("there is no status")
	return ledger.Ref{}
}

// aTask is a text with a task.
const aTask = "- [ ] look"

// tickOf is what the box of a text's task sends.
func tickOf(text string) string {
	_, after, _ := strings.Cut(richtext.HTML(text, richtext.Reader{Ticking: "f"}), `value="`)
	value, _, _ := strings.Cut(after, `"`)
	return value
}

// values are what a new entity of a kind is made of, as a form or the API takes it.
func (w *world) values(kind string, product ledger.ID) map[string]string {
	w.t.Helper()
	switch kind {
	case "features", "objectives":
		return map[string]string{"title": w.unique("A"), "product": product.String(), "description": aTask}
	case "releases":
		return map[string]string{"name": w.unique("R"), "product": product.String(), "description": aTask}
	case "people":
		return map[string]string{"name": w.unique("N")}
	case "teams":
		return map[string]string{"name": w.unique("N"), "description": aTask}
	case "products":
		return map[string]string{"name": w.unique("P"), "prefix": w.letters(), "description": aTask}
	case "statuses":
		return map[string]string{"name": w.unique("S"), "stage": "building"}
	case "fields":
		return map[string]string{"label": w.unique("F"), "type": "text"}
	case "formulas":
		return map[string]string{"label": w.unique("F"), "formula": "value / effort"}
	case "memberships":
		return map[string]string{"account": ledger.NewID(ledger.TimeOf(w.clock.Now())).String(), "role": "viewer"}
	case "views":
		return map[string]string{"title": w.unique("V"), "of": "features", "query": "q=x"}
	case "templates":
		return map[string]string{"title": w.unique("T"), "of": "features", "description": aTask}
	case "comments":
		return map[string]string{"about": w.make("features", ledger.System, product).String(), "text": w.unique("said")}
	case "proposals":
		return map[string]string{"title": w.unique("P"), "why": aTask}
	case "reviews":
		return map[string]string{
			"about":    w.make("features", ledger.System, product).String(),
			"reviewer": ledger.NewID(ledger.TimeOf(w.clock.Now())).String(),
		}
	case "dependencies":
		return map[string]string{
			"from": w.make("features", ledger.System, product).String(), "to": w.make("features", ledger.System, product).String(), "type": "relates",
		}
	}
	w.t.Fatalf("nobody said what %s are made of", kind)
	return nil
}

// edits is a column of a kind and what it is changed to.
func (w *world) edits(kind string) (column, value string) {
	switch kind {
	case "memberships":
		return "role", "contributor"
	case "dependencies":
		return "type", "duplicates"
	case "comments":
		return "resolved", "yes"
	case "releases", "people", "teams", "products", "statuses", "settings":
		return "name", w.unique("edited")
	case "attachments":
		return "name", w.unique("edited") + ".txt"
	case "fields", "formulas":
		return "label", w.unique("edited")
	case "reviews":
		return "must", "yes"
	}
	return "title", w.unique("edited")
}

func formOf(in map[string]string) url.Values {
	v := url.Values{}
	for name, value := range in {
		v.Set(name, value)
	}
	return v
}

func jsonOf(in map[string]string) map[string]any {
	v := map[string]any{}
	for name, value := range in {
		v[name] = value
	}
	return v
}

func inputOf(in map[string]string) table.Input {
	out := table.Input{}
	for name, value := range in {
		out[name] = value
	}
	return out
}

// scope is what values are written in by the system.
func (w *world) scope(v ledger.View) *table.Scope {
	return &table.Scope{View: v, Set: w.Tables, Today: "2026-05-12", Zone: time.UTC}
}
