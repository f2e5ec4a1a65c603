package access

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	// useWritten is how often the last use of a session or token is written.
	useWritten = ledger.Time(time.Minute / time.Microsecond)
	// maxAge is how old an answer from memory may be.
	maxAge = 500 * time.Millisecond
	// heartbeat is how often a process asks what others have changed.
	heartbeat = maxAge / 2
	// keptChanges is how many changes are kept for processes that are behind.
	keptChanges = 10_000
	// keptPrincipals bounds the memory that sessions and tokens in use take.
	keptPrincipals = 50_000
)

// memory is what a process knows without asking the database: the principals in use, by
// their credentials, the scopes of all tokens, what people keep for themselves, and who waits for the end of a
// principal. It holds as of the newest change that was read, and that is asked for every
// heartbeat: one row for all sessions, however many there are.
type memory struct {
	began   time.Time
	checked atomic.Int64 // when the newest answered question was asked, since began

	reading sync.Mutex    // one question at a time
	seq     int64         // the newest change read
	failed  error         // the answer to the latest question
	settled time.Duration // when it was given, since began

	mu       sync.Mutex
	known    map[credential]*known
	epoch    int64 // counts what was dropped: an answer read before it is not to be kept
	scopes   map[ledger.ID]tokenScope
	names    map[ledger.ID]string
	desks    map[visitor]desk
	watchers map[*watcher]struct{}
}

// credential is a secret by its hash: one of a session is none of a token.
type credential struct {
	token bool
	hash  string
}

// known is a principal as read from the database.
type known struct {
	p       Principal
	created ledger.Time
	expires ledger.Time // of a token; 0: never
	seen    ledger.Time // newest use here
	written ledger.Time // newest use in the database
}

// tokenScope is what the policy asks about a token.
type tokenScope struct {
	account ledger.ID
	scope   Scope
	expires ledger.Time
}

// watcher waits for the end of a principal.
type watcher struct {
	p     Principal
	until ledger.Time // not before this does it end by itself
	ended chan struct{}
}

// concerns reports whether a change of this account or token is one of p.
func (p Principal) concerns(id ledger.ID) bool { return p.Account.ID == id || p.Token == id }

// load starts the memory.
func (m *memory) load(ctx context.Context, a *Accounts) error {
	m.began = time.Now()
	m.watchers = map[*watcher]struct{}{}
	m.reading.Lock()
	defer m.reading.Unlock()
	return m.reload(ctx, a)
}

// reload forgets everything and reads the scopes anew; the caller holds reading.
func (m *memory) reload(ctx context.Context, a *Accounts) error {
	asked := time.Since(m.began)
	var seq int64
	if err := query(ctx, a.db, func(rows *sql.Rows) error { return rows.Scan(&seq) }, `SELECT changes FROM access_state`); err != nil {
		return err
	}
	scopes := map[ledger.ID]tokenScope{}
	if err := query(ctx, a.db, scanScope(scopes), selectScopes); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known, m.names, m.scopes, m.desks = map[credential]*known{}, map[ledger.ID]string{}, scopes, map[visitor]desk{}
	m.epoch++
	m.seq = seq
	m.checked.Store(int64(asked))
	return nil
}

const (
	selectScopes = `SELECT t.id, t.account, t.scope, t.expires_at FROM tokens t JOIN accounts a ON a.id = t.account
		WHERE t.revoked_at = 0 AND a.disabled = 0`
	selectScopesOf = selectScopes + ` AND (t.id = $1 OR t.account = $1)`
	selectChanges  = `SELECT n, who FROM access_changes WHERE n > $1 ORDER BY n`
)

func scanScope(into map[ledger.ID]tokenScope) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var id ledger.ID
		var t tokenScope
		err := rows.Scan(&id, &t.account, &t.scope, &t.expires)
		into[id] = t
		return err
	}
}

