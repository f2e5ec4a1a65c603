package demo

import (
	"cmp"
	"embed"
	"fmt"
	"hash/fnv"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/calendar"
)

//go:embed fieldbook/*.md fieldbook/files/*
var fieldbook embed.FS

// thing is what one heading of the script names.
type thing struct {
	kind, title string
	text        string
}

// summary returns the first paragraph of the description.
func (t *thing) summary() string {
	first, _, _ := strings.Cut(t.text, "\n\n")
	return first
}

// step is one line of a story.
type step struct {
	of    *thing
	first bool // it makes the thing
	day   int  // working days from today, negative
	clock time.Duration
	who   string
	deeds []deed
	line  string // where it stands, for errors
}

// deed is one part of a line: a column and its value, or an act.
type deed struct{ name, value string }

// value returns what a step says under a name.
func (s *step) value(name string) (string, bool) {
	i := slices.IndexFunc(s.deeds, func(d deed) bool { return d.name == name })
	if i < 0 {
		return "", false
	}
	return s.deeds[i].value, true
}

// readScript returns the steps of all files in the order in which they happened.
func readScript(files fs.FS) ([]*step, error) {
	names, err := fs.Glob(files, "*/*.md")
	if err != nil {
		return nil, err
	}
	var all []*step
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps, err := readStories(name, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, steps...)
	}
	slices.SortStableFunc(all, func(a, b *step) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.clock, b.clock), cmp.Compare(a.who, b.who))
	})
	return all, nil
}

// readStories reads one file.
func readStories(name, text string) ([]*step, error) {
	var all []*step
	var of *thing
	var last *step
	for i, line := range strings.Split(text, "\n") {
		where := fmt.Sprintf("%s:%d", name, i+1)
		if heading, ok := strings.CutPrefix(line, "# "); ok {
			kind, title, ok := strings.Cut(heading, ": ")
			if !ok {
				return nil, fmt.Errorf("%s: a heading is \"# kind: title\"", where)
			}
			of, last = &thing{kind: kind, title: title}, nil
			continue
		}
		switch story, ok := strings.CutPrefix(line, "    "); {
		case of == nil:
			return nil, fmt.Errorf("%s: the first line is a heading", where)
		case ok && of.text == "":
			s, err := readStep(of, last, story)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", where, err)
			}
			s.line = where
			all, last = append(all, s), s
		case line != "" || of.text != "":
			of.text += line + "\n"
		}
	}
	for _, s := range all {
		s.of.text = strings.TrimSpace(s.of.text)
	}
	return all, nil
}

// readStep reads a line of the story of a thing; last is the line before it, if any.
func readStep(of *thing, last *step, line string) (*step, error) {
	s := &step{of: of, first: last == nil}
	word, rest := nextWord(line)
	var err error
	if s.day, err = strconv.Atoi(word); err != nil || s.day >= 0 {
		return nil, fmt.Errorf("%q is no day before today", word)
	}
	word, rest = nextWord(rest)
	if at, err := time.Parse("15:04", word); err == nil {
		s.clock = at.Sub(at.Truncate(24 * time.Hour))
		word, rest = nextWord(rest)
	} else {
		s.clock = timeOfDay(of.title, line)
		if last != nil && last.day == s.day {
			s.clock = max(s.clock, last.clock+4*time.Minute)
		}
	}
	if last != nil && (s.day < last.day || s.day == last.day && s.clock < last.clock) {
		return nil, fmt.Errorf("%q stands after what came later", line)
	}
	s.who = word
	for part := range strings.SplitSeq(rest, "|") {
		name, value, _ := strings.Cut(part, ":")
		if name = strings.TrimSpace(name); name != "" {
			s.deeds = append(s.deeds, deed{name, strings.TrimSpace(value)})
		}
	}
	if len(s.deeds) == 0 && !s.first {
		return nil, fmt.Errorf("%q says nothing", line)
	}
	return s, nil
}

func nextWord(s string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimSpace(s), " ")
	return word, strings.TrimSpace(rest)
}

// timeOfDay gives a line a time between nine and five, always the same.
func timeOfDay(title, line string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(title + line)) // never fails
	return 9*time.Hour + time.Duration(h.Sum32()%(8*60))*time.Minute
}

// workday returns the n-th working day from a day on; from a weekend one counts from the
// Friday before.
func workday(from calendar.Day, n int) calendar.Day {
	sinceMonday := (int(from.Go(time.UTC).Weekday()) + 6) % 7
	count := min(sinceMonday, 4) + n
	weeks := count / 5
	if count < 0 && count%5 != 0 {
		weeks--
	}
	return from.Add(-sinceMonday + 7*weeks + count - 5*weeks)
}

// resolve returns a value of the script with its days written out; on is the day of the
// line.
func resolve(value string, today, on calendar.Day) (string, error) {
	switch {
	case value == "@half":
		if on[5:7] <= "06" {
			return string(on[:4]) + "-H1", nil
		}
		return string(on[:4]) + "-H2", nil
	case strings.HasPrefix(value, "@"):
		n, err := strconv.Atoi(value[1:])
		if err != nil {
			return "", fmt.Errorf("%q is no day; write @+12 or @-3", value)
		}
		return string(workday(today, n)), nil
	}
	return value, nil
}
