package notify

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
)

// Reason is why somebody is told of something.
type Reason string

// The reasons, the strongest first: of two for one change the stronger one is told.
const (
	Mentioned Reason = "mentioned"
	Assigned  Reason = "assigned"  // made its owner
	Asked     Reason = "asked"     // to review it
	Judged    Reason = "judged"    // a review of what the reader made or owns has a verdict
	Replied   Reason = "replied"   // in a thread where the reader has said something
	Commented Reason = "commented" // on what the reader follows
	Resolved  Reason = "resolved"  // a thread where the reader has said something
	Changed   Reason = "changed"   // what the reader follows
)

// Personal reports whether the reader is meant, and not just somebody who follows.
func (r Reason) Personal() bool {
	return slices.Contains([]Reason{Mentioned, Assigned, Asked, Judged, Replied}, r)
}

// notice is something for one account to be told.
type notice struct {
	account ledger.ID
	about   ledger.AnyRef
	seq     ledger.Seq
	n       int
	reason  Reason
	actor   ledger.ID
	at      ledger.Time
	comment ledger.ID
	fields  []string
}

// reading is one pass over some commits: whom they concern.
type reading struct {
	box     *Box
	v       *ledger.Snapshot // everything, as it is after the commits
	fresh   ledger.Time      // what happened before is nobody's news
	follows func(entity ledger.ID) (map[ledger.ID]bool, error)
	muted   func(account ledger.ID) []Reason
	begun   []follow // following that began by itself
	notices []notice
}

// follow is somebody who follows something.
type follow struct {
	about   ledger.AnyRef
	account ledger.ID
	since   ledger.Time
}

// quiet are fields whose change is no news: the place in a list, and what follows from
// others.
var quiet = []string{"rank", "external_key", "key", "former_keys"}

