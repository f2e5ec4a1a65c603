// Package strategy holds what the organisation wants: objectives, the first station of
// every feature's thread.
package strategy

import (
	"regexp"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Objective is what is to be reached in a period.
type Objective struct {
	ledger.Meta
	Title       string         `json:"title,omitzero" ledger:"title"`
	Description ledger.TextRef `json:"description,omitzero" ledger:"search"`
	Owner       ledger.Ref     `json:"owner,omitzero" kind:"person,clear"`
	Period      string         `json:"period,omitzero"` // "2026", "2026-H1" or "2026-Q2"
	Product     ledger.Ref     `json:"product,omitzero" kind:"product,cascade"`
	Archived    bool           `json:"archived,omitzero"`
	ExternalKey string         `json:"external_key,omitzero" ledger:"search"`
}

// Objectives is the kind of objectives.
var (
	Objectives       = ledger.NewKind("objective", ledger.Keyed(func(ledger.View, *Objective) string { return "O" }))
	_                = Objectives.Check(checkObjective)
	objectiveByOther = ledger.NewIndex(Objectives, func(o *Objective) []ledger.ID { return table.ExternalKey(o.ExternalKey) })
)

// ObjectiveTable is what can be read and written of objectives.
var ObjectiveTable = table.New(Objectives, table.Spec[Objective]{
	Name: "objectives", One: "objective", Label: "Objectives",
	Title:    func(o *Objective) string { return o.Title },
	External: func(o *Objective) *string { return &o.ExternalKey }, ByOther: &objectiveByOther,
	Archived: func(o *Objective) bool { return o.Archived },
	Columns: []table.Column[Objective]{
		table.Text("title", "Title", func(o *Objective) *string { return &o.Title }).Required(),
		table.Link("owner", "Owner", "person", func(o *Objective) *ledger.Ref { return &o.Owner }),
		table.Text("period", "Period", func(o *Objective) *string { return &o.Period }).
			Describe("a year, half or quarter: 2026, 2026-H1, 2026-Q2"),
		table.Link("product", "Product", "product", func(o *Objective) *ledger.Ref { return &o.Product }).
			Describe("empty for an objective of the whole workspace"),
		table.LongText("description", "Description", func(o *Objective) *ledger.TextRef { return &o.Description }),
		table.Flag("archived", "Archived", func(o *Objective) *bool { return &o.Archived }).Quiet(),
	},
})

// Colours is how many colours there are to tell objectives apart.
const Colours = 4

// Colour returns the number of the colour of an objective, from 1 to Colours: those that
// are not archived take turns in the order in which they were made, so that as many as
// there are colours never share one. Others have the first.
func Colour(v ledger.View, objective ledger.ID) int {
	turn := 0
	for o := range Objectives.All(v) {
		if o.ID == objective {
			return 1 + turn%Colours
		}
		if !o.Archived {
			turn++
		}
	}
	return 1
}

var goodPeriod = regexp.MustCompile(`^[12]\d{3}(-(H[12]|Q[1-4]))?$`)

func checkObjective(v ledger.View, _, after *Objective, f *fault.Fields) {
	if after == nil {
		return
	}
	ObjectiveTable.Required(v, after, f)
	if after.Period != "" && !goodPeriod.MatchString(after.Period) {
		f.Add("period", "%q is no period; write 2026, 2026-H1 or 2026-Q2", after.Period)
	}
}

// Rules are the lines of the policy table for objectives.
var Rules = []access.Rule{{
	Kind: "objective", Create: access.Editor, Edit: access.Editor, Delete: access.Editor, Guests: true,
	Product: func(_ ledger.View, e ledger.Entity) ledger.ID { return e.(*Objective).Product.ID() },
}}
