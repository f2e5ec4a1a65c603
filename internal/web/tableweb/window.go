package tableweb

import (
	"slices"
	"sort"
	"strconv"

	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// A page holds a window of a long list: so many of its lines, which are the heads of
// groups and the rows of those that are not folded. As all lines are equally high, what is
// above and below the window can be as high as it would be, and a script that sees where
// the page is scrolled to knows which lines to ask for.

// The lines of a window.
const (
	windowLines  = 60
	fewestLines  = 20
	windowAtMost = 300
)

// lines are a list cut into lines.
type lines struct {
	list   *table.List
	folded []bool // by group
	heads  []int  // the line of each group's head
	total  int
}

// part is the rows of one group in a window.
type part struct {
	group       int // -1: the list has no groups
	head        bool
	first, rows int
}

func linesOf(l *table.List, folded func(table.Group) bool) lines {
	n := lines{list: l, total: l.Total}
	if l.Groups == nil {
		return n
	}
	n.total = 0
	n.heads, n.folded = make([]int, len(l.Groups)), make([]bool, len(l.Groups))
	for i, g := range l.Groups {
		n.heads[i], n.folded[i] = n.total, folded(g)
		n.total++
		if !n.folded[i] {
			n.total += g.Count
		}
	}
	return n
}

// window returns the parts of the lines from one on. The head of the group in which it
// begins is always there, because it stays in sight while its rows are scrolled; above
// is how many lines are then missing before it.
func (n lines) window(from, count int) (parts []part, above, below int) {
	end := min(from+count, n.total)
	above, below = from, n.total-end
	if n.heads == nil {
		return []part{{-1, false, from, end - from}}, above, below
	}
	i := sort.SearchInts(n.heads, from+1) - 1
	for ; i >= 0 && i < len(n.heads) && n.heads[i] < end; i++ {
		p := part{group: i, head: true, first: n.list.Groups[i].First}
		if n.heads[i] < from { // its head takes the place of the line before the window
			above--
		}
		skip := max(from-n.heads[i]-1, 0)
		if !n.folded[i] {
			p.first += skip
			p.rows = min(n.list.Groups[i].Count-skip, end-n.heads[i]-1-skip)
		}
		parts = append(parts, p)
	}
	return parts, above, below
}

// readWindow reads which lines the address asks for; anything that is no number is the
// beginning.
func (l *listing) readWindow() {
	folded := l.query.Folded
	l.lines = linesOf(l.list, func(g table.Group) bool { return slices.Contains(folded, l.groupTitle(g)) })
	l.count = windowLines
	if n, err := strconv.Atoi(l.Query("lines")); err == nil {
		l.count = min(max(n, fewestLines), windowAtMost)
	}
	from, _ := strconv.Atoi(l.Query("from"))
	l.from = max(min(from, l.lines.total-l.count), 0)
}

// windowOf describes the window to the grid.
func (l *listing) windowOf(parts []part, above, below int) *ui.Window {
	list := l.address(l.query)
	at := func(from int) string {
		here := list
		if from > 0 {
			here = ui.With(here, "from", strconv.Itoa(from))
		}
		if l.count != windowLines {
			here = ui.With(here, "lines", strconv.Itoa(l.count))
		}
		return here
	}
	w := &ui.Window{First: l.from, Count: l.count, Total: l.lines.total, Above: above, Below: below, Here: at(l.from), List: list, From: l.list.Total}
	if len(parts) > 0 {
		w.FirstRow = parts[0].first
	}
	for _, p := range parts {
		w.Rows += p.rows
	}
	if l.from > 0 {
		w.Previous = at(max(l.from-l.count, 0))
	}
	if below > 0 {
		w.Next = at(l.from + l.count)
	}
	return w
}
