package people

import (
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Team is people who work together.
type Team struct {
	ledger.Meta
	Name        string         `json:"name,omitzero" ledger:"title"`
	Lead        ledger.Ref     `json:"lead,omitzero" kind:"person,clear"`
	Description ledger.TextRef `json:"description,omitzero" ledger:"search"`
	Archived    bool           `json:"archived,omitzero"`
	ExternalKey string         `json:"external_key,omitzero" ledger:"search"`
}

// Teams is the kind of teams.
var (
	Teams       = ledger.NewKind[Team]("team")
	_           = Teams.Check(checkTeam)
	teamByName  = ledger.NewIndex(Teams, func(t *Team) []ledger.ID { return table.ExternalKey(strings.ToLower(t.Name)) })
	teamByOther = ledger.NewIndex(Teams, func(t *Team) []ledger.ID { return table.ExternalKey(t.ExternalKey) })
)

// TeamTable is what can be read and written of teams.
var TeamTable = table.New(Teams, table.Spec[Team]{
	Name: "teams", One: "team", Label: "Teams",
	Title:    func(t *Team) string { return t.Name },
	External: func(t *Team) *string { return &t.ExternalKey }, ByOther: &teamByOther,
	Archived: func(t *Team) bool { return t.Archived },
	Sort:     []table.Sort{{Column: "name"}},
	Columns: []table.Column[Team]{
		table.Text("name", "Name", func(t *Team) *string { return &t.Name }).Required(),
		table.Link("lead", "Lead", "person", func(t *Team) *ledger.Ref { return &t.Lead }),
		table.Computed("members", "Members", func(s *table.Scope, t *Team) (float64, bool) {
			n := 0
			for p := range Persons.BackLinks(s.View, t.ID) {
				if !p.Archived {
					n++
				}
			}
			return float64(n), n > 0
		}, Persons),
		table.LongText("description", "Description", func(t *Team) *ledger.TextRef { return &t.Description }),
		table.Flag("archived", "Archived", func(t *Team) *bool { return &t.Archived }).Quiet(),
	},
})

func checkTeam(v ledger.View, _, after *Team, f *fault.Fields) {
	if after == nil {
		return
	}
	TeamTable.Required(v, after, f)
	for t := range teamByName.Of(v, ledger.KeyOf(strings.ToLower(after.Name))) {
		if t.ID != after.ID && strings.EqualFold(t.Name, after.Name) {
			f.Add("name", "is the name of another team")
		}
	}
}
