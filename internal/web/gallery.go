package web

import (
	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/web/ui"
)

// gallery shows every component in every state, with data of its own: for those who
// build pages, and for the tests that look at them.
func (q *Request) gallery() error {
	if q.Partial() { // its palette asks it as any page asks the search
		return q.Fragment(ui.Hits("", false, ui.HitGroup{Title: "Features", Hits: []ui.Hit{{Key: "FB-44", Title: "Conflict-free sync", Href: "/_gallery"}}}))
	}
	past, pending := q.Query("at") != "", q.Query("in") != ""
	shell := ui.Shell{
		Document:  q.document("Gallery"),
		Workspace: ui.Link{Label: "Fieldbook", Href: "/_gallery"},
		Crumbs:    []ui.Link{{Label: "Components", Href: "/_gallery"}},
		Account:   ui.Person{ID: "tovi", Name: "Tovi"},
		Find:      "/_gallery",
		Clock: &ui.Clock{
			Shown: "Now", Now: "Tue 12 May", Value: "2026-05-12", First: "2025-05-12", Start: "12 May 2025", Today: "2026-05-12",
			Action: "/_gallery", NowHref: "/_gallery", Compare: "/_gallery",
			Visit:   ui.Moment{Name: "Since my last visit", When: "yesterday", Href: "/_gallery"},
			Moments: []ui.Moment{{Name: "4.0 released", When: "31 Mar", Href: "/_gallery?at=2026-03-31"}, {Name: "Start of the year", When: "1 Jan", Href: "/_gallery?at=2026-01-01"}},
		},
		Nav: []ui.NavSection{
			{Items: []ui.NavItem{{Icon: "inbox", Name: "Inbox", Href: "/_gallery?1", Count: 6, New: true, Quick: true}}},
			{Caption: "Why", Items: []ui.NavItem{{Icon: "target", Name: "Objectives", Href: "/_gallery?2", Key: "O"}}},
			{Caption: "What and when", Items: []ui.NavItem{
				{Icon: "layers", Name: "Features", Href: "/_gallery", Key: "F", Current: true, Quick: true, Count: 40},
				{Icon: "rocket", Name: "Releases", Href: "/_gallery?3", Key: "L", Quick: true},
			}},
		},
		Foot: []ui.NavItem{{Icon: "settings", Name: "Settings", Href: "/_gallery?4"}},
		Actions: []ui.Action{
			{Group: "Features", Label: "Move", Keys: []string{"J", "K"}, Quiet: true, Hint: "move"},
			{Group: "Features", Label: "Select", Keys: []string{"X"}, Quiet: true, Hint: "select"},
			{Group: "Features", Label: "Open", Keys: []string{"↵"}, Quiet: true, Hint: "open"},
		},
		Summary: "3 features · 43 pw",
	}
	back := ui.Link{Label: "Return to now", Href: "/_gallery"}
	switch {
	case past:
		shell.Past, shell.Clock.Shown, shell.Clock.Value = true, "3 Mar", "2026-03-03"
		shell.Banner = &ui.Banner{Text: "Fieldbook as of Tuesday 3 March 2026", Detail: "Read only. 70 days ago.", Back: back, Other: ui.Link{Label: "Compare with now", Href: "/_gallery"}}
	case pending:
		shell.Pending = true
		shell.Banner = &ui.Banner{Text: "P-7 Hire for sync", Detail: "What you change here is pending.", Back: ui.Link{Label: "Leave", Href: "/_gallery"}, Go: ui.Link{Label: "Review and merge", Href: "/_gallery"}}
	}
	if q.Query("toast") != "" {
		shell.Toast = &ui.Toast{Text: "3 features moved to 4.2", Undo: undoButton("/_gallery", 1, "/_gallery")}
	}
	return q.render(0, shell, galleryPage())
}

// stationsOf makes seven stations of their states.
func stationsOf(notes []string, states ...ui.Progress) []ui.Station {
	var all []ui.Station
	for i, name := range ui.Stations {
		s := ui.Station{Name: name, Href: "#" + name, State: states[i]}
		if notes != nil {
			s.Note = notes[i]
		}
		all = append(all, s)
	}
	return all
}

var (
	atRisk     = []ui.Progress{ui.Complete, ui.Complete, ui.AtRisk, ui.Complete, ui.Started, ui.Started, ui.Started}
	noEvidence = []ui.Progress{ui.Complete, ui.Missing, ui.Started, ui.Started, ui.Missing, ui.Missing, ui.Missing}
	proven     = []ui.Progress{ui.Complete, ui.Complete, ui.Complete, ui.Complete, ui.Complete, ui.Complete, ui.Complete}
	idea       = []ui.Progress{ui.Missing, ui.Missing, ui.Missing, ui.Missing, ui.Missing, ui.Missing, ui.Missing}
)

// galleryForm is a form with something wrong in it.
func galleryForm() *ui.Form {
	return &ui.Form{
		Values:  map[string][]string{"effort": {"-2"}, "owner": {"oda"}},
		Errors:  map[string]string{"effort": "Effort is more than 0. It was 6"},
		Message: "Nothing was saved",
	}
}

func galleryGrid() ui.Grid {
	row := func(id, title string, states []ui.Progress, objective, owner string, score, effort float64, due string, chance ui.Chance, status int) ui.Row {
		return ui.Row{ID: id, Label: id, Cells: []templ.Component{
			ui.Text(id), ui.Title(title, "#"+id),
			ui.Dots{Stations: stationsOf(nil, states...), Href: "#" + id},
			ui.Objective{Colour: ui.Hue(objective, 4), Name: objective},
			ui.Person{ID: owner, Name: owner},
			ui.Score(score), ui.Quantity(effort),
			ui.Text(due), chance, ui.StandardStatuses[status],
		}}
	}
	meta := func(parts ...string) templ.Component {
		var all []templ.Component
		for _, p := range parts {
			all = append(all, metaPart(p))
		}
		return templ.Join(all...)
	}
	return ui.Grid{
		Caption: "Features grouped by release", Select: "bulk",
		Columns: []ui.Column{
			{Name: "Key", Width: "c-key", Phone: "key", Sort: "?sort=key"},
			{Name: "Title", Phone: "ttl", Sort: "?sort=title"},
			{Name: "Throughline", Width: "c-dots", Phone: "sub"},
			{Name: "Objective", Width: "c-obj", Low: true},
			{Name: "Owner", Width: "c-own"},
			{Name: "Score", Width: "c-score", Low: true, Sort: "?sort=score", Order: "descending"},
			{Name: "Effort", Width: "c-eff", Right: true, Sort: "?sort=-effort"},
			{Name: "P85", Width: "c-p85", Right: true, About: "85% likely to be done by"},
			{Name: "On time", Width: "c-ch", Phone: "top"},
			{Name: "Status", Width: "c-st", Phone: "low"},
		},
		Groups: []ui.Group{
			{Title: "4.1", Meta: meta("30 Jun", "2 features", "34 pw"), Rows: []ui.Row{
				row("FB-44", "Conflict-free sync", atRisk, "Never stops offline", "Tovi", 96, 110, "1 Jul", .83, 3),
				row("FB-47", "Single sign-on", proven, "Enterprise-ready", "Rafe", 93, 60, "12 Jun", .999, 5),
			}},
			{Title: "4.2", Meta: meta("30 Sep", "1 feature", "9 pw"), Rows: []ui.Row{
				row("FB-70", "High-contrast field theme with a title that is far too long for its column", noEvidence, "Faster inspections", "", 43, 4, "10 Jul", .46, 1),
			}},
		},
	}
}
