package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Proposal is a named set of pending changes on top of the live workspace. Its changes
// are commits of its branch; it is itself an ordinary entity.
type Proposal struct {
	Meta
	Title  string        `json:"title,omitzero" ledger:"title"`
	Aim    string        `json:"aim,omitzero"`                 // what it is for: "what-if", "plan", "change request"
	Why    TextRef       `json:"why,omitzero" ledger:"search"` // what speaks for it
	State  ProposalState `json:"state,omitzero"`
	Reason string        `json:"reason,omitzero"` // why it was merged or discarded
}

// ProposalState is where a proposal stands.
type ProposalState string

// The states of a proposal.
const (
	ProposalOpen      ProposalState = "open"
	ProposalMerged    ProposalState = "merged"
	ProposalDiscarded ProposalState = "discarded"
)

// Proposals is the kernel's own kind. Create one in an Update, write to it with the
// option In, read it with Ledger.In, and end it with Merge or Discard.
var Proposals = NewKind("proposal",
	Keyed(func(View, *Proposal) string { return "P" }),
).Check(func(_ View, _, after *Proposal, f *fault.Fields) {
	if after == nil {
		return
	}
	if after.Title == "" {
		f.Add("title", "is required")
	}
	if !slices.Contains([]ProposalState{ProposalOpen, ProposalMerged, ProposalDiscarded}, after.State) {
		f.Add("state", "must be open, merged or discarded")
	}
})

// checkProposal refuses a proposal that ends or begins anew without the kernel: merged
// is what Merge has merged.
func (tx *Tx) checkProposal(c *change) error {
	before, was := c.before.(*Proposal)
	after, is := c.after.(*Proposal)
	var f fault.Fields
	switch {
	case !is || tx.undoes != 0: // an undo brings back what was
	case !was:
		if after.State != ProposalOpen {
			f.Add("state", "a new proposal is open")
		}
	case before.State == after.State:
	case after.State == ProposalDiscarded && before.State == ProposalOpen:
	case after.State == ProposalMerged && tx.merges == c.id:
	default:
		f.Add("state", "a proposal is merged by Merge and opened again by an undo")
	}
	return f.Err()
}

// branch is what a proposal changes: the fold of its commits. It is immutable.
type branch struct {
	patches []*patch
	keys    int // provisional keys given so far
}

// patch is what a proposal, or the inverse of a commit, does to one entity. Its values
// are relative to a base: the live value at the time of the change.
type patch struct {
	k      *kind
	id     ID
	op     Op
	fields []fieldPatch
}

type fieldPatch struct {
	name      string
	base, now json.RawMessage
}

func (p *patch) field(name string) *fieldPatch {
	for i := range p.fields {
		if p.fields[i].name == name {
			return &p.fields[i]
		}
	}
	return nil
}

func (p *patch) clone() *patch {
	c := *p
	c.fields = slices.Clone(p.fields)
	return &c
}

// with returns the branch after one more of its commits.
func (br *branch) with(reg *Registry, c *Commit) *branch {
	n := &branch{patches: slices.Clone(br.patches), keys: br.keys}
	for i := range c.Entries {
		e := &c.Entries[i]
		k := reg.byName[e.Kind]
		if k == nil {
			continue
		}
		at := slices.IndexFunc(n.patches, func(p *patch) bool { return p.k == k && p.id == e.ID })
		var p *patch
		if at < 0 {
			p = &patch{k: k, id: e.ID, op: e.Op}
			at = len(n.patches)
			n.patches = append(n.patches, p)
		} else {
			p = n.patches[at].clone()
			n.patches[at] = p
		}
		p.fold(e)
		if ch, ok := e.Changes.Get("key"); ok && provisional(string(ch.New)) {
			n.keys++
		}
		if p.op == "" || (p.op == OpEdit && len(p.fields) == 0) {
			n.patches = slices.Delete(n.patches, at, at+1)
		}
	}
	return n
}

// fold adds one entry of the branch. A patch that has come to nothing gets no op.
func (p *patch) fold(e *Entry) {
	switch {
	case p.op == OpCreate && e.Op == OpDelete:
		p.op = ""
		return
	case p.op == OpDelete && e.Op == OpCreate: // deleted and made again: an edit
		p.op = OpEdit
	case e.Op == OpDelete:
		p.op = OpDelete
	case e.Op == OpRebase && p.op == OpRebase: // of an entity that is not patched
		p.op = OpEdit
	}
	for _, ch := range e.Changes {
		f := p.field(ch.Field)
		switch {
		case f == nil:
			p.fields = append(p.fields, fieldPatch{ch.Field, ch.Old, ch.New})
		case e.Op == OpRebase:
			f.base, f.now = ch.Old, ch.New
		default:
			f.now = ch.New
		}
	}
	if p.op == OpEdit {
		p.fields = slices.DeleteFunc(p.fields, func(f fieldPatch) bool { return sameJSON(f.base, f.now) })
	}
}

