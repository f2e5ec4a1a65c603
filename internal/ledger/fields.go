package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// A fields plan is made once per kind from its Go type. It says for each field of the
// document how to compare, copy, check and merge it, and where references, long texts
// and secrets stand. Nothing else in the kernel uses reflection.
type fields struct {
	typ    reflect.Type
	list   []*field
	byName map[string]*field
	refs   []*field // fields that hold a Ref or AnyRef at some depth
	texts  []*field // fields that hold a TextRef at some depth
	secret bool
}

// class says how two changes of one field are brought together; see merge.go.
type class int

const (
	scalar    class = iota // one value: both sides changed is a conflict
	set                    // `ledger:"set"`: elements are added and removed; kept sorted
	list                   // `ledger:"list"`: objects with "id" and "rank", merged one by one
	mapping                // Go maps: merged key by key
	text                   // TextRef: merged by lines
	secretive              // Secret: one value that the journal does not hold
)

type field struct {
	name    string
	index   []int
	typ     reflect.Type
	class   class
	weight  int // `ledger:"search"` 1, `ledger:"title"` 3: how a word found here ranks; 0: not searched
	onGone  string
	kind    string // the kind a Ref points to, "*" for AnyRef
	compare bool   // plain ==
	nested  bool   // holds structs, whose unknown members are kept
	share   bool   // short repeated strings: interned on decoding
	clone   func(reflect.Value)
	check   func(v reflect.Value, path string) error
	walkRef func(v reflect.Value, f func(reflect.Value, *refRule))
	walkTxt func(v reflect.Value, f func(reflect.Value))
}

// refRule is what the tag of a reference says.
type refRule struct{ kind, onGone string }

var (
	typRef    = reflect.TypeFor[Ref]()
	typAnyRef = reflect.TypeFor[AnyRef]()
	typText   = reflect.TypeFor[TextRef]()
	typSecret = reflect.TypeFor[Secret]()
	typRaw    = reflect.TypeFor[json.RawMessage]()
	typTime   = "time.Time"
)

// planOf panics on a type that cannot be a kind: this is a fault of the program's text,
// found when it starts.
func planOf(t reflect.Type) *fields {
	p := &fields{typ: t, byName: map[string]*field{}}
	for _, sf := range reflect.VisibleFields(t) {
		name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if sf.Anonymous || name == "-" {
			continue
		}
		if !sf.IsExported() {
			if len(sf.Index) > 1 && t.Field(sf.Index[0]).Name == "Meta" {
				continue
			}
			panic(fmt.Sprintf("ledger: %s.%s: a field of a kind must be exported", t, sf.Name))
		}
		if name == "" || !strings.Contains(","+opts+",", ",omitzero,") {
			panic(fmt.Sprintf("ledger: %s.%s: needs a tag like `json:\"name,omitzero\"`", t, sf.Name))
		}
		f := &field{name: name, index: sf.Index, typ: sf.Type}
		rule := ruleOf(sf)
		f.kind, f.onGone = rule.kind, rule.onGone
		switch {
		case sf.Type == typText:
			f.class = text
		case sf.Type == typSecret:
			f.class = secretive
			p.secret = true
		case sf.Type.Kind() == reflect.Map:
			f.class = mapping
		}
		for opt := range strings.SplitSeq(sf.Tag.Get("ledger"), ",") {
			switch opt {
			case "":
			case "set":
				f.class = set
			case "list":
				f.class = list
			case "search":
				f.weight = 1
			case "title":
				f.weight = 3
			default:
				panic(fmt.Sprintf("ledger: %s.%s: unknown option %q", t, sf.Name, opt))
			}
		}
		if (f.class == set || f.class == list) && sf.Type.Kind() != reflect.Slice {
			panic(fmt.Sprintf("ledger: %s.%s: only a slice can be a set or a list", t, sf.Name))
		}
		f.compare = plain(sf.Type)
		f.nested = holds(sf.Type, func(t reflect.Type) bool { return t.Kind() == reflect.Struct && t != typText && t != typSecret })
		f.share = f.weight == 0 && holds(sf.Type, func(t reflect.Type) bool { return t.Kind() == reflect.String })
		f.clone = cloner(sf.Type)
		f.check = checker(sf.Type)
		f.walkRef = refWalker(sf.Type, rule)
		f.walkTxt = textWalker(sf.Type)
		p.list = append(p.list, f)
		p.byName[name] = f
		if f.walkRef != nil {
			p.refs = append(p.refs, f)
		}
		if f.walkTxt != nil {
			p.texts = append(p.texts, f)
		}
	}
	return p
}

