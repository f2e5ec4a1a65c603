//go:build linux

package torturetest

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestEveryGroupIsSynced counts the syncs of the log in the system calls of a child: each
// acknowledgement stands after as many of them as there are disk commits up to its own,
// and the writers share commits.
func TestEveryGroupIsSynced(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatalf("strace is not installed: run `make deps`: %v", err)
	}
	dir := t.TempDir()
	path, trace := filepath.Join(dir, "ledger.db"), filepath.Join(dir, "trace")
	fresh(t, path)
	c := start(t, job{Role: "write", DSN: path, Name: "s", Writers: 16, Writes: either(40, 1000)}, func(cmd *exec.Cmd) {
		cmd.Args = append([]string{strace, "-f", "--seccomp-bpf", "-y", "-s", "400", "-e", "trace=fsync,fdatasync,write", "-o", trace}, cmd.Args...)
		cmd.Path = strace
	})
	c.finish(t, 2*time.Minute)
	audit(t, path, 0).compare(t, c.said())
	acks := count(c.said(), "ack")
	if want := 16 * either(40, 1000); acks != want {
		t.Fatalf("%d acknowledgements, want %d", acks, want)
	}
	group, groups := groupsOf(t, path)

	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	syncs, checked := -1, 0
	pending := map[string]bool{} // threads that are in a sync of the log
	for s := bufio.NewScanner(f); s.Scan(); {
		pid, call, _ := strings.Cut(s.Text(), " ")
		call = strings.TrimSpace(call)
		switch {
		case strings.HasPrefix(call, "write(1<") && strings.Contains(call, `\"ready\"`):
			syncs = 0
		case syncs < 0:
		case (strings.HasPrefix(call, "fdatasync(") || strings.HasPrefix(call, "fsync(")) && strings.Contains(call, path+"-wal>"):
			if strings.HasSuffix(call, "<unfinished ...>") {
				pending[pid] = true
			} else if strings.HasSuffix(call, " = 0") {
				syncs++
			}
		case pending[pid] && strings.Contains(call, "sync resumed>"):
			delete(pending, pid)
			if strings.HasSuffix(call, " = 0") {
				syncs++
			}
		case strings.HasPrefix(call, "write(1<"):
			at := seqOfAck.FindStringSubmatch(call)
			if at == nil {
				continue
			}
			seq, err := strconv.Atoi(at[1])
			if err != nil {
				t.Fatal(err)
			}
			checked++
			if behind := group[seq] - 1; syncs < behind { // the first group furnished the world
				t.Fatalf("the write at %d was acknowledged after %d syncs; it stands in disk commit %d", seq, syncs, behind)
			}
		}
	}
	if checked != acks {
		t.Errorf("%d of %d acknowledgements stand in the trace", checked, acks)
	}
	if groups-1 > acks*3/4 {
		t.Errorf("%d disk commits for %d writes of 16 writers: they are not grouped", groups-1, acks)
	}
	if syncs < groups-1 {
		t.Errorf("%d syncs for %d disk commits", syncs, groups-1)
	}
	t.Logf("%d writes, %d disk commits, %d syncs of the log", acks, groups-1, syncs)
}

var seqOfAck = regexp.MustCompile(`\\"kind\\":\\"ack\\".*\\"seq\\":(\d+)`)

// groupsOf returns the number of the disk commit by position, from 1, and how many there
// are.
func groupsOf(t testing.TB, path string) (map[int]int, int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT seq, origin FROM commits ORDER BY seq")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	group, n, before := map[int]int{}, 0, int64(-1)
	for rows.Next() {
		var seq int
		var origin int64
		if err := rows.Scan(&seq, &origin); err != nil {
			t.Fatal(err)
		}
		if origin != before {
			n++
		}
		group[seq], before = n, origin
	}
	if err := rows.Err(); err != nil {
		t.Fatal(fmt.Errorf("read origins: %w", err))
	}
	return group, n
}
