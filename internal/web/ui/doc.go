// Package ui is the visual language of Throughline in components: the shell of a
// page, its small parts, tables and forms, and the words for dates and numbers.
//
// A component is a struct that is used like an element, with every text in its
// fields already in words for a person; what holds others is a function:
//
//	@ui.Panel(ui.Head{Title: "Sessions", Note: "where you are signed in"}) {
//		@ui.Button{Label: "End all others", Tone: ui.Bad}
//	}
//
// Components know nothing of rights, time or requests. They write no style
// attributes and no inline scripts, which the content security policy forbids:
// positions are SVG attributes, behaviour is in ../island and found by data-act.
package ui

//go:generate go tool templ generate
