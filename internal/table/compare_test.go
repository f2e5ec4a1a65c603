package table_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/table"
)

// side is a moment of the workspace; zero is now.
func (w *world) side(m ledger.Moment) table.Side {
	w.t.Helper()
	s := w.now()
	if !m.IsZero() {
		var err error
		if s, err = w.l.AsOf(w.t.Context(), w.ws, ledgertest.Ann, m); err != nil {
			w.t.Fatal(err)
		}
	}
	return table.Side{Scope: w.scope(s), Snapshot: s, Moment: m}
}

func (w *world) compare(query string, then, now ledger.Moment, columns ...string) (*table.Comparison, error) {
	w.t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		w.t.Fatal(err)
	}
	q, err := table.ParseQuery(v)
	if err != nil {
		w.t.Fatal(err)
	}
	a, b := w.side(then), w.side(now)
	var infos []table.Info
	for _, c := range thingTable.Columns(b.View) {
		for _, name := range columns {
			if c.Name == name {
				infos = append(infos, c)
			}
		}
	}
	return thingTable.Compare(w.t.Context(), a, b, q, infos)
}

// told says in words what differs.
func told(c *table.Comparison) (all []string) {
	for _, part := range []struct {
		name string
		all  []table.Difference
	}{{"added", c.Added}, {"removed", c.Removed}, {"changed", c.Changed}} {
		for _, d := range part.all {
			line := part.name + " " + d.Latest().Title()
			switch {
			case d.Then.IsZero():
				line += " new"
			case d.Now.IsZero():
				line += " gone"
			}
			for _, v := range c.Values(d) {
				line += fmt.Sprintf(" %s:%s>%s", v.Column.Name, v.Was, v.Now)
			}
			all = append(all, line)
		}
	}
	return all
}

var comparedColumns = []string{"title", "note", "size", "points", "due", "tags", "owner", "friends", "double", "archived", "custom.risk"}

