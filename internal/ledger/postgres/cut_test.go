package postgres_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

// direction is who sent a message.
type direction int

const (
	fromClient direction = iota
	fromServer
)

func (d direction) String() string { return [...]string{"client", "server"}[d] }

// wire stands between a Store and the server and passes on one message of the protocol
// after the other, until it is told to cut.
type wire struct {
	server string // path of its socket

	mu    sync.Mutex
	from  direction
	left  int // messages from there until the cut; 0: not armed
	after func(net.Conn, net.Conn)
	conns []net.Conn
}

// newWire returns a wire to the database of dsn and the dsn that leads through it.
func newWire(t *testing.T, dsn string) (*wire, string) {
	t.Helper()
	host, rest, _ := strings.Cut(strings.TrimPrefix(dsn, "host="), " ")
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{server: filepath.Join(host, ".s.PGSQL.5432")}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", w.server)
			if err != nil {
				client.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, client, server)
			w.mu.Unlock()
			open.Go(func() { w.pass(client, server, fromClient) })
			open.Go(func() { w.pass(server, client, fromServer) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		w.mu.Lock()
		for _, c := range w.conns {
			c.Close()
		}
		w.mu.Unlock()
		open.Wait()
	})
	return w, "host=" + dir + " " + rest
}

// arm makes the wire break behind the n-th message from there, once.
func (w *wire) arm(from direction, n int, after func(source, target net.Conn)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.from, w.left, w.after = from, n, after
}

// disarm reports whether the wire did not break.
func (w *wire) disarm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	whole := w.left > 0
	w.left = 0
	return whole
}

func cut(source, target net.Conn) { source.Close(); target.Close() }

func (w *wire) pass(source, target net.Conn, from direction) {
	defer cut(source, target)
	first := from == fromClient // the startup message has no type
	for {
		head := make([]byte, 5)
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(source, head); err != nil {
			return
		}
		body := make([]byte, int(binary.BigEndian.Uint32(head[len(head)-4:]))-4)
		if _, err := io.ReadFull(source, body); err != nil {
			return
		}
		first = false
		if _, err := target.Write(append(head, body...)); err != nil {
			return
		}
		w.mu.Lock()
		last := w.left == 1 && w.from == from
		if w.left > 0 && w.from == from {
			w.left--
		}
		after := w.after
		w.mu.Unlock()
		if last {
			after(source, target)
			return
		}
	}
}

// commitOne writes the commit that follows, with the origin, and returns its place.
func commitOne(t *testing.T, s ledger.Store, ws ledger.ID, origin int64) (ledger.Seq, error) {
	t.Helper()
	txn, heads, err := s.Begin(t.Context(), []ledger.ID{ws})
	if err != nil {
		return 0, err
	}
	head := heads[ws]
	head.Seq++
	doc := ledger.Doc{Kind: "thing", Meta: ledger.Meta{ID: ledger.ID{1}, Version: int64(head.Seq)}, JSON: fmt.Appendf(nil, `{"origin": %d}`, origin)}
	return head.Seq, txn.Commit(t.Context(), []ledger.Writes{{
		Workspace: ws, Head: head, Docs: []ledger.Doc{doc}, Blobs: []ledger.Blob{{Hash: "h", Body: []byte("b")}},
		Commits: []ledger.Commit{{
			Workspace: ws, Seq: head.Seq, Verb: "test", Origin: origin,
			Entries: []ledger.Entry{{Op: ledger.OpEdit, Kind: "thing", ID: ledger.ID{1}}},
		}},
	}})
}

func newWorkspace(t *testing.T, s ledger.Store, n byte) ledger.ID {
	t.Helper()
	ws := ledger.ID{9, n}
	if err := s.CreateWorkspace(t.Context(), ledger.WorkspaceRow{ID: ws, Slug: fmt.Sprint("w", n)}); err != nil {
		t.Fatal(err)
	}
	return ws
}

// truth reads what the database holds of a commit: the commit, its document and the head
// stand or fall together.
func truth(t *testing.T, s ledger.Store, ws ledger.ID, at ledger.Seq, origin int64) bool {
	t.Helper()
	var doc []byte
	head, err := s.Load(t.Context(), ws, func(docs []ledger.Doc) error { doc = docs[0].JSON; return nil })
	if err != nil {
		t.Fatal(err)
	}
	there := false
	for c, err := range s.Commits(t.Context(), ws, ledger.CommitQuery{After: at - 1}) {
		if err != nil {
			t.Fatal(err)
		}
		there = there || c.Seq == at && c.Origin == origin && len(c.Entries) == 1
	}
	if there != (head.Seq == at) || there != (string(doc) == fmt.Sprintf(`{"origin": %d}`, origin)) {
		t.Fatalf("half a commit: the commit is there: %v; head at %d, document %s, want %d by %d", there, head.Seq, doc, at, origin)
	}
	return there
}

