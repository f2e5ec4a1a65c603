package web

import (
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
)

// Moment is a moment as an address names it.
type Moment struct {
	ledger.Moment
	Text  string       // as in the address: "2026-03-03", "@1842", "visit", "today-7d"; "" is now
	Day   calendar.Day // "" for a position and for now
	Short string       // "3 Mar", "position 1842", "now"
	Long  string       // "Tuesday 3 March 2026"
}

// LastVisit is the end of the reader's visit before this one, in addresses.
const LastVisit = "visit"

// Moment reads a moment: a day as in filters or as people say it, which means its end in the time zone of the
// workspace, a position, the reader's last visit, or "" for now. Today is now.
//
// Errors: fault.Invalid for a text that is no moment of the past.
func (q *Request) Moment(text string) (Moment, error) {
	text = strings.TrimSpace(text)
	m := Moment{Text: text}
	position, isPosition := strings.CutPrefix(text, "@")
	switch {
	case text == "":
		m.Short, m.Long = "now", "now"
	case isPosition:
		n, err := strconv.ParseInt(position, 10, 64)
		if err != nil || n < 1 {
			return m, badMoment(text)
		}
		m.Moment, m.Short = ledger.AtSeq(ledger.Seq(n)), "position "+position
		m.Long = m.Short
	case text == LastVisit:
		v, err := q.lastVisit()
		if err != nil {
			return m, err
		}
		if v.IsZero() || v.Seq == 0 {
			return m, fault.New(fault.Invalid, "this is your first visit; choose a date to compare with")
		}
		m.Moment, m.Short, m.Long = ledger.AtSeq(v.Seq), "your last visit", "your last visit, "+q.Words().Moment(v.At.Go())
	default:
		day, err := calendar.Spoken(text, q.Today(), q.Workspace.Weekday())
		switch today := q.Today(); {
		case err != nil || day.IsZero():
			return m, badMoment(text)
		case day > today:
			return m, fault.New(fault.Invalid, "%s is still to come; what can be read is the past and now", text)
		case day == today:
			return q.Moment("")
		}
		m.Moment, m.Day = ledger.AtTime(day.End(q.zone())), day
		m.Short, m.Long = q.Words().Day(day), q.Words().LongDay(day)
	}
	return m, nil
}

func badMoment(text string) error {
	return fault.New(fault.Invalid, "%q is no moment; write a day, as 2026-03-03, or a position, as @1842", text)
}

// SideAt returns the workspace at a moment, as one side of a comparison.
func (q *Request) SideAt(m Moment) (table.Side, error) {
	s := q.now
	if !m.IsZero() {
		var err error
		if s, err = q.Kit.Ledger.AsOf(q.Context(), q.Workspace.ID, q.Principal.Actor(), m.Moment); err != nil {
			return table.Side{}, err
		}
	}
	scope := q.scopeOf(s)
	if !m.IsZero() {
		scope.Now = q.now
	}
	if m.Day != "" {
		scope.Today = m.Day
	}
	return table.Side{Scope: scope, Snapshot: s, Moment: m.Moment}, nil
}

// Shown returns what this page shows, as the later side of a comparison.
func (q *Request) Shown() (table.Side, error) {
	s, err := q.Snapshot()
	if err != nil {
		return table.Side{}, err
	}
	side := table.Side{Scope: q.scopeOf(s), Snapshot: s}
	if q.Past() {
		m, err := q.Moment(q.Query("at"))
		if err != nil {
			return table.Side{}, err
		}
		side.Moment = m.Moment
	}
	return side, nil
}

// scopeOf returns what values are read in, in a Snapshot.
func (q *Request) scopeOf(s *ledger.Snapshot) *table.Scope {
	scope := &table.Scope{View: s, Set: q.Kit.Tables, Today: q.Today(), Week: q.Workspace.Weekday(), Zone: q.zone()}
	if me, ok := people.Of(s, q.Principal.Account.ID); ok {
		scope.Me = me.ID
	}
	return scope
}

// visit notes that the reader is here, and returns the end of their visit before.
func (q *Request) visit() (access.Visit, error) {
	return q.Kit.Accounts.Visit(q.Context(), q.Principal.Account.ID, q.Workspace.ID, q.now.Seq())
}

// lastVisit returns the end of the reader's visit before this one. What a program reads is
// no visit.
func (q *Request) lastVisit() (access.Visit, error) {
	if q.Principal.Token.IsZero() {
		return q.visit()
	}
	return q.Kit.Accounts.LastVisit(q.Context(), q.Principal.Account.ID, q.Workspace.ID)
}
