package app

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	build := func(version string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}}
	}
	for _, c := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "unknown"},
		{build("(devel)"), "unreleased"},
		{build(""), "unreleased"},
		{build("v1.2.0"), "v1.2.0"},
	} {
		if got := versionOf(c.info); got != c.want {
			t.Errorf("version = %q, want %q", got, c.want)
		}
	}
}
