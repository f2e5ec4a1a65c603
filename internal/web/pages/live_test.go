package pages_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// event is one of a live stream.
type event struct{ name, id, data string }

// listen opens the stream of a page and returns its events; the channel is closed when
// the stream ends.
func (s *site) listen(c *http.Client, address string) <-chan event {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Server.URL+address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("%s answers %d, %s", address, answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	events := make(chan event, 100)
	go func() {
		defer close(events)
		defer answer.Body.Close()
		var e event
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					events <- e
				}
				e = event{}
			}
		}
	}()
	return events
}

// next returns the next event of a name.
func (s *site) next(events <-chan event, name string) event {
	s.t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				s.t.Fatalf("the stream ended before %s", name)
			}
			if e.name == name {
				return e
			}
		case <-late:
			s.t.Fatalf("nothing was said of %s", name)
		}
	}
}

var liveAddress = regexp.MustCompile(`data-live="([^"]+)"`)

// streamOf returns the address of a page's stream from a position on.
func (s *site) streamOf(c *http.Client, path string, from ledger.Seq) string {
	s.t.Helper()
	_, body := s.Get(s.t, c, "/w/fieldbook/"+path)
	found := liveAddress.FindStringSubmatch(body)
	if found == nil {
		s.t.Fatalf("%s has no stream", path)
	}
	return strings.ReplaceAll(found[1], "&amp;", "&") + fmt.Sprintf("&from=%d", from)
}

func (s *site) position() ledger.Seq {
	s.t.Helper()
	now, err := s.Ledger.At(s.t.Context(), s.Workspace, ledger.System, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return now.Seq()
}

func (s *site) rename(key, title string) {
	s.t.Helper()
	s.write(func(tx *ledger.Tx) error {
		f, _ := backlog.Features.ByKey(tx, key)
		return backlog.Features.Edit(tx, f.ID, func(f *backlog.Feature) error { f.Title = title; return nil })
	})
}

func TestLiveStream(t *testing.T) {
	s := newSite(t)
	viewer := s.Account(t, "Vera", access.Viewer)
	c := s.Client(t, viewer)
	before := s.position()
	s.rename("FB-1", "Sync without conflicts")

	// what happened since the position of the page is told first
	events := s.listen(c, s.streamOf(c, "features", before))
	first := s.next(events, "change")
	var told struct {
		Seq     ledger.Seq
		Kinds   []string
		Touched []string
	}
	if err := json.Unmarshal([]byte(first.data), &told); err != nil {
		t.Fatal(err)
	}
	if told.Seq != s.position() || !slices.Equal(told.Kinds, []string{"feature"}) || len(told.Touched) != 1 || first.id != fmt.Sprint(told.Seq) {
		t.Errorf("the stream says %+v", first)
	}

	// what the reader may not know of is not told
	var secret ledger.ID
	s.write(func(tx *ledger.Tx) (err error) {
		secret, err = access.Products.Create(tx, access.Product{Name: "Acquisition", Prefix: "ACQ", Private: true})
		return err
	})
	s.rename("FB-2", "Export of audits")
	second := s.next(events, "change")
	if strings.Contains(second.data, secret.String()) || strings.Contains(second.data, `"product"`) || !strings.Contains(second.data, `"feature"`) {
		t.Errorf("the stream says %s", second.data)
	}

	// who else looks at the page is told by name, and when they leave
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Server.URL+s.streamOf(s.c, "features", s.position()), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if e := s.next(events, "company"); e.data == "[]" {
		e = s.next(events, "company")
		if !strings.Contains(e.data, `"Mira"`) || strings.Contains(e.data, "Vera") {
			t.Errorf("the company is %s", e.data)
		}
	}
	leave()
	_ = answer.Body.Close()
	for e := s.next(events, "company"); e.data != "[]"; {
		e = s.next(events, "company")
	}

	// it ends with the membership
	s.write(func(tx *ledger.Tx) error {
		for m := range access.Memberships.All(tx) {
			if m.Account == viewer.ID {
				return access.Memberships.Delete(tx, m.ID)
			}
		}
		return nil
	})
	s.ends(events)
}

func TestLiveStreamEnds(t *testing.T) {
	s := newSite(t)
	events := s.listen(s.c, s.streamOf(s.c, "features", s.position()))
	s.next(events, "company")
	s.Stop()
	s.ends(events)
}

// ends waits until a stream has ended.
func (s *site) ends(events <-chan event) {
	s.t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case _, open := <-events:
			if !open {
				return
			}
		case <-late:
			s.t.Fatal("the stream does not end")
		}
	}
}

