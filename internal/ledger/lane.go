package ledger

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// A lane is the one goroutine that commits: for the whole database on SQLite, which has
// one writer, for one workspace on PostgreSQL. It takes all requests that wait, runs
// them one after the other on one builder, and writes what they did in one disk commit.
// If that fails, builder and group fall back together; the committed state was never
// touched.
type lane struct {
	l      *Ledger
	mu     sync.Mutex
	queue  []*request
	wake   chan struct{} // capacity 1
	closed bool
	ended  chan struct{}
	last   int // size of the last group
}

// request is one caller's wish to write, or without fn to catch up.
type request struct {
	ctx    context.Context
	ws     *workspace
	as     Actor
	verb   string
	fn     func(*Tx) error
	branch ID // the proposal it writes to
	expect []expectation

	// what the kernel's own requests need
	reads   ID                              // the proposal to be read first
	rebases bool                            // the commit belongs to the branch of reads
	long    bool                            // it may hold the lane longer than a command
	stage   func(*part, Time) *Commit       // writes a chunk of an import instead of running fn
	also    func(*Tx, *part, *Commit) error // writes more with the commit

	seq  Seq
	err  error
	done chan struct{}
}

type expectation struct {
	k       *kind
	id      ID
	version int64
}

const maxGroup = 256

