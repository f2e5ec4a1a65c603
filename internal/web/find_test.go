package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
	"github.com/throughline-pm/throughline/internal/web/ui"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

// withProducts is a site whose products have pages.
func withProducts(t *testing.T) *webtest.Site {
	t.Helper()
	s := webtest.New(t, webtest.Options{
		Kit: func(k *web.Kit) {
			k.Nav = []web.Nav{{Section: "What and when", Icon: "layers", Name: "Products", Path: "products", Key: "P", Quick: true}, {Section: "Foot", Icon: "settings", Name: "Settings", Path: "settings", Least: access.Admin}}
			k.Places = map[string]func(string, ledger.ID) string{"product": func(_ string, id ledger.ID) string { return "products/" + id.String() }}
		},
		Routes: func(*web.Kit) []web.Route {
			page := func(q *web.Request) error {
				return q.Page(web.Page{Title: "Products"}, templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
					_, err := fmt.Fprintf(w, `<h1>Products</h1><button id="fail" hx-get="/w/fieldbook/refused" hx-nonce="%[1]s" hx-target="#main">Fail</button>
						<button id="move" hx-post="/w/fieldbook/moved" hx-nonce="%[1]s" hx-target="#where">Move</button><p id="where">4.1</p>`, templ.GetNonce(ctx))
					return err
				}))
			}
			return []web.Route{
				{Method: "GET", Pattern: "/w/{workspace}/products", Who: web.Member, Handle: page},
				{Method: "GET", Pattern: "/w/{workspace}/products/{id}", Who: web.Member, Handle: page},
				{Method: "POST", Pattern: "/w/{workspace}/moved", Who: web.Member, Handle: func(q *web.Request) error {
					q.Said("Moved to 4.2", 1)
					return q.Fragment(ui.Text("4.2"))
				}},
				{Method: "GET", Pattern: "/w/{workspace}/refused", Who: web.Member, Handle: func(*web.Request) error {
					return fault.New(fault.Conflict, "somebody else renamed it <b>first</b>")
				}},
			}
		},
	})
	_, err := s.Ledger.Update(t.Context(), s.Workspace, ledger.System, "add", func(tx *ledger.Tx) error {
		for _, p := range []access.Product{{Name: "Mobile app", Prefix: "MA"}, {Name: "Mobile payments", Prefix: "MP", Private: true}} {
			if _, err := access.Products.Create(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFind(t *testing.T) {
	s := withProducts(t)
	viewer, owner := s.Client(t, s.Account(t, "Vera", access.Viewer)), s.Client(t, s.Owner)
	for _, header := range [][]string{nil, {"HX-Request", "true"}} {
		words := func(body string) string { return strings.NewReplacer("<mark>", "", "</mark>", "").Replace(body) }
		_, body := s.Do(t, owner, "GET", "/w/fieldbook/find?q=mobile", nil, header...)
		body = words(body)
		if !strings.Contains(body, "Mobile app") || !strings.Contains(body, "Mobile payments") {
			t.Errorf("%v: the owner does not find both\n%s", header, body)
		}
		_, body = s.Do(t, viewer, "GET", "/w/fieldbook/find?q=mobile", nil, header...)
		body = words(body)
		if !strings.Contains(body, "Mobile app") || strings.Contains(body, "payments") {
			t.Errorf("%v: a viewer finds something else than the one product that is not private\n%s", header, body)
		}
		if fragment := header != nil; strings.Contains(body, "<html") == fragment {
			t.Errorf("%v: not what was asked for", header)
		}
		if _, body = s.Do(t, owner, "GET", "/w/fieldbook/find?q=%3Cscript%3E", nil, header...); strings.Contains(body, "<script>") || !strings.Contains(body, "Nothing") {
			t.Errorf("%v: nothing to find:\n%s", header, body)
		}
	}
	s.Clock.Move(48 * time.Hour)
	if _, body := s.Get(t, owner, "/w/fieldbook/find?q=mobile&at=2026-05-12"); !strings.Contains(body, "?at=2026-05-12") || !strings.Contains(body, `data-time="past"`) {
		t.Errorf("hits of the past lead out of it\n%s", body)
	}
}

func TestSidebarHoldsWhatTheReaderHas(t *testing.T) {
	s := withProducts(t)
	_, viewer := s.Get(t, s.Client(t, s.Account(t, "Vera", access.Viewer)), "/w/fieldbook/products")
	_, owner := s.Get(t, s.Client(t, s.Owner), "/w/fieldbook/products")
	if strings.Contains(viewer, "/w/fieldbook/settings") || !strings.Contains(owner, "/w/fieldbook/settings") {
		t.Error("the settings are for admins alone")
	}
	if !strings.Contains(viewer, `href="/w/fieldbook/products" title="Products (G P)" data-go="P" aria-current="page"`) {
		t.Errorf("the page is not marked in the sidebar:\n%s", viewer)
	}
	r, _ := s.Get(t, s.Client(t, s.Owner), "/w/fieldbook/")
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/w/fieldbook/products" {
		t.Errorf("the front of the workspace leads to %q", r.Header.Get("Location"))
	}
}

func TestPaletteInABrowser(t *testing.T) {
	s := withProducts(t)
	session := s.Session(t, s.Owner)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/products", browsertest.Desk, "light", session)
	find := func(selector string) {
		t.Helper()
		p.Has(selector)
	}
	p.MustElement("#move").MustClick()
	find("#toasts .toast form button")
	if where, toast := p.MustElement("#where").MustText(), p.MustElement("#toasts .toast").MustText(); where != "4.2" || !strings.Contains(toast, "Moved to 4.2") {
		t.Errorf("after the move: %q, and the toast says %q", where, toast)
	}
	p.MustElement("#fail").MustClick()
	find("#toasts .toast:nth-of-type(2)")
	if text := p.MustElement("#toasts .toast:nth-of-type(2)").MustText(); !strings.Contains(text, "Somebody else renamed it <b>first</b>") {
		t.Errorf("the toast says %q", text)
	}
	find("#fail") // the page stayed
	p.Keyboard.MustType('/')
	p.MustElement("#palette input").MustInput("mobil")
	find("#found [role=option][aria-selected=true]")
	p.Shot("palette-found")
	p.Keyboard.MustType(input.ArrowDown)
	find("#found [role=option]:nth-of-type(2)[aria-selected=true], #found [id=hit-0-1][aria-selected=true]")
	for _, c := range p.Complaints() {
		if !strings.Contains(c, "409") { // what the page was made to be answered
			t.Error(c)
		}
	}
	p.Keyboard.MustType(input.Enter)
	p.MustWaitLoad()
	if at := p.MustInfo().URL; !strings.Contains(at, "/w/fieldbook/products/") {
		t.Errorf("Enter leads to %s", at)
	}

	// when the session has ended, a fragment leads to the sign-in too
	principal, err := s.Accounts.BySession(t.Context(), session.Value)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Accounts.SignOut(t.Context(), principal); err != nil {
		t.Fatal(err)
	}
	s.Clock.Move(time.Second)
	p.Keyboard.MustType('/') // the palette asks at once
	find(`form[action="/login"]`)
}
