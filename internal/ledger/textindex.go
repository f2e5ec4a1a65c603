package ledger

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"time"
)

// Long texts, the fields of class text with the tag `ledger:"search"`, are not held in
// memory, so the database engine searches them. It gets words folded by Words and never
// cuts a text itself: what is found is the same on every engine.

// ErrTextsLive is what SearchTexts answers for a past moment: the engine knows the texts
// of now only. The page that asked says so.
var ErrTextsLive = errors.New("ledger: long texts are searched in the live workspace only")

// textFolding is the number of the rules by which Words cuts texts. To be raised with
// every change of them, so that the texts are indexed anew.
const textFolding = 1

// textFollower is the name under which the cursor of the index stands. It changes with
// the fields that are searched and with the folding; a new name starts from nothing.
func (r *Registry) textFollower() string {
	h := fnv.New32a()
	fmt.Fprint(h, textFolding)
	for _, k := range r.kinds {
		for _, f := range k.longTexts() {
			fmt.Fprint(h, " ", k.name, ".", f.name)
		}
	}
	return fmt.Sprintf("texts-%08x", h.Sum32())
}

// longTexts returns the fields of a kind whose texts the engine searches.
func (k *kind) longTexts() []*field {
	var out []*field
	for _, f := range k.plan.texts {
		if f.weight > 0 {
			out = append(out, f)
		}
	}
	return out
}

// IndexTexts brings the engine's index of a workspace's long texts up to the newest
// position. It goes on where it last ended; a run that was cut off is repeated from its
// last chunk, and repeating changes nothing. Of several processes one at a time calls
// it: see RunTextIndex.
func (l *Ledger) IndexTexts(ctx context.Context, workspace ID) error {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return err
	}
	defer ws.unpin()
	name := l.reg.textFollower()
	from, err := l.store.Cursor(ctx, workspace, name)
	if err != nil {
		return fmt.Errorf("index texts: %w", err)
	}
	for {
		x := &textIndexer{ctx: ctx, ws: ws}
		to := from
		if from == 0 {
			to, err = x.everything()
		} else {
			to, err = x.after(from)
		}
		if err == nil {
			err = x.flush()
		}
		if err != nil {
			return fmt.Errorf("index texts: %w", err)
		}
		if to == from {
			return nil
		}
		if err := l.store.SetCursor(ctx, workspace, name, to); err != nil {
			return fmt.Errorf("index texts: %w", err)
		}
		from = to
	}
}

// A chunk of the index is written at once: so many entities, or so many bytes of words.
const (
	textChunkRows  = 200
	textChunkBytes = 1 << 20
)

// textIndexer gathers rows for the index and writes them in chunks.
type textIndexer struct {
	ctx  context.Context
	ws   *workspace
	rows []TextRow
	size int
}

// everything indexes the workspace as it is. Deleted entities are forgotten: an index
// by former rules may still hold them.
func (x *textIndexer) everything() (Seq, error) {
	st := x.ws.committed.Load()
	for _, k := range x.ws.l.reg.kinds {
		texts := k.longTexts()
		if texts == nil {
			continue
		}
		for _, p := range st.table(k).eachPage() {
			for _, e := range p.rows {
				if e == nil {
					continue
				}
				if err := x.add(k, texts, e.meta().ID, e); err != nil {
					return 0, err
				}
			}
		}
	}
	return st.seq, nil
}

// after indexes what some commits after from touched, as it is now: a later commit on
// the same entity then finds nothing left to do, but does it.
func (x *textIndexer) after(from Seq) (Seq, error) {
	commits, err := x.ws.since(x.ctx, from)
	if err != nil {
		return 0, err
	}
	st := x.ws.committed.Load()
	seen := map[place]bool{}
	for _, c := range commits {
		from = c.Seq
		if !c.Branch.IsZero() {
			continue // pending
		}
		if err := x.ws.expand(x.ctx, &c); err != nil {
			return 0, err
		}
		for i := range c.Entries {
			k, id := x.ws.l.reg.byName[c.Entries[i].Kind], c.Entries[i].ID
			if k == nil || seen[place{k, id}] {
				continue
			}
			seen[place{k, id}] = true
			texts := k.longTexts()
			if texts == nil {
				continue
			}
			if err := x.add(k, texts, id, st.table(k).get(id)); err != nil {
				return 0, err
			}
		}
	}
	return from, nil
}

