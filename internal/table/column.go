package table

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Type is what a column's values are.
type Type string

// The types of columns.
const (
	TypeText     Type = "text"
	TypeLongText Type = "long_text" // Markdown of any length; lists show its first line
	TypeNumber   Type = "number"
	TypeDay      Type = "date"
	TypeMoment   Type = "moment"
	TypeFlag     Type = "flag"
	TypeChoice   Type = "choice"  // one of a list
	TypeChoices  Type = "choices" // several of a list, or free tags
	TypeLink     Type = "link"
	TypeLinks    Type = "links"
	TypeURL      Type = "url"
	TypeObject   Type = "object" // a structure with parts of its own
)

// Option is a value of a column of choices.
type Option struct {
	Name  string `json:"name"`
	Label string `json:"label"`
}

// Writer makes long texts: a transaction or an import.
type Writer interface{ Text(s string) ledger.TextRef }

// Column is one thing to be read, and perhaps written, of entities with the Go type T.
type Column[T any] struct {
	Info

	// One of these reads the value; they make filters and sorts fast.
	text func(s *Scope, e *T) string
	num  func(s *Scope, e *T) (float64, bool)
	flag func(s *Scope, e *T) bool
	ref  func(e *T) ledger.ID
	refs func(s *Scope, e *T) []ledger.Ref
	list func(s *Scope, e *T) []string
	long func(e *T) ledger.TextRef

	value   func(s *Scope, e *T) any // what the API answers; nil: made from the reader
	show    func(s *Scope, e *T) string
	set     func(s *Scope, w Writer, e *T, in any) error
	raw     func(s *Scope, stored json.RawMessage) string // a value of the journal as a text
	options func(v ledger.View) []Option
	order   func(s *Scope, e *T) (float64, bool) // another order than that of the value
	fold    bool                                 // the text is compared without regard to case
}

// Info is what a column is, free of the entity's Go type.
type Info struct {
	Name     string           `json:"name"` // in addresses, the API, mapping files and CSV
	Label    string           `json:"label"`
	Type     Type             `json:"type"`
	Kind     string           `json:"kind,omitzero"` // of links: the kind they lead to
	Doc      string           `json:"description,omitzero"`
	Need     bool             `json:"required,omitzero"`
	Writable bool             `json:"writable,omitzero"`
	Custom   bool             `json:"custom,omitzero"`
	Computed bool             `json:"computed,omitzero"`
	Reads    []ledger.AnyKind `json:"-"` // what it reads besides the entity
	Unit     string           `json:"unit,omitzero"`
	Free     bool             `json:"-"` // of choices: any word will do, not just those there are
	Hidden   bool             `json:"-"` // no column of a page unless asked for
	Shape    reflect.Type     `json:"-"` // of an object: the Go type that is its JSON
}

// Groupable reports whether a list can be grouped by the column: it has one value, and
// entities share it.
func (i Info) Groupable() bool {
	switch i.Type {
	case TypeText:
		return i.Name != "key" && i.Name != "id" && i.Name != "rank"
	case TypeNumber, TypeDay, TypeURL:
		return true
	default:
		return i.Boardable()
	}
}

// Boardable reports whether a list can be turned into a board by the column: its values
// can be told before an entity has them.
func (i Info) Boardable() bool {
	return i.Type == TypeChoice || i.Type == TypeLink || i.Type == TypeFlag
}

// Several reports whether the column holds any number of values.
func (i Info) Several() bool { return i.Type == TypeChoices || i.Type == TypeLinks }

// Numeric reports whether values stand at the right.
func (i Info) Numeric() bool {
	return i.Type == TypeNumber || i.Type == TypeDay || i.Type == TypeMoment
}

// Required says that the column must not be empty.
func (c Column[T]) Required() Column[T] {
	c.Need = true
	return c
}

// Describe says in a sentence what the column holds.
func (c Column[T]) Describe(doc string) Column[T] {
	c.Doc = doc
	return c
}

// ReadOnly leaves writing to commands of their own.
func (c Column[T]) ReadOnly() Column[T] {
	c.set, c.Writable = nil, false
	return c
}

// Quiet keeps the column off pages that do not ask for it.
func (c Column[T]) Quiet() Column[T] {
	c.Hidden = true
	return c
}

// Exact compares texts as they are written, byte by byte.
func (c Column[T]) Exact() Column[T] {
	c.fold = false
	return c
}

// In gives the unit of a number.
func (c Column[T]) In(unit string) Column[T] {
	c.Unit = unit
	return c
}

