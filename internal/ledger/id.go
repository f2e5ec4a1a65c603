package ledger

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/fnv"
	"sync/atomic"
	"time"
)

// ID identifies a workspace, an entity, an account or a branch. Identifiers made by
// the kernel are UUIDv7 (RFC 9562), so they sort by the time of their making.
type ID [16]byte

// Seq is a position in the journal of one workspace: the number of a commit, from 1
// upwards without a gap. Seq 0 is the empty workspace.
type Seq int64

// Time is a moment in microseconds since 1970-01-01 UTC, the precision of both storage
// engines. In JSON it is an RFC 3339 string.
type Time int64

// TimeOf returns t at the precision of the kernel.
func TimeOf(t time.Time) Time { return Time(t.UnixMicro()) }

// Go returns t as a time.Time in UTC.
func (t Time) Go() time.Time { return time.UnixMicro(int64(t)).UTC() }

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) {
	return t.Go().AppendFormat(nil, "2006-01-02T15:04:05.999999Z"), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Time) UnmarshalText(b []byte) error {
	v, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return err
	}
	*t = TimeOf(v)
	return nil
}

var errID = errors.New("ledger: not an identifier: want 36 characters like 01890a5d-ac96-774b-bcce-b302099a8057")

// ParseID reads the canonical form of 36 characters that String writes.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, errID
	}
	at := 0
	for _, part := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		n, err := hex.Decode(id[at:], []byte(part))
		if err != nil {
			return ID{}, errID
		}
		at += n
	}
	return id, nil
}

// MustID is ParseID for identifiers written in the source; it panics on a wrong one.
func MustID(s string) ID {
	id, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the canonical form of 36 characters.
func (id ID) String() string { b, _ := id.MarshalText(); return string(b) }

// MarshalText implements encoding.TextMarshaler; the zero ID is the empty text.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	b := make([]byte, 36)
	hex.Encode(b, id[:4])
	hex.Encode(b[9:], id[4:6])
	hex.Encode(b[14:], id[6:8])
	hex.Encode(b[19:], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return b, nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	v, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// Value implements driver.Valuer: plain tables keep identifiers as text, the zero ID as
// the empty one.
func (id ID) Value() (driver.Value, error) {
	b, err := id.MarshalText()
	return string(b), err
}

// Scan implements sql.Scanner.
func (id *ID) Scan(from any) error {
	switch v := from.(type) {
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		return id.UnmarshalText(v)
	}
	return errID
}

// less orders identifiers by their bytes, as both storage engines do.
func (id ID) less(o ID) bool {
	a, b := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(o[:8])
	if a != b {
		return a < b
	}
	return binary.BigEndian.Uint64(id[8:]) < binary.BigEndian.Uint64(o[8:])
}

// newID makes a UUIDv7: 48 bits of milliseconds, a counter of 32 bits that keeps the
// identifiers of one transaction ascending, and 42 random bits.
func newID(at Time, counter uint32, random uint64) ID {
	var id ID
	ms := uint64(at) / 1000
	binary.BigEndian.PutUint64(id[:8], ms<<16|0x7000|uint64(counter>>20))
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(counter&0xfffff)<<42|random&(1<<42-1))
	return id
}

// records counts the identifiers that NewID has made.
var records atomic.Uint32

// NewID makes the identifier of a record outside the journal: a UUIDv7 of the given time.
// Those that a process makes for one moment ascend. Entities get theirs from Kind.Create.
func NewID(at Time) ID {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return newID(at, records.Add(1), binary.BigEndian.Uint64(random[:]))
}

// KeyOf turns a text into a key for an Index: its 128-bit FNV-1a hash. Two texts can
// share a key, so a reader of the index compares the text itself.
func KeyOf(s string) ID {
	var id ID
	h := fnv.New128a()
	h.Write([]byte(s))
	h.Sum(id[:0])
	return id
}

// hash is a SHA-256 digest, written as unpadded URL-safe base64 where it is text.
type hash [32]byte

func (h hash) String() string { return base64.RawURLEncoding.EncodeToString(h[:]) }
