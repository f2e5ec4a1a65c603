package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func TestAnEditOfAnOldVersionConflicts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const at = "fieldbook/features/FB-1"
		old := w.owner.post("fieldbook/features", `{"title":"A","description":"Old"}`).want(201).header.Get("ETag")
		now := w.owner.patch(at, `{"title":"B","priority":"low","description":"New"}`, "If-Match", old).want(200).header.Get("ETag")
		if old == now || !strings.HasPrefix(old, `"1.`) || !strings.HasPrefix(now, `"2.`) {
			t.Errorf("tags %s and %s", old, now)
		}
		r := w.owner.patch(at, `{"title":"C","priority":"low","description":"Mine"}`, "If-Match", old)
		p := r.refused(409, "version", "description", "title")
		if p.Kind != "conflict" || p.Errors[1].Theirs != "New" || p.Errors[1].Yours != "Mine" || p.Errors[2].Theirs != "B" || p.Errors[2].Yours != "C" || r.header.Get("ETag") != now {
			t.Errorf("%+v, ETag %s, want %s", p, r.header.Get("ETag"), now)
		}
		w.owner.delete(at, "If-Match", old).refused(409, "version")
		w.owner.patch(at, `{"title":"C"}`, "If-Match", `"7"`).refused(409, "version", "title")
		w.owner.patch(at, `{"title":"C"}`, "If-Match", `nonsense`).refused(409, "version", "title")
		if e := w.owner.patch(at, `{"title":"C"}`, "If-Match", `W/"2", "1"`).want(200).entity(); e.text("title") != "C" {
			t.Errorf("%v", e)
		}
		w.owner.patch(at, `{"title":"D"}`, "If-Match", `*`).want(200)
		// without a version the last writer wins, field by field
		w.owner.patch(at, `{"priority":"high"}`).want(200)
		if e := w.owner.get(at).want(200).entity(); e.text("title") != "D" || e.text("priority") != "high" {
			t.Errorf("%v", e)
		}
		w.owner.delete(at, "If-Match", w.owner.get(at).header.Get("ETag")).want(204)
	})
}

func TestAnUnchangedBodyIsNotSentAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.owner.post("fieldbook/people", `{"name":"Ida"}`).want(201)
	w.owner.post("fieldbook/features", `{"title":"A","owner":"Ida"}`).want(201)
	const at = "fieldbook/features/FB-1"
	for _, path := range []string{at, "fieldbook/features", at + "/history", "fieldbook/search?q=a", "me"} {
		first := w.owner.get(path).want(200)
		again := w.owner.get(path, "If-None-Match", `"0.x", W/`+first.header.Get("ETag")).want(304)
		if len(again.body) > 0 || again.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("%s: %q with %s", path, again.body, again.header.Get("ETag"))
		}
	}
	// the version is the same, but what is shown is not: the owner has another name
	tag := w.owner.get(at).header.Get("ETag")
	person := w.owner.get("fieldbook/people?q=ida").page().Items[0].text("id")
	w.owner.patch("fieldbook/people/"+person, `{"name":"Ada"}`).want(200)
	if e := w.owner.get(at, "If-None-Match", tag).want(200).entity(); e.title("owner") != "Ada" || e["version"] != 1.0 {
		t.Errorf("%v", e)
	}
	w.owner.patch(at, `{"title":"B"}`, "If-Match", tag).want(200)
}

func TestARequestWithAKeyHappensOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const body = `{"title":"Once"}`
		replies := make([]*reply, 16)
		var all sync.WaitGroup
		for i := range replies {
			all.Go(func() { replies[i] = w.owner.post("fieldbook/features", body, "Idempotency-Key", "k-1") })
		}
		all.Wait()
		first := 0
		for _, r := range replies {
			if r.status != 201 || string(r.body) != string(replies[0].body) || r.header.Get("Location") != replies[0].header.Get("Location") || r.header.Get("ETag") != replies[0].header.Get("ETag") {
				t.Errorf("%d %s, the first %s", r.status, r.body, replies[0].body)
			}
			if r.header.Get("Idempotency-Replayed") == "" {
				first++
			}
		}
		if n := w.owner.get("fieldbook/features").page().Total; n != 1 || first != 1 {
			t.Errorf("%d features, %d first answers", n, first)
		}
		w.owner.post("fieldbook/features", `{"title":"Another"}`, "Idempotency-Key", "k-1").refused(422)
		w.owner.post("fieldbook/people", body, "Idempotency-Key", "k-1").refused(422)
		w.owner.post("fieldbook/features", body, "Idempotency-Key", "k-2").want(201)
		w.member("Ed", access.Editor).post("fieldbook/features", body, "Idempotency-Key", "k-1").want(201)
		w.owner.post("fieldbook/features", body, "Idempotency-Key", "with space").refused(422)
		w.owner.post("fieldbook/features", body, "Idempotency-Key", strings.Repeat("k", 201)).refused(422)

		// what was refused has not happened, so its key is free
		w.owner.post("fieldbook/features", `{}`, "Idempotency-Key", "k-3").refused(422, "title")
		w.owner.post("fieldbook/features", body, "Idempotency-Key", "k-3").want(201)

		// after a day a key is new
		w.Clock.Move(25 * time.Hour)
		w.owner.post("fieldbook/features", `{"title":"Another"}`, "Idempotency-Key", "k-1").want(201)
		if n := w.owner.get("fieldbook/features").page().Total; n != 5 {
			t.Errorf("%d features", n)
		}
	})
}

func TestAKeyedRequestThatWasCutOffIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		db := w.Ledger.DB()
		const body = `{"title":"Once"}`
		cut := func(key string) {
			t.Helper()
			if _, err := db.ExecContext(context.Background(), `UPDATE api_requests SET status = 0, location = '', etag = '', body = '' WHERE key = $1`, key); err != nil {
				t.Fatal(err)
			}
			w.Clock.Move(2 * time.Minute) // its holder has lost it
		}
		first := w.owner.post("fieldbook/features", body, "Idempotency-Key", "k").want(201)
		cut("k")
		again := w.owner.post("fieldbook/features", body, "Idempotency-Key", "k").want(201)
		if string(again.body) != string(first.body) {
			t.Errorf("%s, first %s", again.body, first.body)
		}
		if n := w.owner.get("fieldbook/features").page().Total; n != 1 {
			t.Errorf("%d features", n)
		}
		w.owner.post("fieldbook/undo", "", "Idempotency-Key", "u").want(200)
		cut("u")
		w.owner.post("fieldbook/undo", "", "Idempotency-Key", "u").refused(409)
	})
}

func TestUndoAndRedo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const at = "fieldbook/features/FB-1"
		w.owner.post("fieldbook/features", `{"title":"A"}`).want(201)
		w.owner.patch(at, `{"title":"B","priority":"low"}`).want(200)
		seq := w.owner.patch(at, `{"title":"C"}`).want(200).header.Get("Throughline-Position")
		editor := w.member("Ed", access.Editor)
		editor.patch(at, `{"priority":"high"}`).want(200)
		title := func() string { return w.owner.get(at).want(200).entity().text("title") }

		var u struct {
			Seq, Of int
			Verb    string
			Kept    []struct {
				Entity entity
				Field  string
			}
		}
		w.owner.post("fieldbook/undo", "").want(200).into(&u)
		if fmt.Sprint(u.Of) != seq || u.Verb != "edit" || title() != "B" {
			t.Errorf("%+v, title %s", u, title())
		}
		r := w.owner.post("fieldbook/redo", "").want(200)
		if title() != "C" || r.header.Get("Throughline-Position") != last(w) {
			t.Errorf("after redo: %s at %s", title(), r.header.Get("Throughline-Position"))
		}
		w.owner.get(at, "Throughline-Position", last(w)).want(200)
		w.owner.post("fieldbook/redo", "").want(404)
		w.owner.post("fieldbook/undo", `{}`).want(200)
		w.owner.post("fieldbook/undo", "").want(200).into(&u)
		if title() != "A" || len(u.Kept) != 1 || u.Kept[0].Field != "priority" || u.Kept[0].Entity.text("key") != "FB-1" {
			t.Errorf("%+v, title %s", u, title())
		}
		w.owner.post("fieldbook/undo", `{"seq":"x"}`).refused(422, "seq")
		w.owner.post("fieldbook/undo", `{"seq":0}`).refused(422, "seq")
		w.owner.post("fieldbook/undo", `{"all":true}`).refused(422, "all")
		w.owner.post("fieldbook/undo", `{"seq":100000}`).refused(404)
		w.owner.post("fieldbook/redo", `{"seq":1}`).want(422)
	})
}