// TestCutConnection breaks the connection behind each message of a write in turn, COMMIT
// among them. What Outcome tells must be what the database holds, and the next write must
// succeed.
func TestCutConnection(t *testing.T) {
	for _, from := range []direction{fromClient, fromServer} {
		t.Run(from.String(), func(t *testing.T) {
			dsn := pgtest.DSN(t)
			direct := open(t, dsn)
			w, through := newWire(t, dsn)
			s := open(t, through, postgres.WithoutListen())
			ws := newWorkspace(t, s, 1)
			if _, err := commitOne(t, s, ws, 1); err != nil { // prepares the statements
				t.Fatal(err)
			}
			broke := map[string]int{}
			for n := 1; ; n++ {
				time.Sleep(10 * time.Millisecond) // until the notification of the last commit is out
				origin := int64(1000 + n)
				heads, err := direct.Heads(t.Context(), []ledger.ID{ws})
				if err != nil {
					t.Fatal(err)
				}
				at := heads[ws].Seq + 1
				w.arm(from, n, cut)
				_, err = commitOne(t, s, ws, origin)
				whole := w.disarm()
				happened, look := s.Outcome(t.Context(), ws, at, origin)
				if look != nil {
					t.Fatalf("message %d: no outcome: %v", n, look)
				}
				if real := truth(t, direct, ws, at, origin); happened != real {
					t.Fatalf("message %d: the outcome is told as %v and is %v", n, happened, real)
				}
				if err == nil && !happened {
					t.Fatalf("message %d: answered, and did not happen", n)
				}
				for _, wrong := range []error{ledger.ErrData, ledger.ErrFull, ledger.ErrBroken} {
					if errors.Is(err, wrong) {
						t.Fatalf("message %d: a cut is told as %v", n, err)
					}
				}
				broke[fmt.Sprintf("error %v, happened %v", err != nil, happened)]++
				if _, err := commitOne(t, s, ws, 1); err != nil {
					t.Fatalf("message %d: the write after the cut: %v", n, err)
				}
				if whole {
					t.Logf("%d cuts: %v", n-1, broke)
					break
				}
			}
			// Once the server answers, it has the whole of a small write.
			if broke["error true, happened true"] == 0 || from == fromClient && broke["error true, happened false"] == 0 {
				t.Errorf("the cuts missed a case: %v", broke)
			}
		})
	}
}

// TestVanishedNode has a node fall silent in the middle of a transaction, its connections
// open. Its lock is free again before the kernel gives up asking.
func TestVanishedNode(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	w, through := newWire(t, dsn)
	vanishing, other := open(t, through, postgres.WithoutListen()), open(t, dsn)
	ws := newWorkspace(t, other, 1)
	txn, _, err := vanishing.Begin(t.Context(), []ledger.ID{ws})
	if err != nil {
		t.Fatal(err)
	}
	silence := make(chan struct{})
	w.arm(fromServer, 1, func(net.Conn, net.Conn) { <-silence })
	started := time.Now()
	for {
		if _, err = commitOne(t, other, ws, 1); err == nil || time.Since(started) > 20*time.Second {
			break
		}
	}
	took := time.Since(started)
	if err != nil || took > 10*time.Second {
		t.Errorf("the lock was free after %v: %v", took, err)
	}
	t.Logf("the lock was free after %v", took.Round(time.Millisecond))
	close(silence)
	if err := txn.Commit(t.Context(), nil); err == nil {
		t.Error("a transaction that the server ended was committed")
	}
}

// TestCrash stops the server under load, again and again. What was acknowledged is there
// when it is back, what was not is told truly, and the Store goes on by itself.
func TestCrash(t *testing.T) {
	t.Parallel()
	const writers, rounds = 4, 5
	server := pgtest.Server(t)
	s := open(t, server.DSN())
	type writer struct {
		ws           ledger.ID
		acknowledged map[ledger.Seq]int64 // their origins
		at           ledger.Seq           // of the commit that failed; 0: it did not get that far
		origin       int64
	}
	var all []*writer
	for n := range writers {
		all = append(all, &writer{ws: newWorkspace(t, s, byte(n)), acknowledged: map[ledger.Seq]int64{}})
	}
	survived := 0
	for round := range int64(rounds) {
		var running sync.WaitGroup
		for _, w := range all {
			running.Go(func() {
				for n := int64(0); ; n++ {
					origin := round<<32 | n
					at, err := commitOne(t, s, w.ws, origin)
					if err != nil {
						w.at, w.origin = at, origin
						return
					}
					w.acknowledged[at] = origin
				}
			})
		}
		time.Sleep(150 * time.Millisecond)
		server.Stop(t)
		running.Wait()
		server.Start(t)
		for n, w := range all {
			found := map[ledger.Seq]int64{}
			for c, err := range s.Commits(t.Context(), w.ws, ledger.CommitQuery{}) {
				if err != nil {
					t.Fatalf("round %d: the first question after the crash: %v", round, err)
				}
				if found[c.Seq] = c.Origin; int(c.Seq) != len(found) || len(c.Entries) != 1 {
					t.Fatalf("round %d, writer %d: commit %d with %d entries in place %d", round, n, c.Seq, len(c.Entries), len(found))
				}
			}
			for at, origin := range w.acknowledged {
				if found[at] != origin {
					t.Errorf("round %d, writer %d: commit %d was acknowledged and is lost", round, n, at)
				}
			}
			if w.at == 0 {
				continue
			}
			happened, err := s.Outcome(t.Context(), w.ws, w.at, w.origin)
			if origin, there := found[w.at]; err != nil || happened != (there && origin == w.origin) {
				t.Errorf("round %d, writer %d: the outcome of commit %d is told as %v, %v", round, n, w.at, happened, err)
			}
			if happened {
				w.acknowledged[w.at] = w.origin
				survived++
			}
		}
	}
	total := 0
	for _, w := range all {
		total += len(w.acknowledged)
	}
	t.Logf("%d commits over %d crashes, %d of them not acknowledged", total, rounds, survived)
}
