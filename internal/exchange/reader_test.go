package exchange

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/throughline-pm/throughline/internal/fault"
)

// shared returns a folder of real files, which stand beside the project.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	dir := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("the real files that this test reads are missing: %v", err)
	}
	return dir
}

// rowsOf reads all rows of a text.
func rowsOf(t testing.TB, text string, f Format) (*Reader, []Row) {
	t.Helper()
	r, err := Read(strings.NewReader(text), f)
	if err != nil {
		t.Fatal(err)
	}
	var all []Row
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return r, all
}

func cellsOf(rows []Row) (all [][][]string) {
	for _, r := range rows {
		all = append(all, r.Cells)
	}
	return all
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name, in string
		columns  []string
		want     [][][]string
	}{
		{"plain", "a,b\n1,2\n", []string{"a", "b"}, [][][]string{{{"1"}, {"2"}}}},
		{"no end of line", "a,b\r\n1,2", []string{"a", "b"}, [][][]string{{{"1"}, {"2"}}}},
		{"old Macintosh", "a,b\r1,2\r", []string{"a", "b"}, [][][]string{{{"1"}, {"2"}}}},
		{"semicolons", "a;b\n\"1,5\";2\n\"x,y\";3\n", []string{"a", "b"}, [][][]string{{{"1,5"}, {"2"}}, {{"x,y"}, {"3"}}}},
		{"tabs", "a\tb, c\n1\t2, 3\n", []string{"a", "b, c"}, [][][]string{{{"1"}, {"2, 3"}}}},
		{"hint", "sep=;\na;b\n1;2\n", []string{"a", "b"}, [][][]string{{{"1"}, {"2"}}}},
		{"one column", "Title\nA, b\nB\n", []string{"Title"}, [][][]string{{{"A, b"}}, {{"B"}}}},
		{"quotes", "a,b\n\"x \"\"y\"\"\nz\",\"\"\n", []string{"a", "b"}, [][][]string{{{"x \"y\"\nz"}, {}}}},
		{"stray quotes", "a,b\n5\" disk,\"say \"hi\" now\"\n", []string{"a", "b"}, [][][]string{{{`5" disk`}, {`say "hi" now`}}}},
		{"repeated header", "a,L,L,L\n1,x,,y\n", []string{"a", "L"}, [][][]string{{{"1"}, {"x", "y"}}}},
		{"wider than a repeated header", "a,L,L\n1,x,y,z,\n", []string{"a", "L"}, [][][]string{{{"1"}, {"x", "y", "z"}}}},
		{"shorter", "a,b,c\n1\n", []string{"a", "b", "c"}, [][][]string{{{"1"}, {}, {}}}},
		{"spacers", "\n,,\nExport of 2024,,\na,b,\n\n1,2,\n,,\n3,4,\n", []string{"a", "b", "column 3"}, [][][]string{{{"1"}, {"2"}, {}}, {{"3"}, {"4"}, {}}}},
		{"guards", "a,b\n'=1+1,'-5\n'quoted',''=x\n", []string{"a", "b"}, [][][]string{{{"=1+1"}, {"-5"}}, {{"'quoted'"}, {"'=x"}}}},
		{"header only", "a,b\n", []string{"a", "b"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, rows := rowsOf(t, c.in, CSV)
			if diff := cmp.Diff(c.columns, r.Columns()); diff != "" {
				t.Errorf("columns: %s", diff)
			}
			if diff := cmp.Diff(c.want, cellsOf(rows)); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			for _, row := range rows {
				if len(row.Problems) > 0 {
					t.Errorf("row %d: %v", row.Number, row.Problems)
				}
			}
		})
	}
}

func TestPlacesOfRows(t *testing.T) {
	_, rows := rowsOf(t, "a,b\n\"1\n2\n3\",x\n\n4,y\n", CSV)
	if rows[0].Number != 2 || rows[0].Line != 2 || rows[1].Number != 4 || rows[1].Line != 6 {
		t.Errorf("rows stand at %d/%d and %d/%d", rows[0].Number, rows[0].Line, rows[1].Number, rows[1].Line)
	}
	_, rows = rowsOf(t, "[\n{\"a\":\n1},\n\n{\"a\":2}]", JSON)
	if rows[0].Number != 1 || rows[0].Line != 2 || rows[1].Number != 2 || rows[1].Line != 5 {
		t.Errorf("objects stand at %d/%d and %d/%d", rows[0].Number, rows[0].Line, rows[1].Number, rows[1].Line)
	}
}

