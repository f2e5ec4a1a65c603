package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/web"
)

// canary is a word that stands in every text of the private product and nowhere else.
const canary = "zyxcanary"

// twinOf makes a workspace with a public product; with secrets, a private one beside it,
// else as many commits that nobody but the owner sees. To those without the right the two
// must be one and the same.
func twinOf(t testing.TB, options map[string]string, secrets bool) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), people: map[string]*someone{}}
	w.App = start(t, options, w.clock.Now)
	for _, name := range []string{"owner", "viewer", "editor", "guest"} {
		w.join(name)
	}
	w.ws = w.found(slug, w.people["owner"])
	w.grant(w.people["viewer"], viewer, ledger.ID{})
	w.grant(w.people["editor"], editor, ledger.ID{})
	var feature, other, diary ledger.ID
	w.do(w.people["owner"].actor(), func(tx *ledger.Tx) (err error) {
		for p := range access.Products.All(tx) {
			w.public = p.ID
		}
		diary, err = backlog.Views.Create(tx, backlog.View{Title: "diary", Of: "features", Query: "q=0", Layout: "list"})
		return err
	})
	w.grant(w.people["guest"], editor, w.public)
	w.do(ledger.System, func(tx *ledger.Tx) error {
		if _, err := backlog.Fields.Create(tx, backlog.Field{Name: "note", Label: "Note", Type: "text"}); err != nil {
			return err
		}
		o, err := strategy.Objectives.Create(tx, strategy.Objective{Title: "Grow"})
		if err != nil {
			return err
		}
		r, err := release.Releases.Create(tx, release.Release{Name: "Spring", Status: release.Planned, Date: "2026-06-01"})
		if err != nil {
			return err
		}
		for i, title := range []string{"Canaries sing", "Maps", "Offline"} {
			f := backlog.Feature{
				Title: title, Product: ledger.Ref(w.public), Status: w.status(tx), Objective: ledger.Ref(o), Release: ledger.Ref(r),
				Tags: []string{"open"}, Description: tx.Text("All may read of " + title), Effort: nil,
			}
			if feature, err = backlog.Features.Create(tx, f); err != nil {
				return err
			}
			if i == 0 {
				other = feature
			}
		}
		return backlog.Connect(tx, other, backlog.Blocks, feature)
	})
	w.do(ledger.System, func(tx *ledger.Tx) error {
		_, err := ledger.Proposals.Create(tx, ledger.Proposal{Title: "What if", State: ledger.ProposalOpen})
		return err
	})
	w.pending = w.proposalNamed("P-1")
	hidden := func(n string, fn func(*ledger.Tx) error, opts ...ledger.UpdateOption) {
		t.Helper()
		w.do(w.people["owner"].actor(), func(tx *ledger.Tx) error {
			if secrets {
				return fn(tx)
			}
			return backlog.Views.Edit(tx, diary, func(v *backlog.View) error { v.Query = "q=" + n; return nil })
		}, opts...)
	}
	hidden("1", func(tx *ledger.Tx) (err error) {
		w.private, err = access.Products.Create(tx, access.Product{Name: canary, Prefix: "SE", Private: true, Description: tx.Text(canary)})
		return err
	})
	hidden("2", func(tx *ledger.Tx) error {
		o, err := strategy.Objectives.Create(tx, strategy.Objective{Title: canary + " aim", Product: ledger.Ref(w.private), Description: tx.Text(canary), ExternalKey: canary + "-1"})
		if err != nil {
			return err
		}
		r, err := release.Releases.Create(tx, release.Release{Name: canary + " release", Product: ledger.Ref(w.private), Status: release.Planned, Description: tx.Text(canary), Date: "2026-06-01"})
		if err != nil {
			return err
		}
		raw, err := json.Marshal(canary)
		if err != nil {
			return err
		}
		var both [2]ledger.ID
		for i := range both {
			if both[i], err = backlog.Features.Create(tx, backlog.Feature{
				Title: fmt.Sprint(canary, " ", i), Product: ledger.Ref(w.private), Status: w.status(tx), Objective: ledger.Ref(o), Release: ledger.Ref(r),
				Tags: []string{canary}, Description: tx.Text(strings.Repeat(canary+" ", 300)), ExternalKey: fmt.Sprint(canary, i), Rank: "", Target: "2026-06-02",
				Links: []backlog.WebLink{{URL: "https://" + canary + ".example", Title: canary}}, Custom: map[string]json.RawMessage{"note": raw},
			}); err != nil {
				return err
			}
		}
		w.secret = both[0]
		return backlog.Connect(tx, both[0], backlog.Blocks, both[1])
	})
	w.clock.Move(24 * time.Hour)
	hidden("3", func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, w.secret, func(f *backlog.Feature) error { f.Title = canary + " renamed"; return nil })
	})
	hidden("4", func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, w.secret, func(f *backlog.Feature) error { f.Tags = []string{canary, "in " + canary}; return nil })
	}, ledger.In(w.pending))
	w.do(ledger.System, func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, feature, func(f *backlog.Feature) error { f.Title = "Offline maps"; return nil })
	})
	w.talk(feature, hidden)
	w.attach(feature, hidden)
	must(t, w.Ledger.IndexTexts(t.Context(), w.ws))
	must(t, w.Tell(t.Context(), w.ws))
	return w
}

