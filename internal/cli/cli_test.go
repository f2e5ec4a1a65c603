package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"throughline": func() {
			os.Exit(Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs the commands as a person would, a script each under testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
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

func TestVersion(t *testing.T) {
	build := func(version string) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version}}
	}
	for _, c := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "throughline unknown"},
		{build("(devel)"), "throughline unreleased go1.26.0"},
		{build(""), "throughline unreleased go1.26.0"},
		{build("v1.2.0"), "throughline v1.2.0 go1.26.0"},
	} {
		if got := version(c.info); got != c.want {
			t.Errorf("version = %q, want %q", got, c.want)
		}
	}
}
