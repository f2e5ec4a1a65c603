package api

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/fnv"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// cursor is how far a reader has come in a list: behind a row that stood at a place. It
// belongs to one query, since places mean nothing in another order.
type cursor struct {
	query uint32
	row   ledger.ID
	place int
}

var errCursor = errors.New("is no cursor of this list; take the one that the last page gave as next, with the same filter, q, sort and group")

// String returns the form in which a reader holds it.
func (c cursor) String() string {
	b := binary.BigEndian.AppendUint32(nil, c.query)
	b = append(b, c.row[:]...)
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(b, uint64(c.place)))
}

func parseCursor(text string, query uint32) (c cursor, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 4+len(c.row)+1 {
		return c, errCursor
	}
	c.query = binary.BigEndian.Uint32(b)
	b = b[4+copy(c.row[:], b[4:]):]
	place, n := binary.Uvarint(b)
	if n != len(b) || place > 1<<31 || c.query != query {
		return c, errCursor
	}
	if c.place = int(place); c.String() != text {
		return c, errCursor
	}
	return c, nil
}

// queryHash names a list of a table in cursors.
func queryHash(name string, q table.Query) uint32 {
	q.Columns = nil
	h := fnv.New32a()
	h.Write([]byte(name + "?" + q.Values().Encode()))
	return h.Sum32()
}
