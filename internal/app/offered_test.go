package app_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// TestWhatIsOfferedIsAccepted looks at the pages of entities as everybody sees them and
// does what they offer, and what they do not offer: the first is done, the second refused.
func TestWhatIsOfferedIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, options map[string]string) {
		w := newWorld(t, options)
		w.populate()
		patterns := map[string]bool{}
		for _, r := range w.Routes() {
			patterns[r.Method+" "+r.Pattern] = true
		}
		offers, others := 0, 0
		for _, kind := range kinds {
			base := "/w/" + slug + "/" + kind.name
			pattern := "POST /w/{workspace}/" + kind.name
			if !patterns[pattern+"/{entity}/edit"] || !patterns["GET /w/{workspace}/"+kind.name] {
				continue
			}
			for _, p := range principals {
				if p.scope != "" || p.nobody || p.workspace == none && p.public == none {
					continue
				}
				who := w.people[p.name]
				attempt := func(what string, offered bool, q ask) {
					t.Helper()
					w.clock.Move(time.Second)
					done := outcome(w.send(who, q)) == done
					if done != offered {
						t.Errorf("%s, %s: offered %v, done %v", p.name, what, offered, done)
					}
					if offered {
						offers++
					} else {
						others++
					}
				}
				for _, state := range []string{"public", "private", "wide", "own", "proposed"} {
					c := &try{w: w, who: who, p: p, pattern: pattern, kind: kind.name, state: state, path: map[string]string{}}
					if !slices.Contains(strings.Fields(kind.states), state) || state == "own" && !w.owns(c) {
						continue
					}
					id := w.entity(c)
					query := w.queryOf(state)
					page := w.send(who, get(base+"/"+id.String()+query))
					if page.Code == http.StatusSeeOther {
						page = w.send(who, get(page.Header().Get("Location")))
					}
					body := page.Body.String()
					offered := func(attribute, action string) bool {
						return page.Code == http.StatusOK && regexp.MustCompile(attribute+`="`+base+`/[^/"]+/`+action).MatchString(body)
					}
					column, value := w.edits(kind.name)
					about := kind.name + " " + state
					edit := offered("href", "edit")
					remove := offered("action", "delete")
					attempt("edit "+about, edit, ask{method: http.MethodPost, path: base + "/" + id.String() + "/edit" + query, form: formOf(map[string]string{column: value})})
					attempt("delete "+about, remove, ask{method: http.MethodPost, path: base + "/" + id.String() + "/delete" + query, form: formOf(nil)})
				}
				list := w.send(who, get(base))
				product := w.public
				if kind.states[:4] == "wide" {
					product = ledger.ID{}
				}
				if p.name == "insider" && slices.Contains(strings.Fields(kind.states), "private") && kind.name != "products" {
					product = w.private
				}
				offered := list.Code == http.StatusOK && strings.Contains(list.Body.String(), "of="+kind.name+`" data-act="create"`)
				attempt("make "+kind.name, offered, ask{method: http.MethodPost, path: base, form: formOf(w.values(kind.name, product))})
			}
		}
		if offers < 50 || others < 50 {
			t.Errorf("%d offers and %d others were tried", offers, others)
		}
	})
}

// TestTheDialogNamesTheProductsThatOneMayWriteTo looks at the products in the forms for
// something new.
func TestTheDialogNamesTheProductsThatOneMayWriteTo(t *testing.T) {
	w := newWorld(t, engines["sqlite"](t))
	w.populate()
	for _, p := range []struct {
		who          string
		open, secret bool
	}{{"guest", true, false}, {"insider", false, true}, {"owner", true, true}, {"editor", true, false}} {
		for _, path := range []string{"/create?of=objectives", "/objectives/new", "/features/new"} {
			if p.who == "editor" && path == "/create?of=objectives" || p.who == "owner" && path == "/create?of=objectives" {
				continue // who may write to the whole workspace is not asked
			}
			body := w.send(w.people[p.who], get("/w/"+slug+path)).Body.String()
			has := func(product string) bool {
				return regexp.MustCompile(`<option value="[^"]+"[^>]*>[^<]*` + product).MatchString(body)
			}
			if has("Open") != p.open || has("Secret") != p.secret {
				t.Errorf("%s is offered Open %v, Secret %v at %s", p.who, has("Open"), has("Secret"), path)
			}
		}
	}
}
