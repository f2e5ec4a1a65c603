package access

import (
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Scope is how much of its account's rights an API token may use.
type Scope string

// The scopes, each holds those before it.
const (
	ScopeRead  Scope = "read"  // reads what the account may read
	ScopeWrite Scope = "write" // writes what an editor may write, if the account may
	ScopeAdmin Scope = "admin" // all that the account may do
)

// Covers reports whether s reaches as far as other; what is no scope covers nothing and is
// covered by nothing.
func (s Scope) Covers(other Scope) bool {
	width := map[Scope]int{ScopeRead: 1, ScopeWrite: 2, ScopeAdmin: 3}
	return width[other] > 0 && width[s] >= width[other]
}

// Client is where a request comes from.
type Client struct {
	Addr  string // without port
	Agent string // what the program says it is
}

// Principal is who a request acts for: an account by a session or by a token.
type Principal struct {
	Account   Account
	Session   ledger.ID // zero: by a token
	Token     ledger.ID // zero: by a session
	Scope     Scope     // ScopeAdmin for sessions
	Workspace ledger.ID // the only one that the token is good for; zero: all of the account's
	From      Client    // set by the adapter, for the log and the limits
}

// Operator is who acts on the command line: whoever can read the database is trusted.
var Operator = Principal{
	Account: Account{ID: ledger.System.ID, Name: "command line", Admin: true},
	Scope:   ScopeAdmin,
}

// Actor is the principal as the kernel's policy and journal know it.
func (p Principal) Actor() ledger.Actor {
	if p.Token.IsZero() {
		return ledger.Actor{ID: p.Account.ID}
	}
	return ledger.Actor{ID: p.Account.ID, Via: p.Token}
}

// Administers reports whether the principal may administer the server: its account may,
// and a token's scope and workspace do not forbid it.
func (p Principal) Administers() bool {
	return p.Account.Admin && p.Scope == ScopeAdmin && p.Workspace.IsZero()
}

// mayAdminister returns Forbidden unless the principal administers the server.
func (p Principal) mayAdminister() error {
	if p.Administers() {
		return nil
	}
	return fault.New(fault.Forbidden, "only an administrator of the server may do this")
}

// mayManage returns Forbidden unless the principal may change the given account: its own,
// not by a narrow token, or any for an administrator.
func (p Principal) mayManage(account ledger.ID) error {
	if p.Administers() || p.Account.ID == account && p.Scope == ScopeAdmin && p.Workspace.IsZero() {
		return nil
	}
	return fault.New(fault.Forbidden, "you may change your own account only, and not by a token of less than admin scope")
}