// talk lets everybody follow what there is and say something about it, in public and
// where few hear it.
func (w *world) talk(feature ledger.ID, hidden func(n string, fn func(*ledger.Tx) error, opts ...ledger.UpdateOption)) {
	w.t.Helper()
	ctx, box := w.t.Context(), w.Notices()
	w.do(ledger.System, func(tx *ledger.Tx) error {
		for _, name := range []string{"viewer", "editor", "guest"} {
			if err := people.Join(tx, w.people[name].account.ID, name, w.people[name].account.Email); err != nil {
				return err
			}
		}
		_, err := collab.Say(tx, w.scope(tx), ledger.AnyRef{Kind: "feature", ID: feature}, "for all, @viewer, @editor and @guest")
		return err
	})
	if !w.secret.IsZero() {
		for _, name := range []string{"viewer", "editor", "guest"} {
			must(w.t, box.Follow(ctx, w.ws, w.people[name].account.ID, ledger.AnyRef{Kind: "feature", ID: w.secret}, true))
		}
	}
	hidden("5", func(tx *ledger.Tx) error {
		id, err := collab.Say(tx, w.scope(tx), ledger.AnyRef{Kind: "feature", ID: w.secret}, canary+" @viewer, @editor and @guest")
		if err == nil {
			_, err = collab.Reply(tx, w.scope(tx), id, strings.Repeat(canary+" ", 300))
		}
		return err
	})
	hidden("6", func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, w.secret, func(f *backlog.Feature) error { f.Title = canary + " said"; return nil })
	})
}

// attach gives a feature that all see a file, and a private one another.
func (w *world) attach(feature ledger.ID, hidden func(n string, fn func(*ledger.Tx) error, opts ...ledger.UpdateOption)) {
	w.t.Helper()
	put := func(name, content string) collab.Attachment {
		f, err := w.Files.Put(w.t.Context(), w.ws, name, strings.NewReader(content))
		must(w.t, err)
		return collab.Attachment{Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256}
	}
	attach := func(a collab.Attachment, on ledger.ID, id *ledger.ID) func(*ledger.Tx) error {
		return func(tx *ledger.Tx) (err error) {
			a.About = ledger.AnyRef{Kind: "feature", ID: on}
			*id, err = collab.Attach(tx, a)
			return err
		}
	}
	var open ledger.ID
	w.do(ledger.System, attach(put("plan.txt", "for all"), feature, &open))
	var secret collab.Attachment
	if !w.secret.IsZero() {
		secret = put(canary+".txt", strings.Repeat(canary+" ", 300))
	}
	hidden("7", attach(secret, w.secret, &w.file))
}

func (w *world) proposalNamed(key string) ledger.ID {
	w.t.Helper()
	s, err := w.Ledger.At(w.t.Context(), w.ws, ledger.System, 0)
	must(w.t, err)
	p, ok := ledger.Proposals.ByKey(s, key)
	if !ok {
		w.t.Fatalf("there is no proposal %s", key)
	}
	return p.ID
}

