package access

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Workspace is what an organisation has decided about its workspace: its name and how
// days, weeks and values are meant. There is exactly one in each workspace.
type Workspace struct {
	ledger.Meta
	Name         string `json:"name,omitzero" ledger:"title"`
	TimeZone     string `json:"time_zone,omitzero"`     // of the IANA database: "Europe/Vienna"
	FirstWeekday string `json:"first_weekday,omitzero"` // "monday", "sunday" or "saturday"
	ValueUnit    string `json:"value_unit,omitzero"`    // "currency" or what points are called
	Currency     string `json:"currency,omitzero"`      // ISO 4217: "EUR"
	Demo         bool   `json:"demo,omitzero"`          // it was made by the program, to look around in
}

// Workspaces is the kind of the settings of a workspace.
var (
	Workspaces = ledger.NewKind[Workspace]("workspace")
	_          = Workspaces.Check(checkWorkspace)
)

var weekdays = []table.Option{{Name: "monday", Label: "Monday"}, {Name: "sunday", Label: "Sunday"}, {Name: "saturday", Label: "Saturday"}}

// WorkspaceTable is what can be read and written of the settings.
var WorkspaceTable = table.New(Workspaces, table.Spec[Workspace]{
	Name: "settings", One: "workspace", Label: "Workspace", Only: true,
	Title: func(w *Workspace) string { return w.Name },
	New:   func(_ ledger.View, w *Workspace) { w.defaults() },
	Columns: []table.Column[Workspace]{
		table.Text("name", "Name", func(w *Workspace) *string { return &w.Name }).Required(),
		table.Text("time_zone", "Time zone", func(w *Workspace) *string { return &w.TimeZone }).Required().
			Describe("in which a day starts and ends, as Europe/Vienna"),
		table.Choice("first_weekday", "First day of the week", weekdays, func(w *Workspace) *string { return &w.FirstWeekday }).Required(),
		table.Text("value_unit", "Unit of value", func(w *Workspace) *string { return &w.ValueUnit }).Required().
			Describe("“currency”, or what points are called"),
		table.Text("currency", "Currency", func(w *Workspace) *string { return &w.Currency }).Required().
			Describe("three letters, as EUR"),
	},
})

func (w *Workspace) defaults() {
	set := func(at *string, to string) {
		if *at == "" {
			*at = to
		}
	}
	set(&w.TimeZone, "UTC")
	set(&w.FirstWeekday, "monday")
	set(&w.ValueUnit, "currency")
	set(&w.Currency, "EUR")
}

func checkWorkspace(v ledger.View, _, after *Workspace, f *fault.Fields) {
	if Workspaces.Len(v) != 1 {
		f.Add("", "a workspace has exactly one set of settings")
	}
	if after == nil {
		return
	}
	WorkspaceTable.Required(v, after, f)
	if after.TimeZone == "Local" {
		f.Add("time_zone", "name a zone, as Europe/Vienna")
	} else if _, err := time.LoadLocation(after.TimeZone); err != nil {
		f.Add("time_zone", "%q is no zone; write it as Europe/Vienna or UTC", after.TimeZone)
	}
	if c := after.Currency; len(c) != 3 || strings.ToUpper(c) != c {
		f.Add("currency", "%q is no currency; write three capital letters, as EUR", c)
	}
}

// SettingsOf returns the settings of the workspace; before any are made, the defaults.
func SettingsOf(v ledger.View) Workspace {
	for w := range Workspaces.All(v) {
		return *w
	}
	w := Workspace{}
	w.defaults()
	return w
}

// zones are the time zones in use by their names: reading one from its file took a fifth
// of the time of a request.
var zones sync.Map

// Zone returns the time zone of the workspace.
func (w Workspace) Zone() *time.Location {
	if zone, ok := zones.Load(w.TimeZone); ok {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return time.UTC
	}
	zones.Store(w.TimeZone, zone)
	return zone
}

// Weekday returns the first day of the week.
func (w Workspace) Weekday() time.Weekday {
	return []time.Weekday{time.Monday, time.Sunday, time.Saturday}[max(0, slices.IndexFunc(weekdays, func(o table.Option) bool { return o.Name == w.FirstWeekday }))]
}

// ForgetWorkspace removes what is kept of a workspace that is no more: what its members
// keep for themselves, invitations to it, and tokens that are good for it alone.
func (a *Accounts) ForgetWorkspace(ctx context.Context, workspace ledger.ID) error {
	var tokens []ledger.ID
	if err := query(ctx, a.db, func(rows *sql.Rows) error {
		var id ledger.ID
		err := rows.Scan(&id)
		tokens = append(tokens, id)
		return err
	}, `SELECT id FROM tokens WHERE workspace = $1`, workspace); err != nil {
		return err
	}
	return a.change(ctx, tokens, func(ctx context.Context, tx *sql.Tx) error {
		return ledger.ForgetRecordsIn(ctx, tx, workspace,
			`DELETE FROM invitations WHERE workspace = $1`, `DELETE FROM visits WHERE workspace = $1`, `DELETE FROM preferences WHERE workspace = $1`,
			`DELETE FROM favourites WHERE workspace = $1`, `DELETE FROM tokens WHERE workspace = $1`)
	})
}
