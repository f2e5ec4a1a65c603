// Package exchange brings records in from other tools and takes them out again.
//
// A file is read as rows with their place (reader.go: csv.go, json.go over encoding.go),
// a Mapping says what each column means (mapping.go, guess.go, presets), and Plan turns
// both into a dry run: what would be new, changed or left as it is, and every problem
// with its row, column, value and remedy. Run carries a plan out as one commit that
// undoes as one. Export writes what a Snapshot shows, so that it can be read back.
package exchange