func TestCompare(t *testing.T) {
	w := newWorld(t, nil)
	w.fill()
	named := func(title string) ledger.ID {
		t.Helper()
		found := thingTable.Named(w.now(), title)
		if len(found) != 1 {
			t.Fatalf("%d are called %s", len(found), title)
		}
		return found[0]
	}
	boat, apple, cart, old, sleeve := named("boat"), named("Apple"), named("cart"), named("Old"), named("Ärmel")
	start := ledger.AtSeq(w.now().Seq())
	edit := func(as ledger.Actor, verb string, id ledger.ID, in table.Input) ledger.Seq {
		t.Helper()
		seq, err := w.l.Update(t.Context(), w.ws, as, verb, func(tx *ledger.Tx) error {
			return thingTable.Edit(tx, w.scope(tx), id, in)
		})
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	edit(ledgertest.Ann, "edit", boat, table.Input{"points": 9.0})
	moved := edit(ledgertest.Bob, "move", boat, table.Input{"points": 10.0, "title": "Boat"})
	edit(ledgertest.Ann, "edit", boat, table.Input{"owner": "Bob", "due": "2026-05-20", "note": "afloat"})
	edit(ledgertest.Ann, "edit", apple, table.Input{"archived": true})
	edit(ledgertest.Ann, "edit", old, table.Input{"archived": false})
	edit(ledgertest.Ann, "edit", sleeve, table.Input{"size": "l", "custom.risk": nil})
	middle := ledger.AtSeq(w.now().Seq())
	edit(ledgertest.Ann, "edit", sleeve, table.Input{"size": "s"})
	var gone ledger.Seq
	for _, do := range []func(tx *ledger.Tx) error{
		func(tx *ledger.Tx) error { // Ann has another name, which changes no thing that she owns
			for b := range beings.All(tx) {
				if b.Name == "Ann" {
					return beings.Edit(tx, b.ID, func(b *being) error { b.Name = "Anna"; return nil })
				}
			}
			return nil
		},
		func(tx *ledger.Tx) error { _, err := beings.Create(tx, being{Name: "Zoe"}); return err },
		func(tx *ledger.Tx) error { return things.Delete(tx, cart) },
	} {
		if err := w.update(do); err != nil {
			t.Fatal(err)
		}
		gone = w.now().Seq()
	}
	w.create(thingTable, table.Input{"title": "dory", "size": "s", "owner": "Zoe"})
	end := ledger.AtSeq(w.now().Seq())
	w.create(thingTable, table.Input{"title": "eel"})
	edit(ledgertest.Ann, "edit", boat, table.Input{"points": 1.0})

	for _, c := range []struct {
		name, query string
		then, now   ledger.Moment
		want        []string
	}{
		{"all", "", start, end, []string{
			"added Old archived:yes>", "added dory new", "removed Apple archived:>yes", "removed cart gone",
			"changed Boat title:boat>Boat note:>afloat points:8>10 owner:Ann>Bob double:16>20", "changed Ärmel custom.risk:high>",
		}},
		{"in order", "sort=-title", start, end, []string{
			"added Old archived:yes>", "added dory new", "removed cart gone", "removed Apple archived:>yes",
			"changed Ärmel custom.risk:high>", "changed Boat title:boat>Boat note:>afloat points:8>10 owner:Ann>Bob double:16>20",
		}},
		{"in and out of a filter", filter("size = s"), start, middle, []string{
			"removed Apple archived:>yes", "removed Ärmel size:Small>Large custom.risk:high>",
		}},
		{"who was not there yet", filter("owner = Zoe"), start, end, []string{"added dory new"}},
		{"backwards", "q=cart", end, start, []string{"added cart new"}},
		{"until now", "q=eel", end, ledger.Moment{}, []string{"added eel new"}},
		{"nothing", "", end, end, nil},
	} {
		got, err := w.compare(c.query, c.then, c.now, comparedColumns...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, told(got)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	if _, err := w.compare(filter("owner = Nobody"), start, end); !fault.Is(err, fault.Invalid) {
		t.Errorf("a filter that means nothing at either moment: %v", err)
	}

	got, err := w.compare("", start, end, comparedColumns...)
	if err != nil {
		t.Fatal(err)
	}
	if got.Then != 4 || got.Now != 4 || got.Len() != 6 {
		t.Errorf("%d, %d, %d", got.Then, got.Now, got.Len())
	}
	points, _ := thingTable.Column(w.now(), "points")
	if a, b := got.Totals(points); a != 6.5 || b != 106 {
		t.Errorf("points %v, %v", a, b)
	}
	double, _ := thingTable.Column(w.now(), "double")
	owner, _ := thingTable.Column(w.now(), "owner")
	why, err := got.Reasons(t.Context(), w.l, w.now(), got.Changed[0])
	if err != nil {
		t.Fatal(err)
	}
	if r := why.Of(points); r.Seq != moved || r.Actor != ledgertest.Bob.ID || r.Verb != "move" {
		t.Errorf("the points: %+v", r) // what happened after the later moment does not count
	}
	if r := why.Of(owner); r.Seq != moved+1 || r.Actor != ledgertest.Ann.ID {
		t.Errorf("the owner: %+v", r)
	}
	if r := why.Of(double); r.Seq != moved+1 {
		t.Errorf("a computed column: %+v", r)
	}
	if why, err = got.Reasons(t.Context(), w.l, w.now(), got.Removed[1]); err != nil || why.Last.Seq != gone || why.Last.Op != ledger.OpDelete {
		t.Errorf("what is gone: %+v %v", why.Last, err)
	}
}

func TestCompareSeesWhatOthersDecide(t *testing.T) {
	counted := table.New(things, table.Spec[thing]{
		Name: "counted", One: "thing", Label: "Things", Title: func(x *thing) string { return x.Title },
		Columns: []table.Column[thing]{
			table.Text("title", "Title", func(x *thing) *string { return &x.Title }),
			table.Computed("others", "Others", func(s *table.Scope, _ *thing) (float64, bool) { return float64(beings.Len(s.View)), true }, beings),
		},
	})
	w := newWorld(t, nil)
	w.fill()
	start := ledger.AtSeq(w.now().Seq())
	if err := w.update(func(tx *ledger.Tx) error { _, err := beings.Create(tx, being{Name: "Zoe"}); return err }); err != nil {
		t.Fatal(err)
	}
	then, now := w.side(start), w.side(ledger.Moment{})
	c, err := counted.Compare(t.Context(), then, now, table.Query{Text: "boat"}, counted.Columns(now.View))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := told(c), []string{"changed boat others:4>5"}; !cmp.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	others, _ := counted.Column(now.View, "others")
	why, err := c.Reasons(t.Context(), w.l, w.now(), c.Changed[0])
	if err != nil || !why.Of(others).IsZero() || !why.Last.IsZero() {
		t.Errorf("nothing happened to the boat: %+v %v", why, err)
	}
}
