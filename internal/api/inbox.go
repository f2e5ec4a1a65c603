package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
)

// notices is a part of an inbox.
type notices struct {
	Items  []noticed `json:"items" nullable:"false" doc:"one for each entity, the newest first; what is snoozed by when it comes back"`
	Unread int       `json:"unread" doc:"how many of the inbox are unread"`
}

// noticed is what an account was told of one entity.
type noticed struct {
	Entity  table.Target `json:"entity"`
	Unread  bool         `json:"unread"`
	At      ledger.Time  `json:"at" doc:"when it came, came back, or was done"`
	Until   ledger.Time  `json:"snoozed_until,omitzero"`
	Notices []event      `json:"notices" nullable:"false" doc:"what happened, the newest first"`
}

// event is one thing that happened.
type event struct {
	Reason  notify.Reason `json:"reason" enum:"mentioned,assigned,asked,judged,replied,commented,resolved,changed"`
	Seq     ledger.Seq    `json:"seq" doc:"the commit"`
	At      ledger.Time   `json:"at"`
	Actor   ledger.ID     `json:"actor" doc:"the account that did it"`
	Fields  []string      `json:"fields,omitempty" doc:"the columns that changed; their values stand in the history"`
	Comment ledger.ID     `json:"comment,omitzero" doc:"what was said"`
}

// marking is what is done with lines of an inbox.
type marking struct {
	Do    string      `json:"do" enum:"read,unread,done,return,snooze" doc:"return takes done back"`
	Items []ledger.ID `json:"items" nullable:"false" doc:"identifiers of entities; of those that are not in the inbox nothing happens"`
	Until ledger.Time `json:"until,omitzero" doc:"for snooze: the moment to come back, as 2026-05-13T09:00:00Z; one that is past brings it back at once"`
}

type marked struct {
	Changed int `json:"changed" doc:"how many lines it changed"`
}

// followed says who follows an entity.
type followed struct {
	Following bool        `json:"following" doc:"whether you do"`
	Accounts  []ledger.ID `json:"accounts" nullable:"false" doc:"all who do"`
}

func (a *API) inbox() []operation {
	if a.kit.Notices == nil {
		return nil
	}
	about := inPath("id", "the identifier of an entity of any kind, or its key as FB-42")
	inbox := []string{"Inbox"}
	all := []operation{
		{Operation: huma.Operation{
			OperationID: "read-inbox", Method: http.MethodGet, Path: prefix + "/{workspace}/inbox", Tags: inbox, Summary: "Read your inbox",
			Parameters: parameters(workspaceParameter, query("tab", "inbox, snoozed or done; inbox if nothing is said")),
			Responses:  answers(200, "What you were told", schemaOf[notices](a)),
		}, handle: readInbox},
		{Operation: huma.Operation{
			OperationID: "mark-inbox", Method: http.MethodPost, Path: prefix + "/{workspace}/inbox", Tags: inbox, Summary: "Mark lines of your inbox",
			Parameters:  parameters(workspaceParameter, keyParameter),
			RequestBody: &huma.RequestBody{Required: true, Content: jsonOf(schemaOf[marking](a))},
			Responses:   answers(200, "They are marked", schemaOf[marked](a)),
		}, handle: markInbox},
		{Operation: huma.Operation{
			OperationID: "read-followers", Method: http.MethodGet, Path: prefix + "/{workspace}/follow/{id}", Tags: inbox, Summary: "Who follows an entity",
			Parameters: parameters(workspaceParameter, about),
			Responses:  answers(200, "Who is told of its changes", schemaOf[followed](a)),
		}, handle: readFollowers},
		{Operation: huma.Operation{
			OperationID: "follow", Method: http.MethodPut, Path: prefix + "/{workspace}/follow/{id}", Tags: inbox, Summary: "Follow an entity",
			Parameters: parameters(workspaceParameter, about), Responses: answers(200, "You follow it", schemaOf[followed](a)),
		}, handle: follow(true)},
		{Operation: huma.Operation{
			OperationID: "unfollow", Method: http.MethodDelete, Path: prefix + "/{workspace}/follow/{id}", Tags: inbox, Summary: "Stop following an entity",
			Description: "Nothing makes you follow it again but yourself; a mention is still told.",
			Parameters:  parameters(workspaceParameter, about), Responses: answers(200, "You do not follow it", schemaOf[followed](a)),
		}, handle: follow(false)},
	}
	for i := range all {
		all[i].who = web.Member
	}
	return all
}

// reactions are the operations of comments beside those of every resource.
func (a *API) reactions() []operation {
	if _, ok := a.kit.Tables.Of(collab.Comments.Name()); !ok {
		return nil
	}
	one := prefix + "/{workspace}/comments/{id}/reactions/{reaction}"
	params := parameters(workspaceParameter, inPath("id", "the identifier of the comment"),
		inPath("reaction", "thumbs-up, heart, party-popper, rocket, eye or circle-help"), inParameter)
	return []operation{
		{Operation: huma.Operation{
			OperationID: "react", Method: http.MethodPut, Path: one, Tags: []string{collab.Table.Label()}, Summary: "React to a comment",
			Parameters: params, Responses: answers(http.StatusNoContent, "The reaction is there", nil),
		}, who: web.Member, handle: reactTo(true)},
		{Operation: huma.Operation{
			OperationID: "take-reaction-back", Method: http.MethodDelete, Path: one, Tags: []string{collab.Table.Label()}, Summary: "Take a reaction back",
			Parameters: params, Responses: answers(http.StatusNoContent, "The reaction is gone", nil),
		}, who: web.Member, handle: reactTo(false)},
	}
}

