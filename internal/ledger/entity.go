package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Meta is what the kernel knows of every entity. A kind's Go type embeds it first:
//
//	type Feature struct {
//		ledger.Meta
//		Title string `json:"title,omitzero"`
//	}
//
// Only the kernel writes it.
type Meta struct {
	ID        ID    `json:"-"`
	Version   int64 `json:"-"` // the number of journal entries that made it what it is, from 1
	Born      Seq   `json:"-"` // the commit that made it live; (Born, ID) is the canonical order
	CreatedAt Time  `json:"-"`
	UpdatedAt Time  `json:"-"`
	CreatedBy ID    `json:"-"`
	UpdatedBy ID    `json:"-"`
	guard           // under the race detector: a hash that shows an edit in place

	// Key is the human key ("FB-42") of a kind declared with Keyed. Things made in a
	// proposal carry a provisional one ("FB-~1") until the merge.
	Key string `json:"key,omitzero"`
	// FormerKeys are keys the entity had before; they lead to it for ever.
	FormerKeys []string `json:"former_keys,omitzero" ledger:"set"`

	rest object // members of the document that this binary does not know
}

func (m *Meta) meta() *Meta { return m }

// Entity is a pointer to a Go type that embeds Meta.
type Entity interface{ meta() *Meta }

// MetaOf returns what the kernel knows of e; it must not be written.
func MetaOf(e Entity) *Meta { return e.meta() }

// tombstone stands in the row of a deleted entity, so that undo and past moments find
// its place in the canonical order.
type tombstone struct{ Meta }

func gone(e Entity) bool {
	if e == nil {
		return true
	}
	_, dead := e.(*tombstone)
	return dead
}

// Ref is a field that points to an entity of the kind its tag names:
//
//	Release ledger.Ref `json:"release,omitzero" kind:"release"`
//	Parent  ledger.Ref `json:"parent,omitzero" kind:"feature,cascade"`
//
// The kernel refuses a reference to nothing. When the target is deleted, the rule
// behind the kind decides: refuse (the default), clear, or cascade. A []Ref may be a
// set; refs may stand in nested structs.
type Ref ID

// ID returns the identifier of the target.
func (r Ref) ID() ID { return ID(r) }

// IsZero reports whether r points to nothing.
func (r Ref) IsZero() bool { return ID(r).IsZero() }

// String returns the canonical form of the target's identifier.
func (r Ref) String() string { return ID(r).String() }

// MarshalText implements encoding.TextMarshaler.
func (r Ref) MarshalText() ([]byte, error) { return ID(r).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Ref) UnmarshalText(b []byte) error { return (*ID)(r).UnmarshalText(b) }

// AnyRef points to an entity of any kind, as a comment does. Its field's tag may give
// the rule for the target's deletion: `kind:"*,cascade"`.
type AnyRef struct {
	Kind string `json:"kind,omitzero"`
	ID   ID     `json:"id,omitzero"`
}

// inlineText is the length in bytes up to which a text stays in its document.
const inlineText = 1024

// TextRef is a text of any length as a field of an entity: up to 1,024 bytes the text
// itself, above that the SHA-256 of its bytes, its length and its first line; the
// bytes then lie in the blob store and are read by Text. Tx.Text makes one.
type TextRef struct {
	text string // the whole text, or the first line of a long one
	hash string // empty, or the base64 of the SHA-256
	size int    // bytes, for long texts
}

// TextOf returns the reference that Tx.Text would make of s, to compare with one that is
// stored. It stores nothing.
func TextOf(s string) TextRef { return newTextRef(s) }

func newTextRef(s string) TextRef {
	if len(s) <= inlineText {
		return TextRef{text: s}
	}
	first, _, _ := strings.Cut(s, "\n")
	if len(first) > 120 {
		first = strings.ToValidUTF8(first[:120], "")
	}
	return TextRef{text: first, hash: hash(sha256.Sum256([]byte(s))).String(), size: len(s)}
}

// IsZero reports whether the text is empty.
func (t TextRef) IsZero() bool { return t == TextRef{} }

// Inline returns the text and true if it is held in the document.
func (t TextRef) Inline() (string, bool) { return t.text, t.hash == "" }

// FirstLine returns the first line, cut at 120 bytes if the text is long.
func (t TextRef) FirstLine() string {
	first, _, _ := strings.Cut(t.text, "\n")
	return first
}

// Len returns the length of the text in bytes.
func (t TextRef) Len() int {
	if t.hash == "" {
		return len(t.text)
	}
	return t.size
}

type longText struct {
	Hash  string `json:"sha256"`
	Size  int    `json:"size"`
	First string `json:"first,omitzero"`
}

// MarshalJSON implements json.Marshaler: a string, or an object for a long text.
func (t TextRef) MarshalJSON() ([]byte, error) {
	if t.hash == "" {
		return marshal(t.text)
	}
	return marshal(longText{t.hash, t.size, t.text})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *TextRef) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		var l longText
		if err := json.Unmarshal(b, &l); err != nil {
			return err
		}
		if raw, err := base64.RawURLEncoding.DecodeString(l.Hash); err != nil || len(raw) != sha256.Size {
			return errors.New("ledger: a long text needs its sha256")
		}
		*t = TextRef{text: l.First, hash: l.Hash, size: l.Size}
		return nil
	}
	*t = TextRef{}
	return json.Unmarshal(b, &t.text)
}

// Secret is a field whose value is stored encrypted and stands in the journal as
// "changed" only. Tx.Seal makes one, Ledger.Reveal opens it. It never prints itself.
type Secret struct{ sealed []byte }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return len(s.sealed) == 0 }

// String hides the value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return "(secret)"
}

// GoString hides the value.
func (s Secret) GoString() string { return s.String() }

// MarshalJSON writes the encrypted form, for the kernel's own documents.
func (s Secret) MarshalJSON() ([]byte, error) { return marshal(s.sealed) }

// UnmarshalJSON reads the encrypted form.
func (s *Secret) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &s.sealed) }

// Actor is who acts: an account or the system, perhaps through something of its own.
type Actor struct {
	ID  ID
	Via ID // the token, rule or agent through which it acts; zero: itself
}

// System is the actor of what happens because time passes or a program starts.
var System = Actor{ID: MustID("00000000-0000-7000-8000-000000000001")}

// String names the actor in logs.
func (a Actor) String() string {
	if a.Via.IsZero() {
		return a.ID.String()
	}
	return fmt.Sprintf("%s by %s", a.ID, a.Via)
}