// Ordered sorts by another number than the value: the place of a status in its workflow.
func (c Column[T]) Ordered(by func(s *Scope, e *T) (float64, bool), reads ...ledger.AnyKind) Column[T] {
	c.order = by
	c.Reads = append(slices.Clip(c.Reads), reads...)
	return c
}

// Text is a column of one line of text.
func Text[T any](name, label string, at func(*T) *string) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeText, Writable: true}, fold: true}
	c.text = func(_ *Scope, e *T) string { return *at(e) }
	c.set = func(_ *Scope, _ Writer, e *T, in any) error {
		t, err := asText(in)
		if err == nil {
			*at(e) = strings.TrimSpace(t)
		}
		return err
	}
	return c
}

// URL is a column of web addresses.
func URL[T any](name, label string, at func(*T) *string) Column[T] {
	c := Text(name, label, at)
	c.Type = TypeURL
	c.set = func(_ *Scope, _ Writer, e *T, in any) error {
		t, err := asURL(in)
		if err == nil {
			*at(e) = t
		}
		return err
	}
	return c
}

// LongText is a column of Markdown of any length.
func LongText[T any](name, label string, at func(*T) *ledger.TextRef) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeLongText, Writable: true, Hidden: true}, fold: true}
	c.long = func(e *T) ledger.TextRef { return *at(e) }
	c.text = func(_ *Scope, e *T) string { return at(e).FirstLine() }
	c.set = func(_ *Scope, w Writer, e *T, in any) error {
		t, err := asText(in)
		if err == nil {
			*at(e) = w.Text(strings.ReplaceAll(t, "\r\n", "\n"))
		}
		return err
	}
	return c
}

// Number is a column of numbers; 0 is empty.
func Number[T any](name, label string, at func(*T) *float64) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeNumber, Writable: true}}
	c.num = func(_ *Scope, e *T) (float64, bool) { return *at(e), *at(e) != 0 }
	c.set = func(_ *Scope, _ Writer, e *T, in any) error {
		n, _, err := asNumber(in)
		if err == nil {
			*at(e) = n
		}
		return err
	}
	return c
}

// Day is a column of days.
func Day[T any](name, label string, at func(*T) *calendar.Day) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeDay, Writable: true}}
	c.text = func(_ *Scope, e *T) string { return string(*at(e)) }
	c.set = func(s *Scope, _ Writer, e *T, in any) error {
		d, err := asDay(s, in)
		if err == nil {
			*at(e) = d
		}
		return err
	}
	return c
}

// Flag is a column of yes and no.
func Flag[T any](name, label string, at func(*T) *bool) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeFlag, Writable: true}}
	c.flag = func(_ *Scope, e *T) bool { return *at(e) }
	c.set = func(_ *Scope, _ Writer, e *T, in any) error {
		b, err := asFlag(in)
		if err == nil {
			*at(e) = b
		}
		return err
	}
	return c
}

// Choice is a column of one of a list of options; lists sort in the order of the options.
// N is a named text type of the slice.
func Choice[T any, N ~string](name, label string, options []Option, at func(*T) *N) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeChoice, Writable: true}, fold: true}
	c.options = func(ledger.View) []Option { return options }
	c.text = func(_ *Scope, e *T) string { return string(*at(e)) }
	c.order = func(_ *Scope, e *T) (float64, bool) {
		i := slices.IndexFunc(options, func(o Option) bool { return o.Name == string(*at(e)) })
		return float64(i), i >= 0
	}
	c.show = func(_ *Scope, e *T) string { return labelOf(options, string(*at(e))) }
	c.set = func(_ *Scope, _ Writer, e *T, in any) error {
		o, err := asOption(options, in)
		if err == nil {
			*at(e) = N(o)
		}
		return err
	}
	return c
}

// Tags is a column of free words.
func Tags[T any](name, label string, at func(*T) *[]string) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeChoices, Writable: true, Free: true}, fold: true}
	c.list = func(_ *Scope, e *T) []string { return *at(e) }
	c.set = func(_ *Scope, _ Writer, e *T, in any) error {
		l, err := asList(in)
		if err == nil {
			*at(e) = l
		}
		return err
	}
	return c
}

// Link is a column that leads to one entity of a kind.
func Link[T any](name, label, kind string, at func(*T) *ledger.Ref) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeLink, Kind: kind, Writable: true}}
	c.ref = func(e *T) ledger.ID { return at(e).ID() }
	c.set = func(s *Scope, _ Writer, e *T, in any) error {
		id, err := asLink(s, kind, in)
		if err == nil {
			*at(e) = ledger.Ref(id)
		}
		return err
	}
	return c
}

