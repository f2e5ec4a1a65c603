package demo

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// folded is what the script says of one thing at one moment: values by column. The fold
// knows nothing of the kernel: it writes down what the lines say, one after the other.
type folded map[string]string

// undoable is what one person did at one time: the values before.
type undoable struct {
	at     *step
	before map[*thing]folded
}

// fold returns what the script says up to the end of a day.
func fold(t *testing.T, b *book, day calendar.Day) map[*thing]folded {
	t.Helper()
	steps, err := readScript(fieldbook)
	if err != nil {
		t.Fatal(err)
	}
	state := map[*thing]folded{}
	byTitle := map[string]*thing{}
	pending := map[*thing][]*step{} // by proposal
	did := map[string][]*undoable{} // by person
	for _, s := range steps {
		byTitle[s.of.kind+" "+s.of.title] = s.of
		on := workday(b.today, s.day)
		if on > day {
			continue
		}
		if _, inProposal := s.value("on"); inProposal {
			pending[s.of] = append(pending[s.of], s)
			continue
		}
		if _, merged := s.value("merge"); merged {
			for _, p := range pending[s.of] {
				title, _ := p.value("on")
				to := byTitle["feature "+title]
				state[to] = maps.Clone(state[to])
				for _, d := range p.deeds[1:] {
					value, err := resolve(d.value, b.today, workday(b.today, p.day))
					if err != nil {
						t.Fatal(err)
					}
					state[to][d.name] = value
				}
			}
			continue
		}
		if _, gone := s.value("delete"); gone {
			delete(state, s.of)
			continue
		}
		mine := did[s.who]
		if _, undo := s.value("undo"); undo {
			last := mine[len(mine)-1]
			maps.Copy(state, last.before)
			did[s.who] = mine[:len(mine)-1]
			continue
		}
		if len(mine) == 0 || mine[len(mine)-1].at.day != s.day || mine[len(mine)-1].at.clock != s.clock {
			mine = append(mine, &undoable{s, map[*thing]folded{}})
			did[s.who] = mine
		}
		now := maps.Clone(state[s.of])
		mine[len(mine)-1].before[s.of] = state[s.of]
		if now == nil {
			now = folded{}
			if s.of.text != "" {
				now["description"], _, _ = strings.Cut(s.of.text, "\n\n")
			}
		}
		for _, d := range s.deeds {
			switch d.name {
			case "text":
				now["description"] = s.of.text
			case "archive":
				now["archived"] = "yes"
			case "restore":
				delete(now, "archived")
			case "blocks", "duplicates":
				now[d.name] = strings.Trim(now[d.name]+"; "+d.value, "; ")
			case "unblocks":
				now["blocks"] = strings.Trim(strings.ReplaceAll("; "+now["blocks"]+";", "; "+d.value+";", ";"), "; ")
			case "relates":
				now[d.name] = strings.Trim(now[d.name]+"; "+d.value, "; ")
				other := byTitle["feature "+d.value]
				state[other] = maps.Clone(state[other])
				state[other][d.name] = strings.Trim(state[other][d.name]+"; "+s.of.title, "; ")
			default:
				if acts[d.name] {
					continue
				}
				value, err := resolve(d.value, b.today, on)
				if err != nil {
					t.Fatal(err)
				}
				now[d.name] = value
			}
		}
		state[s.of] = now
	}
	return state
}

// hasAPast compares three past days, and yesterday, with the script.
func (b *book) hasAPast(t *testing.T) {
	for _, ago := range []int{-160, -89, -45, -1} {
		day := workday(b.today, ago)
		v := b.at(day)
		s := b.scope(v)
		script := fold(t, b, day)
		for _, kind := range []string{"feature", "release", "objective", "team", "person"} {
			of, _ := b.Tables.Of(kind)
			n, values := 0, 0
			for thing, want := range script {
				if thing.kind != kind {
					continue
				}
				n++
				title := cmp.Or(want["title"], thing.title)
				if kind != "feature" {
					title = thing.title // the title of a person is what they do
				}
				found := of.Named(v, title)
				if len(found) != 1 {
					t.Errorf("%s: %d %ss are called %q", day, len(found), kind, title)
					continue
				}
				r, _ := of.Row(v, found[0])
				for column, value := range want {
					values++
					have := of.Show(s, r, column)
					if column == "description" && kind == "feature" {
						f, _ := backlog.Features.Get(v, r.ID())
						var err error
						if have, err = ledger.Text(t.Context(), v, f.Description); err != nil {
							t.Fatal(err)
						}
					} else if column == "description" {
						value, _, _ = strings.Cut(value, "\n")
						have, _, _ = strings.Cut(have, "\n")
					}
					if plain(have) != plain(value) {
						t.Errorf("%s: %s of %s is %q, want %q", day, column, thing.title, have, value)
					}
				}
				if kind == "feature" {
					for _, column := range []string{"release", "owner", "effort", "value", "target", "archived", "blocks"} {
						if _, said := want[column]; !said && plain(of.Show(s, r, column)) != "" {
							t.Errorf("%s: %s of %s is %q, and the script has not said so yet", day, column, thing.title, of.Show(s, r, column))
						}
					}
				}
			}
			rows := 0
			for range of.Rows(v) {
				rows++
			}
			if rows != n || values == 0 {
				t.Errorf("%s: %d %ss and %d values compared, want %d", day, rows, kind, values, n)
			}
		}
	}
}

// plain is a value without regard to case and to the order in a list; no is nothing.
func plain(s string) string {
	parts := strings.Split(strings.ToLower(s), "; ")
	slices.Sort(parts)
	if s := strings.Join(parts, "; "); s != "no" {
		return s
	}
	return ""
}

func query(t *testing.T, s string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
