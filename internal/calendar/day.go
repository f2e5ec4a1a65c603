// Package calendar has days without a time of day, and the ways people write them.
//
// A moment becomes a day only in a time zone; a deadline, a start and a birthday are
// days from the outset and stay what they are when the reader sits elsewhere.
package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Day is a day of the Gregorian calendar as "2006-01-02"; "" is no day. Days compare as
// texts do.
type Day string

const layout = "2006-01-02"

// DayOf returns the day of t in its own location.
func DayOf(t time.Time) Day { return Day(t.Format(layout)) }

// ErrDay is what is wrong with a text that is no day.
var ErrDay = errors.New("is no day; write it as 2026-03-31")

// ParseDay reads a day of the form 2026-03-31. The empty text is no day.
func ParseDay(s string) (Day, error) {
	if s == "" {
		return "", nil
	}
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < 1 {
		return "", ErrDay
	}
	return Day(t.Format(layout)), nil
}

// IsZero reports whether d is no day.
func (d Day) IsZero() bool { return d == "" }

// Valid reports whether d is a day or none.
func (d Day) Valid() bool {
	p, err := ParseDay(string(d))
	return err == nil && p == d
}

// Go returns the start of the day in the zone; the zero time for no day.
func (d Day) Go(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(layout, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Short returns the day as a person writes it: "3 Mar", with the year if it is not the
// year of today; "" for no day.
func (d Day) Short(today Day) string {
	switch {
	case d.IsZero():
		return ""
	case d.Go(time.UTC).Year() == today.Go(time.UTC).Year():
		return d.Go(time.UTC).Format("2 Jan")
	}
	return d.Go(time.UTC).Format("2 Jan 2006")
}

// End returns the last microsecond of the day in the zone, however long the day is.
func (d Day) End(zone *time.Location) time.Time {
	return d.Add(1).Go(zone).Add(-time.Microsecond)
}

// Add returns the day n days later, or earlier for a negative n.
func (d Day) Add(n int) Day {
	t := d.Go(time.UTC)
	if t.IsZero() {
		return ""
	}
	return DayOf(t.AddDate(0, 0, n))
}

// Sub returns the number of days from o to d.
func (d Day) Sub(o Day) int {
	return int(d.Go(time.UTC).Sub(o.Go(time.UTC)).Hours() / 24)
}

// Resolve reads a day as people write it in a filter: 2026-03-31, today, yesterday,
// tomorrow, or one of these with an offset in days, weeks, months or quarters: today+7d,
// today-2w, today+1m, today-1q; and start-of-week, start-of-month, start-of-quarter,
// start-of-year with an offset as well. first is the first day of the week.
func Resolve(s string, today Day, first time.Weekday) (Day, error) {
	base, offset := strings.ToLower(strings.TrimSpace(s)), ""
	if d, err := ParseDay(base); err == nil {
		return d, nil
	}
	if i := strings.IndexAny(base, "+"); i > 0 {
		base, offset = base[:i], base[i:]
	} else if i := strings.LastIndexByte(base, '-'); i > 0 && i+1 < len(base) && base[i+1] >= '0' && base[i+1] <= '9' {
		base, offset = base[:i], base[i:]
	}
	t := today.Go(time.UTC)
	switch base {
	case "today":
	case "yesterday":
		t = t.AddDate(0, 0, -1)
	case "tomorrow":
		t = t.AddDate(0, 0, 1)
	case "start-of-week":
		t = t.AddDate(0, 0, -(int(t.Weekday()-first)+7)%7)
	case "start-of-month":
		t = t.AddDate(0, 0, 1-t.Day())
	case "start-of-quarter":
		t = time.Date(t.Year(), (t.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	case "start-of-year":
		t = time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return "", fmt.Errorf("%q is no day; write 2026-03-31, today, today+7d or start-of-quarter", s)
	}
	if offset == "" {
		return DayOf(t), nil
	}
	n, err := strconv.Atoi(offset[:len(offset)-1])
	if err != nil || n > 100_000 || n < -100_000 {
		return "", fmt.Errorf("%q: an offset is a number and d, w, m or q, like +7d", s)
	}
	switch offset[len(offset)-1] {
	case 'd':
		t = t.AddDate(0, 0, n)
	case 'w':
		t = t.AddDate(0, 0, 7*n)
	case 'm':
		t = addMonths(t, n)
	case 'q':
		t = addMonths(t, 3*n)
	default:
		return "", fmt.Errorf("%q: an offset is a number and d, w, m or q, like +7d", s)
	}
	return DayOf(t), nil
}

// addMonths keeps to the month it arrives in: 31 January and a month is 28 February.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}
