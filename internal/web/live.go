package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	// gather is how long changes are gathered before they are told together.
	gather = 40 * time.Millisecond
	// pulse is how often a silent stream shows that it is alive, to proxies and to us.
	pulse = 20 * time.Second
	// patience is how long a client may take to read what it is told.
	patience = 10 * time.Second
	// touchedAtMost is how many entities an event names; of more it names the kinds alone.
	touchedAtMost = 200
)

// change is what a stream says of some commits: up to which position the workspace is
// known, and what changed of that which the reader may know of. The page then reads
// again, as that reader.
type change struct {
	Seq     ledger.Seq `json:"seq"`
	Kinds   []string   `json:"kinds"`
	Touched []string   `json:"touched,omitzero"`
}

// live streams what changes after ?from= or the Last-Event-ID as server-sent events, and
// who else looks at ?page=. It ends with the session, the membership and the server; the
// browser then asks again from where it was.
func (q *Request) live() error {
	from, err := q.resume()
	if err != nil {
		return err
	}
	var proposals []ledger.ID
	if _, err := q.Snapshot(); err != nil {
		return err
	}
	if q.Past() {
		return fault.New(fault.Invalid, "the past does not change; there is nothing to follow")
	}
	if q.in != nil {
		proposals = append(proposals, q.in.ID)
	}
	page := q.Query("page")
	me, leave, err := q.Kit.presence.enter(page, q.Principal.Account.ID, q.Principal.Account.Name)
	if err != nil {
		return err
	}
	defer leave()
	s := &stream{q: q, out: http.NewResponseController(q.W), seen: q.Live()}
	if err := s.begin(); err != nil {
		return err
	}
	ended := q.Kit.Accounts.Ended(q.Context(), q.Principal)
	commits := make(chan ledger.Commit)
	go func() {
		defer close(commits)
		for c, err := range q.Kit.Ledger.Follow(q.Context(), q.Workspace.ID, from, proposals...) {
			if err != nil {
				return // the browser asks again
			}
			select {
			case commits <- c:
			case <-q.Context().Done():
				return
			}
		}
	}()
	var news <-chan struct{}
	if q.Kit.Notices != nil {
		woken, stop := q.Kit.Notices.Watch(q.Workspace.ID, q.Principal.Account.ID)
		defer stop()
		news = woken
	}
	beat := time.NewTicker(pulse)
	defer beat.Stop()
	flush := time.NewTimer(0)
	<-flush.C
	var due bool
	for {
		var err error
		select {
		case c, open := <-commits:
			if !open || !s.take(c) {
				return nil
			}
			if !due {
				due = true
				flush.Reset(gather)
			}
		case <-flush.C:
			due, err = false, s.tell()
		case <-news:
			err = s.event("news", "", struct{}{})
		case <-me.moved:
			err = s.event("company", "", q.Kit.presence.company(page, q.Principal.Account.ID))
		case <-beat.C:
			err = s.write(": \n\n")
		case <-ended:
			return nil
		case <-q.Kit.Stopping:
			return nil
		case <-q.Context().Done():
			return nil
		}
		if err != nil {
			return nil // who does not read any more needs no answer
		}
	}
}

// resume returns the position that the browser has.
func (q *Request) resume() (ledger.Seq, error) {
	text := q.R.Header.Get("Last-Event-ID")
	if text == "" {
		text = q.Query("from")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "from is the position of the page, a whole number")
	}
	return min(ledger.Seq(n), q.Live().Seq()), nil // a position that is still to come was never ours
}

// stream is one browser that listens.
type stream struct {
	q       *Request
	out     *http.ResponseController
	seen    *ledger.Snapshot // as the browser knows the workspace
	pending change
}

func (s *stream) begin() error {
	h := s.q.W.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy must not gather what is to be told now
	_ = s.out.SetReadDeadline(time.Time{})
	s.q.W.WriteHeader(http.StatusOK)
	return s.write("retry: 1000\n\n")
}

func (s *stream) write(text string) error {
	if err := s.out.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := s.q.W.Write([]byte(text)); err != nil {
		return err
	}
	return s.out.Flush()
}

func (s *stream) event(name, id string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	return s.write(fmt.Sprintf("event: %s\n%sdata: %s\n\n", name, id, b))
}

// take notes what a commit touched of what the reader sees, before or after. It reports
// false when the reader does not belong to the workspace any more.
func (s *stream) take(c ledger.Commit) bool {
	q := s.q
	now, err := q.Kit.Ledger.At(q.Context(), q.Workspace.ID, q.Principal.Actor(), c.Seq)
	if err != nil || !access.IsMember(now.Whole(), q.Principal.Account.ID) {
		return false
	}
	before := s.seen
	s.seen = now
	s.pending.Seq = c.Seq
	for _, e := range c.Entries {
		t, ok := q.Kit.Tables.Of(e.Kind)
		if !ok { // a record of the kernel or of rights: no page names one
			s.pending.note(e.Kind, "")
			continue
		}
		_, was := t.Row(before, e.ID)
		_, is := t.Row(now, e.ID)
		if was || is || !c.Branch.IsZero() {
			s.pending.note(e.Kind, e.ID.String())
		}
	}
	return true
}

func (c *change) note(kind, id string) {
	if !slices.Contains(c.Kinds, kind) {
		c.Kinds = append(c.Kinds, kind)
	}
	if id != "" && len(c.Touched) < touchedAtMost && !slices.Contains(c.Touched, id) {
		c.Touched = append(c.Touched, id)
	}
}

// tell says what was gathered. Of a commit that touched nothing the reader may know of,
// nothing is said.
func (s *stream) tell() error {
	c := s.pending
	s.pending = change{}
	if len(c.Kinds) == 0 {
		return nil
	}
	if len(c.Touched) == touchedAtMost {
		c.Touched = nil // too many to name
	}
	return s.event("change", strconv.FormatInt(int64(c.Seq), 10), c)
}
