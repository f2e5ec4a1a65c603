package pages

import (
	"net/http"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

var settingsRoutes = []web.Route{
	{Method: http.MethodGet, Pattern: "/w/{workspace}/settings", Who: web.Member, Now: true, Handle: settings},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/settings", Who: web.Admin, Handle: saveSettings},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/settings/general", Who: web.Member, Now: true, Handle: settings},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/settings/views", Who: web.Member, Handle: sharedViews},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/settings/api", Who: web.Member, Now: true, Handle: apiPage},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/settings/tokens", Who: web.Admin, Now: true, Handle: tokens},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/settings/tokens/revoke", Who: web.Admin, Handle: revokeToken},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/tags", Who: web.Member, Handle: tags},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/tags", Who: web.Member, Handle: renameTag},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/tags/delete", Who: web.Member, Handle: deleteTag},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/members/reinvite", Who: web.Admin, Handle: reinvite},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/remove", Who: web.Admin, Handle: removeWorkspace},
	{Method: http.MethodGet, Pattern: "/w/{workspace}/members", Who: web.Admin, Now: true, Handle: members},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/members/invite", Who: web.Admin, Handle: invite},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/members/role", Who: web.Admin, Handle: changeRole},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/members/remove", Who: web.Admin, Handle: removeMember},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/members/uninvite", Who: web.Admin, Handle: uninvite},
}

var settingsFields = []string{"name", "time_zone", "first_weekday", "value_unit", "currency"}

func settings(q *web.Request) error { return showSettings(q, &ui.Form{}, 0) }

func showSettings(q *web.Request, f *ui.Form, status int) error {
	s, err := q.Snapshot()
	if err != nil {
		return err
	}
	title := "General"
	if q.R.Method == http.MethodGet && q.R.URL.Path == "/w/"+q.Workspace.Slug+"/settings" {
		title = "Settings"
	}
	return q.Page(web.Page{Title: title, Area: "settings", Status: status}, settingsPage(q, access.SettingsOf(s), f))
}

func saveSettings(q *web.Request) error {
	f, err := q.Form(settingsFields...)
	if err != nil {
		return err
	}
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	seq, err := q.Update("change settings", func(tx *ledger.Tx) error {
		for w := range access.Workspaces.All(tx) {
			in := table.Input{}
			for _, name := range settingsFields {
				in[name] = f.Values.Get(name)
			}
			return access.WorkspaceTable.Edit(tx, scope.In(tx), w.ID, in)
		}
		return fault.New(fault.NotFound, "there are no settings")
	})
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		return showSettings(q, f, status)
	}
	q.Said("Settings saved", seq)
	return q.Done(q.Path("settings", "general"))
}

// mayRemove reports whether the reader decides about the end of the workspace.
func mayRemove(q *web.Request) bool {
	return q.Kit.Remove != nil && q.Workspace.Role == access.Owner && !q.Past()
}

// removeWorkspace removes the workspace for ever. Who does that writes its name, because
// it cannot be undone.
func removeWorkspace(q *web.Request) error {
	f, err := q.Form("confirm")
	if err != nil {
		return err
	}
	if strings.TrimSpace(f.Values.Get("confirm")) != q.Workspace.Name {
		f.Errors = map[string]string{"confirm": "write the name as it stands here: " + q.Workspace.Name}
		return showSettings(q, f, http.StatusUnprocessableEntity)
	}
	if !mayRemove(q) {
		return fault.New(fault.Forbidden, "only owners decide about the end of a workspace")
	}
	if err := q.Kit.Remove(q.Context(), q.Workspace.ID); err != nil {
		return err
	}
	q.Said("Removed "+q.Workspace.Name, 0)
	return q.Redirect("/")
}

// member is somebody with a role in the workspace.
type member struct {
	membership *access.Membership
	name       string
	email      string
	product    string
	seen       string // when they were here last; "": never
	you        bool
}

// roster are the members as an admin sees them, and the invitations that are open.
type roster struct {
	*web.Request
	members  []member
	invited  []access.Invitation
	products []ui.Option
	form     *ui.Form
	people   int // of all, found or not
	guests   int
	link     string // of an invitation just made; it is shown once
	sent     bool   // and it was mailed
}

