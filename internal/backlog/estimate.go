package backlog

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Range is an uncertain amount: P10, P50 and P90.
type Range struct {
	Low    float64 `json:"low,omitzero"`
	Likely float64 `json:"likely,omitzero"`
	High   float64 `json:"high,omitzero"`
}

// IsZero reports whether nothing was said.
func (r Range) IsZero() bool { return r == Range{} }

// Mean returns the expected amount by Swanson's rule: 0.3 P10 + 0.4 P50 + 0.3 P90, which
// suits the skewed distributions of effort and value (Hurst, Brown and Swanson, AAPG
// Bulletin 84, 2000).
func (r Range) Mean() float64 { return 0.3*r.Low + 0.4*r.Likely + 0.3*r.High }

// String returns "3/5/8", or "5" if low, likely and high are one.
func (r Range) String() string {
	if r.IsZero() {
		return ""
	}
	num := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	if r.Low == r.Likely && r.Likely == r.High {
		return num(r.Likely)
	}
	return num(r.Low) + "/" + num(r.Likely) + "/" + num(r.High)
}

// ParseRange reads low/likely/high, "3-8" as a low and a high with the likely value in
// the middle of their logarithms, or one number.
func ParseRange(s string) (Range, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Range{}, nil
	}
	cut := "/"
	if !strings.Contains(s, cut) {
		cut = "-"
		s = strings.ReplaceAll(s, "–", "-")
	}
	var n []float64
	for part := range strings.SplitSeq(s, cut) {
		x, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return Range{}, fmt.Errorf("%q is no estimate; write low/likely/high as 3/5/8, or one number", s)
		}
		n = append(n, x)
	}
	switch len(n) {
	case 1:
		return Range{n[0], n[0], n[0]}, nil
	case 2:
		if n[0] <= 0 {
			return Range{n[0], (n[0] + n[1]) / 2, n[1]}, nil
		}
		return Range{n[0], math.Round(10*math.Sqrt(n[0]*n[1])) / 10, n[1]}, nil
	case 3:
		return Range{n[0], n[1], n[2]}, nil
	}
	return Range{}, errors.New("has too many numbers; write low/likely/high as 3/5/8")
}

// check notes what is wrong with a range.
func (r Range) check(name string, f *fault.Fields) {
	if r.Low > r.Likely || r.Likely > r.High {
		f.Add(name, "low, likely and high must not fall: %s", r)
	}
}

// EffortLine is the estimate of one team's work, perhaps of one skill, in person-days.
type EffortLine struct {
	Team   ledger.Ref `json:"team,omitzero" kind:"team"`
	Skill  string     `json:"skill,omitzero"`
	Low    float64    `json:"low,omitzero"`
	Likely float64    `json:"likely,omitzero"`
	High   float64    `json:"high,omitzero"`
}

func (l EffortLine) amount() Range { return Range{l.Low, l.Likely, l.High} }

// Effort is the estimate of a feature, line by line.
type Effort []EffortLine

// Total returns the sum of the lines. Adding percentiles overstates the spread of a sum
// whose parts are independent; the parts of one feature rarely are.
func (e Effort) Total() Range {
	var t Range
	for _, l := range e {
		t.Low += l.Low
		t.Likely += l.Likely
		t.High += l.High
	}
	return t
}

// formatEffort writes "Sync 3/5/8; Mobile (Swift) 1/2/4".
func formatEffort(s *table.Scope, e Effort) string {
	var lines []string
	for _, l := range e {
		var words []string
		if t, ok := s.Target("team", l.Team.ID()); ok {
			words = append(words, t.String())
		}
		if l.Skill != "" {
			words = append(words, "("+l.Skill+")")
		}
		lines = append(lines, strings.Join(append(words, l.amount().String()), " "))
	}
	return strings.Join(lines, "; ")
}

// parseEffort reads what formatEffort writes; a line may have no team.
func parseEffort(s *table.Scope, text string) (Effort, error) {
	var e Effort
	for line := range strings.SplitSeq(text, ";") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		var l EffortLine
		head, amount := "", line
		if i := strings.LastIndexAny(line, " )"); i >= 0 {
			head, amount = strings.TrimSpace(line[:i+1]), line[i+1:]
		}
		r, err := ParseRange(amount)
		if err != nil {
			return nil, err
		}
		l.Low, l.Likely, l.High = r.Low, r.Likely, r.High
		if i := strings.LastIndexByte(head, '('); i >= 0 && strings.HasSuffix(head, ")") {
			l.Skill, head = strings.TrimSpace(head[i+1:len(head)-1]), strings.TrimSpace(head[:i])
		}
		if head != "" {
			id, err := s.Find("team", head)
			if err != nil {
				return nil, err
			}
			l.Team = ledger.Ref(id)
		}
		e = append(e, l)
	}
	return e, nil
}

// WebLink is an address that belongs to a feature.
type WebLink struct {
	Title string `json:"title,omitzero"`
	URL   string `json:"url"`
}

func formatLinks(_ *table.Scope, links []WebLink) string {
	all := make([]string, len(links))
	for i, l := range links {
		all[i] = strings.TrimSpace(l.Title + " " + l.URL)
	}
	return strings.Join(all, "; ")
}

func parseLinks(_ *table.Scope, text string) ([]WebLink, error) {
	var all []WebLink
	for line := range strings.SplitSeq(text, ";") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		l := WebLink{URL: line}
		if i := strings.LastIndexByte(line, ' '); i >= 0 {
			l = WebLink{Title: strings.TrimSpace(line[:i]), URL: line[i+1:]}
		}
		all = append(all, l)
	}
	return all, nil
}
