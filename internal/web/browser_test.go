package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/throughline-pm/throughline/internal/web/browsertest"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

func TestPagesInABrowser(t *testing.T) {
	fresh := webtest.New(t, webtest.Options{Empty: true})
	site := webtest.New(t, webtest.Options{})
	session := site.Session(t, site.Owner)
	for _, page := range []struct {
		name, address string
		cookies       []*http.Cookie
	}{
		{"setup", fresh.Server.URL + "/setup", nil},
		{"login", site.Server.URL + "/login", nil},
		{"gallery", site.Server.URL + "/_gallery", nil},
		{"gallery-past", site.Server.URL + "/_gallery?at=1", nil},
		{"gallery-proposal", site.Server.URL + "/_gallery?in=1", nil},
		{"new", site.Server.URL + "/new", []*http.Cookie{session}},
		{"account", site.Server.URL + "/account", []*http.Cookie{session}},
		{"find", site.Server.URL + "/w/fieldbook/find?q=field", []*http.Cookie{session}},
		{"home", site.Server.URL + "/?all=1", []*http.Cookie{session}},
	} {
		for _, look := range []struct {
			width  int
			scheme string
		}{{browsertest.Desk, "light"}, {browsertest.Desk, "dark"}, {browsertest.Tablet, "light"}, {browsertest.Phone, "light"}} {
			name := fmt.Sprintf("%s-%d-%s", page.name, look.width, look.scheme)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := browsertest.Open(t, page.address, look.width, look.scheme, page.cookies...)
				p.Shot(name)
				p.Check()
			})
		}
	}
}
