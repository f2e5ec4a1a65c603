// Package api is the REST interface, under /api/v1: every table of the program is a
// resource of each workspace, made by one declaration, and beside them stand search,
// undo and redo, the reader's workspaces and the reader.
//
// # An operation
//
// An operation is what the OpenAPI document says of it, who may use it, and a function
// from a call to an answer; Routes turns each into a route of the kit (package web),
// which has found out the principal, the workspace and the moment before the function is
// asked, and tells every failure in one place. The document is made with huma's model of
// OpenAPI 3.1. Its router and its decoding are not used: a kind is known by its table
// when the program runs and not by a Go type, columns that people add included, and the
// table reports all that is wrong with an input at once.
//
// # Reading and writing
//
// What an entity looks like, which values are accepted and what can be filtered and
// sorted follows from its table.Any alone. A slice that adds a table to the program's
// table.Set has its resource; nothing here knows a kind.
//
// docs/api.md tells its users what they can rely on.
package api
