// Package release knows what ships together and when.
package release

import (
	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Status is how far a release has come.
type Status string

// The statuses of a release.
const (
	Planned   Status = "planned"
	Underway  Status = "underway"
	Released  Status = "released"
	Cancelled Status = "cancelled"
)

var statuses = []table.Option{
	{Name: "planned", Label: "Planned"},
	{Name: "underway", Label: "Under way"},
	{Name: "released", Label: "Released"},
	{Name: "cancelled", Label: "Cancelled"},
}

// Release is what ships together. Its days follow each other: scope is defined from
// Definition, frozen from Freeze, code from CodeFreeze, and users have it on Date.
type Release struct {
	ledger.Meta
	Name        string         `json:"name,omitzero" ledger:"title"`
	Description ledger.TextRef `json:"description,omitzero" ledger:"search"`
	Product     ledger.Ref     `json:"product,omitzero" kind:"product,cascade"`
	Status      Status         `json:"status,omitzero"`
	Owner       ledger.Ref     `json:"owner,omitzero" kind:"person,clear"` // the release manager
	Definition  calendar.Day   `json:"definition,omitzero"`
	Freeze      calendar.Day   `json:"freeze,omitzero"`
	CodeFreeze  calendar.Day   `json:"code_freeze,omitzero"`
	Date        calendar.Day   `json:"date,omitzero"`
	Archived    bool           `json:"archived,omitzero"`
	ExternalKey string         `json:"external_key,omitzero" ledger:"search"`
}

// Releases is the kind of releases.
var (
	Releases       = ledger.NewKind[Release]("release")
	_              = Releases.Check(check)
	releaseByName  = ledger.NewIndex(Releases, func(r *Release) []ledger.ID { return table.ExternalKey(r.Name) })
	releaseByOther = ledger.NewIndex(Releases, func(r *Release) []ledger.ID { return table.ExternalKey(r.ExternalKey) })
)

// Table is what can be read and written of releases.
var Table = table.New(Releases, table.Spec[Release]{
	Name: "releases", One: "release", Label: "Releases",
	Title:    func(r *Release) string { return r.Name },
	External: func(r *Release) *string { return &r.ExternalKey }, ByOther: &releaseByOther,
	Archived: func(r *Release) bool { return r.Archived },
	Sort:     []table.Sort{{Column: "turn"}, {Column: "name"}},
	New: func(_ ledger.View, r *Release) {
		if r.Status == "" {
			r.Status = Planned
		}
	},
	Columns: []table.Column[Release]{
		table.Text("name", "Name", func(r *Release) *string { return &r.Name }).Required(),
		table.Choice("status", "Status", statuses, func(r *Release) *Status { return &r.Status }).Required(),
		table.Day("definition", "Definition starts", func(r *Release) *calendar.Day { return &r.Definition }).
			Describe("from this day the scope is defined"),
		table.Day("freeze", "Scope freeze", func(r *Release) *calendar.Day { return &r.Freeze }).
			Describe("from this day changes of scope take a change request"),
		table.Day("code_freeze", "Code freeze", func(r *Release) *calendar.Day { return &r.CodeFreeze }),
		table.Day("date", "Release", func(r *Release) *calendar.Day { return &r.Date }).
			Describe("on this day users have it"),
		table.Link("owner", "Owner", "person", func(r *Release) *ledger.Ref { return &r.Owner }).Describe("the release manager"),
		table.Link("product", "Product", "product", func(r *Release) *ledger.Ref { return &r.Product }).
			Describe("empty for a release of several products"),
		table.Computed("turn", "Turn", func(_ *table.Scope, r *Release) (float64, bool) { return r.turn() }).Quiet().
			Describe("releases to come by their date, then those that are out, the latest first"),
		table.LongText("description", "Description", func(r *Release) *ledger.TextRef { return &r.Description }),
		table.Flag("archived", "Archived", func(r *Release) *bool { return &r.Archived }).Quiet(),
	},
})

// turn is where the release stands in lists; false without a date.
func (r *Release) turn() (float64, bool) {
	if r.Date.IsZero() {
		return 0, false
	}
	day := float64(r.Date.Sub("1970-01-01"))
	if r.Over() {
		return 1e6 - day, true
	}
	return day, true
}

// Over reports whether nothing more ships in the release.
func (r *Release) Over() bool { return r.Status == Released || r.Status == Cancelled }

func check(v ledger.View, _, after *Release, f *fault.Fields) {
	if after == nil {
		return
	}
	Table.Required(v, after, f)
	for r := range releaseByName.Of(v, ledger.KeyOf(after.Name)) {
		if r.ID != after.ID && r.Name == after.Name && r.Product == after.Product {
			f.Add("name", "is the name of another release")
		}
	}
	days := []struct {
		name, label string
		day         calendar.Day
	}{
		{"definition", "the start of definition", after.Definition},
		{"freeze", "the scope freeze", after.Freeze},
		{"code_freeze", "the code freeze", after.CodeFreeze},
		{"date", "the release", after.Date},
	}
	last := -1
	for i, d := range days {
		switch {
		case d.day.IsZero():
		case !d.day.Valid():
			f.Add(d.name, "%v", calendar.ErrDay)
		case last >= 0 && d.day < days[last].day:
			f.Add(d.name, "%s is before %s on %s", d.day, days[last].label, days[last].day)
		default:
			last = i
		}
	}
}

// Rules are the lines of the policy table for releases.
var Rules = []access.Rule{{
	Kind: "release", Create: access.Editor, Edit: access.Editor, Delete: access.Editor, Guests: true,
	Product: func(_ ledger.View, e ledger.Entity) ledger.ID { return e.(*Release).Product.ID() },
}}
