// Package ledgertest is a small product-management domain for tests and benchmarks of
// the kernel: eight kinds that differ enough that nothing in the kernel fits one only.
package ledgertest

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Product has a prefix for human keys and may be private.
type Product struct {
	ledger.Meta
	Name    string `json:"name,omitzero" ledger:"title"`
	Prefix  string `json:"prefix,omitzero"`
	Private bool   `json:"private,omitzero"`
}

// Person is somebody whom work is assigned to.
type Person struct {
	ledger.Meta
	Name  string `json:"name,omitzero" ledger:"title"`
	Email string `json:"email,omitzero"`
}

// Release has dates; its review is due at Date.
type Release struct {
	ledger.Meta
	Name    string      `json:"name,omitzero" ledger:"title"`
	Product ledger.Ref  `json:"product,omitzero" kind:"product,cascade"`
	Date    ledger.Time `json:"date,omitzero"`
}

// Feature has a bit of everything.
type Feature struct {
	ledger.Meta
	Title       string            `json:"title,omitzero" ledger:"title"`
	Description ledger.TextRef    `json:"description,omitzero" ledger:"search"`
	Product     ledger.Ref        `json:"product,omitzero" kind:"product,cascade"`
	Status      string            `json:"status,omitzero"`
	Owner       ledger.Ref        `json:"owner,omitzero" kind:"person,clear"`
	Parent      ledger.Ref        `json:"parent,omitzero" kind:"feature,cascade"`
	Release     ledger.Ref        `json:"release,omitzero" kind:"release"`
	DependsOn   []ledger.Ref      `json:"depends_on,omitzero" kind:"feature,clear" ledger:"set"`
	Priority    int               `json:"priority,omitzero"`
	Rank        string            `json:"rank,omitzero"`
	Tags        []string          `json:"tags,omitzero" ledger:"set,search"`
	Effort      []EffortLine      `json:"effort,omitzero"`
	Value       Range             `json:"value,omitzero"`
	Start       ledger.Time       `json:"start,omitzero"`
	Target      ledger.Time       `json:"target,omitzero"`
	Checks      []CheckItem       `json:"checks,omitzero" ledger:"list"`
	Custom      map[string]string `json:"custom,omitzero"`
	Archived    bool              `json:"archived,omitzero"`
}

// EffortLine is an estimate of one team's work, in person-days.
type EffortLine struct {
	Team  string  `json:"team,omitzero"`
	Skill string  `json:"skill,omitzero"`
	Low   float64 `json:"low,omitzero"`
	High  float64 `json:"high,omitzero"`
}

// Range is an uncertain amount.
type Range struct {
	Low    float64 `json:"low,omitzero"`
	Likely float64 `json:"likely,omitzero"`
	High   float64 `json:"high,omitzero"`
}

// CheckItem is an element of an ordered list.
type CheckItem struct {
	ID   string `json:"id"`
	Rank string `json:"rank"`
	Text string `json:"text,omitzero"`
	Done bool   `json:"done,omitzero"`
}

// Comment is attached to anything.
type Comment struct {
	ledger.Meta
	On     ledger.AnyRef  `json:"on,omitzero" kind:"*,cascade"`
	Author ledger.Ref     `json:"author,omitzero" kind:"person"`
	Body   ledger.TextRef `json:"body,omitzero" ledger:"search"`
}

// Metric is a number with a unit.
type Metric struct {
	ledger.Meta
	Name  string   `json:"name,omitzero" ledger:"title"`
	Unit  string   `json:"unit,omitzero"`
	Goal  float64  `json:"goal,omitzero"`
	Bound *float64 `json:"bound,omitzero"`
}

// Hook holds a secret.
type Hook struct {
	ledger.Meta
	URL   string        `json:"url,omitzero"`
	Token ledger.Secret `json:"token,omitzero"`
}

// Member gives somebody a role; the policy reads it.
type Member struct {
	ledger.Meta
	Account ledger.ID `json:"account,omitzero"`
	Role    string    `json:"role,omitzero"`
}

// The handles of the kinds.
var (
	Products = ledger.NewKind[Product]("product")
	_        = Products.Check(checkProduct)
	ByPrefix = ledger.NewIndex(Products, func(p *Product) []ledger.ID { return []ledger.ID{ledger.KeyOf(p.Prefix)} })

	People   = ledger.NewKind[Person]("person")
	Releases = ledger.NewKind("release", ledger.DueAt(func(r *Release) []ledger.Due {
		if r.Date == 0 {
			return nil
		}
		return []ledger.Due{{At: r.Date, Name: "release-review"}}
	}))

	Features = ledger.NewKind("feature",
		ledger.Keyed(func(v ledger.View, f *Feature) string {
			if p, ok := Products.Get(v, f.Product.ID()); ok {
				return p.Prefix
			}
			return "F"
		}),
	)
	_        = Features.Check(checkFeature)
	ByStatus = ledger.NewIndex(Features, func(f *Feature) []ledger.ID { return []ledger.ID{ledger.KeyOf(f.Status)} })
	Score    = ledger.NewColumn(Features, func(f *Feature) float64 {
		cost := 1.0
		for _, e := range f.Effort {
			cost += (e.Low + e.High) / 2
		}
		return (f.Value.Low + 4*f.Value.Likely + f.Value.High) / 6 / cost
	})

	Comments = ledger.NewKind[Comment]("comment")
	Metrics  = ledger.NewKind[Metric]("metric")
	Hooks    = ledger.NewKind[Hook]("hook")
	Members  = ledger.NewKind[Member]("member")
)

