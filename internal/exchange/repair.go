package exchange

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Repair empties a cell of one row before it is imported: what somebody decided about a
// problem of the dry run.
type Repair struct {
	Row    int    `json:"row"`
	Column string `json:"column"`         // of the file
	Value  string `json:"value,omitzero"` // the one of several values that goes; all if none is it
}

// repaired returns the values of a cell that its repairs leave.
func (r *Request) repaired(row int, column string, values []string) []string {
	for _, x := range r.Repairs {
		if x.Row != row || x.Column != column {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == x.Value })
		if len(kept) == len(values) {
			kept = nil
		}
		values = kept
	}
	return values
}

// Fields returns what the columns of a file can be led to.
func Fields(v ledger.View, t table.Any) []table.Info {
	p := planner{Planned: Planned{scope: &table.Scope{View: v}}}
	return p.fields(t)
}

// WriteProblems writes problems as CSV, for a spreadsheet in which rows are corrected.
func WriteProblems(w io.Writer, problems []Problem) error {
	dst := newCSVWriter(w)
	if err := dst.row([]string{"file", "row", "line", "column", "value", "reason", "remedy"}); err != nil {
		return err
	}
	for _, p := range problems {
		if err := dst.row([]string{p.File, strconv.Itoa(p.Row), strconv.Itoa(p.Line), p.Column, p.Value, p.Reason, p.Remedy}); err != nil {
			return err
		}
	}
	return dst.dst.Flush()
}
