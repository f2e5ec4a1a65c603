//go:build linux

package torturetest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// A saboteur decides on every write and sync of a child before the kernel of the
// operating system does, by seccomp's notifications. Unlike strace's faults, which are
// counted for each thread, its count is over the whole process, so that "the n-th write"
// is one write however the Go runtime moves goroutines between threads.
type saboteur struct {
	t    testing.TB
	path string // of the database; its log, journal and index begin with it
	fate func(*syscallEvent) verdict

	ours, theirs *os.File
	phase        string
	done         chan struct{}

	taping bool
	tape   []syscallEvent // what happened, if taping
}

// syscallEvent is a call about to happen to a file of the database.
type syscallEvent struct {
	Class  string     // "write", "sync", "size", "open", "unlink" or, told by the child itself, "mark"
	File   string     // the end of the path: "", "-wal", "-shm", "-journal"
	Phase  string     // the mark before
	Offset int64      // write
	Data   []byte     // write
	Size   int64      // size
	Acked  ledger.Seq // mark: the commit that was just acknowledged
	pid    int
	path   string
}

func (e *syscallEvent) String() string {
	return fmt.Sprintf("%s of %q while %q", e.Class, e.File, e.Phase)
}

// verdict is what happens to a call.
type verdict struct {
	errno syscall.Errno // 0: it goes on as if nobody had looked
	torn  bool          // a write gets half of its bytes to the file before it fails
	kill  bool          // the process dies instead of returning
}

// marks are told by a call that cannot succeed, so that they stand in order with the
// others: the length to which no file is truncated is the index of a phase or, from
// firstAck, the position of a commit that was acknowledged.
var marks = []string{"open", "create", "furnish", "write", "import", "side", "merge", "bulk", "broken", "close"}

const firstAck = 1000

var exposed bool // set before there are several goroutines

func mark(phase string) { markNumber(int64(slices.Index(marks, phase))) }

func markSeq(seq ledger.Seq) { markNumber(firstAck + int64(seq)) }

func markNumber(n int64) {
	if exposed {
		_ = syscall.Ftruncate(-1, n)
	}
}

// What package syscall lacks of linux/seccomp.h, linux/filter.h and linux/prctl.h.
const (
	prSetNoNewPrivs   = 38
	setModeFilter     = 1
	filterFlags       = 1 | 1<<3 | 1<<4 // TSYNC, NEW_LISTENER, TSYNC_ESRCH
	retUserNotif      = 0x7fc00000
	retAllow          = 0x7fff0000
	flagContinue      = 1
	ioctlNotifReceive = 0xc0502100
	ioctlNotifSend    = 0xc0182101
	pollIn, pollHup   = 1, 0x10
)

type (
	notification struct {
		id    uint64
		pid   uint32
		flags uint32
		nr    int32
		arch  uint32
		ip    uint64
		args  [6]uint64
	}
	response struct {
		id    uint64
		val   int64
		errno int32
		flags uint32
	}
	pollFD struct {
		fd      int32
		events  int16
		revents int16
	}
)

// The calls open and unlink, which only older architectures have.
var (
	numberOfOpen   = map[string]int32{"amd64": 2, "arm64": -1}[runtime.GOARCH]
	numberOfUnlink = map[string]int32{"amd64": 87, "arm64": -2}[runtime.GOARCH]
)

var seccompNumber = map[string]uintptr{"amd64": 317, "arm64": 277}[runtime.GOARCH]

// exposeSyscalls hands a listener on this process's writes, syncs and opens to the parent
// through file 3.
func exposeSyscalls() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return fmt.Errorf("no_new_privs: %w", e)
	}
	watched := []uint32{
		syscall.SYS_PWRITE64, syscall.SYS_PWRITEV, syscall.SYS_FSYNC, syscall.SYS_FDATASYNC, syscall.SYS_FTRUNCATE,
		syscall.SYS_FALLOCATE, syscall.SYS_OPENAT, syscall.SYS_UNLINKAT,
	}
	if numberOfOpen >= 0 {
		watched = append(watched, uint32(numberOfOpen), uint32(numberOfUnlink))
	}
	prog := []syscall.SockFilter{{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: 0}}
	for i, nr := range watched {
		prog = append(prog, syscall.SockFilter{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, K: nr, Jt: uint8(len(watched) - i)})
	}
	prog = append(prog,
		syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: retAllow},
		syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: retUserNotif},
	)
	f := syscall.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	fd, _, e := syscall.RawSyscall(seccompNumber, setModeFilter, filterFlags, uintptr(unsafe.Pointer(&f)))
	runtime.KeepAlive(prog)
	if e != 0 {
		return fmt.Errorf("filter: %w", e)
	}
	exposed = true
	if err := syscall.Sendmsg(3, []byte{0}, syscall.UnixRights(int(fd)), nil, 0); err != nil {
		return err
	}
	syscall.Close(int(fd))
	return syscall.Close(3)
}

// sabotage lets fate decide on the calls of a child to the database at path. fate is
// called by one goroutine.
func sabotage(t testing.TB, path string, fate func(*syscallEvent) verdict) *saboteur {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &saboteur{t: t, path: path, fate: fate, done: make(chan struct{})}
	s.ours, s.theirs = os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	// a child that never gets there must not hold the test up
	if err := syscall.SetsockoptTimeval(pair[0], syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 30}); err != nil {
		t.Fatal(err)
	}
	return s
}

