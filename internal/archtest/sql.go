package archtest

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// builtSQL lists the files that may build SQL, each with the reason. Values never
// belong into SQL; a name may only if no driver can bind it and it is declared in
// our own source.
var builtSQL = map[string]string{
	"internal/ledger/postgres/backup.go": "copies every table of ours, whose names are read from the catalogue and checked",

	"internal/ledger/postgres/views.go": viewsOfKinds,
	"internal/ledger/sqlite/views.go":   viewsOfKinds,
}

const viewsOfKinds = "creates a view per kind, named like the kind with columns named like its fields, as declared and checked"

// sqlText matches SQL as a statement, or as a clause that is glued to one. Lower
// case counts at the start only, since prose selects and updates things as well.
var sqlText = regexp.MustCompile(`(?s)` +
	`\bSELECT\b.*\bFROM\b|\bINSERT\s+INTO\b|\bUPDATE\b.*\bSET\b|\bDELETE\s+FROM\b` +
	`|\b(CREATE|ALTER|DROP)\s+([A-Z]+\s+)*(TABLE|VIEW|INDEX|TRIGGER|SCHEMA|DATABASE|ROLE)\b` +
	`|\b(WHERE|ORDER\s+BY|GROUP\s+BY|HAVING)\b` +
	`|(?i:^\s*(select\b.*\bfrom\b|insert\s+into\b|update\b.*\bset\b|delete\s+from\b))`)

// gluing are the functions that make one text of several, by import path.
var gluing = map[string]map[string]bool{
	"fmt":     set("Sprintf Sprint Sprintln Fprintf Fprint Fprintln Appendf Append Appendln"),
	"strings": set("Join Replace ReplaceAll NewReplacer"),
}

// checkSQL finds SQL that is put together at run time, where a bound parameter
// belongs. Test code is free to: it creates databases and faults by name.
func checkSQL(t *tree) (found []breach) {
	for _, f := range t.files {
		if f.test || builtSQL[f.path] != "" {
			continue
		}
		add := func(e ast.Expr) {
			found = append(found, breach{t.at(e.Pos()), "SQL is built from values; write it as a constant and bind the values"})
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if n.Op != token.ADD {
					return true
				}
				if _, ok := f.constant(n); ok || !sqlText.MatchString(f.skeleton(n)) {
					return true
				}
				add(n)
				return false
			case *ast.CallExpr:
				if pkg, name := f.qualified(n.Fun); gluing[pkg][name] && f.gluesSQL(n, name) {
					add(n)
					return false
				}
			}
			return true
		})
	}
	return found
}

// gluesSQL reports whether a call puts something that is not constant into SQL.
func (f *file) gluesSQL(call *ast.CallExpr, name string) bool {
	args := call.Args
	if strings.HasPrefix(name, "F") || strings.HasPrefix(name, "Append") {
		args = args[1:] // what is written to
	}
	var text strings.Builder
	open := false
	for _, arg := range args {
		ast.Inspect(arg, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			if s, ok := f.constant(e); ok {
				text.WriteString(s + " ")
				return false
			}
			if known := f.info.Types[e]; known.IsType() || known.Value != nil {
				return false
			}
			if _, ok := e.(*ast.Ident); ok {
				open = true
			}
			return true
		})
	}
	return open && sqlText.MatchString(text.String())
}

// skeleton returns the constant parts of a sum of strings, with a gap for each other.
func (f *file) skeleton(e ast.Expr) string {
	if s, ok := f.constant(e); ok {
		return s
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return f.skeleton(e.X)
	case *ast.BinaryExpr:
		return f.skeleton(e.X) + f.skeleton(e.Y)
	}
	return "?"
}

func set(words string) map[string]bool {
	s := map[string]bool{}
	for _, w := range strings.Fields(words) {
		s[w] = true
	}
	return s
}