func newLane(l *Ledger) *lane {
	ln := &lane{l: l, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go ln.run()
	return ln
}

func (ln *lane) submit(r *request) error {
	ln.mu.Lock()
	if ln.closed {
		ln.mu.Unlock()
		return fault.New(fault.Unavailable, "the system is stopping")
	}
	ln.queue = append(ln.queue, r)
	ln.mu.Unlock()
	select {
	case ln.wake <- struct{}{}:
	default:
	}
	return nil
}

// close lets what waits be done and ends the lane.
func (ln *lane) close() {
	ln.mu.Lock()
	ln.closed = true
	ln.mu.Unlock()
	select {
	case ln.wake <- struct{}{}:
	default:
	}
	<-ln.ended
}

func (ln *lane) run() {
	defer close(ln.ended)
	for {
		group, open := ln.take()
		if len(group) > 0 {
			ln.process(group)
			for _, r := range group {
				close(r.done)
			}
			continue
		}
		if !open {
			return
		}
		<-ln.wake
	}
}

// take returns what waits. Writers whose last commit has just been answered are about to
// come back: yielding to them while the group is much smaller than the last one keeps
// them from falling into two cohorts that wait for each other.
func (ln *lane) take() ([]*request, bool) {
	for range 20 {
		ln.mu.Lock()
		n := len(ln.queue)
		ln.mu.Unlock()
		if n == 0 || n >= ln.last*2 || n >= maxGroup {
			break
		}
		runtime.Gosched()
	}
	ln.mu.Lock()
	defer ln.mu.Unlock()
	n := min(len(ln.queue), maxGroup)
	group := ln.queue[:n:n]
	ln.queue = ln.queue[n:]
	if len(ln.queue) == 0 {
		ln.queue = nil
	}
	if n > 0 {
		ln.last = n
	}
	return group, !ln.closed
}

// process answers every request of the group.
func (ln *lane) process(group []*request) {
	var writers []*request
	for _, r := range group {
		switch {
		case r.ctx.Err() != nil:
			r.err = r.ctx.Err()
		case r.fn == nil && r.stage == nil:
			if r.err = ln.catchUp(r.ws); r.err == nil && !r.branch.IsZero() {
				r.err = r.ws.readBranch(ln.l.ctx, r.branch)
			}
		default:
			writers = append(writers, r)
		}
	}
	for attempt := 0; len(writers) > 0; attempt++ {
		err := ln.commit(writers)
		switch {
		case err == nil:
			return
		case (errors.Is(err, ErrData) || fault.Is(err, fault.NotFound)) && len(writers) > 1:
			// one poisonous command, or one workspace that was removed, must not fail the
			// others: each for itself
			for _, r := range writers {
				if err := ln.commit([]*request{r}); err != nil {
					r.seq, r.err = 0, answer(err)
				}
			}
			return
		case errors.Is(err, errNotCommitted) && attempt < 3:
			continue
		}
		for _, r := range writers {
			r.seq, r.err = 0, answer(err)
		}
		return
	}
}

// answer turns a storage error into what the caller is told.
func answer(err error) error {
	switch {
	case fault.Is(err, fault.NotFound): // the workspace was removed
		return noWorkspace()
	case errors.Is(err, ErrData):
		return &fault.Error{Kind: fault.Invalid, Message: "the database refused a value of this change", Cause: err}
	case errors.Is(err, ErrFull):
		return &fault.Error{Kind: fault.Unavailable, Message: "the disk is full: nothing can be written before room is made; reading goes on", After: 30 * time.Second, Cause: err}
	default:
		return unavailable(err)
	}
}

// catchUp brings the committed state of a workspace to the database's position.
func (ln *lane) catchUp(ws *workspace) error {
	ctx, cancel := context.WithTimeout(ln.l.ctx, 10*time.Second)
	defer cancel()
	heads, err := ln.l.store.Heads(ctx, []ID{ws.id})
	if err != nil {
		return unavailable(err)
	}
	head, ok := heads[ws.id]
	if !ok {
		return noWorkspace()
	}
	return ws.adopt(ctx, head)
}

// adopt publishes what other processes have written up to head.
func (ws *workspace) adopt(ctx context.Context, head Head) error {
	from := ws.committed.Load()
	if head.Seq <= from.seq {
		return nil
	}
	b := newBuilder(ws.l.reg, from)
	learnt, err := ws.catchUp(ctx, b, head.Seq)
	if err != nil {
		return err
	}
	b.counters = head.Counters
	ws.publish(b.publish(), learnt)
	return nil
}

// errNotCommitted: the disk commit certainly did not happen, so the group may run again.
var errNotCommitted = errors.New("ledger: the commit did not happen")

// part is what a group does to one workspace.
type part struct {
	ws     *workspace
	b      *builder
	writes Writes
	docs   map[place]*change
	order  []place
}

// commit runs the requests and writes them in one disk commit. An error is about the
// group; refusals of single requests stand in them.
func (ln *lane) commit(group []*request) error {
	limit := 10 * time.Second
	if slices.ContainsFunc(group, func(r *request) bool { return r.long }) {
		limit = 5 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ln.l.ctx, limit)
	defer cancel()
	var ids []ID
	parts := map[ID]*part{}
	for _, r := range group {
		if parts[r.ws.id] == nil {
			parts[r.ws.id] = &part{ws: r.ws, docs: map[place]*change{}}
			ids = append(ids, r.ws.id)
		}
	}
	txn, heads, err := ln.l.store.Begin(ctx, ids)
	if err != nil {
		return err
	}
	origin, err := newOrigin()
	if err != nil {
		txn.Rollback()
		return err
	}
	for _, id := range ids {
		p := parts[id]
		if err := p.ws.adopt(ctx, heads[id]); err != nil {
			txn.Rollback()
			return err
		}
		p.b = newBuilder(ln.l.reg, p.ws.committed.Load())
		p.writes = Writes{Workspace: id}
	}
	for _, r := range group {
		r.seq, r.err = 0, nil
		ln.runOne(ctx, parts[r.ws.id], r, origin)
	}
	var all []Writes
	for _, id := range ids {
		if p := parts[id]; len(p.writes.Commits) > 0 {
			if err := p.close(); err != nil {
				txn.Rollback()
				return err
			}
			all = append(all, p.writes)
		}
	}
	if len(all) == 0 {
		return txn.Rollback()
	}
	if err := txn.Commit(ctx, all); err != nil {
		if err := ln.settle(err, all[0], origin); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if p := parts[id]; len(p.writes.Commits) > 0 {
			p.ws.publish(p.b.publish(), p.writes.Commits)
		}
	}
	return nil
}

func newOrigin() (int64, error) {
	var b [8]byte
	_, err := rand.Read(b[:])
	return int64(binary.BigEndian.Uint64(b[:]) >> 1), err
}

// settle finds out whether a disk commit that ended in an error happened: nil if it did.
func (ln *lane) settle(err error, w Writes, origin int64) error {
	switch {
	case errors.Is(err, ErrData), errors.Is(err, ErrFull):
		return err
	case errors.Is(err, ErrBroken):
		return ln.l.noteFailure(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ln.l.ctx), 10*time.Second)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		happened, look := ln.l.store.Outcome(ctx, w.Workspace, w.Commits[0].Seq, origin)
		if look == nil {
			if happened {
				return nil
			}
			return fmt.Errorf("%w: %w", errNotCommitted, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrUnknown, err)
		case <-time.After(wait):
		}
	}
}

