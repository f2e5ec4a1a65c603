package table_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/table"
)

type thing struct {
	ledger.Meta
	Title    string                     `json:"title,omitzero" ledger:"title"`
	Note     ledger.TextRef             `json:"note,omitzero"`
	Size     string                     `json:"size,omitzero"`
	Points   float64                    `json:"points,omitzero"`
	Due      calendar.Day               `json:"due,omitzero"`
	Home     string                     `json:"home,omitzero"`
	Tags     []string                   `json:"tags,omitzero" ledger:"set"`
	Owner    ledger.Ref                 `json:"owner,omitzero" kind:"being,clear"`
	Friends  []ledger.Ref               `json:"friends,omitzero" kind:"being,clear"`
	Archived bool                       `json:"archived,omitzero"`
	Old      string                     `json:"external_key,omitzero"`
	More     map[string]json.RawMessage `json:"more,omitzero"`
}

type being struct {
	ledger.Meta
	Name string `json:"name,omitzero" ledger:"title"`
	Mail string `json:"mail,omitzero"`
}

var (
	things     = ledger.NewKind("thing", ledger.Keyed(func(ledger.View, *thing) string { return "T" }))
	byOld      = ledger.NewIndex(things, func(x *thing) []ledger.ID { return table.ExternalKey(x.Old) })
	beings     = ledger.NewKind[being]("being")
	sizes      = []table.Option{{Name: "s", Label: "Small"}, {Name: "m", Label: "Medium"}, {Name: "l", Label: "Large"}}
	thingTable = table.New(things, table.Spec[thing]{
		Name: "things", One: "thing", Label: "Things",
		Title:    func(x *thing) string { return x.Title },
		External: func(x *thing) *string { return &x.Old }, ByOther: &byOld,
		Archived: func(x *thing) bool { return x.Archived },
		New: func(_ ledger.View, x *thing) {
			if x.Size == "" {
				x.Size = "m"
			}
		},
		Custom: func(ledger.View) []table.Column[thing] {
			return []table.Column[thing]{
				table.Custom(table.Info{Name: "risk", Label: "Risk", Type: table.TypeChoice},
					[]table.Option{{Name: "high", Label: "High"}, {Name: "low", Label: "Low"}},
					func(x *thing) json.RawMessage { return x.More["risk"] },
					func(x *thing, raw json.RawMessage) { x.More = map[string]json.RawMessage{"risk": raw} }),
				table.Custom(table.Info{Name: "hours", Label: "Hours", Type: table.TypeNumber}, nil,
					func(x *thing) json.RawMessage { return x.More["hours"] },
					func(x *thing, raw json.RawMessage) { x.More = map[string]json.RawMessage{"hours": raw} }),
			}
		},
		Columns: []table.Column[thing]{
			table.Text("title", "Title", func(x *thing) *string { return &x.Title }).Required(),
			table.LongText("note", "Note", func(x *thing) *ledger.TextRef { return &x.Note }),
			table.Choice("size", "Size", sizes, func(x *thing) *string { return &x.Size }),
			table.Number("points", "Points", func(x *thing) *float64 { return &x.Points }),
			table.Day("due", "Due", func(x *thing) *calendar.Day { return &x.Due }),
			table.URL("home", "Home", func(x *thing) *string { return &x.Home }),
			table.Tags("tags", "Tags", func(x *thing) *[]string { return &x.Tags }),
			table.Link("owner", "Owner", "being", func(x *thing) *ledger.Ref { return &x.Owner }),
			table.Links("friends", "Friends", "being", func(x *thing) *[]ledger.Ref { return &x.Friends }),
			table.Computed("double", "Double", func(_ *table.Scope, x *thing) (float64, bool) { return 2 * x.Points, x.Points != 0 }),
			table.Flag("archived", "Archived", func(x *thing) *bool { return &x.Archived }),
		},
	})
	beingTable = table.New(beings, table.Spec[being]{
		Name: "beings", One: "being", Label: "Beings",
		Title: func(b *being) string { return b.Name },
		Names: func(b *being) []string { return []string{b.Mail} },
		Columns: []table.Column[being]{
			table.Text("name", "Name", func(b *being) *string { return &b.Name }).Required(),
			table.Text("mail", "Mail", func(b *being) *string { return &b.Mail }),
		},
	})
	tables = table.NewSet(thingTable, beingTable)
)

