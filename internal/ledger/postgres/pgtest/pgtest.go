// Package pgtest gives tests a PostgreSQL server of their own: the real one, started from
// the installed programs on a new data directory, reached through a unix socket, and gone
// with the test binary even if that is killed.
//
// Most tests want a database: DSN. Tests of crashes and networks want a server that they
// can stop: Server.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// shared is the server of this test binary, without durability, which its databases do
// not need. It is started by the first test that asks.
var (
	shared = sync.OnceValues(func() (*Instance, error) {
		i, err := create(memory())
		if err != nil {
			return nil, err
		}
		i.settings = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=64MB", "max_connections=300"}
		return i, i.start()
	})
	databases atomic.Int64
)

// DSN returns the connection string of a new, empty database, which is dropped when the
// test ends. Without PostgreSQL the test fails.
func DSN(t testing.TB) string {
	t.Helper()
	i, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	name := "t" + strconv.FormatInt(databases.Add(1), 10)
	run(t, i, "CREATE DATABASE "+name+" STRATEGY file_copy")
	t.Cleanup(func() { run(t, i, "DROP DATABASE "+name+" WITH (FORCE)") })
	return i.database(name)
}

func run(t testing.TB, i *Instance, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, i.DSN())
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("pgtest: %s: %v", sql, err)
	}
}

// Option changes how Server starts a server.
type Option func(*Instance) error

// TCP makes the server listen on a port of the loopback interface too.
func TCP() Option {
	return func(i *Instance) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		i.tcp = true
		i.port = l.Addr().(*net.TCPAddr).Port
		return l.Close()
	}
}

// Setting sets a parameter of the server.
func Setting(name, value string) Option {
	return func(i *Instance) error {
		i.settings = append(i.settings, name+"="+value)
		return nil
	}
}

// Server starts a server for this test alone, with the durability of a real one, so that
// it may be stopped like one that crashes.
func Server(t testing.TB, opts ...Option) *Instance {
	t.Helper()
	i, err := create("")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range opts {
		if err := o(i); err != nil {
			t.Fatalf("pgtest: %v", err)
		}
	}
	t.Cleanup(func() {
		i.halt()
		os.RemoveAll(i.dir)
	})
	i.Start(t)
	return i
}

// Instance is a server with a data directory.
type Instance struct {
	bin      string
	dir      string // holds data, the socket and the log
	owner    *syscall.Credential
	settings []string
	tcp      bool
	port     int

	keeper *exec.Cmd // nil: stopped
	leash  io.Closer
}

// DSN returns the connection string of the database postgres, by the socket.
func (i *Instance) DSN() string { return i.database("postgres") }

func (i *Instance) database(name string) string {
	return fmt.Sprintf("host=%s port=%d user=postgres dbname=%s", i.dir, i.port, name)
}

// Addr returns the address of a server started with TCP.
func (i *Instance) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(i.port)) }

// Stop ends the server at once, without a checkpoint, as a crash would. Committed
// transactions come back with the next Start.
func (i *Instance) Stop(t testing.TB) {
	t.Helper()
	if err := i.halt(); err != nil {
		t.Fatal(err)
	}
}

// Start starts the server again and waits until it takes connections.
func (i *Instance) Start(t testing.TB) {
	t.Helper()
	if err := i.start(); err != nil {
		t.Fatal(err)
	}
}

var errMissing = errors.New("pgtest: the PostgreSQL server (programs initdb and postgres) is not installed: run `make deps`")

// programs returns the folder of the newest installed server.
func programs() (string, error) {
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb", "/usr/libexec/postgresql*/initdb"} {
		names, _ := filepath.Glob(pattern)
		found = append(found, names...)
	}
	slices.SortFunc(found, func(a, b string) int { return release(b) - release(a) })
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	for _, initdb := range found {
		bin := filepath.Dir(initdb)
		if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
			return bin, nil
		}
	}
	return "", errMissing
}

// release returns the number in a path, 0 if there is none.
func release(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0])
	return n
}

// longestSocket is what the path of a unix socket may have, less the name of the server's.
const longestSocket = 107 - len("/.s.PGSQL.65535.lock")

// memory returns a folder in memory, where a database is made in a twentieth of the time
// that some disks take, or the usual one where there is no room.
func memory() string {
	const folder, room = "/dev/shm", 1 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return ""
	}
	return folder
}

// create makes the data directory below parent. The server refuses to run as root, so root's tests
// hand it to another user, who must be able to enter the directory: not below
// testing.TB.TempDir, which is closed to others.
func create(parent string) (*Instance, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, "pg")
	if err == nil && len(dir) > longestSocket {
		os.Remove(dir)
		dir, err = os.MkdirTemp("/tmp", "pg")
	}
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	i := &Instance{bin: bin, dir: dir, port: 5432}
	if os.Getuid() == 0 {
		if i.owner, err = unprivileged(); err == nil {
			err = os.Chown(dir, int(i.owner.Uid), int(i.owner.Gid))
		}
		if err != nil {
			return nil, fmt.Errorf("pgtest: %w", err)
		}
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", i.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: i.owner}
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return i, nil
}

func unprivileged() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func (i *Instance) data() string { return filepath.Join(i.dir, "data") }
func (i *Instance) log() string  { return filepath.Join(i.dir, "log") }
func (i *Instance) keep() string { return filepath.Join(i.dir, "keep") }

// keeper runs the server for as long as its input is open. The test binary holds the other
// end, so the server goes with it however it ends; then the directory goes too, unless the
// file "keep" says that the server is to return.
const keeper = `
dir=$1; shift
"$@" </dev/null >>"$dir/log" 2>&1 &
server=$!
cat
kill -QUIT $server
wait $server
[ -e "$dir/keep" ] || rm -rf "$dir"
`

func (i *Instance) start() error {
	if i.keeper != nil {
		return errors.New("pgtest: the server runs already")
	}
	args := []string{"-c", keeper, "keeper", i.dir, filepath.Join(i.bin, "postgres"), "-D", i.data(), "-k", i.dir, "-p", strconv.Itoa(i.port)}
	listen := ""
	if i.tcp {
		listen = "127.0.0.1"
	}
	for _, s := range append([]string{"listen_addresses=" + listen}, i.settings...) {
		args = append(args, "-c", s)
	}
	cmd := exec.Command("sh", args...)
	cmd.Dir = i.dir
	// A group of its own: an interrupt at the keyboard must not end the keeper before it
	// has cleaned up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: i.owner, Setpgid: true}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	i.keeper, i.leash = cmd, leash
	os.Remove(i.keep())
	return i.await()
}

// await waits until the server takes connections.
func (i *Instance) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, i.DSN())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			log, _ := os.ReadFile(i.log())
			return fmt.Errorf("pgtest: the server does not start: %w\n%s", err, log)
		}
	}
}

// halt lets the keeper end the server, and waits for it.
func (i *Instance) halt() error {
	if i.keeper == nil {
		return nil
	}
	if err := os.WriteFile(i.keep(), nil, 0o600); err != nil {
		return err
	}
	i.leash.Close()
	i.keeper.Wait() // its exit code is the server's, which did not end well
	i.keeper = nil
	return nil
}
