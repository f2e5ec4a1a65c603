package app_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// TestAFileThatCannotBeAttachedTakesNoRoom: its content is stored before anybody can tell
// whether it may be attached, and is taken away again.
func TestAFileThatCannotBeAttachedTakesNoRoom(t *testing.T) {
	each(t, func(t *testing.T, options map[string]string) {
		w := newWorld(t, options)
		w.populate()
		on := w.make("features", ledger.System, w.public).String()
		used := func() int64 {
			t.Helper()
			n, err := w.Files.Used(context.Background(), w.ws)
			must(t, err)
			return n
		}
		before := used()
		send := func(who, base, about, content string) int {
			q := url.Values{"kind": {"feature"}, "about": {about}, "name": {"a.txt"}}
			return w.send(w.people[who], ask{method: http.MethodPost, path: base + "/attachments?" + q.Encode(), raw: content}).Code
		}
		for _, base := range []string{"/w/" + slug, "/api/v1/" + slug} {
			for _, c := range []struct{ who, about string }{
				{"viewer", on},               // may not
				{"editor", w.ws.String()},    // there is none
				{"editor", "no identifier"},  // nor could there be
				{"guest", w.secret.String()}, // nor may they know of it
			} {
				if status := send(c.who, base, c.about, "refused "+base); status < 400 {
					t.Errorf("%s attaches a file to %s at %s: %d", c.who, c.about, base, status)
				}
				if now := used(); now != before {
					t.Errorf("%s, %s at %s: %d bytes are taken, want %d", c.who, c.about, base, now, before)
				}
			}
			if status := send("editor", base, on, "taken "+base); status >= 400 || used() == before {
				t.Errorf("an editor attaches a file at %s: %d, %d bytes are taken", base, status, used())
			}
			before = used()
			if status := send("viewer", base, on, "taken "+base); status < 400 || used() != before {
				t.Errorf("a viewer sends at %s what is there: %d, %d bytes are left of %d", base, status, used(), before)
			}
		}
	})
}
