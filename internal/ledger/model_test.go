package ledger_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// This file is a second, naive kernel: maps of JSON folded from the exported journal. It
// shares no code with the first, so that the two can be compared.

// row is an entity as a test compares it.
type row struct {
	kind, id             string
	doc                  string // canonical JSON, without secrets
	version, born        int64
	created, updated     int64 // microseconds
	createdBy, updatedBy string
}

func (r row) String() string {
	return fmt.Sprintf("%s %s v%d born %d made %d by %s changed %d by %s %s", r.kind, r.id, r.version, r.born, r.created, r.createdBy, r.updated, r.updatedBy, r.doc)
}

// dump is a whole workspace: by kind, then in canonical order.
type dump []row

func (d dump) String() string {
	lines := make([]string, len(d))
	for i, r := range d {
		lines[i] = r.String()
	}
	return strings.Join(lines, "\n")
}

func (d dump) byID() map[string]row {
	m := make(map[string]row, len(d))
	for _, r := range d {
		m[r.kind+" "+r.id] = r
	}
	return m
}

// docs is what stands in the workspace regardless of positions, times and versions.
func (d dump) docs() string {
	lines := make([]string, len(d))
	for i, r := range d {
		lines[i] = r.kind + " " + r.id + " " + r.doc
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// differ says where two dumps part.
func differ(got, want dump) string {
	if slices.Equal(got, want) {
		return ""
	}
	for i := range max(len(got), len(want)) {
		var g, w row
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			return fmt.Sprintf("row %d of %d and %d:\n got %s\nwant %s", i, len(got), len(want), g, w)
		}
	}
	panic("unequal dumps of equal rows")
}

// differDocs says where the documents of two dumps part.
func differDocs(got, want dump) string {
	g, w := strings.Split(got.docs(), "\n"), strings.Split(want.docs(), "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("\n got %s\nwant %s", a, b)
		}
	}
	return ""
}

// reader dumps one kind.
type reader struct {
	name string
	all  func(v ledger.View) []ledger.Entity
}

func readerOf[T any](k ledger.Kind[T]) reader {
	return reader{k.Name(), func(v ledger.View) []ledger.Entity {
		var out []ledger.Entity
		for e := range k.All(v) {
			out = append(out, any(e).(ledger.Entity))
		}
		return out
	}}
}

var readers = []reader{
	readerOf(ledger.Proposals), readerOf(lt.Products), readerOf(lt.People), readerOf(lt.Releases), readerOf(lt.Features),
	readerOf(lt.Comments), readerOf(lt.Metrics), readerOf(lt.Hooks), readerOf(lt.Members),
}

// docCache keeps canonical documents of entities, which never change.
type docCache map[ledger.Entity]string

func (c docCache) row(kind string, e ledger.Entity) row {
	doc, ok := c[e]
	if !ok {
		doc = canonical([]byte(lt.Document(e)))
		c[e] = doc
	}
	m := ledger.MetaOf(e)
	return row{
		kind: kind, id: m.ID.String(), doc: doc, version: m.Version, born: int64(m.Born),
		created: int64(m.CreatedAt), updated: int64(m.UpdatedAt), createdBy: m.CreatedBy.String(), updatedBy: m.UpdatedBy.String(),
	}
}

func (c docCache) dump(v ledger.View) dump {
	var d dump
	for _, k := range readers {
		for _, e := range k.all(v) {
			d = append(d, c.row(k.name, e))
		}
	}
	return d
}

// canonical brings a document into one form. Secrets are left out: the journal has none.
func canonical(raw []byte) string {
	var doc map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		panic(fmt.Sprintf("%v in %s", err, raw))
	}
	delete(doc, "token")
	out, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// line and entry are the exported journal as a stranger reads it.
type line struct {
	Seq     int64   `json:"seq"`
	At      string  `json:"at"`
	Actor   string  `json:"actor"`
	Verb    string  `json:"verb"`
	Undoes  int64   `json:"undoes"`
	Entries []entry `json:"entries"`
}

type entry struct {
	N       int                           `json:"n"`
	At      string                        `json:"at"`
	By      string                        `json:"by"`
	Op      string                        `json:"op"`
	Kind    string                        `json:"kind"`
	ID      string                        `json:"id"`
	Changes map[string][2]json.RawMessage `json:"changes"`

	at int64 // microseconds
}

func exported(t testing.TB, l *ledger.Ledger, ws ledger.ID) []line {
	t.Helper()
	var b bytes.Buffer
	if err := l.ExportJournal(t.Context(), ws, &b); err != nil {
		t.Fatal(err)
	}
	return journal(t, b.Bytes())
}

func journal(t testing.TB, raw []byte) []line {
	t.Helper()
	var out []line
	dec := json.NewDecoder(bytes.NewReader(raw))
	for dec.More() {
		var l line
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		for i := range l.Entries {
			l.Entries[i].at = micros(t, l.Entries[i].At)
		}
		out = append(out, l)
	}
	return out
}

func micros(t testing.TB, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMicro()
}

