package proposalweb

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Area is the list of proposals and the page of one.
var Area = &tableweb.Area{
	Table: collab.ProposalTable, Icon: "git-branch",
	Columns: []string{"key", "title", "aim", "approvals", "created_at", "state"},
	Form:    []string{"title", "aim", "why"},
	Quick:   []string{"aim"},
	Void:    "A proposal is changes that are pending: try them, show what they do, and let others agree before they are live.",
	Cells:   map[string]tableweb.Cell{"state": stateCell, "approvals": approvalsCell},
	Beside:  func(v *tableweb.View) templ.Component { return beside(v, proposal(v)) },
	Main:    main,
	Asides:  asides,
}

func proposal(v *tableweb.View) *ledger.Proposal { return v.Row.Entity().(*ledger.Proposal) }

// Routes are the routes of what is done with a proposal.
func Routes() []web.Route {
	var all []web.Route
	add := func(path string, fields []string, do func(*tableweb.View, *ui.Form) (said string, seq ledger.Seq, err error)) {
		all = append(all, web.Route{
			Method: http.MethodPost, Pattern: "/w/{workspace}/proposals/{entity}/" + path, Who: web.Member,
			Handle: func(q *web.Request) error {
				v, err := Area.Find(q)
				if err != nil {
					return err
				}
				if q.Query("at") != "" || q.Query("in") != "" {
					return fault.New(fault.Forbidden, "a proposal is decided about now, not in the past or in a proposal; return to now first")
				}
				f, err := q.Form(fields...)
				if err != nil {
					return err
				}
				said, seq, err := do(v, f)
				if err != nil {
					if status, ok := web.Refused(f, err); ok && !q.Partial() {
						f.Message = refusalOf(err) // the page has no field for what a check found
						return Area.Show(q, status, f)
					}
					return err
				}
				q.Said(said, seq)
				return q.Done(v.Path())
			},
		})
	}
	add("settle", []string{"kind", "which", "field", "keep"}, settle)
	add("merge", []string{"reason"}, merge)
	add("discard", []string{"reason"}, discard)
	add("reviews", []string{"account", "must"}, ask)
	add("reviews/remove", []string{"account"}, release)
	add("verdict", []string{"verdict", "note"}, judge)
	return all
}

// settle takes one change back, or lets it stand against what changed meanwhile.
func settle(v *tableweb.View, f *ui.Form) (string, ledger.Seq, error) {
	id, err := ledger.ParseID(f.Values.Get("which"))
	if err != nil {
		return "", 0, fault.New(fault.NotFound, "the proposal does not change that")
	}
	choice, said := ledger.KeepTheirs, "Taken back"
	switch f.Values.Get("keep") {
	case "live":
	case "here":
		choice, said = ledger.TakeYours, "Settled"
	default:
		return "", 0, fault.New(fault.Invalid, "say what is kept: live or here")
	}
	what := ledger.ConflictKey{Kind: f.Values.Get("kind"), ID: id, Field: f.Values.Get("field")}
	seq, err := v.Kit.Ledger.Settle(v.Context(), v.Workspace.ID, v.Principal.Actor(), proposal(v).ID, what, choice)
	if err == nil {
		v.Wrote(seq)
	}
	return said, 0, err
}

func merge(v *tableweb.View, f *ui.Form) (string, ledger.Seq, error) {
	seq, err := v.Kit.Ledger.Merge(v.Context(), v.Workspace.ID, v.Principal.Actor(), proposal(v).ID, ledger.Settlement{Reason: f.Values.Get("reason")})
	if err == nil {
		v.Wrote(seq)
	}
	return "Merged " + proposal(v).Key, seq, err
}

func discard(v *tableweb.View, f *ui.Form) (string, ledger.Seq, error) {
	seq, err := v.Kit.Ledger.Discard(v.Context(), v.Workspace.ID, v.Principal.Actor(), proposal(v).ID, f.Values.Get("reason"))
	if err == nil {
		v.Wrote(seq)
	}
	return "Discarded " + proposal(v).Key, seq, err
}

func about(v *tableweb.View) ledger.AnyRef {
	return ledger.AnyRef{Kind: ledger.Proposals.Name(), ID: proposal(v).ID}
}

func ask(v *tableweb.View, f *ui.Form) (string, ledger.Seq, error) {
	account, err := ledger.ParseID(f.Values.Get("account"))
	if err != nil || !access.IsMember(v.Live().Whole(), account) {
		return "", 0, fault.New(fault.Invalid, "choose somebody who belongs to the workspace")
	}
	seq, err := v.Update("ask for a review", func(tx *ledger.Tx) error {
		_, err := collab.Ask(tx, about(v), account, f.Values.Get("must") == "yes")
		return err
	})
	return "Asked " + nameOf(v, account), seq, err
}

