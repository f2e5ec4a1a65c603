package thread

import (
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/table"
)

// FeatureTable is what can be read and written of features, with what is known of their
// threads: lists, files and the API find by it as by any column.
var FeatureTable = backlog.FeatureTable.With(
	table.Computed("gaps", "Gaps", func(s *table.Scope, f *backlog.Feature) (float64, bool) {
		n := 0
		for range of(s.View, f, s.Today) {
			n++
		}
		return float64(n), n > 0
	}, Reads...).Quiet().Describe("the number of breaks in its thread"),
	table.ComputedChoices("missing", "Missing", missing(), func(s *table.Scope, f *backlog.Feature) (all []string) {
		seen := map[string]bool{}
		for g := range of(s.View, f, s.Today) {
			if !seen[g.Missing] {
				seen[g.Missing], all = true, append(all, g.Missing)
			}
		}
		return all
	}, Reads...).Quiet().Describe("what its thread lacks: an objective, an owner, a release, an estimate, …"),
)

// missing are what the thread of a feature can lack, most pressing first.
func missing() (all []table.Option) {
	seen := map[string]bool{}
	for _, k := range Kinds {
		if k.Of == "feature" && !seen[k.Missing] {
			seen[k.Missing] = true
			all = append(all, table.Option{Name: k.Missing, Label: k.Missing})
		}
	}
	return all
}
