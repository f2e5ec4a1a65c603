package backlog

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Priority is how urgent people say a feature is.
type Priority string

var priorities = []table.Option{
	{Name: "urgent", Label: "Urgent"},
	{Name: "high", Label: "High"},
	{Name: "medium", Label: "Medium"},
	{Name: "low", Label: "Low"},
}

// Feature is something users get, the unit of planning.
type Feature struct {
	ledger.Meta
	Title       string         `json:"title,omitzero" ledger:"title"`
	Description ledger.TextRef `json:"description,omitzero" ledger:"search"`
	Product     ledger.Ref     `json:"product,omitzero" kind:"product,cascade"`
	Status      ledger.Ref     `json:"status,omitzero" kind:"status"`
	Owner       ledger.Ref     `json:"owner,omitzero" kind:"person,clear"`
	Team        ledger.Ref     `json:"team,omitzero" kind:"team,clear"`
	Parent      ledger.Ref     `json:"parent,omitzero" kind:"feature,clear"`
	Objective   ledger.Ref     `json:"objective,omitzero" kind:"objective,clear"`
	Release     ledger.Ref     `json:"release,omitzero" kind:"release,clear"`
	Priority    Priority       `json:"priority,omitzero"`
	Rank        string         `json:"rank,omitzero"` // see rank.go
	Tags        []string       `json:"tags,omitzero" ledger:"set,search"`
	Effort      Effort         `json:"effort,omitzero" kind:"team"` // remaining work in person-days
	Value       Range          `json:"value,omitzero"`              // a quarter, in the workspace's unit
	Start       calendar.Day   `json:"start,omitzero"`
	Target      calendar.Day   `json:"target,omitzero"`
	Links       []WebLink      `json:"links,omitzero"`
	Archived    bool           `json:"archived,omitzero"`
	ExternalKey string         `json:"external_key,omitzero" ledger:"search"`

	// Custom holds the values of fields that people have added, by the field's name, and
	// CustomPeople those that are people.
	Custom       map[string]json.RawMessage `json:"custom,omitzero"`
	CustomPeople []CustomPerson             `json:"custom_people,omitzero" kind:"person,clear"`
}

// CustomPerson is the value of a custom field that is a person.
type CustomPerson struct {
	Field  string     `json:"field"`
	Person ledger.Ref `json:"person,omitzero" kind:"person,clear"`
}

// Features is the kind of features.
var (
	Features = ledger.NewKind("feature", ledger.Keyed(func(v ledger.View, f *Feature) string {
		if p, ok := access.Products.Get(v, f.Product.ID()); ok {
			return p.Prefix
		}
		return "F"
	}))
	_              = Features.Check(checkFeature)
	featureByOther = ledger.NewIndex(Features, func(f *Feature) []ledger.ID { return table.ExternalKey(f.ExternalKey) })
	byParent       = ledger.NewIndex(Features, func(f *Feature) []ledger.ID {
		if f.Parent.IsZero() {
			return nil
		}
		return []ledger.ID{f.Parent.ID()}
	})
)

