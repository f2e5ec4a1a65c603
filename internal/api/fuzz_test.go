package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// FuzzCursor: what is taken as a cursor is one, in the one spelling that it has.
func FuzzCursor(f *testing.F) {
	row := ledger.MustID("0195a000-0000-7000-8000-0000000000aa")
	for _, place := range []int{0, 1, 127, 128, 1 << 20} {
		f.Add(cursor{7, row, place}.String(), uint32(7))
	}
	f.Add("", uint32(0))
	f.Fuzz(func(t *testing.T, text string, query uint32) {
		c, err := parseCursor(text, query)
		if err != nil {
			return
		}
		if c.query != query || c.place < 0 {
			t.Errorf("%q is %+v for query %d", text, c, query)
		}
		if c.String() != text {
			t.Errorf("%q is another spelling of %q", text, c)
		}
	})
}

// FuzzBody: what is taken as JSON means what the standard library says, is not nested
// deeply and has no member twice.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"title":"A","value":{"low":1.5,"likely":2e3},"tags":["a",null,true]}`, `{"a":1,"a":2}`, `{"a":{"b":1},"b":{"b":1}}`, `{`, `{"a":}`, `[]`, `"a"`,
		`{"a":"\ud800"}`, strings.Repeat("[", 20) + strings.Repeat("]", 20), `{} {}`, ` {"a" : -0 } `, `{"a":1e999}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if !utf8.ValidString(body) {
			return
		}
		have, err := decodeBody([]byte(body))
		var want any
		standard := json.Unmarshal([]byte(body), &want)
		if err != nil {
			return
		}
		if standard != nil {
			t.Fatalf("%q is taken, though %v", body, standard)
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%q is read as %v, not %v", body, have, want)
		}
	})
}

// FuzzIfMatch: a tag that we gave always matches itself, whatever stands around it.
func FuzzIfMatch(f *testing.F) {
	f.Add(int64(3), []byte("{}"), `"a", W/"b"`)
	f.Add(int64(0), []byte(""), `*`)
	f.Fuzz(func(t *testing.T, version int64, body []byte, around string) {
		own := tag(version, body)
		if !matches(around+", "+own, own) || !matches("W/"+own+","+around, own) {
			t.Errorf("%s is not found beside %q", own, around)
		}
	})
}
