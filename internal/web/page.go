package web

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Page is what a page inside a workspace says about itself to the shell.
type Page struct {
	Title   string // the last crumb, and the window's title
	Crumbs  []ui.Link
	Area    string // the path of its entry in the sidebar; "" is the first part of the address
	Hints   []ui.Hint
	Actions []ui.Action   // what can be done here; of those that act on rows, the script knows which
	Of      ledger.AnyRef // the entity that the page is of; zero: of none
	OfName  string        // its key, or its title
	Summary string        // at the foot: "40 features · 335 pw"
	Islands []string      // the scripts it needs beside the shell's: "board"
	Status  int           // 0 is 200

	failed  bool   // it says that there is nothing to show: nothing follows it or goes back in time
	beside  bool   // it is of the account or the server, and stands in the frame of a workspace: it has no past either
	Compare string // where it is compared with another moment; "": everything is
}

// Page answers with a page inside the workspace.
func (q *Request) Page(p Page, body templ.Component) error {
	shell := ui.Shell{
		Document:  q.document(p.Title),
		Workspace: ui.Link{Label: q.Workspace.Name, Href: q.Path("")},
		Crumbs:    p.Crumbs,
		Account:   q.person(),
		Find:      q.Path("find"),
		Recent:    "recent:" + q.Workspace.Slug + ":" + q.Principal.Account.ID.String(),
		Summary:   p.Summary,
		Seq:       int64(q.now.Seq()),
	}
	shell.Islands = p.Islands
	if !p.Of.ID.IsZero() {
		shell.Opened, shell.Of = p.Of.ID.String(), p.OfName
	}
	if !p.beside {
		q.remember()
	}
	if !p.failed {
		shell.Settings = q.settings()
	}
	if shell.Settings != nil {
		p.Area = settingsPath
		if home := q.Path(settingsPath); p.Title != "Settings" && (len(p.Crumbs) == 0 || p.Crumbs[0].Href != home) {
			shell.Crumbs = append([]ui.Link{{Label: "Settings", Href: home}}, p.Crumbs...)
		}
	}
	if q.staying(p.Status) {
		return q.refuse(p.Status, "#main", "innerMorph", shell.Settings.Around(body))
	}
	if !q.Past() && !p.failed && !p.beside {
		shell.Live = ui.With(q.Path("live"), "page", q.Kit.presence.page(q.Workspace.ID, q.R.URL.Path))
	}
	if !q.Past() && q.in == nil {
		shell.Undo = "/w/" + q.Workspace.Slug + "/undo"
	}
	if q.Kit.Create != nil && !q.Past() && !p.failed {
		shell.Create = q.Kit.Create(q)
	}
	shell.Begin = q.beginning()
	q.fillNav(&shell, p.Area)
	if !p.failed && !p.beside {
		q.fillTime(&shell, p.Compare)
	}
	shell.Actions = q.actions(p, &shell)
	return q.render(p.Status, shell, body)
}

// Door is a page outside any workspace.
type Door struct {
	Title  string
	Wide   bool
	Status int
}

// Door answers with a page outside any workspace: sign in, set up, an invitation.
func (q *Request) Door(d Door, body templ.Component) error {
	return q.render(d.Status, ui.Door{Document: q.document(d.Title), Heading: d.Title, Wide: d.Wide, Foot: q.Kit.Version}, body)
}

// Desk answers with a page outside any workspace, for who is signed in.
func (q *Request) Desk(title string, status int, body templ.Component) error {
	settings := q.settings()
	if q.staying(status) {
		return q.refuse(status, "#main", "innerMorph", settings.Around(body))
	}
	return q.render(status, ui.Desk{Document: q.document(title), Account: q.person(), Settings: settings}, body)
}

// staying reports whether a form was refused that was sent from the page that stays: it
// comes back in its place, with what is wrong.
func (q *Request) staying(status int) bool {
	return status >= 400 && !safe(q.R.Method) && q.Partial()
}

// Fragment answers a part of a page that htmx asked for, and says what Said was told.
func (q *Request) Fragment(parts ...templ.Component) error {
	if q.toast != nil {
		q.cookie(saidCookie, "", "/", -time.Second) // it is said here, not on the next page
		parts = append(parts, ui.LateToast(q.toastOf(q.toast)))
	}
	return q.render(0, templ.Join(parts...), nil)
}

// Refuse answers a write with the part of the page that it came from, which says what is
// wrong and keeps what was typed.
func (q *Request) Refuse(status int, target string, part templ.Component) error {
	return q.refuse(status, target, "outerHTML", part)
}

func (q *Request) refuse(status int, target, swap string, part templ.Component) error {
	q.W.Header().Set("HX-Retarget", target)
	q.W.Header().Set("HX-Reswap", swap)
	return q.render(status, part, nil)
}

// Partial reports whether htmx wants a part of the page, not all of it.
func (q *Request) Partial() bool {
	return q.R.Header.Get("HX-Request") == "true" && q.R.Header.Get("HX-Request-Type") != "full"
}