// loadBranch sees to it that the builder has the changes of an open proposal.
func (ws *workspace) loadBranch(ctx context.Context, b *builder, id ID) error {
	p, ok := b.table(Proposals.k).get(id).(*Proposal)
	if !ok {
		return fault.New(fault.NotFound, "there is no proposal %s", id)
	}
	if p.State != ProposalOpen {
		return fault.New(fault.Conflict, "proposal %s is %s", p.Key, p.State)
	}
	if b.branches[id] != nil {
		return nil
	}
	br := &branch{}
	for c, err := range ws.l.store.Commits(ctx, ws.id, CommitQuery{UpTo: b.seq, Branch: &id}) {
		if err != nil {
			return err
		}
		br = br.with(ws.l.reg, &c)
	}
	b.branches[id] = br
	return nil
}

// proposed returns a builder with the live state and the proposal's changes on top.
// Where both sides changed a field, the proposal's value shows.
func (ws *workspace) proposed(from *builder, id ID) (*builder, error) {
	b := newBuilder(from.reg, &from.state)
	for _, p := range b.branches[id].patches {
		slot, old := b.table(p.k).slotOf(p.id)
		switch {
		case p.op == OpCreate && gone(old):
			e, err := p.build()
			if err != nil {
				return nil, err
			}
			m := e.meta()
			m.ID, m.Version, m.CreatedAt, m.UpdatedAt = p.id, 1, b.lastAt, b.lastAt
			if old != nil {
				b.put(p.k, slot, e)
			} else {
				b.append(p.k, e)
			}
		case p.op == OpEdit && !gone(old):
			e := p.k.plan.copyOf(old)
			for _, f := range p.fields {
				if fl := p.k.plan.byName[f.name]; fl != nil && fl.class == secretive {
					continue
				}
				v, _, err := p.k.plan.mergeField(e, f, texts{})
				if _, long := err.(missingTexts); err != nil && !long { // a long text shows as the proposal has it
					return nil, err
				}
				if err := p.k.plan.setField(e, f.name, v); err != nil {
					return nil, err
				}
			}
			p.k.plan.tidy(e)
			b.put(p.k, slot, e)
		case p.op == OpDelete && !gone(old):
			stone := &tombstone{*old.meta()}
			stone.FormerKeys, stone.rest = nil, nil
			b.put(p.k, slot, stone)
		}
	}
	return b, nil
}

// build makes the entity that a patch creates.
func (p *patch) build() (Entity, error) {
	e := p.k.alloc()
	for _, f := range p.fields {
		if fl := p.k.plan.byName[f.name]; fl != nil && fl.class == secretive {
			continue
		}
		if err := p.k.plan.setField(e, f.name, f.now); err != nil {
			return nil, err
		}
	}
	p.k.plan.tidy(e)
	return e, nil
}

// In returns the workspace as it would be with a proposal merged, as the actor may see
// it: always the newest live state with the proposal's changes on top. As in
// the past, an entity is visible if it is visible both there and now.
//
// Errors: fault.NotFound, or fault.Conflict if the proposal is merged or discarded.
func (l *Ledger) In(ctx context.Context, workspace ID, as Actor, proposal ID) (*Snapshot, error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer ws.unpin()
	live, err := ws.withBranch(ctx, proposal)
	if err != nil {
		return nil, err
	}
	now := &Snapshot{ws: ws, st: live, seq: live.seq}
	viewer, err := l.policy.Viewer(now, as)
	if err != nil {
		return nil, err
	}
	p := live.table(Proposals.k).get(proposal)
	if !viewer.sees(unfiltered{now}, Proposals.k, p) {
		return nil, fault.New(fault.NotFound, "there is no proposal %s", proposal)
	}
	st, err := ws.proposals.get(ws, live, proposal)
	if err != nil {
		return nil, err
	}
	now.viewer = viewer
	viewer.Live = false // it may hold what is private, or be about to publish it
	return &Snapshot{ws: ws, st: st, seq: live.seq, viewer: viewer, now: now, branch: proposal}, nil
}

// proposedStates keeps the proposals that were looked at last, each as long as neither
// it nor the live workspace changes.
type proposedStates struct {
	mu   sync.Mutex
	kept []proposedState // most recently used first
}