func TestEncodings(t *testing.T) {
	const text = "Title,Owner\nGrößer – “ja”,José\nŁódź €,名\n"
	const latin = "Title,Owner\nGrößer – “ja”,José\n"
	encoded := func(enc interface{ Bytes([]byte) ([]byte, error) }, s string) string {
		b, err := enc.Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	for name, c := range map[string]struct{ in, want string }{
		"UTF-8":              {text, text},
		"UTF-8 with mark":    {"\ufeff" + text, text},
		"UTF-16 LE":          {encoded(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder(), text), text},
		"UTF-16 BE":          {encoded(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder(), text), text},
		"UTF-16 LE and mark": {encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), text), text},
		"UTF-16 BE and mark": {encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder(), text), text},
		"Windows-1252":       {encoded(charmap.Windows1252.NewEncoder(), latin), latin},
		"Windows-1252, late": {strings.Repeat("Title,Owner\n", 30_000) + encoded(charmap.Windows1252.NewEncoder(), latin), strings.Repeat("Title,Owner\n", 30_000) + latin},
		"gzip":               {packed.String(), text},
	} {
		r, err := decoded(strings.NewReader(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := io.ReadAll(r); string(got) != c.want || err != nil {
			t.Errorf("%s is read as %.80q, %v", name, got, err)
		}
	}
}

func TestDamagedArchive(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range 20_000 {
		fmt.Fprintf(z, "%d,%d\n", i, i*i)
	}
	_ = z.Close()
	r, err := Read(bytes.NewReader(packed.Bytes()[:packed.Len()/2]), CSV)
	for err == nil {
		_, err = r.next()
	}
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("half an archive: %v", err)
	}
}

func TestJSON(t *testing.T) {
	r, rows := rowsOf(t, `{"id":1,"title":"A \u00e9","milestone":{"title":"v1","open":true},"labels":[{"name":"x"},{"name":"y","color":"red"}],"tags":["a","b"],"none":null,"empty":""}
{"id":12345678901234567890,"milestone":null,"labels":[]}
`, JSON)
	want := []string{"id", "title", "milestone.title", "milestone.open", "labels.name", "labels.color", "tags", "none", "empty", "milestone", "labels"}
	if diff := cmp.Diff(want, r.Columns()); diff != "" {
		t.Errorf("columns: %s", diff)
	}
	get := func(row int, column string) string {
		v, there := r.Get(rows[row], column)
		return fmt.Sprintf("%q %t", v, there)
	}
	for _, c := range []struct {
		row          int
		column, want string
	}{
		{0, "title", `["A é"] true`},
		{0, "milestone.title", `["v1"] true`},
		{0, "milestone.open", `["true"] true`},
		{0, "labels.name", `["x" "y"] true`},
		{0, "labels.color", `["" "red"] true`},
		{0, "tags", `["a" "b"] true`},
		{0, "none", `[] true`},
		{0, "empty", `[] true`},
		{1, "id", `["12345678901234567890"] true`},
		{1, "title", `[] false`},
		{1, "milestone.title", `[] true`},
		{1, "labels.name", `[] true`},
	} {
		if got := get(c.row, c.column); got != c.want {
			t.Errorf("row %d, %s is %s, want %s", c.row, c.column, got, c.want)
		}
	}
	for _, in := range []string{`[{"a":1},{"a":2}]`, "[\n  {\n \"a\": 1\n},\n {\"a\":2}\n]\n", "{\"a\":1}\n{\"a\":2}", "{\n\"a\":1\n}\n{\n\"a\":2\n}", `[{"a":1}][{"a":2}]`} {
		if _, rows := rowsOf(t, in, ""); len(rows) != 2 || len(rows[0].Problems)+len(rows[1].Problems) > 0 {
			t.Errorf("%q has the rows %v", in, rows)
		}
	}
}

func TestRowsThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		name, in string
		f        Format
		row      int
		column   string
		reason   string
		good     int // rows without a problem
	}{
		{"too wide", "a,b\n1,2\n1,2,3\n", CSV, 3, "", "3 cells", 1},
		{"open quotes", "a,b\n1,2\n3,\"4\n5,6\n", CSV, 3, "b", "never closed", 1},
		{"not closed", "{\"a\":1}\n{\"a\":\n{\"a\":3}\n", JSON, 2, "", "not closed", 2},
		{"not JSON", "{\"a\":1}\nhello\n{\"a\":3}\n", JSON, 2, "", "no JSON object", 2},
		{"bad JSON", "{\"a\":1}\n{a:2}\n{\"a\":3}\n", JSON, 2, "", "cannot be read", 2},
		{"two on a line", "{\"a\":1}\n{\"a\":2} {\"a\":3}\n", JSON, 2, "", "follows", 1},
		{"many", "{\"a\":1}\n{\"a\":[" + strings.Repeat("0,", 200_000) + "0]}\n{\"a\":3}\n", JSON, 2, "", "values in lists", 2},
		{"deep", "{\"a\":1}\n{\"a\":" + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}\n{\"a\":3}\n", JSON, 2, "", "nested", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, rows := rowsOf(t, c.in, c.f)
			good := 0
			var found []Problem
			for _, r := range rows {
				if len(r.Problems) == 0 {
					good++
				}
				found = append(found, r.Problems...)
			}
			if good != c.good || len(found) != 1 || found[0].Row != c.row || found[0].Column != c.column ||
				!strings.Contains(found[0].Reason, c.reason) || found[0].Remedy == "" {
				t.Errorf("%d good rows and %v", good, found)
			}
		})
	}
	for in, f := range map[string]Format{"": CSV, "\n\n": CSV, "hello": JSON, "a,b\n": "xml"} {
		if _, err := Read(strings.NewReader(in), f); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q as %s: %v", in, f, err)
		}
	}
	if _, err := Read(strings.NewReader(strings.Repeat("a,", 1500)), CSV); fault.KindOf(err) != fault.Invalid {
		t.Errorf("1500 columns: %v", err)
	}
}

// huge is a text with a field of n bytes, made while it is read.
func huge(before string, n int64, after string) io.Reader {
	return io.MultiReader(strings.NewReader(before), io.LimitReader(endless{}, n), strings.NewReader(after))
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestHugeFieldIsNamedAndNotKept(t *testing.T) {
	const size = 100 << 20
	for name, c := range map[string]struct {
		in io.Reader
		f  Format
	}{
		"quoted":  {huge("a,b\n1,2\n3,\"", size, "\"\n5,6\n"), CSV},
		"bare":    {huge("a,b\n1,2\n3,", size, "\n5,6\n"), CSV},
		"objects": {huge("{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":\"", size, "\"}\n{\"a\":5}\n"), JSON},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := Read(c.in, c.f)
			if err != nil {
				t.Fatal(err)
			}
			var rows []Row
			for row, err := range r.Rows() {
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, row)
			}
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
				t.Errorf("%d bytes were allocated", got)
			}
			if len(rows) != 3 || len(rows[0].Problems)+len(rows[2].Problems) > 0 || len(rows[1].Problems) != 1 {
				t.Fatalf("rows %.300v", rows)
			}
			if p := rows[1].Problems[0]; p.Column != "b" || p.Row == 0 || len(p.Value) > 200 {
				t.Errorf("the problem is %v", p)
			}
		})
	}
}

