package app

import "runtime/debug"

// Version is the version of this build, which the go command takes from the tag or else
// from the commit and its time.
func Version() string {
	info, _ := debug.ReadBuildInfo() // nil without module support
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	switch {
	case info == nil:
		return "unknown"
	case info.Main.Version == "" || info.Main.Version == "(devel)":
		return "unreleased" // built without the repository's history
	}
	return info.Main.Version
}
