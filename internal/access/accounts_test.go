package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// TestMain fails if closed accounts leave a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate is a new database and the accounts of the first process on it.
type gate struct {
	*Accounts
	t     *testing.T
	db    *sql.DB
	clock *ledgertest.Clock
	open  func() ledger.Store
	set   Settings
}

// atGates runs a test on every engine.
func atGates(t *testing.T, f func(t *testing.T, g *gate)) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		g := &gate{t: t, clock: ledgertest.NewClock(), open: open}
		g.set = Settings{Clock: g.clock.Now, PublicURL: "https://pm.example.com/", Log: slog.New(slog.DiscardHandler)}
		g.Accounts, g.db = g.another()
		f(t, g)
	})
}

// light is a cost that lets tests run quickly.
var light = cost{memory: 64, time: 1, threads: 1}

// another is a further process on the database.
func (g *gate) another() (*Accounts, *sql.DB) {
	g.t.Helper()
	store := g.open()
	a, err := OpenAccounts(g.t.Context(), store.DB(), g.set)
	g.ok(err)
	a.hasher.cost = light
	a.hasher.decoy = light.encode(make([]byte, 16), make([]byte, 32))
	g.t.Cleanup(func() {
		a.Close()
		store.Close()
	})
	return a, store.DB()
}

func (g *gate) ok(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// refused fails unless err is a fault of the given kind, and names the fields if there are
// any to name.
func refused(t *testing.T, what string, err error, kind fault.Kind, fields ...string) {
	t.Helper()
	var e *fault.Error
	errors.As(err, &e)
	var names []string
	if e != nil {
		for _, f := range e.Fields {
			names = append(names, f.Name)
		}
	}
	if !fault.Is(err, kind) || !slices.Equal(names, fields) {
		t.Errorf("%s: %v %v, want %s %v", what, err, names, kind, fields)
	}
}

const (
	annsPassword = "violets grow at noon"
	bobsPassword = "a kettle, half a map"
	newPassword  = "three slow brown otters"
)

var home = Client{Addr: "192.0.2.7", Agent: "Browser/1"}

func (g *gate) account(name, password string, admin bool) Account {
	g.t.Helper()
	a, err := g.Create(g.t.Context(), NewAccount{Email: name + "@example.com", Name: name, Password: password}, admin)
	g.ok(err)
	return a
}

func (g *gate) signIn(name, password string) (Principal, string) {
	g.t.Helper()
	p, secret, err := g.SignIn(g.t.Context(), name+"@example.com", password, home)
	g.ok(err)
	return p, secret
}

func (g *gate) token(p Principal, n NewToken) (Principal, string) {
	g.t.Helper()
	if n.Name == "" {
		n.Name = "nightly import"
	}
	_, secret, err := g.NewToken(g.t.Context(), p, n)
	g.ok(err)
	made, err := g.ByToken(g.t.Context(), secret)
	g.ok(err)
	return made, secret
}

// atOnce runs f n times at the same moment and returns how often it went well. Other
// answers must be of one of the kinds.
func atOnce(t *testing.T, n int, f func(i int) error, kinds ...fault.Kind) int {
	t.Helper()
	var well atomic.Int32
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			err := f(i)
			if err == nil {
				well.Add(1)
			} else if !slices.Contains(kinds, fault.KindOf(err)) {
				t.Errorf("try %d: %v", i, err)
			}
		})
	}
	close(start)
	all.Wait()
	return int(well.Load())
}