func reactTo(on bool) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		scope, err := c.Scope()
		if err != nil {
			return answer{}, err
		}
		row, err := (&resource{c.api, collab.Table}).row(c, scope.View)
		if err != nil {
			return answer{}, err
		}
		_, err = c.Update("react", func(tx *ledger.Tx) error { return collab.React(tx, row.ID(), c.R.PathValue("reaction"), on) })
		return answer{Status: http.StatusNoContent}, err
	}
}

func readInbox(c *call) (answer, error) {
	tab := notify.Tab(c.Query("tab"))
	switch tab {
	case "":
		tab = notify.Waiting
	case notify.Waiting, notify.Snoozed, notify.Done:
	default:
		return answer{}, fault.Fields{{Name: "tab", Message: "must be inbox, snoozed or done"}}.Err()
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	box, ws, account := c.Kit.Notices, c.Workspace.ID, c.Principal.Account.ID
	items, err := box.Items(c.Context(), ws, account, scope, tab)
	if err != nil {
		return answer{}, err
	}
	out := notices{Items: []noticed{}}
	if out.Unread, err = box.Unread(c.Context(), ws, account, scope); err != nil {
		return answer{}, err
	}
	for _, i := range items {
		n := noticed{Entity: i.About, Unread: i.Unread, At: i.At, Until: i.Until, Notices: []event{}}
		for _, e := range i.Notices {
			one := event{Reason: e.Reason, Seq: e.Seq, At: e.At, Actor: e.Actor, Fields: e.Fields}
			if e.Comment != nil {
				one.Comment = e.Comment.ID
			}
			n.Notices = append(n.Notices, one)
		}
		out.Items = append(out.Items, n)
	}
	return encoded(out)
}

func markInbox(c *call) (answer, error) {
	o, err := c.object(false)
	if err != nil {
		return answer{}, err
	}
	m, err := readMarking(o)
	if err != nil {
		return answer{}, err
	}
	box := c.Kit.Notices
	do, ok := map[string]func(context.Context, ledger.ID, ledger.ID, ...ledger.ID) (int, error){
		"read": box.Read, "unread": box.MarkUnread, "done": box.Finish, "return": box.Return,
		"snooze": func(ctx context.Context, ws, account ledger.ID, ids ...ledger.ID) (int, error) {
			return box.Snooze(ctx, ws, account, m.Until.Go(), ids...)
		},
	}[m.Do]
	if !ok {
		return answer{}, fault.Fields{{Name: "do", Message: "must be read, unread, done, return or snooze"}}.Err()
	}
	n, err := do(c.Context(), c.Workspace.ID, c.Principal.Account.ID, m.Items...)
	if err != nil {
		return answer{}, err
	}
	return encoded(marked{n})
}

// readMarking reads the body of a marking and reports all that is wrong with it.
func readMarking(o map[string]any) (m marking, err error) {
	var f fault.Fields
	for name, v := range o {
		text, isText := v.(string)
		switch name {
		case "do":
			m.Do = text
		case "items":
			list, ok := v.([]any)
			if !ok || len(list) > maxLimit {
				f.Add("items", "must be a list of at most %d identifiers", maxLimit)
			}
			for _, one := range list {
				text, _ := one.(string)
				id, err := ledger.ParseID(text)
				if err != nil {
					f.Add("items", "%v is no identifier", one)
				}
				m.Items = append(m.Items, id)
			}
		case "until":
			at, err := time.Parse(time.RFC3339, text)
			if err != nil || !isText {
				f.Add("until", "must be a moment, as 2026-05-13T09:00:00Z")
			}
			m.Until = ledger.TimeOf(at)
		default:
			f.Add(name, "is no member here; there are do, items and until")
		}
	}
	if m.Do == "snooze" && o["until"] == nil {
		f.Add("until", "is required")
	}
	if o["items"] == nil {
		f.Add("items", "is required")
	}
	return m, f.Err()
}

// followable returns the entity that the address names, if it can be followed.
func (c *call) followable() (ledger.AnyRef, error) {
	scope, err := c.Scope()
	if err != nil {
		return ledger.AnyRef{}, err
	}
	ref, err := scope.Anything(c.R.PathValue("id"))
	if _, page := c.Kit.Places[ref.Kind]; err != nil || !page {
		return ledger.AnyRef{}, fault.New(fault.NotFound, "there is nothing %q that can be followed, or it is not for you", c.R.PathValue("id"))
	}
	return ref, nil
}

func readFollowers(c *call) (answer, error) {
	about, err := c.followable()
	if err != nil {
		return answer{}, err
	}
	return c.followers(about)
}

func (c *call) followers(about ledger.AnyRef) (answer, error) {
	all, err := c.Kit.Notices.Followers(c.Context(), c.Workspace.ID, about.ID)
	if err != nil {
		return answer{}, err
	}
	out := followed{Accounts: append([]ledger.ID{}, all...)}
	for _, id := range all {
		out.Following = out.Following || id == c.Principal.Account.ID
	}
	return encoded(out)
}

func follow(on bool) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		about, err := c.followable()
		if err != nil {
			return answer{}, err
		}
		if err := c.Kit.Notices.Follow(c.Context(), c.Workspace.ID, c.Principal.Account.ID, about, on); err != nil {
			return answer{}, err
		}
		return c.followers(about)
	}
}
