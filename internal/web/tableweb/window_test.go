package tableweb

import (
	"fmt"
	"testing"

	"github.com/throughline-pm/throughline/internal/table"
)

// Every window of a list has the lines that it should, and is short of as many as it says.
func TestWindowsCoverAList(t *testing.T) {
	grouped := &table.List{Total: 12, Groups: []table.Group{{Value: "a", First: 0, Count: 3}, {Value: "b", First: 3, Count: 5}, {Value: "c", First: 8, Count: 4}}}
	for _, list := range []struct {
		name   string
		list   *table.List
		folded string
		want   string // one letter a line: a head or a row of its group
	}{
		{"without groups", &table.List{Total: 7}, "", "......."},
		{"groups", grouped, "", "AaaaBbbbbbCcccc"},
		{"one folded", grouped, "b", "AaaaBCcccc"},
		{"all folded", grouped, "abc", "ABC"},
		{"nothing", &table.List{}, "", ""},
	} {
		n := linesOf(list.list, func(g table.Group) bool { return containsAny(list.folded, g.Value) })
		if n.total != len(list.want) {
			t.Fatalf("%s: %d lines", list.name, n.total)
		}
		whole := lineNames(n, 0, n.total)
		for from := range n.total {
			for count := 1; from+count <= n.total; count++ {
				parts, above, below := n.window(from, count)
				got, rows := "", 0
				for _, p := range parts {
					if p.head {
						got += "H"
					}
					for i := range p.rows {
						got += fmt.Sprint(p.first+i, " ")
						rows++
					}
				}
				if above+below+heads(parts)+rows != n.total {
					t.Errorf("%s from %d, %d lines: %d above, %q, %d below make no %d", list.name, from, count, above, got, below, n.total)
				}
				if want := whole[from : from+count]; !hasSuffix(lineNames(n, from, count), want) {
					t.Errorf("%s from %d, %d lines: %v, want %v", list.name, from, count, lineNames(n, from, count), want)
				}
			}
		}
	}
}

func containsAny(set, value string) bool {
	for _, r := range set {
		if string(r) == value {
			return true
		}
	}
	return false
}

func heads(parts []part) (n int) {
	for _, p := range parts {
		if p.head {
			n++
		}
	}
	return n
}

func lineNames(n lines, from, count int) []string {
	parts, _, _ := n.window(from, count)
	var all []string
	for _, p := range parts {
		if p.head {
			all = append(all, fmt.Sprint("head ", p.group))
		}
		for i := range p.rows {
			all = append(all, fmt.Sprint("row ", p.first+i))
		}
	}
	return all
}

func hasSuffix(have, want []string) bool {
	if len(have) < len(want) {
		return false
	}
	for i := range want {
		if have[len(have)-len(want)+i] != want[i] {
			return false
		}
	}
	return true
}