func TestRealFiles(t *testing.T) {
	for _, c := range []struct {
		path          []string
		columns, rows int
	}{
		{[]string{"linear-csv", "backlog", "Linear-tasks-backlog-backup.csv"}, 30, 0},
		{[]string{"azure-devops-csv", "adodata.csv"}, 8, 117},
		{[]string{"azure-devops-csv", "project-valid-depends-on.csv"}, 7, 4},
		{[]string{"plane-csv", "plane.csv"}, 21, 1},
		{[]string{"wekan-csv", "board-import.tsv"}, 11, 0},
		{[]string{"trello-rest-devlake", "_raw_trello_cards.csv"}, 6, 72},
	} {
		f, err := os.Open(filepath.Join(shared(t, "imports"), filepath.Join(c.path...)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := Read(f, "")
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		n := 0
		for row, err := range r.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			if len(row.Problems) > 0 {
				t.Errorf("%s: %v", c.path, row.Problems)
			}
			n++
		}
		if len(r.Columns()) != c.columns || n == 0 || (c.rows > 0 && n != c.rows) {
			t.Errorf("%s has %d columns and %d rows, want %d and %d", c.path, len(r.Columns()), n, c.columns, c.rows)
		}
	}
}

// written returns rows as the writer writes them.
func written(t testing.TB, rows [][]string) string {
	t.Helper()
	var b bytes.Buffer
	w := newCSVWriter(&b)
	for _, r := range rows {
		if err := w.row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.dst.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNoCellIsAFormula(t *testing.T) {
	cells := []string{"=1+1", "+1", "-1", "@sum", "\tx", "\rx", "'=x", "''+x", "'x", "=\"a\",b", "plain", " =x"}
	text := written(t, [][]string{{"first", "second"}, cells[:2], cells[2:4], cells[4:6], cells[6:8], cells[8:10], cells[10:]})
	for line := range strings.SplitSeq(text, "\r\n") {
		for cell := range strings.SplitSeq(line, ",") {
			if cell = strings.TrimPrefix(cell, `"`); cell != "" && strings.IndexByte("=+-@\t\r", cell[0]) >= 0 {
				t.Errorf("the cell %q could be a formula", cell)
			}
		}
	}
	_, rows := rowsOf(t, text, CSV)
	var got []string
	for _, r := range rows {
		for _, c := range r.Cells {
			got = append(got, strings.Join(c, "|"))
		}
	}
	if diff := cmp.Diff(strings.ReplaceAll(strings.Join(cells, "\n"), "\r", "\n"), strings.Join(got, "\n")); diff != "" {
		t.Errorf("read back: %s", diff)
	}
}

func FuzzCSVRoundTrip(f *testing.F) {
	f.Add("a", "b", "=1", "x\ny\"z")
	f.Add("'", "''=", "-5", " ; \t")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		cells := []string{a, b, c, d}
		for i := range cells { // what text in the ledger can be
			cells[i] = lineBreaks.Replace(strings.ToValidUTF8(cells[i], ""))
		}
		text := written(t, [][]string{{"first", "second"}, cells[:2], cells[2:]})
		s := &csvScanner{src: mustDecode(t, text), sep: ',', line: 1}
		_, _ = s.record()
		for i := 0; i < 4; i += 2 {
			rec, err := s.record()
			if err != nil || len(rec.cells) != 2 {
				t.Fatalf("%q: %v, %v", text, rec, err)
			}
			for j, cell := range rec.cells {
				if got := unguarded(cell.text); got != cells[i+j] {
					t.Fatalf("%q is read back as %q from %q", cells[i+j], got, text)
				}
			}
		}
	})
}

func FuzzReaders(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\n3\"\n"), true)
	f.Add([]byte("sep=;\na;b\n1;2;3\n\x00\xff"), true)
	f.Add([]byte("{\"a\":[{\"b\":\"\\u00e9\"},null]}\n{}\n[1,2]"), false)
	f.Add([]byte("\xff\xfe{\x00}\x00"), false)
	f.Fuzz(func(t *testing.T, b []byte, csv bool) {
		format := JSON
		if csv {
			format = CSV
		}
		r, err := Read(bytes.NewReader(b), format)
		if err != nil {
			return
		}
		last := 0
		for row, err := range r.Rows() {
			if err != nil {
				if fault.KindOf(err) == "" {
					t.Fatalf("an internal error: %v", err)
				}
				return
			}
			if row.Number <= last || row.Line < 1 || len(row.Cells) > len(r.Columns()) {
				t.Fatalf("row %d/%d after %d with %d cells of %d columns", row.Number, row.Line, last, len(row.Cells), len(r.Columns()))
			}
			last = row.Number
		}
	})
}

func mustDecode(t testing.TB, text string) *bufio.Reader {
	r, err := decoded(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