func TestThePastIsReadWithAt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const at = "fieldbook/features/FB-1"
		first := w.owner.post("fieldbook/features", `{"title":"A"}`).want(201).header.Get("Throughline-Position")
		w.Clock.Move(24 * time.Hour)
		second := w.owner.patch(at, `{"title":"B"}`).want(200).header.Get("Throughline-Position")
		w.Clock.Move(24 * time.Hour)
		w.owner.delete(at).want(204)
		w.owner.post("fieldbook/features", `{"title":"New"}`).want(201)

		w.owner.get(at).refused(404)
		for moment, want := range map[string]string{"@" + first: "A", "@" + second: "B", "2026-05-12": "A", "2026-05-13": "B"} {
			if e := w.owner.get(at + "?at=" + moment).want(200).entity(); e.text("title") != want {
				t.Errorf("at %s: %v", moment, e["title"])
			}
			if p := w.owner.get("fieldbook/features?at=" + moment).want(200).page(); p.Total != 1 || p.Items[0].text("title") != want {
				t.Errorf("at %s: %+v", moment, p)
			}
			var h struct{ Items []struct{ Verb string } }
			w.owner.get(at + "/history?at=" + moment).want(200).into(&h)
			if n := map[string]int{"A": 1, "B": 2}[want]; len(h.Items) != n {
				t.Errorf("at %s: history %+v", moment, h)
			}
		}
		if r := w.owner.get("fieldbook/search?q=new&at=2026-05-13").want(200); strings.Contains(string(r.body), "New") {
			t.Errorf("found before it was: %s", r.body)
		}
		w.owner.get(at + "?at=@100000").refused(404)
		w.owner.get(at + "?at=2026-12-31").want(422)
		w.owner.patch(at+"?at=@"+first, `{"title":"C"}`).refused(422, "at")
	})
}

func TestProposalsAreReadAndWrittenWithIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const at = "fieldbook/features/FB-1"
		w.owner.post("fieldbook/features", `{"title":"A"}`).want(201)
		var id ledger.ID
		w.change(func(tx *ledger.Tx) (err error) {
			id, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "What if", State: ledger.ProposalOpen})
			return err
		})
		for _, name := range []string{"P-1", id.String()} {
			w.owner.patch(at+"?in="+name, `{"title":"In `+name+`"}`).want(200)
			if e := w.owner.get(at + "?in=" + name).want(200).entity(); e.text("title") != "In "+name {
				t.Errorf("in %s: %v", name, e["title"])
			}
		}
		made := w.owner.post("fieldbook/features?in=P-1", `{"title":"New"}`, "Idempotency-Key", "k").want(201)
		if e := made.entity(); e.text("key") != "FB-~1" {
			t.Errorf("made %v", e)
		}
		id2 := made.entity().text("id")
		w.owner.get("fieldbook/features/" + id2).refused(404)
		w.owner.get("fieldbook/features/" + id2 + "?in=P-1").want(200)
		w.owner.get("fieldbook/features/" + id2 + "/history?in=P-1").want(200)
		if p := w.owner.get("fieldbook/features?in=P-1").want(200).page(); p.Total != 2 {
			t.Errorf("%+v", p)
		}
		w.owner.delete(at + "?in=P-1").want(204)
		w.owner.get(at + "?in=P-1").refused(404)
		if e := w.owner.get(at).want(200).entity(); e.text("title") != "A" {
			t.Errorf("live: %v", e)
		}
		w.owner.get(at + "?in=P-9").refused(404)
		w.owner.get("fieldbook/search?q=new&in=P-1&texts=yes").want(200)
	})
}

func TestHistoryIsRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const at = "fieldbook/features/FB-1"
		w.owner.post("fieldbook/features", `{"title":"T0"}`).want(201)
		for i := range 7 {
			w.owner.patch(at, fmt.Sprintf(`{"title":"T%d"}`, i+1)).want(200)
		}
		type change struct{ Field, Label, Was, Now string }
		var seen []string
		next := ""
		for {
			var h struct {
				Items []struct{ Changes []change }
				Next  string
			}
			w.owner.get(at + "/history?limit=3" + next).want(200).into(&h)
			for _, i := range h.Items {
				for _, c := range i.Changes {
					if c.Field == "title" {
						seen = append(seen, c.Label+" "+c.Was+">"+c.Now)
					}
				}
			}
			if h.Next == "" {
				break
			}
			next = "&after=" + h.Next
		}
		if have := strings.Join(seen, ","); have != "Title T6>T7,Title T5>T6,Title T4>T5,Title T3>T4,Title T2>T3,Title T1>T2,Title T0>T1,Title >T0" {
			t.Errorf("%s", have)
		}
		w.owner.get(at+"/history?after=x").refused(422, "after")
	})
}

func TestSearchFindsWhatTheReaderMayKnow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owner.post("fieldbook/features", `{"title":"Photo für alle","product":"FB","description":"`+strings.Repeat("Zeichne größere cracks. ", 60)+`"}`).want(201)
		w.owner.post("fieldbook/people", `{"name":"Photini"}`).want(201)
		if err := w.Ledger.IndexTexts(context.Background(), w.Workspace); err != nil {
			t.Fatal(err)
		}
		type mark struct{ From, To int }
		type result struct {
			Items []struct {
				Title   string
				Marks   []mark
				Excerpt struct {
					Column, Text string
					Marks        []mark
					After        bool
				}
			}
			Counts map[string]int
			Total  int
			Left   bool `json:"texts_left_out"`
		}
		find := func(query string) (titles string, f result) {
			t.Helper()
			w.owner.get("fieldbook/search?" + query).want(200).into(&f)
			for _, e := range f.Items {
				titles += e.Title + ";"
			}
			return titles, f
		}
		if titles, f := find("q=phot"); titles != "Photini;Photo für alle;" || f.Total != 2 || f.Items[1].Marks[0] != (mark{0, 4}) {
			t.Errorf("phot: %s %+v", titles, f)
		}
		if titles, f := find("q=phot&kinds=features"); titles != "Photo für alle;" || f.Total != 1 || f.Counts["people"] != 1 || f.Counts["features"] != 1 {
			t.Errorf("among features: %s %+v", titles, f)
		}
		if titles, _ := find("q=phot&product=FB"); titles != "Photo für alle;" {
			t.Errorf("in the product: %s", titles)
		}
		if _, f := find("q=alle"); len(f.Items) != 1 || len(f.Items[0].Marks) != 1 || f.Items[0].Marks[0] != (mark{10, 14}) {
			t.Errorf("marks are counted in characters: %+v", f)
		}
		if titles, _ := find("q=cracks"); titles != "" {
			t.Errorf("long texts were not asked for: %s", titles)
		}
		titles, f := find("q=cracks&texts=yes")
		if titles != "Photo für alle;" || f.Items[0].Excerpt.Column != "description" || !f.Items[0].Excerpt.After || len(f.Items[0].Marks) > 0 {
			t.Fatalf("cracks: %s %+v", titles, f)
		}
		e := f.Items[0].Excerpt
		for _, m := range e.Marks {
			if word := string([]rune(e.Text)[m.From:m.To]); word != "cracks" {
				t.Errorf("marked %q in %q", word, e.Text)
			}
		}
		if len(e.Marks) == 0 || f.Left {
			t.Errorf("%+v", f)
		}
		if _, f := find("q=cracks&texts=yes&at=@1"); !f.Left {
			t.Errorf("the past has no index of texts: %+v", f)
		}
		w.owner.get("fieldbook/search").refused(422, "q")
		w.owner.get("fieldbook/search?q=a&kinds=feature&texts=1&product=none").refused(422, "kinds", "product", "texts")
	})
}

