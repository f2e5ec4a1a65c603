package notify

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Tab is a part of an inbox.
type Tab string

// The parts of an inbox.
const (
	Waiting Tab = "inbox"
	Snoozed Tab = "snoozed"
	Done    Tab = "done"
)

// Item is what an account was told of one entity: a line of its inbox.
type Item struct {
	About   table.Target
	Notices []Notice    // the newest first
	At      ledger.Time // when it came, or came back
	Unread  bool
	Until   ledger.Time // snoozed until then; 0: not snoozed
	DoneAt  ledger.Time // 0: not done
}

// Notice is one thing that happened.
type Notice struct {
	Seq     ledger.Seq
	Reason  Reason
	Actor   ledger.ID // an account
	At      ledger.Time
	Fields  []string        // that changed
	Comment *collab.Comment // what was said; nil for a change
}

// atMost is how many lines of an inbox are read: who has more has not looked for months.
const atMost = 500

// Items returns a part of an account's inbox, the newest first, with what its reader may
// see now. scope is the workspace as it is now for the reader.
func (b *Box) Items(ctx context.Context, workspace, account ledger.ID, s *table.Scope, tab Tab) ([]Item, error) {
	now := b.now()
	query, args := selectWaiting, []any{workspace, account, now, atMost}
	switch tab {
	case Snoozed:
		query = selectSnoozed
	case Done:
		query, args = selectDone, []any{workspace, account, atMost}
	}
	all, err := b.lines(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	items := []Item{}
	for _, l := range all {
		if item, ok := l.shown(s, tab); ok {
			items = append(items, item)
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		if tab == Snoozed {
			return cmp.Compare(a.Until, b.Until)
		}
		return -cmp.Compare(a.At, b.At)
	})
	return items, nil
}

// lines reads lines with their notices, both the newest first.
func (b *Box) lines(ctx context.Context, query string, args ...any) (all []*line, err error) {
	by := map[ledger.ID]*line{}
	scan := func(rows *sql.Rows) error {
		var l line
		var n Notice
		var comment ledger.ID
		var reason, fields string
		if err := rows.Scan(&l.entity, &l.kind, &l.newest, &l.newestAt, &l.readTo, &l.doneTo, &l.doneAt, &l.until,
			&n.Seq, &reason, &n.Actor, &n.At, &comment, &fields); err != nil {
			return err
		}
		have := by[l.entity]
		if have == nil {
			have = &l
			by[l.entity] = have
			all = append(all, have)
		}
		n.Reason, n.Fields = Reason(reason), strings.Fields(fields)
		have.notices = append(have.notices, told{n, comment})
		return nil
	}
	if err := b.rows(ctx, scan, query, args...); err != nil {
		return nil, fmt.Errorf("read the inbox: %w", err)
	}
	return all, nil
}

const (
	selectLines = `SELECT i.entity, i.kind, i.newest, i.newest_at, i.read_to, i.done_to, i.done_at, i.snoozed_until,
		n.seq, n.reason, n.actor, n.at, n.comment, n.fields FROM `
	joined        = ` i JOIN notify_notices n ON n.workspace = i.workspace AND n.account = i.account AND n.entity = i.entity `
	newestFirst   = ` ORDER BY n.seq DESC, n.n DESC`
	selectWaiting = selectLines + `(SELECT * FROM notify_items WHERE workspace = $1 AND account = $2 AND newest > done_to AND snoozed_until <= $3
		ORDER BY newest_at DESC LIMIT $4)` + joined + `AND n.seq > i.done_to` + newestFirst
	selectUnread = selectLines + `(SELECT * FROM notify_items WHERE workspace = $1 AND account = $2 AND newest > done_to AND newest > read_to AND snoozed_until <= $3
		ORDER BY newest_at DESC LIMIT $4)` + joined + `AND n.seq > i.done_to` + newestFirst
	selectSnoozed = selectLines + `(SELECT * FROM notify_items WHERE workspace = $1 AND account = $2 AND newest > done_to AND snoozed_until > $3
		ORDER BY newest_at DESC LIMIT $4)` + joined + `AND n.seq > i.done_to` + newestFirst
	selectDone = selectLines + `(SELECT * FROM notify_items WHERE workspace = $1 AND account = $2 AND done_at > 0 AND newest <= done_to
		ORDER BY done_at DESC LIMIT $3)` + joined + `AND n.seq > i.done_before` + newestFirst
)

// line is a line of an inbox as it is kept.
type line struct {
	entity         ledger.ID
	kind           string
	newest         ledger.Seq
	newestAt       ledger.Time
	readTo, doneTo ledger.Seq
	doneAt, until  ledger.Time
	notices        []told
}

type told struct {
	Notice
	comment ledger.ID
}

// shown is the line as its reader may see it now: of what they may not see any more, and
// of what was said and taken back, nothing is left.
func (l *line) shown(s *table.Scope, tab Tab) (Item, bool) {
	about, ok := s.Target(l.kind, l.entity)
	if !ok || about.Private || about.Title == "" && about.Key == "" {
		return Item{}, false
	}
	item := Item{About: about, At: l.newestAt, Unread: l.readTo < l.newest, DoneAt: l.doneAt}
	for _, t := range l.notices {
		if !t.comment.IsZero() {
			c, ok := collab.Comments.Get(s.View, t.comment)
			if !ok || c.Withdrawn {
				continue
			}
			t.Comment = c
		}
		item.Notices = append(item.Notices, t.Notice)
	}
	if len(item.Notices) == 0 {
		return Item{}, false
	}
	switch tab {
	case Done:
		item.At, item.Unread = l.doneAt, false
	case Snoozed:
		item.Until, item.DoneAt = l.until, 0
	case Waiting:
		item.At, item.DoneAt = max(l.newestAt, l.until), 0 // when it came back, if it was snoozed
	}
	return item, true
}

// The latest moment that something can be snoozed to.
const snoozeAtMost = 366 * 24 * time.Hour
