package importweb

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// reportView is the last step: what was written, what was left out, and the way back.
type reportView struct {
	*visit
	counts []countLine
	mapped []exchange.MappedValue
	left   []exchange.Problem
	more   int
	kind   string // where the list of what was imported is: "features"
	button string
}

type countLine struct {
	label, words string
}

// mappedShown is how many values a page lists.
const mappedShown = 40

// mappedValues are what statuses become, and other values that become something else.
func mappedValues(r *exchange.Report) (all []exchange.MappedValue) {
	for _, x := range r.Values {
		if (x.From != x.To || x.Field == "status") && len(all) < mappedShown {
			all = append(all, x)
		}
	}
	return all
}

func (v *visit) report() error {
	r := &reportView{visit: v, kind: "features", button: "Open features"}
	report := v.job.Report
	if t := v.tableOf(); t != nil && report != nil {
		r.kind = t.Name()
		if c := report.Count(t.Kind()); v.job.Undone {
			r.button = "Open " + lower(t.Label())
		} else {
			r.button = "Open " + ui.Count(c.New+c.Changed, t.One(), lower(t.Label()))
		}
	}
	if report != nil {
		for _, c := range v.counts(report) {
			if t, ok := v.kit.Tables.Of(c.Kind); ok {
				r.counts = append(r.counts, countLine{sentence(t.Name()), countWords(c)})
			}
		}
		r.mapped = mappedValues(report)
		r.left = inOrder(report.Problems)[:min(len(report.Problems), problemsShown)]
		r.more = report.ProblemCount - len(r.left)
	}
	return v.page("Report", 0, reportPage(r))
}

// undo takes back every commit of the import, the last one first. What was changed since
// stays, unless the reader says otherwise.
func (v *visit) undo() error {
	f, err := v.Form("all")
	if err != nil {
		return err
	}
	if len(v.job.Positions) == 0 || v.job.Undone {
		return fault.New(fault.Conflict, "there is nothing to undo here, or it is undone already")
	}
	settle := ledger.Settlement{}
	if f.Values.Get("all") != "" {
		settle.Otherwise = ledger.TakeYours
	}
	kept := map[ledger.ID]bool{}
	for _, at := range slices.Backward(v.job.Positions) {
		undone, err := v.Kit.Ledger.Undo(v.Context(), v.Workspace.ID, v.Principal.Actor(), at, settle)
		if err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
		for _, c := range undone.Kept {
			kept[c.ID] = true
		}
	}
	v.job.Undone = true
	if err := v.store.save(v.Context(), v.job); err != nil {
		return err
	}
	text := "Undone: import of " + v.job.File
	if len(kept) > 0 {
		text += "; " + ui.Count(len(kept), "item that was changed since stays", "items that were changed since stay")
	}
	v.Said(text, 0)
	return v.Redirect(v.at())
}
