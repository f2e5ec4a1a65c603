package access_test

import (
	"context"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// note is a kind that belongs to products, card one that is personal unless shared.
type note struct {
	ledger.Meta
	Text    string     `json:"text,omitzero" ledger:"title"`
	Product ledger.Ref `json:"product,omitzero" kind:"product,cascade"`
	Other   ledger.Ref `json:"other,omitzero" kind:"product,clear"`
}

type card struct {
	ledger.Meta
	Text string `json:"text,omitzero" ledger:"title"`
}

type stray struct {
	ledger.Meta
	Text string `json:"text,omitzero"`
}

var (
	notes  = ledger.NewKind[note]("note")
	cards  = ledger.NewKind[card]("card")
	strays = ledger.NewKind[stray]("stray")
	rules  = []access.Rule{
		{
			Kind: "note", Create: access.Contributor, Edit: access.Editor, Delete: access.Editor,
			Product: func(_ ledger.View, e ledger.Entity) ledger.ID { return e.(*note).Product.ID() },
			Also:    func(_ ledger.View, e ledger.Entity) ledger.ID { return e.(*note).Other.ID() },
			Mine: func(_ ledger.View, e ledger.Entity, account ledger.ID) bool {
				return ledger.MetaOf(e).CreatedBy == account
			},
		},
		{
			Kind: "card", Create: access.Viewer, Edit: access.Viewer, Delete: access.Viewer,
			Hidden: func(_ ledger.View, e ledger.Entity, account ledger.ID) bool {
				return ledger.MetaOf(e).CreatedBy != account
			},
		},
	}
)

// house is a workspace with a public and a private product, a note in each and one that
// joins them, and people of every role.
type house struct {
	t               *testing.T
	l               *ledger.Ledger
	ws              ledger.ID
	public, private ledger.ID
	people          map[string]ledger.Actor
	scopes          map[ledger.ID]access.Scope
}

func newHouse(t *testing.T, open func() ledger.Store) *house {
	h := &house{t: t, people: map[string]ledger.Actor{}, scopes: map[ledger.ID]access.Scope{}}
	h.l = ledgertest.Open(t, open(), ledger.Options{
		Registry: ledger.NewRegistry(access.Workspaces, access.Products, access.Memberships, notes, cards, strays),
		Policy: access.NewTable(func(token ledger.ID) (access.Scope, bool) {
			s, ok := h.scopes[token]
			return s, ok
		}, rules...),
	})
	var err error
	if h.ws, err = h.l.CreateWorkspace(t.Context(), "house"); err != nil {
		t.Fatal(err)
	}
	h.must(ledger.System, func(tx *ledger.Tx) error {
		if _, err := access.Workspaces.Create(tx, access.Workspace{Name: "House", TimeZone: "UTC", FirstWeekday: "monday", ValueUnit: "points", Currency: "EUR"}); err != nil {
			return err
		}
		for _, p := range []struct {
			to      *ledger.ID
			name    string
			prefix  string
			private bool
		}{{&h.public, "Open", "OP", false}, {&h.private, "Secret", "SE", true}} {
			id, err := access.Products.Create(tx, access.Product{Name: p.name, Prefix: p.prefix, Private: p.private})
			if err != nil {
				return err
			}
			*p.to = id
			if _, err := notes.Create(tx, note{Text: p.name + " note", Product: ledger.Ref(id)}); err != nil {
				return err
			}
		}
		if _, err := notes.Create(tx, note{Text: "join", Product: ledger.Ref(h.public), Other: ledger.Ref(h.private)}); err != nil {
			return err
		}
		_, err := strays.Create(tx, stray{Text: "nobody's"})
		return err
	})
	for _, m := range []struct {
		name    string
		role    access.Role
		product ledger.ID
	}{
		{"owner", access.Owner, ledger.ID{}},
		{"admin", access.Admin, ledger.ID{}},
		{"editor", access.Editor, ledger.ID{}},
		{"contributor", access.Contributor, ledger.ID{}},
		{"viewer", access.Viewer, ledger.ID{}},
		{"insider", access.Viewer, ledger.ID{}},
		{"insider", access.Editor, h.private},
		{"guest", access.Editor, h.public},
		{"outsider", "", ledger.ID{}},
	} {
		if h.people[m.name].ID.IsZero() {
			h.people[m.name] = ledger.Actor{ID: ledger.KeyOf(m.name)}
		}
		if m.role != "" {
			h.must(ledger.System, func(tx *ledger.Tx) error { return access.Grant(tx, h.people[m.name].ID, m.role, m.product) })
		}
	}
	return h
}

func (h *house) update(as ledger.Actor, fn func(tx *ledger.Tx) error, opts ...ledger.UpdateOption) error {
	_, err := h.l.Update(h.t.Context(), h.ws, as, "test", fn, opts...)
	return err
}

func (h *house) must(as ledger.Actor, fn func(tx *ledger.Tx) error) {
	h.t.Helper()
	if err := h.update(as, fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) texts(v ledger.View) []string {
	var all []string
	for n := range notes.All(v) {
		all = append(all, n.Text)
	}
	return all
}

func (h *house) see(as ledger.Actor) *ledger.Snapshot {
	h.t.Helper()
	s, err := h.l.At(h.t.Context(), h.ws, as, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func each(t *testing.T, f func(t *testing.T, h *house)) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) { f(t, newHouse(t, open)) })
}

func TestWhoSeesWhat(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		all, open := []string{"Open note", "Secret note", "join"}, []string{"Open note"}
		for who, want := range map[string][]string{
			"owner": all, "admin": all, "insider": all,
			"editor": open, "contributor": open, "viewer": open, "guest": open, "outsider": nil,
		} {
			s := h.see(h.people[who])
			if got := h.texts(s); !slices.Equal(got, want) {
				t.Errorf("%s sees %q, want %q", who, got, want)
			}
			if _, ok := access.Products.Get(s, h.private); ok != (len(want) == 3) {
				t.Errorf("%s sees the private product: %v", who, ok)
			}
			if hits := h.l.Registry().Search(s, ledger.Query{Text: "secret"}); (hits.Total > 0) != (len(want) == 3) {
				t.Errorf("%s finds %d things by the secret word", who, hits.Total)
			}
		}
	})
}