func TestRoles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		private := w.owner.post("fieldbook/products", `{"name":"Heron","prefix":"HE","private":true}`).want(201).entity().text("id")
		w.owner.post("fieldbook/features", `{"title":"Open","product":"FB"}`).want(201)
		w.owner.post("fieldbook/features", `{"title":"Hidden","product":"HE"}`).want(201)
		guest := w.Account(t, "Gus", access.Nobody)
		w.owner.post("fieldbook/memberships", `{"account":"`+guest.ID.String()+`","role":"editor","product":"`+private+`"}`).want(201)
		clients := map[string]*client{
			"owner": w.owner, "admin": w.member("Adam", access.Admin), "editor": w.member("Ed", access.Editor),
			"contributor": w.member("Cora", access.Contributor), "viewer": w.member("Vera", access.Viewer),
			"guest": w.as(guest), "outsider": w.as(w.Account(t, "Otto", access.Nobody)), "nobody": {w: w},
		}
		type row struct{ owner, admin, editor, contributor, viewer, guest, outsider, nobody int }
		all := []struct {
			method, path, body string
			want               row
		}{
			{"GET", "features/FB-1", "", row{200, 200, 200, 200, 200, 404, 404, 401}},
			{"GET", "features/HE-1", "", row{200, 200, 404, 404, 404, 200, 404, 401}},
			{"GET", "features/HE-1/history", "", row{200, 200, 404, 404, 404, 200, 404, 401}},
			{"GET", "features", "", row{200, 200, 200, 200, 200, 200, 404, 401}},
			{"GET", "memberships", "", row{200, 200, 200, 200, 200, 200, 404, 401}},
			{"GET", "search?q=open", "", row{200, 200, 200, 200, 200, 200, 404, 401}},
			{"POST", "features", `{"title":"T","product":"FB"}`, row{201, 201, 201, 201, 403, 422, 404, 401}},
			{"POST", "features", `{"title":"T","product":"HE"}`, row{201, 201, 422, 422, 422, 201, 404, 401}},
			{"PATCH", "features/FB-1", `{"priority":"low"}`, row{200, 200, 200, 403, 403, 404, 404, 401}},
			{"PATCH", "features/HE-1", `{"priority":"low"}`, row{200, 200, 404, 404, 404, 200, 404, 401}},
			{"DELETE", "features/FB-1", "", row{204, 204, 204, 403, 403, 404, 404, 401}},
			{"POST", "statuses", `{"name":"Mine","stage":"idea"}`, row{201, 201, 403, 403, 403, 403, 404, 401}},
			{"PATCH", "settings", `{"currency":"CHF"}`, row{200, 200, 403, 403, 403, 403, 404, 401}},
			{"POST", "memberships", `{"account":"` + w.product.String() + `","role":"viewer"}`, row{201, 201, 403, 403, 403, 403, 404, 401}},
			{"POST", "memberships", `{"account":"` + w.product.String() + `","role":"owner"}`, row{201, 403, 403, 403, 403, 403, 404, 401}},
		}
		for _, one := range all {
			for name, want := range map[string]int{
				"owner": one.want.owner, "admin": one.want.admin, "editor": one.want.editor, "contributor": one.want.contributor,
				"viewer": one.want.viewer, "guest": one.want.guest, "outsider": one.want.outsider, "nobody": one.want.nobody,
			} {
				r := clients[name].do(one.method, "fieldbook/"+one.path, one.body)
				if r.status != want {
					t.Errorf("%s %s as %s: %d, want %d: %s", one.method, one.path, name, r.status, want, r.body)
				}
				if one.method != http.MethodGet && r.status < 300 { // as it was, for the next
					w.owner.post("fieldbook/undo", `{"seq":`+last(w)+`}`).want(200)
				}
			}
		}
	})
}

