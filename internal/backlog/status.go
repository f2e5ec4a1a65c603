package backlog

import (
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Stage is where on its way to users a status stands, whatever a workflow calls it.
type Stage string

// The stages, in order; Dropped is the other end.
const (
	StageIdea      Stage = "idea"
	StageDiscovery Stage = "discovery"
	StageSpecified Stage = "specified"
	StageBuilding  Stage = "building"
	StageVerifying Stage = "verifying"
	StageRollout   Stage = "rollout"
	StageLive      Stage = "live"
	StageProven    Stage = "proven"
	StageDropped   Stage = "dropped"
)

// Stages are the stages with their names on pages, in order.
var Stages = []table.Option{
	{Name: "idea", Label: "Idea"},
	{Name: "discovery", Label: "Discovery"},
	{Name: "specified", Label: "Specified"},
	{Name: "building", Label: "Building"},
	{Name: "verifying", Label: "Verifying"},
	{Name: "rollout", Label: "Rolling out"},
	{Name: "live", Label: "Live"},
	{Name: "proven", Label: "Proven"},
	{Name: "dropped", Label: "Dropped"},
}

// Done reports whether users have the feature.
func (s Stage) Done() bool { return s == StageLive || s == StageProven }

// Before reports whether s comes before another stage on the way to users.
func (s Stage) Before(o Stage) bool { return s.place() < o.place() }

func (s Stage) place() int {
	return slices.IndexFunc(Stages, func(o table.Option) bool { return o.Name == string(s) })
}

// Status is a step of the workspace's workflow.
type Status struct {
	ledger.Meta
	Name        string  `json:"name,omitzero" ledger:"title"`
	Stage       Stage   `json:"stage,omitzero"`
	Place       float64 `json:"place,omitzero"` // in the workflow, ascending
	Archived    bool    `json:"archived,omitzero"`
	ExternalKey string  `json:"external_key,omitzero"`
}

// Statuses is the kind of steps of the workflow.
var (
	Statuses      = ledger.NewKind[Status]("status")
	_             = Statuses.Check(checkStatus)
	statusByName  = ledger.NewIndex(Statuses, func(s *Status) []ledger.ID { return table.ExternalKey(strings.ToLower(s.Name)) })
	statusByOther = ledger.NewIndex(Statuses, func(s *Status) []ledger.ID { return table.ExternalKey(s.ExternalKey) })
)

// StatusTable is what can be read and written of the workflow.
var StatusTable = table.New(Statuses, table.Spec[Status]{
	Name: "statuses", One: "status", Label: "Workflow",
	Title:    func(s *Status) string { return s.Name },
	External: func(s *Status) *string { return &s.ExternalKey }, ByOther: &statusByOther,
	Archived: func(s *Status) bool { return s.Archived },
	Sort:     []table.Sort{{Column: "place"}},
	New:      placeLast,
	Rank:     "place", Move: moveStatus,
	Columns: []table.Column[Status]{
		table.Text("name", "Name", func(s *Status) *string { return &s.Name }).Required(),
		table.Choice("stage", "Stage", Stages, func(s *Status) *Stage { return &s.Stage }).Required().
			Describe("what it means for forecasts, whatever the workflow calls it"),
		table.Number("place", "Place", func(s *Status) *float64 { return &s.Place }).Describe("in the workflow, ascending"),
		table.Flag("archived", "Archived", func(s *Status) *bool { return &s.Archived }).Quiet(),
	},
})

func placeLast(v ledger.View, s *Status) {
	if s.Place != 0 {
		return
	}
	for o := range Statuses.All(v) {
		s.Place = max(s.Place, o.Place)
	}
	s.Place++
}

// moveStatus gives a status the place behind one and before another.
func moveStatus(tx *ledger.Tx, id, behind, before ledger.ID) error {
	placeOf := func(id ledger.ID) (float64, error) {
		s, ok := Statuses.Get(tx, id)
		if !ok {
			return 0, fault.New(fault.NotFound, "there is no status %s", id)
		}
		return s.Place, nil
	}
	var low, high float64
	var err error
	if !behind.IsZero() {
		if low, err = placeOf(behind); err != nil {
			return err
		}
		high = low + 2
	}
	if !before.IsZero() {
		if high, err = placeOf(before); err != nil {
			return err
		}
		if behind.IsZero() {
			low = high - 2
		}
	}
	place := (low + high) / 2
	if place <= low || place >= high {
		return fault.New(fault.Invalid, "there is no place between these two any more; look at the list again")
	}
	tx.Verb = "move"
	return Statuses.Edit(tx, id, func(s *Status) error {
		s.Place = place
		return nil
	})
}

func checkStatus(v ledger.View, _, after *Status, f *fault.Fields) {
	if after == nil {
		return
	}
	StatusTable.Required(v, after, f)
	if after.Stage != "" && after.Stage.place() < 0 {
		f.Add("stage", "%q is no stage", after.Stage)
	}
	for s := range statusByName.Of(v, ledger.KeyOf(strings.ToLower(after.Name))) {
		if s.ID != after.ID && strings.EqualFold(s.Name, after.Name) {
			f.Add("name", "is the name of another status")
		}
	}
}

// StandardWorkflow adds a status for each stage, for a workspace that has none.
func StandardWorkflow(tx *ledger.Tx) error {
	if Statuses.Len(tx) > 0 {
		return nil
	}
	for i, o := range Stages {
		if _, err := Statuses.Create(tx, Status{Name: o.Label, Stage: Stage(o.Name), Place: float64(i + 1)}); err != nil {
			return err
		}
	}
	return nil
}

// firstStatus returns the status that a feature starts with.
func firstStatus(v ledger.View) (first *Status) {
	for s := range Statuses.All(v) {
		if !s.Archived && (first == nil || s.Place < first.Place) {
			first = s
		}
	}
	return first
}

// StageOf returns the stage that a feature is in; a feature without a status is an idea.
func StageOf(v ledger.View, f *Feature) Stage {
	if s, ok := Statuses.Get(v, f.Status.ID()); ok {
		return s.Stage
	}
	return StageIdea
}
