// Package pages lists the pages of a workspace: what each kind's list and entity show
// beyond what all have, and the order of the sidebar.
package pages

//go:generate go tool templ generate
