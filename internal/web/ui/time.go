package ui

import "github.com/throughline-pm/throughline/internal/calendar"

// Clock is the control that leads into the past, and compares it.
type Clock struct {
	Shown   string       // "Now" or "3 Mar"
	Value   calendar.Day // the day that is shown
	First   calendar.Day // where its slider begins
	Start   string       // the same in words
	Today   calendar.Day
	Now     string // today in words: "Tue 12 May"
	Action  string // the address of this page
	Keep    []Kept // its other query parameters
	NowHref string

	Visit   Moment   // what differs since the reader's last visit; zero on their first one
	Compare string   // what differs since another moment
	Moments []Moment // that have a name, the latest first
	// Proposals are the open ones, each leading to this page in it, and how one is made.
	Proposals []Moment
}

// Moment is a moment with a name, and where it leads.
type Moment struct {
	Name, When, Href string
	Day              calendar.Day
}

// Days is the number of days of the slider.
func (c Clock) days() int { return max(c.Today.Sub(c.First), 1) }

// Banner says that a page shows the past, or a proposal.
type Banner struct {
	Text, Detail string
	Back         Link // "Return to now"
	Other        Link // "Compare with now"; may be zero
	Go           Link // of a proposal: "Review and merge"
}
