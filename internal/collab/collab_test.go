package collab_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/richtext"
	"github.com/throughline-pm/throughline/internal/table"
)

// note stands for any kind that belongs to products, person for the kind of that name.
type note struct {
	ledger.Meta
	Title   string     `json:"title,omitzero" ledger:"title"`
	Product ledger.Ref `json:"product,omitzero" kind:"product,cascade"`
}

type person struct {
	ledger.Meta
	Name string `json:"name,omitzero" ledger:"title"`
}

var (
	notes   = ledger.NewKind[note]("note")
	persons = ledger.NewKind[person]("person")
	tables  = table.NewSet(
		table.New(notes, table.Spec[note]{Name: "notes", One: "note", Label: "Notes", Title: func(n *note) string { return n.Title }}),
		table.New(persons, table.Spec[person]{Name: "people", One: "person", Label: "People", Title: func(p *person) string { return p.Name }}),
		collab.Table,
	)
	rules = append([]access.Rule{
		{
			Kind: "note", Create: access.Contributor, Edit: access.Editor, Delete: access.Editor,
			Product: func(_ ledger.View, e ledger.Entity) ledger.ID { return e.(*note).Product.ID() },
		},
		{Kind: "person", Create: access.Editor, Edit: access.Editor, Delete: access.Admin, Guests: true},
	}, collab.Rules(notes)...)
)

// talk is a workspace with a note in a public product and one in a private product.
type talk struct {
	t            *testing.T
	l            *ledger.Ledger
	ws           ledger.ID
	open, secret ledger.ID
	oda, jan     ledger.ID
	who          map[string]ledger.Actor
}

func newTalk(t *testing.T) *talk {
	l := ledgertest.Open(t, ledgertest.Engines[0].Open(t)(), ledger.Options{
		Registry: ledger.NewRegistry(access.Workspaces, access.Products, access.Memberships, notes, persons, collab.Comments, collab.Reviews),
		Policy:   access.NewTable(func(ledger.ID) (access.Scope, bool) { return "", false }, rules...),
	})
	d := &talk{t: t, l: l, who: map[string]ledger.Actor{}}
	var err error
	if d.ws, err = l.CreateWorkspace(t.Context(), "talk"); err != nil {
		t.Fatal(err)
	}
	d.must(ledger.System, func(tx *ledger.Tx) error {
		for _, role := range []access.Role{access.Viewer, access.Contributor, access.Editor, access.Owner} {
			for i := range 2 {
				id := tx.NewID()
				d.who[strings.Repeat("another ", i)+string(role)] = ledger.Actor{ID: id}
				if err := access.Grant(tx, id, role, ledger.ID{}); err != nil {
					return err
				}
			}
		}
		for i, at := range []*ledger.ID{&d.open, &d.secret} {
			p, err := access.Products.Create(tx, access.Product{Name: fmt.Sprint("P", i), Prefix: string(rune('A'+i)) + "A", Private: i == 1})
			if err == nil {
				*at, err = notes.Create(tx, note{Title: "note", Product: ledger.Ref(p)})
			}
			if err != nil {
				return err
			}
		}
		d.oda, err = persons.Create(tx, person{Name: "Oda Lind"})
		if err == nil {
			d.jan, err = persons.Create(tx, person{Name: "Jan"})
		}
		return err
	})
	return d
}

func (d *talk) scope(v ledger.View) *table.Scope {
	return &table.Scope{View: v, Set: tables, Today: "2026-05-12"}
}

func (d *talk) do(as ledger.Actor, fn func(tx *ledger.Tx) error, opts ...ledger.UpdateOption) error {
	_, err := d.l.Update(d.t.Context(), d.ws, as, "test", fn, opts...)
	return err
}

func (d *talk) must(as ledger.Actor, fn func(tx *ledger.Tx) error) {
	d.t.Helper()
	if err := d.do(as, fn); err != nil {
		d.t.Fatal(err)
	}
}

func (d *talk) say(as ledger.Actor, about ledger.ID, text string) (id ledger.ID) {
	d.t.Helper()
	d.must(as, func(tx *ledger.Tx) (err error) {
		id, err = collab.Say(tx, d.scope(tx), ledger.AnyRef{Kind: "note", ID: about}, text)
		return err
	})
	return id
}

func (d *talk) reply(as ledger.Actor, to ledger.ID, text string) (id ledger.ID) {
	d.t.Helper()
	d.must(as, func(tx *ledger.Tx) (err error) {
		id, err = collab.Reply(tx, d.scope(tx), to, text)
		return err
	})
	return id
}

