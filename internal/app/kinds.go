package app

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/collab"
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
	collab.Table,
	collab.AttachmentTable,
	collab.ProposalTable, collab.ReviewTable,
)

// rules are the lines of the policy table.
var rules = withComments(slices.Concat(access.Rules, people.Rules, strategy.Rules, release.Rules, backlog.Rules))[len(access.Rules):]

// withComments adds the lines of what is about something else: who sees it depends on
// every kind that belongs to a product.
func withComments(rules []access.Rule) []access.Rule {
	var subjects []ledger.AnyKind
	for _, r := range rules {
		if t, ok := tables.Of(r.Kind); ok && r.Product != nil {
			subjects = append(subjects, t.AnyKind())
		}
	}
	return append(rules, collab.Rules(subjects...)...)
}

func newRegistry() *ledger.Registry {
	var kinds []ledger.AnyKind
	for _, t := range tables.All() {
		kinds = append(kinds, t.AnyKind())
	}
	return ledger.NewRegistry(kinds...)
}
