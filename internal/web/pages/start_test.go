package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func TestAWorkspaceIsRemovedByAnOwnerWhoWritesItsName(t *testing.T) {
	s := newSite(t)
	admin := s.Client(t, s.Account(t, "Ada", access.Admin))
	right := url.Values{"confirm": {"Fieldbook"}}
	if r, _ := s.Post(t, admin, "/w/fieldbook/remove", right); r.StatusCode != http.StatusForbidden {
		t.Errorf("an admin removes it: %d", r.StatusCode)
	}
	if _, body := s.Get(t, admin, "/w/fieldbook/settings"); strings.Contains(body, "fieldbook/remove") {
		t.Error("an admin is offered to remove it")
	}
	_, body := s.post("remove", url.Values{"confirm": {"fieldbok"}}, http.StatusUnprocessableEntity)
	if !strings.Contains(body, "write the name as it stands here") {
		t.Errorf("a wrong name: %.300s", plainText(body))
	}
	s.get("features", http.StatusOK)
	s.post("remove", right, http.StatusSeeOther)
	if all, err := s.Ledger.Workspaces(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("workspaces = %v, %v", all, err)
	}
}

// The steps are computed from what is there, and are each reader's own to put away.
func TestTheFirstStepsAreDoneByWhatIsThere(t *testing.T) {
	s := newSite(t)
	sees := func(c *http.Client, want string) {
		t.Helper()
		_, body := s.Get(t, c, "/w/fieldbook/releases")
		at := strings.Index(body, `title="Get started"`)
		if want == "" != (at < 0) || at >= 0 && !strings.Contains(body[at:min(len(body), at+600)], want) {
			t.Errorf("the sidebar does not say %q", want)
		}
	}
	sees(s.c, "3/5") // an objective, three features, a release; nobody else, no view
	eve := s.Account(t, "Eve", access.Editor)
	editor := s.Client(t, eve)
	sees(s.c, "4/5")
	sees(editor, "3/4") // editors invite nobody
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	sees(viewer, "")
	s.post("start", url.Values{}, http.StatusSeeOther)
	sees(s.c, "")
	sees(editor, "3/4")
	if body := s.get("start", http.StatusOK); !strings.Contains(body, "Save a view") || strings.Contains(body, "Start your first thread") {
		t.Error("the page is not there any more, or takes the workspace for a new one")
	}
	s.post("start", url.Values{"show": {"yes"}}, http.StatusSeeOther)
	s.post("features/views", url.Values{"title": {"Mine"}, "query": {"q=x"}, "shared": {"yes"}}, http.StatusSeeOther)
	sees(s.c, "") // all is done
	s.write(func(tx *ledger.Tx) error {
		for w := range access.Workspaces.All(tx) {
			return access.Workspaces.Edit(tx, w.ID, func(w *access.Workspace) error { w.Demo = true; return nil })
		}
		return nil
	})
	sees(editor, "")
}
