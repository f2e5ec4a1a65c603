// Package webtest runs pages for tests: a server with accounts and a workspace, in a
// database of its own, and clients that are signed in.
package webtest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// Password is every account's.
const Password = "an inspection at night"

// Clock is a time that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the time on.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Site is a running server.
type Site struct {
	*web.Kit
	Clock     *Clock
	Server    *httptest.Server
	Routes    []web.Route
	Workspace ledger.ID // "fieldbook", in Europe/Vienna
	Owner     access.Account
	Logged    *Log

	stopping chan struct{}
	stop     sync.Once
}

// Stop ends the live streams, as a server does that begins to stop.
func (s *Site) Stop() { s.stop.Do(func() { close(s.stopping) }) }

// Log is what the server logged.
type Log struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Options are what a Site is made of beside the kit. The kinds of access and people are
// always there, because the kit reads them.
type Options struct {
	Store  ledger.Store // nil: SQLite in a folder of the test
	Kinds  []ledger.AnyKind
	Rules  []access.Rule
	Tables []table.Any
	Kit    func(*web.Kit)             // sets what the test wants otherwise
	Routes func(*web.Kit) []web.Route // beside those of the kit
	Empty  bool                       // without accounts and workspace: set-up is needed
}

// New runs a server that ends with the test.
func New(t testing.TB, o Options) *Site {
	t.Helper()
	ctx := context.Background()
	s := &Site{Clock: &Clock{now: time.Date(2026, 5, 12, 9, 30, 0, 0, time.UTC)}, Logged: &Log{}, stopping: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(s.Logged, t.Output()), nil))

	store := o.Store
	if store == nil {
		var err error
		store, err = sqlite.Open(ctx, filepath.Join(t.TempDir(), "test.db"))
		must(t, err)
	}
	accounts, err := access.OpenAccounts(ctx, store.DB(), access.Settings{Clock: s.Clock.Now, Log: log})
	must(t, err)
	kinds := append([]ledger.AnyKind{access.Workspaces, access.Products, access.Memberships, people.Teams, people.Persons}, o.Kinds...)
	rules := append(slices.Clone(people.Rules), o.Rules...)
	policy := access.NewTable(accounts.ScopeOf, rules...)
	l, err := ledger.Open(ctx, store, ledger.Options{
		Registry: ledger.NewRegistry(kinds...), Policy: policy, Clock: s.Clock.Now, Log: log,
		Stuck: time.Minute, // a loaded test machine is no reason to refuse
	})
	must(t, err)
	t.Cleanup(func() {
		must(t, accounts.Close())
		must(t, l.Close())
	})

	tables := append([]table.Any{access.WorkspaceTable, access.ProductTable, access.MembershipTable, people.TeamTable, people.PersonTable}, o.Tables...)
	s.Kit = &web.Kit{
		Ledger: l, Policy: policy, Accounts: accounts, Limiter: access.NewLimiter(s.Clock.Now), Tables: table.NewSet(tables...),
		Clock: s.Clock.Now, Log: log, Development: true, Version: "Throughline test", Stopping: s.stopping,
	}
	if o.Kit != nil {
		o.Kit(s.Kit)
	}
	s.Routes = web.Routes(s.Kit)
	if o.Routes != nil {
		s.Routes = append(s.Routes, o.Routes(s.Kit)...)
	}
	handler, err := web.New(s.Kit, s.Routes)
	must(t, err)
	s.Server = httptest.NewServer(handler)
	t.Cleanup(func() {
		s.Stop()
		s.Server.Close()
	})
	if o.Empty {
		return s
	}
	s.Owner, err = accounts.Create(ctx, access.NewAccount{Email: "mira@fieldbook.example", Name: "Mira", Password: Password}, true)
	must(t, err)
	s.Workspace, err = l.CreateWorkspace(ctx, "fieldbook")
	must(t, err)
	_, err = l.Update(ctx, s.Workspace, ledger.System, "found", func(tx *ledger.Tx) error {
		if _, err := access.Workspaces.Create(tx, access.Workspace{Name: "Fieldbook", TimeZone: "Europe/Vienna", FirstWeekday: "monday", ValueUnit: "currency", Currency: "EUR"}); err != nil {
			return err
		}
		return access.Grant(tx, s.Owner.ID, access.Owner, ledger.ID{})
	})
	must(t, err)
	return s
}

// Account makes an account; with a role, a member of the workspace.
func (s *Site) Account(t testing.TB, name string, role access.Role) access.Account {
	t.Helper()
	a, err := s.Accounts.Create(context.Background(), access.NewAccount{Email: strings.ToLower(name) + "@fieldbook.example", Name: name, Password: Password}, false)
	must(t, err)
	if role != access.Nobody {
		_, err = s.Ledger.Update(context.Background(), s.Workspace, ledger.System, "join", func(tx *ledger.Tx) error {
			return access.Grant(tx, a.ID, role, ledger.ID{})
		})
		must(t, err)
	}
	return a
}

// Session signs an account in and returns the cookie of its session.
func (s *Site) Session(t testing.TB, a access.Account) *http.Cookie {
	t.Helper()
	_, secret, err := s.Accounts.SignIn(context.Background(), a.Email, Password, access.Client{Addr: "127.0.0.1", Agent: "test"})
	must(t, err)
	return &http.Cookie{Name: "throughline", Value: secret, Path: "/"}
}

// Client returns a browser without scripts, signed in as the account; a zero account
// is nobody. It does not follow redirects.
func (s *Site) Client(t testing.TB, a access.Account) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	c := s.Server.Client()
	client := &http.Client{Transport: c.Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if !a.ID.IsZero() {
		u, err := url.Parse(s.Server.URL)
		must(t, err)
		jar.SetCookies(u, []*http.Cookie{s.Session(t, a)})
	}
	return client
}

// Get asks for a page as a browser does.
func (s *Site) Get(t testing.TB, c *http.Client, path string) (*http.Response, string) {
	t.Helper()
	return s.Do(t, c, http.MethodGet, path, nil)
}

// Post sends a form as a browser does.
func (s *Site) Post(t testing.TB, c *http.Client, path string, form url.Values) (*http.Response, string) {
	t.Helper()
	return s.Do(t, c, http.MethodPost, path, form)
}

// Do sends a request with the headers of a browser on our own page, and those given.
func (s *Site) Do(t testing.TB, c *http.Client, method, path string, form url.Values, header ...string) (*http.Response, string) {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, s.Server.URL+path, body)
	must(t, err)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Do(r)
	must(t, err)
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer, string(b)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