// questions are addresses of all reading routes, with many parameters.
func questions(w *world, secret, product ledger.ID) (all []string) {
	moments := []string{"", "at=2026-05-12", "at=2026-05-11", "in=P-1"}
	for n := ledger.Seq(1); n <= w.position(); n++ {
		moments = append(moments, fmt.Sprint("at=@", n))
	}
	with := func(path string, queries ...string) {
		for _, q := range queries {
			sep := "?"
			if q == "" {
				sep = ""
			}
			all = append(all, path+sep+q)
		}
	}
	enc := url.QueryEscape
	for _, t := range w.Tables.All() {
		if t.Only() {
			continue
		}
		var lists []string
		var names []string
		s, err := w.Ledger.At(w.t.Context(), w.ws, ledger.System, 0)
		must(w.t, err)
		for _, c := range t.Columns(s) {
			names = append(names, c.Name)
			if c.Name == "id" || c.Name == "account" || c.Name == "about" || c.Name == "author" { // their order is chance
				continue
			}
			lists = append(lists, "group="+c.Name, "sort="+c.Name, "sort=-"+c.Name)
			for _, condition := range []string{" = " + canary, " contains " + canary, " = " + secret.String(), " = SE-1", " is empty", " = " + product.String()} {
				lists = append(lists, "filter="+enc(c.Name+condition))
			}
		}
		lists = append(lists, "columns="+strings.Join(names, ","), "q="+canary, "q=zyx", "q=SE-1", "q=zyxcanry", "filter="+enc(canary+" = 1"), "sort="+canary, "group="+canary)
		base := "/api/v1/" + slug + "/" + t.Name()
		with(base, moments...)
		with(base, lists...)
		with(base, "limit=1", "limit=1&sort=-created_at", "after=AAAA", "columns="+strings.Join(names, ",")+"&in=P-1")
		for _, id := range []string{secret.String(), product.String(), w.file.String(), "SE-1", "SE-99", "O-2", canary, url.PathEscape(canary + " renamed"), "zyxcanary0"} {
			with(base+"/"+id, "", "in=P-1", "at=@8")
			with(base+"/"+id+"/history", "")
			if slices.ContainsFunc(w.Routes(), func(r web.Route) bool { return r.Pattern == "/w/{workspace}/"+t.Name() }) {
				for _, part := range []string{"", "/history", "/edit", "/field/title"} {
					with("/w/"+slug+"/"+t.Name()+"/"+id+part, "")
				}
			}
		}
		if slices.ContainsFunc(w.Routes(), func(r web.Route) bool { return r.Pattern == "/w/{workspace}/"+t.Name() }) {
			page := "/w/" + slug + "/" + t.Name()
			with(page, moments...)
			with(page, lists...)
			with(page+"/export.csv", "", "columns="+strings.Join(names, ","), "q="+canary, "at=2026-05-12", "in=P-1")
			with(page+"/new", "", "product="+product.String())
		}
	}
	for _, path := range []string{"/w/" + slug + "/find", "/api/v1/" + slug + "/search"} {
		with(path, "q="+canary, "q=zyxcanry", "q=zyx", "q=SE-1", "q=canarie", "q=1", "q=2", "q=renamed", "q=open", "q="+canary+"&in=P-1", "q="+canary+"&at=2026-05-12")
	}
	with("/api/v1/"+slug+"/search", "q="+canary+"&texts=yes", "q=all&texts=yes", "q="+canary+"&kinds=features")
	with("/files/"+slug+"/"+w.file.String(), moments...)
	with("/api/v1/"+slug+"/attachments/"+w.file.String()+"/content", moments...)
	with("/w/"+slug+"/inbox", "", "tab=snoozed", "tab=done", "open="+secret.String())
	with("/api/v1/"+slug+"/inbox", "", "tab=snoozed", "tab=done")
	with("/api/v1/"+slug+"/follow/"+secret.String(), "")
	with("/api/v1/"+slug+"/follow/SE-1", "")
	with("/w/"+slug+"/settings", "")
	with("/w/"+slug+"/members", "")
	with("/api/v1/"+slug+"/settings", "", "at=@5")
	with("/api/v1/"+slug+"/settings/history", "")
	return all
}

