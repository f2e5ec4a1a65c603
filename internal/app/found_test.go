package app

import (
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
)

// account makes an account.
func account(t *testing.T, a *App, email string) access.Account {
	t.Helper()
	made, err := a.Accounts.Create(t.Context(), access.NewAccount{Email: email, Name: "Ann Archer", Password: "a sentence that nobody guesses"}, false)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAFoundedWorkspaceHasSettingsAnOwnerAndAWorkflow(t *testing.T) {
	for name, fresh := range configs {
		t.Run(name, func(t *testing.T) {
			a := open(t, fresh(t), Options{Create: true})
			ann := account(t, a, "ann@example.com")
			if _, err := a.Found(t.Context(), "acme", access.Workspace{TimeZone: "Nowhere/Land"}, ann.ID); !fault.Is(err, fault.Invalid) {
				t.Errorf("with a wrong zone: %v", err)
			}
			id, err := a.Found(t.Context(), "acme", access.Workspace{TimeZone: "Asia/Tokyo"}, ann.ID)
			if err != nil {
				t.Fatalf("the failed founding cannot be gone on with: %v", err)
			}
			s, err := a.Ledger.At(t.Context(), id, ledger.Actor{ID: ann.ID}, 0)
			if err != nil {
				t.Fatal(err)
			}
			w := access.SettingsOf(s)
			if w.Name != "acme" || w.TimeZone != "Asia/Tokyo" || w.FirstWeekday != "monday" || w.Currency != "EUR" {
				t.Errorf("settings = %+v", w)
			}
			if role := access.RoleOf(s, ann.ID); role != access.Owner {
				t.Errorf("role = %q", role)
			}
			if backlog.Statuses.Len(s) == 0 {
				t.Error("there is no workflow")
			}
			if _, err := a.Found(t.Context(), "acme", access.Workspace{}, ann.ID); !fault.Is(err, fault.Conflict) {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

func TestAPageFoundsAWorkspaceUnderASlugThatIsFree(t *testing.T) {
	a := open(t, load(t, nil), Options{Create: true})
	ann := access.Principal{Account: account(t, a, "ann@example.com"), Scope: access.ScopeAdmin}
	for _, want := range []string{"/w/zurich-tools", "/w/zurich-tools-2", "/w/zurich-tools-3"} {
		if path, err := a.foundByPage(t.Context(), ann, web.Founding{Name: "Zürich Tools", Currency: "CHF"}); err != nil || path != want {
			t.Errorf("path = %s, %v, want %s", path, err, want)
		}
	}
}

func TestSlugOf(t *testing.T) {
	for name, want := range map[string]string{
		"Acme":               "acme",
		"  Héllo, Wörld! 2 ": "hello-world-2",
		"東京":                 "workspace",
		"":                   "workspace",
		"A very long name of a company that goes on": "a-very-long-name-of-a-company",
	} {
		if got := slugOf(name); got != want {
			t.Errorf("slugOf(%q) = %q, want %q", name, got, want)
		}
	}
}
