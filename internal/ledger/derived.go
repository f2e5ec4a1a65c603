package ledger

// derived is what a page holds besides its rows: values that depend on them alone. It
// is made when first asked for; a page that is replaced starts without, so a write costs
// one page of it.
type derived struct {
	columns []*pageColumn // by column of the kind, nil until asked for
	block   *block
}
