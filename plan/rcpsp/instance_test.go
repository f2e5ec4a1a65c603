package rcpsp

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	whole := func() *Instance {
		return &Instance{
			Durations:  []int{1, 2, 3},
			Demands:    [][]int{{1, 0}, {0, 2}, {1, 1}},
			Capacities: []int{1, 2},
			Successors: [][]int{{1, 1}, {2}, nil},
		}
	}
	if err := whole().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Instance){
		"demands of 2 activities":                       func(in *Instance) { in.Demands = in.Demands[:2] },
		"successors of 2 activities":                    func(in *Instance) { in.Successors = in.Successors[:2] },
		"resource 1: capacity -1":                       func(in *Instance) { in.Capacities[1] = -1 },
		"resource 0: capacity 2147483648":               func(in *Instance) { in.Capacities[0] = MaxCapacity + 1 },
		"activity 1: duration -2 is negative":           func(in *Instance) { in.Durations[1] = -2 },
		"activity 2: with its duration 4194302 the sum": func(in *Instance) { in.Durations[2] = MaxHorizon - 2 },
		"activity 1: 1 demands on 2 resources":          func(in *Instance) { in.Demands[1] = []int{1} },
		"activity 1: demand -1 on resource 0":           func(in *Instance) { in.Demands[1][0] = -1 },
		"activity 1: demand 3 on resource 1 exceeds":    func(in *Instance) { in.Demands[1][1] = 3 },
		"activity 0: successor 3 is not one of the 3":   func(in *Instance) { in.Successors[0] = []int{3} },
		"activity 0: successor -1":                      func(in *Instance) { in.Successors[0] = []int{-1} },
	} {
		in := whole()
		spoil(in)
		if err := in.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, not %q", err, want)
		}
	}
}

func TestCycleIsNamed(t *testing.T) {
	in := &Instance{
		Durations:  []int{1, 1, 1, 1, 1, 1},
		Demands:    [][]int{{}, {}, {}, {}, {}, {}},
		Successors: [][]int{{1}, {4}, {0, 3}, {2}, {3, 5}, nil},
	}
	in.Successors[2] = []int{1, 0}
	var cycle *CycleError
	if err := in.Validate(); !errors.As(err, &cycle) {
		t.Fatalf("error %v", err)
	}
	for i, a := range cycle.Activities {
		if b := cycle.Activities[(i+1)%len(cycle.Activities)]; !slices.Contains(in.Successors[a], b) {
			t.Errorf("%v: %d does not precede %d", cycle, a, b)
		}
	}
	in.Successors = [][]int{nil, nil, {2}, nil, nil, nil}
	if err := in.Validate(); err == nil || err.Error() != "rcpsp: activities wait for each other: 2 → 2" {
		t.Errorf("error %v", err)
	}
}
