package access

// Scope is how much of its account's rights an API token may use.
type Scope string

// The scopes, each holds those before it.
const (
	ScopeRead  Scope = "read"  // reads what the account may read
	ScopeWrite Scope = "write" // writes what an editor may write, if the account may
	ScopeAdmin Scope = "admin" // all that the account may do
)

// Allows reports whether the scope reaches to what takes the role to write.
func (s Scope) Allows(least Role) bool {
	switch s {
	case ScopeWrite:
		return Editor.AtLeast(least)
	case ScopeAdmin:
		return true
	}
	return false
}

// Within reports whether s is no wider than o: a token never makes a wider one.
func (s Scope) Within(o Scope) bool {
	width := map[Scope]int{ScopeRead: 1, ScopeWrite: 2, ScopeAdmin: 3}
	return width[s] > 0 && width[s] <= width[o]
}
