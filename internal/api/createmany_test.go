package api_test

import (
	"strings"
	"testing"
)

// Many are made in one commit, all or none, and one undo takes all of them back.
func TestManyAreMadeAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	list := func() string { return string(w.owner.do("GET", "fieldbook/features?columns=title", "").want(200).body) }
	done := string(w.owner.do("POST", "fieldbook/features/create", `{"items":[{"title":"One","tags":["a"]},{"title":"Two"}]}`).want(201).body)
	if !strings.Contains(done, `"ids":["`) || !strings.Contains(list(), `"total":2`) {
		t.Errorf("%s made %s", done, list())
	}
	refused := string(w.owner.do("POST", "fieldbook/features/create", `{"items":[{"title":"Three"},{"title":"Four","priority":"soon"}]}`).want(422).body)
	if !strings.Contains(refused, "items[1].priority") || !strings.Contains(list(), `"total":2`) {
		t.Errorf("%s made %s", refused, list())
	}
	for _, body := range []string{`{}`, `{"items":[]}`, `{"items":["x"]}`, `{"items":[{}],"more":1}`} {
		w.owner.do("POST", "fieldbook/features/create", body).want(422)
	}
	w.owner.do("POST", "fieldbook/undo", "{}").want(200)
	if !strings.Contains(list(), `"total":0`) {
		t.Errorf("after the undo: %s", list())
	}
}
