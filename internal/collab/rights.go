package collab

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Rules returns the lines of the policy table for this package. What is said about something is
// seen by those who see that, and there they need a role to write; subjects are the kinds that
// belong to products.
func Rules(subjects ...ledger.AnyKind) []access.Rule {
	return []access.Rule{{
		Kind: "comment", Create: access.Contributor, Edit: access.Contributor, Delete: access.Contributor,
		About: func(e ledger.Entity) ledger.AnyRef { return e.(*Comment).About }, Reads: subjects, Guard: guard,
	}, attachmentRule(subjects), {
		Kind: "review", Create: access.Contributor, Edit: access.Contributor, Delete: access.Contributor,
		About: func(e ledger.Entity) ledger.AnyRef { return e.(*Review).About }, Reads: subjects, Guard: guardReview,
	}}
}

// guard: the words are their author's; a thread is settled by who began it and by
// editors, who may take away what others said but not change it; a reaction is everybody's
// own.
func guard(_ ledger.View, w ledger.Write, account ledger.ID, role access.Role) error {
	before, was := w.Before.(*Comment)
	after, is := w.After.(*Comment)
	editor := role.AtLeast(access.Editor)
	switch {
	case !was:
		if after.Author != account && !editor { // an editor merges what others proposed
			return fault.New(fault.Forbidden, "nobody speaks for others")
		}
	case !is:
		if before.Author != account && !editor {
			return fault.New(fault.Forbidden, "this comment is somebody else's")
		}
	default:
		return guardEdit(before, after, account, editor)
	}
	return nil
}

func guardEdit(before, after *Comment, account ledger.ID, editor bool) error {
	mine := before.Author == account
	if before.Author != after.Author {
		return fault.New(fault.Forbidden, "a comment stays its author's")
	}
	if after.Withdrawn != before.Withdrawn {
		if !mine && !editor {
			return fault.New(fault.Forbidden, "this comment is somebody else's")
		}
		return nil
	}
	if after.Text != before.Text && !mine {
		return fault.New(fault.Forbidden, "only who said it can say it in other words")
	}
	if after.Resolved != before.Resolved && !mine && !editor {
		return fault.New(fault.Forbidden, "a thread is settled by who began it, or by an editor")
	}
	others := func(c *Comment) []Reaction {
		return slices.DeleteFunc(slices.Clone(c.Reactions), func(r Reaction) bool { return r.Account == account })
	}
	if !slices.Equal(others(before), others(after)) {
		return fault.New(fault.Forbidden, "a reaction is everybody's own")
	}
	return nil
}
