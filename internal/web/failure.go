package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/api/problem"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// fail answers with a failure, once for all routes: a page for people, a problem for
// programs. What is internal is logged under the request's name and told by that name
// alone.
func (k *Kit) fail(q *Request, err error) {
	p := problem.Of(err, q.conn.id)
	if p.Status == http.StatusInternalServerError && err != nil {
		k.Log.Error("request failed", "request", q.conn.id, "method", q.R.Method, "route", q.R.Pattern, "error", err)
	}
	if a, ok := q.W.(*answer); ok && a.wrote {
		return // too late to say anything
	}
	problem.Header(q.W.Header(), err)
	switch {
	case !wantsPage(q.R):
		p.Write(q.W)
	case q.Partial() && p.Status != http.StatusUnauthorized:
		// a part of a page was asked for; the page stays and a toast says why
		q.W.Header().Set("HX-Retarget", "#toasts")
		q.W.Header().Set("HX-Reswap", "beforeend")
		_ = q.render(p.Status, ui.Toast{Text: refusal(p), Failed: true}, nil)
	case p.Status == http.StatusUnauthorized && safe(q.R.Method):
		_ = q.Redirect("/login?next=" + url.QueryEscape(q.R.URL.RequestURI()))
	default:
		if q.failurePage(p) != nil {
			http.Error(q.W, p.Title, p.Status)
		}
	}
}

// wantsPage reports whether the answer is for a person: browsers name HTML.
func wantsPage(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "text/html") || r.Header.Get("HX-Request") == "true"
}

// A failure page says what happened, what is still safe, and offers one action.
type failureText struct {
	title, text, action string
}

// icon is what stands above a failure inside a workspace.
func (f failureText) icon(status int) string {
	switch status {
	case http.StatusNotFound:
		return "search"
	case http.StatusForbidden:
		return "lock"
	case http.StatusConflict:
		return "git-compare-arrows"
	}
	return "triangle-alert"
}

// saidOf says what happened and what is still safe.
func saidOf(p problem.Problem, f failureText) string {
	if p.Detail == "" {
		return f.text
	}
	return strings.TrimSuffix(capital(p.Detail), ".") + ". " + f.text
}

var failures = map[int]failureText{
	http.StatusNotFound:              {"Nothing here", "It does not exist, or it is not for you to know of.", "Go to your workspaces"},
	http.StatusForbidden:             {"Not for you to do", "Nothing was changed.", "Go back to your workspaces"},
	http.StatusUnprocessableEntity:   {"This cannot be read", "Nothing was changed.", "Go to your workspaces"},
	http.StatusConflict:              {"Somebody was faster", "Nothing was changed. Go back, load the page again and compare.", "Go to your workspaces"},
	http.StatusTooManyRequests:       {"Too many requests", "Wait a little, then try again.", "Try again"},
	http.StatusRequestEntityTooLarge: {"Too large", "Nothing was saved.", "Go to your workspaces"},
	http.StatusServiceUnavailable:    {"Not available just now", "What you saved before is safe. Try again in a moment.", "Try again"},
	http.StatusUnauthorized:          {"You are signed out", "Nothing was saved. Sign in and send it again.", "Sign in"},
}

func (q *Request) failurePage(p problem.Problem) error {
	f, ok := failures[p.Status]
	if !ok {
		f = failureText{"Something broke here", "What you saved before is safe. Tell whoever runs this server the number below; the log has the rest.", "Go to your workspaces"}
	}
	if q.now != nil && p.Status != http.StatusUnauthorized {
		return q.failureInside(p, f)
	}
	href := "/"
	if f.action == "Try again" && safe(q.R.Method) {
		href = q.R.URL.RequestURI()
	} else if p.Status == http.StatusUnauthorized {
		href = "/login"
	}
	return q.Door(Door{Title: f.title, Status: p.Status}, failure(p, f, href))
}

// failureInside is a failure in front of a member: the workspace stays around it. A moment
// or a proposal that cannot be shown is left, so that its links lead on.
func (q *Request) failureInside(p problem.Problem, f failureText) error {
	if _, err := q.Snapshot(); err != nil {
		q.query.Del("at")
		q.query.Del("in")
		q.past, q.day, q.in = "", "", nil
	}
	action := ui.Link{Label: "Go to " + q.Workspace.Name, Href: q.Path("")}
	if f.action == "Try again" && safe(q.R.Method) {
		action = ui.Link{Label: f.action, Href: q.R.URL.RequestURI()}
	} else if from := q.back(); !safe(q.R.Method) && from != "/" {
		action = ui.Link{Label: "Go back", Href: from}
	}
	return q.Page(Page{Title: f.title, Status: p.Status, failed: true}, failureIn(p, f, action))
}

// refusal says in one line what was wrong.
func refusal(p problem.Problem) string {
	parts := []string{capital(p.Detail)}
	if p.Detail == "" {
		parts[0] = "Something broke here; the log has it as " + p.Request
	}
	for _, f := range p.Errors {
		parts = append(parts, strings.TrimSpace(f.Name+" "+f.Message))
	}
	return strings.Join(parts, "; ")
}

// insecure answers over plain HTTP from another machine: what to do, instead of a
// page that would send a password in the open.
func (q *Request) insecure() error {
	err := fault.New(fault.Forbidden, "this server speaks plain HTTP, which others on the way can read; reach it over TLS")
	if !wantsPage(q.R) {
		return err
	}
	return q.Door(Door{Title: "This connection is not encrypted", Status: http.StatusForbidden}, insecurePage(q.R.Host))
}

func faultOf(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return &fault.Error{}
}

func statusOf(err error) int { return problem.Of(err, "").Status }

// capital begins a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