type proposedState struct {
	id       ID
	live, st *state
}

const keptProposals = 8

func (ps *proposedStates) get(ws *workspace, live *state, id ID) (*state, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, k := range ps.kept {
		if k.id == id && k.live == live {
			return k.st, nil
		}
	}
	b, err := ws.proposed(newBuilder(ws.l.reg, live), id)
	if err != nil {
		return nil, err
	}
	b.edit = nil // the view keeps its tail: nothing is published
	ps.kept = slices.DeleteFunc(ps.kept, func(k proposedState) bool { return k.id == id })
	ps.kept = slices.Insert(ps.kept, 0, proposedState{id, live, &b.state})
	ps.kept = ps.kept[:min(len(ps.kept), keptProposals)]
	return &b.state, nil
}

// withBranch returns the committed state, with the open proposal read.
func (ws *workspace) withBranch(ctx context.Context, proposal ID) (*state, error) {
	if st := ws.committed.Load(); st.branches[proposal] != nil {
		if p, ok := st.table(Proposals.k).get(proposal).(*Proposal); ok && p.State == ProposalOpen {
			return st, nil
		}
	}
	r := &request{ctx: ctx, ws: ws, branch: proposal, done: make(chan struct{})}
	if err := ws.lane.submit(r); err != nil {
		return nil, err
	}
	<-r.done
	return ws.committed.Load(), r.err
}

// readBranch is the lane's part of withBranch.
func (ws *workspace) readBranch(ctx context.Context, id ID) error {
	b := newBuilder(ws.l.reg, ws.committed.Load())
	if err := ws.loadBranch(ctx, b, id); err != nil {
		return err
	}
	st := *ws.committed.Load()
	st.branches = maps.Clone(b.branches)
	ws.committed.Store(&st)
	return nil
}

// Conflict is a field that a proposal or an undo would change and that changed
// otherwise since its base. It is for a person to settle.
type Conflict struct {
	Kind   string
	ID     ID
	Field  string          // "": the whole entity: one side deleted what the other changed
	Base   json.RawMessage // the value both sides started from
	Theirs json.RawMessage // the value that stands now
	Yours  json.RawMessage // the value that was to be written
	Reason string
}

// Choice settles a conflict.
type Choice int

// The ways to settle a conflict.
const (
	Unsettled  Choice = iota
	KeepTheirs        // the live value stays
	TakeYours         // the proposal's value is written
)

// Settlement says how conflicts are settled: by choice for each, or Otherwise for the
// rest. A merge keeps the reason with the proposal.
type Settlement struct {
	Each      map[ConflictKey]Choice
	Otherwise Choice
	Reason    string
}

// ConflictKey names a conflict.
type ConflictKey struct {
	Kind  string
	ID    ID
	Field string
}

func (s Settlement) of(c Conflict) Choice {
	if ch, ok := s.Each[ConflictKey{c.Kind, c.ID, c.Field}]; ok {
		return ch
	}
	return s.Otherwise
}

// ConflictError carries the conflicts that nobody settled; it is a fault.Conflict.
type ConflictError struct{ Conflicts []Conflict }

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("%d changes meet others made in the meantime", len(e.Conflicts))
}

// Unwrap makes the error a fault that adapters can show.
func (e *ConflictError) Unwrap() error {
	f := &fault.Error{Kind: fault.Conflict, Message: e.Error()}
	for _, c := range e.Conflicts {
		f.Fields = append(f.Fields, fault.Field{Name: c.Field, Message: c.Reason, Theirs: c.Theirs, Yours: c.Yours})
	}
	return f
}

// Conflicts returns what Merge would have to settle now. If that is nothing, the error is
// what Merge would be refused for by the checks and rights of what it changes.
func (l *Ledger) Conflicts(ctx context.Context, workspace ID, as Actor, proposal ID) ([]Conflict, error) {
	var found []Conflict
	errLook := &ConflictError{}
	_, err := l.integrate(ctx, workspace, as, "look", proposal, func(tx *Tx, m *merging) error {
		if err := m.all(tx, tx.b.branches[proposal].patches); err != nil {
			return err
		}
		if found = m.conflicts; len(found) == 0 && len(m.wanted) == 0 {
			if _, err := tx.finish(); err != nil {
				return err
			}
		}
		return errLook // nothing is written
	})
	if err == error(errLook) {
		err = nil
	}
	return found, err
}

