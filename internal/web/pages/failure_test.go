package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
)

// What fails in front of a member has the workspace around it, and its links lead on.
func TestFailuresOfAMemberKeepTheSidebar(t *testing.T) {
	s := newSite(t)
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	outsider := s.Client(t, s.Account(t, "Otto", access.Nobody))
	for _, test := range []struct {
		by           *http.Client
		method, path string
		status       int
		says         string
		inside       bool
	}{
		{s.c, "GET", "features/FB-404", 404, "Nothing here", true},
		{s.c, "GET", "features?at=yesterday-ish", 422, "This cannot be read", true},
		{s.c, "GET", "features?in=P-404", 404, "There is no proposal P-404", true},
		{viewer, "POST", "features/FB-1/delete", 403, "Nothing was changed", true},
		{viewer, "GET", "members", 403, "Not for you to do", true},
		{outsider, "GET", "features", 404, "Nothing here", false},
	} {
		var form url.Values
		if test.method == "POST" {
			form = url.Values{}
		}
		r, body := s.Do(t, test.by, test.method, "/w/fieldbook/"+test.path, form)
		if r.StatusCode != test.status || !strings.Contains(plainText(body), test.says) {
			t.Errorf("%s %s: %d %.300s", test.method, test.path, r.StatusCode, plainText(body))
		}
		if inside := strings.Contains(body, `class="side-nav"`); inside != test.inside {
			t.Errorf("%s %s: the sidebar is there: %t", test.method, test.path, inside)
		}
		if strings.Contains(body, "in=P-404") || strings.Contains(body, "at=yesterday") {
			t.Errorf("%s %s: links lead to the failure again", test.method, test.path)
		}
	}
}

func TestWhatIsArchivedSaysSoAndIsRestored(t *testing.T) {
	s := newSite(t)
	if body := s.get("features/FB-2", http.StatusOK); strings.Contains(body, "Restore") {
		t.Error("what is in use can be restored")
	}
	s.post("features/FB-2/field/archived", url.Values{"was": {"no"}, "archived": {"yes"}}, http.StatusSeeOther)
	if body := s.get("features", http.StatusOK); strings.Contains(body, "Audit export") {
		t.Error("a list shows what is archived")
	}
	if body := s.get("features?filter=archived+%3D+yes", http.StatusOK); !strings.Contains(body, "Audit export") {
		t.Error("a filter does not show what is archived")
	}
	body := s.get("features/FB-2", http.StatusOK)
	if !strings.Contains(plainText(body), "Archived: lists show it only") || !strings.Contains(body, "Restore") {
		t.Errorf("the page does not say that it is archived: %.300s", plainText(body))
	}
	s.post("features/FB-2/field/archived", url.Values{"was": {"yes"}, "archived": {"no"}}, http.StatusSeeOther)
	if body := s.get("features", http.StatusOK); !strings.Contains(body, "Audit export") {
		t.Error("what is restored is not in the list")
	}
}
