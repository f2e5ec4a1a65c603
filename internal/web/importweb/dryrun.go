package importweb

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// dryView is the third step: what would be imported, and the rows that need somebody.
type dryView struct {
	*visit
	form     *ui.Form
	report   *exchange.Report
	rows     int // that would be imported
	figures  []ui.Figure
	problems []problemLine
	mapped   []exchange.MappedValue
	more     int // problems beyond those
	lines    []line
	busy     *running // another import that is being written; nil: none
	by       string
}

// problemLine is one problem with the repair that takes one click.
type problemLine struct {
	exchange.Problem
	repair string // what "do" is; "": the file has to be corrected
	label  string
	to     []ui.Option // of "map"
}

// The repairs of a problem.
const (
	doEmpty      = "empty"       // a cell of one row
	doMap        = "map"         // a value, in every row
	doSkip       = "skip"        // leave the row out, knowingly
	doDayFirst   = "day-first"   // of a whole column
	doMonthFirst = "month-first" //
	doLeaveOut   = "leave-out"   //
	doReset      = "reset"       // forget all repairs
)

// problemsShown is how many problems a page lists; the file has all.
const problemsShown = 100

// dependencyFields are those whose values are links to other features, one of which can
// be dropped.
var dependencyFields = []string{"blocks", "blocked_by", "relates", "duplicates", "parent"}

// show answers with the step at which the import is.
func (v *visit) show() error {
	now, err := v.store.current(v.Context(), v.Workspace.ID)
	if err != nil {
		return err
	}
	if err := v.settle(now); err != nil {
		return err
	}
	switch {
	case now != nil && now.Import == v.job.ID:
		return v.progress(now)
	case v.Partial(): // it is done, and the page that follows it is another one
		return v.Redirect(v.at())
	case !v.job.Ended.IsZero():
		return v.report()
	case !v.job.Mapped:
		return v.Redirect(v.at("mapping"))
	}
	return v.showDryRun(&ui.Form{}, 0)
}

func (v *visit) showDryRun(f *ui.Form, status int) error {
	scope, err := v.Scope()
	if err != nil {
		return err
	}
	planned, err := v.plan(v.Context(), scope, v.job)
	if err != nil {
		return v.gone(err)
	}
	s, err := v.survey(v.Context(), v.job)
	if err != nil {
		return err
	}
	d := &dryView{visit: v, form: f, report: &planned.Report, rows: importedRows(&planned.Report), lines: v.mappingLines(scope, s)}
	d.figures = v.figures(scope, d)
	d.mapped = mappedValues(d.report)
	d.problems, d.more = v.problems(scope, &planned.Report)
	if d.busy, err = v.store.current(v.Context(), v.Workspace.ID); err != nil {
		return err
	}
	if d.busy != nil {
		d.by = v.Names()(d.busy.Account)
	}
	if f.Message == "" && v.job.Failure != "" {
		f.Message = v.job.Failure
	}
	return v.page("Dry run", status, dryRunPage(d))
}

// gone tells that a file is no longer kept in the words of a page.
func (v *visit) gone(err error) error {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		f := &ui.Form{Message: err.Error()}
		return v.showFile(v.Request, f, http.StatusUnprocessableEntity)
	}
	return err
}

// skippedRows is how many rows of the file are left out.
func skippedRows(r *exchange.Report) int {
	if r.Mapping != nil && r.Mapping.Kind != "" {
		return r.Count(r.Mapping.Kind).Skipped
	}
	n := 0
	for _, c := range r.Counts {
		n += c.Skipped
	}
	return n
}

// importedRows is how many rows of the file are imported.
func importedRows(r *exchange.Report) int { return max(0, r.Rows-skippedRows(r)) }

// written is how many entities an import writes.
func written(r *exchange.Report) int {
	n := 0
	for _, c := range r.Counts {
		n += c.New + c.Changed
	}
	return n
}

// figures are what the import would write, the rows' own kind first.
func (v *visit) figures(scope *table.Scope, d *dryView) (all []ui.Figure) {
	for _, c := range v.counts(d.report) {
		t, ok := v.kit.Tables.Of(c.Kind)
		if !ok {
			continue
		}
		all = append(all, ui.Figure{Label: sentence(t.Name()), Value: ui.Number(float64(c.New + c.Changed)), Context: countWords(c)})
	}
	left := ui.Figure{Label: "Left out", Value: ui.Number(float64(skippedRows(d.report))), Context: "of " + ui.Count(d.report.Rows, "row", "rows")}
	if skippedRows(d.report) > 0 {
		left.Tone = ui.Warn
	}
	return append(all, left)
}

// counts are those of a report, the rows' own kind first.
func (v *visit) counts(r *exchange.Report) []exchange.Count {
	return slices.SortedStableFunc(slices.Values(r.Counts), func(a, b exchange.Count) int { return cmp.Compare(v.order(a.Kind), v.order(b.Kind)) })
}

// order sorts kinds: what the rows are, how they hang together, what they name.
func (v *visit) order(kind string) int {
	switch kind {
	case v.job.Kind:
		return 0
	case "dependency":
		return 1
	}
	return 2
}

// countWords says what happens to the entities of a kind.
func countWords(c exchange.Count) string {
	var parts []string
	for _, x := range []struct {
		n    int
		word string
	}{{c.New, "new"}, {c.Changed, "changed"}, {c.Unchanged, "as they are"}, {c.Skipped, "left out"}} {
		if x.n > 0 {
			parts = append(parts, ui.Number(float64(x.n))+" "+x.word)
		}
	}
	return strings.Join(parts, ", ")
}

