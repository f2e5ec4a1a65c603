package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
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

// samples are bodies that make an entity of each kind, and one that changes it.
func samples(w *world) map[string]struct{ create, edit, column, value string } {
	from := w.owner.post("fieldbook/features", `{"title":"First"}`).want(201).entity().text("id")
	to := w.owner.post("fieldbook/features", `{"title":"Second"}`).want(201).entity().text("id")
	other := w.Account(w.t, "Noor", access.Nobody).ID.String()
	return map[string]struct{ create, edit, column, value string }{
		"products":     {`{"name":"Console","prefix":"CO"}`, `{"name":"Desk"}`, "name", "Desk"},
		"memberships":  {`{"account":"` + other + `","role":"viewer"}`, `{"role":"Editor"}`, "role", "editor"},
		"teams":        {`{"name":"Tide"}`, `{"name":"Ebb"}`, "name", "Ebb"},
		"people":       {`{"name":"Ida","email":"ida@fieldbook.example"}`, `{"title":"Designer"}`, "title", "Designer"},
		"objectives":   {`{"title":"Fewer visits","period":"2026-Q2"}`, `{"period":"2026"}`, "period", "2026"},
		"releases":     {`{"name":"4.2","date":"2026-09-30"}`, `{"status":"underway"}`, "status", "underway"},
		"statuses":     {`{"name":"Parked","stage":"idea"}`, `{"place":99}`, "place", "99"},
		"fields":       {`{"label":"Story points","type":"number"}`, `{"label":"Points"}`, "label", "Points"},
		"formulas":     {`{"label":"Return","formula":"value / effort"}`, `{"formula":"value * 2"}`, "formula", "value * 2"},
		"features":     {`{"title":"Sync"}`, `{"title":"Sync offline"}`, "title", "Sync offline"},
		"dependencies": {`{"from":"` + from + `","to":{"id":"` + to + `"}}`, `{"type":"relates"}`, "type", "relates"},
		"views":        {`{"title":"Mine","query":"filter=owner+%3D+me"}`, `{"layout":"board"}`, "layout", "board"},
	}
}

func TestEveryTableIsAResource(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := samples(w)
		for _, tb := range w.Tables.All() {
			base := "fieldbook/" + tb.Name()
			if tb.Only() {
				was := w.owner.get(base).want(200).entity()
				now := w.owner.patch(base, `{"name":"Fieldbook two"}`).want(200).entity()
				if was.text("name") != "Fieldbook" || now.text("name") != "Fieldbook two" || now.text("id") != was.text("id") {
					t.Errorf("%s: %v became %v", base, was, now)
				}
				if h := w.owner.get(base + "/history").want(200).page(); len(h.Items) != 2 {
					t.Errorf("%s: history %v", base, h.Items)
				}
				w.owner.post(base, `{}`).want(405)
				w.owner.delete(base).want(405)
				continue
			}
			s, ok := all[tb.Name()]
			if !ok {
				t.Errorf("no sample of %s; add one", tb.Name())
				continue
			}
			before := w.owner.get(base).want(200).page().Total
			at := base + "/" + w.owner.post(base, s.create).want(201).entity().text("id")
			if e := w.owner.patch(at, s.edit).want(200).entity(); e.text(s.column) != s.value || e["version"] != 2.0 {
				t.Errorf("%s is %v after %s", at, e, s.edit)
			}
			if e := w.owner.get(at).want(200).entity(); e.text(s.column) != s.value {
				t.Errorf("%s reads %v", at, e)
			}
			if n := w.owner.get(base).want(200).page().Total; n != before+1 {
				t.Errorf("%s: %d, were %d", base, n, before)
			}
			var h struct {
				Items []struct {
					Op, Verb string
					Actor    struct{ Name, Via string }
					Changes  []struct{ Field, Label, Was, Now string }
				}
			}
			w.owner.get(at + "/history").want(200).into(&h)
			if len(h.Items) != 2 || h.Items[0].Op != "edit" || h.Items[1].Op != "create" || h.Items[0].Actor.Name != "Mira" || h.Items[0].Actor.Via != "Mira, by test" ||
				len(h.Items[0].Changes) != 1 || h.Items[0].Changes[0].Field != s.column {
				t.Errorf("%s: history %+v", at, h)
			}
			w.owner.delete(at).want(204)
			w.owner.get(at).refused(404)
			w.owner.patch(at, s.edit).refused(404)
			w.owner.delete(at).refused(404)
			w.owner.get(at + "/history").refused(404)
		}
	})
}

