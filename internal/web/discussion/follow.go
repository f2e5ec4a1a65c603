package discussion

import (
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

type option = table.Option

// following is who follows an entity.
type following struct {
	can   bool // the reader can begin or end it
	me    bool
	count int
	who   string
}

// following asks who follows what the discussion is about. In the past and in a proposal
// nobody begins to.
func (t *talk) following() (f following) {
	if t.Kit.Notices == nil || t.Past() || t.Query("in") != "" {
		return f
	}
	all, err := t.Kit.Notices.Followers(t.Context(), t.Workspace.ID, t.about.ID)
	if err != nil {
		t.Kit.Log.Warn("cannot read who follows", "error", err)
		return f
	}
	f.can, f.who = true, "Nobody follows it yet"
	var names []string
	for _, account := range all {
		name := t.person(account).Name
		if account == t.Principal.Account.ID {
			f.me, name = true, "you"
		}
		names = append(names, name)
	}
	f.count = len(all)
	if len(names) > 0 {
		f.who = "Followed by " + sentence(names)
	}
	return f
}

// FollowAction begins or ends following from the palette; false where nobody can.
func FollowAction(q *web.Request, s *table.Scope, about ledger.AnyRef, back string) (ui.Action, bool) {
	t := &talk{Request: q, scope: s, about: about, names: q.Kit.Accounts.Names(q.Context())}
	f := t.following()
	a := ui.Action{Label: "Follow", Icon: "bell", Words: "watch subscribe notify", Post: q.Path("follow"), Fields: []ui.Kept{
		{Name: "kind", Value: about.Kind}, {Name: "which", Value: about.ID.String()}, {Name: "on", Value: yes(!f.me)}, {Name: "back", Value: back},
	}}
	if f.me {
		a.Label, a.Icon = "Unfollow", "bell-off"
	}
	return a, f.can
}

// setFollow begins or ends following.
func setFollow(q *web.Request) error {
	f, err := q.Form("kind", "which", "on", "back")
	if err != nil {
		return err
	}
	s, err := q.Scope()
	if err != nil {
		return err
	}
	id, err := ledger.ParseID(f.Values.Get("which"))
	to, ok := s.Target(f.Values.Get("kind"), id)
	if _, page := q.Kit.Places[f.Values.Get("kind")]; err != nil || !ok || to.Private || !page || q.Kit.Notices == nil {
		return fault.New(fault.NotFound, "there is nothing like that to follow")
	}
	on := f.Values.Get("on") == "yes"
	if err := q.Kit.Notices.Follow(q.Context(), q.Workspace.ID, q.Principal.Account.ID, ledger.AnyRef{Kind: to.Kind, ID: to.ID}, on); err != nil {
		return err
	}
	name := to.Key
	if name == "" {
		name = to.Title
	}
	said := "Unfollowed " + name
	if on {
		said = "Following " + name
	}
	return done(q, &ui.Form{Values: f.Values}, said, 0)
}
