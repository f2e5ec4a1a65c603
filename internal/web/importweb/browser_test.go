package importweb

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// walk is a person at a browser who counts clicks.
type walk struct {
	*browsertest.Page
	t      *testing.T
	clicks int
}

// click presses what the selector finds, and waits for the page that says want.
func (w *walk) click(selector, want string) {
	w.t.Helper()
	w.clicks++
	e, err := w.Element(selector)
	if err == nil {
		err = e.Click(proto.InputMouseButtonLeft, 1)
	}
	if err != nil {
		w.t.Fatalf("%s: %v", selector, err)
	}
	w.await(want)
}

// await waits until the page says want; between two pages there is none to ask.
func (w *walk) await(want string) {
	w.t.Helper()
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
		said, err := w.Eval(`want => document.readyState === 'complete' && document.querySelector('main')?.innerText.includes(want)`, want)
		if err == nil && said.Value.Bool() {
			return
		}
	}
	body, _ := w.HTML()
	w.t.Fatalf("the page does not say %q but %s", want, plainText(body))
}

func TestFromTheListToTheUndoInEightClicks(t *testing.T) {
	s := newSite(t, nil)
	file := filepath.Join(t.TempDir(), "jira-export.csv")
	s.must(os.WriteFile(file, []byte(jira()), 0o600))
	w := &walk{Page: browsertest.Open(t, s.server.URL+"/w/fieldbook/features", browsertest.Desk, "light", s.Session(t, s.Owner)), t: t}

	w.click(`a[href$="/import"]`, "Read the file")
	w.Check()
	w.clicks++ // the button that opens the dialogue of the browser; a file may also be dropped on it
	e, err := w.Element("input[name=file]")
	s.must(err)
	s.must(e.SetFiles([]string{file}))
	w.click("form[enctype] button[type=submit]", "for Jira CSV")
	w.Shot("import-mapping")
	w.Check()
	w.click(".acts button.pri", "7 problems need you")
	w.await("does not depend on itself")
	w.await("Mapped")
	w.Shot("import-dry-run")
	w.Check()
	w.click(".acts button.pri", "What was written") // the page follows the writing by itself
	w.Shot("import-report")
	w.Check()
	if n := len(s.titles()); n != 494 {
		t.Errorf("%d features after the import", n)
	}
	w.click(`.panel form[action$="/undo"] button`, "This import is undone")
	if left := s.titles(); len(left) != 1 || left["Was here before"] == nil {
		t.Errorf("%d features after the undo", len(left))
	}
	if w.clicks > 8 {
		t.Errorf("%d clicks, and eight is the most", w.clicks)
	}
	w.Check()
}

func TestEveryStepInEveryLook(t *testing.T) {
	s := newSite(t, nil)
	done := s.begin(jira())
	s.carryOut(done)
	open, _ := s.upload(s.c, 303, part{"file", "things.csv", strings.Replace(jira(), "Issue key", "Number of it", 1)}, part{"kind", "", "feature"})
	dry := s.begin(strings.ReplaceAll(jira(), "FLD-", "NEW-"))
	running := s.begin(strings.ReplaceAll(jira(), "FLD-", "RUN-"))
	s.kill(running)
	session := s.Session(t, s.Owner)
	for name, path := range map[string]string{"file": "/w/fieldbook/import", "mapping": open + "/mapping", "dry-run": dry, "running": running, "report": done} {
		for _, look := range []struct {
			name, scheme string
			width        int
		}{{"light", "light", browsertest.Desk}, {"dark", "dark", browsertest.Desk}, {"phone", "light", browsertest.Phone}} {
			t.Run(name+"-"+look.name, func(t *testing.T) {
				p := browsertest.Open(t, s.server.URL+path, look.width, look.scheme, session)
				p.Shot("import-" + name + "-" + look.name)
				p.Check()
				wide, err := p.Eval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`)
				s.must(err)
				if n := wide.Value.Int(); n > 0 {
					t.Errorf("the page is %d pixels wider than its window", n)
				}
			})
		}
	}
}