// FeatureTable is what can be read and written of features.
var FeatureTable = table.New(Features, table.Spec[Feature]{
	Name: "features", One: "feature", Label: "Features",
	Title:    func(f *Feature) string { return f.Title },
	External: func(f *Feature) *string { return &f.ExternalKey }, ByOther: &featureByOther,
	Archived: func(f *Feature) bool { return f.Archived },
	Sort:     []table.Sort{{Column: "rank"}},
	Rank:     "rank", Move: Move,
	New:    newFeature,
	Custom: customColumns,
	Reads:  []ledger.AnyKind{Fields, Formulas},
	Columns: []table.Column[Feature]{
		table.Text("title", "Title", func(f *Feature) *string { return &f.Title }).Required(),
		table.Link("objective", "Objective", "objective", func(f *Feature) *ledger.Ref { return &f.Objective }),
		table.Link("owner", "Owner", "person", func(f *Feature) *ledger.Ref { return &f.Owner }),
		table.Computed("score", "Score", func(_ *table.Scope, f *Feature) (float64, bool) { return f.Score() }).
			Describe("expected value a quarter for each person-day of effort"),
		table.Object("effort", "Effort", func(f *Feature) *Effort { return &f.Effort }, formatEffort, parseEffort,
			func(e Effort) (float64, bool) { t := e.Total(); return t.Likely, len(e) > 0 }).In("pd").
			Describe("remaining work: lines of team, skill and low/likely/high person-days"),
		table.Object("value", "Value", func(f *Feature) *Range { return &f.Value },
			func(_ *table.Scope, r Range) string { return r.String() },
			func(_ *table.Scope, s string) (Range, error) { return ParseRange(s) },
			func(r Range) (float64, bool) { return r.Likely, !r.IsZero() }).
			Describe("low/likely/high a quarter, in the workspace's unit"),
		table.Link("release", "Release", "release", func(f *Feature) *ledger.Ref { return &f.Release }),
		table.Link("team", "Team", "team", func(f *Feature) *ledger.Ref { return &f.Team }),
		table.Choice("priority", "Priority", priorities, func(f *Feature) *Priority { return &f.Priority }),
		table.Day("start", "Start", func(f *Feature) *calendar.Day { return &f.Start }),
		table.Day("target", "Target", func(f *Feature) *calendar.Day { return &f.Target }),
		table.Link("status", "Status", "status", func(f *Feature) *ledger.Ref { return &f.Status }).
			Ordered(func(s *table.Scope, f *Feature) (float64, bool) {
				st, ok := Statuses.Get(s.View, f.Status.ID())
				if !ok {
					return 0, false
				}
				return st.Place, true
			}, Statuses),
		table.Tags("tags", "Tags", func(f *Feature) *[]string { return &f.Tags }),
		table.Link("product", "Product", "product", func(f *Feature) *ledger.Ref { return &f.Product }).Required().Quiet(),
		table.Link("parent", "Initiative", "feature", func(f *Feature) *ledger.Ref { return &f.Parent }).Quiet().
			Describe("the feature that it is a part of"),
		table.Computed("parts", "Parts", func(s *table.Scope, f *Feature) (float64, bool) {
			n := 0
			for range Parts(s.View, f.ID) {
				n++
			}
			return float64(n), n > 0
		}, Features).Quiet().Describe("the number of features below it"),
		table.ComputedLinks("blocked_by", "Blocked by", "feature", dependencies(Blocks, inwards), Dependencies).Quiet(),
		table.ComputedLinks("blocks", "Blocks", "feature", dependencies(Blocks, outwards), Dependencies).Quiet(),
		table.ComputedLinks("relates", "Related to", "feature", dependencies(Relates, eitherWay), Dependencies).Quiet(),
		table.ComputedLinks("duplicates", "Duplicate of", "feature", dependencies(Duplicates, outwards), Dependencies).Quiet(),
		table.LongText("description", "Description", func(f *Feature) *ledger.TextRef { return &f.Description }),
		table.Object("links", "Links", func(f *Feature) *[]WebLink { return &f.Links }, formatLinks, parseLinks, nil).Quiet(),
		table.ComputedText("rank", "Rank", func(_ *table.Scope, f *Feature) string { return f.rank() }).Exact().Quiet().
			Describe("the manual order; compares as text"),
		table.Flag("archived", "Archived", func(f *Feature) *bool { return &f.Archived }).Quiet(),
	},
})

// newFeature fills in status and, where there is just one, the product.
func newFeature(v ledger.View, f *Feature) {
	if f.Status.IsZero() {
		if s := firstStatus(v); s != nil {
			f.Status = ledger.Ref(s.ID)
		}
	}
	if f.Product.IsZero() {
		if p, ok := access.Products.Get(v, productOf(v, f.Parent.ID())); ok {
			f.Product = ledger.Ref(p.ID)
			return
		}
		var only *access.Product
		for p := range access.Products.All(v) {
			if p.Archived {
				continue
			}
			if only != nil {
				return
			}
			only = p
		}
		if only != nil {
			f.Product = ledger.Ref(only.ID)
		}
	}
}

func productOf(v ledger.View, feature ledger.ID) ledger.ID {
	if f, ok := Features.Get(v, feature); ok {
		return f.Product.ID()
	}
	return ledger.ID{}
}

