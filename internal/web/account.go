package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// accountView is a page of an account; one of its forms may be shown again.
type accountView struct {
	principal access.Principal
	workspace Workspace // whose frame it stands in; zero: none
	sessions  []access.Session
	tokens    []access.Token
	words     ui.Words
	look      look
	off       map[string]bool // reasons that make no notice
	newToken  string
	letters   string // "off": single letters do nothing
	tried     string // the name of the form that was refused; "" for one of buttons alone
	refused   *ui.Form
}

func (a accountView) form(name string) *ui.Form {
	if name == a.tried && a.refused != nil {
		return a.refused
	}
	return blank()
}

// accountSheet is one page of the account.
type accountSheet struct {
	path, title string
	body        func(accountView) templ.Component
}

var (
	profileSheet  = accountSheet{"/account", "Profile", profilePage}
	securitySheet = accountSheet{"/account/security", "Password and sessions", securityPage}
	tokensSheet   = accountSheet{"/account/tokens", "API tokens", tokensPage}
)

// show is the handler of a page of the account.
func (s accountSheet) show(q *Request) error { return q.accountPage(s, 0, accountView{}) }

func (q *Request) accountPage(s accountSheet, status int, a accountView) error {
	if err := q.enterLast(); err != nil {
		return err
	}
	var err error
	a.principal, a.words, a.letters = q.Principal, q.Words(), q.letters()
	a.workspace = q.Workspace
	if a.sessions, err = q.Kit.Accounts.Sessions(q.Context(), q.Principal); err != nil {
		return err
	}
	if a.tokens, err = q.Kit.Accounts.Tokens(q.Context(), q.Principal, q.Principal.Account.ID); err != nil {
		return err
	}
	if a.look, err = q.look(); err != nil {
		return err
	}
	if a.off, err = q.muted(); err != nil {
		return err
	}
	return q.besideWork(Page{Title: s.title, Status: status}, s.body(a))
}

// accountForm is one form of an account's pages: where it stands, the fields it has, what it
// does, and what is said when that is done.
type accountForm struct {
	sheet  *accountSheet
	name   string
	fields []string
	do     func(q *Request, f *ui.Form) error
	said   string
}

// post is the handler of a form of the account: done, or the page again with what was
// typed.
func (a accountForm) post(q *Request) error {
	f, err := q.Form(a.fields...)
	if err != nil {
		return err
	}
	if err := a.do(q, f); err != nil {
		status, ok := Refused(f, err)
		if !ok {
			return err
		}
		retryAfter(q, err)
		return q.accountPage(*a.sheet, status, accountView{tried: a.name, refused: f})
	}
	q.Said(a.said, 0)
	return q.Done(a.sheet.path)
}

// confirm checks the password once more: a screen may have been left open.
func (q *Request) confirm(f *ui.Form) error {
	err := q.Kit.Accounts.Reauthenticate(q.Context(), q.Principal, f.Values.Get("current"))
	if fault.Is(err, fault.Unauthenticated) {
		var faults fault.Fields
		faults.Add("current", "is not your password")
		return faults.Err()
	}
	return err
}

var (
	nameForm = accountForm{&profileSheet, "name", []string{"name"}, func(q *Request, f *ui.Form) error {
		return q.Kit.Accounts.SetName(q.Context(), q.Principal, q.Principal.Account.ID, f.Values.Get("name"))
	}, "Saved name"}

	emailForm = accountForm{&profileSheet, "email", []string{"email", "current"}, func(q *Request, f *ui.Form) error {
		if err := q.confirm(f); err != nil {
			return err
		}
		return q.Kit.Accounts.SetEmail(q.Context(), q.Principal, q.Principal.Account.ID, f.Values.Get("email"))
	}, "Changed e-mail"}

	passwordForm = accountForm{&securitySheet, "password", []string{"email", "old", "new"}, func(q *Request, f *ui.Form) error {
		return q.Kit.Accounts.ChangePassword(q.Context(), q.Principal, f.Values.Get("old"), f.Values.Get("new"))
	}, "Changed password, ended your other sessions"}

	endSessionForm = accountForm{&securitySheet, "", []string{"which"}, func(q *Request, f *ui.Form) error {
		id, err := formID(f)
		if err != nil {
			return err
		}
		return q.Kit.Accounts.EndSession(q.Context(), q.Principal, id)
	}, "Ended session"}

	endOthersForm = accountForm{&securitySheet, "", nil, func(q *Request, _ *ui.Form) error {
		return q.Kit.Accounts.EndOtherSessions(q.Context(), q.Principal)
	}, "Ended all other sessions"}

	revokeForm = accountForm{&tokensSheet, "", []string{"which"}, func(q *Request, f *ui.Form) error {
		id, err := formID(f)
		if err != nil {
			return err
		}
		return q.Kit.Accounts.RevokeToken(q.Context(), q.Principal, id)
	}, "Revoked token"}
)

