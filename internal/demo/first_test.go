package demo

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// TestTheFirstQuarterOfAnHour: whoever starts the program makes an account, loads the demo
// and sees an objective, features and a release in at most four clicks, without a file of
// configuration; removing the demo leaves nothing behind.
func TestTheFirstQuarterOfAnHour(t *testing.T) {
	c, err := config.Load(map[string]string{"data": filepath.Join(t.TempDir(), "data")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), c, app.Options{Create: true, Demo: Load, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	code, err := a.Accounts.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)

	p := browsertest.Open(t, server.URL, browsertest.Desk, "light")
	is := func(selector string) {
		t.Helper()
		if _, err := p.Timeout(30 * time.Second).Element(selector); err != nil {
			t.Fatalf("nothing is %s at %s: %v", selector, p.MustInfo().URL, err)
		}
	}
	clicks := 0
	click := func(selector, text string) {
		t.Helper()
		clicks++
		p.Timeout(10*time.Second).MustElementR(selector, text).MustClick()
	}
	for field, value := range map[string]string{"code": code, "name": "Ann", "email": "ann@example.com", "password": password} {
		p.MustElement(`[name="` + field + `"]`).MustInput(value)
	}
	click("button", "Create account")
	is(".new-ws")
	p.Shot("first-new")
	p.Check()
	click("label", "A demo product")
	click("button", "Load demo product")
	is("table.grid tr[data-row]")
	p.Shot("first-features")
	is("table.grid .obj")                        // an objective
	p.MustElementR("table.grid tr.grp", "4\\.2") // a release
	click("a.nav-i", "Objectives")
	p.Timeout(10*time.Second).MustElementR("table.grid tr[data-row]", "offline")
	if clicks > 4 {
		t.Errorf("it took %d clicks", clicks)
	}
	p.Check()

	p.MustNavigate(server.URL + "/w/" + Slug + "/settings").MustWaitLoad()
	p.Shot("first-remove")
	p.MustElement(`[name="confirm"]`).MustInput("Fieldbook")
	click("button", "Remove demo")
	is(".new-ws") // there is nothing left to show
	if all, err := a.Ledger.Workspaces(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("workspaces = %v, %v", all, err)
	}
	if all, err := a.Accounts.All(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("accounts = %v, %v", all, err)
	}

	// a workspace of one's own begins with three ways and the first steps
	p.MustElementR("label", "A blank page").MustClick()
	p.MustElement(`[name="name"]`).MustInput("Acme")
	click("button", "Create workspace")
	is(".first .way")
	p.Shot("first-start")
	p.Check()
	p.MustElementR("a.btn", "Write an objective").MustClick()
	is("#create[open] .create-title:focus")
	p.MustInsertText("Never stops offline")
	p.MustElementR("#create button", "Create objective").MustClick()
	is(".start-steps li.done")
	p.Timeout(10*time.Second).MustElementR(`.nav-i[title="Get started"] .cnt`, "1/5")
	p.Shot("first-step")
	p.MustElementR("button", "Put away").MustClick()
	p.Timeout(10*time.Second).MustElementR(".toast", "Put away")
	if strings.Contains(p.MustElement(".side-nav").MustText(), "Get started") {
		t.Error("what was put away is in the sidebar")
	}
	p.MustNavigate(server.URL + "/w/acme/start").MustWaitLoad()
	p.MustElementR("button", "Show in the sidebar").MustClick()
	is(`.nav-i[title="Get started"]`)
	p.Check()
}
