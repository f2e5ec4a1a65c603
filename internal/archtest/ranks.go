package archtest

import (
	"fmt"
	"path"
	"strings"
)

// house is the picture of the house, from roof to cellar. A room may import the
// rooms on the floors below its own. Rooms on one floor do not know each other,
// but for the story: there each may import those to its left. The command line
// stands above the app because one of its commands is to run it; so does the demo, which
// uses an installation as people do.
//
// A room is a folder under internal, but for cmd and plan, with all folders in it.
const house = `
cmd/throughline
cli
demo
app
api mcp ofrep hooks
web
exchange
notify news
people → strategy → discovery → backlog → spec → design → work → release → rollout → roadmap → outcome → thread
collab
plan
richtext files formula outbound mail loop config api/problem
access
table
calendar
ledger
fault
`

// ranks gives the height of each room, by its folder; pure are the rooms of
// the story and those that, like them, hold rules and nothing of the machine.
var ranks, pure = readHouse(house)

func readHouse(picture string) (ranks map[string]int, pure map[string]bool) {
	ranks, pure = map[string]int{}, map[string]bool{folder("collab"): true, folder("plan"): true}
	floors := strings.Split(strings.TrimSpace(picture), "\n")
	for i, floor := range floors {
		rank := 100 * (len(floors) - i) // room for a story of as many slices
		rooms, told := strings.Fields(floor), strings.Contains(floor, "→")
		for _, room := range rooms {
			if room == "→" {
				rank++
				continue
			}
			ranks[folder(room)] = rank
			if told {
				pure[folder(room)] = true
			}
		}
	}
	return ranks, pure
}

func folder(room string) string {
	if room == "plan" || strings.HasPrefix(room, "cmd/") {
		return room
	}
	return "internal/" + room
}

// roomOf returns the folder of the room that dir belongs to, or "" for none.
func roomOf(dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, ok := ranks[dir]; ok {
			return dir
		}
	}
	return ""
}

// checkRanks holds imports to the picture of the house. Tests stand in the room
// they test and may use helper packages, which nothing else may. The plan is a
// library for strangers: it imports the standard library alone, and so do examples.
func checkRanks(t *tree) (found []breach) {
	homeless := map[string]bool{}
	for _, f := range t.files {
		from := roomOf(f.dir)
		if from == "" && !isHelper(f.dir) && !isTool(f.dir) && !isExample(f.dir) && !homeless[f.dir] {
			homeless[f.dir] = true
			found = append(found, breach{f.dir, "this package has no rank; give its room a place in the picture of internal/archtest/ranks.go"})
		}
		for imported, pos := range f.imports() {
			add := func(format string, args ...any) {
				found = append(found, breach{t.at(pos), fmt.Sprintf(format, args...)})
			}
			dir, ours := t.own(imported)
			switch to := roomOf(dir); {
			case from == "plan" && to != "plan" && !f.test && (ours || !standard(imported)):
				add("plan imports the standard library alone, not %s", imported)
			case isExample(f.dir) && !f.test && (ours || !standard(imported)):
				add("an example imports the standard library alone, not %s: it runs wherever Go does", imported)
			case !ours: // the other rules have their say on those
			case isHelper(dir):
				if !f.test {
					add("%s is for tests alone", dir)
				}
			case isTool(dir):
				if !isTool(f.dir) {
					add("%s is for developers; the product does not import it", dir)
				}
			case from != "" && to != "" && from != to && ranks[to] >= ranks[from]:
				add("%s may not import %s: imports point down, and within the story to the left", from, to)
			}
		}
	}
	return found
}

// own returns the folder of an imported package if it is one of the module's.
func (t *tree) own(imported string) (dir string, ok bool) {
	if imported == t.mod.Module.Mod.Path {
		return ".", true
	}
	return strings.CutPrefix(imported, t.mod.Module.Mod.Path+"/")
}

// standard reports whether an imported package is one of the standard library.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
