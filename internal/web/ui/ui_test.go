package ui

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(templ.WithNonce(t.Context(), "n1"), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What people write may stand in any text and any address of a component.
func TestTextStaysText(t *testing.T) {
	const evil = `"><img src=x onerror=alert(1)>'javascript:alert(1)`
	for name, c := range map[string]templ.Component{
		"button":    Button{Label: evil, Href: "javascript:alert(1)", Icon: "x", Key: evil},
		"field":     Field{Name: "n", Label: evil, Value: evil, Hint: evil, Form: &Form{Errors: map[string]string{"n": evil}}},
		"textarea":  Field{Name: "n", Label: evil, Type: "textarea", Value: "</textarea><script>" + evil},
		"select":    Field{Name: "n", Label: evil, Options: []Option{{evil, evil}}},
		"person":    Person{ID: evil, Name: evil},
		"objective": Objective{Colour: 1, Name: evil},
		"status":    Status{Name: evil},
		"chip":      Chip{Field: evil, Operator: evil, Value: evil, Remove: "javascript:alert(1)"},
		"void":      Void{Icon: "x", Title: evil, Text: evil},
		"note":      Note{Text: evil},
		"toast":     Toast{Text: evil},
		"dots":      Dots{Stations: []Station{{Name: evil, Note: evil}}, Href: "javascript:alert(1)"},
		"thread":    Thread{Stations: []Station{{Name: evil, Note: evil, Href: "javascript:alert(1)"}}},
		"grid":      Grid{Caption: evil, Select: evil, Columns: []Column{{Name: evil, About: evil, Sort: "javascript:alert(1)"}}, Groups: []Group{{Title: evil, Rows: []Row{{ID: evil, Label: evil, Cells: []templ.Component{Text(evil)}}}}}},
		"history":   History(HistoryDay{Title: evil, Events: []Event{{Time: evil, Who: Person{Name: evil}, Verb: evil, Cause: evil, Changes: []FieldChange{{evil, evil, evil, evil}}}}}),
		"title":     Title(evil, "javascript:alert(1)"),
		"hits":      Hits(evil, false, HitGroup{Title: evil, Hits: []Hit{{Key: evil, Title: evil, Href: "javascript:alert(1)", Note: evil}}}),
		"results":   HitList([]Hit{{Key: evil, Title: evil, Marks: []Span{{0, 4}}, Href: "javascript:alert(1)", Where: evil, Excerpt: &Excerpt{Text: evil, Marks: []Span{{1, 3}}}}}),
		"shell":     Shell{Find: "/find", Actions: []Action{{Label: evil, Group: evil, Keys: []string{evil}, Words: evil, Href: "javascript:alert(1)", Does: evil, Post: evil, Fields: []Kept{{evil, evil}}}}, Document: Document{Title: evil}, Workspace: Link{evil, "javascript:alert(1)"}, Account: Person{Name: evil}, Banner: &Banner{Text: evil, Detail: evil}},
	} {
		html := render(t, c)
		if strings.Contains(html, "<img") || strings.Contains(html, "<script>") || strings.Contains(html, "onerror=alert(1)>") {
			t.Errorf("%s lets markup through:\n%s", name, html)
		}
		if regexp.MustCompile(`(href|action)="javascript:`).MatchString(html) {
			t.Errorf("%s lets a script address through:\n%s", name, html)
		}
	}
}

func TestFieldKeepsWhatWasTyped(t *testing.T) {
	f := &Form{Values: map[string][]string{"effort": {"-2"}, "password": {"hunter2"}}, Errors: map[string]string{"effort": "Effort is more than 0. It was 6"}}
	html := render(t, Field{Form: f, Name: "effort", Label: "Effort", Value: "6", Hint: "In weeks"})
	for _, part := range []string{`value="-2"`, `aria-invalid="true"`, `aria-describedby="f-effort-err f-effort-hint"`, `id="f-effort-err"`, `id="f-effort-hint"`, `for="f-effort"`, "It was 6"} {
		if !strings.Contains(html, part) {
			t.Errorf("no %s in %s", part, html)
		}
	}
	if html = render(t, Field{Form: f, Name: "password", Type: "password"}); strings.Contains(html, "hunter2") {
		t.Error("a password is sent back")
	}
	if html = render(t, Field{Form: f, Name: "title", Value: "before"}); !strings.Contains(html, `value="before"`) || strings.Contains(html, "aria-invalid") {
		t.Errorf("a field that was not sent: %s", html)
	}
}

func TestThreadSaysItsStates(t *testing.T) {
	states := []Progress{Complete, Complete, AtRisk, Complete, Started, Missing, Missing}
	var stations []Station
	for i, name := range Stations {
		stations = append(stations, Station{Name: name, Href: "#" + name, State: states[i]})
	}
	html := render(t, Dots{Stations: stations, Href: "#"})
	if want := `aria-label="Throughline: Objective, Evidence, Design done; Spec at risk; Build in progress; Release, Outcome missing"`; !strings.Contains(html, want) {
		t.Errorf("the dots do not say %s\n%s", want, html)
	}
	for path, of := range map[string]string{
		"M6 6h13M19 6h13M45 6h13":  "t-line on", // a line goes on where the left station is done
		"M32 6h13M58 6h13M71 6h13": "t-line",
	} {
		if want := `<path class="` + of + `" d="` + path + `">`; !strings.Contains(html, want) {
			t.Errorf("the dots lack %s\n%s", want, html)
		}
	}
	html = render(t, Thread{Stations: stations, Current: 2})
	classes := regexp.MustCompile(`<li class="([^"]*)"`).FindAllStringSubmatch(html, -1)
	var got []string
	for _, c := range classes {
		got = append(got, c[1])
	}
	if want := "out|out in|out risk in|out in|half in|miss inhalf|miss"; strings.Join(got, "|") != want {
		t.Errorf("the strip is %s, want %s", strings.Join(got, "|"), want)
	}
	if strings.Count(html, `aria-current="true"`) != 1 {
		t.Error("not one station is current")
	}
}

// The pies of the standard statuses are those of the drawings.
func TestPies(t *testing.T) {
	for name, want := range map[string]string{
		"Discovery": "M7 7V3.4A3.6 3.6 0 0 1 9.46 4.38z", "Specified": "M7 7V3.4A3.6 3.6 0 0 1 10.42 8.11z",
		"Building": "M7 7V3.4A3.6 3.6 0 1 1 5.89 10.42z", "Rolling out": "M7 7V3.4A3.6 3.6 0 1 1 4.88 4.09z",
	} {
		for _, s := range StandardStatuses {
			if s.Name == name && s.pie() != want {
				t.Errorf("%s is drawn %s, want %s", name, s.pie(), want)
			}
		}
	}
}

func TestWith(t *testing.T) {
	for _, c := range []struct{ address, name, value, want string }{
		{"/w/a/features?q=1", "at", "2026-03-03", "/w/a/features?at=2026-03-03&q=1"},
		{"/w/a/features?at=@7&q=1", "at", "", "/w/a/features?q=1"},
		{"/w/a/features?at=1", "at", "2", "/w/a/features?at=2"},
		{"/w/a/features", "at", "", "/w/a/features"},
	} {
		if got := With(c.address, c.name, c.value); got != c.want {
			t.Errorf("With(%q, %q, %q) = %q, want %q", c.address, c.name, c.value, got, c.want)
		}
	}
}

func TestAvatars(t *testing.T) {
	for name, want := range map[string]string{"Tovi": "T", "émile": "É", "  (Ann)": "A", "李": "李", "7of9": "7", "": "?", "!": "?"} {
		if got := initial(name); got != want {
			t.Errorf("initial(%q) = %q, want %q", name, got, want)
		}
	}
	seen := map[int]bool{}
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"} {
		h := Hue(id, 8)
		if h < 1 || h > 8 || h != Hue(id, 8) {
			t.Errorf("Hue(%q) = %d", id, h)
		}
		seen[h] = true
	}
	if len(seen) < 4 {
		t.Errorf("16 people have %d colours", len(seen))
	}
}
