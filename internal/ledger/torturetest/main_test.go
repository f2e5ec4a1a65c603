//go:build linux

package torturetest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
)

// torture lifts the limits that keep the tests short.
var torture = os.Getenv("THROUGHLINE_TORTURE") != ""

// either returns how many rounds to run: in CI, or under torture.
func either(ci, long int) int { return rounds(ci, ci, long) }

// rounds is either with a number of its own for CI under the race detector.
func rounds(ci, race, long int) int {
	switch {
	case torture:
		return long
	case raced:
		return race
	}
	return ci
}

const jobVariable = "THROUGHLINE_TORTURE_JOB"

func TestMain(m *testing.M) {
	if text := os.Getenv(jobVariable); text != "" {
		if err := obey(text); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// job is what a child process is to do.
type job struct {
	Role      string // see obey
	DSN       string // of PostgreSQL, or the path of an SQLite file
	Name      string // begins the titles of what the child makes
	Writers   int
	Writes    int           // of each writer; 0: until killed
	Every     time.Duration // pause between the writes of a writer
	Later     time.Duration // how far the child's clock is ahead
	Imports   bool
	Proposals bool
	Sabotage  bool // hands a listener on its writes and syncs to the parent; see sabotage_test.go
}

func obey(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	if j.Sabotage {
		if err := exposeSyscalls(); err != nil {
			return fmt.Errorf("seccomp: %w", err)
		}
	}
	switch j.Role {
	case "write":
		return j.write()
	case "node":
		return j.node()
	case "scenario":
		return j.scenario(steps)
	case "bulk":
		return j.scenario(bulkSteps)
	}
	return fmt.Errorf("no role %q", j.Role)
}

// line is what a child tells its parent, one JSON object a line. It is written after the
// call that it is about has returned.
type line struct {
	Kind   string     `json:"kind"`             // "ack", "import", "merge", "err", "phase", "state"
	Writer string     `json:"writer,omitempty"` // begins the title
	N      int        `json:"n,omitempty"`
	ID     ledger.ID  `json:"id,omitzero"`
	Seq    ledger.Seq `json:"seq,omitempty"`
	Key    string     `json:"key,omitempty"`
	Text   string     `json:"text,omitempty"`
	// Unsure: the error says that the outcome is not known.
	Unsure bool `json:"unsure,omitempty"`
	// Took is the longest wait of this writer so far, in milliseconds.
	Took float64 `json:"took,omitempty"`
}

func (l line) title() string { return fmt.Sprintf("%s/%d", l.Writer, l.N) }

var stdout sync.Mutex

// say is one write to the pipe, which is shorter than what a pipe takes at once.
func say(l line) {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	stdout.Lock()
	defer stdout.Unlock()
	os.Stdout.Write(append(b, '\n'))
}

// child is a running process and what it has said.
type child struct {
	job   job
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []line
	news  chan struct{} // capacity 1
	ended chan struct{}
	err   error
	fault strings.Builder
}

// start runs a child; prepare may change how.
func start(t testing.TB, j job, prepare ...func(*exec.Cmd)) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{job: j, cmd: exec.Command(self), news: make(chan struct{}, 1), ended: make(chan struct{})}
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stderr = &c.fault
	for _, f := range prepare {
		f(c.cmd)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", c.cmd.Args, err)
	}
	go c.listen(out)
	t.Cleanup(c.kill)
	return c
}

func (c *child) listen(out io.Reader) {
	defer close(c.ended)
	for s := bufio.NewScanner(out); s.Scan(); {
		var l line
		if json.Unmarshal(s.Bytes(), &l) != nil {
			continue // cut by a kill
		}
		c.mu.Lock()
		c.lines = append(c.lines, l)
		c.mu.Unlock()
		select {
		case c.news <- struct{}{}:
		default:
		}
	}
	c.err = c.cmd.Wait()
}

// stdin is for start.
func stdin(r *os.File) func(*exec.Cmd) { return func(cmd *exec.Cmd) { cmd.Stdin = r } }

// kill ends the child at once; what it said before stands in said.
func (c *child) kill() {
	c.cmd.Process.Kill()
	<-c.ended
}

// said returns what the child has said so far.
func (c *child) said() []line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[:len(c.lines):len(c.lines)]
}

func count(lines []line, kind string) (n int) {
	for _, l := range lines {
		if l.Kind == kind {
			n++
		}
	}
	return n
}

// await waits until the child has given more than n acknowledgements.
func (c *child) await(t testing.TB, n int, patience time.Duration) {
	t.Helper()
	late := time.After(patience)
	for count(c.said(), "ack") <= n {
		select {
		case <-c.news:
		case <-c.ended:
			t.Fatalf("the child ended after %d acknowledgements: %v\n%s", count(c.said(), "ack"), c.err, c.fault.String())
		case <-late:
			t.Fatalf("the child has given %d acknowledgements in %v; it said %v", count(c.said(), "ack"), patience, last(c.said(), 5))
		}
	}
}

// phase waits until the child says that it has come to a phase.
func (c *child) phase(t testing.TB, text string) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for !slices.ContainsFunc(c.said(), func(l line) bool { return l.Kind == "phase" && l.Text == text }) {
		select {
		case <-c.news:
		case <-c.ended:
			t.Fatalf("the child ended before it was %s: %v\n%s", text, c.err, c.fault.String())
		case <-late:
			t.Fatalf("the child is not %s; it said %v", text, last(c.said(), 5))
		}
	}
}

// finish waits until the child has done its job.
func (c *child) finish(t testing.TB, patience time.Duration) {
	t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		t.Fatalf("the child does not end; it said %v", last(c.said(), 5))
	}
	if c.err != nil {
		t.Fatalf("child: %v\n%s", c.err, c.fault.String())
	}
}

func last(lines []line, n int) []line { return lines[max(0, len(lines)-n):] }

// openStore opens the database behind a DSN of PostgreSQL or a path.
func openStore(ctx context.Context, dsn string) (ledger.Store, error) {
	if isPostgres(dsn) {
		return postgres.Open(ctx, dsn)
	}
	return sqlite.Open(ctx, dsn)
}

func isPostgres(dsn string) bool { return strings.HasPrefix(dsn, "host=") }

// openLedger is ledgertest.Open for children, which have no testing.TB.
func openLedger(ctx context.Context, store ledger.Store, later time.Duration) (*ledger.Ledger, error) {
	return ledger.Open(ctx, store, options(later))
}

func options(later time.Duration) ledger.Options {
	return ledger.Options{
		Registry: lt.Registry(), Policy: lt.AllowAll{}, SecretKey: []byte("a key for tests"),
		Clock: func() time.Time { return time.Now().Add(later) },
		Log:   slog.New(slog.NewTextHandler(io.Discard, nil)),
		Stuck: time.Minute,
	}
}

// open opens the ledger in this process; the test closes it.
func open(t testing.TB, dsn string, later time.Duration) *ledger.Ledger {
	t.Helper()
	store, err := openStore(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return lt.Open(t, store, options(later))
}
