package access

import (
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Rule is a line of the policy table: who may see and write the entities of one kind. A
// kind without a line is nobody's. Slices declare the lines of their kinds.
type Rule struct {
	Kind string
	// Product returns the product that an entity belongs to, zero for none. Whoever may
	// not see a product sees nothing of it. nil: entities belong to the workspace.
	Product func(v ledger.View, e ledger.Entity) ledger.ID
	// Also returns a second product, for what joins two things: it is seen by those alone
	// who see both.
	Also func(v ledger.View, e ledger.Entity) ledger.ID
	// About returns the entity that this one says something about: who sees that one sees
	// it, and roles are held where that one is. It stands in place of Product and Also.
	About func(e ledger.Entity) ledger.AnyRef
	// Reads are the kinds that Product and Also look at, and those with a product that an
	// entity can be about.
	Reads []ledger.AnyKind
	// The least roles, on the product if it belongs to one.
	Create, Edit, Delete Role
	// Mine reports whether a contributor may write the entity as its owner; nil: never.
	Mine func(v ledger.View, e ledger.Entity, account ledger.ID) bool
	// Guests see what belongs to no product only if they may.
	Guests bool
	// Hidden reports whether the entity is hidden from the account, whatever its role: a
	// saved view of somebody else. nil: never.
	Hidden func(v ledger.View, e ledger.Entity, account ledger.ID) bool
	// Guard refuses a write that roles alone would allow; nil: none.
	Guard func(v ledger.View, w ledger.Write, account ledger.ID, role Role) error
}

// Table is the policy of the whole program; it implements ledger.Policy by default deny.
type Table struct {
	rules    map[string]Rule
	personal []string
	reads    []ledger.AnyKind // whatever decides who sees what
	scope    func(token ledger.ID) (Scope, bool)
}

// NewTable makes the policy of the lines. scope tells what an API token may do; it is
// asked for accounts that act through one.
func NewTable(scope func(token ledger.ID) (Scope, bool), rules ...Rule) *Table {
	t := &Table{rules: map[string]Rule{}, scope: scope, reads: []ledger.AnyKind{Products}}
	for _, r := range slices.Concat(Rules, rules) {
		if _, ok := t.rules[r.Kind]; ok {
			panic("access: two rules for " + r.Kind)
		}
		t.rules[r.Kind] = r
		t.reads = append(t.reads, r.Reads...)
		if r.Hidden != nil {
			t.personal = append(t.personal, r.Kind)
		}
	}
	return t
}

// Missing returns those of the kinds that have no line, so that a program can refuse to
// start with a kind that nobody may see.
func (t *Table) Missing(kinds []string) []string {
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool {
		_, ok := t.rules[kind]
		return ok
	})
}

// Rules are the lines of this package's kinds and of the kernel's proposals.
var Rules = []Rule{
	{Kind: "workspace", Create: Owner, Edit: Admin, Delete: Owner, Guests: true},
	{
		Kind: "product", Create: Admin, Edit: Admin, Delete: Owner,
		Product: func(_ ledger.View, e ledger.Entity) ledger.ID { return ledger.MetaOf(e).ID },
	},
	{
		Kind: "membership", Create: Admin, Edit: Admin, Delete: Admin, Guard: guardMembership,
		Product: func(_ ledger.View, e ledger.Entity) ledger.ID { return e.(*Membership).Product.ID() },
	},
	{Kind: "proposal", Create: Contributor, Edit: Editor, Delete: Editor, Mine: createdBy},
}

// createdBy lets contributors write what they made.
func createdBy(_ ledger.View, e ledger.Entity, account ledger.ID) bool {
	return ledger.MetaOf(e).CreatedBy == account
}

// guardMembership: nobody grants or takes what they do not hold.
func guardMembership(_ ledger.View, w ledger.Write, _ ledger.ID, role Role) error {
	for _, e := range []ledger.Entity{w.Before, w.After} {
		if m, ok := e.(*Membership); ok && !role.AtLeast(m.Role) {
			return fault.New(fault.Forbidden, "only %ss decide about %ss", m.Role, m.Role)
		}
	}
	return nil
}