// runOne runs one request on the group's builder and notes what it writes.
func (ln *lane) runOne(ctx context.Context, p *part, r *request, origin int64) {
	r.seq = p.b.seq
	at := max(TimeOf(p.ws.now()), p.b.lastAt)
	var commit *Commit
	var tx *Tx
	if r.stage != nil {
		if commit = r.stage(p, at); commit == nil {
			return
		}
	} else {
		b := p.b
		for _, id := range []ID{r.branch, r.reads} {
			if id.IsZero() {
				continue
			}
			if r.err = p.ws.loadBranch(ctx, p.b, id); r.err != nil {
				return
			}
		}
		if !r.branch.IsZero() {
			if b, r.err = p.ws.proposed(p.b, r.branch); r.err != nil {
				return
			}
		}
		if tx, r.err = newTx(p.ws, b, r, at); r.err != nil {
			return
		}
		commit, r.err = ln.runTx(tx, r)
		if r.err == nil && commit != nil && r.also != nil {
			r.err = r.also(tx, p, commit)
		}
		if r.err != nil || commit == nil {
			tx.abandon()
			return
		}
		if r.rebases {
			commit.Branch = r.reads
		}
		p.keep(tx, commit)
	}
	commit.Origin = origin
	commit.seal(p.b.hash)
	p.b.seq, p.b.lastAt, p.b.hash = commit.Seq, commit.At, commit.Hash
	if br := p.b.branches[commit.Branch]; br != nil {
		p.b.branches[commit.Branch] = br.with(p.b.reg, commit)
	}
	p.writes.Commits = append(p.writes.Commits, *commit)
	r.seq = commit.Seq
}

// keep notes what the transaction has to write besides its commit.
func (p *part) keep(tx *Tx, commit *Commit) {
	if commit.Branch.IsZero() {
		for _, c := range tx.changes {
			at := place{c.k, c.id}
			if first := p.docs[at]; first != nil {
				p.docs[at] = &change{k: c.k, id: c.id, before: first.before, after: c.after}
				continue
			}
			p.order = append(p.order, at)
			p.docs[at] = c
		}
		delete(p.b.branches, tx.merges)
	}
	for hash, body := range tx.blobs {
		p.writes.Blobs = append(p.writes.Blobs, Blob{hash, body})
	}
	p.writes.Done = append(p.writes.Done, tx.done...)
}

// runTx runs the function and the checks; a panic becomes an error of this request only.
func (ln *lane) runTx(tx *Tx, r *request) (c *Commit, err error) {
	started := time.Now()
	defer func() {
		if took := time.Since(started); took > ln.l.opts.Slow && !r.long {
			ln.l.log.Warn("slow command", "verb", r.verb, "took", took)
			if took > ln.l.opts.Stuck && err == nil {
				c, err = nil, fault.New(fault.Unavailable, "the change took too long (%v) and would hold up everybody; split it", took.Round(time.Millisecond))
			}
		}
		if v := recover(); v != nil {
			ln.l.log.Error("command panicked", "verb", r.verb, "panic", v, "stack", string(debug.Stack()))
			c, err = nil, fmt.Errorf("%w: %v", errPanic, v)
		}
	}()
	for _, x := range r.expect {
		e := tx.b.table(x.k).get(x.id)
		if gone(e) || !tx.sees(x.k, e) {
			return nil, fault.New(fault.NotFound, "there is no %s %s", x.k.name, x.id)
		}
		if have := e.meta().Version; have != x.version {
			return nil, &fault.Error{Kind: fault.Conflict, Message: "somebody else changed this " + x.k.name + " in the meantime", Fields: []fault.Field{
				{Name: "version", Message: "is not the newest", Theirs: have, Yours: x.version},
			}}
		}
	}
	if err := r.fn(tx); err != nil {
		return nil, err
	}
	return tx.finish()
}

// close encodes the documents of a part: each entity once, in its final form.
func (p *part) close() error {
	p.writes.Head = Head{Seq: p.b.seq, LastAt: p.b.lastAt, Hash: p.b.hash, Counters: p.b.counters}
	p.writes.Docs = slices.Grow(p.writes.Docs, len(p.order))
	for _, at := range p.order {
		c := p.docs[at]
		d, err := c.k.document(c.after)
		if err != nil {
			return err
		}
		if c.k.due != nil {
			var was, now []Due
			if !gone(c.before) {
				was = c.k.due(c.before)
			}
			if !gone(c.after) {
				now = c.k.due(c.after)
			}
			d.Due, d.DueEdited = now, !slices.Equal(was, now)
		}
		p.writes.Docs = append(p.writes.Docs, d)
	}
	return nil
}

// document returns the stored form of an entity or tombstone.
func (k *kind) document(e Entity) (Doc, error) {
	d := Doc{Kind: k.name, Meta: *e.meta(), Schema: k.schema}
	if gone(e) {
		return d, nil
	}
	var err error
	d.JSON, err = k.plan.encode(e)
	return d, err
}
