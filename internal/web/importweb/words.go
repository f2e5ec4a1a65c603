package importweb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

func lower(s string) string { return strings.ToLower(s) }

// sentence begins what a program says of a value as a sentence.
func sentence(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

// size says how large a file is.
func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return ui.Count(int(bytes), "byte", "bytes")
	case bytes < 1_000_000:
		return ui.Number(float64(bytes)/1000) + " kB"
	}
	return ui.Number(float64(bytes)/1e6) + " MB"
}

// The steps of the import.
const (
	stepFile = iota
	stepMapping
	stepDryRun
	stepImport
	stepReport
)

// steps draws the thread of the import with the step at hand.
func steps(at int, notes ...string) ui.Steps {
	names := [...]string{"File", "Mapping", "Dry run", "Import", "Report"}
	defaults := [...]string{"CSV or JSON", "what columns mean", "nothing is written", "one commit", "with undo"}
	s := ui.Steps{}
	for i, name := range names {
		step := ui.Step{Name: name, Note: defaults[i]}
		if i < len(notes) && notes[i] != "" {
			step.Note = notes[i]
		}
		switch {
		case i < at:
			step.State = ui.Complete
		case i == at:
			step.State = ui.Started
		}
		s.Steps = append(s.Steps, step)
	}
	return s
}

func (j *job) rowsNote() string { return ui.Count(j.Rows, "row", "rows") }

// columnsNote says how many columns lead somewhere and how many by a guess.
func (j *job) columnsNote() string {
	used, guesses := 0, 0
	for _, c := range j.Mapping.Columns {
		if c.Column != "" && c.Field != "" {
			used++
			if c.Certainty == exchange.Likely {
				guesses++
			}
		}
	}
	note := ui.Count(used, "column", "columns")
	if guesses > 0 {
		note += ", " + ui.Count(guesses, "guess", "guesses")
	}
	return note
}

// origin says where the mapping comes from.
func (j *job) origin() string {
	switch name := j.Mapping.Name; {
	case presetNames[name] != "":
		return "for " + presetNames[name]
	case name == "throughline":
		return "as Throughline writes files"
	case name == "guess":
		return "guessed from names and values"
	case name != "":
		return "from the mapping “" + name + "”"
	}
	return "from a mapping file"
}

// lede is what the head of every step says.
func (j *job) lede() string {
	return fmt.Sprintf("%s, %s, %s", j.File, j.rowsNote(), size(j.Size))
}

// state says in the list of earlier imports how far one came.
func (j *job) state(busy *running) (string, ui.Tone) {
	switch {
	case j.Undone:
		return "Undone", ui.Outline
	case !j.Ended.IsZero():
		return "Imported", ui.Good
	case busy != nil && busy.Import == j.ID:
		return "Being written", ui.Accent
	case j.Failure != "":
		return "Failed", ui.Bad
	}
	return "Not imported yet", ui.Outline
}

// problemTitle is a problem in one line.
func problemTitle(p exchange.Problem) string {
	if p.Row == 0 && p.Column != "" {
		return "Column “" + p.Column + "”: " + p.Reason
	}
	first, _, _ := strings.Cut(p.Reason, " ")
	switch first {
	case "is", "has", "must", "needs", "takes", "cannot", "lies": // reasons that continue a name
		if p.Value != "" {
			return "“" + p.Value + "” " + p.Reason
		}
		return p.Column + " " + p.Reason
	}
	return sentence(p.Reason)
}

// problemPlace says where a problem is.
func problemPlace(p exchange.Problem, file string) string {
	var parts []string
	if p.File != "" && p.File != file {
		parts = append(parts, p.File)
	}
	if p.Row > 0 {
		parts = append(parts, fmt.Sprintf("Row %d", p.Row))
		if p.Column != "" {
			parts = append(parts, p.Column)
		}
	}
	if p.Value != "" && !strings.Contains(problemTitle(p), p.Value) {
		parts = append(parts, "“"+p.Value+"”")
	}
	return strings.Join(parts, ", ")
}

// needNote says on the thread how much is left to decide.
func needNote(n int) string {
	if n == 0 {
		return "no row needs you"
	}
	return ui.Count(n, "problem needs you", "problems need you")
}

func leftNote(j *job) string {
	n := j.Rows - j.Promised
	if n == 0 {
		return "no row left out"
	}
	return ui.Count(n, "row", "rows") + " left out"
}

func importedNote(j *job) string { return ui.Count(j.Promised, "row", "rows") }

func leftOutNote(j *job) string {
	return fmt.Sprintf("%s of %s", ui.Number(float64(j.Rows-j.Promised)), j.rowsNote())
}

// positionNote says where the history has the import.
func positionNote(j *job) string {
	switch n := len(j.Positions); n {
	case 0:
		return "everything was there already"
	default:
		return fmt.Sprintf("one import, position %s", ui.Number(float64(j.Positions[n-1])))
	}
}

// took says how long the import took.
func took(j *job) string {
	if len(j.Positions) == 0 {
		return "Nothing to do"
	}
	return "Done in " + ui.Number(max(0.1, j.Ended.Sub(j.Started).Seconds())) + " s"
}

func share(done, total int) float64 {
	if total == 0 {
		return 0
	}
	return float64(done) / float64(total)
}

func rowWords(p exchange.Problem) string {
	if p.Row == 0 {
		return "All rows"
	}
	return fmt.Sprintf("Row %d", p.Row)
}

func mappedTo(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// namedAtMost is how many names a sentence has before it only counts.
const namedAtMost = 12

func names(all []string) string {
	if n := len(all); n > namedAtMost {
		return strings.Join(all[:namedAtMost], ", ") + fmt.Sprintf(" and %d more", n-namedAtMost)
	}
	return strings.Join(all, ", ")
}

// made names what an import adds because rows refer to it, by kind.
func (v *visit) made(all []exchange.Made) string {
	byKind := map[string][]string{}
	for _, m := range all {
		byKind[m.Kind] = append(byKind[m.Kind], m.Name)
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		if t, ok := v.kit.Tables.Of(kind); ok {
			parts = append(parts, lower(t.Name())+" "+names(byKind[kind]))
		}
	}
	return strings.Join(parts, "; ")
}

// chosen is what the select of a line has: what was sent with a form that is shown again.
func (l line) chosen(f *ui.Form) string {
	if f.Values.Has(l.name()) {
		return f.Values.Get(l.name())
	}
	return l.field
}