// child starts a child whose calls s decides on.
func (s *saboteur) child(j job) *child {
	s.t.Helper()
	j.DSN, j.Sabotage = s.path, true
	c := start(s.t, j, func(cmd *exec.Cmd) { cmd.ExtraFiles = []*os.File{s.theirs} })
	go s.run()
	return c
}

func (s *saboteur) run() {
	defer close(s.done)
	defer s.ours.Close()
	defer s.theirs.Close()
	control := make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := syscall.Recvmsg(int(s.ours.Fd()), make([]byte, 1), control, 0)
	for err == syscall.EINTR {
		_, n, _, _, err = syscall.Recvmsg(int(s.ours.Fd()), make([]byte, 1), control, 0)
	}
	if err != nil {
		s.t.Errorf("the child hands over no listener: %v", err)
		return
	}
	messages, err := syscall.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) != 1 {
		s.t.Errorf("the child hands over %d listeners, %v", len(messages), err)
		return
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil {
		s.t.Errorf("the child hands over no listener: %v", err)
		return
	}
	defer syscall.Close(fds[0])
	for {
		p := pollFD{fd: int32(fds[0]), events: pollIn}
		timeout := syscall.Timespec{Sec: 60}
		_, _, e := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
		switch {
		case e == syscall.EINTR:
			continue
		case e != 0 || p.revents&pollIn == 0: // the child is gone
			return
		}
		var req notification
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fds[0]), ioctlNotifReceive, uintptr(unsafe.Pointer(&req))); e != 0 {
			continue // the caller was killed meanwhile
		}
		res := response{id: req.id, flags: flagContinue}
		if v := s.judge(&req); v.errno != 0 {
			res.flags, res.errno = 0, -int32(v.errno)
		}
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, uintptr(fds[0]), ioctlNotifSend, uintptr(unsafe.Pointer(&res)))
	}
}

func (s *saboteur) judge(req *notification) verdict {
	e := s.event(req)
	if e == nil {
		return verdict{}
	}
	if s.taping {
		s.tape = append(s.tape, *e)
	}
	if e.Class == "mark" {
		s.phase = e.Phase
		return verdict{errno: syscall.EBADF}
	}
	v := s.fate(e)
	if v.torn && e.Class == "write" {
		if f, err := os.OpenFile(e.path, os.O_WRONLY, 0); err == nil {
			_, _ = f.WriteAt(e.Data[:len(e.Data)/2], e.Offset)
			f.Close()
		}
	}
	if v.kill {
		_ = syscall.Kill(e.pid, syscall.SIGKILL)
	}
	return v
}

// event returns what the call is about, nil if it is not about the database.
func (s *saboteur) event(req *notification) *syscallEvent {
	e := &syscallEvent{Phase: s.phase, pid: int(req.pid)}
	fd := int32(req.args[0])
	switch req.nr {
	case syscall.SYS_PWRITE64, syscall.SYS_PWRITEV:
		e.Class = "write"
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		e.Class = "sync"
	case syscall.SYS_FTRUNCATE, syscall.SYS_FALLOCATE:
		e.Class = "size"
		if e.Size = int64(req.args[1]); fd == -1 {
			if e.Class = "mark"; e.Size < firstAck {
				e.Phase = marks[e.Size]
			} else {
				e.Acked = ledger.Seq(e.Size - firstAck)
			}
			return e
		}
	case syscall.SYS_OPENAT, syscall.SYS_UNLINKAT:
		e.Class = "open"
		if req.nr == syscall.SYS_UNLINKAT {
			e.Class = "unlink"
		}
		e.path = s.text(req, req.args[1])
	case numberOfOpen:
		e.Class, e.path = "open", s.text(req, req.args[0])
	case numberOfUnlink:
		e.Class, e.path = "unlink", s.text(req, req.args[0])
	}
	if e.path == "" {
		var err error
		if e.path, err = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", req.pid, fd)); err != nil {
			return nil
		}
	}
	var ours bool
	if e.File, ours = strings.CutPrefix(e.path, s.path); !ours {
		return nil
	}
	if req.nr == syscall.SYS_PWRITE64 {
		e.Offset = int64(req.args[3])
		e.Data = make([]byte, req.args[2])
		if _, err := s.memory(req, e.Data, req.args[1]); err != nil {
			s.t.Errorf("read the child's memory: %v", err)
		}
	}
	return e
}

// text returns a path in the child's memory, cut after what would make it ours.
func (s *saboteur) text(req *notification, at uint64) string {
	b := make([]byte, len(s.path)+16)
	n, _ := s.memory(req, b, at) // less is there to read at the end of a page
	path, _, _ := strings.Cut(string(b[:n]), "\x00")
	return path
}

func (s *saboteur) memory(req *notification, b []byte, at uint64) (int, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", req.pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(b, int64(at))
}

// wait waits for the end of the child, whatever it is.
func (s *saboteur) wait(c *child) {
	s.t.Helper()
	late := time.After(2 * time.Minute)
	for _, end := range []chan struct{}{c.ended, s.done} {
		select {
		case <-end:
		case <-late:
			s.t.Fatalf("the child hangs; it said %v", last(c.said(), 5))
		}
	}
}