func TestWhoWritesWhat(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		make := func(product ledger.ID) func(tx *ledger.Tx) error {
			return func(tx *ledger.Tx) error {
				_, err := notes.Create(tx, note{Text: "new", Product: ledger.Ref(product)})
				return err
			}
		}
		edit := func(text string) func(tx *ledger.Tx) error {
			return func(tx *ledger.Tx) error {
				for n := range notes.All(tx) {
					if n.Text == text {
						return notes.Edit(tx, n.ID, func(n *note) error { n.Text += "!"; return nil })
					}
				}
				return fault.New(fault.NotFound, "it is not to be seen")
			}
		}
		for _, c := range []struct {
			who  string
			what string
			do   func(tx *ledger.Tx) error
			want fault.Kind
		}{
			{"viewer", "makes a note", make(h.public), fault.Forbidden},
			{"contributor", "makes a note", make(h.public), ""},
			{"contributor", "edits a note of others", edit("Open note"), fault.Forbidden},
			{"contributor", "edits a note of their own", edit("new"), ""},
			{"contributor", "makes a note in the private product", make(h.private), fault.Forbidden},
			{"editor", "makes a note in the private product", make(h.private), fault.Forbidden},
			{"insider", "makes a note in the private product", make(h.private), ""},
			{"insider", "makes a note in the public product, where they view", make(h.public), fault.Forbidden},
			{"editor", "edits what joins with the private product", edit("join"), fault.NotFound},
			{"guest", "edits a note of their product", edit("Open note"), ""},
			{"guest", "makes a note of no product", make(ledger.ID{}), fault.Forbidden},
			{"outsider", "makes a note", make(h.public), fault.Forbidden},
			{"editor", "makes what has no rule", func(tx *ledger.Tx) error { _, err := strays.Create(tx, stray{Text: "x"}); return err }, fault.Forbidden},
			{"owner", "makes what has no rule", func(tx *ledger.Tx) error { _, err := strays.Create(tx, stray{Text: "x"}); return err }, fault.Forbidden},
			{"editor", "makes a product", func(tx *ledger.Tx) error {
				_, err := access.Products.Create(tx, access.Product{Name: "x", Prefix: "XX"})
				return err
			}, fault.Forbidden},
			{"admin", "makes a product", func(tx *ledger.Tx) error {
				_, err := access.Products.Create(tx, access.Product{Name: "x", Prefix: "XX"})
				return err
			}, ""},
			{"editor", "grants a role", func(tx *ledger.Tx) error {
				return access.Grant(tx, h.people["outsider"].ID, access.Viewer, ledger.ID{})
			}, fault.Forbidden},
			{"admin", "makes an owner", func(tx *ledger.Tx) error {
				return access.Grant(tx, h.people["admin"].ID, access.Owner, ledger.ID{})
			}, fault.Forbidden},
			{"outsider", "makes themselves an owner", func(tx *ledger.Tx) error {
				return access.Grant(tx, h.people["outsider"].ID, access.Owner, ledger.ID{})
			}, fault.Forbidden},
			{"viewer", "makes themselves an owner", func(tx *ledger.Tx) error {
				return access.Grant(tx, h.people["viewer"].ID, access.Owner, ledger.ID{})
			}, fault.Forbidden},
			{"admin", "takes the owner's role", func(tx *ledger.Tx) error {
				return access.Grant(tx, h.people["owner"].ID, access.Viewer, ledger.ID{})
			}, fault.Forbidden},
			{"insider", "grants roles on the product they edit", func(tx *ledger.Tx) error {
				return access.Grant(tx, h.people["outsider"].ID, access.Viewer, h.private)
			}, fault.Forbidden},
			{"owner", "leaves the workspace without an owner", func(tx *ledger.Tx) error {
				return access.Grant(tx, h.people["owner"].ID, access.Admin, ledger.ID{})
			}, fault.Invalid},
		} {
			if err := h.update(h.people[c.who], c.do); fault.KindOf(err) != c.want || (c.want == "" && err != nil) {
				t.Errorf("%s %s: %v, want %q", c.who, c.what, err, c.want)
			}
		}
	})
}

