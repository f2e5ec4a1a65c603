//go:build linux

package torturetest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"

	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// cutter is a way to a PostgreSQL server that breaks the connection on which the n-th
// message of clients comes by, counted from arm.
type cutter struct {
	net.Listener
	server string

	mu     sync.Mutex
	left   int  // messages until the cut; 0: none comes
	passes bool // the message gets to the server, only the answer does not come back
	all    bool // the other connections are cut too
	open   map[net.Conn]bool
}

func newCutter(t testing.TB, server string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, server: server, open: map[net.Conn]bool{}}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	t.Cleanup(func() { l.Close() })
	return c
}

func (c *cutter) arm(n int, passes, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.passes, c.all = n, passes, all
}

// disarm reports whether the cut has happened.
func (c *cutter) disarm() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	cut := c.left == 0
	c.left = 0
	return cut
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	c.mu.Lock()
	c.open[client] = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.open, client)
		c.mu.Unlock()
	}()
	go func() {
		_, _ = io.Copy(client, server)
		client.Close()
	}()
	// the first message has no type
	for head := make([]byte, 4); ; head = make([]byte, 5) {
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		cut, passes := c.falls(client)
		if cut && passes {
			// the client is gone before the server has anything to say
			client.Close()
		}
		if !cut || passes {
			if _, err := server.Write(append(head, body...)); err != nil {
				return
			}
		}
		if cut {
			return
		}
	}
}

// falls counts a message and reports whether the connection is cut at it.
func (c *cutter) falls(this net.Conn) (cut, passes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		return false, false
	}
	if c.left--; c.left > 0 {
		return false, false
	}
	if c.all {
		for other := range c.open {
			if other != this {
				other.Close()
			}
		}
	}
	return true, c.passes
}

// TestConnectionCutAtEachMessage cuts the connection to PostgreSQL at the n-th message,
// COMMIT included, for every n, before or after it reaches the server. Every Update must
// say what happened.
func TestConnectionCutAtEachMessage(t *testing.T) {
	server := pgtest.Server(t, pgtest.TCP(), pgtest.Setting("fsync", "off"))
	for _, way := range []struct {
		name              string
		passes, all, cold bool
	}{
		{"before the server has it", false, false, false},
		{"after the server has it", true, false, false},
		{"all connections", true, true, false},
		{"on new connections", true, false, true},
	} {
		t.Run(way.name, func(t *testing.T) {
			direct := database(t, server, "c"+strings.ReplaceAll(way.name, " ", ""))
			fresh(t, direct)
			cutter := newCutter(t, server.Addr())
			_, port, err := net.SplitHostPort(cutter.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			name := direct[strings.Index(direct, "dbname="):]
			dsn := fmt.Sprintf("host=127.0.0.1 port=%s user=postgres sslmode=disable pool_max_conns=6 %s", port, name)
			var said []line
			cuts, unsure, refused := 0, 0, 0
			for n := 1; ; n += rounds(1, 4, 1) {
				store, err := postgres.Open(t.Context(), dsn)
				if err != nil {
					t.Fatal(err)
				}
				l := lt.Open(t, store, options(0))
				w, err := find(t.Context(), l)
				if err != nil {
					t.Fatal(err)
				}
				if !way.cold {
					ack, err := w.feature(t.Context(), fmt.Sprintf("warm%d", n), 1)
					if err != nil {
						t.Fatal(err)
					}
					said = append(said, ack)
				}
				cutter.arm(n, way.passes, way.all)
				var mu sync.Mutex
				var writers sync.WaitGroup
				for i := range 2 {
					writers.Go(func() {
						by := fmt.Sprintf("n%d.%d", n, i)
						for k := 1; k <= 2; k++ {
							began := time.Now()
							ack, err := w.feature(t.Context(), by, k)
							if took := time.Since(began); took > 12*time.Second {
								t.Errorf("cut at %d: an answer took %v", n, took)
							}
							if err != nil {
								ack = complaint(by, k, err)
							}
							mu.Lock()
							said = append(said, ack)
							if ack.Kind == "err" {
								refused++
							}
							if ack.Unsure {
								unsure++
							}
							mu.Unlock()
						}
					})
				}
				writers.Wait()
				cut := cutter.disarm()
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				if !cut {
					break
				}
				cuts++
				if n%12 == 1 {
					audit(t, direct, 0).compare(t, said)
				}
			}
			audit(t, direct, 0).compare(t, said)
			t.Logf("%d cuts, %d writes, %d of them refused, %d of unknown outcome", cuts, len(said), refused, unsure)
			if cuts < 10 {
				t.Errorf("there were %d messages only: they are not counted", cuts)
			}
			if unsure > 0 {
				t.Error("the database was there all the time: no outcome needed to stay unknown")
			}
		})
	}
}
