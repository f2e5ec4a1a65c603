// Package web is the kit that pages are built with: the one router with who may use
// each route, the request with its principal, workspace and Snapshot, and the answers
// - a page, a fragment, a redirect, or a failure told once in one place.
//
// # A page
//
// A page is a Route whose Handle reads a Snapshot and renders a component:
//
//	web.Route{Method: "GET", Pattern: "/w/{workspace}/features", Who: web.Member, Handle: func(q *web.Request) error {
//		s, err := q.Snapshot() // now, ?at=, or ?in=
//		if err != nil {
//			return err
//		}
//		return q.Page(web.Page{Title: "Features"}, list(s))
//	}}
//
// A write is a plain form post: Form checks the names that came, Update runs the
// command, and Redirect leads to what was written, where a toast offers to undo it.
//
// # Around it
//
// Every answer, errors included, carries the security headers of secure.go. The order
// is: request id, headers, panics, method, size, origin, plain HTTP, address, set-up,
// principal, rate, workspace, role, handler. All routes of the program stand in one list;
// New refuses one that does not say for whom it is.
//
// Components are in package ui, files in assets, TypeScript in island.
package web

//go:generate go tool templ generate -f pages.templ
//go:generate go tool templ generate -f gallery.templ
//go:generate go tool templ generate -f find.templ
