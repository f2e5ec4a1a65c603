package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// A log that was cut off in the middle of a line is gone on with, and nothing in it is
// measured again.
func TestResume(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.jsonl")
	solved := atomic.Int32{}
	g := group{title: "three", jobs: make([]job, 3), alone: true}
	for i := range g.jobs {
		g.jobs[i] = job{measured{Set: "s", Instance: string(rune('a' + i)), Limit: "1"}, func(_ context.Context, _ int, m *measured) error {
			solved.Add(1)
			m.Value = float64(i)
			return nil
		}}
	}
	measureAll := func() []measured {
		b := &bench{progress: io.Discard, done: map[string]measured{}}
		f, err := b.resume(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := b.measure(t.Context(), g)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	measureAll()
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	if len(lines) != 4 || solved.Load() != 3 {
		t.Fatalf("%d solved and written as\n%s", solved.Load(), whole)
	}
	if err := os.WriteFile(name, []byte(lines[0]+lines[1][:10]), 0o644); err != nil {
		t.Fatal(err)
	}
	solved.Store(0)
	all := measureAll()
	again, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if solved.Load() != 2 || strings.Count(string(again), "\n") != 3 || all[0].Value != 0 || all[2].Value != 2 {
		t.Errorf("%d solved again and written as\n%s", solved.Load(), again)
	}
}

func TestTenth(t *testing.T) {
	all := make([]int, 600)
	for i := range all {
		all[i] = i
	}
	some := tenth(all)
	if len(some) != 60 || !slices.Equal(some, tenth(all)) {
		t.Errorf("%d drawn", len(some))
	}
	slices.Sort(some)
	if len(slices.Compact(some)) != 60 {
		t.Error("one is drawn twice")
	}
}
