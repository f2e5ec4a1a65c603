package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// Commit is what one Update, merge, undo or import wrote: one position of the journal.
type Commit struct {
	Workspace ID
	Seq       Seq
	At        Time // max(clock, At of the commit before)
	Actor     Actor
	Verb      string
	Branch    ID    // the proposal or import whose pending changes these are; zero: live
	Merges    ID    // the proposal or import that became live with this commit
	Undoes    Seq   // the commit that this one takes back; 0: none
	Origin    int64 // random per disk commit; settles an unknown outcome
	Salt      [16]byte
	Digest    hash // of the salt and the entries
	Hash      hash // of the digest, the facts above and the hash of the commit before
	Entries   []Entry
}

// Op is what happened to the entity of an entry.
type Op string

// The operations of entries.
const (
	OpCreate Op = "create" // also the return of a deleted entity
	OpEdit   Op = "edit"
	OpDelete Op = "delete"
	OpRebase Op = "rebase" // on a proposal: Old is the live value that was taken as the new base
)

// Entry is the journal's record of one change of one entity.
type Entry struct {
	N       int // place in the commit, from 0
	At      Time
	Op      Op
	Kind    string
	ID      ID
	Actor   ID // who made it, if not the commit's actor: imported history
	Schema  int
	Changes Changes
	// what UpdatedAt and UpdatedBy of the entity were before, so that a past moment
	// needs no other entry
	WasAt Time
	WasBy ID

	text []byte // Changes as JSON, the very bytes that are stored and hashed
}

// Text returns the changes as the JSON that is stored.
func (e *Entry) Text() ([]byte, error) {
	if e.text == nil {
		var err error
		if e.text, err = e.Changes.MarshalJSON(); err != nil {
			return nil, err
		}
	}
	return e.text, nil
}

// SetText gives an entry that is read from storage its changes.
func (e *Entry) SetText(text []byte) error {
	e.text = bytes.Clone(text)
	return e.Changes.parse(e.text)
}

// by returns who made the entry.
func (c *Commit) by(e *Entry) ID {
	if !e.Actor.IsZero() {
		return e.Actor
	}
	return c.Actor.ID
}

// seal computes Digest and Hash, given the hash of the commit before.
func (c *Commit) seal(prev hash) {
	c.Digest = c.digest()
	c.Hash = c.chain(prev)
}

// digest is salted, so that a personal value that was erased from the journal cannot be
// guessed back from the hash that stays.
func (c *Commit) digest() hash {
	h := sha256.New()
	h.Write(c.Salt[:])
	var n [8]byte
	for i := range c.Entries {
		e := &c.Entries[i]
		text, err := e.Text()
		if err != nil {
			return hash{} // no entry that was made from documents
		}
		// every part has a fixed length or is preceded by its own
		for _, v := range []int64{int64(e.N), int64(e.At), int64(e.Schema), int64(e.WasAt), int64(len(e.Op)), int64(len(e.Kind)), int64(len(text))} {
			binary.BigEndian.PutUint64(n[:], uint64(v))
			h.Write(n[:])
		}
		h.Write(e.ID[:])
		h.Write(e.Actor[:])
		h.Write(e.WasBy[:])
		h.Write([]byte(e.Op))
		h.Write([]byte(e.Kind))
		h.Write(text)
	}
	var d hash
	h.Sum(d[:0])
	return d
}

func (c *Commit) chain(prev hash) hash {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(c.Digest[:])
	h.Write(c.Workspace[:])
	h.Write(c.Actor.ID[:])
	h.Write(c.Actor.Via[:])
	h.Write(c.Branch[:])
	h.Write(c.Merges[:])
	var n [8]byte
	for _, v := range []int64{int64(c.Seq), int64(c.At), int64(c.Undoes)} {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	h.Write([]byte(c.Verb))
	var d hash
	h.Sum(d[:0])
	return d
}
