package ledger

import "strings"

// MergeLines merges two texts that come from one base, by lines; false: both changed
// the same place. It is the classic three-way merge (Khanna, Kunal, Pierce: A Formal
// Investigation of Diff3, 2007): where the base's lines stand unchanged in both texts
// they anchor the merge; between two anchors one side at most may differ from the base.
func MergeLines(base, ours, theirs string) (string, bool) {
	b, o, t := splitLines(base), splitLines(ours), splitLines(theirs)
	inOurs, inTheirs := MatchLines(b, o), MatchLines(b, t)
	var out strings.Builder
	ib, io, it := 0, 0, 0
	for ib <= len(b) {
		// the next line of the base that both kept
		next := ib
		for next < len(b) && (inOurs[next] < 0 || inTheirs[next] < 0) {
			next++
		}
		no, nt := len(o), len(t)
		if next < len(b) {
			no, nt = inOurs[next], inTheirs[next]
		}
		pb, po, pt := strings.Join(b[ib:next], ""), strings.Join(o[io:no], ""), strings.Join(t[it:nt], "")
		switch {
		case po == pt, pt == pb:
			out.WriteString(po)
		case po == pb:
			out.WriteString(pt)
		default:
			return "", false
		}
		if next == len(b) {
			break
		}
		out.WriteString(b[next])
		ib, io, it = next+1, no+1, nt+1
	}
	return out.String(), true
}

func splitLines(s string) []string { return strings.SplitAfter(s, "\n") }

// maxEdits bounds the memory of MatchLines: texts that differ in more lines than this
// count as different from end to end.
const maxEdits = 2000

// MatchLines returns for each line of a the line of b that it is in a longest common
// subsequence, or -1. It is Myers's greedy algorithm (An O(ND) Difference Algorithm and
// Its Variations, 1986) with the trace kept.
func MatchLines(a, b []string) []int {
	match := make([]int, len(a))
	for i := range match {
		match[i] = -1
	}
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		match[head] = head
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		match[len(a)-1-tail] = len(b) - 1 - tail
		tail++
	}
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	n, m := len(x), len(y)
	if n == 0 || m == 0 {
		return match
	}
	limit := min(n+m, maxEdits)
	v := make([]int, 2*limit+2)
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), v[limit-d:limit+d+2]...))
		for k := -d; k <= d; k += 2 {
			var i int
			if k == -d || (k != d && v[limit+k-1] < v[limit+k+1]) {
				i = v[limit+k+1]
			} else {
				i = v[limit+k-1] + 1
			}
			j := i - k
			for i < n && j < m && x[i] == y[j] {
				i, j = i+1, j+1
			}
			v[limit+k] = i
			if i < n || j < m {
				continue
			}
			for ; d >= 0; d-- { // walk back
				row := trace[d]
				at := func(k int) int { return row[k+d] }
				k := i - j
				var from int
				if k == -d || (k != d && at(k-1) < at(k+1)) {
					from = k + 1
				} else {
					from = k - 1
				}
				pi := 0
				if d > 0 {
					pi = at(from)
				}
				pj := pi - from
				if d == 0 {
					pi, pj = 0, 0
				}
				for i > pi && j > pj && x[i-1] == y[j-1] {
					i, j = i-1, j-1
					match[head+i] = head + j
				}
				i, j = pi, pj
			}
			return match
		}
	}
	return match
}
