package archtest

import "go/ast"

// clocks are the names of package time that read or wait for the clock.
var clocks = set("Now Since Until After AfterFunc Sleep Tick NewTimer NewTicker Timer Ticker")

// dice are the packages that answer differently each time.
var dice = set("math/rand math/rand/v2 crypto/rand")

// checkPurity keeps the clock and chance out of the slices and the plan. A command
// may run twice, a past moment is computed like the present and the same seed gives
// the same plan; so time comes from the transaction and randomness from a seed that
// the caller passes.
func checkPurity(t *tree) (found []breach) {
	for _, f := range t.files {
		if f.test || !pure[roomOf(f.dir)] {
			continue
		}
		for imported, pos := range f.imports() {
			if dice[imported] {
				found = append(found, breach{t.at(pos), imported + ": chance has no place here; take a seed from the caller"})
			}
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, name := f.qualified(sel); pkg == "time" && clocks[name] {
					found = append(found, breach{t.at(sel.Pos()), "time." + name + ": the clock has no place here; take the time from the transaction"})
				}
			}
			return true
		})
	}
	return found
}
