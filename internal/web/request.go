package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Request is one request with what the kit found out before the handler got it.
type Request struct {
	Kit       *Kit
	W         http.ResponseWriter
	R         *http.Request
	Principal access.Principal // zero for nobody
	Workspace Workspace        // zero outside one
	Snapshots                  // of the workspace: now, past or pending

	conn       *connection
	toast      *said
	query      url.Values
	favourites *[]access.Favourite // nil: not read yet
	rights     *access.Rights      // nil: not read yet
}

// Workspace is the workspace of a request, with the settings and role of now.
type Workspace struct {
	access.Workspace
	ID   ledger.ID
	Slug string
	Role access.Role // of the principal on the workspace itself; Nobody for a guest
}

// Context ends with the request.
func (q *Request) Context() context.Context { return q.R.Context() }

// Now returns the time.
func (q *Request) Now() time.Time { return q.Kit.Clock() }

// Today returns the day it is in the workspace.
func (q *Request) Today() calendar.Day { return calendar.DayOf(q.Now().In(q.zone())) }

func (q *Request) zone() *time.Location {
	if q.Workspace.ID.IsZero() {
		return time.UTC
	}
	return q.Workspace.Zone()
}

// Words puts dates into the words of the workspace.
func (q *Request) Words() ui.Words { return ui.Words{Now: q.Now(), Zone: q.zone()} }

// Query returns a parameter of the address, "" for none. A parameter that is there
// twice was refused before.
func (q *Request) Query(name string) string { return q.query.Get(name) }

// Path returns the address of a page of the workspace, at the moment or in the proposal
// that this page shows: Path("features", "FB-42").
func (q *Request) Path(parts ...string) string {
	u := url.URL{Path: "/w/" + q.Workspace.Slug + "/" + strings.Join(parts, "/")}
	return ui.With(ui.With(u.String(), "at", q.Query("at")), "in", q.Query("in"))
}

// Absolute returns the whole address of a path of this server, to be copied or sent.
func (q *Request) Absolute(path string) string {
	if q.Kit.PublicURL != "" {
		return q.Kit.PublicURL + path
	}
	scheme := "http://"
	if q.conn.secure {
		scheme = "https://"
	}
	return scheme + q.R.Host + path
}

// Form reads a form post. It takes the named fields alone and each once, but for names
// that end in "*", which may come more often; anything else is refused.
func (q *Request) Form(names ...string) (*ui.Form, error) {
	if err := q.R.ParseForm(); err != nil {
		return nil, bodyFault(err)
	}
	f := &ui.Form{Values: url.Values{}, Errors: map[string]string{}}
	var faults fault.Fields
	for name, values := range q.R.PostForm {
		switch {
		case slices.Contains(names, name+"*"):
		case !slices.Contains(names, name):
			faults.Add(name, "is no field of this form")
		case len(values) > 1:
			faults.Add(name, "was sent twice")
		}
		f.Values[name] = values
	}
	return f, faults.Err()
}

// bodyFault tells why a body could not be read.
func bodyFault(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.Wrap(fault.TooLarge, err, "this is larger than the %d kB that fit here", large.Limit/1024)
	}
	return fault.Wrap(fault.Invalid, err, "the form could not be read")
}

// serve runs one route: whatever must hold before its handler is asked here, in this
// order, so that no route can forget it.
func (k *Kit) serve(route *Route) http.Handler {
	limit := route.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		q := &Request{Kit: k, W: w, R: r, conn: connectionOf(r)}
		q.Snapshots.q = q
		if err := k.run(q, route, limit); err != nil {
			k.fail(q, err)
		}
	})
}

func (k *Kit) run(q *Request, route *Route, limit int64) error {
	if q.R.ContentLength > limit {
		return bodyFault(&http.MaxBytesError{Limit: limit})
	}
	if !safe(q.R.Method) {
		if err := q.sameOrigin(); err != nil {
			return err
		}
	}
	if !route.Plain && !q.conn.secure && !q.conn.local && !k.InsecureHTTP {
		return q.insecure()
	}
	if err := q.parseQuery(); err != nil {
		return err
	}
	if !route.Setup && !route.Plain {
		needed, err := k.Accounts.NeedsSetup(q.Context())
		if err != nil {
			return err
		}
		if needed {
			return q.Redirect("/setup")
		}
	}
	if err := q.identify(route); err != nil {
		return err
	}
	if err := q.admit(route); err != nil {
		return err
	}
	if route.Now && safe(q.R.Method) && q.Query("at") != "" {
		return q.toNow()
	}
	return route.Handle(q)
}