func (d *talk) now(as ledger.Actor) *ledger.Snapshot {
	d.t.Helper()
	s, err := d.l.At(d.t.Context(), d.ws, as, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// is fails unless err is of the kind; "" is no error.
func is(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if (err == nil) != (kind == "") || kind != "" && !fault.Is(err, kind) {
		t.Errorf("%s: %v, want %q", what, err, kind)
	}
}

func TestWhoMayDoWhatWithAComment(t *testing.T) {
	d := newTalk(t)
	deeds := map[string]func(tx *ledger.Tx, id ledger.ID) error{
		"edit":    func(tx *ledger.Tx, id ledger.ID) error { return collab.Edit(tx, d.scope(tx), id, "in other words") },
		"resolve": func(tx *ledger.Tx, id ledger.ID) error { return collab.Resolve(tx, d.scope(tx), id, true) },
		"delete":  collab.Delete,
		"react":   func(tx *ledger.Tx, id ledger.ID) error { return collab.React(tx, id, "heart", true) },
		"unreact for another": func(tx *ledger.Tx, id ledger.ID) error {
			return collab.Comments.Edit(tx, id, func(c *collab.Comment) error { c.Reactions = nil; return nil })
		},
		"speak for another": func(tx *ledger.Tx, id ledger.ID) error {
			return collab.Comments.Edit(tx, id, func(c *collab.Comment) error { c.Author = ledger.System.ID; return nil })
		},
		"reply": func(tx *ledger.Tx, id ledger.ID) error {
			_, err := collab.Reply(tx, d.scope(tx), id, "yes")
			return err
		},
	}
	const no = fault.Forbidden
	for deed, want := range map[string]map[string]fault.Kind{ // by role; the comment is the contributor's
		"edit":                {"contributor": "", "another contributor": no, "editor": no, "owner": no, "viewer": no},
		"resolve":             {"contributor": "", "another contributor": no, "editor": "", "owner": "", "viewer": no},
		"delete":              {"contributor": "", "another contributor": no, "editor": "", "owner": "", "viewer": no},
		"react":               {"contributor": "", "another contributor": "", "editor": "", "owner": "", "viewer": no},
		"unreact for another": {"contributor": no, "another contributor": no, "editor": no, "owner": no, "viewer": no},
		"speak for another":   {"contributor": no, "another contributor": no, "editor": no, "owner": no, "viewer": no},
		"reply":               {"contributor": "", "another contributor": "", "editor": "", "owner": "", "viewer": no},
	} {
		for role, kind := range want {
			id := d.say(d.who["contributor"], d.open, "first")
			d.must(d.who["another editor"], func(tx *ledger.Tx) error { return collab.React(tx, id, "rocket", true) })
			is(t, role+" may "+deed, d.do(d.who[role], func(tx *ledger.Tx) error { return deeds[deed](tx, id) }), kind)
		}
	}
	about := func(id ledger.ID) func(tx *ledger.Tx) error {
		return func(tx *ledger.Tx) error {
			_, err := collab.Say(tx, d.scope(tx), ledger.AnyRef{Kind: "note", ID: id}, "hello")
			return err
		}
	}
	is(t, "a viewer comments", d.do(d.who["viewer"], about(d.open)), fault.Forbidden)
	is(t, "an editor comments on what is private", d.do(d.who["editor"], about(d.secret)), fault.Forbidden)
	is(t, "an owner comments on what is private", d.do(d.who["owner"], about(d.secret)), "")
}

func TestACommentIsSeenByThoseWhoSeeWhatItIsAbout(t *testing.T) {
	d := newTalk(t)
	d.say(d.who["owner"], d.secret, "for few ears")
	d.say(d.who["owner"], d.open, "for all")
	seen := func(as string, v ledger.View) (all []string) {
		for c := range collab.Comments.All(v) {
			all = append(all, c.Text.FirstLine())
		}
		return all
	}
	if got := seen("viewer", d.now(d.who["viewer"])); !slices.Equal(got, []string{"for all"}) {
		t.Errorf("a viewer sees %q", got)
	}
	if got := seen("owner", d.now(d.who["owner"])); len(got) != 2 {
		t.Errorf("an owner sees %q", got)
	}
	before := d.now(d.who["viewer"]).Seq()
	d.must(ledger.System, func(tx *ledger.Tx) error {
		n, _ := notes.Get(tx, d.open)
		return access.Products.Edit(tx, n.Product.ID(), func(p *access.Product) error { p.Private = true; return nil })
	})
	if got := seen("viewer", d.now(d.who["viewer"])); len(got) != 0 {
		t.Errorf("a viewer sees %q of what is private now", got)
	}
	past, err := d.l.AsOf(t.Context(), d.ws, d.who["viewer"], ledger.AtSeq(before))
	if err != nil {
		t.Fatal(err)
	}
	if got := seen("viewer", past); len(got) != 0 {
		t.Errorf("a viewer sees %q in the past of what is private now", got)
	}
}

func TestADeletedCommentLeavesATraceAboveItsReplies(t *testing.T) {
	d := newTalk(t)
	me, you := d.who["contributor"], d.who["another contributor"]
	alone, head := d.say(me, d.open, "alone"), d.say(me, d.open, "head")
	answer := d.reply(you, head, "answer")
	d.must(me, func(tx *ledger.Tx) error { return collab.Delete(tx, alone) })
	d.must(me, func(tx *ledger.Tx) error { return collab.Delete(tx, head) })
	threads := collab.Threads(d.now(me), d.open)
	if len(threads) != 1 || !threads[0].Withdrawn || !threads[0].Text.IsZero() || len(threads[0].Replies) != 1 {
		t.Fatalf("%d threads, want the head without its words and the answer: %+v", len(threads), threads)
	}
	is(t, "what is deleted is edited", d.do(me, func(tx *ledger.Tx) error { return collab.Edit(tx, d.scope(tx), head, "again") }), fault.Conflict)
	d.must(d.who["owner"], func(tx *ledger.Tx) error { return collab.Delete(tx, answer) })
	if n := len(collab.Threads(d.now(me), d.open)); n != 1 {
		t.Errorf("%d threads: somebody else's deletion takes the head along", n)
	}
	// what it is about takes all of it along, whoever said it
	d.must(d.who["editor"], func(tx *ledger.Tx) error { return notes.Delete(tx, d.open) })
	if n := collab.Comments.Len(d.now(me)); n != 0 {
		t.Errorf("%d comments are about nothing", n)
	}
}

func TestAReplyStaysInItsThread(t *testing.T) {
	d := newTalk(t)
	me := d.who["owner"]
	head := d.say(me, d.open, "head")
	first := d.reply(me, head, "first")
	second := d.reply(me, first, "to the first") // one level: it answers the thread
	c, _ := collab.Comments.Get(d.now(me), second)
	if c.Parent.ID() != head {
		t.Error("a reply to a reply makes a level of its own")
	}
	create := func(c collab.Comment) error {
		return d.do(me, func(tx *ledger.Tx) error {
			c.Author, c.Text = me.ID, tx.Text("x")
			_, err := collab.Comments.Create(tx, c)
			return err
		})
	}
	ref := func(id ledger.ID) ledger.AnyRef { return ledger.AnyRef{Kind: "note", ID: id} }
	is(t, "a reply to a reply", create(collab.Comment{About: ref(d.open), Parent: ledger.Ref(first)}), fault.Invalid)
	is(t, "a reply about something else", create(collab.Comment{About: ref(d.secret), Parent: ledger.Ref(head)}), fault.Invalid)
	is(t, "a comment on a comment", create(collab.Comment{About: ledger.AnyRef{Kind: "comment", ID: head}}), fault.Forbidden)
	is(t, "a comment on nothing", create(collab.Comment{}), fault.Forbidden)
	is(t, "a thread that is moved", d.do(me, func(tx *ledger.Tx) error {
		return collab.Comments.Edit(tx, head, func(c *collab.Comment) error { c.About = ref(d.secret); return nil })
	}), fault.Invalid)
	is(t, "an empty comment", d.do(me, func(tx *ledger.Tx) error { return collab.Edit(tx, d.scope(tx), head, " ") }), fault.Invalid)
	is(t, "a book", d.do(me, func(tx *ledger.Tx) error { return collab.Edit(tx, d.scope(tx), head, strings.Repeat("x", 50_000)) }), fault.Invalid)
	is(t, "a feeling of one's own", d.do(me, func(tx *ledger.Tx) error { return collab.React(tx, head, "envy", true) }), fault.Invalid)
	d.must(me, func(tx *ledger.Tx) error { return collab.Resolve(tx, d.scope(tx), first, true) })
	if c, _ := collab.Comments.Get(d.now(me), head); !c.Resolved || c.ResolvedBy != me.ID || c.ResolvedAt == 0 || collab.Open(d.now(me), d.open) != 0 {
		t.Errorf("the thread is not settled: %+v", c)
	}
	d.must(me, func(tx *ledger.Tx) error { return collab.Resolve(tx, d.scope(tx), head, false) })
	if c, _ := collab.Comments.Get(d.now(me), head); c.Resolved || !c.ResolvedBy.IsZero() || collab.Open(d.now(me), d.open) != 1 {
		t.Errorf("the thread is not open again: %+v", c)
	}
}

func TestWhoIsMentioned(t *testing.T) {
	d := newTalk(t)
	d.must(ledger.System, func(tx *ledger.Tx) error {
		for _, name := range []string{"Rafe Holm", "Rafe Berg", "Jan Oster"} {
			if _, err := persons.Create(tx, person{Name: name}); err != nil {
				return err
			}
		}
		return nil
	})
	s := d.scope(d.now(ledger.System))
	for text, want := range map[string]string{
		"ask @Oda about it":         "Oda Lind",
		"ask @oda lind, and @Jan.":  "Oda Lind; Jan",
		"@Jan Oster knows":          "Jan Oster",
		"@Janine, mail oda@Jan.com": "",
		"@Rafe":                     "", // there are two
		"@Rafe Berg @Rafe Berg":     "Rafe Berg",
		"(@Jan)":                    "Jan",
		richtext.Mention("Jan", d.oda) + " by what it leads to": "Oda Lind",
		richtext.Mention("Zoe", d.open) + " is nobody":          "",
		"no one": "",
	} {
		var got []string
		for _, r := range collab.Mentioned(s, text) {
			t, _ := s.Target("person", r)
			got = append(got, t.Title)
		}
		if g := strings.Join(got, "; "); g != want {
			t.Errorf("%q mentions %q, want %q", text, g, want)
		}
	}
	long := d.say(d.who["owner"], d.open, strings.Repeat("long ", 400)+"\n@Oda")
	if c, _ := collab.Comments.Get(s.In(d.now(ledger.System)).View, long); !slices.Equal(c.Mentions, []ledger.ID{d.oda}) {
		t.Errorf("a long comment mentions %v", c.Mentions)
	}
}

func TestACommentIsWrittenLikeAnyRow(t *testing.T) {
	d := newTalk(t)
	me := d.who["contributor"]
	var id ledger.ID
	create := func(about any) error {
		return d.do(me, func(tx *ledger.Tx) (err error) {
			id, err = collab.Table.Create(tx, d.scope(tx), ledger.ID{}, table.Input{"about": about, "text": "hello @Jan"})
			return err
		})
	}
	is(t, "about what nobody knows", create("0190a0a0-0000-7000-8000-000000000000"), fault.Invalid)
	is(t, "about what is private", create(d.secret.String()), fault.Invalid)
	is(t, "about what is private, as an object", create(map[string]any{"kind": "note", "id": d.secret.String()}), fault.Invalid)
	is(t, "about a note", create(map[string]any{"kind": "note", "id": d.open.String()}), "")
	c, _ := collab.Comments.Get(d.now(me), id)
	if c == nil || c.Author != me.ID || !slices.Equal(c.Mentions, []ledger.ID{d.jan}) {
		t.Fatalf("the comment is %+v", c)
	}
	d.must(me, func(tx *ledger.Tx) error {
		return collab.Table.Edit(tx, d.scope(tx), id, table.Input{"text": "nobody", "resolved": true})
	})
	if c, _ := collab.Comments.Get(d.now(me), id); len(c.Mentions) != 0 || c.ResolvedBy != me.ID {
		t.Errorf("after the edit it is %+v", c)
	}
	d.must(me, func(tx *ledger.Tx) error { return collab.Table.Delete(tx, id) })
}

func TestAProposalHasCommentsOfItsOwn(t *testing.T) {
	d := newTalk(t)
	me, merger := d.who["contributor"], d.who["editor"]
	var p ledger.ID
	d.must(me, func(tx *ledger.Tx) (err error) {
		p, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "What if", State: ledger.ProposalOpen})
		return err
	})
	is(t, "a comment in a proposal", d.do(me, func(tx *ledger.Tx) error {
		_, err := collab.Say(tx, d.scope(tx), ledger.AnyRef{Kind: "note", ID: d.open}, "if so")
		return err
	}, ledger.In(p)), "")
	if n := collab.Comments.Len(d.now(me)); n != 0 {
		t.Errorf("%d comments stand before the merge", n)
	}
	if _, err := d.l.Merge(t.Context(), d.ws, merger, p, ledger.Settlement{}); err != nil {
		t.Fatal(err)
	}
	all := collab.Threads(d.now(me), d.open)
	if len(all) != 1 || all[0].Author != me.ID {
		t.Errorf("after the merge there are %+v, want the one of its author", all)
	}
}
