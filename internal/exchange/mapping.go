package exchange

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Mapping says what the columns of a file mean. It is written as JSON; docs/import.md
// shows every member.
type Mapping struct {
	Name string `json:"name,omitzero"`
	// Kind is what the rows become; if it is empty, every row names it in a column "kind".
	Kind string `json:"kind,omitzero"`
	// RecognisedBy are columns that, found together, tell that a file is of this form.
	RecognisedBy []string        `json:"recognised_by,omitzero"`
	Columns      []ColumnMapping `json:"columns"`
	// Others says what happens to columns of the file that stand nowhere above.
	Others Others `json:"others,omitzero"`
	// Create are the kinds of which missing ones are made, by name, when a row refers to
	// them: "team", "person", "release".
	Create []string `json:"create,omitzero"`
}

// Others is what happens to columns that a mapping does not mention.
type Others string

// A column that is not mentioned is a problem, so that nothing is lost unseen, or left out.
const (
	OthersProblem Others = ""
	OthersIgnore  Others = "ignore"
)

// ColumnMapping says what one column means, or gives every row a constant.
type ColumnMapping struct {
	Column string `json:"column,omitzero"` // as the file names it; a path in JSON: "milestone.title"
	Field  string `json:"field,omitzero"`  // as Throughline names it; empty: the column is left out
	// Constant is the value of every row; Column is empty then.
	Constant string `json:"constant,omitzero"`
	// Values replaces values, whatever their case; "*" stands for every other one and ""
	// for none.
	Values map[string]string `json:"values,omitzero"`
	Split  string            `json:"split,omitzero"`  // the sign between several values in a cell
	Prefix string            `json:"prefix,omitzero"` // goes before each value
	// DateFormat is the order of dates: "d/m/y", "m/d/y" or "y/m/d".
	DateFormat string `json:"date_format,omitzero"`
	// List says which of several values counts where the field takes one.
	List ListRule `json:"list,omitzero"`
	// Optional keeps quiet if the file has no such column.
	Optional bool `json:"optional,omitzero"`

	// Certainty tells how a guessed column came to its field.
	Certainty Certainty `json:"certainty,omitzero"`
}

// ListRule says what becomes of several values where a field takes one.
type ListRule string

// Several values are a problem, unless the first, the last or all of them, joined by
// commas, are asked for.
const (
	ListProblem ListRule = ""
	ListFirst   ListRule = "first"
	ListLast    ListRule = "last"
	ListJoin    ListRule = "join"
)

// Certainty is how sure a guess is.
type Certainty string

// Sure is a header that says it, Likely one that resembles it and whose values fit, None
// a column for which no field was found.
const (
	Sure   Certainty = "sure"
	Likely Certainty = "guess"
	None   Certainty = "none"
)

//go:embed presets/*.json
var presetFiles embed.FS

// presets are the mappings for files of known tools.
var presets = func() []*Mapping {
	var all []*Mapping
	files, _ := fs.Glob(presetFiles, "presets/*.json")
	for _, name := range files {
		f, err := presetFiles.Open(name)
		if err != nil {
			panic(err)
		}
		m, err := ReadMapping(f)
		if err != nil {
			panic(fmt.Sprintf("exchange: %s: %v", name, err))
		}
		all = append(all, m)
	}
	return all
}()

// Presets returns the mappings for files of known tools. They must not be written.
func Presets() []*Mapping { return slices.Clone(presets) }

// Preset returns the mapping for files of a tool: "jira", "linear" or "github".
func Preset(name string) (*Mapping, error) {
	var known []string
	for _, m := range presets {
		if strings.EqualFold(m.Name, name) {
			return m, nil
		}
		known = append(known, m.Name)
	}
	return nil, fault.New(fault.NotFound, "there is no preset %q; there are %s", name, strings.Join(known, ", "))
}

// recognised returns the preset that the columns belong to; nil if none.
func recognised(columns []string) *Mapping {
	for _, m := range presets {
		all := len(m.RecognisedBy) > 0
		for _, c := range m.RecognisedBy {
			all = all && slices.Contains(columns, c)
		}
		if all {
			return m
		}
	}
	return nil
}

// maxMapping is the most bytes of a mapping file.
const maxMapping = 1 << 20

// ReadMapping reads a mapping file.
//
// Errors: fault.Invalid, with every faulty member.
func ReadMapping(r io.Reader) (*Mapping, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxMapping+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxMapping {
		return nil, fault.New(fault.TooLarge, "the mapping has more than %d bytes", maxMapping)
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, byteOrderMark)))
	d.DisallowUnknownFields()
	var m Mapping
	if err := d.Decode(&m); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the mapping cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return &m, m.check()
}

// check returns what is wrong with the mapping in itself.
func (m *Mapping) check() error {
	var f fault.Fields
	if m.Others != OthersProblem && m.Others != OthersIgnore {
		f.Add("others", `must be left out or "ignore"`)
	}
	for i, c := range m.Columns {
		at := fmt.Sprintf("columns[%d]", i)
		switch {
		case c.Column == "" && c.Field == "":
			f.Add(at, "needs a column, a field, or both")
		case c.Column == "" && c.Constant == "":
			f.Add(at, "needs a column or a constant for the field %s", c.Field)
		case c.Column != "" && c.Constant != "":
			f.Add(at, "has a column and a constant; leave one of them out")
		}
		if _, err := ParseDateOrder(c.DateFormat); err != nil {
			f.Add(at+".date_format", "%s", err)
		}
		if !slices.Contains([]ListRule{ListProblem, ListFirst, ListLast, ListJoin}, c.List) {
			f.Add(at+".list", `must be "first", "last" or "join"`)
		}
	}
	return f.Err()
}

// apply brings the values of a cell into the form that the field takes: cut, replaced and
// prefixed.
func (c *ColumnMapping) apply(values []string) []string {
	var all []string
	for _, v := range values {
		parts := []string{v}
		if c.Split != "" {
			parts = strings.Split(v, c.Split)
		}
		for _, p := range parts {
			if c.Split != "" {
				p = strings.TrimSpace(p)
			}
			if p = c.replaced(p); strings.TrimSpace(p) != "" {
				all = append(all, c.Prefix+p)
			}
		}
	}
	if len(values) == 0 {
		if v, ok := c.Values[""]; ok && v != "" {
			all = append(all, c.Prefix+v)
		}
	}
	switch {
	case len(all) < 2:
	case c.List == ListFirst:
		all = all[:1]
	case c.List == ListLast:
		all = all[len(all)-1:]
	case c.List == ListJoin:
		all = []string{strings.Join(all, ", ")}
	}
	return all
}

// replaced looks a value up in the value map.
func (c *ColumnMapping) replaced(v string) string {
	if len(c.Values) == 0 {
		return v
	}
	trimmed := strings.TrimSpace(v)
	if to, ok := c.Values[trimmed]; ok {
		return to
	}
	for from, to := range c.Values {
		if strings.EqualFold(from, trimmed) {
			return to
		}
	}
	if to, ok := c.Values["*"]; ok && trimmed != "" {
		return to
	}
	return v
}
