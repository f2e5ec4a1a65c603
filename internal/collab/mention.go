package collab

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/richtext"
	"github.com/throughline-pm/throughline/internal/table"
)

// Mentioned returns the persons that a text mentions: by a link to them, as an editor
// writes it, or by an @ where a word begins and a name, or its first word if one person
// alone has it. Where a longer name fits, a shorter one does not count.
func Mentioned(s *table.Scope, text string) []ledger.ID {
	if !strings.Contains(text, "@") || s.Set == nil {
		return nil
	}
	persons, ok := s.Set.Of("person")
	if !ok {
		return nil
	}
	known := names(persons.Rows(s.View))
	var all []ledger.ID
	seen := map[ledger.ID]bool{}
	for _, id := range richtext.Mentions(text) {
		if _, there := persons.Row(s.View, id); there {
			seen[id] = true
			all = append(all, id)
		}
	}
	for i, r := range text {
		if r != '@' || !begins(text[:i]) {
			continue
		}
		rest, best := strings.ToLower(text[i+1:]), ""
		for name := range known {
			if len(name) > len(best) && strings.HasPrefix(rest, name) && ends(rest[len(name):]) {
				best = name
			}
		}
		if id := known[best]; !id.IsZero() && !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}

// names are the persons by what they can be called, in lower case. What two are called
// is no one's.
func names(rows func(func(table.Row) bool)) map[string]ledger.ID {
	known := map[string]ledger.ID{}
	firsts := map[string][]ledger.ID{}
	for r := range rows {
		full := strings.ToLower(strings.TrimSpace(r.Title()))
		if full == "" {
			continue
		}
		if _, twice := known[full]; twice {
			known[full] = ledger.ID{}
			continue
		}
		known[full] = r.ID()
		if first, _, more := strings.Cut(full, " "); more {
			firsts[first] = append(firsts[first], r.ID())
		}
	}
	for first, ids := range firsts {
		if _, whole := known[first]; !whole && len(ids) == 1 {
			known[first] = ids[0]
		}
	}
	return known
}

// begins reports whether a mention can follow the text: an address of mail is none, and
// the words of a link are not what it leads to.
func begins(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '['
}

// ends reports whether a name can end before the text.
func ends(after string) bool {
	r, _ := utf8.DecodeRuneInString(after)
	return after == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// mentioned are the persons that a comment mentions and that are still there.
func mentioned(s *table.Scope, c *Comment) (all []ledger.Ref) {
	persons, ok := s.Set.Of("person")
	for _, id := range c.Mentions {
		if !ok {
			break
		}
		if _, there := persons.Row(s.View, id); there {
			all = append(all, ledger.Ref(id))
		}
	}
	return all
}
