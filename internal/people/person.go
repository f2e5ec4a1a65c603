package people

import (
	"net/mail"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Person is somebody work can be assigned to. A person who can sign in has an account.
type Person struct {
	ledger.Meta
	Name        string       `json:"name,omitzero" ledger:"title"`
	Email       string       `json:"email,omitzero" ledger:"search"`
	Title       string       `json:"title,omitzero"` // what they do: "Product manager"
	Account     ledger.ID    `json:"account,omitzero"`
	Teams       []ledger.Ref `json:"teams,omitzero" kind:"team,clear" ledger:"set"`
	Archived    bool         `json:"archived,omitzero"`
	ExternalKey string       `json:"external_key,omitzero" ledger:"search"`
}

// Persons is the kind of people.
var (
	Persons         = ledger.NewKind[Person]("person")
	_               = Persons.Check(checkPerson)
	personByEmail   = ledger.NewIndex(Persons, func(p *Person) []ledger.ID { return table.ExternalKey(strings.ToLower(p.Email)) })
	personByAccount = ledger.NewIndex(Persons, func(p *Person) []ledger.ID {
		if p.Account.IsZero() {
			return nil
		}
		return []ledger.ID{p.Account}
	})
	personByOther = ledger.NewIndex(Persons, func(p *Person) []ledger.ID { return table.ExternalKey(p.ExternalKey) })
)

// PersonTable is what can be read and written of people.
var PersonTable = table.New(Persons, table.Spec[Person]{
	Name: "people", One: "person", Label: "People",
	Title:    func(p *Person) string { return p.Name },
	Names:    func(p *Person) []string { return []string{p.Email} },
	External: func(p *Person) *string { return &p.ExternalKey }, ByOther: &personByOther,
	Archived: func(p *Person) bool { return p.Archived },
	Sort:     []table.Sort{{Column: "name"}},
	Columns: []table.Column[Person]{
		table.Text("name", "Name", func(p *Person) *string { return &p.Name }).Required(),
		table.Text("email", "E-mail", func(p *Person) *string { return &p.Email }),
		table.Text("title", "Title", func(p *Person) *string { return &p.Title }).Describe("what they do, as Product manager"),
		table.Links("teams", "Teams", "team", func(p *Person) *[]ledger.Ref { return &p.Teams }),
		table.Identifier("account", "Account", func(p *Person) *ledger.ID { return &p.Account }).Quiet().
			Describe("the account they sign in with"),
		table.Flag("archived", "Archived", func(p *Person) *bool { return &p.Archived }).Quiet(),
	},
})

func checkPerson(v ledger.View, _, after *Person, f *fault.Fields) {
	if after == nil {
		return
	}
	PersonTable.Required(v, after, f)
	if after.Email != "" {
		if a, err := mail.ParseAddress(after.Email); err != nil || a.Address != after.Email {
			f.Add("email", "%q is no e-mail address", after.Email)
		}
		for p := range personByEmail.Of(v, ledger.KeyOf(strings.ToLower(after.Email))) {
			if p.ID != after.ID && strings.EqualFold(p.Email, after.Email) {
				f.Add("email", "belongs to somebody else here")
			}
		}
	}
	if !after.Account.IsZero() {
		for p := range personByAccount.Of(v, after.Account) {
			if p.ID != after.ID && p.Account == after.Account {
				f.Add("account", "belongs to somebody else here")
			}
		}
	}
}

// Of returns the person who signs in with the account.
func Of(v ledger.View, account ledger.ID) (*Person, bool) {
	for p := range personByAccount.Of(v, account) {
		if p.Account == account {
			return p, true
		}
	}
	return nil, false
}

// Join makes the person of an account: the one that has its e-mail address already, or
// a new one.
func Join(tx *ledger.Tx, account ledger.ID, name, email string) error {
	if _, ok := Of(tx, account); ok {
		return nil
	}
	for p := range personByEmail.Of(tx, ledger.KeyOf(strings.ToLower(email))) {
		if strings.EqualFold(p.Email, email) && p.Account.IsZero() {
			return Persons.Edit(tx, p.ID, func(p *Person) error {
				p.Account = account
				return nil
			})
		}
	}
	_, err := Persons.Create(tx, Person{Name: name, Email: email, Account: account})
	return err
}

// Rules are the lines of the policy table for people and teams.
var Rules = []access.Rule{
	{
		Kind: "person", Create: access.Editor, Edit: access.Editor, Delete: access.Admin, Guests: true, Guard: guardAccount,
		Mine: func(_ ledger.View, e ledger.Entity, account ledger.ID) bool { return e.(*Person).Account == account },
	},
	{Kind: "team", Create: access.Editor, Edit: access.Editor, Delete: access.Admin, Guests: true},
}

// guardAccount leaves it to admins to say who signs in as whom: "owner is me" decides
// what contributors may write.
func guardAccount(_ ledger.View, w ledger.Write, _ ledger.ID, role access.Role) error {
	var was, now ledger.ID
	if p, ok := w.Before.(*Person); ok {
		was = p.Account
	}
	if p, ok := w.After.(*Person); ok {
		now = p.Account
	}
	if was != now && !role.AtLeast(access.Admin) {
		return fault.New(fault.Forbidden, "only admins connect a person with an account")
	}
	return nil
}
