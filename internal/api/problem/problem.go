// Package problem says over HTTP how an operation failed: the status of each kind of
// failure, and the body of RFC 9457 that programs read. Pages and API use it alike.
package problem

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/throughline-pm/throughline/internal/fault"
)

// statuses are the one place where a kind of failure gets its status.
var statuses = map[fault.Kind]int{
	fault.NotFound:        http.StatusNotFound,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Conflict:        http.StatusConflict,
	fault.Forbidden:       http.StatusForbidden,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// Problem is the body of an answer that is a failure.
type Problem struct {
	Type   string  `json:"type"` // "about:blank": the status says it all
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitzero"`
	Kind   string  `json:"kind,omitzero"` // the kind of failure, for programs
	Errors []Field `json:"errors,omitzero"`
	// Request names the request in the log, where an internal failure is told in full.
	Request string `json:"request,omitzero"`
}

// Field is what is wrong with one field of the input.
type Field struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	Theirs  any    `json:"theirs,omitzero"` // of a conflict: the value that stands now
	Yours   any    `json:"yours,omitzero"`  // of a conflict: the value that was to be written
}

// Of returns what is said about err. Of an internal failure nothing is said but the
// name of the request.
func Of(err error, request string) Problem {
	p := Problem{Type: "about:blank", Status: http.StatusInternalServerError, Request: request}
	var f *fault.Error
	if errors.As(err, &f) && statuses[f.Kind] != 0 {
		p.Status, p.Detail, p.Kind = statuses[f.Kind], f.Message, string(f.Kind)
		for _, field := range f.Fields {
			p.Errors = append(p.Errors, Field(field))
		}
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// Header sets the headers that belong to a failure: when to come again.
func Header(h http.Header, err error) {
	var f *fault.Error
	if errors.As(err, &f) && f.After > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.After.Seconds()))))
	}
}

// Write answers with the problem.
func (p Problem) Write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that is gone needs no answer
}
