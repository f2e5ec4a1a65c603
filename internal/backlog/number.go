package backlog

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/throughline-pm/throughline/internal/formula"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Number is something that features have and that can be computed with: formulas use it
// by its name, and charts measure by it.
type Number struct {
	Name  string // that of its column, where it has one
	Label string
	Unit  string
	Of    func(f *Feature) (float64, bool) // false: the feature has none
}

// builtIn are the numbers that every feature can have. Estimates count with what is
// expected of them, as lists show them.
var builtIn = []Number{
	{"effort", "Effort", "pd", func(f *Feature) (float64, bool) { return f.Effort.Total().Mean(), len(f.Effort) > 0 }},
	{"effort_low", "Effort, low", "pd", func(f *Feature) (float64, bool) { return f.Effort.Total().Low, len(f.Effort) > 0 }},
	{"effort_high", "Effort, high", "pd", func(f *Feature) (float64, bool) { return f.Effort.Total().High, len(f.Effort) > 0 }},
	{"value", "Value", "", func(f *Feature) (float64, bool) { return f.Value.Mean(), !f.Value.IsZero() }},
	{"value_low", "Value, low", "", func(f *Feature) (float64, bool) { return f.Value.Low, !f.Value.IsZero() }},
	{"value_high", "Value, high", "", func(f *Feature) (float64, bool) { return f.Value.High, !f.Value.IsZero() }},
	{"score", "Score", "", (*Feature).Score},
	{"priority", "Priority", "", (*Feature).urgency},
}

// urgency is the priority as a number: 4 for urgent down to 1 for low.
func (f *Feature) urgency() (float64, bool) {
	i := slices.IndexFunc(priorities, func(o table.Option) bool { return o.Name == string(f.Priority) })
	return float64(len(priorities) - i), i >= 0
}

// Numbers returns the numbers of features: those that all have, then the custom fields of
// that type, then the formulas.
func Numbers(v ledger.View) []Number {
	all := slices.Clone(builtIn)
	b := bind(v)
	all = append(all, b.fields...)
	for _, f := range b.formulas {
		all = append(all, Number{table.CustomPrefix + f.Name, f.Label, f.Unit, b.lazily(f)})
	}
	return all
}

// Named returns the number that a formula means by a name: its own, or that of a custom
// field or formula without the prefix.
func Named(all []Number, name string) (Number, bool) {
	for _, n := range []string{name, table.CustomPrefix + name} {
		if i := slices.IndexFunc(all, func(x Number) bool { return x.Name == n }); i >= 0 {
			return all[i], true
		}
	}
	return Number{}, false
}

// Spelled is how a formula names a number: without the prefix, unless all features have
// another one of that name.
func (n Number) Spelled() string {
	short := strings.TrimPrefix(n.Name, table.CustomPrefix)
	if short != n.Name && slices.ContainsFunc(builtIn, func(b Number) bool { return b.Name == short }) {
		return n.Name
	}
	return short
}

// maxSteps is how many steps a formula may take for one feature, with all formulas that it
// uses: a list of 100,000 features sorts by it in a blink.
const maxSteps = 1000

// binder joins the names in formulas with what a view has under them.
type binder struct {
	fields   []Number
	formulas []*Formula
	known    func() []string // what formulas may use, short names first

	mu    sync.Mutex
	bound map[*Formula]bound
	open  []*Formula // that are being bound: one in it twice is a circle
}

// bound is a formula with its names joined.
type bound struct {
	of    func(*Feature) (float64, bool)
	steps int
	fault error
}

func bind(v ledger.View) *binder {
	b := &binder{bound: map[*Formula]bound{}}
	for f := range Fields.All(v) {
		if f.Type == table.TypeNumber && !f.Archived {
			name := f.Name
			b.fields = append(b.fields, Number{table.CustomPrefix + name, f.Label, f.Unit, func(e *Feature) (float64, bool) {
				return table.CustomNumber(e.Custom[name])
			}})
		}
	}
	for f := range Formulas.All(v) {
		b.formulas = append(b.formulas, f)
	}
	b.known = sync.OnceValue(b.names)
	return b
}

// lazily joins a formula's names when its value is first asked for.
func (b *binder) lazily(f *Formula) func(*Feature) (float64, bool) {
	of := sync.OnceValue(func() func(*Feature) (float64, bool) { return b.formula(f).of })
	return func(e *Feature) (float64, bool) { return of()(e) }
}

// formula joins the names of a formula; what cannot be computed is empty everywhere.
func (b *binder) formula(f *Formula) bound {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.join(f)
}

func (b *binder) join(f *Formula) bound {
	if done, ok := b.bound[f]; ok {
		return done
	}
	b.open = append(b.open, f)
	made := b.compile(f)
	b.open = b.open[:len(b.open)-1]
	if made.fault != nil {
		made.of = func(*Feature) (float64, bool) { return 0, false }
	}
	b.bound[f] = made
	return made
}

func (b *binder) compile(f *Formula) bound {
	read, err := formula.Parse(f.Formula)
	if err == nil {
		err = read.Known(b.known())
	}
	if err != nil {
		return bound{fault: err}
	}
	names := read.Names()
	reads := make([]func(*Feature) (float64, bool), len(names))
	steps := read.Cost()
	for i, n := range names {
		if x, ok := Named(slices.Concat(builtIn, b.fields), n.Name); ok {
			reads[i] = x.Of
			continue
		}
		at := slices.IndexFunc(b.formulas, func(x *Formula) bool { return x.Name == strings.TrimPrefix(n.Name, table.CustomPrefix) })
		used := b.formulas[at] // the names are known
		if slices.Contains(b.open, used) {
			return bound{fault: &formula.Error{At: n.At, Message: fmt.Sprintf("“%s” rests on “%s” itself; take one of them out of the other", n.Name, f.Name)}}
		}
		below := b.join(used)
		if below.fault != nil {
			return bound{fault: &formula.Error{At: n.At, Message: fmt.Sprintf("“%s” cannot be computed itself: %v", n.Name, below.fault)}}
		}
		reads[i] = below.of
		steps += below.steps
	}
	if steps > maxSteps {
		return bound{fault: &formula.Error{At: 1, Message: fmt.Sprintf("this takes %d steps for each feature, with the formulas that it uses; %d are the most", steps, maxSteps)}}
	}
	return bound{steps: steps, of: func(e *Feature) (float64, bool) {
		return read.Value(func(i int) (float64, bool) { return reads[i](e) })
	}}
}

// names collects what formulas may use.
func (b *binder) names() []string {
	var short, long []string
	add := func(n Number) {
		short = append(short, n.Spelled())
		if n.Name != n.Spelled() {
			long = append(long, n.Name)
		}
	}
	for _, n := range slices.Concat(builtIn, b.fields) {
		add(n)
	}
	for _, f := range b.formulas {
		add(Number{Name: table.CustomPrefix + f.Name})
	}
	return append(short, long...)
}