// What was private then, or is private now, is not seen in the past.
func TestPrivacyInThePast(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		before := h.see(h.people["owner"]).Seq()
		private := func(is bool) {
			h.must(h.people["owner"], func(tx *ledger.Tx) error {
				return access.Products.Edit(tx, h.private, func(p *access.Product) error { p.Private = is; return nil })
			})
		}
		private(false)
		public := h.see(h.people["owner"]).Seq()
		if n := len(h.texts(h.see(h.people["viewer"]))); n != 3 {
			t.Fatalf("once it is public, a viewer sees %d notes", n)
		}
		at := func(seq ledger.Seq) []string {
			s, err := h.l.AsOf(t.Context(), h.ws, h.people["viewer"], ledger.AtSeq(seq))
			if err != nil {
				t.Fatal(err)
			}
			return h.texts(s)
		}
		if got := at(before); !slices.Equal(got, []string{"Open note"}) {
			t.Errorf("what was private then is seen: %q", got)
		}
		private(true)
		if got := at(public); !slices.Equal(got, []string{"Open note"}) {
			t.Errorf("what is private now is seen where it was public: %q", got)
		}
		h.must(ledger.System, func(tx *ledger.Tx) error { return access.Products.Delete(tx, h.private) })
		if got := at(before); !slices.Equal(got, []string{"Open note"}) {
			t.Errorf("what was private and is gone is seen: %q", got)
		}
	})
}

func TestPersonalThings(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, who := range []string{"viewer", "owner"} {
			h.must(h.people[who], func(tx *ledger.Tx) error {
				_, err := cards.Create(tx, card{Text: who})
				return err
			})
		}
		listed := func(who string) string {
			got, err := ledger.Memo(t.Context(), h.see(h.people[who]), "cards", []ledger.AnyKind{cards}, func(_ context.Context, v ledger.View) (string, error) {
				text := ""
				for c := range cards.All(v) {
					text += c.Text
				}
				return text, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		for _, who := range []string{"viewer", "owner", "viewer", "owner"} { // from the memo the second time
			if got := listed(who); got != who {
				t.Errorf("%s is told of the cards %q", who, got)
			}
		}
		if got := listed("editor"); got != "" {
			t.Errorf("the editor is told of the cards %q", got)
		}
	})
}

func TestTokensGoNoFurtherThanTheirScope(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		makeNote := func(tx *ledger.Tx) error {
			_, err := notes.Create(tx, note{Text: "new", Product: ledger.Ref(h.public)})
			return err
		}
		makeProduct := func(tx *ledger.Tx) error {
			_, err := access.Products.Create(tx, access.Product{Name: "x", Prefix: "XX"})
			return err
		}
		for scope, may := range map[access.Scope][2]bool{
			access.ScopeRead: {false, false}, access.ScopeWrite: {true, false}, access.ScopeAdmin: {true, true}, "": {false, false},
		} {
			token := ledger.KeyOf("token " + string(scope))
			if scope != "" {
				h.scopes[token] = scope
			}
			as := ledger.Actor{ID: h.people["owner"].ID, Via: token}
			if err := h.update(as, makeNote); (err == nil) != may[0] {
				t.Errorf("a token of scope %q makes a note: %v", scope, err)
			}
			if err := h.update(as, makeProduct); (err == nil) != may[1] {
				t.Errorf("a token of scope %q makes a product: %v", scope, err)
			}
			if got := len(h.texts(h.see(as))); (got > 0) != (scope != "") {
				t.Errorf("a token of scope %q sees %d notes", scope, got)
			}
		}
	})
}