func TestCreateChecksEveryField(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		_, err := g.Create(ctx, NewAccount{Email: "nobody", Name: " ", Password: "short"}, false)
		refused(t, "all wrong", err, fault.Invalid, "email", "name", "password")
		for _, email := range []string{"", "a@b@c", "ann@example.com\r\nBcc: eve@example.com", "Ann <ann@example.com>", strings.Repeat("a", 250) + "@example.com"} {
			_, err := g.Create(ctx, NewAccount{Email: email, Name: "Ann", Password: annsPassword}, false)
			refused(t, email, err, fault.Invalid, "email")
		}
		for _, name := range []string{"Ann\nbob", strings.Repeat("n", 101), "\xff"} {
			_, err := g.Create(ctx, NewAccount{Email: "ann@example.com", Name: name, Password: annsPassword}, false)
			refused(t, name, err, fault.Invalid, "name")
		}
		ann, err := g.Create(ctx, NewAccount{Email: " Ann@Example.COM ", Name: " Ann ", Password: annsPassword}, true)
		g.ok(err)
		if ann.Email != "ann@example.com" || ann.Name != "Ann" {
			t.Errorf("%+v", ann)
		}
		// the same address in another spelling, also with compatibility characters
		for _, email := range []string{"ANN@example.com", "ａnn@example.com"} {
			_, err = g.Create(ctx, NewAccount{Email: email, Name: "Ann", Password: annsPassword}, false)
			refused(t, email, err, fault.Invalid, "email")
			got, err := g.ByEmail(ctx, email)
			if err != nil || got != ann {
				t.Errorf("by %s: %+v, %v", email, got, err)
			}
		}
		_, err = g.ByID(ctx, ledger.NewID(1))
		refused(t, "nobody", err, fault.NotFound)
	})
}

func TestManaging(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		root, ann, bob := g.account("root", annsPassword, true), g.account("ann", annsPassword, false), g.account("bob", bobsPassword, false)
		asRoot, _ := g.signIn("root", annsPassword)
		asAnn, _ := g.signIn("ann", annsPassword)
		narrow, _ := g.token(asAnn, NewToken{Scope: ScopeWrite})
		roots, _ := g.token(asRoot, NewToken{Scope: ScopeWrite})
		fenced, _ := g.token(asRoot, NewToken{Scope: ScopeAdmin, Workspace: ledger.NewID(1)})

		g.ok(g.SetName(ctx, asAnn, ann.ID, "Ann B."))
		g.ok(g.SetName(ctx, asRoot, bob.ID, "Bob B."))
		g.ok(g.SetEmail(ctx, asAnn, ann.ID, "Ann.B@example.com"))
		for what, err := range map[string]error{
			"another's name":             g.SetName(ctx, asAnn, bob.ID, "Eve"),
			"another's address":          g.SetEmail(ctx, asAnn, bob.ID, "eve@example.com"),
			"own address by a token":     g.SetEmail(ctx, narrow, ann.ID, "eve@example.com"),
			"disabling":                  g.Disable(ctx, asAnn, bob.ID),
			"enabling":                   g.Enable(ctx, asAnn, bob.ID),
			"making oneself one":         g.SetAdmin(ctx, asAnn, ann.ID, true),
			"an administrator in fences": g.Disable(ctx, fenced, bob.ID),
			"by a narrow token":          g.Disable(ctx, roots, bob.ID),
			"another's name by one":      g.SetName(ctx, roots, bob.ID, "Eve"),
		} {
			refused(t, what, err, fault.Forbidden)
		}
		refused(t, "a taken address", g.SetEmail(ctx, asRoot, bob.ID, "ann.b@example.com"), fault.Invalid, "email")
		refused(t, "no address", g.SetEmail(ctx, asRoot, bob.ID, "nobody"), fault.Invalid, "email")
		refused(t, "nobody", g.SetEmail(ctx, asRoot, ledger.NewID(1), "x@example.com"), fault.NotFound)
		refused(t, "nobody", g.SetName(ctx, asRoot, ledger.NewID(1), "x"), fault.NotFound)

		all, err := g.All(ctx)
		g.ok(err)
		var have []string
		for _, a := range all {
			have = append(have, a.Name+" "+a.Email)
		}
		if want := []string{"Ann B. ann.b@example.com", "Bob B. bob@example.com", "root root@example.com"}; !slices.Equal(have, want) {
			t.Errorf("%q, want %q", have, want)
		}
		_, _, err = g.SignIn(ctx, "ann@example.com", annsPassword, home)
		refused(t, "the old address", err, fault.Unauthenticated)

		// there is always an administrator
		refused(t, "the last one resigns", g.SetAdmin(ctx, asRoot, root.ID, false), fault.Conflict)
		refused(t, "the last one goes", g.Disable(ctx, asRoot, root.ID), fault.Conflict)
		g.ok(g.SetAdmin(ctx, asRoot, ann.ID, true))
		ids := []ledger.ID{root.ID, ann.ID}
		if n := atOnce(t, 2, func(i int) error { return g.Disable(ctx, Operator, ids[i]) }, fault.Conflict); n != 1 {
			t.Errorf("of two administrators %d were disabled at once", n)
		}
	})
}

