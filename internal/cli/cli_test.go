package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"throughline": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			out := io.Writer(os.Stdout)
			if name := os.Getenv("OUTPUT_COPY"); name != "" { // for the command await
				f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
				if err != nil {
					panic(err)
				}
				out = io.MultiWriter(os.Stdout, f)
			}
			os.Exit(Main(ctx, os.Args[1:], os.Stdin, out, os.Stderr))
		},
	})
}

// TestScripts runs the commands as a person would, a script each under testdata. Besides
// the usual commands a script has:
//
//	await REGEXP    waits until a command, also one in the background, has printed that
//	                after what was awaited before
//	database        makes a PostgreSQL database and lets THROUGHLINE_DATABASE_URL name it
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("OUTPUT_COPY", filepath.Join(e.WorkDir, ".output"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": func(ts *testscript.TestScript, _ bool, args []string) {
				pattern := regexp.MustCompile(args[0])
				for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
					text, _ := os.ReadFile(ts.Getenv("OUTPUT_COPY")) // not there before the first output
					seen, _ := strconv.Atoi(ts.Getenv("OUTPUT_SEEN"))
					if at := pattern.FindIndex(text[seen:]); at != nil {
						ts.Setenv("OUTPUT_SEEN", strconv.Itoa(seen+at[1]))
						return
					}
					if time.Now().After(deadline) {
						ts.Fatalf("nobody printed %s in a minute; there is:\n%s", pattern, text[seen:])
					}
				}
			},
			"database": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv("THROUGHLINE_DATABASE_URL", pgtest.DSN(t))
			},
		},
	})
}

func TestMainSaysWhatFailed(t *testing.T) {
	var stderr strings.Builder
	code := Main(t.Context(), []string{"version"}, strings.NewReader(""), full{}, &stderr)
	if code != exitFailed || stderr.String() != "throughline: no space left\n" {
		t.Errorf("Main = %d and %q, want %d and the error", code, stderr.String(), exitFailed)
	}
}

// full is a disk without space.
type full struct{ io.Writer }

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