// change runs f in a transaction that changes what processes keep in memory about the
// given accounts, with their sessions and tokens, or about single tokens. They forget it:
// this one now, others within a heartbeat. Such transactions come one after the other.
func (a *Accounts) change(ctx context.Context, who []ledger.ID, f func(context.Context, *sql.Tx) error) error {
	err := a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var n int64
		if err := tx.QueryRowContext(ctx, `UPDATE access_state SET changes = changes + 1 RETURNING changes`).Scan(&n); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM access_changes WHERE n < $1`, n-keptChanges); err != nil {
			return err
		}
		for _, id := range who {
			if _, err := tx.ExecContext(ctx, `INSERT INTO access_changes(n, who) VALUES ($1, $2) ON CONFLICT DO NOTHING`, n, id); err != nil {
				return err
			}
		}
		return f(ctx, tx)
	})
	if err != nil {
		return err
	}
	// The change has happened, whatever becomes of the caller; if it cannot be read back
	// now, nothing is answered from memory until it can.
	a.memory.checked.Store(-int64(maxAge))
	_ = a.refresh(context.WithoutCancel(ctx), 0)
	return nil
}

// refresh reads what has changed, unless that was done less than age ago.
func (a *Accounts) refresh(ctx context.Context, age time.Duration) error {
	m := &a.memory
	came := time.Since(m.began)
	if age > 0 && came-time.Duration(m.checked.Load()) < age {
		return nil
	}
	m.reading.Lock()
	defer m.reading.Unlock()
	if age > 0 && came-time.Duration(m.checked.Load()) < age {
		return nil // another goroutine has asked meanwhile
	}
	if age > 0 && m.failed != nil && m.settled > came {
		return m.failed // in vain, and each for itself would wait as long again
	}
	m.failed = a.catchUp(context.WithoutCancel(ctx))
	m.settled = time.Since(m.began)
	return m.failed
}

// catchUp reads what has changed; the caller holds reading.
func (a *Accounts) catchUp(ctx context.Context) error {
	m := &a.memory
	asked := time.Since(m.began)
	seq := m.seq
	var who []ledger.ID
	gap := false
	err := query(ctx, a.db, func(rows *sql.Rows) error {
		var n int64
		var id ledger.ID
		err := rows.Scan(&n, &id)
		gap = gap || n > seq+1
		seq = n
		who = append(who, id)
		return err
	}, selectChanges, m.seq)
	if err != nil {
		return err
	}
	if gap { // longer away than changes are kept
		if err := m.reload(ctx, a); err != nil {
			return err
		}
		a.settle(ctx, func(*watcher) bool { return true })
		return nil
	}
	scopes := map[ledger.ID]tokenScope{}
	for _, id := range who {
		if err := query(ctx, a.db, scanScope(scopes), selectScopesOf, id); err != nil {
			return err
		}
	}
	m.forget(who, scopes)
	m.seq = seq
	m.checked.Store(int64(asked))
	if len(who) > 0 {
		a.settle(ctx, func(w *watcher) bool {
			for _, id := range who {
				if w.p.concerns(id) {
					return true
				}
			}
			return false
		})
	}
	return nil
}

// forget drops what has changed; scopes are those of its tokens that are in force.
func (m *memory) forget(who []ledger.ID, scopes map[ledger.ID]tokenScope) {
	if len(who) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	clear(m.names)
	for _, id := range who {
		for c, k := range m.known {
			if k.p.concerns(id) {
				delete(m.known, c)
			}
		}
		for v := range m.desks {
			if v.account == id {
				delete(m.desks, v)
			}
		}
		for token, t := range m.scopes {
			if token == id || t.account == id {
				delete(m.scopes, token)
			}
		}
	}
	for token, t := range scopes {
		m.scopes[token] = t
	}
}

// recall returns a principal from memory, as it was at most maxAge ago.
func (m *memory) recall(c credential) (known, int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.known[c]; k != nil {
		return *k, m.epoch
	}
	return known{}, m.epoch
}

// keep remembers a principal that was read when the epoch was the given one, and what a
// token may do: it may have been made by another process a moment ago, and the policy asks
// before that is learnt. It reports false if something has changed since.
func (m *memory) keep(c credential, k known, epoch int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.epoch {
		return false
	}
	if len(m.known) >= keptPrincipals {
		clear(m.known)
	}
	m.known[c] = &k
	if !k.p.Token.IsZero() {
		m.scopes[k.p.Token] = tokenScope{k.p.Account.ID, k.p.Scope, k.expires}
	}
	return true
}

// use notes that a principal is used now and reports whether that is to be written: at
// most once a minute, by one of those who use it.
func (m *memory) use(c credential, k known, now ledger.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.known[c]
	if kept == nil {
		kept = &k // changed since it was read; the next use reads it anew
	}
	kept.seen = max(kept.seen, now)
	if now-kept.written < useWritten {
		return false
	}
	kept.written = now
	return true
}

// watch keeps the memory young and tells those who wait for the end of a principal.
func (a *Accounts) watch(ctx context.Context) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	reachable := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := a.refresh(ctx, heartbeat/2)
		if err != nil && ctx.Err() == nil && reachable {
			a.set.Log.Warn("cannot read which sessions have ended; nobody is let in until it succeeds", "error", err)
		}
		reachable = err == nil
		now := a.now()
		a.settle(ctx, func(w *watcher) bool { return w.until <= now })
	}
}

// settle looks which of the chosen watchers wait for a principal that has ended.
func (a *Accounts) settle(ctx context.Context, chosen func(*watcher) bool) {
	var look []*watcher
	a.memory.mu.Lock()
	for w := range a.memory.watchers {
		if chosen(w) {
			look = append(look, w)
		}
	}
	a.memory.mu.Unlock()
	for _, w := range look {
		k, err := a.read(ctx, selectKnownOf(w.p), w.p.id())
		if err != nil && !fault.Is(err, fault.Unauthenticated) {
			continue // asked again at the next heartbeat
		}
		a.memory.mu.Lock()
		if w.until = a.ends(k); err != nil || w.until <= a.now() {
			if _, waits := a.memory.watchers[w]; waits {
				delete(a.memory.watchers, w)
				close(w.ended)
			}
		}
		a.memory.mu.Unlock()
	}
}

// Ended returns a channel that is closed within a second after the session or token of p
// has ended, in whatever process: a live stream ends with it. It is given up with ctx.
func (a *Accounts) Ended(ctx context.Context, p Principal) <-chan struct{} {
	w := &watcher{p: p, ended: make(chan struct{})} // looked at by the next heartbeat
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	a.memory.watchers[w] = struct{}{}
	context.AfterFunc(ctx, func() {
		a.memory.mu.Lock()
		defer a.memory.mu.Unlock()
		delete(a.memory.watchers, w)
	})
	return w.ended
}

// ScopeOf returns what the token may be used for, from memory; false for a token that is
// unknown, revoked or expired, or whose account is disabled. The policy asks it for
// accounts that act through one.
func (a *Accounts) ScopeOf(token ledger.ID) (Scope, bool) {
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	t, ok := a.memory.scopes[token]
	if !ok || t.expires != 0 && t.expires <= a.now() {
		return "", false
	}
	return t.scope, true
}

// Names returns a function that names accounts and tokens for a history: "Ann", or
// "Ann, by nightly import" for a token. What it does not know is the empty string.
func (a *Accounts) Names(ctx context.Context) func(ledger.ID) string {
	return func(id ledger.ID) string {
		a.memory.mu.Lock()
		name, ok := a.memory.names[id]
		epoch := a.memory.epoch
		a.memory.mu.Unlock()
		if ok {
			return name
		}
		if id == ledger.System.ID {
			return "Throughline"
		}
		if err := query(ctx, a.db, func(rows *sql.Rows) error { return rows.Scan(&name) }, `SELECT name FROM accounts WHERE id = $1
			UNION ALL SELECT a.name || ', by ' || t.name FROM tokens t JOIN accounts a ON a.id = t.account WHERE t.id = $1`, id); err != nil {
			a.set.Log.Warn("cannot read a name", "id", id, "error", err)
			return ""
		}
		a.memory.mu.Lock()
		defer a.memory.mu.Unlock()
		if epoch == a.memory.epoch {
			if len(a.memory.names) >= keptPrincipals {
				clear(a.memory.names)
			}
			a.memory.names[id] = name
		}
		return name
	}
}