func readRoster(q *web.Request, f *ui.Form) (*roster, error) {
	r := &roster{Request: q, form: f, products: []ui.Option{{Label: "The whole workspace"}}}
	now := q.Live()
	seen, err := q.Kit.Accounts.Seen(q.Context(), q.Workspace.ID)
	if err != nil {
		return nil, err
	}
	all, guests := map[ledger.ID]bool{}, map[ledger.ID]bool{}
	for m := range access.Memberships.All(now) {
		a, err := q.Kit.Accounts.ByID(q.Context(), m.Account)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		one := member{membership: m, name: a.Name, email: a.Email}
		if p, ok := people.Of(now, m.Account); ok && a.ID.IsZero() { // nobody signs in as them
			one.name, one.email = p.Name, p.Email
		}
		if p, ok := access.Products.Get(now, m.Product.ID()); ok {
			one.product = p.Name
		}
		if at := seen[m.Account]; at != 0 {
			one.seen = q.Words().Ago(at.Go())
		}
		one.you = m.Account == q.Principal.Account.ID
		all[m.Account] = true
		if access.RoleOf(now, m.Account) == access.Nobody {
			guests[m.Account] = true
		}
		if found(q.Query("q"), one.name, one.email, one.product, string(m.Role)) {
			r.members = append(r.members, one)
		}
	}
	r.people, r.guests = len(all), len(guests)
	slices.SortStableFunc(r.members, func(a, b member) int {
		if a.membership.Role != b.membership.Role {
			if a.membership.Role.AtLeast(b.membership.Role) {
				return -1
			}
			return 1
		}
		return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	for p := range access.Products.All(now) {
		r.products = append(r.products, ui.Option{Value: p.ID.String(), Label: p.Name})
	}
	r.invited, err = q.Kit.Accounts.Invitations(q.Context(), q.Workspace.ID)
	return r, err
}

// found reports whether one of the texts has every word of a search.
func found(search string, texts ...string) bool {
	text := strings.ToLower(strings.Join(texts, " "))
	for _, word := range strings.Fields(strings.ToLower(search)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func members(q *web.Request) error {
	r, err := readRoster(q, &ui.Form{})
	if err != nil {
		return err
	}
	return r.page(0)
}

func (r *roster) page(status int) error {
	return r.Page(web.Page{Title: "People and access", Area: "settings", Status: status, Crumbs: settingsCrumb(r.Request)}, membersPage(r))
}

func settingsCrumb(q *web.Request) []ui.Link {
	return []ui.Link{{Label: "Settings", Href: q.Path("settings")}}
}

// invite makes a link that joins whoever it is for. Nobody invites to more than they hold.
func invite(q *web.Request) error {
	f, err := q.Form("email", "role", "product")
	if err != nil {
		return err
	}
	link, sent, err := makeInvitation(q, f)
	status := 0
	if err != nil {
		var ok bool
		if status, ok = web.Refused(f, err); !ok {
			return err
		}
	} else {
		f = &ui.Form{}
	}
	r, err := readRoster(q, f)
	if err != nil {
		return err
	}
	r.link, r.sent = link, sent
	return r.page(status)
}

// reinvite sends an invitation again: a new link, and the one before ends.
func reinvite(q *web.Request) error {
	f, err := q.Form("which")
	if err != nil {
		return err
	}
	id, err := ledger.ParseID(f.Values.Get("which"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such invitation")
	}
	all, err := q.Kit.Accounts.Invitations(q.Context(), q.Workspace.ID)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.ID == id && !q.Workspace.Role.AtLeast(i.Role) {
			return fault.New(fault.Forbidden, "the invitation is to more than your role; an owner can send it again")
		}
	}
	_, secret, sent, err := q.Kit.Accounts.Reinvite(q.Context(), q.Principal, q.Workspace.ID, id)
	if err != nil {
		return err
	}
	r, err := readRoster(q, &ui.Form{})
	if err != nil {
		return err
	}
	r.link, r.sent = q.Absolute("/invite/"+secret), sent
	return r.page(0)
}

func makeInvitation(q *web.Request, f *ui.Form) (link string, sent bool, err error) {
	i := access.Invitation{
		Email: f.Values.Get("email"), Workspace: q.Workspace.ID, WorkspaceName: q.Workspace.Name, Role: access.Role(f.Values.Get("role")),
	}
	var faults fault.Fields
	if !i.Role.AtLeast(access.Viewer) {
		faults.Add("role", "choose a role")
	} else if !q.Workspace.Role.AtLeast(i.Role) {
		faults.Add("role", "is more than yours; an owner can invite to it")
	}
	if p := f.Values.Get("product"); p != "" {
		id, err := ledger.ParseID(p)
		if _, ok := access.Products.Get(q.Live(), id); err != nil || !ok {
			faults.Add("product", "there is no such product")
		}
		i.Product = id
		if i.Role == access.Owner {
			faults.Add("role", "owners own workspaces; on a product the widest role is admin")
		}
	}
	if err := faults.Err(); err != nil {
		return "", false, err
	}
	_, secret, sent, err := q.Kit.Accounts.Invite(q.Context(), q.Principal, i)
	if err != nil {
		return "", false, err
	}
	return q.Absolute("/invite/" + secret), sent, nil
}

// formMembership returns the role given that the form names.
func formMembership(f *ui.Form) (ledger.ID, error) {
	id, err := ledger.ParseID(f.Values.Get("which"))
	if err != nil {
		return id, fault.New(fault.NotFound, "there is no such member")
	}
	return id, nil
}

func changeRole(q *web.Request) error {
	f, err := q.Form("which", "role")
	if err != nil {
		return err
	}
	id, err := formMembership(f)
	if err != nil {
		return err
	}
	seq, err := q.Update("change role", func(tx *ledger.Tx) error {
		return access.Memberships.Edit(tx, id, func(m *access.Membership) error {
			m.Role = access.Role(f.Values.Get("role"))
			return nil
		})
	})
	if err != nil {
		return err
	}
	q.Said("Role changed", seq)
	return q.Done(q.Path("members"))
}

func removeMember(q *web.Request) error {
	f, err := q.Form("which")
	if err != nil {
		return err
	}
	id, err := formMembership(f)
	if err != nil {
		return err
	}
	seq, err := q.Update("remove member", func(tx *ledger.Tx) error { return access.Memberships.Delete(tx, id) })
	if err != nil {
		return err
	}
	q.Said("Member removed", seq)
	return q.Done(q.Path("members"))
}

func uninvite(q *web.Request) error {
	f, err := q.Form("which")
	if err != nil {
		return err
	}
	id, err := ledger.ParseID(f.Values.Get("which"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such invitation")
	}
	if err := q.Kit.Accounts.RevokeInvitation(q.Context(), q.Principal, q.Workspace.ID, id); err != nil {
		return err
	}
	q.Said("Invitation taken back", 0)
	return q.Done(q.Path("members"))
}