// Merge makes the changes of a proposal live, field by field, in one commit, under the
// rights of the actor and the checks of every kind. Human keys become real. Conflicts
// that s does not settle are returned as a ConflictError and nothing is merged.
func (l *Ledger) Merge(ctx context.Context, workspace ID, as Actor, proposal ID, s Settlement) (Seq, error) {
	return l.integrate(ctx, workspace, as, "merge", proposal, func(tx *Tx, m *merging) error {
		m.settle = s
		tx.merges = proposal
		if err := m.all(tx, tx.b.branches[proposal].patches); err != nil {
			return err
		}
		if len(m.conflicts) > 0 {
			return &ConflictError{m.conflicts}
		}
		return Proposals.Edit(tx, proposal, func(p *Proposal) error {
			p.State, p.Reason = ProposalMerged, s.Reason
			return nil
		})
	})
}

// Discard ends a proposal for a reason, which may be empty; nothing of it becomes live.
// Undo of the discarding commit opens it again.
func (l *Ledger) Discard(ctx context.Context, workspace ID, as Actor, proposal ID, reason string) (Seq, error) {
	return l.Update(ctx, workspace, as, "discard", func(tx *Tx) error {
		return Proposals.Edit(tx, proposal, func(p *Proposal) error {
			if p.State != ProposalOpen {
				return fault.New(fault.Conflict, "proposal %s is %s", p.Key, p.State)
			}
			p.State, p.Reason = ProposalDiscarded, reason
			return nil
		})
	})
}

// Rebase takes the live values of now as the new base of a proposal: what merges
// cleanly is merged into the pending values, conflicts are settled by s. It returns a
// ConflictError if some are left. Afterwards Merge meets only later changes.
func (l *Ledger) Rebase(ctx context.Context, workspace ID, as Actor, proposal ID, s Settlement) (Seq, error) {
	return l.integrate(ctx, workspace, as, "rebase", proposal, func(tx *Tx, m *merging) error {
		m.settle = s
		if err := tx.mayRebase(proposal); err != nil {
			return err
		}
		entries, err := m.rebase(tx, tx.b.branches[proposal].patches)
		if err != nil {
			return err
		}
		if len(m.conflicts) > 0 {
			return &ConflictError{m.conflicts}
		}
		tx.rebase = entries
		return nil
	})
}

// mayRebase refuses who may not edit the proposal.
func (tx *Tx) mayRebase(proposal ID) error {
	p, _ := Proposals.Get(tx, proposal)
	return tx.viewer.may(whole{tx.b, tx.seq}, Write{Op: OpEdit, Kind: Proposals.Name(), Before: p, After: p, Branch: proposal, Verb: tx.Verb})
}

// Settle settles one field of a proposal, or with no field named one entity, for good.
// KeepTheirs takes the change back, whether it meets another or not: the live value
// stays. TakeYours takes the live value of now as the new base, so that the change does
// not meet it any more.
//
// Errors: fault.NotFound for what the proposal does not change, fault.Conflict for TakeYours
// of something that is deleted meanwhile, and for taking back what was made in the proposal
// while something else there refers to it.
func (l *Ledger) Settle(ctx context.Context, workspace ID, as Actor, proposal ID, what ConflictKey, choice Choice) (Seq, error) {
	return l.integrate(ctx, workspace, as, "settle", proposal, func(tx *Tx, m *merging) error {
		if err := tx.mayRebase(proposal); err != nil {
			return err
		}
		patches := tx.b.branches[proposal].patches
		i := slices.IndexFunc(patches, func(p *patch) bool { return p.k.name == what.Kind && p.id == what.ID })
		if i < 0 || what.Field != "" && (patches[i].op != OpEdit || patches[i].field(what.Field) == nil) {
			return fault.New(fault.NotFound, "the proposal does not change that")
		}
		p, old := patches[i], tx.b.table(patches[i].k).get(patches[i].id)
		if !gone(old) && !tx.sees(p.k, old) {
			return fault.New(fault.NotFound, "the proposal does not change that")
		}
		settle := p.taken
		if choice == KeepTheirs {
			settle = p.withdrawn
		}
		entry, err := settle(tx, what.Field, old)
		if err != nil {
			return err
		}
		if p.op == OpCreate {
			if err := tx.unused(p, proposal); err != nil {
				return err
			}
		}
		entry.Kind, entry.ID, entry.Schema = p.k.name, p.id, p.k.schema
		tx.rebase = append(tx.rebase, entry)
		return nil
	})
}

