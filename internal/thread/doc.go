// Package thread holds what joins the slices of the story: the seven stations of a
// feature, from the objective it serves to the outcome it had, and the gaps, where a
// thread is broken. Both are functions of a View, so the past and a proposal have them
// too; neither is stored.
//
// A slice that knows something of a station adds it to the station's rule in
// station.go; one that knows how a thread breaks adds a Kind with its rule to gap.go.
// Everything that shows threads follows: the strip and the dots, the columns of
// features, the page of gaps and the API.
package thread
