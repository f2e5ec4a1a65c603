package ui

import (
	"context"
	"hash/fnv"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// Tone is the judgement that a colour confirms; a word or a shape says it first.
type Tone string

// The tones. Plain is for facts.
const (
	Plain   Tone = ""
	Primary Tone = "pri" // the one action of a view; buttons only
	Ghost   Tone = "ghost"
	Accent  Tone = "acc"
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad" // a button of this tone opens a confirmation, and its label ends in …
	If      Tone = "if"  // of a proposal
	Old     Tone = "past"
	Outline Tone = "out"
	Info    Tone = "info" // neutral news; notes only
)

// Link is a place with a name.
type Link struct {
	Label, Href string
}

// HX returns the attributes that an element needs for htmx to heed it: its own
// attributes count only beside the nonce of the answer it came with, so that
// injected markup starts no request.
//
//	<form { ui.HX(ctx, "post", address, "target", "#list")... }>
//
// method is a verb in lower case; the rest are names of htmx attributes, without
// their prefix, each with its value.
func HX(ctx context.Context, method, address string, rest ...string) templ.Attributes {
	a := templ.Attributes{"hx-" + method: address, "hx-nonce": templ.GetNonce(ctx)}
	for i := 0; i+1 < len(rest); i += 2 {
		a["hx-"+rest[i]] = rest[i+1]
	}
	return a
}

// Text is a component that is just words.
type Text string

// Render implements templ.Component.
func (t Text) Render(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, templ.EscapeString(string(t)))
	return err
}

// With returns address with the query parameter set, or taken out if value is "".
func With(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Hue returns a number from 1 to n for an identity, always the same: the colour of
// an avatar.
func Hue(identity string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(identity)) // writing to a hash does not fail
	return 1 + int(h.Sum32()%uint32(n))
}

// initial returns the first letter of a name, in upper case.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
	if r == utf8.RuneError {
		return "?"
	}
	return string(unicode.ToUpper(r))
}

// Category is what a status means, whatever a workflow calls it.
type Category string

// The categories. Only Planned, Active and Release fill their pie by progress.
const (
	Idea    Category = "idea"
	Planned Category = "planned"
	Active  Category = "active"
	Release Category = "release"
	Done    Category = "done"
	Dropped Category = "dropped"
)

// Status is where something stands in its workflow.
type Status struct {
	Name     string
	Category Category
	Progress float64 // from 0 to 1, how far the pie is filled
}

// StandardStatuses are the steps of the workflow a workspace begins with.
var StandardStatuses = []Status{
	{"Idea", Idea, 0},
	{"Discovery", Planned, .12},
	{"Specified", Planned, .30},
	{"Building", Active, .55},
	{"Verifying", Active, .78},
	{"Rolling out", Release, .90},
	{"Live", Done, 1},
	{"Proven", Done, 1},
}

// class returns the colour of the pie.
func (s Status) class() string {
	switch s.Category {
	case Active:
		return "st st-build"
	case Release:
		return "st st-roll"
	case Done:
		return "st st-live"
	}
	return "st"
}

// pie returns the path of the filled part, clockwise from 12 o'clock.
func (s Status) pie() string {
	const centre, radius = 7, 3.6
	share := min(max(s.Progress, .04), .96)
	x := centre + radius*math.Sin(2*math.Pi*share)
	y := centre - radius*math.Cos(2*math.Pi*share)
	large := "0"
	if share > .5 {
		large = "1"
	}
	return "M7 7V3.4A3.6 3.6 0 " + large + " 1 " + svg(x) + " " + svg(y) + "z"
}

// svg returns a coordinate.
func svg(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(n, 'f', 2, 64), "0"), ".")
}

// Progress is how far one station of the thread has come.
type Progress int

// The states of a station, from the least.
const (
	Missing Progress = iota
	Started
	AtRisk
	Complete
)

// words say the state for those who do not see the marker.
func (p Progress) words() string {
	return [...]string{"missing", "in progress", "at risk", "done"}[p]
}

// Station is one of the seven stations of a feature's thread.
type Station struct {
	Name  string
	Href  string
	Note  string // a fact of at most 22 characters: "9 of 11 accepted"
	State Progress
}