// formID reads the identifier that a button sends.
func formID(f *ui.Form) (ledger.ID, error) {
	id, err := ledger.ParseID(f.Values.Get("which"))
	if err != nil {
		return ledger.ID{}, fault.New(fault.NotFound, "there is nothing with this identifier")
	}
	return id, nil
}

// newToken makes a token and shows its secret on this very answer, the only time.
func (q *Request) newToken() error {
	f, err := q.Form("name", "scope", "days", "workspace", "current")
	if err != nil {
		return err
	}
	secret, err := q.makeToken(f)
	if err != nil {
		status, ok := Refused(f, err)
		if !ok {
			return err
		}
		retryAfter(q, err)
		return q.accountPage(tokensSheet, status, accountView{tried: "token", refused: f})
	}
	return q.accountPage(tokensSheet, 0, accountView{newToken: secret})
}

// tokenDays are the lives that a token may have.
var tokenDays = map[int]bool{30: true, 90: true, 365: true}

func (q *Request) makeToken(f *ui.Form) (string, error) {
	days, err := strconv.Atoi(f.Values.Get("days"))
	if err != nil || !tokenDays[days] {
		return "", fault.New(fault.Invalid, "a token lasts 30, 90 or 365 days")
	}
	var only ledger.ID
	if slug := f.Values.Get("workspace"); slug != "" {
		if err := q.enter(slug); err != nil {
			return "", fault.New(fault.Invalid, "a token is for a workspace of yours")
		}
		only = q.Workspace.ID
	}
	if err := q.confirm(f); err != nil {
		return "", err
	}
	_, secret, err := q.Kit.Accounts.NewToken(q.Context(), q.Principal, access.NewToken{
		Name: f.Values.Get("name"), Scope: access.Scope(f.Values.Get("scope")), Workspace: only,
		ExpiresAt: ledger.TimeOf(q.Now().Add(time.Duration(days) * 24 * time.Hour)),
	})
	return secret, err
}

// TokenNote says what a token may, where, and whether it is used: "read, in all your
// workspaces, used 4 min ago".
func TokenNote(t access.Token, where string, w ui.Words) string {
	note := string(t.Scope) + ", " + where
	if t.SeenAt == 0 {
		return note + ", never used"
	}
	return note + ", used " + w.Ago(t.SeenAt.Go())
}

// where says where a token of the account is good.
func (a accountView) where(t access.Token) string {
	switch t.Workspace {
	case ledger.ID{}:
		return "in all your workspaces"
	case a.workspace.ID:
		return "in " + a.workspace.Name
	}
	return "in another workspace"
}

// browserName makes a few words of what a browser says of itself.
func browserName(agent string) string {
	name, system := "A browser", ""
	for _, b := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, b[0]) {
			name = b[1]
			break
		}
	}
	for _, s := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, s[0]) {
			system = s[1]
			break
		}
	}
	switch {
	case agent == "":
		return "An unnamed program"
	case name == "A browser" && system == "":
		first, _, _ := strings.Cut(agent, " ")
		return first
	case system == "":
		return name
	}
	return name + " on " + system
}
