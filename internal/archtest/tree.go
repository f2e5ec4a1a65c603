package archtest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"iter"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
)

// A tree is the module as the rules see it.
type tree struct {
	mod   *modfile.File
	text  map[string][]byte // every file, by its slash path from the root
	files []*file           // the Go files among them, ordered by path
	fset  *token.FileSet
}

// A file is one Go source file.
type file struct {
	*ast.File
	path string
	dir  string // the package's folder
	test bool   // runs under go test only: _test.go, or part of a helper package
	info *types.Info
}

// load parses the Go files among text, which holds a module's files by path.
func load(text map[string][]byte) (*tree, error) {
	t := &tree{text: text, fset: token.NewFileSet()}
	mod, err := modfile.Parse("go.mod", text["go.mod"], nil)
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	if mod.Module == nil {
		return nil, errors.New("read go.mod: no module line")
	}
	t.mod = mod

	var faults []error
	packages := map[string][]*file{} // by folder and name: a folder may hold a package and its external tests
	for _, p := range slices.Sorted(maps.Keys(text)) {
		if path.Ext(p) != ".go" || !built(p) {
			continue
		}
		parsed, err := parser.ParseFile(t.fset, p, text[p], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		dir := path.Dir(p)
		f := &file{File: parsed, path: p, dir: dir, test: strings.HasSuffix(p, "_test.go") || isHelper(dir)}
		t.files = append(t.files, f)
		key := dir + " " + parsed.Name.Name
		packages[key] = append(packages[key], f)
	}
	for _, fs := range packages {
		resolve(t.fset, fs)
	}
	return t, errors.Join(faults...)
}

// built reports whether the go command looks into the folders of p.
func built(p string) bool {
	for _, part := range strings.Split(path.Dir(p), "/") {
		if part == "testdata" || part == "vendor" || part != "." && strings.IndexAny(part, "_.") == 0 {
			return false
		}
	}
	return true
}

// isHelper reports whether dir holds a package that exists for tests alone. Like
// httptest in the standard library, such a package says so at the end of its name.
func isHelper(dir string) bool { return strings.HasSuffix(path.Base(dir), "test") }

// isTool reports whether dir holds a program that developers run and users never get.
func isTool(dir string) bool {
	return dir == "internal/tools" || strings.HasPrefix(dir, "internal/tools/")
}

// isExample reports whether dir holds a program that users read and run as it is.
func isExample(dir string) bool { return strings.HasPrefix(dir, "examples/") }

// resolve finds what the names of one package mean as far as the package itself
// tells: its imports and the values of its constants. What it imports is not
// loaded, so it needs no build, and errors about that are no news.
func resolve(fset *token.FileSet, fs []*file) {
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	var parsed []*ast.File
	for _, f := range fs {
		f.info = info
		parsed = append(parsed, f.File)
	}
	conf := types.Config{Importer: hollow{}, Error: func(error) {}, FakeImportC: true}
	_, _ = conf.Check(fs[0].dir, fset, parsed, info)
}

// hollow imports every package as an empty one.
type hollow struct{}

func (hollow) Import(p string) (*types.Package, error) {
	name := path.Base(p)
	if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		name = path.Base(path.Dir(p)) // math/rand/v2 is package rand
	}
	pkg := types.NewPackage(p, name)
	pkg.MarkComplete()
	return pkg, nil
}

// at tells where a position is.
func (t *tree) at(pos token.Pos) string {
	p := t.fset.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// imports yields the paths f imports, each with its place.
func (f *file) imports() iter.Seq2[string, token.Pos] {
	return func(yield func(string, token.Pos) bool) {
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err == nil && !yield(p, spec.Pos()) {
				return
			}
		}
	}
}

// qualified returns the import path and the name that e stands for, if e is a
// name of another package, as time.Now is.
func (f *file) qualified(e ast.Expr) (pkg, name string) {
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok {
			if p, ok := f.info.Uses[x].(*types.PkgName); ok {
				return p.Imported().Path(), sel.Sel.Name
			}
		}
	}
	return "", ""
}

// constant returns the value of e if it is a constant string.
func (f *file) constant(e ast.Expr) (string, bool) {
	v := f.info.Types[e].Value
	if v == nil || v.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(v), true
}
