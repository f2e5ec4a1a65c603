package web

import "github.com/throughline-pm/throughline/internal/web/ui"

// taking says how something is taken back that is no commit of the workspace.
type taking struct {
	Action string
	Fields []ui.Kept
}

// takenAtMost is how many values a toast can name: it travels in a cookie.
const takenAtMost = 40

// SaidOfRecords is Said for what stands in records and not in the journal: it is taken back
// by sending the values, each under the name, and the pairs in more to the address.
func (q *Request) SaidOfRecords(text, action, name string, values []string, more ...string) {
	s := said{Text: text}
	if len(values) <= takenAtMost {
		s.Take = &taking{Action: action}
		for _, v := range values {
			s.Take.Fields = append(s.Take.Fields, ui.Kept{Name: name, Value: v})
		}
		for i := 0; i+1 < len(more); i += 2 {
			s.Take.Fields = append(s.Take.Fields, ui.Kept{Name: more[i], Value: more[i+1]})
		}
	}
	q.say(s)
}
