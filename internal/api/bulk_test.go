package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
)

// Many are written in one commit, by identifiers, keys or a filter, and one undo takes
// all of it back.
func TestManyAreWrittenAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 4 {
		w.owner.do("POST", "fieldbook/features", fmt.Sprintf(`{"title":"F%d","priority":"low","tags":["old","t%d"]}`, i+1, i+1)).want(201)
	}
	done := w.owner.do("PATCH", "fieldbook/features", `{"ids":["FB-1","FB-2","FB-2"],"set":{"priority":"high"},"add":{"tags":["new"]},"remove":{"tags":["old"]}}`).want(200)
	if got := string(done.body); !strings.Contains(got, `"count":2`) {
		t.Errorf("two are counted as %s", got)
	}
	lists := func(filter string, want int) {
		t.Helper()
		r := w.owner.do("GET", "fieldbook/features?filter="+filter, "").want(200)
		if got := string(r.body); !strings.Contains(got, fmt.Sprintf(`"total":%d`, want)) {
			t.Errorf("%s: not %d in %s", filter, want, got)
		}
	}
	lists("priority+%3D+high+and+tags+%3D+new+and+not+tags+%3D+old", 2)
	lists("tags+%3D+t1", 1)
	w.owner.do("POST", "fieldbook/undo", "{}").want(200)
	lists("priority+%3D+low+and+tags+%3D+old", 4)

	w.owner.do("PATCH", "fieldbook/features", `{"filter":"priority = low","q":"F3","set":{"target":"2026-09-30"}}`).want(200)
	lists("target+%3D+2026-09-30", 1)
	w.owner.do("POST", "fieldbook/features/delete", `{"filter":"title in (F1, F2)"}`).want(200)
	lists("", 2)
	w.owner.do("POST", "fieldbook/undo", "{}").want(200)
	lists("", 4)
}

// One that refuses keeps all as they were, and the answer names it.
func TestManyAreWrittenOrNone(t *testing.T) {
	w := newWorld(t, nil)
	w.owner.do("POST", "fieldbook/features", `{"title":"Early"}`).want(201)
	w.owner.do("POST", "fieldbook/features", `{"title":"Late","start":"2026-08-01"}`).want(201)
	at := func() string {
		return string(w.owner.do("GET", "fieldbook/features?columns=title,target,updated_at", "").want(200).body)
	}
	before := at()
	for body, want := range map[string]string{
		`{"ids":["FB-1","FB-2"],"set":{"target":"2026-07-01"}}`:      "FB-2",
		`{"ids":["FB-1","FB-9"],"set":{"target":"2026-07-01"}}`:      "FB-9",
		`{"ids":["FB-1"],"set":{"target":"soon"}}`:                   "target",
		`{"ids":["FB-1"],"set":{"owner":"Nobody"}}`:                  "Nobody",
		`{"ids":["FB-1"],"set":{"colour":"red"}}`:                    "colour",
		`{"ids":["FB-1"],"add":{"title":["x"]}}`:                     "several values",
		`{"ids":["FB-1"],"filter":"","set":{"target":"2026-07-01"}}`: "either ids or filter",
		`{"filter":"colour = red","set":{"target":"2026-07-01"}}`:    "colour",
		`{"ids":["FB-1"]}`:             "say what to write",
		`{"ids":["FB-1"],"title":"x"}`: "is no member here",
	} {
		if got := string(w.owner.do("PATCH", "fieldbook/features", body).want(422).body); !strings.Contains(got, want) {
			t.Errorf("%s: no %q in %s", body, want, got)
		}
	}
	contributor := w.member("Noor", access.Contributor)
	contributor.do("POST", "fieldbook/features", `{"title":"Mine"}`).want(201)
	if got := string(contributor.do("PATCH", "fieldbook/features", `{"ids":["FB-1","FB-2","FB-3"],"set":{"priority":"low"}}`).want(403).body); !strings.Contains(got, "FB-1") || !strings.Contains(got, "FB-2") || strings.Contains(got, "FB-3") {
		t.Errorf("the answer does not name those that are not the contributor's: %s", got)
	}
	w.owner.do("DELETE", "fieldbook/features/FB-3", "").want(204)
	if after := at(); after != before {
		t.Errorf("a refused write changed something:\n%s\n%s", before, after)
	}
}
