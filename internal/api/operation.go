package api

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// prefix begins every address of the API.
const prefix = "/api/v1"

//go:embed migrations/*.sql
var migrations embed.FS

// API is the REST interface of a program.
type API struct {
	kit        *web.Kit
	schemas    huma.Registry
	operations []operation
	document   document
}

// Open makes the interface to all tables of the kit and brings its records up to date.
func Open(ctx context.Context, kit *web.Kit) (*API, error) {
	if err := ledger.MigrateRecords(ctx, kit.Ledger.DB(), "api", migrations); err != nil {
		return nil, err
	}
	a := &API{kit: kit, schemas: huma.NewMapRegistry(schemaPrefix, schemaName)}
	a.operations = slices.Concat(a.account(), a.inbox(), a.reactions(), a.search(), a.gaps(), a.undo(), a.favourites(), a.formulas(), a.tags())
	for _, t := range kit.Tables.All() {
		a.operations = append(a.operations, (&resource{a, t}).operations()...)
		if t == table.Any(collab.ProposalTable) {
			a.operations = append(a.operations, a.proposals()...)
		}
	}
	var err error
	a.document, err = a.describe()
	return a, err
}

// operation is what one method does at one address.
type operation struct {
	huma.Operation // what the document says of it; Path is the route's pattern
	who            web.Who
	limit          int64 // bytes of a body; 0: what others have
	handle         func(*call) (answer, error)
}

// call is one request of an operation.
type call struct {
	*web.Request
	api *API
	op  *operation

	id    ledger.ID // what a create shall make; zero: something new
	again bool      // an earlier call with the same idempotency key may have done it
}

// answer is what a call is answered with.
type answer struct {
	Status   int // 0: OK
	Location string
	ETag     string
	Body     []byte // JSON; nil: none
	sent     bool   // the operation has answered itself
}

// Routes are the routes of the interface for the program's list.
func (a *API) Routes() []web.Route {
	routes := a.document.routes()
	for i := range a.operations {
		o := &a.operations[i]
		routes = append(routes, web.Route{Method: o.Method, Pattern: o.Path, Who: o.who, Limit: o.limit, Tokens: true, Handle: func(q *web.Request) error {
			return (&call{Request: q, api: a, op: o}).run()
		}})
	}
	return routes
}

func (c *call) run() error {
	c.tellLimit()
	if err := c.checkParameters(); err != nil {
		return err
	}
	handle := c.op.handle
	if c.op.Method == http.MethodPost {
		handle = once
	}
	ans, err := handle(c)
	if err != nil {
		return err
	}
	return c.send(ans)
}

// tellLimit says how many requests the token has left, and for how many seconds.
func (c *call) tellLimit() {
	if c.Principal.Token.IsZero() {
		return
	}
	limit := access.TokenLimit
	left, until := c.Kit.Limiter.Left(limit, c.Principal.Token.String())
	h := c.W.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(limit.N))
	h.Set("RateLimit-Remaining", strconv.Itoa(left))
	h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(until.Seconds()))))
}

// checkParameters refuses parameters that the document does not have: a filter with a
// slip in its name would else be no filter.
func (c *call) checkParameters() error {
	if c.R.URL.RawQuery == "" {
		return nil
	}
	known := func(name string) bool {
		return slices.ContainsFunc(c.op.Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name })
	}
	var f fault.Fields
	for _, name := range slices.Sorted(maps.Keys(c.R.URL.Query())) {
		if !known(name) {
			f.Add(name, "is no parameter here; there are %s", c.op.parameters())
		}
	}
	return f.Err()
}

// parameters names the parameters of an address.
func (o *operation) parameters() string {
	var all []string
	for _, p := range o.Parameters {
		if p.In == "query" {
			all = append(all, p.Name)
		}
	}
	if all == nil {
		return "none"
	}
	return strings.Join(all, ", ")
}

func (c *call) send(ans answer) error {
	if ans.sent {
		return nil
	}
	h := c.W.Header()
	if ans.Location != "" {
		h.Set("Location", ans.Location)
	}
	if ans.ETag != "" {
		h.Set("ETag", ans.ETag)
		if c.op.Method == http.MethodGet && matches(c.R.Header.Get("If-None-Match"), ans.ETag) {
			c.W.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if ans.Status == 0 {
		ans.Status = http.StatusOK
	}
	if ans.Body == nil {
		c.W.WriteHeader(ans.Status)
		return nil
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(ans.Body)))
	c.W.WriteHeader(ans.Status)
	if c.R.Method == http.MethodHead {
		return nil
	}
	if _, err := c.W.Write(ans.Body); err != nil {
		return fmt.Errorf("answer %s: %w", c.op.OperationID, err)
	}
	return nil
}

// The size of a page of a list.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// limit reads the parameter that says how many items a page shall have.
func (c *call) limit(f *fault.Fields) int {
	text := c.Query("limit")
	if text == "" {
		return defaultLimit
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		f.Add("limit", "%q is no number from 1 to %d", text, maxLimit)
	}
	return n
}

// gather adds the faulty fields of an Invalid failure to f; another error it returns.
func gather(f *fault.Fields, err error) error {
	if fault.Is(err, fault.Invalid) {
		*f = append(*f, fieldsOf(err)...)
		return nil
	}
	return err
}