// Identifier is a column of what stands outside the workspace, as an account.
func Identifier[T any](name, label string, at func(*T) *ledger.ID) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeText, Writable: true}}
	c.text = func(_ *Scope, e *T) string {
		if at(e).IsZero() {
			return ""
		}
		return at(e).String()
	}
	c.set = func(_ *Scope, _ Writer, e *T, in any) error {
		t, err := asText(in)
		if err != nil {
			return err
		}
		if t == "" {
			*at(e) = ledger.ID{}
			return nil
		}
		id, err := ledger.ParseID(t)
		if err != nil {
			return fmt.Errorf("%q is no identifier; it has 36 characters", t)
		}
		*at(e) = id
		return nil
	}
	return c
}

// ComputedLinks is a column that leads to entities which follow from other values.
func ComputedLinks[T any](name, label, kind string, links func(s *Scope, e *T) []ledger.Ref, reads ...ledger.AnyKind) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeLinks, Kind: kind, Computed: true, Reads: reads}}
	c.refs = links
	return c
}

// Links is a column that leads to several entities of a kind.
func Links[T any](name, label, kind string, at func(*T) *[]ledger.Ref) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeLinks, Kind: kind, Writable: true}}
	c.refs = func(_ *Scope, e *T) []ledger.Ref { return *at(e) }
	c.set = func(s *Scope, _ Writer, e *T, in any) error {
		ids, err := asLinks(s, kind, in)
		if err == nil {
			*at(e) = ids
		}
		return err
	}
	return c
}

// Object is a column of a structure: the API takes and gives it as JSON, files and
// cells as the text that format makes and parse reads. size sorts and filters by a
// number; it may be nil.
func Object[T, V any](name, label string, at func(*T) *V, format func(*Scope, V) string,
	parse func(*Scope, string) (V, error), size func(V) (float64, bool),
) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeObject, Writable: true, Shape: reflect.TypeFor[V]()}}
	c.value = func(s *Scope, e *T) any {
		if format(s, *at(e)) == "" {
			return nil
		}
		return *at(e)
	}
	c.show = func(s *Scope, e *T) string { return format(s, *at(e)) }
	c.raw = func(s *Scope, stored json.RawMessage) string {
		var v V
		if json.Unmarshal(stored, &v) != nil { // of a form that it had once
			return string(stored)
		}
		return format(s, v)
	}
	if size != nil {
		c.num = func(_ *Scope, e *T) (float64, bool) { return size(*at(e)) }
	} else {
		c.text = c.show
	}
	c.set = func(s *Scope, _ Writer, e *T, in any) error {
		var v V
		switch in := in.(type) {
		case nil:
		case string:
			var err error
			if v, err = parse(s, strings.TrimSpace(in)); err != nil {
				return err
			}
		case float64:
			var err error
			if v, err = parse(s, strconv.FormatFloat(in, 'f', -1, 64)); err != nil {
				return err
			}
		default:
			raw, err := json.Marshal(in)
			if err != nil {
				return err
			}
			if err := strict(raw, &v); err != nil {
				return err
			}
		}
		*at(e) = v
		return nil
	}
	return c
}

// Computed is a column of a number that follows from other values.
func Computed[T any](name, label string, value func(s *Scope, e *T) (float64, bool), reads ...ledger.AnyKind) Column[T] {
	return Column[T]{Info: Info{Name: name, Label: label, Type: TypeNumber, Computed: true, Reads: reads}, num: value}
}

// ComputedText is a column of a text that follows from other values.
func ComputedText[T any](name, label string, value func(s *Scope, e *T) string, reads ...ledger.AnyKind) Column[T] {
	return Column[T]{Info: Info{Name: name, Label: label, Type: TypeText, Computed: true, Reads: reads}, text: value, fold: true}
}

// ComputedChoices is a column of words out of options that follow from other values.
func ComputedChoices[T any](name, label string, options []Option, value func(s *Scope, e *T) []string, reads ...ledger.AnyKind) Column[T] {
	return Column[T]{
		Info: Info{Name: name, Label: label, Type: TypeChoices, Computed: true, Reads: reads}, list: value, fold: true,
		options: func(ledger.View) []Option { return options },
	}
}

