//go:build linux

package torturetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

// renew is the number of rounds after which a new database is taken, so that the audits
// stay short.
const renew = 5

// fresh makes the world in a new database.
func fresh(t testing.TB, dsn string) {
	t.Helper()
	l := open(t, dsn, 0)
	if _, err := create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// killer runs rounds in which a child is killed among its writes, each on what the one
// before left, and an audit after each.
type killer struct {
	t      *testing.T
	fresh  func(n int) string // makes a database
	during func(round int, c *child)
	chance *rand.Rand

	dsn     string
	said    []line
	rounds  int
	acks    int
	imports int
	merges  int
	slowest time.Duration // from the start of a child to its first acknowledgement
}

func (k *killer) round() {
	k.t.Helper()
	if k.rounds%renew == 0 {
		k.dsn = k.fresh(k.rounds / renew)
		k.said = nil
		fresh(k.t, k.dsn)
	}
	began := time.Now()
	later := time.Duration(k.rounds+1) * 2 * time.Minute
	c := start(k.t, job{
		Role: "write", DSN: k.dsn, Name: fmt.Sprintf("r%d", k.rounds), Writers: 8, Later: later,
		Imports: k.rounds%2 == 0, Proposals: k.rounds%3 == 0,
	})
	c.await(k.t, 0, 30*time.Second)
	k.slowest = max(k.slowest, time.Since(began))
	time.Sleep(time.Duration(k.chance.IntN(either(300, 1000))) * time.Millisecond)
	if k.during != nil {
		k.during(k.rounds, c)
	}
	c.kill()
	k.said = append(k.said, c.said()...)
	k.acks += count(c.said(), "ack")
	k.imports += count(c.said(), "import")
	k.merges += count(c.said(), "merge")
	k.rounds++
	// the next opening comes when the leases of the dead child have run out
	audit(k.t, k.dsn, later+time.Minute).compare(k.t, k.said)
	if k.t.Failed() {
		k.t.Fatalf("in round %d", k.rounds)
	}
}

func (k *killer) report() {
	k.t.Logf("%d rounds: %d acknowledged writes, %d imports, %d merges, none lost, none by half; %v at most from a start to the first acknowledgement",
		k.rounds, k.acks, k.imports, k.merges, k.slowest.Round(time.Millisecond))
}

func newChance(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestKilledOnSQLite(t *testing.T) {
	dir := t.TempDir()
	k := &killer{t: t, chance: newChance(t), fresh: func(n int) string {
		os.RemoveAll(filepath.Join(dir, fmt.Sprint(n-1)))
		return filepath.Join(dir, fmt.Sprint(n), "ledger.db")
	}}
	for range either(25, 500) {
		k.round()
	}
	k.report()
}

// database makes a database on a server.
func database(t testing.TB, server *pgtest.Instance, name string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(server.DSN(), "dbname=postgres", "dbname="+name, 1)
}

// TestKilledOnPostgreSQL kills the writing process, and in each third round first the
// server, which comes back while the process goes on.
func TestKilledOnPostgreSQL(t *testing.T) {
	server := pgtest.Server(t)
	restarts := 0
	k := &killer{t: t, chance: newChance(t), fresh: func(n int) string {
		return database(t, server, fmt.Sprintf("k%d", n))
	}}
	k.during = func(round int, c *child) {
		if round%3 != 1 {
			return
		}
		server.Stop(t)
		server.Start(t)
		restarts++
		c.await(t, count(c.said(), "ack")+50, 30*time.Second)
	}
	for range either(10, 200) {
		k.round()
	}
	k.report()
	t.Logf("the server was stopped %d times", restarts)
}