// Thread is the strip of stations on top of a feature.
type Thread struct {
	Stations []Station
	Current  int // the station that is shown, -1 for none
}

// class joins the station to its neighbours: a line goes on where the left one is
// done, and is dashed where it has begun.
func (t Thread) class(i int) string {
	var c []string
	switch s := t.Stations[i]; s.State {
	case Complete:
		c = append(c, "out")
	case AtRisk:
		c = append(c, "out", "risk")
	case Started:
		c = append(c, "half")
	case Missing:
		c = append(c, "miss")
	}
	if i > 0 {
		switch t.Stations[i-1].State {
		case Complete, AtRisk:
			c = append(c, "in")
		case Started:
			c = append(c, "inhalf")
		case Missing:
		}
	}
	return strings.Join(c, " ")
}

// Dots is the thread of a feature in a list: seven dots and their lines.
type Dots struct {
	Stations []Station
	Href     string
}

// pitch is the distance of two dots.
const pitch = 13

func (d Dots) x(i int) string { return strconv.Itoa(6 + pitch*i) }

// mark is all of a thread that is drawn alike, as one path: a list has hundreds of threads.
type mark struct{ class, path string }

// dotMarks are the ways in which a part of a thread is drawn, in the order of drawing; the
// path is drawn from the middle of a station.
var dotMarks = []struct {
	class, path string
	of          func(stations []Station, i int) bool
}{
	{"t-line on", "h13", func(s []Station, i int) bool { return i < len(s)-1 && s[i].State == Complete }},
	{"t-line", "h13", func(s []Station, i int) bool { return i < len(s)-1 && s[i].State != Complete }},
	{"t-d", "m-3.75 0a3.75 3.75 0 1 0 7.5 0a3.75 3.75 0 1 0-7.5 0", is(Complete)},
	{"t-p", "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0", is(Started)},
	{"t-ph", "m0-3.5a3.5 3.5 0 0 0 0 7z", is(Started)},
	{"t-r", "m0-5.8l5.6 5.8-5.6 5.8-5.6-5.8z", is(AtRisk)},
	{"t-m", "m-2.6 0a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0-5.2 0", is(Missing)},
}

func is(p Progress) func([]Station, int) bool {
	return func(s []Station, i int) bool { return s[i].State == p }
}

// marks are what the dots are drawn of.
func (d Dots) marks() (all []mark) {
	for _, m := range dotMarks {
		var path strings.Builder
		for i := range d.Stations {
			if m.of(d.Stations, i) {
				path.WriteString("M" + d.x(i) + " 6" + m.path)
			}
		}
		if path.Len() > 0 {
			all = append(all, mark{m.class, path.String()})
		}
	}
	return all
}

// label says the dots in words: "Throughline: Objective, Design done; Spec at risk".
func (d Dots) label() string {
	var parts []string
	for _, p := range []Progress{Complete, AtRisk, Started, Missing} {
		var names []string
		for _, s := range d.Stations {
			if s.State == p {
				names = append(names, s.Name)
			}
		}
		switch len(names) {
		case 0:
		case len(d.Stations):
			parts = append(parts, "all "+p.words())
		default:
			parts = append(parts, strings.Join(names, ", ")+" "+p.words())
		}
	}
	return "Throughline: " + strings.Join(parts, "; ")
}

// Form is what was typed and what is wrong with it, for a page that is shown again.
type Form struct {
	Values  url.Values
	Errors  map[string]string // by the name of the field
	Message string            // what is wrong with the whole
}

// Option is one choice of a select.
type Option struct {
	Value, Label string
}

// class returns how a step is drawn.
func (s Step) class() string {
	switch s.State {
	case Complete:
		return "done"
	case Started:
		return "now"
	}
	return ""
}

// keyAttrs makes a letter click the element it is on.
func keyAttrs(key []string) templ.Attributes {
	if len(key) == 0 {
		return nil
	}
	return templ.Attributes{"data-key": key[0], "aria-keyshortcuts": key[0]}
}

// withKey is the tooltip of what a letter does too: "Filter (F)".
func withKey(label, key string) string { return label + " (" + strings.ToUpper(key) + ")" }
