package archtest

import "go/ast"

// checkReach forbids what reaches out of sight of the reader and the compiler:
// other programs, methods called by their name (which also keeps the linker from
// dropping dead code) and an encoding that no other language reads.
func checkReach(t *tree) (found []breach) {
	for _, f := range t.files {
		for imported, pos := range f.imports() {
			switch {
			case imported == "os/exec" && !f.test && !isTool(f.dir):
				found = append(found, breach{t.at(pos), "os/exec: the product starts no other program"})
			case imported == "encoding/gob":
				found = append(found, breach{t.at(pos), "encoding/gob: use JSON, which others can read and a newer release too"})
			}
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "MethodByName" {
				found = append(found, breach{t.at(sel.Pos()), "MethodByName: use an interface"})
			}
			return true
		})
	}
	return found
}