// Score returns expected value for each expected person-day, to one digit; false
// without a value and an effort.
func (f *Feature) Score() (float64, bool) {
	value, effort := f.Value.Mean(), f.Effort.Total().Mean()
	if value == 0 || effort <= 0 {
		return 0, false
	}
	return float64(int64(10*value/effort+0.5)) / 10, true
}

// Parts yields the features directly below one.
func Parts(v ledger.View, initiative ledger.ID) func(yield func(*Feature) bool) {
	return byParent.Of(v, initiative)
}

func checkFeature(v ledger.View, _, after *Feature, f *fault.Fields) {
	if after == nil {
		return
	}
	FeatureTable.Required(v, after, f)
	if after.Priority != "" && !slices.ContainsFunc(priorities, func(o table.Option) bool { return o.Name == string(after.Priority) }) {
		f.Add("priority", "%q is no priority", after.Priority)
	}
	for name, d := range map[string]calendar.Day{"start": after.Start, "target": after.Target} {
		if !d.Valid() {
			f.Add(name, "%v", calendar.ErrDay)
		}
	}
	if after.Start != "" && after.Target != "" && after.Target < after.Start {
		f.Add("target", "%s is before the start on %s", after.Target, after.Start)
	}
	after.Value.check("value", f)
	for i, l := range after.Effort {
		if l.Low < 0 {
			f.Add("effort", "line %d is negative", i+1)
		}
		l.amount().check("effort", f)
	}
	above := map[ledger.ID]bool{after.ID: true}
	for id := after.Parent.ID(); !id.IsZero(); {
		if above[id] {
			f.Add("parent", "would make the feature a part of itself")
			break
		}
		above[id] = true
		p, ok := Features.Get(v, id)
		if !ok {
			break
		}
		id = p.Parent.ID()
	}
	checkCustom(v, after, f)
}

// setCustom writes a custom value; maps of entities are shared and never written.
func (f *Feature) setCustom(name string, raw json.RawMessage) {
	c := maps.Clone(f.Custom)
	if c == nil {
		c = map[string]json.RawMessage{}
	}
	if raw == nil {
		delete(c, name)
	} else {
		c[name] = raw
	}
	if len(c) == 0 {
		c = nil
	}
	f.Custom = c
}

func (f *Feature) customPerson(name string) ledger.ID {
	for _, p := range f.CustomPeople {
		if p.Field == name {
			return p.Person.ID()
		}
	}
	return ledger.ID{}
}

func (f *Feature) setCustomPerson(name string, id ledger.ID) {
	var all []CustomPerson
	for _, p := range f.CustomPeople {
		if p.Field != name && !p.Person.IsZero() {
			all = append(all, p)
		}
	}
	if !id.IsZero() {
		all = append(all, CustomPerson{name, ledger.Ref(id)})
	}
	f.CustomPeople = all
}

// Move gives a feature the place in the manual order behind one feature and before
// another; a zero identifier is the end of the list on that side.
func Move(tx *ledger.Tx, id, behind, before ledger.ID) error {
	rankOf := func(id ledger.ID) (string, error) {
		if id.IsZero() {
			return "", nil
		}
		f, ok := Features.Get(tx, id)
		if !ok {
			return "", fault.New(fault.NotFound, "there is no feature %s", id)
		}
		return f.rank(), nil
	}
	low, err := rankOf(behind)
	if err != nil {
		return err
	}
	high, err := rankOf(before)
	if err != nil {
		return err
	}
	rank, err := between(low, high)
	if err != nil {
		return err
	}
	tx.Verb = "move"
	return Features.Edit(tx, id, func(f *Feature) error {
		f.Rank = rank
		return nil
	})
}

// Archive takes a feature out of lists that do not ask for it; Restore brings it back.
func Archive(tx *ledger.Tx, id ledger.ID) error { return setArchived(tx, id, true, "archive") }

// Restore brings an archived feature back.
func Restore(tx *ledger.Tx, id ledger.ID) error { return setArchived(tx, id, false, "restore") }

func setArchived(tx *ledger.Tx, id ledger.ID, archived bool, verb string) error {
	tx.Verb = verb
	return Features.Edit(tx, id, func(f *Feature) error {
		f.Archived = archived
		return nil
	})
}
