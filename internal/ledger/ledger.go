package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Options are what a Ledger is made of; Registry is required.
type Options struct {
	Registry  *Registry
	Policy    Policy           // nil: only System may do anything
	Clock     func() time.Time // nil: time.Now
	SecretKey []byte           // seals Secret fields; nil: there can be none
	Log       *slog.Logger     // nil: slog.Default()

	// Slow is the running time from which a command is logged, Stuck the one from which
	// it is refused: it holds everybody's lane. Zero: 5 ms and 250 ms.
	Slow, Stuck time.Duration
	// Idle is how long an unused workspace stays in memory; zero: 30 minutes.
	Idle time.Duration
	// Poll is how often the heads of resident workspaces are compared with the
	// database's, in case a wake-up was lost; zero: 1 second.
	Poll time.Duration
}

// Ledger is the kernel on one database. Its methods may be called at once from any
// number of goroutines.
type Ledger struct {
	store  Store
	reg    *Registry
	policy Policy
	clock  func() time.Time
	vault  *vault
	log    *slog.Logger
	opts   Options
	node   ID // this process, as holder of leases

	mu     sync.Mutex
	open   map[ID]*workspace
	shared *lane // of a store with one lane a database
	closed bool

	broken atomic.Pointer[error] // a failed fsync: no more writes
	stop   context.CancelFunc
	ctx    context.Context
	loops  sync.WaitGroup
}

// Open returns a ledger on the store, which it closes when it is closed.
func Open(ctx context.Context, store Store, opts Options) (*Ledger, error) {
	if opts.Registry == nil {
		return nil, errors.New("ledger: Options.Registry is required")
	}
	if opts.Policy == nil {
		opts.Policy = denyAll{}
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	setDefault(&opts.Slow, 5*time.Millisecond)
	setDefault(&opts.Stuck, 250*time.Millisecond)
	setDefault(&opts.Idle, 30*time.Minute)
	setDefault(&opts.Poll, time.Second)
	l := &Ledger{
		reg: opts.Registry, policy: opts.Policy, clock: opts.Clock, vault: newVault(opts.SecretKey),
		log: opts.Log, opts: opts, open: map[ID]*workspace{},
	}
	l.store = brake{store, l}
	l.node = NewID(TimeOf(opts.Clock()))
	l.ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	if store.Lanes() == LaneADatabase {
		l.shared = newLane(l)
	}
	if err := l.dropDeadBatches(ctx); err != nil {
		l.Close()
		return nil, fmt.Errorf("drop unfinished imports: %w", err)
	}
	l.loops.Go(l.watch)
	return l, nil
}

func setDefault(d *time.Duration, v time.Duration) {
	if *d == 0 {
		*d = v
	}
}

// Close lets running writes end, stops every loop and closes the store.
func (l *Ledger) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	lanes := map[*lane]bool{}
	if l.shared != nil {
		lanes[l.shared] = true
	}
	for _, ws := range l.open {
		if ws.lane != nil {
			lanes[ws.lane] = true
		}
	}
	l.mu.Unlock()
	for ln := range lanes {
		ln.close()
	}
	l.stop()
	l.loops.Wait()
	return l.store.Close()
}

// Registry returns the kinds of the ledger.
func (l *Ledger) Registry() *Registry { return l.reg }

// DB returns the database of the plain tables in which slices keep records that are
// personal or operational; see Store.DB and MigrateRecords.
func (l *Ledger) DB() *sql.DB { return l.store.DB() }

// Broken returns why the ledger refuses writes, nil if it does not.
func (l *Ledger) Broken() error {
	if err := l.broken.Load(); err != nil {
		return *err
	}
	return nil
}

var slugForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`)

// CreateWorkspace adds an empty workspace. The slug stands in addresses: 1 to 40 lower
// case letters, digits and inner hyphens; a taken one is a Conflict.
func (l *Ledger) CreateWorkspace(ctx context.Context, slug string) (ID, error) {
	if !slugForm.MatchString(slug) {
		var f fault.Fields
		f.Add("slug", "use 1 to 40 lower case letters, digits and hyphens, not at an end")
		return ID{}, f.Err()
	}
	id := NewID(TimeOf(l.clock()))
	if err := l.store.CreateWorkspace(ctx, WorkspaceRow{ID: id, Slug: slug}); err != nil {
		return ID{}, err
	}
	return id, nil
}

// RemoveWorkspace deletes a workspace for ever: its documents, journal, texts and
// settings. Nothing of it can be undone, and its slug is free again. Writes that wait are
// refused and followers end, both with NotFound, in other processes within
// Options.Poll. Who holds a Snapshot may read on, but for long texts. Plain tables of the
// slices are theirs to clear.
//
// Errors: fault.NotFound if there is no such workspace.
func (l *Ledger) RemoveWorkspace(ctx context.Context, id ID) error {
	ws, err := l.resident(ctx, id)
	if err != nil {
		return err
	}
	defer ws.unpin()
	err = l.store.RemoveWorkspace(ctx, id)
	if err == nil || fault.Is(err, fault.NotFound) {
		l.forget(ws)
	}
	return err
}

// Backdate lets what is written to a new workspace happen at the times of a clock of its
// own, until done is called: whoever makes one with a past has its people do everything
// again, at the times when they did it. It holds in this process, and for no other
// workspace. The clock does not run ahead of the present: time in a journal never goes
// back, so what follows would stand in the future.
//
// Errors: fault.NotFound if there is no such workspace; fault.Conflict if it has a history
// already, or a clock.
func (l *Ledger) Backdate(ctx context.Context, workspace ID, clock func() time.Time) (done func(), err error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return nil, err
	}
	if ws.committed.Load().seq > 0 || !ws.clock.CompareAndSwap(nil, &clock) {
		ws.unpin()
		return nil, fault.New(fault.Conflict, "the workspace has a history already; its past stays as it was")
	}
	return sync.OnceFunc(func() {
		ws.clock.Store(nil)
		ws.unpin()
	}), nil
}

// forget lets a workspace go that has been removed from the database.
func (l *Ledger) forget(ws *workspace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.open[ws.id] != ws {
		return
	}
	delete(l.open, ws.id)
	close(ws.removed)
	if ws.lane != l.shared {
		l.loops.Go(ws.lane.close)
	}
}

func noWorkspace() error { return fault.New(fault.NotFound, "there is no such workspace") }

// Workspaces returns the identifiers of all workspaces by slug.
func (l *Ledger) Workspaces(ctx context.Context) (map[string]ID, error) {
	rows, err := l.store.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]ID, len(rows))
	for _, r := range rows {
		out[r.Slug] = r.ID
	}
	return out, nil
}

// UpdateOption changes how an Update runs.
type UpdateOption func(*request)

// In makes an Update write to the open proposal with this identifier: nothing live
// changes before the merge.
func In(proposal ID) UpdateOption { return func(r *request) { r.branch = proposal } }

// Expect refuses an Update with a Conflict if the entity has not this version any more:
// somebody else changed it since it was read.
func Expect(kind AnyKind, id ID, version int64) UpdateOption {
	return func(r *request) { r.expect = append(r.expect, expectation{kind.kind(), id, version}) }
}

// Update runs fn alone in its workspace on the newest state and commits what it changed:
// the documents, the journal and the position in one database transaction, or nothing.
// When it returns without error the write is durable. It returns the position of the
// commit, or the newest one if fn changed nothing.
//
// fn may run again if the transaction has to; it does no I/O, reads no clock and no
// randomness but the Tx's, and is short, because all writers of the workspace wait. A
// context that ends before fn's turn makes Update return its error; afterwards Update
// waits for the true outcome.
//
// Errors: what fn returns; fault.Invalid for what the kind's checks refuse; what the
// policy returns, usually fault.Forbidden; fault.Conflict for a failed Expect;
// fault.Unavailable if the database cannot be written.
func (l *Ledger) Update(ctx context.Context, workspace ID, as Actor, verb string, fn func(*Tx) error, opts ...UpdateOption) (Seq, error) {
	r := &request{ctx: ctx, as: as, verb: verb, fn: fn, done: make(chan struct{})}
	for _, o := range opts {
		o(r)
	}
	return l.submit(ctx, workspace, r)
}

func (l *Ledger) submit(ctx context.Context, workspace ID, r *request) (Seq, error) {
	if err := l.Broken(); err != nil {
		return 0, unavailable(err)
	}
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return 0, err
	}
	defer ws.unpin()
	r.ws = ws
	if err := ws.lane.submit(r); err != nil {
		return 0, err
	}
	<-r.done
	return r.seq, r.err
}

func unavailable(cause error) error {
	return &fault.Error{Kind: fault.Unavailable, Message: "the workspace cannot be written at the moment", After: 5 * time.Second, Cause: cause}
}

func forbidden(c Write) error {
	return fault.New(fault.Forbidden, "you may not %s this %s", c.Op, c.Kind)
}

// At returns the newest Snapshot of a workspace, as the actor may see it, that is at
// least at position least: what a write answered, if the reader has made one. It waits
// at most 2 seconds for a position that this node does not have yet.
//
// Errors: fault.NotFound if there is no such workspace, fault.Unavailable if the
// position does not come.
func (l *Ledger) At(ctx context.Context, workspace ID, as Actor, least Seq) (*Snapshot, error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer ws.unpin()
	if ws.committed.Load().seq < least {
		if err := ws.await(ctx, least); err != nil {
			return nil, err
		}
	}
	return ws.snapshot(as)
}

// workspace is one workspace in memory.
type workspace struct {
	l         *Ledger
	id        ID
	lane      *lane
	committed atomic.Pointer[state]
	pins      atomic.Int32
	used      atomic.Int64 // Unix seconds
	ready     chan struct{}
	removed   chan struct{} // closed when the workspace is no more
	err       error
	clock     atomic.Pointer[func() time.Time] // nil: the ledger's; see Backdate
	memos     memos
	strings   interner
	past      pastStates
	proposals proposedStates

	mu     sync.Mutex
	wake   chan struct{} // closed at the next commit
	recent []Commit      // the newest commits, for followers
}

func (ws *workspace) unpin() { ws.pins.Add(-1) }

// now returns the time at which what is written now happens.
func (ws *workspace) now() time.Time {
	if clock := ws.clock.Load(); clock != nil {
		return (*clock)()
	}
	return ws.l.clock()
}

// resident returns the workspace, loading it if it is not in memory; the caller unpins.
func (l *Ledger) resident(ctx context.Context, id ID) (*workspace, error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, fault.New(fault.Unavailable, "the system is stopping")
	}
	ws := l.open[id]
	fresh := ws == nil
	if fresh {
		ws = &workspace{l: l, id: id, ready: make(chan struct{}), removed: make(chan struct{}), wake: make(chan struct{})}
		l.open[id] = ws
	}
	ws.pins.Add(1)
	ws.used.Store(l.clock().Unix())
	l.mu.Unlock()
	if fresh {
		l.loops.Go(func() { l.load(ws) })
	}
	select {
	case <-ws.ready:
	case <-ctx.Done():
		ws.unpin()
		return nil, ctx.Err()
	}
	if ws.err != nil {
		ws.unpin()
		return nil, ws.err
	}
	return ws, nil
}

func (l *Ledger) load(ws *workspace) {
	st, err := l.loadState(l.ctx, ws)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.closed {
		err = fault.New(fault.Unavailable, "the system is stopping")
	}
	if err != nil {
		ws.err = err
		delete(l.open, ws.id)
	} else {
		ws.committed.Store(st)
		ws.lane = l.shared
		if ws.lane == nil {
			ws.lane = newLane(l)
		}
	}
	close(ws.ready)
}

// await waits until the workspace has position least.
func (ws *workspace) await(ctx context.Context, least Seq) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		wake := ws.changed()
		if ws.committed.Load().seq >= least {
			return nil
		}
		if err := ws.sync(ctx); err != nil {
			return err
		}
		if ws.committed.Load().seq >= least {
			return nil
		}
		select {
		case <-wake:
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "position %d of the workspace has not arrived here", least)
		}
	}
}

// sync asks the lane to catch up with other processes and waits for it.
func (ws *workspace) sync(ctx context.Context) error {
	r := &request{ctx: ctx, ws: ws, done: make(chan struct{})}
	if err := ws.lane.submit(r); err != nil {
		return err
	}
	<-r.done
	return r.err
}

// changed returns a channel that is closed at the next commit.
func (ws *workspace) changed() <-chan struct{} {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.wake
}

// publish makes st the committed state and wakes those who wait.
func (ws *workspace) publish(st *state, commits []Commit) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.committed.Store(st)
	ws.recent = append(ws.recent, commits...)
	if over := len(ws.recent) - recentCommits; over > 0 {
		ws.recent = append([]Commit(nil), ws.recent[over:]...)
	}
	close(ws.wake)
	ws.wake = make(chan struct{})
}

const recentCommits = 256

func (ws *workspace) snapshot(as Actor) (*Snapshot, error) {
	st := ws.committed.Load()
	s := &Snapshot{ws: ws, st: st, seq: st.seq}
	var err error
	s.viewer, err = ws.l.policy.Viewer(s.Whole(), as)
	return s, err
}

// watch learns of other processes' writes and lets unused workspaces go.
func (l *Ledger) watch() {
	poll := time.NewTicker(l.opts.Poll)
	defer poll.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.store.Changed():
		case <-poll.C:
			l.evict()
		}
		if err := l.syncAll(); err != nil && l.ctx.Err() == nil {
			l.log.Warn("cannot look for other processes' writes", "error", err)
		}
	}
}

func (l *Ledger) syncAll() error {
	l.mu.Lock()
	var ids []ID
	byID := map[ID]*workspace{}
	for id, ws := range l.open {
		if ws.committed.Load() != nil {
			ids = append(ids, id)
			byID[id] = ws
			ws.pins.Add(1)
		}
	}
	l.mu.Unlock()
	defer func() {
		for _, ws := range byID {
			ws.unpin()
		}
	}()
	if len(ids) == 0 {
		return nil
	}
	heads, err := l.store.Heads(l.ctx, ids)
	if err != nil {
		return err
	}
	for id, ws := range byID {
		h, ok := heads[id]
		if !ok {
			l.forget(ws)
			continue
		}
		if h.Seq > ws.committed.Load().seq {
			if err := ws.sync(l.ctx); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
	}
	return nil
}

// evict drops workspaces that nobody has used for Options.Idle.
func (l *Ledger) evict() {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := l.clock().Add(-l.opts.Idle).Unix()
	for id, ws := range l.open {
		if ws.committed.Load() != nil && ws.pins.Load() == 0 && ws.used.Load() < oldest {
			delete(l.open, id)
			if ws.lane != l.shared {
				l.loops.Go(ws.lane.close)
			}
		}
	}
}