func ruleOf(sf reflect.StructField) *refRule {
	kind, rule, _ := strings.Cut(sf.Tag.Get("kind"), ",")
	switch rule {
	case "":
		rule = "refuse"
	case "refuse", "clear", "cascade":
	default:
		panic(fmt.Sprintf("ledger: field %s: unknown rule %q for a deleted target", sf.Name, rule))
	}
	return &refRule{kind: kind, onGone: rule}
}

// holds reports whether t or a type inside it satisfies is.
func holds(t reflect.Type, is func(reflect.Type) bool) bool {
	if is(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		return holds(t.Elem(), is)
	case reflect.Struct:
		for i := range t.NumField() {
			if holds(t.Field(i).Type, is) {
				return true
			}
		}
	}
	return false
}

// plain reports whether == on t compares what the document holds.
func plain(t reflect.Type) bool {
	return t.Comparable() && !holds(t, func(t reflect.Type) bool {
		return t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface || t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32
	})
}

// of returns the field's value in the entity e.
func (f *field) of(e reflect.Value) reflect.Value { return e.FieldByIndex(f.index) }

func (f *field) equal(a, b reflect.Value) bool {
	if f.compare {
		return a.Equal(b)
	}
	if a.Kind() == reflect.Slice || a.Kind() == reflect.Map {
		if a.Len() == 0 && b.Len() == 0 { // nil and empty are the same document
			return true
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// cloner returns a function that replaces what v points to by copies, or nil if a plain
// copy of v shares nothing. It panics on types whose documents would not come back equal.
func cloner(t reflect.Type) func(v reflect.Value) {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return nil
	case reflect.Array:
		if inner := cloner(t.Elem()); inner != nil {
			return func(v reflect.Value) {
				for i := range v.Len() {
					inner(v.Index(i))
				}
			}
		}
		return nil
	case reflect.Slice:
		inner := cloner(t.Elem())
		return func(v reflect.Value) {
			if v.IsNil() {
				return
			}
			c := reflect.MakeSlice(t, v.Len(), v.Len())
			reflect.Copy(c, v)
			for i := 0; inner != nil && i < c.Len(); i++ {
				inner(c.Index(i))
			}
			v.Set(c)
		}
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			panic(fmt.Sprintf("ledger: %s: maps in documents have text keys", t))
		}
		inner := cloner(t.Elem())
		return func(v reflect.Value) {
			if v.IsNil() {
				return
			}
			c := reflect.MakeMapWithSize(t, v.Len())
			for it := v.MapRange(); it.Next(); {
				e := it.Value()
				if inner != nil {
					e = reflect.New(t.Elem()).Elem()
					e.Set(it.Value())
					inner(e)
				}
				c.SetMapIndex(it.Key(), e)
			}
			v.Set(c)
		}
	case reflect.Pointer:
		inner := cloner(t.Elem())
		return func(v reflect.Value) {
			if v.IsNil() {
				return
			}
			c := reflect.New(t.Elem())
			c.Elem().Set(v.Elem())
			if inner != nil {
				inner(c.Elem())
			}
			v.Set(c)
		}
	case reflect.Struct:
		if t == typText || t == typSecret { // immutable by construction
			return nil
		}
		if t.String() == typTime {
			panic("ledger: use ledger.Time in documents: time.Time has a location and a monotonic part that do not come back")
		}
		type part struct {
			i int
			f func(reflect.Value)
		}
		var parts []part
		for i := range t.NumField() {
			if !t.Field(i).IsExported() {
				panic(fmt.Sprintf("ledger: %s.%s: a field in a document must be exported", t, t.Field(i).Name))
			}
			if f := cloner(t.Field(i).Type); f != nil {
				parts = append(parts, part{i, f})
			}
		}
		if parts == nil {
			return nil
		}
		return func(v reflect.Value) {
			for _, p := range parts {
				p.f(v.Field(p.i))
			}
		}
	}
	panic(fmt.Sprintf("ledger: %s cannot stand in a document", t))
}

// checker returns a function that refuses what one of the engines would refuse or
// change: NUL, invalid UTF-8, NaN and infinity. nil: nothing in t can be wrong.
func checker(t reflect.Type) func(reflect.Value, string) error {
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value, path string) error { return checkText(v.String(), path) }
	case reflect.Float32, reflect.Float64:
		return func(v reflect.Value, path string) error {
			if x := v.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%s: must be a finite number", path)
			}
			return nil
		}
	case reflect.Slice, reflect.Array:
		if t == typRaw {
			return func(v reflect.Value, path string) error {
				b := v.Bytes()
				if len(b) > 0 && !json.Valid(b) {
					return fmt.Errorf("%s: is not valid JSON", path)
				}
				if bytes.Contains(b, []byte(`\u0000`)) || !utf8.Valid(b) {
					return fmt.Errorf("%s: holds characters that cannot be stored", path)
				}
				return nil
			}
		}
		inner := checker(t.Elem())
		if inner == nil {
			return nil
		}
		return func(v reflect.Value, path string) error {
			for i := range v.Len() {
				if err := inner(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
					return err
				}
			}
			return nil
		}
	case reflect.Map:
		inner := checker(t.Elem())
		return func(v reflect.Value, path string) error {
			for it := v.MapRange(); it.Next(); {
				at := path + "." + it.Key().String()
				if err := checkText(it.Key().String(), path); err != nil {
					return err
				}
				if inner != nil {
					if err := inner(it.Value(), at); err != nil {
						return err
					}
				}
			}
			return nil
		}
	case reflect.Pointer:
		inner := checker(t.Elem())
		if inner == nil {
			return nil
		}
		return func(v reflect.Value, path string) error {
			if v.IsNil() {
				return nil
			}
			return inner(v.Elem(), path)
		}
	case reflect.Struct:
		if t == typText {
			return func(v reflect.Value, path string) error { return checkText(v.Interface().(TextRef).text, path) }
		}
		if t == typSecret {
			return nil
		}
		type part struct {
			i    int
			name string
			f    func(reflect.Value, string) error
		}
		var parts []part
		for i := range t.NumField() {
			if f := checker(t.Field(i).Type); f != nil {
				name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
				parts = append(parts, part{i, name, f})
			}
		}
		if parts == nil {
			return nil
		}
		return func(v reflect.Value, path string) error {
			for _, p := range parts {
				if err := p.f(v.Field(p.i), path+"."+p.name); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return nil
}

func checkText(s, path string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s: is not valid UTF-8 text", path)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%s: must not hold the NUL character", path)
	}
	return nil
}

