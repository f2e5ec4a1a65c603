package api_test

import (
	"strings"
	"testing"
)

func TestAFeatureIsMadeReadChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.owner
		made := c.post("fieldbook/features", `{"title":"Sync offline","priority":"high","effort":"5/8/13","tags":["field","sync"],"description":"# Why\n\nNo signal."}`).want(201)
		e := made.entity()
		if e.text("key") != "FB-1" || e["version"] != 1.0 || e.title("status") != "Idea" || e.title("product") != "Fieldbook" ||
			e.text("priority") != "high" || e.text("description") != "# Why\n\nNo signal." || e["target"] != nil {
			t.Errorf("made %v", e)
		}
		if want := `{"id":"` + e.text("id") + `","key":"FB-1","version":1,"title":"Sync offline","objective":null,"owner":null,`; !strings.HasPrefix(string(made.body), want) {
			t.Errorf("columns stand in another order than in the table: %s", made.body)
		}
		location := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/")
		for _, at := range []string{location, "fieldbook/features/FB-1", "fieldbook/features/fb-1"} {
			if read := c.get(at).want(200); string(read.body) != string(made.body) || read.header.Get("ETag") != made.header.Get("ETag") {
				t.Errorf("%s reads %s, made was %s", at, read.body, made.body)
			}
		}
		e = c.patch(location, `{"title":"Sync without a signal","target":"2026-09-01","priority":null}`).want(200).entity()
		if e["version"] != 2.0 || e.text("title") != "Sync without a signal" || e.text("target") != "2026-09-01" || e["priority"] != nil || e["description"] == nil {
			t.Errorf("changed to %v", e)
		}
		if p := c.get("fieldbook/features").want(200).page(); p.Total != 1 || p.Items[0].text("key") != "FB-1" || p.Next != "" {
			t.Errorf("listed %+v", p)
		} else if _, there := p.Items[0]["description"]; there {
			t.Error("a list has long texts though nobody asked for them")
		}
		c.delete(location).want(204)
		c.get(location).refused(404)
		if p := c.get("fieldbook/features").want(200).page(); p.Total != 0 || p.Items == nil {
			t.Errorf("listed %+v", p)
		}
	})
}