func TestSetup(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		ctx := t.Context()
		code, err := g.SetupCode(ctx)
		g.ok(err)
		other, err := g.SetupCode(ctx) // of another process
		g.ok(err)
		if needs, err := g.NeedsSetup(ctx); err != nil || !needs || code == "" || code == other {
			t.Fatalf("%v %v %q %q", needs, err, code, other)
		}
		_, err = g.Setup(ctx, "AAAAA-AAAAA-AAAAA-AAAAA", NewAccount{Email: "eve@example.com", Name: "Eve", Password: bobsPassword})
		refused(t, "a guessed code", err, fault.Invalid, "code")
		_, err = g.Setup(ctx, code, NewAccount{Email: "ann@example.com", Name: "Ann", Password: "short"})
		refused(t, "a short password", err, fault.Invalid, "password")

		// typed carelessly, by many at once
		typed := []string{strings.ToLower(code), strings.ReplaceAll(other, "-", " ")}
		n := atOnce(t, 64, func(i int) error {
			_, err := g.Setup(ctx, typed[i%2], NewAccount{Email: fmt.Sprintf("ann%d@example.com", i), Name: "Ann", Password: annsPassword})
			return err
		}, fault.Conflict, fault.Invalid)
		all, err := g.All(ctx)
		g.ok(err)
		if n != 1 || len(all) != 1 || !all[0].Admin {
			t.Errorf("%d set up, accounts %+v", n, all)
		}
		if needs, err := g.NeedsSetup(ctx); err != nil || needs {
			t.Errorf("needs setup: %v %v", needs, err)
		}
		if code, err := g.SetupCode(ctx); code != "" || err != nil {
			t.Errorf("a code afterwards: %q %v", code, err)
		}
	})
}

// TestSetupAfterTheCommandLine: a code that is still good opens nothing once there is an
// account, also when that has gone to somebody else.
func TestSetupAfterTheCommandLine(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		code, err := g.SetupCode(t.Context())
		g.ok(err)
		g.account("ann", annsPassword, true)
		_, err = g.Setup(t.Context(), code, NewAccount{Email: "eve@example.com", Name: "Eve", Password: bobsPassword})
		refused(t, "a code from before", err, fault.Conflict)
		if n := dumpCount(g, "accounts"); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestSetupCodesEnd(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		code, err := g.SetupCode(t.Context())
		g.ok(err)
		g.clock.Add(24*time.Hour + time.Microsecond)
		_, err = g.Setup(t.Context(), code, NewAccount{Email: "ann@example.com", Name: "Ann", Password: annsPassword})
		refused(t, "a code of the day before", err, fault.Invalid, "code")
	})
}

// tables are those that this package keeps.
var tables = []string{"accounts", "sessions", "tokens", "invitations", "resets", "setup_codes", "access_state", "access_changes", "access_log"}

