package collab

import (
	"context"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Comment is what somebody said about an entity. One without a parent begins a thread;
// the others answer it. The journal keeps what it said before it was edited.
type Comment struct {
	ledger.Meta
	About      ledger.AnyRef  `json:"about,omitzero" kind:"*,cascade"`
	Parent     ledger.Ref     `json:"parent,omitzero" kind:"comment,cascade"`
	Author     ledger.ID      `json:"author,omitzero"` // the account that said it; a proposal is merged by others
	Text       ledger.TextRef `json:"text,omitzero" ledger:"search"`
	EditedAt   ledger.Time    `json:"edited_at,omitzero"`             // when it was last said in other words; 0: never
	Mentions   []ledger.ID    `json:"mentions,omitzero" ledger:"set"` // persons; no references: who deletes one may not know what was said
	Reactions  []Reaction     `json:"reactions,omitzero" ledger:"set"`
	Resolved   bool           `json:"resolved,omitzero"` // of a thread, at its first comment
	ResolvedBy ledger.ID      `json:"resolved_by,omitzero"`
	ResolvedAt ledger.Time    `json:"resolved_at,omitzero"`
	Withdrawn  bool           `json:"withdrawn,omitzero"` // deleted, and kept as the head of its replies
}

// Reaction is what one account thinks of a comment, as one of Feelings.
type Reaction struct {
	Feeling string    `json:"feeling"`
	Account ledger.ID `json:"account"`
}

// Feelings are what can be said of a comment without words.
var Feelings = []table.Option{
	{Name: "thumbs-up", Label: "Agree"},
	{Name: "heart", Label: "Thank you"},
	{Name: "party-popper", Label: "Well done"},
	{Name: "rocket", Label: "Ship it"},
	{Name: "eye", Label: "Looking into it"},
	{Name: "circle-help", Label: "Not sure"},
}

// Comments is the kind of comments.
var (
	Comments = ledger.NewKind[Comment]("comment")
	_        = Comments.Check(check)
)

// maxText is the greatest length of a comment in bytes: a page of text, not a document.
const maxText = 40_000

// Table is what can be read and written of comments.
var Table = table.New(Comments, table.Spec[Comment]{
	Name: "comments", One: "comment", Label: "Comments",
	Title:  func(c *Comment) string { return c.Text.FirstLine() },
	Sort:   []table.Sort{{Column: "created_at"}},
	New:    sign,
	Delete: Delete,
	Columns: []table.Column[Comment]{
		table.Anything("about", "About", func(c *Comment) *ledger.AnyRef { return &c.About }).
			Describe("what it is about: an entity of any kind"),
		table.Link("parent", "Reply to", "comment", func(c *Comment) *ledger.Ref { return &c.Parent }).
			Describe("the comment that begins the thread; empty for one that begins a thread").Quiet(),
		table.LongText("text", "Text", func(c *Comment) *ledger.TextRef { return &c.Text }).Then(noteText).
			Describe("Markdown; @ and a name mentions somebody"),
		table.Identifier("author", "Author", func(c *Comment) *ledger.ID { return &c.Author }).ReadOnly().
			Describe("the account of who said it"),
		table.ComputedLinks("mentions", "Mentions", "person", mentioned),
		table.Object("reactions", "Reactions", func(c *Comment) *[]Reaction { return &c.Reactions }, formatReactions, noReactions, nil).ReadOnly(),
		table.Flag("resolved", "Resolved", func(c *Comment) *bool { return &c.Resolved }).Then(noteResolved).
			Describe("whether the thread is settled; said of its first comment"),
		table.Identifier("resolved_by", "Resolved by", func(c *Comment) *ledger.ID { return &c.ResolvedBy }).ReadOnly().Quiet(),
		table.Flag("withdrawn", "Withdrawn", func(c *Comment) *bool { return &c.Withdrawn }).ReadOnly().Quiet().
			Describe("deleted, and kept because it has replies"),
	},
})

// sign makes whoever writes a new comment its author.
func sign(v ledger.View, c *Comment) {
	if tx, ok := v.(*ledger.Tx); ok {
		c.Author = tx.As.ID
	}
}

// noteText keeps in step with the text who is mentioned and when it was edited.
func noteText(s *table.Scope, c *Comment) error {
	if tx, ok := s.View.(*ledger.Tx); ok && c.Version > 0 {
		c.EditedAt = ledger.TimeOf(tx.Now)
	}
	return noteMentions(s, c)
}

// noteMentions keeps who is mentioned in step with the text.
func noteMentions(s *table.Scope, c *Comment) error {
	text, err := ledger.Text(context.Background(), s.View, c.Text) // a text that was just written does no I/O
	if err != nil {
		if text, err = inline(c.Text); err != nil {
			return err
		}
	}
	c.Mentions = Mentioned(s, text)
	return nil
}

// inline is the text as far as it stands in the document.
func inline(t ledger.TextRef) (string, error) {
	if s, ok := t.Inline(); ok {
		return s, nil
	}
	return t.FirstLine(), nil
}

// noteResolved notes who settled a thread, and when.
func noteResolved(s *table.Scope, c *Comment) error {
	tx, ok := s.View.(*ledger.Tx)
	switch {
	case !c.Resolved:
		c.ResolvedBy, c.ResolvedAt = ledger.ID{}, 0
	case ok && c.ResolvedBy.IsZero():
		c.ResolvedBy, c.ResolvedAt = tx.As.ID, ledger.TimeOf(tx.Now)
	}
	return nil
}

func formatReactions(_ *table.Scope, all []Reaction) string {
	var words []string
	for _, f := range Feelings {
		n := 0
		for _, r := range all {
			if r.Feeling == f.Name {
				n++
			}
		}
		if n > 0 {
			words = append(words, f.Label+" "+strings.Repeat("+", n))
		}
	}
	return strings.Join(words, "; ")
}

func noReactions(*table.Scope, string) ([]Reaction, error) {
	return nil, fault.New(fault.Invalid, "reactions have commands of their own")
}

func check(v ledger.View, before, after *Comment, f *fault.Fields) {
	if after == nil {
		return
	}
	switch {
	case after.About.ID.IsZero():
		f.Add("about", "is required")
	case after.About.Kind == Comments.Name():
		f.Add("about", "a reply names the comment as its parent; what it is about is what the thread is about")
	case before != nil && before.About != after.About:
		f.Add("about", "a comment stays where it was made")
	}
	if before != nil && before.Parent != after.Parent {
		f.Add("parent", "a reply stays in its thread")
	}
	switch {
	case after.Withdrawn && !after.Text.IsZero():
		f.Add("text", "a withdrawn comment says nothing")
	case !after.Withdrawn && strings.TrimSpace(after.Text.FirstLine()) == "" && after.Text.Len() <= len(after.Text.FirstLine()):
		f.Add("text", "is required")
	case after.Text.Len() > maxText:
		f.Add("text", "is longer than the %d kB that fit here", maxText/1000)
	}
	if !after.Parent.IsZero() {
		head, ok := Comments.Get(v, after.Parent.ID())
		switch {
		case !ok: // the kernel says so
		case !head.Parent.IsZero():
			f.Add("parent", "is a reply itself; answer the comment that begins the thread")
		case head.About != after.About:
			f.Add("parent", "is about something else")
		}
		if after.Resolved {
			f.Add("resolved", "is said of the first comment of a thread")
		}
	}
	for i, r := range after.Reactions {
		if !slices.ContainsFunc(Feelings, func(o table.Option) bool { return o.Name == r.Feeling }) {
			f.Add("reactions", "%q is none of the reactions", r.Feeling)
		}
		if slices.Contains(after.Reactions[:i], r) {
			f.Add("reactions", "each is given once")
		}
	}
}
