package problem

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

func TestOf(t *testing.T) {
	for kind, want := range map[fault.Kind]int{
		fault.NotFound: 404, fault.Invalid: 422, fault.Conflict: 409, fault.Forbidden: 403, fault.Unauthenticated: 401,
		fault.TooMany: 429, fault.TooLarge: 413, fault.Unavailable: 503,
	} {
		p := Of(fmt.Errorf("rename FB-1: %w", fault.New(kind, "because")), "r1")
		if p.Status != want || p.Kind != string(kind) || p.Detail != "because" {
			t.Errorf("%s is told as %+v", kind, p)
		}
	}
	if len(statuses) != 8 {
		t.Error("a kind of failure is not tested here")
	}
}

func TestNothingIsSaidOfWhatIsInternal(t *testing.T) {
	for _, err := range []error{errors.New("password=hunter2"), fault.New("unheard of", "password=hunter2"), nil} {
		w := httptest.NewRecorder()
		Of(err, "r1").Write(w)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), "r1") {
			t.Errorf("%v is told as %d %s", err, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	Of(fault.Wrap(fault.Unavailable, errors.New("password=hunter2"), "the disk is full"), "r1").Write(w)
	if strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("the cause is told: %s", w.Body)
	}
}

func TestFieldsAndRetry(t *testing.T) {
	err := &fault.Error{
		Kind: fault.Conflict, Message: "changed since", After: 1500 * time.Millisecond,
		Fields: []fault.Field{{Name: "title", Message: "was changed", Theirs: "a", Yours: "b"}, {Name: "owner", Message: "is nobody"}},
	}
	w := httptest.NewRecorder()
	Header(w.Header(), err)
	Of(err, "r1").Write(w)
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After: %q, want whole seconds, never too few", got)
	}
	for _, part := range []string{`"name":"title"`, `"theirs":"a"`, `"yours":"b"`, `"name":"owner"`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("no %s in %s", part, w.Body)
		}
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type: %s", got)
	}
}
