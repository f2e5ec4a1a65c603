package api_test

import (
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
)

func TestOrderIsMadeByHand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, title := range []string{"A", "B", "C"} {
			w.owner.post("fieldbook/features", `{"title":"`+title+`","product":"FB"}`).want(201)
		}
		order := func(want string) {
			t.Helper()
			have := ""
			for _, e := range w.owner.get("fieldbook/features?sort=rank").want(200).page().Items {
				have += e.text("title")
			}
			if have != want {
				t.Errorf("the order is %s, want %s", have, want)
			}
		}
		order("ABC")
		w.owner.post("fieldbook/features/FB-3/move", `{"behind":"FB-1","before":"FB-2"}`).want(200)
		order("ACB")
		w.owner.post("fieldbook/features/FB-2/move", `{"before":"FB-1"}`).want(200)
		order("BAC")
		w.owner.post("fieldbook/features/FB-2/move", `{"behind":"FB-3"}`).want(200)
		order("ACB")
		w.owner.post("fieldbook/features/FB-2/move", `{"behind":"FB-9","beside":"FB-1","before":3}`).refused(422, "before", "behind", "beside")
		w.owner.post("fieldbook/features/FB-9/move", `{"behind":"FB-1"}`).refused(404)
		w.member("vera", access.Viewer).post("fieldbook/features/FB-1/move", `{"behind":"FB-2"}`).refused(403)
		order("ACB")
	})
}

func TestFavouritesAreOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Kit.Places = map[string]func(string, ledger.ID) string{"feature": func(key string, _ ledger.ID) string { return "features/" + key }}
		id := w.owner.post("fieldbook/features", `{"title":"A","product":"FB"}`).want(201).entity().text("id")
		vera := w.member("vera", access.Viewer)
		kept := func(c *client, want int) {
			t.Helper()
			if got := c.get("fieldbook/favourites").want(200).page(); len(got.Items) != want || want > 0 && got.Items[0].text("title") != "A" {
				t.Errorf("%v are kept, want %d", got.Items, want)
			}
		}
		kept(vera, 0)
		for range 2 {
			vera.do("PUT", "fieldbook/favourites/feature/"+id, "").want(204)
		}
		kept(vera, 1)
		kept(w.owner, 0)
		vera.do("PUT", "fieldbook/favourites/status/"+id, "").refused(422)
		vera.do("PUT", "fieldbook/favourites/feature/x", "").refused(422)
		vera.do("PUT", "fieldbook/favourites/feature/"+w.Workspace.String(), "").refused(404)
		for range 2 {
			vera.delete("fieldbook/favourites/feature/" + id).want(204)
		}
		kept(vera, 0)
	})
}

func TestTagsAreRenamedInAllFeatures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, tags := range []string{`["old","sync"]`, `["new","old"]`, `["sync"]`} {
			w.owner.post("fieldbook/features", `{"title":"A","product":"FB","tags":`+tags+`}`).want(201)
		}
		count := func(filter string, want int) {
			t.Helper()
			if got := w.owner.get("fieldbook/features?filter=tags+%3D+" + filter).want(200).page().Total; got != want {
				t.Errorf("%d features have %s, want %d", got, filter, want)
			}
		}
		w.owner.post("fieldbook/tags/rename", `{"from":"old","to":"new"}`).want(200)
		count("old", 0)
		count("new", 2) // one had both
		w.owner.post("fieldbook/tags/rename", `{"from":"sync","to":""}`).want(200)
		count("sync", 0)
		w.owner.post("fieldbook/undo", `{}`).want(200)
		count("sync", 2)
		w.member("vera", access.Viewer).post("fieldbook/tags/rename", `{"from":"new","to":"newer"}`).want(403)
		count("new", 2)
	})
}

func TestListsAreCompared(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owner.post("fieldbook/features", `{"title":"A","product":"FB"}`).want(201)
		gone := w.owner.post("fieldbook/features", `{"title":"Gone","product":"FB"}`).want(201)
		since := "@" + gone.header.Get("Throughline-Position")
		w.owner.patch("fieldbook/features/FB-1", `{"title":"B"}`).want(200)
		w.owner.delete("fieldbook/features/FB-2").want(204)
		w.owner.post("fieldbook/features", `{"title":"New","product":"FB"}`).want(201)
		var c struct{ Then, Now, Added, Removed, Changed int }
		w.owner.get("fieldbook/features/compare?since=" + since).want(200).into(&c)
		if c.Then != 2 || c.Now != 2 || c.Added != 1 || c.Removed != 1 || c.Changed != 1 {
			t.Errorf("compared: %+v", c)
		}
		w.owner.get("fieldbook/features/compare?since=never").refused(422, "since")
	})
}
