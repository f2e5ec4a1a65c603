package exchange

import (
	"io"

	"github.com/throughline-pm/throughline/internal/table"
)

// ExportView writes rows as a page shows them, as CSV: the given columns under their
// labels, values in words. It is for spreadsheets and slides; Export is for moving data.
func ExportView(w io.Writer, s *table.Scope, t table.Any, columns []table.Info, rows []table.Row) error {
	dst := newCSVWriter(w)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.Label
	}
	if err := dst.row(cells); err != nil {
		return err
	}
	for _, r := range rows {
		for i, c := range columns {
			cells[i] = t.Show(s, r, c.Name)
		}
		if err := dst.row(cells); err != nil {
			return err
		}
	}
	return dst.dst.Flush()
}
