package collab

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Say begins a thread about an entity. s.View must be tx, here and below.
func Say(tx *ledger.Tx, s *table.Scope, about ledger.AnyRef, text string) (ledger.ID, error) {
	return say(tx, s, Comment{About: about, Text: tx.Text(text)})
}

// Reply answers in the thread that a comment is in.
func Reply(tx *ledger.Tx, s *table.Scope, to ledger.ID, text string) (ledger.ID, error) {
	c, ok := Comments.Get(tx, to)
	if !ok {
		return ledger.ID{}, gone(to)
	}
	return say(tx, s, Comment{About: c.About, Parent: ledger.Ref(c.Head()), Text: tx.Text(text)})
}

func say(tx *ledger.Tx, s *table.Scope, c Comment) (ledger.ID, error) {
	sign(tx, &c)
	if err := noteMentions(s, &c); err != nil {
		return ledger.ID{}, err
	}
	return Comments.Create(tx, c)
}

// Edit says a comment in other words.
func Edit(tx *ledger.Tx, s *table.Scope, id ledger.ID, text string) error {
	return Comments.Edit(tx, id, func(c *Comment) error {
		if c.Withdrawn {
			return fault.New(fault.Conflict, "this comment is deleted")
		}
		if now := tx.Text(text); now != c.Text {
			c.Text = now
			return noteText(s, c)
		}
		return nil
	})
}

// Resolve settles the thread of a comment, or opens it again.
func Resolve(tx *ledger.Tx, s *table.Scope, id ledger.ID, resolved bool) error {
	c, ok := Comments.Get(tx, id)
	if !ok {
		return gone(id)
	}
	return Comments.Edit(tx, c.Head(), func(c *Comment) error {
		c.Resolved = resolved
		return noteResolved(s, c)
	})
}

// React gives a comment a reaction of who acts, or takes it back.
func React(tx *ledger.Tx, id ledger.ID, feeling string, on bool) error {
	return Comments.Edit(tx, id, func(c *Comment) error {
		mine := Reaction{feeling, tx.As.ID}
		c.Reactions = slices.DeleteFunc(c.Reactions, func(r Reaction) bool { return r == mine })
		if on {
			c.Reactions = append(c.Reactions, mine)
		}
		return nil
	})
}

// Delete takes a comment away. One with replies stays as their head, without its words;
// with its last reply it goes too.
func Delete(tx *ledger.Tx, id ledger.ID) error {
	c, ok := Comments.Get(tx, id)
	if !ok {
		return gone(id)
	}
	if Replies(tx, id) > 0 {
		return Comments.Edit(tx, id, func(c *Comment) error {
			c.Withdrawn, c.Text, c.Mentions, c.Reactions = true, ledger.TextRef{}, nil, nil
			return nil
		})
	}
	head, stays := Comments.Get(tx, c.Parent.ID())
	if err := Comments.Delete(tx, id); err != nil {
		return err
	}
	if stays && head.Withdrawn && head.Author == tx.As.ID && Replies(tx, head.ID) == 0 {
		return Comments.Delete(tx, head.ID)
	}
	return nil
}

func gone(id ledger.ID) error { return fault.New(fault.NotFound, "there is no comment %s", id) }

// Head returns the comment that begins the thread.
func (c *Comment) Head() ledger.ID {
	if c.Parent.IsZero() {
		return c.ID
	}
	return c.Parent.ID()
}

// Replies returns how many answers a comment has.
func Replies(v ledger.View, id ledger.ID) (n int) {
	for r := range Comments.BackLinks(v, id) {
		if r.Parent.ID() == id {
			n++
		}
	}
	return n
}

// Thread is a comment with its answers, in the order in which they were made.
type Thread struct {
	*Comment
	Replies []*Comment
}

// Threads returns what is said about an entity, the oldest first.
func Threads(v ledger.View, about ledger.ID) []Thread {
	var all []Thread
	for c := range Comments.BackLinks(v, about) {
		if c.About.ID == about && c.Parent.IsZero() {
			all = append(all, Thread{Comment: c})
		}
	}
	for c := range Comments.BackLinks(v, about) {
		if i := slices.IndexFunc(all, func(t Thread) bool { return t.ID == c.Parent.ID() }); i >= 0 {
			all[i].Replies = append(all[i].Replies, c)
		}
	}
	return all
}

// Open returns how many threads about an entity are not settled.
func Open(v ledger.View, about ledger.ID) (n int) {
	for c := range Comments.BackLinks(v, about) {
		if c.About.ID == about && c.Parent.IsZero() && !c.Resolved {
			n++
		}
	}
	return n
}
