//go:build linux

package torturetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

const inside = "THROUGHLINE_TORTURE_INSIDE"

// TestFullDisk fills a small file system while writers are at work. It runs itself again
// in a mount namespace of its own, which takes the file system away however it ends; who
// is not root becomes it there.
func TestFullDisk(t *testing.T) {
	if os.Getenv(inside) != "" {
		for round := range either(3, 20) {
			t.Run(fmt.Sprint(round), fullDisk)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in a mount namespace (root or user namespaces are needed): %v\n%s", err, out)
	}
	for _, l := range strings.Split(string(out), "\n") {
		if strings.Contains(l, "full after") {
			t.Log(strings.TrimSpace(l))
		}
	}
}

func fullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatalf("make mounts private: %v", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatalf("mount a tmpfs: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ledger.db")
	l := open(t, path, 0)
	if _, err := create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	w, err := find(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var said []line
	// write lets four write until each has met an error, or up to most.
	write := func(by string, most int) (refused []error) {
		var writers sync.WaitGroup
		for i := range 4 {
			writers.Go(func() {
				by := fmt.Sprintf("%s.%d", by, i)
				for n := 1; n <= most; n++ {
					ack, err := w.feature(t.Context(), by, n)
					if err != nil {
						ack = complaint(by, n, err)
					}
					mu.Lock()
					said = append(said, ack)
					if err != nil {
						refused = append(refused, err)
					}
					mu.Unlock()
					if err != nil {
						return
					}
				}
			})
		}
		writers.Wait()
		return refused
	}
	isFull := func(what string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Unavailable) || !errors.Is(err, ledger.ErrFull) || !strings.Contains(fmt.Sprint(err), "the disk is full") {
			t.Errorf("%s on a full disk got %v", what, err)
		}
	}
	for _, err := range write("until", 100_000) {
		isFull("a write", err)
	}
	full := len(said)
	for _, err := range write("still", 100_000) {
		isFull("a write", err)
	}
	_, err = w.bring(t.Context(), "full.im", 1, importSize)
	isFull("an import", err)
	for i := 0; ; i++ { // small enough to fit for a while
		if _, err = w.CreateWorkspace(t.Context(), fmt.Sprintf("other-%d", i)); err != nil || i == 10_000 {
			break
		}
	}
	isFull("a new workspace", err)
	if w.Broken() != nil {
		t.Fatalf("a full disk is not a broken one: %v", w.Broken())
	}
	s, err := w.At(t.Context(), w.ws, lt.Ann, 0)
	if err != nil {
		t.Fatalf("no reading on a full disk: %v", err)
	}
	if n := lt.Features.Len(s); n < count(said, "ack") {
		t.Errorf("%d features on the full disk, %d were acknowledged", n, count(said, "ack"))
	}
	if _, err := w.Verify(t.Context(), w.ws); err != nil {
		t.Errorf("on the full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if refused := write("again", 5); len(refused) > 0 {
		t.Errorf("when room was made: %v", refused)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	b := audit(t, path, 0)
	b.compare(t, said)
	t.Logf("full after %d writes, %d afterwards", full, len(said)-full)
}