// read notes whom a commit concerns. An import tells nobody: it brings what was known.
func (r *reading) read(c *ledger.Commit) error {
	if !c.Merges.IsZero() {
		if _, ok := ledger.Proposals.Get(r.v, c.Merges); !ok {
			return nil
		}
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		if !e.Actor.IsZero() { // history that was brought along
			continue
		}
		var err error
		switch {
		case e.Kind == collab.Comments.Name():
			err = r.comment(c, e)
		case e.Kind == collab.Reviews.Name():
			err = r.review(c, e)
		case r.box.set.Follows(e.Kind) && e.Op != ledger.OpDelete:
			err = r.change(c, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// change is an entity that was made or edited.
func (r *reading) change(c *ledger.Commit, e *ledger.Entry) error {
	about := ledger.AnyRef{Kind: e.Kind, ID: e.ID}
	told := map[ledger.ID]bool{c.Actor.ID: true}
	if e.Op == ledger.OpCreate {
		if err := r.begin(about, c.Actor.ID, e.At); err != nil {
			return err
		}
	}
	var fields []string
	for _, ch := range e.Changes {
		if !slices.Contains(quiet, ch.Field) {
			fields = append(fields, ch.Field)
		}
		if ch.Field != "owner" {
			continue
		}
		if account := r.accountIn(ch.New); !account.IsZero() {
			if err := r.begin(about, account, e.At); err != nil {
				return err
			}
			r.tell(told, notice{account: account, about: about, reason: Assigned, actor: c.Actor.ID, fields: []string{"owner"}}, c, e)
		}
	}
	if e.Op == ledger.OpCreate || len(fields) == 0 {
		return nil
	}
	followers, err := r.follows(e.ID)
	if err != nil {
		return err
	}
	for account, on := range followers {
		if on {
			r.tell(told, notice{account: account, about: about, reason: Changed, actor: c.Actor.ID, fields: fields}, c, e)
		}
	}
	return nil
}

// accountIn is the account of the person that a value of the journal names.
func (r *reading) accountIn(raw json.RawMessage) ledger.ID {
	var id ledger.ID
	if json.Unmarshal(raw, &id) != nil {
		return ledger.ID{}
	}
	return r.accountOf(id)
}

func (r *reading) accountOf(person ledger.ID) ledger.ID {
	p, ok := people.Persons.Get(r.v, person)
	if !ok {
		return ledger.ID{}
	}
	return p.Account
}

// comment is something that was said, edited or settled. Of what is gone again nothing is
// told.
func (r *reading) comment(c *ledger.Commit, e *ledger.Entry) error {
	said, ok := collab.Comments.Get(r.v, e.ID)
	if !ok || said.Withdrawn || e.Op == ledger.OpDelete || !r.box.set.Follows(said.About.Kind) {
		return nil
	}
	actor := c.Actor.ID
	if e.Op == ledger.OpCreate {
		actor = said.Author // a merge brings what others have said
	}
	told := map[ledger.ID]bool{actor: true}
	note := notice{about: said.About, actor: actor, comment: said.ID}
	to := func(reason Reason, account ledger.ID) {
		n := note
		n.reason, n.account = reason, account
		r.tell(told, n, c, e)
	}
	for _, account := range r.mentioned(said, e) {
		if err := r.begin(said.About, account, e.At); err != nil {
			return err
		}
		to(Mentioned, account)
	}
	settled := e.Op == ledger.OpEdit && said.Resolved && touches(e, "resolved")
	if e.Op != ledger.OpCreate && !settled {
		return nil
	}
	talkers := r.talkers(said)
	if settled {
		for _, account := range talkers {
			to(Resolved, account)
		}
		return nil
	}
	if err := r.begin(said.About, actor, e.At); err != nil {
		return err
	}
	followers, err := r.follows(said.About.ID)
	if err != nil {
		return err
	}
	for _, account := range talkers {
		if on, known := followers[account]; on || !known {
			to(Replied, account)
		}
	}
	for account, on := range followers {
		if on {
			to(Commented, account)
		}
	}
	return nil
}

// review is somebody who was asked for a verdict, or who gave one. The verdict itself is
// read when it is shown: it may be another by then.
func (r *reading) review(c *ledger.Commit, e *ledger.Entry) error {
	of, ok := collab.Reviews.Get(r.v, e.ID)
	if !ok || e.Op == ledger.OpDelete || !r.box.set.Follows(of.About.Kind) {
		return nil
	}
	note := notice{about: of.About, actor: c.Actor.ID}
	told := map[ledger.ID]bool{note.actor: true}
	verdict, given := collab.Waiting, e.Op == ledger.OpCreate
	for _, ch := range e.Changes {
		if ch.Field == "verdict" {
			verdict, given = collab.Waiting, true
			_ = json.Unmarshal(ch.New, &verdict) // empty, if it is asked for anew
		}
	}
	switch {
	case !given:
		return nil
	case verdict == collab.Waiting:
		note.account, note.reason = of.Reviewer, Asked
		if err := r.begin(of.About, of.Reviewer, e.At); err != nil {
			return err
		}
		r.tell(told, note, c, e)
		return nil
	}
	note.reason = Judged
	for _, account := range r.keepers(of.About) {
		note.account = account
		r.tell(told, note, c, e)
	}
	return nil
}

// keepers are the accounts of who made an entity and of who owns it.
func (r *reading) keepers(about ledger.AnyRef) (all []ledger.ID) {
	t, ok := r.box.set.Tables.Of(about.Kind)
	if !ok {
		return nil
	}
	row, ok := t.Row(r.v, about.ID)
	if !ok {
		return nil
	}
	if by := row.Meta().CreatedBy; by != ledger.System.ID {
		all = append(all, by)
	}
	if owner, ok := t.Target(&table.Scope{View: r.v, Set: r.box.set.Tables}, row, "owner"); ok && owner.Kind == people.Persons.Name() {
		all = append(all, r.accountOf(owner.ID))
	}
	return all
}

func touches(e *ledger.Entry, field string) bool {
	return slices.ContainsFunc(e.Changes, func(ch ledger.FieldChange) bool { return ch.Field == field })
}

// mentioned are the accounts that a comment mentions and did not before.
func (r *reading) mentioned(c *collab.Comment, e *ledger.Entry) (all []ledger.ID) {
	for _, ch := range e.Changes {
		if ch.Field != "mentions" {
			continue
		}
		var was, now []ledger.ID
		_ = json.Unmarshal(ch.Old, &was) // none, if there were none
		_ = json.Unmarshal(ch.New, &now)
		for _, person := range now {
			account := r.accountOf(person)
			if !slices.Contains(was, person) && slices.Contains(c.Mentions, person) && !account.IsZero() {
				all = append(all, account)
			}
		}
	}
	return all
}

// talkers are the accounts that have said something in the thread of a comment.
func (r *reading) talkers(c *collab.Comment) (all []ledger.ID) {
	head, ok := collab.Comments.Get(r.v, c.Head())
	if !ok {
		return nil
	}
	if head.ID != c.ID || c.Resolved {
		all = append(all, head.Author)
	}
	for reply := range collab.Comments.BackLinks(r.v, head.ID) {
		if reply.ID != c.ID && !slices.Contains(all, reply.Author) {
			all = append(all, reply.Author)
		}
	}
	return all
}

// begin lets an account follow what it has to do with, unless it said that it will not.
func (r *reading) begin(about ledger.AnyRef, account ledger.ID, at ledger.Time) error {
	if account.IsZero() || account == ledger.System.ID {
		return nil
	}
	followers, err := r.follows(about.ID)
	if err != nil {
		return err
	}
	if _, known := followers[account]; !known {
		followers[account] = true
		r.begun = append(r.begun, follow{about, account, at})
	}
	return nil
}

// tell notes a notice, one for each account and change. What one does oneself is no news,
// nor what one does not want to be told; then a weaker reason may still tell it.
func (r *reading) tell(told map[ledger.ID]bool, n notice, c *ledger.Commit, e *ledger.Entry) {
	if told[n.account] || n.account.IsZero() || e.At < r.fresh || slices.Contains(r.muted(n.account), n.reason) {
		return
	}
	told[n.account] = true
	n.seq, n.n, n.at = c.Seq, e.N, e.At
	r.notices = append(r.notices, n)
}

func (n *notice) names() string { return strings.Join(n.fields, " ") }
