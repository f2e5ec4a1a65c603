package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// blank is a form that nobody has filled in yet.
func blank() *ui.Form { return &ui.Form{} }

// next returns where to go after signing in: an address of this server.
func next(address string) string {
	if local(address) && !strings.HasPrefix(address, "/login") {
		return address
	}
	return "/"
}

func (q *Request) login() error {
	if !q.Principal.Account.ID.IsZero() {
		return q.Redirect(next(q.Query("next")))
	}
	note := ""
	if q.Query("next") != "" {
		note = "Sign in to go on to the page you asked for."
	}
	return q.loginDoor(0, blank(), next(q.Query("next")), note)
}

func (q *Request) loginDoor(status int, f *ui.Form, address, note string) error {
	return q.Door(Door{Title: "Sign in", Status: status}, loginPage(f, address, note))
}

func (q *Request) signIn() error {
	f, err := q.Form("email", "password", "next")
	if err != nil {
		return err
	}
	p, secret, err := q.Kit.Accounts.SignIn(q.Context(), f.Values.Get("email"), f.Values.Get("password"), q.Client())
	if err != nil {
		status, ok := Refused(f, err)
		if !ok {
			return err
		}
		retryAfter(q, err)
		return q.loginDoor(status, f, next(f.Values.Get("next")), "")
	}
	if !q.Principal.Session.IsZero() { // the browser had another one
		if err := q.Kit.Accounts.SignOut(q.Context(), q.Principal); err != nil {
			return err
		}
	}
	q.Principal = p
	q.startSession(secret)
	return q.Redirect(next(f.Values.Get("next")))
}

func (q *Request) signOut() error {
	if err := q.Kit.Accounts.SignOut(q.Context(), q.Principal); err != nil {
		return err
	}
	q.endSession()
	return q.Redirect("/login")
}

func (q *Request) forgot() error {
	return q.Door(Door{Title: "Set a new password"}, forgotPage(blank(), q.Kit.Mail, false))
}

func (q *Request) requestReset() error {
	f, err := q.Form("email")
	if err != nil {
		return err
	}
	sent, status := true, 0
	if err := q.Kit.Accounts.RequestReset(q.Context(), f.Values.Get("email"), q.Client()); err != nil {
		ok := false
		if status, ok = Refused(f, err); !ok {
			return err
		}
		retryAfter(q, err)
		sent = false
	}
	return q.Door(Door{Title: "Set a new password", Status: status}, forgotPage(f, q.Kit.Mail, sent))
}

func (q *Request) resetForm() error {
	if _, err := q.Kit.Accounts.ByReset(q.Context(), q.R.PathValue("secret")); err != nil {
		return err
	}
	return q.Door(Door{Title: "Set a new password"}, resetPage(blank()))
}

func (q *Request) reset() error {
	f, err := q.Form("password")
	if err != nil {
		return err
	}
	if err := q.Kit.Accounts.Reset(q.Context(), q.R.PathValue("secret"), f.Values.Get("password")); err != nil {
		return q.again(f, err, fault.Invalid, "Set a new password", func() templ.Component { return resetPage(f) })
	}
	q.Said("Password set", 0)
	return q.Redirect("/login")
}

// again shows a page of the door once more if err is of the kind that its form can show.
func (q *Request) again(f *ui.Form, err error, kind fault.Kind, title string, page func() templ.Component) error {
	if !fault.Is(err, kind) {
		return err
	}
	status, _ := Refused(f, err)
	return q.Door(Door{Title: title, Status: status}, page())
}

func (q *Request) setupForm() error {
	needed, err := q.Kit.Accounts.NeedsSetup(q.Context())
	if err != nil {
		return err
	}
	if !needed {
		return q.Redirect("/login")
	}
	return q.Door(Door{Title: "Set up", Wide: true}, setupPage(blank()))
}

