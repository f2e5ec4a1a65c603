package backlog

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// DependencyType is what one feature is to another.
type DependencyType string

// The types of dependencies.
const (
	Blocks     DependencyType = "blocks"     // To cannot start before From is finished
	Relates    DependencyType = "relates"    // they have to do with each other
	Duplicates DependencyType = "duplicates" // From is the same as To
)

var dependencyTypes = []table.Option{
	{Name: "blocks", Label: "Blocks"},
	{Name: "relates", Label: "Related to"},
	{Name: "duplicates", Label: "Duplicate of"},
}

// Dependency joins two features.
type Dependency struct {
	ledger.Meta
	From ledger.Ref     `json:"from,omitzero" kind:"feature,cascade"`
	To   ledger.Ref     `json:"to,omitzero" kind:"feature,cascade"`
	Type DependencyType `json:"type,omitzero"`
}

// Dependencies is the kind of dependencies.
var (
	Dependencies = ledger.NewKind[Dependency]("dependency")
	_            = Dependencies.Check(checkDependency)
)

// DependencyTable is what can be read and written of dependencies.
var DependencyTable = table.New(Dependencies, table.Spec[Dependency]{
	Name: "dependencies", One: "dependency", Label: "Dependencies",
	Title: func(d *Dependency) string { return string(d.Type) },
	New: func(_ ledger.View, d *Dependency) {
		if d.Type == "" {
			d.Type = Blocks
		}
	},
	Columns: []table.Column[Dependency]{
		table.Link("from", "Feature", "feature", func(d *Dependency) *ledger.Ref { return &d.From }).Required(),
		table.Choice("type", "Type", dependencyTypes, func(d *Dependency) *DependencyType { return &d.Type }).Required(),
		table.Link("to", "Other feature", "feature", func(d *Dependency) *ledger.Ref { return &d.To }).Required(),
	},
})

type direction int

const (
	outwards direction = iota
	inwards
	eitherWay
)

// dependencies returns the features at the other ends of a feature's dependencies.
func dependencies(t DependencyType, way direction) func(*table.Scope, *Feature) []ledger.Ref {
	return func(s *table.Scope, f *Feature) []ledger.Ref { return ends(s.View, f.ID, t, way) }
}

func ends(v ledger.View, feature ledger.ID, t DependencyType, way direction) (all []ledger.Ref) {
	for d := range Dependencies.BackLinks(v, feature) {
		switch {
		case d.Type != t:
		case d.From.ID() == feature && way != inwards:
			all = append(all, d.To)
		case d.To.ID() == feature && way != outwards:
			all = append(all, d.From)
		}
	}
	return all
}

func checkDependency(v ledger.View, _, after *Dependency, f *fault.Fields) {
	if after == nil {
		return
	}
	DependencyTable.Required(v, after, f)
	if !slices.ContainsFunc(dependencyTypes, func(o table.Option) bool { return o.Name == string(after.Type) }) {
		f.Add("type", "must be blocks, relates or duplicates")
	}
	if after.From.IsZero() || after.To.IsZero() {
		return
	}
	if after.From == after.To {
		f.Add("to", "a feature does not depend on itself")
		return
	}
	for d := range Dependencies.BackLinks(v, after.From.ID()) {
		same := d.From == after.From && d.To == after.To
		turned := after.Type == Relates && d.From == after.To && d.To == after.From
		if d.ID != after.ID && d.Type == after.Type && (same || turned) {
			f.Add("to", "stands there already")
		}
	}
	if after.Type == Blocks && leads(v, after.To.ID(), after.From.ID()) {
		f.Add("to", "would close a circle of features that block each other")
	}
}

// leads reports whether following blocks from one feature arrives at another.
func leads(v ledger.View, from, to ledger.ID) bool {
	seen := map[ledger.ID]bool{from: true}
	for todo := []ledger.ID{from}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, r := range ends(v, at, Blocks, outwards) {
			if r.ID() == to {
				return true
			}
			if !seen[r.ID()] {
				seen[r.ID()] = true
				todo = append(todo, r.ID())
			}
		}
	}
	return false
}

// Connect joins two features, or finds that they are already.
func Connect(tx *ledger.Tx, from ledger.ID, t DependencyType, to ledger.ID) error {
	if slices.Contains(ends(tx, from, t, outwards), ledger.Ref(to)) {
		return nil
	}
	_, err := Dependencies.Create(tx, Dependency{From: ledger.Ref(from), Type: t, To: ledger.Ref(to)})
	return err
}

// Disconnect takes the dependency of the type between two features away, if there is one.
func Disconnect(tx *ledger.Tx, from ledger.ID, t DependencyType, to ledger.ID) error {
	for d := range Dependencies.BackLinks(tx, from) {
		if d.Type == t && d.From.ID() == from && d.To.ID() == to {
			return Dependencies.Delete(tx, d.ID)
		}
	}
	return nil
}