// Done ends a write from a page that stays: what Said was told is said, and the page shows
// what is now. A browser without scripts is led to the address.
func (q *Request) Done(address string) error {
	if !q.Partial() {
		return q.Redirect(address)
	}
	q.W.Header().Set("HX-Trigger", "refresh")
	return q.Fragment()
}

// Redirect leads to an address of this server after a write.
func (q *Request) Redirect(address string) error {
	if !local(address) {
		address = "/"
	}
	if q.R.Header.Get("HX-Request") == "true" {
		q.W.Header().Set("HX-Redirect", address)
		q.W.WriteHeader(http.StatusOK)
		return nil
	}
	http.Redirect(q.W, q.R, address, http.StatusSeeOther)
	return nil
}

// local reports whether an address stays on this server, however a browser reads it.
func local(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/") &&
		!strings.HasPrefix(address, "//") && !strings.ContainsAny(address, "\\\t\r\n")
}

// render writes an answer as a whole, once it is made without error.
func (q *Request) render(status int, frame, body templ.Component) error {
	if status == 0 {
		status = http.StatusOK
	}
	ctx := templ.WithNonce(q.Context(), q.conn.nonce)
	if body != nil {
		ctx = templ.WithChildren(ctx, body)
	}
	var b bytes.Buffer
	if err := frame.Render(ctx, &b); err != nil {
		return err
	}
	q.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.W.WriteHeader(status)
	_, _ = q.W.Write(b.Bytes()) // a client that is gone needs no answer
	return nil
}

func (q *Request) document(title string) ui.Document {
	d := ui.Document{
		Title:    title,
		Theme:    q.theme(),
		Mini:     q.cookieValue("side") == "mini",
		Dense:    q.cookieValue("density") == "compact",
		Past:     q.past != "",
		Pending:  q.in != nil,
		Letters:  q.letters(),
		Insecure: !q.conn.secure && !q.conn.local,
	}
	if s := q.heard(); s != nil {
		t := q.toastOf(s)
		d.Toast = &t
	}
	return d
}

func (q *Request) toastOf(s *said) ui.Toast {
	t := ui.Toast{Text: s.Text, Open: s.Open}
	if s.Take != nil {
		t.Undo = ui.TakeBack{Action: s.Take.Action, Fields: s.Take.Fields, Back: q.R.URL.RequestURI()}
	}
	if s.Undo > 0 {
		t.Undo = undoButton("/w/"+url.PathEscape(s.Workspace)+"/undo", s.Undo, q.R.URL.RequestURI())
	}
	return t
}

func (q *Request) person() ui.Person {
	return ui.Person{ID: q.Principal.Account.ID.String(), Name: q.Principal.Account.Name}
}

// fillNav lists the pages that the reader has, each leading to the moment that is shown.
func (q *Request) fillNav(s *ui.Shell, area string) {
	if area == "" {
		area, _, _ = strings.Cut(strings.TrimPrefix(q.R.URL.Path, "/w/"+q.Workspace.Slug+"/"), "/")
	}
	for _, n := range q.Kit.Nav {
		if !q.Workspace.Role.AtLeast(n.Least) {
			continue
		}
		item := ui.NavItem{Icon: n.Icon, Name: n.Name, Href: q.Path(n.Path), Key: n.Key, Quick: n.Quick, Current: n.Path == area}
		if n.Count != nil {
			item.Count, item.New = n.Count(q), true
		}
		if n.Open != nil && !q.Past() { // a past moment waits for nobody
			open, err := n.Open(q)
			if err != nil {
				q.Kit.Log.WarnContext(q.Context(), "count for the sidebar", "page", item.Name, "error", err)
			}
			item.Count = open
		}
		if n.Section == "Foot" {
			s.Foot = append(s.Foot, item)
			continue
		}
		if len(s.Nav) == 0 || s.Nav[len(s.Nav)-1].Caption != n.Section {
			s.Nav = append(s.Nav, ui.NavSection{Caption: n.Section})
		}
		last := &s.Nav[len(s.Nav)-1]
		last.Items = append(last.Items, item)
	}
	if kept := q.navFavourites(); len(kept) > 0 {
		at := 0
		if len(s.Nav) > 0 && s.Nav[0].Caption == "" {
			at = 1
		}
		s.Nav = slices.Insert(s.Nav, at, ui.NavSection{Caption: "Favourites", Items: kept})
	}
}

// Refused puts what is wrong with the input into the form, for a page that is shown
// again with the status. It reports false for what no form can show.
func Refused(f *ui.Form, err error) (status int, ok bool) {
	fields := map[string]string{}
	message := ""
	switch e, kind := faultOf(err), fault.KindOf(err); kind {
	case fault.Invalid, fault.Conflict, fault.Forbidden, fault.Unauthenticated, fault.TooMany:
		message = e.Message
		for _, field := range e.Fields {
			fields[field.Name] = field.Message
		}
		if len(fields) > 0 && kind == fault.Invalid {
			message = fields[""] // the fields say it all
		}
	default:
		return 0, false
	}
	f.Errors, f.Message = fields, capital(message)
	return statusOf(err), true
}
