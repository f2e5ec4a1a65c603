package access

import (
	"regexp"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Product is what is managed. Its prefix begins the keys of its features; a private
// product is seen by those alone who have a role on it, and by admins.
type Product struct {
	ledger.Meta
	Name        string         `json:"name,omitzero" ledger:"title"`
	Prefix      string         `json:"prefix,omitzero" ledger:"search"`
	Private     bool           `json:"private,omitzero"`
	Description ledger.TextRef `json:"description,omitzero" ledger:"search"`
	Archived    bool           `json:"archived,omitzero"`
	ExternalKey string         `json:"external_key,omitzero"`
}

// Products is the kind of products.
var (
	Products        = ledger.NewKind[Product]("product")
	_               = Products.Check(checkProduct)
	productByPrefix = ledger.NewIndex(Products, func(p *Product) []ledger.ID { return []ledger.ID{ledger.KeyOf(p.Prefix)} })
	productByOther  = ledger.NewIndex(Products, func(p *Product) []ledger.ID { return table.ExternalKey(p.ExternalKey) })
)

// ProductTable is what can be read and written of products.
var ProductTable = table.New(Products, table.Spec[Product]{
	Name: "products", One: "product", Label: "Products",
	Title:    func(p *Product) string { return p.Name },
	Names:    func(p *Product) []string { return []string{p.Prefix} },
	External: func(p *Product) *string { return &p.ExternalKey }, ByOther: &productByOther,
	Archived: func(p *Product) bool { return p.Archived },
	Sort:     []table.Sort{{Column: "name"}},
	Columns: []table.Column[Product]{
		table.Text("name", "Name", func(p *Product) *string { return &p.Name }).Required(),
		table.Text("prefix", "Prefix", func(p *Product) *string { return &p.Prefix }).Required().
			Describe("begins the keys of its features: FB in FB-42"),
		table.Flag("private", "Private", func(p *Product) *bool { return &p.Private }).
			Describe("seen by those alone who have a role on it, and by admins"),
		table.LongText("description", "Description", func(p *Product) *ledger.TextRef { return &p.Description }),
		table.Flag("archived", "Archived", func(p *Product) *bool { return &p.Archived }).Quiet(),
	},
})

var goodPrefix = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,9}$`)

// reservedPrefixes begin the keys of other kinds.
var reservedPrefixes = map[string]bool{"P": true}

func checkProduct(v ledger.View, _, after *Product, f *fault.Fields) {
	if after == nil {
		return
	}
	ProductTable.Required(v, after, f)
	switch {
	case after.Prefix == "":
	case !goodPrefix.MatchString(after.Prefix):
		f.Add("prefix", "use one to ten capital letters and digits, a letter first")
	case reservedPrefixes[after.Prefix]:
		f.Add("prefix", "%s begins the keys of proposals; choose another", after.Prefix)
	}
	for p := range productByPrefix.Of(v, ledger.KeyOf(after.Prefix)) {
		if p.ID != after.ID && p.Prefix == after.Prefix {
			f.Add("prefix", "is taken; choose another")
		}
	}
}
