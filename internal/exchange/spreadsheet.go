package exchange

import (
	"io"
	"iter"
)

// ExportLines writes lines of cells as CSV for spreadsheets and slides, the first of them
// as heads. No cell is a formula. It ends at the first error of the lines.
func ExportLines(w io.Writer, lines iter.Seq2[[]string, error]) error {
	dst := newCSVWriter(w)
	for cells, err := range lines {
		if err != nil {
			return err
		}
		if err := dst.row(cells); err != nil {
			return err
		}
	}
	return dst.dst.Flush()
}
