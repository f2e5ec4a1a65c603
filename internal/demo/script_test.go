package demo

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/throughline-pm/throughline/internal/calendar"
)

func TestWorkday(t *testing.T) {
	for _, test := range []struct {
		from calendar.Day
		n    int
		want calendar.Day
	}{
		{"2026-05-12", 0, "2026-05-12"}, // a Tuesday
		{"2026-05-12", -1, "2026-05-11"},
		{"2026-05-12", -2, "2026-05-08"},
		{"2026-05-12", -6, "2026-05-04"},
		{"2026-05-12", -7, "2026-05-01"},
		{"2026-05-12", 3, "2026-05-15"},
		{"2026-05-12", 4, "2026-05-18"},
		{"2026-05-12", 260, "2027-05-11"},
		{"2026-05-16", -1, "2026-05-14"}, // from a Saturday one counts from Friday
		{"2026-05-17", 1, "2026-05-18"},
	} {
		if got := workday(test.from, test.n); got != test.want {
			t.Errorf("workday(%s, %d) = %s, want %s", test.from, test.n, got, test.want)
		}
	}
}

func TestStepsStandInTheOrderInWhichTheyHappened(t *testing.T) {
	steps, err := readScript(fstest.MapFS{"book/a.md": {Data: []byte(`# feature: One

    -9 10:30 Ann  priority: high | text
    -7       Ann  status: Idea
    -7       Ann  status: Discovery

The first paragraph.

The second: with a colon.

# feature: Two

    -9 10:15 Bob
    -8       Ann  before: One
`)}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range steps {
		line := s.line + " " + s.who + " " + s.of.title
		for _, d := range s.deeds {
			line += " " + d.name + "=" + d.value
		}
		got = append(got, line)
	}
	want := []string{
		"book/a.md:13 Bob Two",
		"book/a.md:3 Ann One priority=high text=",
		"book/a.md:14 Ann Two before=One",
		"book/a.md:4 Ann One status=Idea",
		"book/a.md:5 Ann One status=Discovery",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("steps:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	one := steps[1].of
	if one.text != "The first paragraph.\n\nThe second: with a colon." || one.summary() != "The first paragraph." {
		t.Errorf("text = %q, summary %q", one.text, one.summary())
	}
}

func TestAFaultyScriptIsRefusedByItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"Text without a heading":                               "a.md:1: the first line is a heading",
		"# Title alone":                                        `a.md:1: a heading is "# kind: title"`,
		"# feature: X\n\n    soon Ann":                         `a.md:3: "soon" is no day before today`,
		"# feature: X\n\n    0 Ann":                            `a.md:3: "0" is no day before today`,
		"# feature: X\n\n    -5 Ann\n    -6 Ann  text":         "a.md:4: \"-6 Ann  text\" stands after",
		"# feature: X\n\n    -5 Ann\n    -4 Ann":               "a.md:4: \"-4 Ann\" says nothing",
		"# feature: X\n\n    -5 12:00 A\n    -5 11:00 A  text": "stands after",
	} {
		if _, err := readStories("a.md", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestResolve(t *testing.T) {
	const today, on = calendar.Day("2026-08-05"), calendar.Day("2026-03-02")
	for value, want := range map[string]string{
		"plain": "plain", "@+1": "2026-08-06", "@-3": "2026-07-31", "@half": "2026-H1", "mail@example.com": "mail@example.com",
	} {
		if got, err := resolve(value, today, on); err != nil || got != want {
			t.Errorf("resolve(%q) = %q, %v; want %q", value, got, err, want)
		}
	}
	if got, _ := resolve("@half", today, "2026-07-01"); got != "2026-H2" {
		t.Errorf("July is in %s", got)
	}
	if got, err := resolve("@soon", today, on); err == nil {
		t.Errorf("@soon = %q", got)
	}
}