func TestEveryFaultyFieldIsNamed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owner.post("fieldbook/fields", `{"label":"Risk","type":"choice","options":["high","low"]}`).want(201)
		const at = "fieldbook/features"
		p := w.owner.post(at, `{"title":7,"target":"some day","priority":"soonish","effort":"much","owner":"Nobody at all","size":1,"key":"FB-9","score":3,"archived":"perhaps","custom":{"risk":"middling","nothing":1}}`).
			refused(422, "archived", "custom.nothing", "custom.risk", "effort", "key", "owner", "priority", "score", "size", "target")
		if p.Kind != "invalid" || !strings.Contains(p.Errors[6].Message, "Urgent") {
			t.Errorf("%+v", p)
		}
		w.owner.post(at, `{}`).refused(422, "title")
		w.owner.post(at, `{"title":"A","start":"2026-06-02","target":"2026-06-01"}`).refused(422, "target")
		if n := w.owner.get(at).want(200).page().Total; n != 0 {
			t.Errorf("%d features came of it", n)
		}
	})
}

func TestFaultyBodiesAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	const at = "fieldbook/features"
	for said, body := range map[string]string{
		"must be a JSON object":         `["title"]`,
		"unexpected EOF":                `{"title":"A"`,
		"cannot be read as JSON":        ` `,
		"goes on after its end":         `{"title":"A"} {"title":"B"}`,
		`"title" stands twice`:          `{"title":"A","title":"B"}`,
		`"value.low" stands twice`:      `{"title":"A","value":{"low":1,"low":2}}`,
		"is not UTF-8":                  "{\"title\":\"\xff\"}",
		"nested deeper than 16":         `{"title":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"a member of the object custom": `{"title":"A","custom.points":1}`,
		"must be an object":             `{"title":"A","custom":"points"}`,
	} {
		var p problem
		w.owner.post(at, body).want(422).into(&p)
		if !strings.Contains(fmt.Sprint(p), said) {
			t.Errorf("%q is refused as %+v, want %s", body, p, said)
		}
	}
	w.owner.post(at, `{"title":"A"}`, "Content-Type", "text/plain").refused(422)
	w.owner.post(at, `title=A`, "Content-Type", "application/x-www-form-urlencoded").refused(422)
	w.owner.post(at, `{"title":"`+strings.Repeat("a", 1<<20)+`"}`).refused(413)
	if n := w.owner.get(at).want(200).page().Total; n != 0 {
		t.Errorf("%d features came of it", n)
	}
}

func TestParametersAreKnownAndStandOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.owner.get("fieldbook/features?fliter=x").refused(422, "fliter")
	w.owner.get("fieldbook/features?limit=1&limit=2").refused(422, "limit")
	w.owner.get("fieldbook/features?limit=0&after=abc&filter=title+%3D").refused(422, "filter", "limit", "after")
	w.owner.get("fieldbook/features?limit=201").refused(422, "limit")
	w.owner.get("fieldbook/features?sort=colour").refused(422, "sort")
	w.owner.get("fieldbook/features?columns=colour").refused(422, "columns")
	w.owner.post("fieldbook/features?q=x", `{"title":"A"}`).refused(422, "q")
	id := w.owner.post("fieldbook/features", `{"title":"A"}`).want(201).entity().text("id")
	w.owner.get("fieldbook/features/"+id+"?columns=colour").refused(422, "columns")
	w.owner.get("fieldbook/features/"+id+"?filter=title+%3D+A").refused(422, "filter")
	w.owner.get("fieldbook/features/" + id + "?at=yesterdayish").want(422)
	w.owner.get("fieldbook/features/" + id + "?at=@1&in=P-1").want(422)
	w.owner.get("fieldbook/features/" + id + "?in=P-1").refused(404)
	w.owner.get("nowhere/features").refused(404)
}

func TestCustomFieldsStandInAnObject(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owner.post("fieldbook/fields", `{"label":"Story points","type":"number"}`).want(201)
		w.owner.post("fieldbook/fields", `{"label":"Champion","type":"person"}`).want(201)
		w.owner.post("fieldbook/people", `{"name":"Ida"}`).want(201)
		at := "fieldbook/features/" + w.owner.post("fieldbook/features", `{"title":"A","custom":{"story_points":5,"champion":"Ida"}}`).want(201).entity().text("id")
		w.owner.post("fieldbook/features", `{"title":"B","custom":{"story_points":"8"}}`).want(201)
		custom := func(e entity) entity { return e["custom"].(map[string]any) }
		if e := w.owner.get(at).want(200).entity(); custom(e)["story_points"] != 5.0 || custom(e).title("champion") != "Ida" {
			t.Errorf("%v", e)
		}
		p := w.owner.get("fieldbook/features?sort=-custom.story_points&filter=custom.story_points+%3E+1&columns=title,custom.story_points").want(200).page()
		if p.Total != 2 || custom(p.Items[0])["story_points"] != 8.0 || len(p.Items[0]) != 5 {
			t.Errorf("%+v", p)
		}
		if e := w.owner.patch(at, `{"custom":{"story_points":null}}`).want(200).entity(); custom(e)["story_points"] != nil || custom(e).title("champion") != "Ida" {
			t.Errorf("%v", e)
		}
	})
}

func TestListsFilterSortGroupAndChoose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, title := range []string{"Photos", "Signatures", "Sync", "Search"} {
			w.owner.post("fieldbook/features", fmt.Sprintf(`{"title":%q,"priority":%q,"tags":"t%d","description":"About it"}`, title, []string{"low", "high"}[i%2], i)).want(201)
		}
		titles := func(query string) string {
			t.Helper()
			var all []string
			for _, e := range w.owner.get("fieldbook/features?" + query).want(200).page().Items {
				all = append(all, e.text("title"))
			}
			return strings.Join(all, " ")
		}
		for query, want := range map[string]string{
			"sort=title":                                  "Photos Search Signatures Sync",
			"sort=-title&limit=2":                         "Sync Signatures",
			"filter=priority+%3D+high&sort=title":         "Search Signatures",
			"filter=tags+%3D+t2":                          "Sync",
			"q=s&sort=title":                              "Search Signatures Sync",
			"q=sync+fb":                                   "Sync",
			"group=priority&sort=title":                   "Search Signatures Photos Sync",
			"filter=title+contains+%22sync%22":            "Sync",
			"filter=owner+%3D+me":                         "",
			"filter=key+in+(FB-1,+FB-3)&sort=key":         "Photos Sync",
			"filter=status+%3D+Idea&sort=-priority,title": "Photos Sync Search Signatures",
		} {
			if query == "filter=owner+%3D+me" {
				w.owner.post("fieldbook/people", `{"name":"Mira","account":"`+w.Owner.ID.String()+`"}`).want(201)
			}
			if have := titles(query); have != want {
				t.Errorf("%s lists %q, want %q", query, have, want)
			}
		}
		w.owner.patch("fieldbook/features/FB-2", `{"owner":"me"}`).want(200)
		if have := titles("filter=owner+%3D+me"); have != "Signatures" {
			t.Errorf("mine: %q", have)
		}
		g := w.owner.get("fieldbook/features?group=priority&limit=1").want(200).page()
		if len(g.Groups) != 2 || g.Groups[0].Value != "High" || g.Groups[1].First != 2 || g.Groups[1].Count != 2 || g.Total != 4 {
			t.Errorf("groups = %+v", g)
		}
		p := w.owner.get("fieldbook/features?columns=description,title&limit=1").want(200).page()
		if e := p.Items[0]; e.text("description") != "About it" || len(e) != 5 {
			t.Errorf("chosen: %v", e)
		}
	})
}

func TestCursorsReadOnWhileTheListChanges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 10 {
			w.owner.post("fieldbook/features", fmt.Sprintf(`{"title":"F%d"}`, i)).want(201)
		}
		const list = "fieldbook/features?sort=title&limit=3"
		var seen []string
		next := ""
		for i := 0; ; i++ {
			p := w.owner.get(list + next).want(200).page()
			for _, e := range p.Items {
				seen = append(seen, e.text("title"))
			}
			switch i {
			case 0: // what stands before and behind the cursor comes and goes
				w.owner.delete("fieldbook/features/FB-1").want(204) // F0 and F1, seen
				w.owner.delete("fieldbook/features/FB-2").want(204)
				w.owner.delete("fieldbook/features/FB-6").want(204) // F5, not seen
				w.owner.post("fieldbook/features", `{"title":"G"}`).want(201)
			case 1: // the row that the cursor stands on
				w.owner.delete("fieldbook/features/FB-7").want(204) // F6
			}
			if p.Next == "" {
				break
			}
			next = "&after=" + p.Next
		}
		if have := strings.Join(seen, " "); have != "F0 F1 F2 F3 F4 F6 F7 F8 F9 G" {
			t.Errorf("seen %s", have)
		}
		first := w.owner.get(list).want(200).page()
		w.owner.get("fieldbook/features?sort=-title&limit=3&after="+first.Next).refused(422, "after")
		w.owner.get("fieldbook/people?after="+first.Next).refused(422, "after")
		w.owner.get("fieldbook/features?sort=title&limit=5&columns=title&after=" + first.Next).want(200)
		for _, bad := range []string{"x", strings.Repeat("A", 40), first.Next + "A", first.Next[1:]} {
			w.owner.get(list+"&after="+bad).refused(422, "after")
		}
	})
}

func TestLinksToPrivateThingsSayNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const canary = "Heron"
		secret := w.owner.post("fieldbook/products", `{"name":"`+canary+`","prefix":"HE","private":true}`).want(201).entity().text("id")
		hidden := w.owner.post("fieldbook/features", `{"title":"`+canary+` nests","product":"`+secret+`"}`).want(201).entity().text("id")
		open := w.owner.post("fieldbook/features", `{"title":"Open","product":"FB","parent":"`+hidden+`"}`).want(201).entity().text("id")
		viewer := w.member("Vera", access.Viewer)
		if e := viewer.get("fieldbook/features/" + open).want(200).entity(); fmt.Sprint(e["parent"]) != "map[private:true]" {
			t.Errorf("parent = %v", e["parent"])
		}
		if p := viewer.get("fieldbook/features").want(200).page(); p.Total != 1 {
			t.Errorf("lists %d", p.Total)
		}
		for _, path := range []string{
			"features", "features/" + open, "features/" + open + "/history", "features?sort=parent", "features?group=parent",
			"products", "search?q=" + canary, "search?q=HE-1", "search?q=nests&texts=yes", "features?q=" + canary, "dependencies",
		} {
			if r := viewer.get("fieldbook/" + path).want(200); strings.Contains(string(r.body), canary) || strings.Contains(string(r.body), hidden) || strings.Contains(string(r.body), secret) {
				t.Errorf("%s tells of what is private: %s", path, r.body)
			}
		}
		for _, path := range []string{"features/" + hidden, "features/HE-1", "features/HE-1/history", "products/" + secret, "features/" + hidden + "?at=@3"} {
			r := viewer.get("fieldbook/" + path)
			r.refused(404)
			none := viewer.get("fieldbook/" + strings.NewReplacer(hidden, w.product.String(), "HE-1", "HE-7", secret, hidden).Replace(path)).want(404)
			if len(none.body) != len(r.body) && !strings.Contains(path, "HE-1") {
				t.Errorf("%s differs from what is not there: %s and %s", path, r.body, none.body)
			}
		}
	})
}
