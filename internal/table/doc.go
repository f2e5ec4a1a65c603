// Package table says, once for each kind of entity, what can be read and written of it:
// its columns. A page that lists features, the API, a filter, a sort, a CSV file, the
// importer and the words of the history all work from the same declaration, so a column
// that one of them has, all of them have, custom fields included.
//
// A slice declares the table of a kind beside the kind:
//
//	var FeatureTable = table.New(Features, table.Spec[Feature]{
//		Name: "features", One: "feature", Label: "Features",
//		Title:   func(f *Feature) string { return f.Title },
//		Columns: []table.Column[Feature]{
//			table.Text("title", "Title", func(f *Feature) *string { return &f.Title }).Required(),
//			table.Link("owner", "Owner", "person", func(f *Feature) *ledger.Ref { return &f.Owner }),
//		},
//	})
//
// The program gathers its tables in a Set; what reads and writes values does so in a
// Scope: a View, the Set, and who and when "me" and "today" are.
package table
