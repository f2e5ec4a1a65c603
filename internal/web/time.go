package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// sliderDays is how far back the slider of days reaches; the field beside it reaches
// to the beginning.
const sliderDays = 365

// fillTime sets the control of time, and the banner of a past moment or a proposal.
// compare is the address at which the page is compared with another moment.
func (q *Request) fillTime(s *ui.Shell, compare string) {
	now := ui.With(ui.With(q.R.URL.RequestURI(), "at", ""), "in", "")
	if compare == "" {
		compare = "/w/" + q.Workspace.Slug + "/compare"
	}
	compare = ui.With(ui.With(ui.With(compare, "at", ""), "in", ""), "since", "")
	today := q.Today()
	first := q.sliderStart(today)
	clock := &ui.Clock{
		Shown: "Now", Now: q.Now().In(q.zone()).Format("Mon 2 Jan"), Value: today, First: first, Start: q.Words().Day(first), Today: today,
		Action: q.R.URL.Path, NowHref: now, Compare: ui.With(compare, "since", "today-7d"), Moments: q.namedMoments(today),
	}
	if v, err := q.visit(); err != nil {
		q.Kit.Log.Warn("a visit was not noted", "request", q.conn.id, "error", err)
	} else if !v.IsZero() {
		clock.Visit = ui.Moment{Name: "Since my last visit", When: q.Words().Ago(v.At.Go()), Href: ui.With(compare, "since", LastVisit)}
	}
	for name, values := range q.query {
		if name != "at" && name != "in" && len(values) > 0 {
			clock.Keep = append(clock.Keep, ui.Kept{Name: name, Value: values[0]})
		}
	}
	slices.SortFunc(clock.Keep, func(a, b ui.Kept) int { return strings.Compare(a.Name, b.Name) })
	s.Clock = clock
	back := ui.Link{Label: "Return to now", Href: now}
	if q.past != "" {
		s.Banner = &ui.Banner{
			Text: q.Workspace.Name + " at " + q.past, Detail: "Read only.", Back: back,
			Other: ui.Link{Label: "Compare with now", Href: ui.With(compare, "since", q.Query("at"))},
		}
	}
	switch {
	case q.day != "":
		clock.Shown, clock.Value = q.Words().Day(q.day), q.day
		s.Banner.Text = q.Workspace.Name + " as of " + q.past
		s.Banner.Detail = "Read only. " + ui.Count(today.Sub(q.day), "day", "days") + " ago."
	case q.past != "":
		clock.Shown = q.past
	case q.in != nil:
		s.Banner = &ui.Banner{
			Text:   "You are in proposal " + q.in.Key + ", " + q.in.Title,
			Detail: "What you change here is pending. The live workspace stays as it is.",
			Back:   ui.Link{Label: "Leave", Href: now},
			Go:     ui.Link{Label: "Review and merge", Href: q.proposalPage(q.in)},
		}
	}
	if q.past == "" {
		clock.Proposals = q.proposalMenu()
	}
}

// proposalPage is the address of a proposal's own page.
func (q *Request) proposalPage(p *ledger.Proposal) string {
	lead, ok := q.Kit.Places[ledger.Proposals.Name()]
	if !ok {
		return ""
	}
	return "/w/" + q.Workspace.Slug + "/" + lead(p.Key, p.ID)
}

// proposalsNamed is how many open proposals are offered to work in, by the menu of time
// and by the palette.
const proposalsNamed = 5

// inProposal leads this page into an open proposal.
type inProposal struct {
	*ledger.Proposal
	href string
}

// proposals are the latest open proposals but the one that is shown.
func (q *Request) proposals() []inProposal {
	var open []*ledger.Proposal
	for p := range ledger.Proposals.All(q.now) {
		if p.State == ledger.ProposalOpen && (q.in == nil || p.ID != q.in.ID) {
			open = append(open, p)
		}
	}
	slices.SortStableFunc(open, func(a, b *ledger.Proposal) int { return -cmp.Compare(a.CreatedAt, b.CreatedAt) })
	var all []inProposal
	for _, p := range open[:min(len(open), proposalsNamed)] {
		all = append(all, inProposal{p, ui.With(ui.With(q.R.URL.RequestURI(), "at", ""), "in", p.Key)})
	}
	return all
}

// proposalMenu has the open proposals, and where a new one is made.
func (q *Request) proposalMenu() []ui.Moment {
	if _, ok := q.Kit.Places[ledger.Proposals.Name()]; !ok {
		return nil
	}
	var all []ui.Moment
	for _, p := range q.proposals() {
		all = append(all, ui.Moment{Name: p.Title, When: p.Key, Href: p.href})
	}
	if q.Workspace.Role.AtLeast(access.Contributor) {
		all = append(all, ui.Moment{Name: "New proposal…", Href: "/w/" + q.Workspace.Slug + "/proposals/new"})
	}
	return all
}

// sliderStart is the first day of the slider: a year ago, or that of the workspace.
func (q *Request) sliderStart(today calendar.Day) calendar.Day {
	first := today.Add(-sliderDays)
	if made := calendar.DayOf(q.Workspace.CreatedAt.Go().In(q.zone())); made > first {
		first = made
	}
	return min(first, today.Add(-7))
}

// DayPath returns the address of this page as of a day.
func (q *Request) DayPath(d calendar.Day) string {
	return ui.With(ui.With(q.R.URL.RequestURI(), "in", ""), "at", string(d))
}

// releasesNamed is how many releases the menu of time names.
const releasesNamed = 4

// namedMoments are the moments that the menu of time offers, the latest first: what
// people speak of, and the latest releases.
func (q *Request) namedMoments(today calendar.Day) []ui.Moment {
	var all []ui.Moment
	add := func(name string, d calendar.Day) {
		if d != "" && d < today {
			all = append(all, ui.Moment{Name: name, Day: d})
		}
	}
	if _, ok := q.Kit.Tables.Of(release.Releases.Name()); ok {
		for r := range release.Releases.All(q.now) {
			if r.Status == release.Released {
				add(r.Name+" released", r.Date)
			}
		}
	}
	latestFirst(all)
	all = all[:min(len(all), releasesNamed)]
	add("A week ago", today.Add(-7))
	for _, of := range []string{"year", "quarter", "month"} { // the greater names a day that begins both
		d, err := calendar.Resolve("start-of-"+of, today, q.Workspace.Weekday())
		if err == nil && !slices.ContainsFunc(all, func(m ui.Moment) bool { return m.Day == d }) {
			add("Start of the "+of, d)
		}
	}
	latestFirst(all)
	for i := range all {
		all[i].When, all[i].Href = q.Words().Day(all[i].Day), q.DayPath(all[i].Day)
	}
	return all
}

func latestFirst(all []ui.Moment) {
	slices.SortStableFunc(all, func(a, b ui.Moment) int {
		return cmp.Or(-cmp.Compare(a.Day, b.Day), cmp.Compare(a.Name, b.Name))
	})
}