func release(v *tableweb.View, f *ui.Form) (string, ledger.Seq, error) {
	account, err := ledger.ParseID(f.Values.Get("account"))
	if err != nil {
		return "", 0, fault.New(fault.NotFound, "nobody like that was asked")
	}
	seq, err := v.Update("release from the review", func(tx *ledger.Tx) error {
		r, ok := collab.ReviewOf(tx, proposal(v).ID, account)
		if !ok {
			return fault.New(fault.NotFound, "nobody like that was asked")
		}
		return collab.Reviews.Delete(tx, r.ID)
	})
	return "Released " + nameOf(v, account), seq, err
}

func judge(v *tableweb.View, f *ui.Form) (string, ledger.Seq, error) {
	verdict, verb, said := collab.Approved, "approve", "Approved"
	if f.Values.Get("verdict") == string(collab.Changes) {
		verdict, verb, said = collab.Changes, "ask for a change", "Asked for a change"
	}
	seq, err := v.Update(verb, func(tx *ledger.Tx) error {
		return collab.Judge(tx, about(v), verdict, f.Values.Get("note"))
	})
	return said, seq, err
}

// nameOf is what the workspace calls an account.
func nameOf(v *tableweb.View, account ledger.ID) string { return v.Names()(account) }

// impactOf returns what an open proposal would do, read once for all parts of its page.
func impactOf(v *tableweb.View) (*Impact, error) {
	if im, ok := v.Kept.(*Impact); ok {
		return im, nil
	}
	im, err := Read(v.Request, v.Scope, proposal(v))
	if err == nil {
		v.Kept = im
	}
	return im, err
}

// reviewer is somebody who was asked.
type reviewer struct {
	*collab.Review
	name string
	said string // "Approved", "Waiting 2 d"
	tone ui.Tone
	icon string
	me   bool
}

func reviewers(v *tableweb.View) (all []reviewer, mine *reviewer) {
	for _, r := range collab.ReviewsOf(v.Scope.View, proposal(v).ID) {
		x := reviewer{Review: r, name: nameOf(v, r.Reviewer), me: r.Reviewer == v.Principal.Account.ID}
		switch r.Verdict {
		case collab.Approved:
			x.said, x.tone, x.icon = "Approved", ui.Good, "check"
		case collab.Changes:
			x.said, x.tone = "Asks a change", ui.Warn
		default:
			x.said, x.tone, x.icon = "Waiting "+v.Words().Age(r.CreatedAt.Go()), ui.Outline, "clock"
		}
		all = append(all, x)
		if x.me {
			mine = &all[len(all)-1]
		}
	}
	return all, mine
}

// waiting are those who must agree and have not.
func waiting(all []reviewer) (names []string) {
	for _, r := range all {
		if r.Must && r.Verdict != collab.Approved {
			names = append(names, r.name)
		}
	}
	return names
}

// candidates are the people of the workspace who can be asked.
func candidates(v *tableweb.View, asked []reviewer) []ui.Option {
	var all []ui.Option
	for p := range people.Persons.All(v.Scope.View) {
		if p.Account.IsZero() || slices.ContainsFunc(asked, func(r reviewer) bool { return r.Reviewer == p.Account }) {
			continue
		}
		all = append(all, ui.Option{Value: p.Account.String(), Label: p.Name})
	}
	slices.SortFunc(all, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return all
}

// mayDecide reports whether the reader may merge and discard it: the kernel asks again.
func mayDecide(v *tableweb.View) bool {
	return !v.Past() && (v.Workspace.Role.AtLeast(access.Editor) || proposal(v).CreatedBy == v.Principal.Account.ID)
}

// open reports whether the proposal can still be worked in.
func open(v *tableweb.View) bool { return proposal(v).State == ledger.ProposalOpen }

// aim is what a proposal is for, in words.
func aim(name string) string {
	for _, a := range collab.Aims {
		if a.Name == name {
			return a.Label
		}
	}
	return name
}

func stateCell(v *tableweb.View, _ string) templ.Component {
	switch proposal(v).State {
	case ledger.ProposalMerged:
		return ui.Tag("Merged", ui.Good)
	case ledger.ProposalDiscarded:
		return ui.Tag("Discarded", ui.Outline)
	default:
		return ui.Tag("Open", ui.If)
	}
}

func approvalsCell(v *tableweb.View, _ string) templ.Component {
	all, _ := reviewers(v)
	if len(all) == 0 {
		return tableweb.None
	}
	n := 0
	for _, r := range all {
		if r.Verdict == collab.Approved {
			n++
		}
	}
	return ui.Text(strconv.Itoa(n) + " of " + strconv.Itoa(len(all)))
}
