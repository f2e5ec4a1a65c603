package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

// policy is the content security policy, with the nonce of the answer put in. Scripts
// are ours by nonce, and only htmx, whose own gate is that nonce, may make markup of
// text. There is no place for inline styles.
const policy = "default-src 'none'; script-src 'nonce-%s'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types htmx"

// year is how long browsers shall remember that we speak TLS, in seconds.
const year = "31536000"

// connection is what the guard found out about a request before anything was decided.
type connection struct {
	id     string     // names the request in the log
	nonce  string     // of the answer
	client netip.Addr // who asks; what a trusted proxy says, or the other end
	secure bool       // TLS all the way, as far as we can know
	local  bool       // from this machine, by a name of this machine
	host   string     // the host that the client used
}

type connectionKey struct{}

func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connectionKey{}).(*connection)
	return c
}

// guard wraps everything: it names the request, sets the headers that every answer
// carries, and turns a panic into an answer without data.
func (k *Kit) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := k.connect(r)
		a := &answer{ResponseWriter: w}
		h := w.Header()
		h.Set("X-Request-Id", c.id)
		h.Set("Content-Security-Policy", fmt.Sprintf(policy, c.nonce))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if c.secure {
			h.Set("Strict-Transport-Security", "max-age="+year)
		}
		r = r.WithContext(context.WithValue(r.Context(), connectionKey{}, c))
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			k.Log.Error("panic", "request", c.id, "method", r.Method, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if a.wrote {
				panic(http.ErrAbortHandler) // half an answer must not look whole
			}
			k.fail(&Request{Kit: k, W: a, R: r, conn: c}, nil)
		}()
		next.ServeHTTP(a, r)
	})
}

// answer knows whether anything was written.
type answer struct {
	http.ResponseWriter
	wrote bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.wrote = true
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.wrote = true
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// connect finds out who asks and how. X-Forwarded headers count only if the other end
// is a proxy that the operator named, and of the chain only what those proxies added.
func (k *Kit) connect(r *http.Request) *connection {
	c := &connection{id: token(12), nonce: token(16), secure: r.TLS != nil, host: r.Host}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err == nil {
		c.client = peer.Addr().Unmap()
	}
	if k.Proxies != nil && c.client.IsValid() && k.Proxies.Contain(c.client) {
		c.secure = strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
		if host := r.Header.Get("X-Forwarded-Host"); host != "" {
			c.host = host
		}
		chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(chain) - 1; i >= 0; i-- {
			addr, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
			if err != nil {
				break
			}
			c.client = addr.Unmap()
			if !k.Proxies.Contain(c.client) {
				break
			}
		}
	}
	c.local = c.client.IsLoopback() && loopback(c.host)
	return c
}

// loopback reports whether a host is a name of this very machine. A request from this
// machine by another name comes through a proxy that was not named, or from a page
// that has bound its own name to our address.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// token returns n random bytes as text.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// origin refuses writes that another site made the browser send. There are no
// exceptions: what other programs call takes no cookies.
var origin = http.NewCrossOriginProtection()

// errNoOrigin is a write with a session that does not say from which page it comes. All
// browsers say so; a program takes a token.
var errNoOrigin = errors.New("a session, but neither Sec-Fetch-Site nor Origin")

// sameOrigin refuses a write that may come from another site.
func (q *Request) sameOrigin() error {
	err := origin.Check(q.R)
	silent := q.R.Header.Get("Sec-Fetch-Site") == "" && q.R.Header.Get("Origin") == ""
	if err == nil && silent && q.cookieValue(q.conn.sessionCookie()) != "" {
		err = errNoOrigin
	}
	if err != nil {
		return fault.Wrap(fault.Forbidden, err, "this was sent from another site; open Throughline itself and try again")
	}
	return nil
}