// refWalker returns a function that visits every Ref and AnyRef in a value of type t.
func refWalker(t reflect.Type, rule *refRule) func(reflect.Value, func(reflect.Value, *refRule)) {
	switch {
	case t == typRef:
		if rule.kind == "" {
			panic("ledger: a Ref needs a tag that names its kind, like `kind:\"release\"`")
		}
		return func(v reflect.Value, f func(reflect.Value, *refRule)) { f(v, rule) }
	case t == typAnyRef:
		return func(v reflect.Value, f func(reflect.Value, *refRule)) { f(v, rule) }
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		if inner := refWalker(t.Elem(), rule); inner != nil {
			return func(v reflect.Value, f func(reflect.Value, *refRule)) {
				for i := range v.Len() {
					inner(v.Index(i), f)
				}
			}
		}
	case reflect.Map, reflect.Pointer:
		if refWalker(t.Elem(), rule) != nil {
			panic(fmt.Sprintf("ledger: %s: references stand in fields, slices and structs only", t))
		}
	case reflect.Struct:
		type part struct {
			i int
			f func(reflect.Value, func(reflect.Value, *refRule))
		}
		var parts []part
		for i := range t.NumField() {
			if w := refWalker(t.Field(i).Type, ruleOf(t.Field(i))); w != nil {
				parts = append(parts, part{i, w})
			}
		}
		if parts != nil {
			return func(v reflect.Value, f func(reflect.Value, *refRule)) {
				for _, p := range parts {
					p.f(v.Field(p.i), f)
				}
			}
		}
	}
	return nil
}

// textWalker returns a function that visits every TextRef in a value of type t.
func textWalker(t reflect.Type) func(reflect.Value, func(reflect.Value)) {
	if t == typText {
		return func(v reflect.Value, f func(reflect.Value)) { f(v) }
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		if inner := textWalker(t.Elem()); inner != nil {
			return func(v reflect.Value, f func(reflect.Value)) {
				for i := range v.Len() {
					inner(v.Index(i), f)
				}
			}
		}
	case reflect.Map, reflect.Pointer:
		if textWalker(t.Elem()) != nil {
			panic(fmt.Sprintf("ledger: %s: long texts stand in fields, slices and structs only", t))
		}
	case reflect.Struct:
		type part struct {
			i int
			f func(reflect.Value, func(reflect.Value))
		}
		var parts []part
		for i := range t.NumField() {
			if w := textWalker(t.Field(i).Type); w != nil {
				parts = append(parts, part{i, w})
			}
		}
		if parts != nil {
			return func(v reflect.Value, f func(reflect.Value)) {
				for _, p := range parts {
					p.f(v.Field(p.i), f)
				}
			}
		}
	}
	return nil
}

// refTo is one reference that an entity holds.
type refTo struct {
	field  *field
	rule   *refRule
	kind   string
	target ID
}

