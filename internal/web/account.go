package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// accountView is the page of an account; one of its forms may be shown again.
type accountView struct {
	principal access.Principal
	sessions  []access.Session
	tokens    []access.Token
	words     ui.Words
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

func (q *Request) account() error { return q.accountPage(0, accountView{}) }

func (q *Request) accountPage(status int, a accountView) error {
	var err error
	a.principal, a.words, a.letters = q.Principal, q.Words(), q.letters()
	if a.sessions, err = q.Kit.Accounts.Sessions(q.Context(), q.Principal); err != nil {
		return err
	}
	if a.tokens, err = q.Kit.Accounts.Tokens(q.Context(), q.Principal, q.Principal.Account.ID); err != nil {
		return err
	}
	return q.Desk("Account", status, accountPage(a))
}

// accountForm is one form of the page: the fields it has, what it does, and what is
// said when that is done.
type accountForm struct {
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
		return q.accountPage(status, accountView{tried: a.name, refused: f})
	}
	q.Said(a.said, 0)
	return q.Redirect("/account")
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
	nameForm = accountForm{"name", []string{"name"}, func(q *Request, f *ui.Form) error {
		return q.Kit.Accounts.SetName(q.Context(), q.Principal, q.Principal.Account.ID, f.Values.Get("name"))
	}, "Saved name"}

	emailForm = accountForm{"email", []string{"email", "current"}, func(q *Request, f *ui.Form) error {
		if err := q.confirm(f); err != nil {
			return err
		}
		return q.Kit.Accounts.SetEmail(q.Context(), q.Principal, q.Principal.Account.ID, f.Values.Get("email"))
	}, "Changed e-mail"}

	passwordForm = accountForm{"password", []string{"email", "old", "new"}, func(q *Request, f *ui.Form) error {
		return q.Kit.Accounts.ChangePassword(q.Context(), q.Principal, f.Values.Get("old"), f.Values.Get("new"))
	}, "Changed password, ended your other sessions"}

	endSessionForm = accountForm{"", []string{"id"}, func(q *Request, f *ui.Form) error {
		id, err := formID(f)
		if err != nil {
			return err
		}
		return q.Kit.Accounts.EndSession(q.Context(), q.Principal, id)
	}, "Ended session"}

	endOthersForm = accountForm{"", nil, func(q *Request, _ *ui.Form) error {
		return q.Kit.Accounts.EndOtherSessions(q.Context(), q.Principal)
	}, "Ended all other sessions"}

	revokeForm = accountForm{"", []string{"id"}, func(q *Request, f *ui.Form) error {
		id, err := formID(f)
		if err != nil {
			return err
		}
		return q.Kit.Accounts.RevokeToken(q.Context(), q.Principal, id)
	}, "Revoked token"}
)

// formID reads the identifier that a button sends.
func formID(f *ui.Form) (ledger.ID, error) {
	id, err := ledger.ParseID(f.Values.Get("id"))
	if err != nil {
		return ledger.ID{}, fault.New(fault.NotFound, "there is nothing with this identifier")
	}
	return id, nil
}

// newToken makes a token and shows its secret on this very answer, the only time.
func (q *Request) newToken() error {
	f, err := q.Form("name", "scope", "days", "current")
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
		return q.accountPage(status, accountView{tried: "token", refused: f})
	}
	return q.accountPage(0, accountView{newToken: secret})
}

// tokenDays are the lives that a token may have.
var tokenDays = map[int]bool{30: true, 90: true, 365: true}

func (q *Request) makeToken(f *ui.Form) (string, error) {
	days, err := strconv.Atoi(f.Values.Get("days"))
	if err != nil || !tokenDays[days] {
		return "", fault.New(fault.Invalid, "a token lasts 30, 90 or 365 days")
	}
	if err := q.confirm(f); err != nil {
		return "", err
	}
	_, secret, err := q.Kit.Accounts.NewToken(q.Context(), q.Principal, access.NewToken{
		Name: f.Values.Get("name"), Scope: access.Scope(f.Values.Get("scope")),
		ExpiresAt: ledger.TimeOf(q.Now().Add(time.Duration(days) * 24 * time.Hour)),
	})
	return secret, err
}

// tokenNote says what a token may and whether it is used: "read, used 4 min ago".
func tokenNote(t access.Token, w ui.Words) string {
	if t.SeenAt == 0 {
		return string(t.Scope) + ", never used"
	}
	return string(t.Scope) + ", used " + w.Ago(t.SeenAt.Go())
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