func (x *textIndexer) add(k *kind, texts []*field, id ID, e Entity) error {
	row := TextRow{Kind: k.name, ID: id}
	if !gone(e) {
		v := reflect.ValueOf(e).Elem()
		var failed error
		for _, f := range texts {
			f.walkTxt(f.of(v), func(v reflect.Value) {
				s, err := x.body(v.Interface().(TextRef))
				if err != nil && failed == nil {
					failed = fmt.Errorf("%s %s, %s: %w", k.name, id, f.name, err)
				}
				row.Words = append(row.Words, Words(s)...)
				x.size += len(s)
			})
		}
		if failed != nil {
			return failed
		}
	}
	x.rows = append(x.rows, row)
	if len(x.rows) >= textChunkRows || x.size >= textChunkBytes {
		return x.flush()
	}
	return nil
}

// body returns a whole text; one that was erased is empty.
func (x *textIndexer) body(ref TextRef) (string, error) {
	if s, ok := ref.Inline(); ok {
		return s, nil
	}
	s, err := x.ws.readText(x.ctx, ref)
	if errors.Is(err, ErrNoDoc) {
		return "", nil
	}
	return s, err
}

func (x *textIndexer) flush() error {
	if len(x.rows) == 0 {
		return nil
	}
	if err := x.ws.l.store.IndexText(x.ctx, x.ws.id, x.rows); err != nil {
		return err
	}
	x.rows, x.size = x.rows[:0], 0
	return nil
}

// RunTextIndex indexes the long texts of every workspace that was written, and again
// after each pause of every, until ctx ends. Of several processes one holds the lease and
// does it. Only workspaces with something to index are loaded. Errors are logged and the
// workspace is tried again.
func (l *Ledger) RunTextIndex(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	done := map[ID]Seq{}
	for {
		if err := l.indexAllTexts(ctx, 4*every+time.Minute, done); err != nil && ctx.Err() == nil {
			l.log.Warn("cannot index long texts", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// indexAllTexts indexes the workspaces whose head is not the position in done.
func (l *Ledger) indexAllTexts(ctx context.Context, lease time.Duration, done map[ID]Seq) error {
	held, err := l.Lease(ctx, "texts", lease)
	if err != nil || !held {
		clear(done) // another process may set the cursors meanwhile
		return err
	}
	all, err := l.store.Workspaces(ctx)
	if err != nil {
		return err
	}
	name := l.reg.textFollower()
	for _, w := range all {
		if done[w.ID] == w.Head.Seq {
			continue
		}
		at, err := l.store.Cursor(ctx, w.ID, name)
		if err != nil {
			return err
		}
		if at < w.Head.Seq {
			// A long index must not outlive the lease.
			if held, err = l.Lease(ctx, "texts", lease); err != nil || !held {
				return err
			}
			if err := l.IndexTexts(ctx, w.ID); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				l.log.Error("indexing long texts failed", "workspace", w.ID, "error", err)
				continue
			}
		}
		done[w.ID] = w.Head.Seq
	}
	return nil
}

// SearchTexts finds entities by the words in their long texts: each word of text begins
// a word there. It returns at most limit hits that the viewer of s may see, the best
// first by the engine's ranking; 0: 50. The index follows the newest commits within the
// pause of RunTextIndex.
//
// Errors: ErrTextsLive if s is a past moment or a proposal.
func (l *Ledger) SearchTexts(ctx context.Context, s *Snapshot, text string, limit int) ([]Hit, error) {
	if s.now != nil || !s.branch.IsZero() {
		return nil, ErrTextsLive
	}
	if limit <= 0 {
		limit = searchLimit
	}
	var f folder
	var words []string
	for _, w := range f.query(text) {
		words = append(words, w.text)
	}
	if len(words) == 0 {
		return nil, nil
	}
	// The engine knows no rights, so more is asked for until enough is visible.
	for ask := max(4*limit, 64); ; ask *= 4 {
		found, err := l.store.SearchText(ctx, s.ws.id, words, ask)
		if err != nil {
			return nil, fmt.Errorf("search texts: %w", err)
		}
		var hits []Hit
		for _, h := range found {
			k := l.reg.byName[h.Kind]
			if k == nil {
				continue
			}
			e := s.table(k).get(h.ID)
			if gone(e) || !s.sees(k, e) {
				continue
			}
			if hits = append(hits, Hit{Found{h.Kind, h.ID, e.meta().Key}, h.Rank}); len(hits) == limit {
				return hits, nil
			}
		}
		if len(found) < ask {
			return hits, nil
		}
	}
}