// problems are those that nobody has decided about, with their repairs.
func (v *visit) problems(scope *table.Scope, r *exchange.Report) (all []problemLine, more int) {
	more = r.ProblemCount
	for _, p := range inOrder(r.Problems) {
		if p.Row > 0 && p.File == v.job.File && slices.Contains(v.job.Skipped, p.Row) {
			more--
			continue
		}
		if len(all) < problemsShown {
			all = append(all, v.repairOf(scope, p))
			more--
		}
	}
	return all, more
}

// inOrder sorts problems as their rows stand in the file.
func inOrder(problems []exchange.Problem) []exchange.Problem {
	return slices.SortedStableFunc(slices.Values(problems), func(a, b exchange.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row))
	})
}

// repairOf finds the repair of a problem that takes one click.
func (v *visit) repairOf(scope *table.Scope, p exchange.Problem) problemLine {
	l := problemLine{Problem: p}
	t := v.tableOf()
	i := slices.IndexFunc(v.job.Mapping.Columns, func(c exchange.ColumnMapping) bool { return c.Column != "" && c.Column == p.Column })
	if p.File != v.job.File || t == nil {
		return l
	}
	var info table.Info
	if i >= 0 {
		info, _ = t.Column(scope.View, v.job.Mapping.Columns[i].Field)
	}
	date := info.Type == table.TypeDay || info.Type == table.TypeMoment
	whole := strings.HasSuffix(p.Value, "…") // its rest is not in the report
	switch {
	case p.Row == 0 && i >= 0 && date:
		l.repair, l.label = doDayFirst, "Day first"
	case p.Row == 0 && i >= 0:
		l.repair, l.label = doLeaveOut, "Leave it out"
	case p.Row == 0:
	case i < 0 || info.Need || info.Name == "external_key":
		l.repair, l.label = doSkip, "Skip the row"
	case slices.Contains(dependencyFields, info.Name):
		l.repair, l.label = doEmpty, "Drop the link"
	case valued(info) && p.Value != "" && !whole && len(choices(scope, t, info.Name)) > 0:
		l.repair, l.label = doMap, "Map"
		l.to = append([]ui.Option{{Value: asEmpty, Label: "Leave empty"}}, choices(scope, t, info.Name)...)
	default:
		l.repair, l.label = doEmpty, "Leave empty"
	}
	return l
}

// repair takes what a person decides about a problem and shows the dry run again.
func (v *visit) repair() error {
	if err := v.open(); err != nil {
		return err
	}
	f, err := v.Form("do", "row", "column", "value", "to")
	if err != nil {
		return err
	}
	said, err := v.decide(f.Values.Get("do"), f.Values.Get("row"), f.Values.Get("column"), f.Values.Get("value"), f.Values.Get("to"))
	if err != nil {
		return err
	}
	if err := v.store.save(v.Context(), v.job); err != nil {
		return err
	}
	v.Said(said, 0)
	return v.Redirect(v.at())
}

func (v *visit) decide(do, row, name, value, to string) (string, error) {
	n, err := strconv.Atoi(cmp.Or(row, "0"))
	i := slices.IndexFunc(v.job.Mapping.Columns, func(c exchange.ColumnMapping) bool { return c.Column != "" && c.Column == name })
	if err != nil || n < 0 || i < 0 && do != doSkip && do != doReset {
		return "", fault.New(fault.Invalid, "there is no row %q or column %q to repair", row, name)
	}
	m := *v.job.Mapping
	m.Columns = slices.Clone(m.Columns)
	v.job.Mapping = &m
	where := fmt.Sprintf("row %d", n)
	switch do {
	case doReset:
		v.job.Repairs, v.job.Skipped = nil, nil
		return "Took back the repairs of single rows", nil
	case doSkip:
		v.job.Skipped = append(v.job.Skipped, n)
		return "Skipped " + where, nil
	case doEmpty:
		v.job.Repairs = append(v.job.Repairs, exchange.Repair{Row: n, Column: name, Value: value})
		return "Left “" + name + "” empty in " + where, nil
	case doMap:
		if to == asEmpty {
			to = ""
		}
		for k := range m.Columns {
			if m.Columns[k].Column == name {
				setValue(&m.Columns[k], value, to)
			}
		}
		return "Mapped “" + value + "” to " + cmp.Or(to, "nothing"), nil
	case doDayFirst:
		m.Columns[i].DateFormat = string(exchange.DayFirst)
		return "Read “" + name + "” with the day first", nil
	case doMonthFirst:
		m.Columns[i].DateFormat = string(exchange.MonthFirst)
		return "Read “" + name + "” with the month first", nil
	case doLeaveOut:
		m.Columns = slices.Delete(m.Columns, i, i+1)
		return "Left out “" + name + "”", nil
	}
	return "", fault.New(fault.Invalid, "%q is no repair", do)
}

// problemsFile answers with the problems as a file for a spreadsheet: of the dry run, or
// of the import once it is done.
func (v *visit) problemsFile() error {
	var problems []exchange.Problem
	if v.job.Report != nil {
		problems = v.job.Report.Problems
	} else {
		scope, err := v.Scope()
		if err != nil {
			return err
		}
		planned, err := v.plan(v.Context(), scope, v.job)
		if err != nil {
			return v.gone(err)
		}
		problems = planned.Problems
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="rows-that-need-you.csv"`)
	return exchange.WriteProblems(v.W, inOrder(problems))
}

// input is a custom field as its table takes it.
func (f newField) input() table.Input {
	return table.Input{"name": f.Name, "label": f.Label, "type": f.Type}
}