// sight is what one account has in one workspace, as it is now.
type sight struct {
	t         *Table
	account   ledger.ID
	workspace Role
	products  map[ledger.ID]Role
}

func (t *Table) sightOf(v ledger.View, account ledger.ID) *sight {
	s := &sight{t: t, account: account}
	for m := range membershipByAccount.Of(v, account) {
		switch {
		case m.Account != account:
		case m.Product.IsZero():
			s.workspace = m.Role
		default:
			if s.products == nil {
				s.products = map[ledger.ID]Role{}
			}
			s.products[m.Product.ID()] = m.Role
		}
	}
	return s
}

// role returns the role on a product, or on the workspace for what belongs to none. now
// is where the privacy of the product is read.
func (s *sight) role(now ledger.View, product ledger.ID) Role {
	if product.IsZero() {
		return s.workspace
	}
	wide := s.workspace
	if p, ok := Products.Get(now, product); ok && p.Private && !wide.AtLeast(Admin) {
		wide = Nobody
	}
	if own := s.products[product]; own.AtLeast(wide) {
		return own
	}
	return wide
}

func (s *sight) sees(v ledger.View, kind string, e ledger.Entity) bool {
	r, ok := s.t.rules[kind]
	if !ok {
		return false
	}
	if r.About != nil {
		kind, about, ok := s.t.about(v, r, e)
		return ok && s.sees(v, kind, about)
	}
	product := ledger.ID{}
	if r.Product != nil {
		product = r.Product(v, e)
	}
	if product.IsZero() {
		if !s.workspace.AtLeast(Viewer) && (!r.Guests || len(s.products) == 0) {
			return false
		}
	} else if !s.role(v, product).AtLeast(Viewer) {
		return false
	}
	if r.Also == nil {
		return true
	}
	also := r.Also(v, e)
	return also.IsZero() || s.role(v, also).AtLeast(Viewer)
}

// accountOf returns whose rights an actor has, and how wide a token lets it use them.
func (t *Table) accountOf(as ledger.Actor) (account ledger.ID, scope Scope, ok bool) {
	if as.Via.IsZero() {
		return as.ID, ScopeAdmin, true
	}
	scope, ok = t.scope(as.Via)
	return as.ID, scope, ok
}

// about returns what an entity says something about. Of what is itself about something,
// or hidden from some by who they are, nothing is said.
func (t *Table) about(v ledger.View, r Rule, e ledger.Entity) (kind string, about ledger.Entity, ok bool) {
	ref := r.About(e)
	if of, known := t.rules[ref.Kind]; !known || of.About != nil || of.Hidden != nil {
		return "", nil, false
	}
	about, ok = ledger.Lookup(v, ref)
	return ref.Kind, about, ok
}

// Viewer implements ledger.Policy.
func (t *Table) Viewer(v ledger.View, as ledger.Actor) (ledger.Viewer, error) {
	if as.ID == ledger.System.ID {
		return ledger.Viewer{Class: "system", May: func(ledger.View, ledger.Write) error { return nil }}, nil
	}
	account, scope, ok := t.accountOf(as)
	s := t.sightOf(v, account)
	if !ok || (s.workspace == Nobody && len(s.products) == 0) {
		return ledger.Viewer{Class: "nobody", Sees: func(ledger.View, string, ledger.Entity) bool { return false }}, nil
	}
	viewer := ledger.Viewer{Class: "all", May: func(v ledger.View, w ledger.Write) error { return s.may(v, w, scope) }}
	for _, kind := range t.personal {
		r := t.rules[kind]
		viewer.Personal = append(viewer.Personal, ledger.Personal{
			Kind: kind, Class: account.String(),
			Sees: func(v ledger.View, e ledger.Entity) bool { return s.sees(v, kind, e) && !r.Hidden(v, e, account) },
		})
	}
	if !s.workspace.AtLeast(Admin) {
		viewer.Class, viewer.Sees, viewer.Reads, viewer.Live = s.class(), s.sees, t.reads, s.seesAll(v)
	}
	return viewer, nil
}