func (q *Request) setup() error {
	f, err := q.Form("code", "name", "email", "password")
	if err != nil {
		return err
	}
	if err := q.Kit.Limiter.Take(access.SignInLimit, "set-up "+q.Client().Addr); err != nil {
		return err
	}
	v := f.Values
	account := access.NewAccount{Email: v.Get("email"), Name: v.Get("name"), Password: v.Get("password")}
	_, err = q.Kit.Accounts.Setup(q.Context(), v.Get("code"), account)
	if err != nil {
		status, ok := Refused(f, err)
		if !ok {
			return err
		}
		return q.Door(Door{Title: "Set up", Wide: true, Status: status}, setupPage(f))
	}
	_, secret, err := q.Kit.Accounts.SignIn(q.Context(), account.Email, account.Password, q.Client())
	if err != nil {
		return err
	}
	q.startSession(secret)
	return q.Redirect("/new")
}

// invited is what an invitation says to who opens it.
type invited struct {
	email, workspace, role string
	path                   string
	signedIn               bool // as the one who is invited
}

func (q *Request) invitation() (invited, error) {
	i, err := q.Kit.Accounts.Invitation(q.Context(), q.R.PathValue("secret"))
	if err != nil {
		return invited{}, err
	}
	return invited{
		email: i.Email, workspace: i.WorkspaceName, role: string(i.Role), path: url.QueryEscape(q.R.URL.Path),
		signedIn: q.Principal.Account.Email == i.Email,
	}, nil
}

func (q *Request) inviteForm() error {
	i, err := q.invitation()
	if err != nil {
		return err
	}
	return q.Door(Door{Title: "Join " + i.workspace}, invitePage(blank(), i))
}

func (q *Request) acceptInvitation() error {
	i, err := q.invitation()
	if err != nil {
		return err
	}
	f, err := q.Form("email", "name", "password")
	if err != nil {
		return err
	}
	secret := q.R.PathValue("secret")
	if i.signedIn {
		if err := q.Kit.Accounts.Accept(q.Context(), secret, q.Principal, q.Kit.grant); err != nil {
			return err
		}
		return q.Redirect("/")
	}
	account := access.NewAccount{Email: i.email, Name: f.Values.Get("name"), Password: f.Values.Get("password")}
	if _, err := q.Kit.Accounts.AcceptNew(q.Context(), secret, account, q.Kit.grant); err != nil {
		status, ok := Refused(f, err)
		if !ok {
			return err
		}
		return q.Door(Door{Title: "Join " + i.workspace, Status: status}, invitePage(f, i))
	}
	_, session, err := q.Kit.Accounts.SignIn(q.Context(), account.Email, account.Password, q.Client())
	if err != nil {
		return err
	}
	q.startSession(session)
	return q.Redirect("/")
}

// grant gives an account what an invitation promises. Whether who invited could give
// that role was asked when the invitation was made.
func (k *Kit) grant(ctx context.Context, to access.Account, i access.Invitation) error {
	_, err := k.Ledger.Update(ctx, i.Workspace, ledger.System, "join", func(tx *ledger.Tx) error {
		if err := access.Grant(tx, to.ID, i.Role, i.Product); err != nil {
			return err
		}
		return people.Join(tx, to.ID, to.Name, to.Email)
	})
	return err
}

func (q *Request) switchTheme() error {
	f, err := q.Form("theme")
	if err != nil {
		return err
	}
	theme := f.Values.Get("theme")
	if theme != "light" && theme != "dark" {
		theme = "auto"
	}
	http.SetCookie(q.W, &http.Cookie{ // the script sets it too, so it may see it
		Name: "theme", Value: theme, Path: "/", MaxAge: themeSeconds, Secure: q.conn.secure, SameSite: http.SameSiteLaxMode,
	})
	return q.Redirect(q.back())
}

const themeSeconds = 365 * 24 * 60 * 60

// back returns the page that a form was sent from.
func (q *Request) back() string {
	from, err := url.Parse(q.R.Referer())
	if err != nil || from.Host != q.R.Host || !local(from.RequestURI()) {
		return "/"
	}
	return from.RequestURI()
}
