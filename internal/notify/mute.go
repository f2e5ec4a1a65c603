package notify

import (
	"context"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// Preferences keeps what accounts prefer; package access has them.
type Preferences interface {
	Preference(ctx context.Context, account, workspace ledger.ID, name string) (string, error)
	Prefer(ctx context.Context, account, workspace ledger.ID, name, value string) error
}

// mutedName is the name of the preference. It holds in all workspaces.
const mutedName = "muted"

// Muted returns the reasons for which an account wants to be told nothing.
func Muted(ctx context.Context, p Preferences, account ledger.ID) (all []Reason, err error) {
	text, err := p.Preference(ctx, account, ledger.ID{}, mutedName)
	for _, name := range strings.Fields(text) {
		all = append(all, Reason(name))
	}
	return all, err
}

// Mute keeps for which reasons an account wants to be told nothing. What it was told
// before stays in its inbox.
func Mute(ctx context.Context, p Preferences, account ledger.ID, reasons []Reason) error {
	var names []string
	for _, r := range reasons {
		names = append(names, string(r))
	}
	return p.Prefer(ctx, account, ledger.ID{}, mutedName, strings.Join(names, " "))
}

// mutedBy returns what each account has muted, read once in a pass.
func (b *Box) mutedBy(ctx context.Context) func(ledger.ID) []Reason {
	known := map[ledger.ID][]Reason{}
	return func(account ledger.ID) []Reason {
		all, ok := known[account]
		if ok || b.set.Prefers == nil {
			return all
		}
		all, err := Muted(ctx, b.set.Prefers, account)
		if err != nil { // to be told too much is better than to miss something
			b.set.Log.Warn("cannot read what an account has muted", "account", account, "error", err)
		}
		known[account] = all
		return all
	}
}
