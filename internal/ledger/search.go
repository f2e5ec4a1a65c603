package ledger

// block is the search index of one page: which of its rows hold which word.
type block struct {
	tokens []uint32 // ascending word numbers of the kind's vocabulary
	rows   []uint64 // by token: the rows that hold it
	titles []uint64 // by token: the rows that hold it in a title or key
}