// seesAll reports whether nothing in the workspace as it is now is hidden from the
// account but what is personal.
func (s *sight) seesAll(now ledger.View) bool {
	if !s.workspace.AtLeast(Viewer) {
		return false
	}
	for p := range Products.All(now) {
		if p.Private && s.products[p.ID] == Nobody {
			return false
		}
	}
	return true
}

// class names what the account sees: its roles decide, not who it is.
func (s *sight) class() string {
	var b strings.Builder
	if s.workspace.AtLeast(Viewer) {
		b.WriteString("member")
	}
	ids := make([]ledger.ID, 0, len(s.products))
	for id := range s.products {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b ledger.ID) int { return strings.Compare(string(a[:]), string(b[:])) })
	for _, id := range ids {
		b.WriteString("+" + id.String())
	}
	return b.String()
}

// may asks the table about a change. The roles are those from before the transaction.
func (s *sight) may(v ledger.View, w ledger.Write, scope Scope) error {
	r, known := s.t.rules[w.Kind]
	if !known {
		return fault.New(fault.Forbidden, "you may not %s a %s", w.Op, w.Kind)
	}
	least := r.least(w.Op, w.Branch)
	if least == Nobody {
		return fault.New(fault.Forbidden, "nobody may %s a %s", w.Op, w.Kind)
	}
	for _, e := range []ledger.Entity{w.Before, w.After} {
		if e == nil {
			continue
		}
		if s.goesWith(v, r, w, e) {
			continue
		}
		role := s.holds(v, r, e)
		if !scope.Allows(least) {
			return fault.New(fault.Forbidden, "this token is for %s only", scope)
		}
		if !role.AtLeast(least) && !(role.AtLeast(Contributor) && r.Mine != nil && r.Mine(v, e, s.account)) {
			return s.refuse(role, least, w)
		}
		if r.Hidden != nil && r.Hidden(v, e, s.account) {
			return fault.New(fault.Forbidden, "this %s is somebody else's", w.Kind)
		}
		if r.Guard != nil {
			if err := r.Guard(v, w, s.account, role); err != nil {
				return err
			}
		}
	}
	return nil
}

// goesWith reports whether an entity is deleted with what it is about, which the account
// was asked about already: the two cannot part.
func (s *sight) goesWith(v ledger.View, r Rule, w ledger.Write, e ledger.Entity) bool {
	if r.About == nil || w.Op != ledger.OpDelete {
		return false
	}
	_, stays := ledger.Lookup(v, r.About(e))
	return !stays
}

// holds returns the account's role for an entity: the smaller of two for what joins two
// products.
func (s *sight) holds(v ledger.View, r Rule, e ledger.Entity) Role {
	if r.About != nil {
		kind, about, ok := s.t.about(v, r, e)
		if !ok {
			return Nobody
		}
		return s.holds(v, s.t.rules[kind], about)
	}
	product := ledger.ID{}
	if r.Product != nil {
		product = r.Product(v, e)
	}
	role := s.role(v, product)
	if r.Also == nil {
		return role
	}
	also := r.Also(v, e)
	if other := s.role(v, also); !also.IsZero() && role.AtLeast(other) {
		return other
	}
	return role
}

func (s *sight) refuse(role, least Role, w ledger.Write) error {
	if role == Nobody {
		return fault.New(fault.Forbidden, "you have no role that lets you %s this %s", w.Op, w.Kind)
	}
	return fault.New(fault.Forbidden, "to %s this %s takes the role %s; yours is %s", w.Op, w.Kind, least, role)
}

// Allows reports whether the scope reaches to what takes the role to write.
func (s Scope) Allows(least Role) bool {
	return s.Covers(ScopeAdmin) || (s.Covers(ScopeWrite) && Editor.AtLeast(least))
}