// Registry returns the domain's kinds.
func Registry() *ledger.Registry {
	return ledger.NewRegistry(Products, People, Releases, Features, Comments, Metrics, Hooks, Members)
}

func checkProduct(v ledger.View, _, after *Product, f *fault.Fields) {
	if after == nil {
		return
	}
	if after.Name == "" {
		f.Add("name", "is required")
	}
	if len(after.Prefix) < 2 || strings.ToUpper(after.Prefix) != after.Prefix {
		f.Add("prefix", "use at least two capital letters")
	}
	for p := range ByPrefix.Of(v, ledger.KeyOf(after.Prefix)) {
		if p.ID != after.ID && p.Prefix == after.Prefix {
			f.Add("prefix", "is taken by %s", p.Name)
		}
	}
}

func checkFeature(v ledger.View, _, after *Feature, f *fault.Fields) {
	if after == nil {
		return
	}
	if after.Title == "" {
		f.Add("title", "is required")
	}
	if after.Value.Low > after.Value.High {
		f.Add("value.low", "must be at most value.high")
	}
	if onRing(v, after.ID, func(x *Feature) []ledger.ID { return []ledger.ID{x.Parent.ID()} }) {
		f.Add("parent", "would make the feature its own ancestor")
	}
	if onRing(v, after.ID, func(x *Feature) []ledger.ID {
		ids := make([]ledger.ID, len(x.DependsOn))
		for i, r := range x.DependsOn {
			ids[i] = r.ID()
		}
		return ids
	}) {
		f.Add("depends_on", "would make a circle")
	}
}

// onRing reports whether following next from start leads back to start.
func onRing(v ledger.View, start ledger.ID, next func(*Feature) []ledger.ID) bool {
	var seen []ledger.ID
	todo := []ledger.ID{start}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		f, ok := Features.Get(v, id)
		if !ok {
			continue
		}
		for _, n := range next(f) {
			if n == start {
				return true
			}
			if !n.IsZero() && !slices.Contains(seen, n) {
				seen = append(seen, n)
				todo = append(todo, n)
			}
		}
	}
	return false
}

// AllowAll is a policy under which everybody sees and does everything.
type AllowAll struct{}

// Viewer implements ledger.Policy.
func (AllowAll) Viewer(ledger.View, ledger.Actor) (ledger.Viewer, error) {
	return ledger.Viewer{Class: "all", May: Anything}, nil
}

// Anything refuses no change.
func Anything(ledger.View, ledger.Write) error { return nil }

// Roles is a policy by Member entities: "editor" writes and sees all, "viewer" sees what
// is not of a private product and writes nothing, others see nothing.
type Roles struct{}

// Viewer implements ledger.Policy.
func (Roles) Viewer(v ledger.View, as ledger.Actor) (ledger.Viewer, error) {
	role := role(v, as)
	w := ledger.Viewer{Class: role, May: func(_ ledger.View, w ledger.Write) error {
		return fault.New(fault.Forbidden, "a %s may not %s a %s", role, w.Op, w.Kind)
	}}
	switch role {
	case "editor":
		w.May = Anything
	case "viewer":
		w.Sees = func(v ledger.View, _ string, e ledger.Entity) bool { return !private(v, e) }
	default:
		w.Sees = func(ledger.View, string, ledger.Entity) bool { return false }
	}
	return w, nil
}

func role(v ledger.View, as ledger.Actor) string {
	if as.ID == ledger.System.ID {
		return "editor"
	}
	for m := range Members.All(v) {
		if m.Account == as.ID {
			return m.Role
		}
	}
	return "stranger"
}

func private(v ledger.View, e ledger.Entity) bool {
	var product ledger.ID
	switch e := e.(type) {
	case *Product:
		return e.Private
	case *Feature:
		product = e.Product.ID()
	case *Release:
		product = e.Product.ID()
	case *Comment:
		if f, ok := Features.Get(v, e.On.ID); ok {
			product = f.Product.ID()
		}
	case *Hook:
		return true
	}
	p, ok := Products.Get(v, product)
	return ok && p.Private
}

// Document returns an entity's document, for comparisons.
func Document(e ledger.Entity) string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return string(b)
}
