package app

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
)

// tables are the kinds of entities of the product with their columns, in the order of
// exports.
var tables = table.NewSet(
	access.WorkspaceTable, access.ProductTable, access.MembershipTable,
	people.TeamTable, people.PersonTable,
	strategy.ObjectiveTable,
	release.Table,
	backlog.StatusTable, backlog.FieldTable, backlog.FormulaTable, thread.FeatureTable, backlog.DependencyTable, backlog.ViewTable,
	backlog.TemplateTable,
)

// rules are the lines of the policy table.
var rules = slices.Concat(people.Rules, strategy.Rules, release.Rules, backlog.Rules)

func newRegistry() *ledger.Registry {
	var kinds []ledger.AnyKind
	for _, t := range tables.All() {
		kinds = append(kinds, t.AnyKind())
	}
	return ledger.NewRegistry(kinds...)
}
