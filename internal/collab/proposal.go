package collab

import (
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Aims are what a proposal can be for.
var Aims = []table.Option{
	{Name: "what-if", Label: "What-if"},
	{Name: "plan", Label: "Plan"},
	{Name: "change", Label: "Change"},
}

var proposalStates = []table.Option{
	{Name: string(ledger.ProposalOpen), Label: "Open"},
	{Name: string(ledger.ProposalMerged), Label: "Merged"},
	{Name: string(ledger.ProposalDiscarded), Label: "Discarded"},
}

// ProposalTable is what can be read and written of the kernel's proposals. They end by
// commands of their own.
var ProposalTable = table.New(ledger.Proposals, table.Spec[ledger.Proposal]{
	Name: "proposals", One: "proposal", Label: "Proposals",
	Title: func(p *ledger.Proposal) string { return p.Title },
	Sort:  []table.Sort{{Column: "state"}, {Column: "created_at", Desc: true}},
	New: func(_ ledger.View, p *ledger.Proposal) {
		p.State = ledger.ProposalOpen
		if p.Aim == "" {
			p.Aim = Aims[0].Name
		}
	},
	Columns: []table.Column[ledger.Proposal]{
		table.Text("title", "Title", func(p *ledger.Proposal) *string { return &p.Title }).Required(),
		table.Choice("aim", "Aim", Aims, func(p *ledger.Proposal) *string { return &p.Aim }).
			Describe("what it is for"),
		table.LongText("why", "Why", func(p *ledger.Proposal) *ledger.TextRef { return &p.Why }).
			Describe("what speaks for it, in Markdown"),
		table.Choice("state", "State", proposalStates, func(p *ledger.Proposal) *ledger.ProposalState { return &p.State }).ReadOnly().
			Describe("merged and discarded by commands of their own"),
		table.Text("reason", "Reason", func(p *ledger.Proposal) *string { return &p.Reason }).ReadOnly().
			Describe("why it was merged or discarded"),
		table.Computed("approvals", "Approvals", approvals, Reviews).
			Describe("how many of those who were asked approve"),
	},
})

func approvals(s *table.Scope, p *ledger.Proposal) (n float64, ok bool) {
	for _, r := range ReviewsOf(s.View, p.ID) {
		ok = true
		if r.Verdict == Approved {
			n++
		}
	}
	return n, ok
}
