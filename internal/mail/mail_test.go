package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
)

// server is a mail server that keeps what it gets.
type server struct {
	addr  string
	roots *x509.CertPool

	mu      sync.Mutex
	letters []letter
	users   []string
}

type letter struct {
	from, to string
	data     string
	secure   bool
}

// session is one connection to the server.
type session struct {
	s      *server
	conn   *smtp.Conn
	letter letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "right" {
			return errors.New("wrong password")
		}
		s.s.mu.Lock()
		defer s.s.mu.Unlock()
		s.s.users = append(s.s.users, user)
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	_, secure := s.conn.TLSConnectionState()
	s.letter = letter{from: from, secure: secure}
	return nil
}
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.letter.to += to; return nil }
func (s *session) Reset()                                    {}
func (s *session) Logout() error                             { return nil }
func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.letter.data = string(b)
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.letters = append(s.s.letters, s.letter)
	return err
}

// serve starts a mail server with its own certificate for 127.0.0.1.
func serve(t *testing.T, how Security) *server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{roots: x509.NewCertPool()}
	s.roots.AddCert(cert)
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{s: s, conn: c}, nil }))
	srv.Domain = "localhost"
	srv.ErrorLog = log.New(io.Discard, "", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().String()
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	switch how {
	case StartTLS:
		srv.TLSConfig = config
	case TLS:
		listener = tls.NewListener(listener, config)
	}
	go srv.Serve(listener)
	t.Cleanup(func() { srv.Close() })
	return s
}

func (s *server) got(t *testing.T) []letter {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.letters
}

func sender(t *testing.T, s *server, c Config) *SMTP {
	t.Helper()
	c.Addr = s.addr
	if c.From == "" {
		c.From = "Throughline <pm@example.com>"
	}
	smtp, err := NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	smtp.roots = s.roots
	return smtp
}

var hello = Message{To: "ann@example.com", Subject: "Grüße", Text: "Hello Ann ✓\n", HTML: "<p>Hello Ann ✓</p>"}

// parts returns the bodies of a letter by their types, and its headers.
func parts(t *testing.T, data string) (mail.Header, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	found := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m.Header, found
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		if p.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(p)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		found[kind] = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
}

func TestSend(t *testing.T) {
	for _, how := range []Security{StartTLS, TLS, None} {
		t.Run(string(how), func(t *testing.T) {
			s := serve(t, how)
			c, users := Config{Security: how}, []string(nil)
			if how != None {
				c.User, c.Password, users = "pm", "right", []string{"pm"}
			}
			m := sender(t, s, c)
			if err := m.Send(t.Context(), hello); err != nil {
				t.Fatal(err)
			}
			all := s.got(t)
			if len(all) != 1 || all[0].from != "pm@example.com" || all[0].to != "ann@example.com" || all[0].secure != (how != None) {
				t.Fatalf("%+v", all)
			}
			if !slices.Equal(s.users, users) {
				t.Errorf("signed in: %v", s.users)
			}
			head, bodies := parts(t, all[0].data)
			subject, err := new(mime.WordDecoder).DecodeHeader(head.Get("Subject"))
			if err != nil || subject != hello.Subject {
				t.Errorf("subject %q, %v", subject, err)
			}
			if head.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(head.Get("Message-ID"), "@example.com>") {
				t.Errorf("headers %v", head)
			}
			if bodies["text/plain"] != hello.Text || strings.TrimSpace(bodies["text/html"]) != hello.HTML {
				t.Errorf("%q", bodies)
			}
		})
	}
}