// oracles are writes that would tell what is there by how they fail.
func oracles(secret, product ledger.ID) (all []ask) {
	post := func(kind string, body map[string]any) {
		all = append(all, ask{method: http.MethodPost, path: "/api/v1/" + slug + "/" + kind, json: body})
	}
	for _, name := range []string{product.String(), secret.String(), canary, "SE", "SE-1", canary + " renamed", canary + " aim", canary + " release", "zyxcanary0", "zyxcanary-1"} {
		for _, column := range []string{"product", "parent", "objective", "release", "owner", "team", "status"} {
			post("features", map[string]any{"title": "x", column: name})
		}
		post("comments", map[string]any{"about": name, "text": "x"})
		post("comments", map[string]any{"about": map[string]any{"kind": "feature", "id": name}, "text": "x"})
		sent := url.Values{"kind": {"feature"}, "about": {name}, "name": {"x.txt"}}.Encode()
		all = append(all, ask{method: http.MethodPost, path: "/api/v1/" + slug + "/attachments?" + sent, raw: canary}, ask{method: http.MethodPost, path: "/w/" + slug + "/attachments?" + sent, raw: canary})
		post("dependencies", map[string]any{"from": name, "to": name, "type": "blocks"})
		post("objectives", map[string]any{"title": "x", "product": name, "period": "never"})
		post("releases", map[string]any{"name": canary + " release", "product": name})
		for _, kind := range []string{"features", "products", "objectives", "releases"} {
			path := "/api/v1/" + slug + "/" + kind + "/" + url.PathEscape(name)
			all = append(all, ask{method: http.MethodPatch, path: path, json: map[string]any{"title": "x"}}, ask{method: http.MethodDelete, path: path})
		}
	}
	for n := range 16 {
		all = append(all, ask{method: http.MethodPost, path: "/api/v1/" + slug + "/undo", json: map[string]any{"seq": n}})
	}
	return all
}

var (
	identifiers = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	chances     = regexp.MustCompile(`page=[\w-]{20}"|nonce="[^"]*"|'nonce-[^']*'|"request":"[^"]*"|"next":"[^"]*"|class="av av-\d+"|class="obj o\d"|(\b|%2C)0{10}[0-9a-f]{38}\b`)
)

// plain is an answer without what differs between any two: identifiers by the order in
// which they stand, random values, lengths and hashes of the rest.
func plain(status int, header http.Header, body string) string {
	var b strings.Builder
	fmt.Fprintln(&b, status)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if !slices.Contains([]string{"X-Request-Id", "Etag", "Content-Length", "Set-Cookie"}, name) {
			fmt.Fprintln(&b, name, header[name])
		}
	}
	b.WriteString(body)
	seen := map[string]string{}
	text := identifiers.ReplaceAllStringFunc(b.String(), func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprint("id", len(seen))
		}
		return seen[id]
	})
	return chances.ReplaceAllString(text, "")
}

// What is private to a product changes no byte of what is answered to those who have no
// role there: all that they can ask is asked of a workspace with a private product and of
// one that has none, and the answers are the same.
func TestAPrivateProductChangesNothingForOthers(t *testing.T) {
	for name, options := range tried() {
		t.Run(name, func(t *testing.T) {
			with, without := twinOf(t, options(t), true), twinOf(t, options(t), false)
			asked := 0
			var all []ask
			for _, path := range questions(with, with.secret, with.private) {
				all = append(all, get(path))
			}
			all = append(all, oracles(with.secret, with.private)...)
			for _, who := range []string{"viewer", "guest", "editor"} {
				for i, q := range all {
					if raceEnabled && i%10 != 0 { // all of them are asked without the race detector
						continue
					}
					asked++
					if asked%200 == 0 {
						with.clock.Move(time.Second)
						without.clock.Move(time.Second)
					}
					a, b := with.send(with.people[who], q), without.send(without.people[who], q)
					x, y := plain(a.Code, a.Header(), a.Body.String()), plain(b.Code, b.Header(), b.Body.String())
					if x != y {
						t.Errorf("%s, %s %s %v: %s", who, q.method, q.path, q.json, difference(x, y))
					}
					if a.Code >= 500 {
						t.Errorf("%s, %s %s is answered with %d", who, q.method, q.path, a.Code)
					}
					asks := fmt.Sprint(q.path, q.json)
					if !strings.Contains(asks, "zyx") && strings.Contains(x, "zyx") {
						t.Errorf("%s, %s %s tells the canary", who, q.method, q.path)
					}
				}
			}
			owner := with.people["owner"]
			if n := strings.Count(with.send(owner, get("/api/v1/"+slug+"/features")).Body.String(), canary); n == 0 {
				t.Error("the owner does not see the canary either: nothing is proven")
			}
			t.Logf("%d questions", asked)
		})
	}
}

// difference shows where two texts part.
func difference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, min(i, len(s))-80):min(len(s), i+120)] }
	return fmt.Sprintf("\n with:    …%s…\n without: …%s…", cut(a), cut(b))
}