// last returns the position of the newest commit.
func last(w *world) string {
	w.t.Helper()
	s, err := w.Ledger.At(context.Background(), w.Workspace, ledger.System, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(s.Seq())
}

func TestTokensReachAsFarAsTheirScope(t *testing.T) {
	w := newWorld(t, nil)
	other, err := w.Ledger.CreateWorkspace(context.Background(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Ledger.Update(context.Background(), other, ledger.System, "found", func(tx *ledger.Tx) error {
		if _, err := access.Workspaces.Create(tx, access.Workspace{Name: "Other", TimeZone: "UTC", FirstWeekday: "monday", ValueUnit: "points", Currency: "EUR"}); err != nil {
			return err
		}
		if err := backlog.StandardWorkflow(tx); err != nil {
			return err
		}
		return access.Grant(tx, w.Owner.ID, access.Owner, ledger.ID{})
	}); err != nil {
		t.Fatal(err)
	}
	token := func(s access.Scope, in ledger.ID) *client {
		return w.token(w.Owner, access.NewToken{Name: "t", Scope: s, Workspace: in})
	}
	read, write, bound := token(access.ScopeRead, ledger.ID{}), token(access.ScopeWrite, ledger.ID{}), token(access.ScopeAdmin, w.Workspace)

	read.get("fieldbook/features").want(200)
	for _, path := range []string{"fieldbook/features", "fieldbook/undo", "fieldbook/redo", "nowhere/features"} {
		read.post(path, `{"title":7,`).refused(403) // before anything else is looked at
	}
	write.post("fieldbook/features", `{"title":"A"}`).want(201)
	read.patch("fieldbook/features/FB-1", `{"title":"B"}`).refused(403)
	read.delete("fieldbook/features/FB-1").refused(403)
	write.patch("fieldbook/settings", `{"currency":"CHF"}`).refused(403)
	w.owner.patch("fieldbook/settings", `{"currency":"CHF"}`).want(200)

	bound.get("fieldbook/features").want(200)
	bound.get("other/features").refused(404)
	slugs := func(c *client) (all string) {
		var s struct {
			Items []struct{ Slug, Name, Role string }
		}
		c.get("workspaces").want(200).into(&s)
		for _, i := range s.Items {
			all += i.Slug + " " + i.Name + " " + i.Role + ";"
		}
		return all
	}
	if have := slugs(w.owner); have != "fieldbook Fieldbook owner;other Other owner;" {
		t.Errorf("workspaces: %s", have)
	}
	if have := slugs(bound); have != "fieldbook Fieldbook owner;" {
		t.Errorf("bound to one: %s", have)
	}
	if have := slugs(w.as(w.Account(t, "Otto", access.Nobody))); have != "" {
		t.Errorf("an outsider: %s", have)
	}
	me := read.get("me").want(200).entity()
	if me.text("scope") != "read" || me["account"].(map[string]any)["email"] != w.Owner.Email || me["token"] == nil {
		t.Errorf("%v", me)
	}
	for _, secret := range []string{"", "tl_wrong"} {
		(&client{w, secret}).get("me").refused(401)
	}
}

func TestABrowserUsesTheAPIFromItsOwnSiteOnly(t *testing.T) {
	w := newWorld(t, nil)
	c := &client{w: w}
	cookie := w.Session(t, w.Owner).String()
	c.post("fieldbook/features", `{"title":"A"}`, "Cookie", cookie, "Sec-Fetch-Site", "same-origin").want(201)
	c.get("fieldbook/features/FB-1", "Cookie", cookie).want(200)
	c.post("fieldbook/features", `{"title":"B"}`, "Cookie", cookie, "Sec-Fetch-Site", "cross-site").refused(403)
	c.patch("fieldbook/features/FB-1", `{"title":"B"}`, "Cookie", cookie, "Sec-Fetch-Site", "same-site").refused(403)
	c.delete("fieldbook/features/FB-1", "Cookie", cookie, "Origin", "https://elsewhere.example").refused(403)
	if e := w.owner.get("fieldbook/features/FB-1").entity(); e.text("title") != "A" {
		t.Errorf("%v", e)
	}
}

func TestTooManyRequestsAreToldWhenToComeAgain(t *testing.T) {
	w := newWorld(t, nil)
	for i := range access.TokenLimit.N {
		r := w.owner.get("me")
		if left := r.header.Get("RateLimit-Remaining"); r.status != 200 || left != fmt.Sprint(access.TokenLimit.N-1-i) {
			t.Fatalf("%d with %s left: %s", r.status, left, r.body)
		}
	}
	if h := w.member("Ed", access.Editor).get("me").header; h.Get("RateLimit-Limit") != "1000" || h.Get("RateLimit-Remaining") != "999" || h.Get("RateLimit-Reset") != "60" {
		t.Errorf("another token: %v", h)
	}
	r := w.owner.get("me")
	r.refused(429)
	if r.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come again")
	}
	w.Clock.Move(time.Minute)
	w.owner.get("me").want(200)
}

// TestManyWriteAtOnce: keys are dense and nobody is refused.
func TestManyWriteAtOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open())
		const writers, rounds = 16, 5
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range rounds {
					if r := w.owner.post("fieldbook/features", `{"title":"A"}`); r.status != 201 {
						t.Errorf("%d: %s", r.status, r.body)
					}
				}
			})
		}
		all.Wait()
		p := w.owner.get("fieldbook/features?sort=-key&limit=1").want(200).page()
		if p.Total != writers*rounds || p.Items[0].text("key") != fmt.Sprintf("FB-%d", writers*rounds) {
			t.Errorf("%+v", p)
		}
	})
}