// eachRef visits the references of e that point to something.
func (p *fields) eachRef(e Entity, f func(refTo)) {
	if len(p.refs) == 0 {
		return
	}
	v := reflect.ValueOf(e).Elem()
	for _, fl := range p.refs {
		fl.walkRef(fl.of(v), func(v reflect.Value, rule *refRule) {
			r := refTo{field: fl, rule: rule, kind: rule.kind}
			if v.Type() == typAnyRef {
				a := v.Interface().(AnyRef)
				r.kind, r.target = a.Kind, a.ID
			} else {
				r.target = ID(v.Interface().(Ref))
			}
			if !r.target.IsZero() {
				f(r)
			}
		})
	}
}

// sameRefs reports whether the fields that hold references are equal in a and b: most
// edits leave them alone.
func (p *fields) sameRefs(a, b Entity) bool {
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for _, f := range p.refs {
		if !f.equal(f.of(va), f.of(vb)) {
			return false
		}
	}
	return true
}

// clearRefs removes every reference to target from e: an element of a slice goes, a
// single reference becomes empty.
func (p *fields) clearRefs(e Entity, target ID) {
	v := reflect.ValueOf(e).Elem()
	for _, f := range p.refs {
		fv := f.of(v)
		if fv.Kind() == reflect.Slice {
			kept := reflect.MakeSlice(fv.Type(), 0, fv.Len())
			for i := range fv.Len() {
				hit := false
				one := refWalker(fv.Type().Elem(), &refRule{kind: f.kind, onGone: f.onGone})
				one(fv.Index(i), func(v reflect.Value, _ *refRule) { hit = hit || refTarget(v) == target })
				if !hit {
					kept = reflect.Append(kept, fv.Index(i))
				}
			}
			fv.Set(kept)
			continue
		}
		f.walkRef(fv, func(v reflect.Value, _ *refRule) {
			if refTarget(v) == target {
				v.SetZero()
			}
		})
	}
}

func refTarget(v reflect.Value) ID {
	if v.Type() == typAnyRef {
		return v.Interface().(AnyRef).ID
	}
	return ID(v.Interface().(Ref))
}

// eachText visits the texts of e.
func (p *fields) eachText(e Entity, f func(*field, TextRef)) {
	v := reflect.ValueOf(e).Elem()
	for _, fl := range p.texts {
		fl.walkTxt(fl.of(v), func(v reflect.Value) { f(fl, v.Interface().(TextRef)) })
	}
}

// copyOf returns a deep copy of e.
func (p *fields) copyOf(e Entity) Entity {
	c := reflect.New(p.typ)
	v := c.Elem()
	v.Set(reflect.ValueOf(e).Elem())
	for _, f := range p.list {
		if f.clone != nil {
			f.clone(f.of(v))
		}
	}
	return c.Interface().(Entity)
}

// tidy brings e into the one form that its document has: sets sorted without doubles,
// lists by rank, empty slices and maps nil.
func (p *fields) tidy(e Entity) {
	v := reflect.ValueOf(e).Elem()
	for _, f := range p.list {
		fv := f.of(v)
		switch f.typ.Kind() {
		case reflect.Slice, reflect.Map:
			if fv.Len() == 0 {
				fv.SetZero()
				continue
			}
		}
		if fv.Kind() != reflect.Slice || fv.Len() < 2 {
			continue
		}
		switch f.class {
		case set:
			if ss, ok := fv.Interface().([]string); ok {
				if !slices.IsSorted(ss) || hasDouble(ss) {
					slices.Sort(ss)
					fv.Set(reflect.ValueOf(slices.Compact(ss)))
				}
				continue
			}
			sortSlice(fv, true, func(raw []byte) string { return string(raw) })
		case list:
			sortSlice(fv, false, func(raw []byte) string { it := itemOf(raw); return it.Rank + "\x00" + it.ID })
		}
	}
}

func hasDouble(sorted []string) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return true
		}
	}
	return false
}

// sortSlice orders the elements of v by a text made from their JSON.
func sortSlice(v reflect.Value, unique bool, by func([]byte) string) {
	type row struct {
		by string
		v  reflect.Value
	}
	rows := make([]row, v.Len())
	for i := range rows {
		raw, err := marshal(v.Index(i).Interface())
		if err != nil {
			return // found by check, which names the field
		}
		rows[i] = row{by(raw), v.Index(i)}
	}
	less := func(a, b row) int { return strings.Compare(a.by, b.by) }
	if slices.IsSortedFunc(rows, less) && !unique {
		return
	}
	slices.SortStableFunc(rows, less)
	if unique {
		rows = slices.CompactFunc(rows, func(a, b row) bool { return a.by == b.by })
	}
	c := reflect.MakeSlice(v.Type(), len(rows), len(rows))
	for i, r := range rows {
		c.Index(i).Set(r.v)
	}
	v.Set(c)
}
