package app_test

import (
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
)

// A public thing that is linked to private ones says so and no more, wherever it is shown.
func TestALinkToSomethingPrivateSaysSoAndNoMore(t *testing.T) {
	w := twinOf(t, engines["sqlite"](t), true)
	var public, moved ledger.ID
	var aim, ships ledger.ID
	w.do(ledger.System, func(tx *ledger.Tx) (err error) {
		if aim, err = strategy.Objectives.Create(tx, strategy.Objective{Title: canary + " aim", Product: ledger.Ref(w.private)}); err != nil {
			return err
		}
		if ships, err = release.Releases.Create(tx, release.Release{Name: canary + " ships", Product: ledger.Ref(w.private), Status: release.Planned}); err != nil {
			return err
		}
		if public, err = backlog.Features.Create(tx, backlog.Feature{
			Title: "Crossing", Product: ledger.Ref(w.public), Status: w.status(tx),
			Objective: ledger.Ref(aim), Release: ledger.Ref(ships), Parent: ledger.Ref(w.secret),
		}); err != nil {
			return err
		}
		moved, err = backlog.Features.Create(tx, backlog.Feature{Title: canary + " inside", Product: ledger.Ref(w.private), Status: w.status(tx)})
		if err != nil {
			return err
		}
		return backlog.Connect(tx, public, backlog.Blocks, w.secret)
	})
	w.do(ledger.System, func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, public, func(f *backlog.Feature) error { f.Release = ledger.Ref{}; return nil })
	})
	w.do(ledger.System, func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, moved, func(f *backlog.Feature) error { f.Title, f.Product = "Outside", ledger.Ref(w.public); return nil })
	})
	key := w.keyOf(public)
	all := "?columns=key,title,objective,release,parent,product,blocks,parts"
	for _, who := range []string{"viewer", "editor", "guest"} {
		for path, tells := range map[string]bool{
			"/w/" + slug + "/features/" + key:                              true,
			"/w/" + slug + "/features/" + key + "/history":                 true,
			"/w/" + slug + "/features/" + key + "/edit":                    false,
			"/w/" + slug + "/features/" + key + "/field/objective":         false,
			"/w/" + slug + "/features" + all:                               true,
			"/w/" + slug + "/features" + all + "&group=objective":          true,
			"/w/" + slug + "/features/export.csv" + all:                    true,
			"/api/v1/" + slug + "/features/" + key:                         true,
			"/api/v1/" + slug + "/features/" + key + "/history":            true,
			"/api/v1/" + slug + "/features" + all + "&group=parent":        true,
			"/api/v1/" + slug + "/features" + all + "&sort=objective":      true,
			"/api/v1/" + slug + "/search?q=crossing&texts=yes":             false,
			"/w/" + slug + "/features/" + moved.String() + "/history":      false,
			"/api/v1/" + slug + "/features/" + moved.String():              false,
			"/api/v1/" + slug + "/features/" + moved.String() + "/history": false,
		} {
			answer := w.send(w.people[who], get(path))
			body := answer.Body.String()
			if answer.Code >= 400 && answer.Code != 404 {
				t.Errorf("%s, %s: %d", who, path, answer.Code)
			}
			if strings.Contains(strings.ToLower(body), canary) {
				t.Errorf("%s, %s tells the canary: %s", who, path, around(body, canary))
			}
			for _, id := range []ledger.ID{aim, ships, w.secret, w.private} {
				if strings.Contains(body, id.String()) {
					t.Errorf("%s, %s tells an identifier: %s", who, path, around(body, id.String()))
				}
			}
			if tells && !strings.Contains(body, "a private item") && !strings.Contains(body, `{"private":true}`) {
				t.Errorf("%s, %s does not say that there is something", who, path)
			}
		}
	}
}

func (w *world) keyOf(feature ledger.ID) string {
	w.t.Helper()
	s, err := w.Ledger.At(w.t.Context(), w.ws, ledger.System, 0)
	must(w.t, err)
	f, ok := backlog.Features.Get(s, feature)
	if !ok {
		w.t.Fatal("the feature is gone")
	}
	return f.Key
}

// around shows where a word stands.
func around(text, word string) string {
	i := strings.Index(strings.ToLower(text), word)
	return text[max(0, i-100):min(len(text), i+len(word)+60)]
}
