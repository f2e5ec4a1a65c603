package web

import (
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Snapshots are the pictures of the request's workspace.
type Snapshots struct {
	q     *Request
	now   *ledger.Snapshot
	shown *ledger.Snapshot // what ?at= or ?in= asks for
	past  string           // what the past moment is called: "Tuesday 3 March 2026"
	day   calendar.Day     // of the past moment; "" for a position
	in    *ledger.Proposal
}

// Live returns the workspace as it is now, at least with the reader's latest write.
func (s *Snapshots) Live() *ledger.Snapshot { return s.now }

// Snapshot returns what the page shows: the workspace now; with ?at=2026-03-03 as it
// was at the end of that day in its time zone, with ?at=@1842 at that position; with
// ?in=P-7 as it would be with that proposal merged.
//
// Errors: fault.Invalid for a moment that is none, fault.NotFound for a position or a
// proposal that does not exist.
func (s *Snapshots) Snapshot() (*ledger.Snapshot, error) {
	if s.shown != nil {
		return s.shown, nil
	}
	var err error
	at, in := s.q.Query("at"), s.q.Query("in")
	switch {
	case at != "" && in != "":
		return nil, fault.New(fault.Invalid, "the past and a proposal are not shown at once: take at or in out of the address")
	case at != "":
		s.shown, err = s.asOf(at)
	case in != "":
		s.shown, err = s.inside(in)
	default:
		s.shown = s.now
	}
	return s.shown, err
}

func (s *Snapshots) asOf(at string) (*ledger.Snapshot, error) {
	m, err := s.q.Moment(at)
	switch {
	case err != nil:
		return nil, err
	case m.IsZero():
		return s.now, nil
	}
	s.past, s.day = m.Long, m.Day
	return s.q.Kit.Ledger.AsOf(s.q.Context(), s.q.Workspace.ID, s.q.Principal.Actor(), m.Moment)
}

func (s *Snapshots) inside(key string) (*ledger.Snapshot, error) {
	p, ok := ledger.Proposals.ByKey(s.now, key)
	if id, err := ledger.ParseID(key); err == nil {
		p, ok = ledger.Proposals.Get(s.now, id)
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no proposal %s", key)
	}
	s.in = p
	return s.q.Kit.Ledger.In(s.q.Context(), s.q.Workspace.ID, s.q.Principal.Actor(), p.ID)
}

// After returns what the address shows once the write at seq is in it.
func (s *Snapshots) After(seq ledger.Seq) (*ledger.Snapshot, error) {
	ctx, ws, as := s.q.Context(), s.q.Workspace.ID, s.q.Principal.Actor()
	if s.in != nil {
		return s.q.Kit.Ledger.In(ctx, ws, as, s.in.ID)
	}
	return s.q.Kit.Ledger.At(ctx, ws, as, seq)
}

// Past reports whether the page shows a past moment; nothing can be written there, and
// a page leaves out what would. It is known once Snapshot was asked.
func (s *Snapshots) Past() bool { return s.past != "" }

// Scope returns what values of the tables are read in: the Snapshot that is shown.
func (q *Request) Scope() (*table.Scope, error) {
	s, err := q.Snapshot()
	if err != nil {
		return nil, err
	}
	return q.scopeOf(s), nil
}

// Update runs a command as the principal, in the proposal if the page shows one. The
// reader's next page has what it wrote. The past refuses.
func (q *Request) Update(verb string, fn func(*ledger.Tx) error, opts ...ledger.UpdateOption) (ledger.Seq, error) {
	if _, err := q.Snapshot(); err != nil {
		return 0, err
	}
	if q.Past() {
		return 0, fault.New(fault.Forbidden, "the past can be read, not written; return to now first")
	}
	if q.in != nil {
		opts = append(opts, ledger.In(q.in.ID))
	}
	seq, err := q.Kit.Ledger.Update(q.Context(), q.Workspace.ID, q.Principal.Actor(), verb, fn, opts...)
	if err == nil {
		q.Wrote(seq)
	}
	return seq, err
}
