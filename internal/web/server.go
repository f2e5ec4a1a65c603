package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Server is what its administrators see of the server. Nothing of it can be changed from a
// page: whoever runs the server decides, by flags, variables and the file.
type Server struct {
	// Facts are what the server is and holds now.
	Facts func(context.Context) ([]Fact, error)
	// Ready returns why the server should get no requests, nil if it should.
	Ready func(context.Context) error
	// Options are all options in force, with secrets masked.
	Options func() []Option
	// MailServer is the address of the mail server, "" for none, and TestMail sends a letter
	// through it or returns what it answered.
	MailServer string
	TestMail   func(ctx context.Context, to string) error
}

// Fact is something the server is or holds: "Database", "SQLite, 12 MB".
type Fact struct{ Name, Value string }

// Option is one option in force and where its value comes from.
type Option struct {
	Name, Value, Origin, Doc string
}

// serverView is a page about the server.
type serverView struct {
	*Server
	facts   []Fact
	ready   error
	to      string
	sent    bool
	failure string // what the mail server answered
}

func (q *Request) serverPage(title string, status int, v serverView, body func(serverView) templ.Component) error {
	v.Server, v.to = q.Kit.Server, q.Principal.Account.Email
	return q.besideWork(Page{Title: title, Status: status}, body(v))
}

func serverState(q *Request) error {
	v := serverView{ready: q.Kit.Server.Ready(q.Context())}
	var err error
	if v.facts, err = q.Kit.Server.Facts(q.Context()); err != nil {
		return err
	}
	return q.serverPage("Server", 0, v, serverStatePage)
}

func serverOptions(q *Request) error {
	return q.serverPage("Options", 0, serverView{}, serverOptionsPage)
}

func serverMail(q *Request) error {
	return q.serverPage("Mail", 0, serverView{sent: q.Query("sent") != ""}, serverMailPage)
}

// mailPatience is how long a mail server may take to answer a test.
const mailPatience = 20 * time.Second

// testMail sends a letter to who asks, and tells what the mail server said.
func testMail(q *Request) error {
	if _, err := q.Form(); err != nil {
		return err
	}
	if q.Kit.Server.MailServer == "" {
		return q.serverPage("Mail", http.StatusConflict, serverView{failure: "no mail server is named"}, serverMailPage)
	}
	ctx, cancel := context.WithTimeout(q.Context(), mailPatience)
	defer cancel()
	if err := q.Kit.Server.TestMail(ctx, q.Principal.Account.Email); err != nil {
		return q.serverPage("Mail", http.StatusBadGateway, serverView{failure: err.Error()}, serverMailPage)
	}
	return q.Redirect("/server/mail?sent=yes")
}

// mailOptions are the options that mail is sent by.
func (v serverView) mailOptions() (all []Option) {
	for _, o := range v.Options() {
		if strings.HasPrefix(o.Name, "smtp-") || o.Name == "public-url" {
			all = append(all, o)
		}
	}
	return all
}

// said is the value with where it comes from.
func (o Option) said() string {
	if o.Value == "" {
		return "not set"
	}
	return o.Value + " (" + o.Origin + ")"
}
