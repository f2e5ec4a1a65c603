package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Who says for whom a route is. The zero value is nobody, which New refuses.
type Who int

// The circles, each within the one before.
const (
	_           Who = iota
	Anyone          // also without an account
	SignedIn        // every account
	Member          // accounts with a role in the workspace of the address
	Admin           // those whose role there is at least admin
	ServerAdmin     // accounts that administer the server
)

// String names the circle in tests and logs.
func (w Who) String() string {
	if w < Anyone || w > ServerAdmin {
		return "nobody"
	}
	return [...]string{"anyone", "signed in", "member", "admin", "server admin"}[w-1]
}

// Route is one method at one address and who may use it.
type Route struct {
	Method  string // GET answers HEAD too
	Pattern string // of http.ServeMux without method and host; {workspace} is the slug of a workspace
	Who     Who
	Limit   int64 // bytes of a body; 0 is DefaultLimit
	Tokens  bool  // API tokens are principals here; pages take sessions alone
	Plain   bool  // answered over plain HTTP from anywhere, and before set-up: assets, health
	Setup   bool  // answered before there is an account
	Now     bool  // has no past: it is about what the reader is to do; ?at= leads to now and says so
	Handle  func(*Request) error
}

// DefaultLimit is how many bytes a body may have unless its route says more.
const DefaultLimit = 1 << 20

// New makes the handler of all routes. It refuses routes that are doubled or do not say
// what they are: the program does not start with such a one.
func New(k *Kit, routes []Route) (http.Handler, error) {
	paths := map[string][]Route{}
	for _, r := range routes {
		switch {
		case r.Who < Anyone || r.Who > ServerAdmin:
			return nil, fmt.Errorf("route %s %s does not say who may use it", r.Method, r.Pattern)
		case r.Method == "" || r.Handle == nil:
			return nil, fmt.Errorf("route %s %s has no method or no handler", r.Method, r.Pattern)
		case (r.Who == Member || r.Who == Admin) != strings.Contains(r.Pattern, "{workspace}"):
			return nil, fmt.Errorf("route %s %s is for a %s: that takes {workspace} in the address, and nothing else does", r.Method, r.Pattern, r.Who)
		case slices.ContainsFunc(paths[r.Pattern], func(o Route) bool { return o.Method == r.Method }):
			return nil, fmt.Errorf("route %s %s is there twice", r.Method, r.Pattern)
		}
		paths[r.Pattern] = append(paths[r.Pattern], r)
	}
	mux := http.NewServeMux()
	for pattern, at := range paths {
		mux.Handle(pattern, k.methods(at))
	}
	if paths["/"] == nil {
		mux.Handle("/", k.serve(&Route{Method: http.MethodGet, Pattern: "/", Who: Anyone, Setup: true, Plain: true, Handle: func(*Request) error {
			return fault.New(fault.NotFound, "there is no such page")
		}}))
	}
	return k.guard(mux), nil
}

// methods answers with the route of the request's method.
func (k *Kit) methods(at []Route) http.Handler {
	handlers := map[string]http.Handler{}
	for _, r := range at {
		handlers[r.Method] = k.serve(&r)
	}
	if get := handlers[http.MethodGet]; get != nil && handlers[http.MethodHead] == nil {
		handlers[http.MethodHead] = get
	}
	var names []string
	for name := range handlers {
		names = append(names, name)
	}
	slices.Sort(names)
	allow := strings.Join(names, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := handlers[r.Method]; h != nil {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusMethodNotAllowed)
	})
}

// safe reports whether a method only reads.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