// toNow leads from the past of a page that has none to what it shows now.
func (q *Request) toNow() error {
	q.Said("This page has no past; you are back in the present", 0)
	return q.Redirect(ui.With(q.R.URL.RequestURI(), "at", ""))
}

// parseQuery reads the address; no parameter means anything when it is there twice.
func (q *Request) parseQuery() error {
	values, err := url.ParseQuery(q.R.URL.RawQuery)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the address cannot be read")
	}
	var faults fault.Fields
	for name, v := range values {
		if len(v) > 1 {
			faults.Add(name, "is in the address twice")
		}
	}
	q.query = values
	return faults.Err()
}

// identify finds out for whom the request acts. Nobody we know is counted by address,
// whether without credentials or with wrong ones.
func (q *Request) identify(route *Route) error {
	if route.Plain {
		return nil
	}
	known, err := q.recognise(route)
	if known || err != nil && !fault.Is(err, fault.Unauthenticated) {
		return err
	}
	if limited := q.Kit.Limiter.Take(access.AnonymousLimit, q.Client().Addr); limited != nil {
		return limited
	}
	if err == nil && route.Who != Anyone {
		err = fault.New(fault.Unauthenticated, "sign in to see this")
	}
	return err
}

// recognise reads the API token, where the route takes them, or else the session of the
// cookie. A session that is unknown is like one that has ended: none.
func (q *Request) recognise(route *Route) (known bool, err error) {
	if secret, ok := strings.CutPrefix(q.R.Header.Get("Authorization"), "Bearer "); ok {
		if !route.Tokens {
			return false, fault.New(fault.Forbidden, "API tokens are for the API; sign in to use pages")
		}
		p, err := q.Kit.Accounts.ByToken(q.Context(), strings.TrimSpace(secret))
		if err != nil {
			return false, err
		}
		q.act(p)
		return true, q.Kit.Limiter.Take(access.TokenLimit, p.Token.String())
	}
	secret := q.cookieValue(q.conn.sessionCookie())
	if secret == "" {
		return false, nil
	}
	p, err := q.Kit.Accounts.BySession(q.Context(), secret)
	switch {
	case fault.Is(err, fault.Unauthenticated):
		q.endSession()
		return false, nil
	case err != nil:
		return false, err
	}
	q.act(p)
	return true, nil
}

// act makes the request act for a principal.
func (q *Request) act(p access.Principal) {
	p.From = q.Client()
	q.Principal = p
}

// Client is where the request comes from, for the log and the limits.
func (q *Request) Client() access.Client {
	return access.Client{Addr: q.conn.client.String(), Agent: q.R.UserAgent()}
}

// admit asks whether the principal belongs to those the route is for. Who may not know
// of a workspace is told that there is none.
func (q *Request) admit(route *Route) error {
	p := q.Principal
	if !p.Token.IsZero() && !safe(q.R.Method) && !p.Scope.Covers(access.ScopeWrite) {
		return fault.New(fault.Forbidden, "this token only reads")
	}
	switch route.Who {
	case Member, Admin:
		if err := q.enter(q.R.PathValue("workspace")); err != nil {
			return err
		}
		if route.Who == Admin && !(q.Workspace.Role.AtLeast(access.Admin) && p.Scope == access.ScopeAdmin) {
			return fault.New(fault.Forbidden, "this takes the role admin; yours is %s", q.roleName())
		}
	case ServerAdmin:
		if !p.Administers() {
			return fault.New(fault.Forbidden, "only administrators of the server may do this")
		}
	case Anyone, SignedIn:
	}
	return nil
}

func (q *Request) roleName() string {
	if q.Workspace.Role == access.Nobody {
		return "guest"
	}
	return string(q.Workspace.Role)
}

// enter finds the workspace with a slug and the principal's role there.
func (q *Request) enter(slug string) error {
	unknown := fault.New(fault.NotFound, "there is no workspace %q, or it is not for you", slug)
	id, err := q.Kit.slugs.find(q.Context(), q.Kit, slug)
	if err != nil {
		return err
	}
	if id.IsZero() || !q.Principal.Workspace.IsZero() && q.Principal.Workspace != id {
		return unknown
	}
	q.Workspace = Workspace{ID: id, Slug: slug}
	now, err := q.Kit.Ledger.At(q.Context(), id, q.Principal.Actor(), q.position())
	if err != nil {
		return err
	}
	whole := now.Whole()
	if !access.IsMember(whole, q.Principal.Account.ID) {
		q.Workspace = Workspace{}
		return unknown
	}
	q.Workspace.Workspace = access.SettingsOf(whole)
	q.Workspace.Role = access.RoleOf(whole, q.Principal.Account.ID)
	q.now = now
	return nil
}
