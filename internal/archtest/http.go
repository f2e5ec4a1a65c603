package archtest

import "go/ast"

// clients are the ways to send a request with net/http.
var clients = set("Get Head Post PostForm Client Transport DefaultClient DefaultTransport")

// checkHTTP lets nothing but outbound send HTTP requests. Its client refuses
// private addresses and redirects; a second client would be the hole in that wall.
// A *http.Client that somebody is handed is fine: outbound made it.
func checkHTTP(t *tree) (found []breach) {
	for _, f := range t.files {
		if f.test || roomOf(f.dir) == "internal/outbound" {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.StarExpr:
				pkg, name := f.qualified(n.X)
				return pkg != "net/http" || name != "Client"
			case *ast.SelectorExpr:
				if pkg, name := f.qualified(n); pkg == "net/http" && clients[name] {
					found = append(found, breach{t.at(n.Pos()), "http." + name + ": requests go out through internal/outbound"})
				}
			}
			return true
		})
	}
	return found
}
