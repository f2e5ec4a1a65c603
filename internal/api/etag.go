package api

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// tag names a body that shows an entity: its version, by which writes are guarded, and
// the hash of the body, because what is shown depends on more than the entity - titles of
// what it links to, computed columns, the reader's rights.
func tag(version int64, body []byte) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, castagnoli))
	sum = binary.BigEndian.AppendUint32(sum, uint32(len(body)))
	return `"` + strconv.FormatInt(version, 10) + "." + base64.RawURLEncoding.EncodeToString(sum) + `"`
}

// castagnoli is computed by the processor itself: pages of a list have tens of kilobytes.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// eachTag yields the entity tags of a header, without W/ and quotes.
func eachTag(header string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for t := range strings.SplitSeq(header, ",") {
			if t = strings.Trim(strings.TrimPrefix(strings.TrimSpace(t), "W/"), `"`); t != "" && !yield(t) {
				return
			}
		}
	}
}

// matches reports whether a header of If-None-Match names the tag.
func matches(header, etag string) bool {
	for t := range eachTag(header) {
		if t == "*" || `"`+t+`"` == etag {
			return true
		}
	}
	return false
}

// expectation makes a write conflict if the entity has none of the versions that the
// header of If-Match names. No header: the last writer wins, field by field.
func (c *call) expectation(r table.Row) []ledger.UpdateOption {
	version := int64(-1) // none that is named: never the newest
	for t := range eachTag(c.R.Header.Get("If-Match")) {
		if t == "*" {
			return nil
		}
		number, _, _ := strings.Cut(t, ".")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			continue
		}
		if version = n; n == r.Version() {
			break
		}
	}
	if c.R.Header.Get("If-Match") == "" {
		return nil
	}
	return []ledger.UpdateOption{ledger.Expect(r.Table().AnyKind(), r.ID(), version)}
}
