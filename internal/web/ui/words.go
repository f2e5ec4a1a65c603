package ui

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/calendar"
)

// Words puts dates into words as seen from one moment in one time zone.
type Words struct {
	Now  time.Time
	Zone *time.Location
}

// Day returns "3 Mar", with the year if it is not this one; "" for no day.
func (w Words) Day(d calendar.Day) string {
	return d.Short(calendar.DayOf(w.Now.In(w.Zone)))
}

// LongDay returns "Tuesday 3 March 2026".
func (w Words) LongDay(d calendar.Day) string {
	if d.IsZero() {
		return ""
	}
	return d.Go(time.UTC).Format("Monday 2 January 2006")
}

// Range returns "19 Jun – 1 Jul". Of two equal days it returns one, of an open
// range "from 19 Jun" or "until 1 Jul".
func (w Words) Range(from, to calendar.Day) string {
	switch {
	case from == to:
		return w.Day(from)
	case to.IsZero():
		return "from " + w.Day(from)
	case from.IsZero():
		return "until " + w.Day(to)
	}
	a, b := from.Go(time.UTC), to.Go(time.UTC)
	if a.Year() == b.Year() && a.Year() != w.Now.In(w.Zone).Year() {
		return a.Format("2 Jan") + " – " + b.Format("2 Jan 2006")
	}
	return w.Day(from) + " – " + w.Day(to)
}

// Moment returns the day and the time of day: "3 Mar, 17:04".
func (w Words) Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(w.Zone)
	return w.Day(calendar.DayOf(t)) + ", " + t.Format("15:04")
}

// Clock returns the time of day: "17:04".
func (w Words) Clock(t time.Time) string { return t.In(w.Zone).Format("15:04") }

// DayHead names a day above what happened on it: "Today, 12 May",
// "Yesterday, 11 May", "Sunday, 10 May".
func (w Words) DayHead(d calendar.Day) string {
	switch today := calendar.DayOf(w.Now.In(w.Zone)); today.Sub(d) {
	case 0:
		return "Today, " + w.Day(d)
	case 1:
		return "Yesterday, " + w.Day(d)
	}
	return d.Go(time.UTC).Format("Monday") + ", " + w.Day(d)
}

// Age returns how long ago t was, in one unit: "now", "5 min", "2 h", "4 d"; from
// sixty days on the date says more.
func (w Words) Age(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	switch d := w.Now.Sub(t); {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 24*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	case d < 60*24*time.Hour:
		return strconv.Itoa(int(d.Hours()/24)) + " d"
	}
	return w.Day(calendar.DayOf(t.In(w.Zone)))
}

// Ago returns Age as a part of a sentence: "5 min ago", "just now", "on 3 Mar 2025".
func (w Words) Ago(t time.Time) string {
	switch d := w.Now.Sub(t); {
	case t.IsZero():
		return "never"
	case d < time.Minute:
		return "just now"
	case d < 60*24*time.Hour:
		return w.Age(t) + " ago"
	}
	return "on " + w.Age(t)
}

// daysAWeek turns person-days into person-weeks.
const daysAWeek = 5

// Effort returns person-days as "3.5 pd", from 10 on in weeks: "2.2 pw", "22 pw".
func Effort(days float64) string {
	n, unit := EffortParts(days)
	return n + " " + unit
}

// EffortParts returns number and unit of Effort, for a table that sets the unit back.
func EffortParts(days float64) (number, unit string) {
	if math.Abs(days) < 10 {
		return Number(days), "pd"
	}
	return Number(days / daysAWeek), "pw"
}

// Number returns n with one digit behind the point where it has one and is below
// 10, thousands parted, and a real minus sign: "2.5", "1,204", "−3".
func Number(n float64) string {
	digits := 0
	if math.Abs(n) < 9.95 {
		digits = 1
	}
	s := strings.TrimSuffix(strconv.FormatFloat(math.Abs(n), 'f', digits, 64), ".0")
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	if n < 0 && s != "0" {
		return "−" + whole
	}
	return whole
}

// Signed returns n with its sign: "+3", "−2", "0".
func Signed(n float64) string {
	s := Number(n)
	if n > 0 && s != "0" {
		return "+" + s
	}
	return s
}

// Money returns an amount with its unit, shortened: "€14k", "€1.2M", "8 points".
func Money(amount float64, unit string) string {
	abs, suffix := math.Abs(amount), ""
	switch {
	case abs >= 999_500:
		abs, suffix = abs/1e6, "M"
	case abs >= 1000:
		abs, suffix = abs/1000, "k"
	}
	s := Number(abs) + suffix
	switch symbol := symbols[unit]; {
	case symbol != "":
		s = symbol + s
	case unit != "":
		s += " " + unit
	}
	if amount < 0 {
		return "−" + s
	}
	return s
}

// symbols are the signs of the currencies that have one of their own.
var symbols = map[string]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}

// Percent returns a share as a whole number: "83%".
func Percent(share float64) string { return Number(math.Round(share*100)) + "%" }

// Odds returns a chance as a whole number; nothing is certain before it is done: ">99%".
func Odds(chance float64) string {
	switch {
	case chance > .99:
		return ">99%"
	case chance < .01:
		return "<1%"
	}
	return Percent(chance)
}

// Count returns a number of things: "1 feature", "1,204 features".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(float64(n)) + " " + many
}
