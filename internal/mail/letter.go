package mail

import (
	"context"
	"html/template"
	"strings"
	text "text/template"
	"time"
	"unicode"

	"github.com/throughline-pm/throughline/internal/access"
)

// Letters writes the letters of package access; it is its Mailer.
type Letters struct{ Sender Sender }

var _ access.Mailer = Letters{}

// SendInvitation implements access.Mailer.
func (l Letters) SendInvitation(ctx context.Context, i access.InvitationLetter) error {
	return l.send(ctx, i.To, i.By+" invites you to "+i.Workspace, page{
		Greeting: "Hello,",
		Lines: []string{
			i.By + " invites you to work on " + i.Workspace + " in Throughline, where the plans of its products are kept.",
			"This link lets you in. It works once, for you alone, until " + moment(i.Until) + ":",
		},
		Link: i.Link, Label: "Accept the invitation",
		End: "If you do not expect this, ignore it, and nothing happens.",
	})
}

// SendReset implements access.Mailer.
func (l Letters) SendReset(ctx context.Context, r access.ResetLetter) error {
	return l.send(ctx, r.To, "A new password for Throughline", page{
		Greeting: "Hello " + r.Name + ",",
		Lines: []string{
			"somebody, probably you, has asked for a new password for your account in Throughline.",
			"This link lets you choose one. It works once, until " + moment(r.Until) + ":",
		},
		Link: r.Link, Label: "Choose a new password",
		End: "If it was not you, ignore this letter: your password stays as it is.",
	})
}

// SendTest sends a letter that says that mail works.
func (l Letters) SendTest(ctx context.Context, to, link string) error {
	return l.send(ctx, to, "Mail from Throughline works", page{
		Greeting: "Hello,",
		Lines:    []string{"this letter was asked for on the page of the mail server. That you read it says that mail works."},
		Link:     link, Label: "Open Throughline",
		End: "Nothing needs to be done.",
	})
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// page is what a letter says.
type page struct {
	Subject     string
	Greeting    string
	Lines       []string
	Link, Label string
	End         string
}

var (
	plain = text.Must(text.New("plain").Parse(`{{.Greeting}}

{{range .Lines}}{{.}}

{{end}}    {{.Link}}

{{.End}}
`))
	rich = template.Must(template.New("rich").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body>
<p>{{.Greeting}}</p>
{{range .Lines}}<p>{{.}}</p>
{{end}}<p><a href="{{.Link}}">{{.Label}}</a></p>
<p>{{.Link}}</p>
<p>{{.End}}</p>
</body>
</html>
`))
)

func (l Letters) send(ctx context.Context, to, subject string, p page) error {
	p.Subject, p.Greeting = line(subject), line(p.Greeting)
	for i := range p.Lines {
		p.Lines[i] = line(p.Lines[i])
	}
	var asText, asHTML strings.Builder
	if err := plain.Execute(&asText, p); err != nil {
		return err
	}
	if err := rich.Execute(&asHTML, p); err != nil {
		return err
	}
	return l.Sender.Send(ctx, Message{To: to, Subject: p.Subject, Text: asText.String(), HTML: asHTML.String()})
}

// line makes one line of what may hold the name of a person or a workspace: names do not
// begin lines or headers of their own.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