// moment is a column of a time the kernel keeps.
func moment[T any](name, label string, at func(*T) ledger.Time) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeMoment, Hidden: true}}
	c.num = func(_ *Scope, e *T) (float64, bool) { return float64(at(e)), at(e) != 0 }
	c.value = func(_ *Scope, e *T) any {
		if at(e) == 0 {
			return nil
		}
		return at(e)
	}
	c.show = func(s *Scope, e *T) string {
		if at(e) == 0 {
			return ""
		}
		return at(e).Go().In(s.zone()).Format("2006-01-02 15:04")
	}
	return c
}

// Value returns what the API answers for the column: a text, a number, a flag, a
// Target, a list, a structure; nil for nothing.
func (c *Column[T]) Value(s *Scope, e *T) any {
	switch {
	case c.value != nil:
		return c.value(s, e)
	case c.long != nil:
		return c.long(e) // the caller fetches the bytes
	case c.num != nil:
		if n, ok := c.num(s, e); ok {
			return n
		}
	case c.flag != nil:
		return c.flag(s, e)
	case c.text != nil:
		if t := c.text(s, e); t != "" {
			return t
		}
	case c.ref != nil:
		if t, ok := s.Target(c.Kind, c.ref(e)); ok {
			return t
		}
	case c.refs != nil:
		return c.targets(s, e)
	case c.list != nil:
		return append([]string{}, c.list(s, e)...)
	}
	return nil
}

func (c *Column[T]) targets(s *Scope, e *T) []Target {
	all := []Target{}
	for _, r := range c.refs(s, e) {
		if t, ok := s.Target(c.Kind, r.ID()); ok {
			all = append(all, t)
		}
	}
	return all
}

// Show returns the column's value as a text, for a cell or a file.
func (c *Column[T]) Show(s *Scope, e *T) string {
	switch {
	case c.show != nil:
		return c.show(s, e)
	case c.num != nil:
		if n, ok := c.num(s, e); ok {
			return showNumber(n)
		}
	case c.flag != nil:
		if c.flag(s, e) {
			return "yes"
		}
	case c.text != nil:
		return c.text(s, e)
	case c.ref != nil:
		if t, ok := s.Target(c.Kind, c.ref(e)); ok {
			return t.String()
		}
	case c.refs != nil:
		var all []string
		for _, t := range c.targets(s, e) {
			all = append(all, t.String())
		}
		return strings.Join(all, "; ")
	case c.list != nil:
		return strings.Join(c.list(s, e), "; ")
	}
	return ""
}

func showNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func labelOf(options []Option, name string) string {
	for _, o := range options {
		if o.Name == name {
			return o.Label
		}
	}
	return name
}

// sortKey is a value in the order of its column; what is empty stands last either way.
type sortKey struct {
	num   float64
	text  string
	empty bool
}

func (k sortKey) compare(o sortKey) int {
	if c := cmp.Compare(k.num, o.num); c != 0 {
		return c
	}
	return cmp.Compare(k.text, o.text)
}

// key returns the value of e by which lists are sorted.
func (c *Column[T]) key(s *Scope, e *T) sortKey {
	number := func(n float64, ok bool) sortKey { return sortKey{num: n, empty: !ok} }
	word := func(t string) sortKey { return sortKey{text: t, empty: t == ""} }
	switch {
	case c.order != nil:
		return number(c.order(s, e))
	case c.num != nil:
		return number(c.num(s, e))
	case c.flag != nil:
		if c.flag(s, e) {
			return number(0, true)
		}
		return number(1, true)
	case c.text != nil && c.fold:
		return word(natural(c.text(s, e)))
	case c.text != nil:
		return word(c.text(s, e))
	case c.ref != nil:
		return c.placeOf(s, c.ref(e))
	default:
		return word(natural(c.Show(s, e)))
	}
}

// placeOf is where a link's target stands in the order of its own list: releases by their
// date, people by their name.
func (c *Column[T]) placeOf(s *Scope, id ledger.ID) sortKey {
	to, ok := s.Target(c.Kind, id)
	if !ok {
		return sortKey{empty: true}
	}
	k := sortKey{}
	if t, ok := s.Set.Of(c.Kind); ok && !to.Private {
		k = t.place(s, id)
	}
	k.text, k.empty = k.text+"\x00"+natural(to.String()), false
	return k
}

// natural returns a text without regard to case in which numbers compare by their value:
// v1.9 comes before v1.10.
func natural(s string) string {
	s = strings.ToLower(s)
	if !strings.ContainsAny(s, "0123456789") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j == i {
			b.WriteByte(s[i])
			i++
			continue
		}
		digits := strings.TrimLeft(s[i:j], "0")
		b.WriteByte('0' + byte(min(len(digits), 70))) // longer numbers are greater
		b.WriteString(digits)
		i = j
	}
	return b.String()
}
