package access

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Role is what an account may do in a workspace or in a product.
type Role string

// The roles, each may do what those after it may.
const (
	Owner       Role = "owner"       // admin, and decides about owners and the end of the workspace
	Admin       Role = "admin"       // editor, and manages members, products, fields, the workflow, tokens
	Editor      Role = "editor"      // changes everything that is planned
	Contributor Role = "contributor" // adds features, changes their own, proposes changes of others
	Viewer      Role = "viewer"      // reads
	Nobody      Role = ""
)

var roles = []table.Option{
	{Name: "owner", Label: "Owner"},
	{Name: "admin", Label: "Admin"},
	{Name: "editor", Label: "Editor"},
	{Name: "contributor", Label: "Contributor"},
	{Name: "viewer", Label: "Viewer"},
}

// Roles returns the roles, the widest first.
func Roles() []table.Option { return slices.Clone(roles) }

// rank is 0 for nobody and grows with what a role may do.
func (r Role) rank() int {
	i := slices.IndexFunc(roles, func(o table.Option) bool { return o.Name == string(r) })
	if i < 0 {
		return 0
	}
	return len(roles) - i
}

// AtLeast reports whether r may do what least may.
func (r Role) AtLeast(least Role) bool { return r.rank() >= least.rank() }

// Membership gives an account a role, on the workspace or on one product. Somebody with
// roles on products alone is a guest.
type Membership struct {
	ledger.Meta
	Account ledger.ID  `json:"account,omitzero"`
	Role    Role       `json:"role,omitzero"`
	Product ledger.Ref `json:"product,omitzero" kind:"product,cascade"` // zero: the workspace
}

// Memberships is the kind of roles given.
var (
	Memberships         = ledger.NewKind[Membership]("membership")
	_                   = Memberships.Check(checkMembership)
	membershipByAccount = ledger.NewIndex(Memberships, func(m *Membership) []ledger.ID { return []ledger.ID{m.Account} })
)

// MembershipTable is what can be read and written of roles given.
var MembershipTable = table.New(Memberships, table.Spec[Membership]{
	Name: "memberships", One: "membership", Label: "Members",
	Title: func(m *Membership) string { return string(m.Role) },
	Columns: []table.Column[Membership]{
		table.Identifier("account", "Account", func(m *Membership) *ledger.ID { return &m.Account }).Required(),
		table.Choice("role", "Role", roles, func(m *Membership) *Role { return &m.Role }).Required(),
		table.Link("product", "Product", "product", func(m *Membership) *ledger.Ref { return &m.Product }),
	},
})

func checkMembership(v ledger.View, before, after *Membership, f *fault.Fields) {
	if before != nil && before.Role == Owner && before.Product.IsZero() && (after == nil || after.Role != Owner || after.Account != before.Account) {
		if !slices.ContainsFunc(slices.Collect(Memberships.All(v)), func(m *Membership) bool { return m.Role == Owner && m.Product.IsZero() }) {
			f.Add("role", "a workspace needs an owner; make somebody else one first")
		}
	}
	if after == nil {
		return
	}
	MembershipTable.Required(v, after, f)
	if after.Role != "" && after.Role.rank() == 0 {
		f.Add("role", "%q is no role", after.Role)
	}
	if after.Role == Owner && !after.Product.IsZero() {
		f.Add("role", "owners own workspaces; on a product the widest role is admin")
	}
	if before != nil && before.Account != after.Account {
		f.Add("account", "cannot be changed; give the other account a role of its own")
	}
	for m := range membershipByAccount.Of(v, after.Account) {
		if m.ID != after.ID && m.Product == after.Product {
			f.Add("account", "has a role here already; change that one")
		}
	}
}

// RoleOf returns the account's role on the workspace itself.
func RoleOf(v ledger.View, account ledger.ID) Role {
	for m := range membershipByAccount.Of(v, account) {
		if m.Account == account && m.Product.IsZero() {
			return m.Role
		}
	}
	return Nobody
}

// IsMember reports whether the account has any role in the workspace.
func IsMember(v ledger.View, account ledger.ID) bool {
	for m := range membershipByAccount.Of(v, account) {
		if m.Account == account {
			return true
		}
	}
	return false
}

// Grant gives an account a role, or changes the one it has there.
func Grant(tx *ledger.Tx, account ledger.ID, role Role, product ledger.ID) error {
	for m := range membershipByAccount.Of(tx, account) {
		if m.Account == account && m.Product.ID() == product {
			return Memberships.Edit(tx, m.ID, func(m *Membership) error {
				m.Role = role
				return nil
			})
		}
	}
	_, err := Memberships.Create(tx, Membership{Account: account, Role: role, Product: ledger.Ref(product)})
	return err
}
