// Package mail sends letters by SMTP: a message in plain text and simple HTML to one
// address, and the letters that carry links of package access.
package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Message is a letter to one address.
type Message struct {
	To      string
	Subject string // one line
	Text    string // the letter for those who read plain text
	HTML    string // the same for the others; "": plain text alone
}

// Sender sends letters.
type Sender interface {
	// Send hands the letter to the mail server, or returns why that was not possible.
	Send(ctx context.Context, m Message) error
}

// Security is how the connection to the mail server is kept from others.
type Security string

// The ways to secure a connection. None is for a server on the same machine.
const (
	StartTLS Security = "starttls" // encrypted after a greeting, or not used
	TLS      Security = "tls"      // encrypted from the first byte
	None     Security = "none"
)

// Config says which mail server is used.
type Config struct {
	Addr           string // HOST:PORT
	User, Password string // "": the server asks for none
	From           string // an address, or a name with an address in angle brackets
	Security       Security
}

// SMTP is a Sender by a mail server. Each letter takes a connection of its own.
type SMTP struct {
	config Config
	host   string
	port   int
	from   *mail.Address
	roots  *x509.CertPool // nil: the system's
}

// NewSMTP returns a sender; it does not connect. Errors: Invalid.
func NewSMTP(c Config) (*SMTP, error) {
	var f fault.Fields
	s := &SMTP{config: c}
	host, port, err := net.SplitHostPort(c.Addr)
	if err == nil {
		s.host = host
		s.port, err = strconv.Atoi(port)
	}
	if err != nil || s.host == "" || s.port < 1 || s.port > 65535 {
		f.Add("addr", "name the mail server as HOST:PORT")
	}
	if s.from, err = mail.ParseAddress(c.From); err != nil || !oneLine(c.From) {
		f.Add("from", "write the address that mail comes from")
	}
	if c.Security != StartTLS && c.Security != TLS && c.Security != None {
		f.Add("security", "choose starttls, tls or none")
	}
	if (c.User == "") != (c.Password == "") {
		f.Add("user", "give both user and password, or neither")
	}
	if c.Password != "" && c.Security == None {
		f.Add("password", "is not sent over a connection that others can read; choose starttls or tls")
	}
	return s, f.Err()
}

// Send implements Sender. What would add a header is Invalid.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	var f fault.Fields
	to, err := mail.ParseAddress(m.To)
	if err != nil || !oneLine(m.To) {
		f.Add("to", "is no address")
	}
	if !oneLine(m.Subject) {
		f.Add("subject", "is more than one line")
	}
	if err := f.Err(); err != nil {
		return err
	}
	letter := gomail.NewMsg()
	letter.FromMailAddress(s.from)
	letter.ToMailAddress(to)
	letter.Subject(m.Subject)
	letter.SetDate()
	letter.SetMessageIDWithValue(messageID(s.from.Address))
	// answering machines stay silent (RFC 3834)
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		letter.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	client, err := s.client()
	if err == nil {
		err = client.DialAndSendWithContext(ctx, letter)
	}
	if err != nil {
		return fmt.Errorf("send mail through %s: %w", s.config.Addr, err)
	}
	return nil
}

func (s *SMTP) client() (*gomail.Client, error) {
	opts := []gomail.Option{
		gomail.WithPort(s.port),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}),
	}
	switch s.config.Security {
	case StartTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLS:
		opts = append(opts, gomail.WithSSL())
	case None:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.config.User != "" {
		// among what the server offers, nothing that shows the password to the line
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(s.config.User), gomail.WithPassword(s.config.Password))
	}
	return gomail.NewClient(s.host, opts...)
}

// oneLine reports whether s may stand in a header.
func oneLine(s string) bool { return !strings.ContainsFunc(s, unicode.IsControl) }

// messageID makes the identifier of a letter, in the domain that it comes from.
func messageID(from string) string {
	_, domain, _ := strings.Cut(from, "@")
	return rand.Text() + "@" + domain
}
