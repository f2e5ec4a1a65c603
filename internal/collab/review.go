package collab

import (
	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Review is what one account was asked to say of an entity before it goes on, and what
// it said.
type Review struct {
	ledger.Meta
	About    ledger.AnyRef `json:"about,omitzero" kind:"*,cascade"`
	Reviewer ledger.ID     `json:"reviewer,omitzero"` // the account that is asked
	Must     bool          `json:"must,omitzero"`     // nothing goes on without its approval
	Verdict  Verdict       `json:"verdict,omitzero"`
	Note     string        `json:"note,omitzero"` // what the reviewer says to it
	Given    ledger.Time   `json:"given,omitzero"`
}

// Verdict is what a reviewer says.
type Verdict string

// The verdicts.
const (
	Waiting  Verdict = "" // nothing yet
	Approved Verdict = "approved"
	Changes  Verdict = "changes" // it should be changed first
)

// Verdicts are the verdicts that can be given.
var Verdicts = []table.Option{{Name: string(Approved), Label: "Approved"}, {Name: string(Changes), Label: "Asks a change"}}

// Reviews is the kind of reviews.
var (
	Reviews = ledger.NewKind[Review]("review")
	_       = Reviews.Check(checkReview)
	_       = ledger.Proposals.Check(checkApprovals)
)

// ReviewTable is what can be read and written of reviews.
var ReviewTable = table.New(Reviews, table.Spec[Review]{
	Name: "reviews", One: "review", Label: "Reviews",
	Title: func(*Review) string { return "Review" },
	Sort:  []table.Sort{{Column: "created_at"}},
	Columns: []table.Column[Review]{
		table.Anything("about", "About", func(r *Review) *ledger.AnyRef { return &r.About }).
			Describe("what is to be reviewed"),
		table.Identifier("reviewer", "Reviewer", func(r *Review) *ledger.ID { return &r.Reviewer }).
			Describe("the account that is asked"),
		table.Flag("must", "Must agree", func(r *Review) *bool { return &r.Must }).
			Describe("nothing goes on without its approval"),
		table.Choice("verdict", "Verdict", Verdicts, func(r *Review) *Verdict { return &r.Verdict }).Then(noteGiven).
			Describe("given by the reviewer alone; empty: waiting"),
		table.Text("note", "Note", func(r *Review) *string { return &r.Note }),
	},
})

// noteGiven notes when a verdict was given.
func noteGiven(s *table.Scope, r *Review) error {
	r.Given = 0
	if tx, ok := s.View.(*ledger.Tx); ok && r.Verdict != Waiting {
		r.Given = ledger.TimeOf(tx.Now)
	}
	return nil
}

func checkReview(v ledger.View, before, after *Review, f *fault.Fields) {
	if after == nil {
		return
	}
	switch {
	case after.About.ID.IsZero():
		f.Add("about", "is required")
	case before != nil && before.About != after.About:
		f.Add("about", "a review stays where it was asked for")
	}
	switch {
	case after.Reviewer.IsZero():
		f.Add("reviewer", "is required")
	case before != nil && before.Reviewer != after.Reviewer:
		f.Add("reviewer", "ask somebody else in a review of their own")
	}
	for o := range Reviews.BackLinks(v, after.About.ID) {
		if o.ID != after.ID && o.Reviewer == after.Reviewer && before == nil {
			f.Add("reviewer", "is asked already")
		}
	}
	switch after.Verdict {
	case Waiting, Approved, Changes:
	default:
		f.Add("verdict", "must be approved or changes, or empty")
	}
}

// checkApprovals keeps a proposal from being merged while somebody who must agree has
// not.
func checkApprovals(v ledger.View, before, after *ledger.Proposal, f *fault.Fields) {
	if before == nil || after == nil || before.State == after.State || after.State != ledger.ProposalMerged {
		return
	}
	n := 0
	for r := range Reviews.BackLinks(v, after.ID) {
		if r.Must && r.Verdict != Approved {
			n++
		}
	}
	if n > 0 {
		f.Add("state", "%d of those who must agree have not approved it", n)
	}
}

// Ask asks an account to review an entity; must says that nothing goes on without its
// approval. Asking anew forgets an earlier verdict.
func Ask(tx *ledger.Tx, about ledger.AnyRef, reviewer ledger.ID, must bool) (ledger.ID, error) {
	if r, ok := ReviewOf(tx, about.ID, reviewer); ok {
		return r.ID, Reviews.Edit(tx, r.ID, func(r *Review) error {
			r.Must, r.Verdict, r.Given = must, Waiting, 0
			return nil
		})
	}
	return Reviews.Create(tx, Review{About: about, Reviewer: reviewer, Must: must})
}

// Judge gives the verdict of who acts. Who was not asked is added to those who were.
func Judge(tx *ledger.Tx, about ledger.AnyRef, verdict Verdict, note string) error {
	r, ok := ReviewOf(tx, about.ID, tx.As.ID)
	id := ledger.ID{}
	if ok {
		id = r.ID
	} else {
		var err error
		if id, err = Reviews.Create(tx, Review{About: about, Reviewer: tx.As.ID}); err != nil {
			return err
		}
	}
	return Reviews.Edit(tx, id, func(r *Review) error {
		r.Verdict, r.Note, r.Given = verdict, note, ledger.TimeOf(tx.Now)
		return nil
	})
}

// ReviewsOf returns the reviews of an entity, in the order in which they were asked for.
func ReviewsOf(v ledger.View, about ledger.ID) []*Review {
	var all []*Review
	for r := range Reviews.BackLinks(v, about) {
		if r.About.ID == about {
			all = append(all, r)
		}
	}
	return all
}

// ReviewOf returns the review of an entity by one account.
func ReviewOf(v ledger.View, about, reviewer ledger.ID) (*Review, bool) {
	for _, r := range ReviewsOf(v, about) {
		if r.Reviewer == reviewer {
			return r, true
		}
	}
	return nil, false
}

// guardReview: a verdict is its reviewer's; who is asked and who must agree is for
// editors and for who made what is reviewed.
func guardReview(v ledger.View, w ledger.Write, account ledger.ID, role access.Role) error {
	before, was := w.Before.(*Review)
	after, is := w.After.(*Review)
	subject := after
	if !is {
		subject = before
	}
	decides := role.AtLeast(access.Editor)
	if e, ok := ledger.Lookup(v, subject.About); ok && ledger.MetaOf(e).CreatedBy == account {
		decides = true
	}
	switch {
	case !is || !was:
		own := subject.Reviewer == account && !subject.Must
		if !decides && !own {
			return fault.New(fault.Forbidden, "an editor, or who made it, says who reviews it")
		}
		if is && after.Verdict != Waiting && after.Reviewer != account {
			return fault.New(fault.Forbidden, "nobody approves for others")
		}
	default:
		if before.Must != after.Must && !decides {
			return fault.New(fault.Forbidden, "an editor, or who made it, says who must agree")
		}
		asksAgain := after.Verdict == Waiting && after.Note == before.Note && decides
		if (before.Verdict != after.Verdict || before.Note != after.Note) && after.Reviewer != account && !asksAgain {
			return fault.New(fault.Forbidden, "nobody approves for others")
		}
	}
	return nil
}
