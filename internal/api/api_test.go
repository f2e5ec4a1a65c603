package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/api"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

// world is a server with a workspace that has a workflow and a product, FB.
type world struct {
	*webtest.Site
	t       testing.TB
	product ledger.ID
	owner   *client
}

func newWorld(t testing.TB, store ledger.Store) *world {
	t.Helper()
	tables := []table.Any{
		strategy.ObjectiveTable, release.Table,
		backlog.StatusTable, backlog.FieldTable, backlog.FormulaTable, backlog.FeatureTable, backlog.DependencyTable, backlog.ViewTable,
	}
	var kinds []ledger.AnyKind
	for _, k := range tables {
		kinds = append(kinds, k.AnyKind())
	}
	var rules []access.Rule
	for _, r := range [][]access.Rule{strategy.Rules, release.Rules, backlog.Rules} {
		rules = append(rules, r...)
	}
	w := &world{t: t}
	w.Site = webtest.New(t, webtest.Options{Store: store, Kinds: kinds, Rules: rules, Tables: tables, Routes: func(k *web.Kit) []web.Route {
		a, err := api.Open(context.Background(), k)
		if err != nil {
			t.Fatal(err)
		}
		return a.Routes()
	}})
	w.change(func(tx *ledger.Tx) (err error) {
		if err := backlog.StandardWorkflow(tx); err != nil {
			return err
		}
		w.product, err = access.Products.Create(tx, access.Product{Name: "Fieldbook", Prefix: "FB"})
		return err
	})
	w.owner = w.as(w.Owner)
	return w
}

// each runs a test on both engines.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) { f(t, newWorld(t, open())) })
}

// change writes as the system, past the API.
func (w *world) change(fn func(tx *ledger.Tx) error) ledger.Seq {
	w.t.Helper()
	seq, err := w.Ledger.Update(context.Background(), w.Workspace, ledger.System, "arrange", fn)
	if err != nil {
		w.t.Fatal(err)
	}
	return seq
}

// client uses the API with a token.
type client struct {
	w      *world
	secret string
}

// as returns a client with a token of the account that may do all that the account may.
func (w *world) as(a access.Account) *client {
	w.t.Helper()
	return w.token(a, access.NewToken{Name: "test", Scope: access.ScopeAdmin})
}

func (w *world) token(a access.Account, n access.NewToken) *client {
	w.t.Helper()
	_, secret, err := w.Accounts.NewToken(context.Background(), access.Principal{Account: a, Scope: access.ScopeAdmin}, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return &client{w, secret}
}

// member returns a client of a new account with a role on the workspace.
func (w *world) member(name string, role access.Role) *client {
	w.t.Helper()
	return w.as(w.Account(w.t, name, role))
}

// reply is what came back.
type reply struct {
	t      testing.TB
	asked  string
	status int
	header http.Header
	body   []byte
}

// do sends a request; body is JSON, "" for none. Headers come in pairs.
func (c *client) do(method, path, body string, headers ...string) *reply {
	c.w.t.Helper()
	r, err := http.NewRequest(method, c.w.Server.URL+"/api/v1/"+path, strings.NewReader(body))
	if err != nil {
		c.w.t.Fatal(err)
	}
	if c.secret != "" {
		r.Header.Set("Authorization", "Bearer "+c.secret)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.w.Server.Client().Do(r)
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		c.w.t.Fatal(err)
	}
	return &reply{c.w.t, method + " " + path, answer.StatusCode, answer.Header, b}
}

func (c *client) get(path string, headers ...string) *reply {
	c.w.t.Helper()
	return c.do(http.MethodGet, path, "", headers...)
}

func (c *client) post(path, body string, headers ...string) *reply {
	c.w.t.Helper()
	return c.do(http.MethodPost, path, body, headers...)
}

func (c *client) patch(path, body string, headers ...string) *reply {
	c.w.t.Helper()
	return c.do(http.MethodPatch, path, body, headers...)
}

func (c *client) delete(path string, headers ...string) *reply {
	c.w.t.Helper()
	return c.do(http.MethodDelete, path, "", headers...)
}

// want fails the test unless the status is the one given.
func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: status %d, want %d: %s", r.asked, r.status, status, r.body)
	}
	return r
}

// into decodes the body.
func (r *reply) into(v any) {
	r.t.Helper()
	d := json.NewDecoder(bytes.NewReader(r.body))
	if err := d.Decode(v); err != nil {
		r.t.Fatalf("%s: %v in %s", r.asked, err, r.body)
	}
}

// entity is an entity as JSON.
type entity map[string]any

func (r *reply) entity() entity {
	r.t.Helper()
	e := entity{}
	r.into(&e)
	return e
}

func (e entity) text(name string) string { return fmt.Sprint(e[name]) }

func (e entity) title(link string) string {
	if o, ok := e[link].(map[string]any); ok {
		return fmt.Sprint(o["title"])
	}
	return ""
}

// page is a page of a list.
type page struct {
	Items  []entity
	Total  int
	Next   string
	Groups []struct {
		Value        string
		First, Count int
	}
}

func (r *reply) page() (p page) {
	r.t.Helper()
	r.into(&p)
	return p
}

// problem is a failure as JSON.
type problem struct {
	Type, Title, Detail, Kind, Request string
	Status                             int
	Errors                             []struct {
		Name, Message string
		Theirs, Yours any
	}
}

// refused fails the test unless the answer is a problem with the status that names just
// the given fields.
func (r *reply) refused(status int, fields ...string) (p problem) {
	r.t.Helper()
	r.want(status)
	if ct := r.header.Get("Content-Type"); ct != "application/problem+json" {
		r.t.Errorf("%s: %s", r.asked, ct)
	}
	r.into(&p)
	var have []string
	for _, e := range p.Errors {
		have = append(have, e.Name)
	}
	if strings.Join(have, " ") != strings.Join(fields, " ") || p.Status != status || p.Detail == "" {
		r.t.Errorf("%s: refused as %+v, want fields %v", r.asked, p, fields)
	}
	return p
}