// world is a workspace with some things.
type world struct {
	t  *testing.T
	l  *ledger.Ledger
	ws ledger.ID
}

func newWorld(t *testing.T, policy ledger.Policy) *world {
	l := ledgertest.Open(t, ledgertest.Engines[0].Open(t)(), ledger.Options{
		Registry: ledger.NewRegistry(things, beings), Policy: policy, Clock: ledgertest.NewClock().Now,
	})
	ws, err := l.CreateWorkspace(t.Context(), "w")
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, l, ws}
}

func (w *world) scope(v ledger.View) *table.Scope {
	return &table.Scope{View: v, Set: tables, Today: "2026-05-12", Week: time.Monday, Zone: time.UTC}
}

func (w *world) update(fn func(tx *ledger.Tx) error) error {
	_, err := w.l.Update(w.t.Context(), w.ws, ledgertest.Ann, "test", fn)
	return err
}

func (w *world) create(t *table.Table[thing], in table.Input) ledger.ID {
	w.t.Helper()
	var id ledger.ID
	if err := w.update(func(tx *ledger.Tx) (err error) {
		id, err = t.Create(tx, w.scope(tx), ledger.ID{}, in)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) now() *ledger.Snapshot {
	w.t.Helper()
	s, err := w.l.At(w.t.Context(), w.ws, ledgertest.Ann, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// titles lists the titles of a query.
func (w *world) titles(query string) []string {
	w.t.Helper()
	list := w.list(query)
	var all []string
	for _, r := range list.Rows(0, list.Total) {
		all = append(all, r.Title())
	}
	return all
}

func (w *world) list(query string) *table.List {
	w.t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		w.t.Fatal(err)
	}
	q, err := table.ParseQuery(v)
	if err != nil {
		w.t.Fatal(err)
	}
	s := w.now()
	list, err := thingTable.List(context.Background(), w.scope(s), s, q)
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return list
}

func filter(f string) string { return url.Values{"filter": {f}}.Encode() }

func (w *world) fill() {
	if err := w.update(func(tx *ledger.Tx) error {
		for _, b := range []being{{Name: "Ann", Mail: "ann@example.com"}, {Name: "Bob"}, {Name: "Twin"}, {Name: "twin"}} {
			if _, err := beings.Create(tx, b); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	for _, in := range []table.Input{
		{"title": "boat", "size": "Large", "points": 8.0, "due": "2026-05-20", "owner": "Ann", "tags": "Sea; Wood", "custom.risk": "low"},
		{"title": "Apple", "size": "s", "points": "1.5", "due": "2026-05-12", "owner": "ann@example.com", "friends": []any{"Bob", "ann"}},
		{"title": "cart", "points": nil, "tags": []any{"wood"}, "custom.hours": 4.0, "external_key": "X-7"},
		{"title": "Old", "archived": true, "points": 99.0},
		{"title": "Ärmel", "size": "s", "points": -3.0, "due": "2026-06-01", "custom.risk": "High"},
	} {
		w.create(thingTable, in)
	}
}

func TestFilters(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	for f, want := range map[string][]string{
		``:                                    {"boat", "Apple", "cart", "Ärmel"},
		`archived = yes`:                      {"Old"},
		`archived in (yes, no)`:               {"boat", "Apple", "cart", "Old", "Ärmel"},
		`size = small`:                        {"Apple", "Ärmel"},
		`size in (s, Large)`:                  {"boat", "Apple", "Ärmel"},
		`size != s`:                           {"boat", "cart"},
		`points > 1`:                          {"boat", "Apple"},
		`points <= 1.5`:                       {"Apple", "Ärmel"},
		`points is empty`:                     {"cart"},
		`double = 16`:                         {"boat"},
		`due = today`:                         {"Apple"},
		`due < today+1w and due >= today`:     {"Apple"},
		`due >= start-of-month+1m`:            {"Ärmel"},
		`due is not empty`:                    {"boat", "Apple", "Ärmel"},
		`owner = Ann`:                         {"boat", "Apple"},
		`owner = ann@example.com`:             {"boat", "Apple"},
		`owner is empty`:                      {"cart", "Ärmel"},
		`owner contains AN`:                   {"boat", "Apple"},
		`friends = Bob`:                       {"Apple"},
		`friends in (Bob, Ann)`:               {"Apple"},
		`friends is empty and points > 0`:     {"boat"},
		`tags = wood`:                         {"boat", "cart"},
		`tags contains ea`:                    {"boat"},
		`not tags = wood`:                     {"Apple", "Ärmel"},
		`title contains AR`:                   {"cart"},
		`title = APPLE or key = t-3`:          {"Apple", "cart"},
		`external_key = X-7`:                  {"cart"},
		`custom.risk = high`:                  {"Ärmel"},
		`custom.risk is empty`:                {"Apple", "cart"},
		`custom.hours >= 4`:                   {"cart"},
		`created_at = 2026-03-02`:             {"boat", "Apple", "cart", "Ärmel"},
		`created_at < 2026-03-02`:             nil,
		`size = l or (points < 0 and size=s)`: {"boat", "Ärmel"},
	} {
		if diff := cmp.Diff(want, w.titles(filter(f))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f, diff)
		}
	}
}

func TestFaultyQueriesNameTheParameter(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	for query, want := range map[string]string{
		filter(`colour = red`):       `there is no column "colour"`,
		filter(`points = many`):      `points: "many" is no number`,
		filter(`points contains 3`):  "cannot be compared by contains",
		filter(`due = soon`):         `"soon" is no day`,
		filter(`size = huge`):        "is none of Small, Medium, Large",
		filter(`size < s`):           "not by <",
		filter(`owner = Nobody`):     `there is no being "Nobody"`,
		filter(`owner = TWIN`):       "2 beings are called",
		filter(`owner > Ann`):        "not by >",
		filter(`archived = perhaps`): "must be yes or no",
		"sort=colour":                `there is no column "colour"`,
		"group=colour":               `there is no column "colour"`,
		"columns=title,colour":       `there is no column "colour"`,
	} {
		v, _ := url.ParseQuery(query)
		q, err := table.ParseQuery(v)
		if err == nil {
			s := w.now()
			_, err = thingTable.List(t.Context(), w.scope(s), s, q)
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %q", query, err, want)
		}
	}
	if _, err := table.ParseQuery(url.Values{"sort": {"a", "b"}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a parameter that stands twice: %v", err)
	}
}

func TestSortAndGroup(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	for query, want := range map[string][]string{
		"sort=title":        {"Apple", "boat", "cart", "Ärmel"},
		"sort=-title":       {"Ärmel", "cart", "boat", "Apple"},
		"sort=points":       {"Ärmel", "Apple", "boat", "cart"}, // empty last
		"sort=-points":      {"boat", "Apple", "Ärmel", "cart"}, // either way
		"sort=size,-points": {"Apple", "Ärmel", "cart", "boat"}, // by the order of the options
		"sort=-key":         {"Ärmel", "cart", "Apple", "boat"},
		"sort=owner,title":  {"Apple", "boat", "cart", "Ärmel"},
		"q=app":             {"Apple"},
		"q=t-3":             {"cart"},
		"q=armel":           {"Ärmel"},
	} {
		if diff := cmp.Diff(want, w.titles(query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	list := w.list("group=size&sort=title")
	var got []string
	for _, g := range list.Groups {
		got = append(got, fmt.Sprintf("%s %d+%d", g.Value, g.First, g.Count))
	}
	if diff := cmp.Diff([]string{"Small 0+2", "Medium 2+1", "Large 3+1"}, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// A list that follows writes is the list computed anew, whatever is written.
func TestListsFollowWrites(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	queries := []string{
		"", "sort=title", "sort=-points,title", "sort=size,-due&filter=points+>+1", "filter=owner+%3D+Ann", "sort=owner", "q=a",
		"filter=tags+%3D+x+or+archived+%3D+yes&sort=-key", "sort=friends", "group=size&sort=points", "sort=custom.hours",
	}
	var ids []ledger.ID
	for step := range 300 {
		if err := w.update(func(tx *ledger.Tx) error {
			for range 1 + random.IntN(3) {
				in := table.Input{
					"title": pick("a", "b", "boat 2", "boat 10", "z"), "points": float64(random.IntN(4)), "size": pick("s", "m", "l", ""),
					"due": pick("", "2026-01-01", "2026-02-01"), "owner": pick("", "Ann", "Bob"), "tags": pick("", "x", "x; y"),
					"archived": random.IntN(5) == 0, "custom.hours": pick("", "1", "2"), "friends": pick("", "Ann", "Ann; Bob"),
				}
				switch n := random.IntN(10); {
				case n < 4 || len(ids) == 0:
					id, err := thingTable.Create(tx, w.scope(tx), ledger.ID{}, in)
					if err != nil {
						return err
					}
					ids = append(ids, id)
				case n < 9:
					if err := thingTable.Edit(tx, w.scope(tx), ids[random.IntN(len(ids))], in); err != nil {
						return err
					}
				default:
					i := random.IntN(len(ids))
					if err := thingTable.Delete(tx, ids[i]); err != nil {
						return err
					}
					ids = slices.Delete(ids, i, i+1)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if step%40 == 39 { // another kind that lists read
			if err := w.update(func(tx *ledger.Tx) error {
				return beings.Edit(tx, firstBeing(tx), func(b *being) error { b.Mail = fmt.Sprint(step, "@example.com"); return nil })
			}); err != nil {
				t.Fatal(err)
			}
		}
		query := queries[random.IntN(len(queries))]
		v, _ := url.ParseQuery(query)
		q, err := table.ParseQuery(v)
		if err != nil {
			t.Fatal(err)
		}
		rows := func(me ledger.ID) (all []ledger.ID) {
			s := w.now()
			scope := w.scope(s)
			scope.Me = me // part of the memo's key
			l, err := thingTable.List(t.Context(), scope, s, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range l.Rows(0, l.Total) {
				all = append(all, r.ID())
			}
			return all
		}
		anew := ledger.KeyOf(fmt.Sprint(step))
		if !slices.Equal(rows(ledger.ID{}), rows(anew)) {
			t.Fatalf("after write %d the list %q is not the one computed anew", step, query)
		}
	}
}

func TestNumbersInTextsSortByValue(t *testing.T) {
	w := newWorld(t, nil)
	for _, title := range []string{"v1.10", "v1.9", "V1.9 beta", "v1.100", "v1", "v1.09", "v2"} {
		w.create(thingTable, table.Input{"title": title})
	}
	want := []string{"v1", "v1.9", "v1.09", "V1.9 beta", "v1.10", "v1.100", "v2"}
	if diff := cmp.Diff(want, w.titles("sort=title")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPagesOfAListThatChanges(t *testing.T) {
	w := newWorld(t, nil)
	var ids []ledger.ID
	for i := range 10 {
		ids = append(ids, w.create(thingTable, table.Input{"title": fmt.Sprint(i)}))
	}
	if at := w.list("").After(ids[3], 4); at != 4 {
		t.Errorf("behind the fourth row is %d", at)
	}
	w.create(thingTable, table.Input{"title": "a"})
	if err := w.update(func(tx *ledger.Tx) error { return thingTable.Delete(tx, ids[0]) }); err != nil {
		t.Fatal(err)
	}
	if at := w.list("").After(ids[3], 4); at != 3 {
		t.Errorf("one row before it is gone; behind it is %d", at)
	}
	if err := w.update(func(tx *ledger.Tx) error { return thingTable.Delete(tx, ids[3]) }); err != nil {
		t.Fatal(err)
	}
	if at := w.list("").After(ids[3], 4); at != 3 {
		t.Errorf("the fourth row itself is gone; what followed it stands behind %d", at)
	}
	if rows := w.list("").Rows(8, 50); len(rows) != 1 || len(w.list("").Rows(99, 5)) != 0 {
		t.Errorf("the last page has %d rows", len(rows))
	}
}

func TestWritingReportsEveryFaultyField(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	err := w.update(func(tx *ledger.Tx) error {
		_, err := thingTable.Create(tx, w.scope(tx), ledger.ID{}, table.Input{
			"title": 7.0, "size": "huge", "points": "many", "due": "2026-02-31", "home": "javascript:alert(1)",
			"tags": []any{1.0}, "owner": "Nobody", "friends": "Ann, Nobody", "double": 3.0, "colour": "red", "archived": "perhaps",
			"custom.risk": "medium", "custom.hours": true,
		})
		return err
	})
	var got []string
	var f *fault.Error
	if !asFault(err, &f) {
		t.Fatalf("%v", err)
	}
	for _, x := range f.Fields {
		got = append(got, x.Name)
	}
	want := []string{"archived", "colour", "custom.hours", "custom.risk", "double", "due", "friends", "home", "owner", "points", "size", "tags"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faulty fields (-want +got):\n%s\n%v", diff, err)
	}
}

func asFault(err error, to **fault.Error) bool {
	f, ok := err.(*fault.Error)
	*to = f
	return ok
}

// What a column shows can be typed in again and is the same, and so can what the API
// answers.
func TestValuesComeBack(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	id := w.create(thingTable, table.Input{
		"title": "whole", "note": strings.Repeat("long ", 500), "size": "l", "points": 2.5, "due": "2026-12-24",
		"home": "https://example.com/a?b=c", "tags": "x; y", "owner": "Bob", "friends": "Bob; Ann", "archived": true,
		"custom.risk": "low", "external_key": "E-1",
	})
	s := w.scope(w.now())
	row, ok := thingTable.Row(s.View, id)
	if !ok {
		t.Fatal("it is gone")
	}
	shown, answered := table.Input{}, table.Input{}
	for _, c := range thingTable.Columns(s.View) {
		if !c.Writable || c.Type == table.TypeLongText {
			continue
		}
		shown[c.Name] = thingTable.Show(s, row, c.Name)
		raw, err := json.Marshal(thingTable.Value(s, row, c.Name))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		answered[c.Name] = v
	}
	for name, in := range map[string]table.Input{"shown": shown, "answered": answered} {
		if changed, err := thingTable.Differs(s, row, in); err != nil || len(changed) > 0 {
			t.Errorf("%s: %v differ, %v", name, changed, err)
		}
	}
	if changed, err := thingTable.Differs(s, row, table.Input{"note": "short", "points": 2.5, "owner": ""}); err != nil || !slices.Equal(changed, []string{"note", "owner"}) {
		t.Errorf("%v differ, %v", changed, err)
	}
}

func TestEditLeavesTheOtherColumns(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	id := w.create(thingTable, table.Input{"title": "one", "points": 3.0, "tags": "a"})
	if err := w.update(func(tx *ledger.Tx) error {
		return thingTable.Edit(tx, w.scope(tx), id, table.Input{"points": "", "owner": map[string]any{"id": firstBeing(tx).String()}})
	}); err != nil {
		t.Fatal(err)
	}
	s := w.scope(w.now())
	row, _ := thingTable.Row(s.View, id)
	for column, want := range map[string]string{"title": "one", "points": "", "tags": "a", "owner": "Ann", "size": "Medium"} {
		if got := thingTable.Show(s, row, column); got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	if row.Version() != 2 {
		t.Errorf("version %d", row.Version())
	}
}

func firstBeing(v ledger.View) ledger.ID {
	for b := range beings.All(v) {
		return b.ID
	}
	return ledger.ID{}
}

// hideBob lets nobody but the system see Bob.
type hideBob struct{ ledgertest.AllowAll }

func (hideBob) Viewer(_ ledger.View, as ledger.Actor) (ledger.Viewer, error) {
	if as.ID != ledgertest.Bob.ID {
		return ledger.Viewer{Class: "all", May: ledgertest.Anything}, nil
	}
	return ledger.Viewer{Class: "some", Sees: func(_ ledger.View, _ string, e ledger.Entity) bool {
		b, ok := e.(*being)
		return !ok || b.Name != "Bob"
	}}, nil
}

func TestWhatIsPrivateHasNoName(t *testing.T) {
	w := newWorld(t, hideBob{})
	w.fill()
	id := w.create(thingTable, table.Input{"title": "secret", "owner": "Bob"})
	v, err := w.l.At(t.Context(), w.ws, ledgertest.Bob, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := w.scope(v)
	row, _ := thingTable.Row(v, id)
	if got := thingTable.Show(s, row, "owner"); got != "a private item" {
		t.Errorf("the owner is shown as %q", got)
	}
	if raw, _ := json.Marshal(thingTable.Value(s, row, "owner")); string(raw) != `{"private":true}` {
		t.Errorf("the API answers %s", raw)
	}
	q, _ := table.ParseQuery(url.Values{"filter": {"owner = Bob"}})
	if _, err := thingTable.List(t.Context(), s, v, q); !fault.Is(err, fault.Invalid) {
		t.Errorf("a filter may guess the name: %v", err)
	}
	whole := w.scope(v.Whole())
	bob, err := whole.Find("being", "Bob")
	if err != nil {
		t.Fatal(err)
	}
	_, hidden := s.Find("being", bob.String())
	_, none := s.Find("being", id.String())
	if !fault.Is(hidden, fault.Invalid) || strings.ReplaceAll(fmt.Sprint(hidden), bob.String(), id.String()) != fmt.Sprint(none) {
		t.Errorf("who holds the identifier is told %v, of what is not there %v", hidden, none)
	}
	grouped, _ := table.ParseQuery(url.Values{"group": {"owner"}})
	list, err := thingTable.List(t.Context(), s, v, grouped)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range list.Groups {
		if strings.Contains(fmt.Sprint(g), "Bob") {
			t.Errorf("a group says %v", g)
		}
	}
}

func TestShowChangeNamesWhatItCan(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	s := w.scope(w.now())
	ann := firstBeing(s.View).String()
	for _, c := range []struct {
		field, old, now         string
		label, wasText, nowText string
	}{
		{"owner", `null`, `"` + ann + `"`, "Owner", "", "Ann"},
		{"size", `"s"`, `"l"`, "Size", "Small", "Large"},
		{"points", `1`, `2.5`, "Points", "1", "2.5"},
		{"archived", `null`, `true`, "Archived", "", "yes"},
		{"tags", `["a"]`, `["a","b"]`, "Tags", "a", "a; b"},
		{"note", `null`, `{"sha256":"x","size":2000,"first":"Begin"}`, "Note", "", "Begin …"},
		{"mystery", `"a"`, `{"b":1}`, "mystery", "a", "b 1"},
	} {
		label, was, now := thingTable.ShowChange(s, ledger.FieldChange{Field: c.field, Old: json.RawMessage(c.old), New: json.RawMessage(c.now)})
		if label != c.label || was != c.wasText || now != c.nowText {
			t.Errorf("%s: %q %q %q", c.field, label, was, now)
		}
	}
}

func BenchmarkList(b *testing.B) {
	l := ledgertest.Open(b, ledgertest.Engines[0].Open(b)(), ledger.Options{Registry: ledger.NewRegistry(things, beings)})
	ws, err := l.CreateWorkspace(b.Context(), "w")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := l.Import(b.Context(), ws, ledgertest.Ann, "import", func(im *ledger.Import) error {
		for i := range 100_000 {
			x := thing{Title: fmt.Sprintf("thing %d", i*7919%100_000), Points: float64(i % 997), Size: sizes[i%3].Name}
			if _, err := things.Import(im, x, ledger.Stamp{}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	v, err := l.At(b.Context(), ws, ledgertest.Ann, 0)
	if err != nil {
		b.Fatal(err)
	}
	q, err := table.ParseQuery(url.Values{"filter": {"size in (s, l) and points > 100"}, "sort": {"-points,title"}})
	if err != nil {
		b.Fatal(err)
	}
	s := &table.Scope{View: v, Set: tables, Today: "2026-05-12"}
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			list, err := thingTable.List(b.Context(), s, v, q)
			if err != nil || len(list.Rows(0, 50)) != 50 {
				b.Fatal(list, err)
			}
		}
	})
	b.Run("first", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			s.Today = calendar.Day("2000-01-01").Add(i) // another key for the memo
			if _, err := thingTable.List(b.Context(), s, v, q); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestTryingToCreateAgainMakesNoSecondEntity(t *testing.T) {
	w := newWorld(t, nil)
	id := ledger.MustID("0195a000-0000-7000-8000-0000000000aa")
	create := func() error {
		return w.update(func(tx *ledger.Tx) error {
			made, err := thingTable.Create(tx, w.scope(tx), id, table.Input{"title": "Once"})
			if err == nil && made != id {
				t.Errorf("made %s", made)
			}
			return err
		})
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	if err := create(); !fault.Is(err, fault.Conflict) {
		t.Errorf("the second time: %v", err)
	}
	if n := things.Len(w.now()); n != 1 {
		t.Errorf("%d things", n)
	}
}

func TestAReaderReadsWhatValueReads(t *testing.T) {
	w := newWorld(t, nil)
	id := w.create(thingTable, table.Input{"title": "All", "points": 3.0, "tags": "a; b", "custom.risk": "high", "note": "Text"})
	s := w.scope(w.now())
	r, ok := thingTable.Row(s.View, id)
	if !ok {
		t.Fatal("it is not there")
	}
	columns := append(thingTable.Columns(s.View), table.Info{Name: "gone"})
	values := thingTable.Reader(s, columns)(r)
	for i, c := range columns {
		if want := thingTable.Value(s, r, c.Name); !cmp.Equal(values[i], want, cmp.AllowUnexported(ledger.TextRef{})) {
			t.Errorf("%s = %v, want %v", c.Name, values[i], want)
		}
	}
}

// BenchmarkListAfterAWrite lists 100,000 things right after each of them may have moved.
func BenchmarkListAfterAWrite(b *testing.B) {
	l := ledgertest.Open(b, ledgertest.Engines[0].Open(b)(), ledger.Options{Registry: ledger.NewRegistry(things, beings)})
	ws, err := l.CreateWorkspace(b.Context(), "w")
	if err != nil {
		b.Fatal(err)
	}
	var ids []ledger.ID
	if _, err := l.Import(b.Context(), ws, ledgertest.Ann, "import", func(im *ledger.Import) error {
		for i := range 100_000 {
			id, err := things.Import(im, thing{Title: fmt.Sprintf("thing %d", i*7919%100_000), Points: float64(i % 997), Size: sizes[i%3].Name}, ledger.Stamp{})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	q, err := table.ParseQuery(url.Values{"filter": {"size in (s, l) and points > 100"}, "sort": {"-points,title"}})
	if err != nil {
		b.Fatal(err)
	}
	list := func() {
		v, err := l.At(b.Context(), ws, ledgertest.Ann, 0)
		if err != nil {
			b.Fatal(err)
		}
		s := &table.Scope{View: v, Set: tables, Today: "2026-05-12"}
		if got, err := thingTable.List(b.Context(), s, v, q); err != nil || len(got.Rows(0, 50)) != 50 {
			b.Fatal(got, err)
		}
	}
	list()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		if _, err := l.Update(b.Context(), ws, ledgertest.Ann, "edit", func(tx *ledger.Tx) error {
			return things.Edit(tx, ids[i*31%len(ids)], func(x *thing) error { x.Points += 7; return nil })
		}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		list()
	}
}
