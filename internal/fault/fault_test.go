package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
)

func TestKindSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("rename feature FB-1: %w", fault.New(fault.NotFound, "no feature %s", "FB-1"))
	if !fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		t.Fatalf("kind of %v is %q", err, fault.KindOf(err))
	}
	if fault.KindOf(errors.New("disk on fire")) != "" {
		t.Fatal("an unknown error must stay internal")
	}
	if fault.Is(nil, "") {
		t.Fatal("nil is no failure")
	}
}

func TestFieldsReportsEveryFieldAtOnce(t *testing.T) {
	var f fault.Fields
	if f.Err() != nil {
		t.Fatal("no field, no error")
	}
	f.Add("title", "is required")
	f.Add("effort.low", "must be at most %d", 3)
	err := f.Err()
	for _, want := range []string{"title: is required", "effort.low: must be at most 3"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("kind %q", fault.KindOf(err))
	}
}

func TestCauseIsReachable(t *testing.T) {
	cause := errors.New("no space left")
	if err := fault.Wrap(fault.Unavailable, cause, "the disk is full"); !errors.Is(err, cause) {
		t.Fatal("cause lost")
	}
}