// dump returns all values of all tables.
func dump(t *testing.T, db *sql.DB) string {
	t.Helper()
	var b strings.Builder
	for _, table := range tables {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range into {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, table, values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// secretsOf makes one of each secret and returns them.
func (g *gate) secretsOf() map[string]string {
	ctx := g.t.Context()
	code, err := g.SetupCode(ctx)
	g.ok(err)
	ann := g.account("ann", annsPassword, true)
	p, session := g.signIn("ann", annsPassword)
	_, token := g.token(p, NewToken{Scope: ScopeAdmin})
	_, invitation, _, err := g.Invite(ctx, p, Invitation{Email: "bob@example.com", Workspace: ledger.NewID(1), Role: Editor})
	g.ok(err)
	reset, err := g.NewReset(ctx, p, ann.ID)
	g.ok(err)
	_, _, err = g.SignIn(ctx, newPassword, newPassword, home) // into the wrong field
	refused(g.t, "a password for an address", err, fault.Unauthenticated)
	return map[string]string{
		"setup code": code, "session": session, "token": token, "invitation": invitation, "reset": reset,
		"password": annsPassword, "mistyped password": newPassword,
	}
}

// TestDumpHoldsNoSecret: who reads the database, or a backup of it, cannot come in.
func TestDumpHoldsNoSecret(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		secrets := g.secretsOf()
		all := dump(t, g.db)
		for _, table := range tables {
			if !strings.Contains(all, table+" [") && table != "setup_codes" {
				t.Errorf("nothing of %s is in the dump", table)
			}
		}
		for name, secret := range secrets {
			bare := secret
			if _, after, ok := strings.Cut(secret, "_"); ok && len(after) > 16 { // behind its prefix; chance writes "_" too
				bare = after
			}
			for _, form := range []string{secret, bare, strings.ReplaceAll(secret, "-", "")} {
				if strings.Contains(all, form) {
					t.Errorf("the %s is in the database", name)
				}
			}
			// what is kept lets nobody in either
			for _, try := range []string{hashOf(secret), hashOf(bare)} {
				if _, err := g.BySession(t.Context(), try); !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("a hash opens a session: %v", err)
				}
				if _, err := g.ByToken(t.Context(), try); !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("a hash is a token: %v", err)
				}
			}
		}
	})
}

// TestFreshInstallsDiffer: nothing is a default.
func TestFreshInstallsDiffer(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		first := g.secretsOf()
		var kept string
		g.ok(g.db.QueryRowContext(t.Context(), `SELECT password FROM accounts`).Scan(&kept))
		t.Run("second", func(t *testing.T) {
			atGates(t, func(t *testing.T, other *gate) {
				for name, secret := range other.secretsOf() {
					if secret == first[name] && !strings.Contains(name, "password") {
						t.Errorf("both have the same %s", name)
					}
				}
				var salted string
				other.ok(other.db.QueryRowContext(t.Context(), `SELECT password FROM accounts`).Scan(&salted))
				if salted == kept {
					t.Error("the same password is kept as the same hash")
				}
			})
		})
	})
}

func TestSecretsHave256Bits(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := newSecret("tl_")
		if len(s) != 3+43 || !strings.HasPrefix(s, "tl_") || seen[s] {
			t.Fatalf("%q", s)
		}
		seen[s] = true
	}
}

// TestFailsClosed: without the database nobody is let in for longer than the memory may be
// old.
func TestFailsClosed(t *testing.T) {
	atGates(t, func(t *testing.T, g *gate) {
		g.account("ann", annsPassword, true)
		p, session := g.signIn("ann", annsPassword)
		_, token := g.token(p, NewToken{Scope: ScopeRead})
		_, err := g.BySession(t.Context(), session)
		g.ok(err)
		g.db.Close()
		g.memory.checked.Store(-int64(maxAge))
		if _, err := g.BySession(t.Context(), session); err == nil || fault.Is(err, fault.Unauthenticated) {
			t.Errorf("by session: %v", err)
		}
		if _, err := g.ByToken(t.Context(), token); err == nil || fault.Is(err, fault.Unauthenticated) {
			t.Errorf("by token: %v", err)
		}
	})
}

// TestExplain: what passes is to be tried again, what does not is an error of ours.
func TestExplain(t *testing.T) {
	for _, err := range []error{context.DeadlineExceeded, ledger.ErrFull, fmt.Errorf("x: %w", ledger.ErrBroken)} {
		refused(t, err.Error(), explain(err), fault.Unavailable)
	}
	plain := errors.New("no such column")
	if err := explain(plain); err != plain {
		t.Errorf("%v", err)
	}
}