// fold is the workspace after the entries that take accepts.
func fold(t testing.TB, lines []line, take func(line, entry) bool) dump {
	t.Helper()
	type ent struct {
		row
		fields map[string]json.RawMessage
		dead   bool
	}
	all := map[string]*ent{}
	for _, l := range lines {
		for _, e := range l.Entries {
			if !take(l, e) {
				continue
			}
			x := all[e.Kind+" "+e.ID]
			switch e.Op {
			case "create":
				if x == nil {
					x = &ent{row: row{kind: e.Kind, id: e.ID, born: l.Seq, created: e.at, createdBy: e.By}}
					all[e.Kind+" "+e.ID] = x
				} else if !x.dead {
					t.Fatalf("%d creates %s %s, which is there", l.Seq, e.Kind, e.ID)
				}
				x.fields, x.dead = map[string]json.RawMessage{}, false
			case "edit", "delete":
				if x == nil || x.dead {
					t.Fatalf("%d changes %s %s, which is not there", l.Seq, e.Kind, e.ID)
				}
				x.dead = e.Op == "delete"
			default:
				t.Fatalf("%d has the operation %q", l.Seq, e.Op)
			}
			x.version++
			x.updated, x.updatedBy = e.at, e.By
			for name, ch := range e.Changes {
				if e.Op != "delete" || name == "token" {
					was, had := x.fields[name]
					if !had {
						was = json.RawMessage("null")
					}
					if name != "token" && !sameValue(was, ch[0]) {
						t.Fatalf("%d says %s of %s %s was %s, but it was %s", l.Seq, name, e.Kind, e.ID, ch[0], was)
					}
				}
				if string(ch[1]) == "null" {
					delete(x.fields, name)
				} else {
					x.fields[name] = ch[1]
				}
			}
			if x.dead && len(x.fields) > 0 && !(len(x.fields) == 1 && x.fields["token"] != nil) {
				t.Fatalf("%d deletes %s %s, but %v stay", l.Seq, e.Kind, e.ID, x.fields)
			}
		}
	}
	var d dump
	for _, k := range readers {
		var rows dump
		for _, x := range all {
			if x.kind != k.name || x.dead {
				continue
			}
			raw, err := json.Marshal(x.fields)
			if err != nil {
				t.Fatal(err)
			}
			x.doc = canonical(raw)
			rows = append(rows, x.row)
		}
		slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.born, b.born), strings.Compare(a.id, b.id)) })
		d = append(d, rows...)
	}
	return d
}

func sameValue(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return canonical(slices.Concat([]byte(`{"v":`), a, []byte("}"))) == canonical(slices.Concat([]byte(`{"v":`), b, []byte("}")))
}

func upTo(seq ledger.Seq) func(line, entry) bool {
	return func(l line, _ entry) bool { return l.Seq <= int64(seq) }
}

func until(at int64) func(line, entry) bool {
	return func(_ line, e entry) bool { return e.at <= at }
}

// givenKeys checks the human keys of a journal: each given to one entity, and those of
// one prefix from 1 upwards without a gap. It returns the keys of each entity since it
// was last made, which must lead to it for ever.
func givenKeys(t testing.TB, lines []line) map[string][]string {
	t.Helper()
	owner := map[string]string{}
	numbers := map[string][]int{}
	held := map[string][]string{}
	note := func(id, key string) {
		if strings.Contains(key, "~") {
			t.Fatalf("the provisional key %s became live", key)
		}
		switch owner[key] {
		case id:
		case "":
			owner[key] = id
			var n int
			i := strings.LastIndexByte(key, '-')
			if _, err := fmt.Sscan(key[i+1:], &n); err != nil {
				t.Fatal(err)
			}
			numbers[key[:i]] = append(numbers[key[:i]], n)
		default:
			t.Fatalf("key %s was given to %s and %s", key, owner[key], id)
		}
		if !slices.Contains(held[id], key) {
			held[id] = append(held[id], key)
		}
	}
	for _, l := range lines {
		for _, e := range l.Entries {
			if e.Op == "create" {
				held[e.ID] = nil
			}
			for _, name := range []string{"key", "former_keys"} {
				ch, ok := e.Changes[name]
				if !ok || string(ch[1]) == "null" {
					continue
				}
				var keys []string
				if name == "key" {
					keys = make([]string, 1)
					if err := json.Unmarshal(ch[1], &keys[0]); err != nil {
						t.Fatal(err)
					}
				} else if err := json.Unmarshal(ch[1], &keys); err != nil {
					t.Fatal(err)
				}
				for _, k := range keys {
					note(e.ID, k)
				}
			}
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(numbers)) {
		ns := numbers[prefix]
		slices.Sort(ns)
		for i, n := range ns {
			if n != i+1 {
				t.Fatalf("keys of %s are not consecutive: %v", prefix, ns)
			}
		}
	}
	return held
}

// withoutMembers removes members from a canonical document.
func withoutMembers(doc string, names ...string) string {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(doc), &m); err != nil {
		panic(err)
	}
	for _, name := range names {
		delete(m, name)
	}
	out, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return canonical(out)
}

// counts is what became of the pairs of a property test.
type counts struct{ clean, conflict, refused atomic.Int64 }