// unused refuses to take back what is made in a proposal while something there refers
// to it.
func (tx *Tx) unused(p *patch, proposal ID) error {
	b, err := tx.ws.proposed(tx.b, proposal)
	if err != nil {
		return err
	}
	for _, from := range b.reg.kinds {
		for e := range b.table(from).find(byTarget, p.id) {
			if !gone(e) && e.meta().ID != p.id {
				return fault.New(fault.Conflict, "%s of the proposal refers to it; take that back first", tx.describe(from, e))
			}
		}
	}
	return nil
}

// withdrawn returns the entry that brings the patch to nothing.
func (p *patch) withdrawn(_ *Tx, field string, old Entity) (Entry, error) {
	switch p.op {
	case OpCreate:
		return Entry{Op: OpDelete}, nil
	case OpDelete:
		entry := Entry{Op: OpCreate}
		for _, f := range p.fields {
			entry.Changes = append(entry.Changes, FieldChange{f.name, null, f.base})
		}
		return entry, nil
	}
	entry := Entry{Op: OpRebase}
	for _, f := range p.fields {
		if field != "" && f.name != field {
			continue
		}
		live := f.base
		if !gone(old) {
			var err error
			if live, err = p.k.plan.current(old, f.name); err != nil {
				return entry, err
			}
		}
		entry.Changes = append(entry.Changes, FieldChange{f.name, live, live})
	}
	return entry, nil
}

// taken returns the entry that makes the live values the base of the patch.
func (p *patch) taken(tx *Tx, field string, old Entity) (Entry, error) {
	entry := Entry{Op: OpRebase}
	if gone(old) || p.op == OpCreate {
		return entry, fault.New(fault.Conflict, "it was deleted meanwhile; the change can only be taken back")
	}
	names := p.names()
	switch {
	case field != "":
		names = []string{field}
	case p.op == OpDelete:
		for _, f := range p.k.plan.list {
			if !slices.Contains(names, f.name) {
				names = append(names, f.name)
			}
		}
	}
	for _, name := range names {
		live, err := p.k.plan.current(old, name)
		if err != nil {
			return entry, err
		}
		pending := null
		if f := p.field(name); f != nil {
			pending = f.now
		}
		if f := p.field(name); f == nil && isNull(live) || ownField(name) {
			continue
		}
		entry.Changes = append(entry.Changes, FieldChange{name, live, pending})
	}
	return entry, nil
}

// Pending yields the commits of the proposal that s shows, newest first, with the entries
// about what its viewer sees there or in the live workspace.
func (l *Ledger) Pending(ctx context.Context, s *Snapshot) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		if s.branch.IsZero() {
			return
		}
		seen := func(e Entry) bool {
			k := l.reg.byName[e.Kind]
			if k == nil {
				return false
			}
			for _, at := range []*Snapshot{s, s.now} {
				if x := at.table(k).get(e.ID); !gone(x) && at.sees(k, x) {
					return true
				}
			}
			return false
		}
		branch := s.branch
		for c, err := range l.store.Commits(ctx, s.ws.id, CommitQuery{UpTo: s.seq, Branch: &branch, Desc: true}) {
			if err == nil {
				c.Entries = slices.DeleteFunc(slices.Clone(c.Entries), func(e Entry) bool { return !seen(e) })
				if len(c.Entries) == 0 {
					continue
				}
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Live returns the workspace without the proposal that s shows, as the same viewer sees
// it; s itself if it shows none.
func (s *Snapshot) Live() *Snapshot {
	if s.branch.IsZero() {
		return s
	}
	return s.now
}

// integrate runs a function on the newest live state with the proposal read. Long texts
// that have to be merged by lines are read outside the lock: the function is run again
// when it meets one that is missing.
func (l *Ledger) integrate(ctx context.Context, workspace ID, as Actor, verb string, proposal ID, fn func(*Tx, *merging) error) (Seq, error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return 0, err
	}
	defer ws.unpin()
	known := texts{}
	for {
		var missing error
		seq, err := l.Update(ctx, workspace, as, verb, func(tx *Tx) error {
			if !proposal.IsZero() {
				if _, ok := Proposals.Get(tx, proposal); !ok {
					return fault.New(fault.NotFound, "there is no proposal %s", proposal)
				}
			}
			m := &merging{known: known}
			err := fn(tx, m)
			missing = m.missing()
			if missing != nil {
				return missing
			}
			return err
		}, func(r *request) { r.reads, r.long, r.rebases = proposal, true, verb == "rebase" || verb == "settle" })
		if missing == nil {
			return seq, err
		}
		for _, h := range missing.(missingTexts) {
			body, err := l.store.Blob(ctx, workspace, h)
			if err != nil {
				return 0, fmt.Errorf("read text %s: %w", h, err)
			}
			known[h] = string(body)
		}
	}
}