func TestLiveStreamRefuses(t *testing.T) {
	s := newSite(t)
	for path, status := range map[string]int{
		"live":                              http.StatusUnprocessableEntity,
		"live?from=-1":                      http.StatusUnprocessableEntity,
		"live?from=1&at=2026-01-01":         http.StatusUnprocessableEntity,
		"live?from=1&in=P-1":                http.StatusNotFound,
		"live?from=1&from=2":                http.StatusUnprocessableEntity,
		"live?from=9223372036854775807&x=%": http.StatusUnprocessableEntity,
	} {
		s.get(path, status)
	}
}

// Two people look at one list: what one changes the other sees, without losing what
// they are typing, where they have scrolled, and what they have chosen.
func TestLiveInABrowser(t *testing.T) {
	s := newSite(t)
	vera := s.Account(t, "Vera", access.Editor)
	mine := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features", browsertest.Desk, "light", s.Session(t, s.Owner))
	hers := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features", browsertest.Desk, "dark", s.Session(t, vera))
	shows := func(p *browsertest.Page, js string) {
		t.Helper()
		if err := p.Timeout(10 * time.Second).Wait(rod.Eval(js)); err != nil {
			t.Errorf("never: %s: %v", js, err)
		}
	}
	shows(mine, `() => !!document.querySelector('#company [title^="Vera"]')`)
	shows(hers, `() => !!document.querySelector('#company [title^="Mira"]')`)
	mine.Shot("live-company")

	// she types into the search while he renames
	hers.MustElement("#asof") // the page is there
	hers.MustEval(`() => { const i = document.createElement('input'); i.id = 'typing'; const hold = document.querySelector('tr[data-row] td:last-child'); hold.dataset.hold = ''; hold.append(i); i.focus(); i.value = 'half a thought'; i.setSelectionRange(4, 4) }`)
	s.rename("FB-1", "Sync without conflicts")
	shows(hers, `() => document.querySelector('#main').innerText.includes('Sync without conflicts')`)
	shows(mine, `() => document.querySelector('#main').innerText.includes('Sync without conflicts')`)
	if got := hers.MustEval(`() => { const i = document.activeElement; return i.id + ' ' + i.value + ' ' + i.selectionStart }`).Str(); got != "typing half a thought 4" {
		t.Errorf("what was being typed is now %q", got)
	}

	// a change in her browser reaches his, and her undo too, without a page being loaded
	s.write(func(tx *ledger.Tx) error { // not even when the row is gone
		f, _ := backlog.Features.ByKey(tx, "FB-1")
		return backlog.Features.Delete(tx, f.ID)
	})
	shows(mine, `() => !document.querySelector('#main').innerText.includes('Sync without conflicts')`)
	shows(hers, `() => document.querySelectorAll('tr.is-gone').length === 1`)
	if got := hers.MustEval(`() => document.activeElement.value`).Str(); got != "half a thought" {
		t.Errorf("what was being typed is now %q", got)
	}
	hers.MustEval(`() => { delete document.querySelector('#typing').parentElement.dataset.hold; document.querySelector('#typing').remove() }`)
	hers.MustEval(`() => { window.stayed = true }`)
	hers.MustEval(`() => fetch('/w/fieldbook/features/FB-2/field/title', {method: 'POST', headers: {'HX-Request': 'true', 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'text/html'}, body: 'title=Export+for+auditors&was=Audit+export'}).then(r => r.status)`)
	shows(mine, `() => document.querySelector('#main').innerText.includes('Export for auditors')`)
	shows(hers, `() => document.querySelector('#main').innerText.includes('Export for auditors')`)
	if err := hers.Keyboard.Press(input.ControlLeft); err != nil {
		t.Fatal(err)
	}
	hers.Keyboard.MustType('z')
	if err := hers.Keyboard.Release(input.ControlLeft); err != nil {
		t.Fatal(err)
	}
	shows(hers, `() => document.querySelector('#main').innerText.includes('Audit export')`)
	shows(mine, `() => document.querySelector('#main').innerText.includes('Audit export')`)
	shows(hers, `() => document.querySelector('#toasts').innerText.includes('Undone')`)
	if !hers.MustEval(`() => window.stayed === true`).Bool() {
		t.Error("the page was loaded anew")
	}

	// a connection that is gone is shown, and what happened meanwhile is caught up with
	offline := func(yes bool) {
		t.Helper()
		if err := (proto.NetworkEmulateNetworkConditions{Offline: yes, DownloadThroughput: -1, UploadThroughput: -1}).Call(hers.Page); err != nil {
			t.Fatal(err)
		}
	}
	offline(true)
	shows(hers, `() => !document.querySelector('#offline').hidden`)
	hers.Shot("live-offline")
	s.rename("FB-3", "One sign-on for all")
	offline(false)
	shows(hers, `() => document.querySelector('#main').innerText.includes('One sign-on for all')`)
	shows(hers, `() => document.querySelector('#offline').hidden`)
	mine.Check()
}
