package access

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// world is a new database and the accounts of the first process on it.
type world struct {
	*Accounts
	t     *testing.T
	db    *sql.DB
	clock *ledgertest.Clock
	open  func() ledger.Store
	set   Settings
}

// each runs a test on every engine.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := &world{t: t, clock: ledgertest.NewClock(), open: open}
		w.set = Settings{Clock: w.clock.Now, PublicURL: "https://example.com/", Log: slog.New(slog.DiscardHandler)}
		w.Accounts, w.db = w.another()
		f(t, w)
	})
}

// another is a further process on the database.
func (w *world) another() (*Accounts, *sql.DB) {
	w.t.Helper()
	store := w.open()
	a, err := OpenAccounts(w.t.Context(), store.DB(), w.set)
	if err != nil {
		w.t.Fatal(err)
	}
	a.hasher.cost = cost{memory: 64, time: 1, threads: 1} // tests need no slowness
	a.hasher.decoy = a.hasher.cost.encode(make([]byte, 16), make([]byte, 32))
	w.t.Cleanup(func() {
		a.Close()
		store.Close()
	})
	return a, store.DB()
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

const (
	annsPassword = "violets grow at noon"
	bobsPassword = "a kettle, half a map"
)

var home = Client{Addr: "192.0.2.7", Agent: "Browser/1"}

func (w *world) account(name, password string, admin bool) Account {
	w.t.Helper()
	a, err := w.Create(w.t.Context(), NewAccount{Email: name + "@example.com", Name: name, Password: password}, admin)
	w.ok(err)
	return a
}

func (w *world) signIn(email, password string) (Principal, string) {
	w.t.Helper()
	p, secret, err := w.SignIn(w.t.Context(), email, password, home)
	w.ok(err)
	return p, secret
}

func TestSmoke(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ann := w.account("ann", annsPassword, true)
		p, s := w.signIn("Ann@Example.com ", annsPassword)
		got, err := w.BySession(ctx, s)
		w.ok(err)
		if got.Session != p.Session || got.Account.ID != ann.ID {
			t.Errorf("%+v", got)
		}
		_, ts, err := w.NewToken(ctx, p, NewToken{Name: "ci", Scope: ScopeRead})
		w.ok(err)
		q, err := w.ByToken(ctx, ts)
		w.ok(err)
		t.Log(q, w.Names(ctx)(q.Token), w.Names(ctx)(ann.ID))
		w.ok(w.RevokeToken(ctx, p, q.Token))
		if _, err := w.ByToken(ctx, ts); err == nil {
			t.Error("revoked")
		}
		w.ok(w.SignOut(ctx, p))
		if _, err := w.BySession(ctx, s); err == nil {
			t.Error("signed out")
		}
		sec, err := w.NewReset(ctx, Operator, ann.ID)
		w.ok(err)
		w.ok(w.Reset(ctx, sec, bobsPassword))
		_, is, _, err := w.Invite(ctx, Operator, Invitation{Email: "bob@example.com", Role: Editor})
		w.ok(err)
		_, err = w.AcceptNew(ctx, is, NewAccount{Name: "Bob", Password: bobsPassword}, func(context.Context, Account, Invitation) error { return nil })
		w.ok(err)
		log, err := w.Log(ctx, Operator, LogQuery{})
		w.ok(err)
		for _, l := range log {
			t.Log(l)
		}
		w.ok(w.Sweep(ctx))
		_ = time.Now
	})
}