// TestSendRefuses: no connection that others read, no server that is not the one named, no
// silence about a wrong password.
func TestSendRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		server Security
		config Config
		roots  bool
	}{
		"a server without encryption":        {None, Config{Security: StartTLS}, true},
		"a certificate nobody vouches for":   {StartTLS, Config{Security: StartTLS}, false},
		"the same from the first byte":       {TLS, Config{Security: TLS}, false},
		"a wrong password":                   {StartTLS, Config{Security: StartTLS, User: "pm", Password: "wrong"}, true},
		"encryption the server does not use": {None, Config{Security: TLS}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.server)
			m := sender(t, s, c.config)
			if !c.roots {
				m.roots = x509.NewCertPool()
			}
			if err := m.Send(t.Context(), hello); err == nil {
				t.Error("is sent")
			}
			if all := s.got(t); len(all) > 0 {
				t.Errorf("the server has %+v", all)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sender(t, serve(t, None), Config{Security: None}).Send(ctx, hello); err == nil {
		t.Error("is sent after the end of its context")
	}
}

// TestNoHeaderIsAdded: what people choose begins no header of its own.
func TestNoHeaderIsAdded(t *testing.T) {
	s := serve(t, None)
	m := sender(t, s, Config{Security: None})
	for _, end := range []string{"\r\nBcc: eve@example.com", "\nBcc: eve@example.com", "\rBcc: eve@example.com", "\x00", "\u0085Bcc: eve@example.com"} {
		for _, bad := range []Message{
			{To: hello.To + end, Subject: "x", Text: "x"},
			{To: hello.To, Subject: "x" + end, Text: "x"},
			{To: "Ann" + end + " <ann@example.com>", Subject: "x", Text: "x"},
		} {
			if err := m.Send(t.Context(), bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if _, err := NewSMTP(Config{Addr: s.addr, From: "pm@example.com" + end, Security: None}); !fault.Is(err, fault.Invalid) {
			t.Errorf("from %q: %v", end, err)
		}
	}
	if all := s.got(t); len(all) > 0 {
		t.Errorf("sent: %+v", all)
	}
	// a letter with such names is sent, in lines of ours
	evil := "Eve\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>"
	if err := (Letters{m}).SendInvitation(t.Context(), access.InvitationLetter{
		To: "ann@example.com", By: evil, Workspace: evil, Link: "https://pm.example.com/invite/tli_x", Until: time.Unix(0, 0),
	}); err != nil {
		t.Fatal(err)
	}
	head, bodies := parts(t, s.got(t)[0].data)
	if head.Get("Bcc") != "" || s.got(t)[0].to != "ann@example.com" {
		t.Errorf("a header was added: %v", head)
	}
	if strings.Contains(bodies["text/html"], "<script>") || strings.Contains(bodies["text/plain"], "\nBcc") {
		t.Errorf("%s", bodies)
	}
}

func TestLetters(t *testing.T) {
	s := serve(t, None)
	l := Letters{sender(t, s, Config{Security: None})}
	until := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	const invite, reset = "https://pm.example.com/invite/tli_abc", "https://pm.example.com/reset/tlr_abc"
	if err := l.SendInvitation(t.Context(), access.InvitationLetter{To: "bob@example.com", By: "Ann", Workspace: "Fieldbook", Link: invite, Until: until}); err != nil {
		t.Fatal(err)
	}
	if err := l.SendReset(t.Context(), access.ResetLetter{To: "bob@example.com", Name: "Bob", Link: reset, Until: until}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ subject, link, says string }{
		{"Ann invites you to Fieldbook", invite, "9 March 2026, 12:00 UTC"},
		{"A new password for Throughline", reset, "Hello Bob,"},
	} {
		head, bodies := parts(t, s.got(t)[i].data)
		if head.Get("Subject") != want.subject {
			t.Errorf("subject %q", head.Get("Subject"))
		}
		if !strings.Contains(bodies["text/plain"], "    "+want.link+"\n") || !strings.Contains(bodies["text/html"], `href="`+want.link+`"`) {
			t.Errorf("the link is missing: %q", bodies)
		}
		for kind, body := range bodies {
			if !strings.Contains(body, want.says) {
				t.Errorf("%s does not say %q: %s", kind, want.says, body)
			}
		}
	}
}

func TestNewSMTP(t *testing.T) {
	good := Config{Addr: "mail.example.com:587", From: "pm@example.com", Security: StartTLS}
	if _, err := NewSMTP(good); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Config){
		"addr":     func(c *Config) { c.Addr = "mail.example.com" },
		"from":     func(c *Config) { c.From = "nobody" },
		"security": func(c *Config) { c.Security = "ssl" },
		"user":     func(c *Config) { c.User = "pm" },
		"password": func(c *Config) { c.User, c.Password, c.Security = "pm", "right", None },
	} {
		c := good
		spoil(&c)
		var e *fault.Error
		if _, err := NewSMTP(c); !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