func TestKindsWithoutARuleAreNamed(t *testing.T) {
	table := access.NewTable(nil, rules...)
	kinds := ledger.NewRegistry(access.Workspaces, access.Products, access.Memberships, notes, cards, strays).Kinds()
	if got := table.Missing(kinds); !slices.Equal(got, []string{"stray"}) {
		t.Errorf("without a rule: %q", got)
	}
}

func TestProposingIsNotDoing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		contributor := h.people["contributor"]
		var proposal ledger.ID
		h.must(contributor, func(tx *ledger.Tx) (err error) {
			proposal, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "better", State: ledger.ProposalOpen})
			return err
		})
		rename := func(tx *ledger.Tx) error {
			for n := range notes.All(tx) {
				return notes.Edit(tx, n.ID, func(n *note) error { n.Text = tx.As.ID.String(); return nil })
			}
			return nil
		}
		if err := h.update(contributor, rename, ledger.In(proposal)); err != nil {
			t.Errorf("a contributor proposes: %v", err)
		}
		if err := h.update(h.people["viewer"], rename, ledger.In(proposal)); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a viewer proposes: %v", err)
		}
		if _, err := h.l.Merge(t.Context(), h.ws, contributor, proposal, ledger.Settlement{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a contributor merges what takes an editor: %v", err)
		}
		if _, err := h.l.Merge(t.Context(), h.ws, h.people["editor"], proposal, ledger.Settlement{}); err != nil {
			t.Errorf("an editor merges: %v", err)
		}
	})
}

// A note that comes out of a private product does not bring its secrets along.
func TestHistoryOfWhatWasPrivate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		owner := h.people["owner"]
		var id ledger.ID
		write := func(verb string, edit func(n *note)) {
			if _, err := h.l.Update(t.Context(), h.ws, owner, verb, func(tx *ledger.Tx) error {
				return notes.Edit(tx, id, func(n *note) error { edit(n); return nil })
			}); err != nil {
				t.Fatal(err)
			}
		}
		h.must(owner, func(tx *ledger.Tx) (err error) {
			id, err = notes.Create(tx, note{Text: "open", Product: ledger.Ref(h.public)})
			return err
		})
		write("hide", func(n *note) { n.Product = ledger.Ref(h.private) })
		write("canary", func(n *note) { n.Text = "canary" })
		write("clean", func(n *note) { n.Text = "clean" })
		write("publish", func(n *note) { n.Product = ledger.Ref(h.public) })
		write("last", func(n *note) { n.Text = "last" })
		verbs := func(who string) (all []string) {
			for c, err := range h.l.History(t.Context(), h.see(h.people[who]), notes, id) {
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, c.Verb)
			}
			return all
		}
		if got, want := verbs("viewer"), []string{"last", "test"}; !slices.Equal(got, want) {
			t.Errorf("a viewer reads of %q, want %q", got, want)
		}
		if got := verbs("insider"); len(got) != 6 {
			t.Errorf("who may see the private product reads of %q", got)
		}
		if got := verbs("owner"); len(got) != 6 {
			t.Errorf("the owner reads of %q", got)
		}
	})
}

// What was computed while a product was public is not shown after it became private,
// although nothing of it changed.
func TestAMemoEndsWithTheRight(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		listed := func() []string {
			got, err := ledger.Memo(t.Context(), h.see(h.people["viewer"]), "notes", []ledger.AnyKind{notes}, func(_ context.Context, v ledger.View) ([]string, error) {
				return h.texts(v), nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := listed(); !slices.Equal(got, []string{"Open note"}) {
			t.Fatalf("a viewer is told of %q", got)
		}
		h.must(h.people["owner"], func(tx *ledger.Tx) error {
			return access.Products.Edit(tx, h.public, func(p *access.Product) error { p.Private = true; return nil })
		})
		if got := listed(); len(got) != 0 {
			t.Errorf("once all is private, a viewer is told of %q", got)
		}
	})
}