// TestReferencesInBodiesAreCheckedToo: what the writer may not know of cannot be linked to,
// and is refused as what does not exist.
func TestReferencesInBodiesAreCheckedToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		private := w.owner.post("fieldbook/products", `{"name":"Heron","prefix":"HE","private":true}`).want(201).entity().text("id")
		hidden := w.owner.post("fieldbook/features", `{"title":"Hidden","product":"HE"}`).want(201).entity().text("id")
		open := w.owner.post("fieldbook/features", `{"title":"Open","product":"FB"}`).want(201).entity().text("id")
		editor := w.member("Ed", access.Editor)
		const nothing = "0195a000-0000-7000-8000-00000000dead"
		for _, one := range []struct{ method, path, body, id string }{
			{"PATCH", "features/" + open, `{"parent":"%s"}`, hidden},
			{"PATCH", "features/" + open, `{"parent":{"id":"%s"}}`, hidden},
			{"PATCH", "features/" + open, `{"product":"%s"}`, private},
			{"POST", "features", `{"title":"T","product":"%s"}`, private},
			{"POST", "features", `{"title":"T","product":"FB","parent":"%s"}`, hidden},
			{"POST", "dependencies", `{"from":"` + open + `","to":"%s"}`, hidden},
			{"POST", "dependencies", `{"from":"%s","to":"` + open + `"}`, hidden},
			{"POST", "releases", `{"name":"4.2","product":"%s"}`, private},
			{"POST", "objectives", `{"title":"Less","product":"%s"}`, private},
		} {
			have := editor.do(one.method, "fieldbook/"+one.path, fmt.Sprintf(one.body, one.id))
			want := editor.do(one.method, "fieldbook/"+one.path, fmt.Sprintf(one.body, nothing))
			var h, n problem
			have.into(&h)
			want.into(&n)
			h.Request, n.Request = "", ""
			said := strings.ReplaceAll(fmt.Sprint(h), one.id, nothing)
			if have.status < 400 || said != fmt.Sprint(n) {
				t.Errorf("%s %s %s: %d %s; of what does not exist: %d %s", one.method, one.path, one.body, have.status, have.body, want.status, want.body)
			}
		}
	})
}
