package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// sessionCookie is the name of the cookie with the session's secret. With the prefix,
// browsers take it over TLS alone and let no neighbouring host set it.
func (c *connection) sessionCookie() string {
	if c.secure {
		return "__Host-throughline"
	}
	return "throughline"
}

// cookie sets a cookie of this host that scripts do not see; an age of 0 ends with the
// browser, below that at once.
func (q *Request) cookie(name, value, path string, age time.Duration) {
	http.SetCookie(q.W, &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: q.conn.secure, SameSite: http.SameSiteLaxMode,
	})
}

// cookieValue returns what the browser sent, "" for nothing.
func (q *Request) cookieValue(name string) string {
	c, err := q.R.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// sessionAge is how long a browser keeps the cookie; the server ends sessions earlier.
const sessionAge = 90 * 24 * time.Hour

func (q *Request) startSession(secret string) {
	q.cookie(q.conn.sessionCookie(), secret, "/", sessionAge)
}

func (q *Request) endSession() { q.cookie(q.conn.sessionCookie(), "", "/", -time.Second) }

// theme returns the theme the reader chose: "auto", "light" or "dark".
func (q *Request) theme() string {
	switch t := q.cookieValue("theme"); t {
	case "light", "dark":
		return t
	}
	return "auto"
}

// The position of the reader's latest write in a workspace: another node, or this one
// behind it, waits until it has that. Browsers keep it in a cookie; programs send back
// the header that they got.
const (
	positionHeader = "Throughline-Position"
	positionCookie = "position"
	positionAge    = time.Minute
)

// Wrote tells the reader the position of what was written; Update has done so.
func (q *Request) Wrote(seq ledger.Seq) {
	position := strconv.FormatInt(int64(seq), 10)
	q.W.Header().Set(positionHeader, position)
	if q.Principal.Token.IsZero() {
		q.cookie(positionCookie, position, "/w/"+q.Workspace.Slug, positionAge)
	}
}

// position returns the least position that the reader must see.
func (q *Request) position() ledger.Seq {
	text := q.R.Header.Get(positionHeader)
	if text == "" {
		text = q.cookieValue(positionCookie)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return ledger.Seq(n)
}

// said is what the next page says in a toast.
type said struct {
	Text      string
	Workspace string     `json:",omitzero"` // the slug of what can be undone
	Undo      ledger.Seq `json:",omitzero"`
	Take      *taking    `json:",omitzero"` // takes back what is no commit
	Open      string     `json:",omitzero"` // the page of what was made
}

const (
	saidCookie = "said"
	saidAge    = 30 * time.Second
)

// Said makes the next page say what was done, with the verb of the button: "Deferred to
// 4.2". A seq above 0 lets it be undone.
func (q *Request) Said(text string, seq ledger.Seq) { q.SaidOf(text, seq, "") }

// SaidOf is Said with the way to the page of what was made.
func (q *Request) SaidOf(text string, seq ledger.Seq, open string) {
	s := said{Text: text, Open: open}
	if seq > 0 && q.in == nil { // what is pending is taken back in its proposal
		s.Workspace, s.Undo = q.Workspace.Slug, seq
	}
	q.say(s)
}

// say makes the next page say something.
func (q *Request) say(s said) {
	q.toast = &s
	b, err := json.Marshal(s)
	if err != nil {
		return // text and number always fit
	}
	q.cookie(saidCookie, base64.RawURLEncoding.EncodeToString(b), "/", saidAge)
}

// heard returns what an earlier answer wants said, and forgets it.
func (q *Request) heard() *said {
	v := q.cookieValue(saidCookie)
	if v == "" {
		return nil
	}
	q.cookie(saidCookie, "", "/", -time.Second)
	var s said
	b, err := base64.RawURLEncoding.DecodeString(v)
	if err != nil || json.Unmarshal(b, &s) != nil || s.Text == "" {
		return nil
	}
	return &s
}
