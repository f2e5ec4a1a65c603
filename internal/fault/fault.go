// Package fault says in which ways an operation may fail, so that every door
// (pages, API, command line) answers the same failure in the same manner.
//
// An error that carries no Kind is internal: adapters log it under an id and
// show no detail of it.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is the class of a failure; adapters map it to a status or an exit code.
type Kind string

// The kinds an operation may fail with.
const (
	NotFound        Kind = "not_found"       // it does not exist, or the actor may not know of it
	Invalid         Kind = "invalid"         // the input is wrong; Fields says where
	Conflict        Kind = "conflict"        // somebody else changed it first; Fields has both values
	Forbidden       Kind = "forbidden"       // it exists and may be known, but not done by this actor
	Unauthenticated Kind = "unauthenticated" // nobody is signed in
	TooMany         Kind = "too_many"        // try again after After
	TooLarge        Kind = "too_large"       // more bytes than allowed
	Unavailable     Kind = "unavailable"     // the system cannot answer now; try again after After
)

// Field is what is wrong with one input field.
type Field struct {
	Name    string // the field as the input names it, with a path for nested ones: "effort[1].low"
	Message string // what is wrong and the remedy, a sentence without a full stop
	Theirs  any    // Conflict only: the value that stands now
	Yours   any    // Conflict only: the value that was to be written
}

// Error is a failure of a known Kind.
type Error struct {
	Kind    Kind
	Message string        // a sentence for a person, without a full stop
	Fields  []Field       // every faulty field at once
	After   time.Duration // TooMany and Unavailable: when another try makes sense
	Cause   error         // what led to it; never shown to a user
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		if i == 0 && e.Message != "" {
			b.WriteString(": ")
		} else if i > 0 {
			b.WriteString("; ")
		}
		if f.Name != "" {
			b.WriteString(f.Name + ": ")
		}
		b.WriteString(f.Message)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, " (%v)", e.Cause)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns a failure of kind k with a formatted message.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns a failure of kind k caused by err.
func Wrap(k Kind, err error, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...), Cause: err}
}

// Is reports whether err is a failure of kind k.
func Is(err error, k Kind) bool { return KindOf(err) == k && k != "" }

// KindOf returns the kind of err, or "" for nil and for internal errors.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// Fields gathers faulty fields; its zero value is ready to use.
type Fields []Field

// Add notes that the named field is wrong.
func (f *Fields) Add(name, format string, args ...any) {
	*f = append(*f, Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

// Err returns nil if no field is wrong, else one Invalid failure with all of them.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the input is not valid", Fields: f}
}
