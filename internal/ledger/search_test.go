package ledger

type searchNote struct {
	Meta
	Title   string   `json:"title,omitzero" ledger:"title"`
	Tags    []string `json:"tags,omitzero" ledger:"set,search"`
	Body    TextRef  `json:"body,omitzero" ledger:"search"`
	Private bool     `json:"private,omitzero"`
}

var searchNotes = NewKind("search_note", Keyed(func(View, *searchNote) string { return "FB" }))
