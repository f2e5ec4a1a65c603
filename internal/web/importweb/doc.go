// Package importweb is the import in the browser: a file is given, its columns are led to
// fields, a dry run says what would happen and which rows need somebody, and only then is
// anything written - in the background, as one commit with a report that can undo it.
//
// What an import knows between the steps stands in plain tables (store.go), so that the
// next step may be answered by another node or after a restart. Reading, planning and
// writing are package exchange's.
package importweb

//go:generate go tool templ generate -f pages.templ
