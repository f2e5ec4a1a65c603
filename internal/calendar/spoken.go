package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Spoken reads a day of the past as people say it: what Resolve reads, and besides
// "3 mar", "march 3 2025", "3.3.", "last week", "2 weeks ago", "monday" and "march". A day
// without a year is the latest one that has been; "last week" is a week ago, and a month is
// its first day.
func Spoken(s string, today Day, first time.Weekday) (Day, error) {
	if d, err := Resolve(s, today, first); err == nil && d != "" {
		return d, nil
	}
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '.' || r == ',' || r == '/' })
	at := today.Go(time.UTC)
	switch {
	case len(words) > 1 && words[0] == "last" || len(words) > 2 && words[len(words)-1] == "ago":
		if t, ok := before(words, at); ok {
			return DayOf(t), nil
		}
	case len(words) == 1:
		if t, ok := lastWeekday(words[0], at); ok {
			return DayOf(t), nil
		}
	}
	if d, ok := named(words, at); ok {
		return d, nil
	}
	return "", fmt.Errorf("%q is no day; write 3 mar, last week, yesterday or 2026-03-31", s)
}

// before reads "last week", "last monday" and "2 weeks ago".
func before(words []string, at time.Time) (time.Time, bool) {
	n, unit := 1, words[1]
	if words[0] != "last" {
		var err error
		switch n, err = strconv.Atoi(words[0]); {
		case words[0] == "a" || words[0] == "an" || words[0] == "one":
			n = 1
		case err != nil || n < 1 || n > 10_000 || len(words) != 3:
			return at, false
		}
	} else if t, ok := lastWeekday(unit, at); ok {
		return t, true
	}
	switch strings.TrimSuffix(unit, "s") {
	case "day":
		return at.AddDate(0, 0, -n), true
	case "week":
		return at.AddDate(0, 0, -7*n), true
	case "month":
		return addMonths(at, -n), true
	case "quarter":
		return addMonths(at, -3*n), true
	case "year":
		return addMonths(at, -12*n), true
	}
	return at, false
}

// lastWeekday returns the latest day before at that has the name, of which three letters
// are enough.
func lastWeekday(name string, at time.Time) (time.Time, bool) {
	for back := 1; back <= 7; back++ {
		t := at.AddDate(0, 0, -back)
		if full := strings.ToLower(t.Weekday().String()); len(name) >= 3 && strings.HasPrefix(full, name) {
			return t, true
		}
	}
	return at, false
}

// named reads a day and a month in either order, with or without a year, or a month alone.
func named(words []string, at time.Time) (Day, bool) {
	day, month, year := 0, time.Month(0), 0
	for i, w := range words {
		m := monthOf(w)
		n, err := strconv.Atoi(strings.TrimRight(w, "stndrh"))
		switch {
		case m != 0 && month == 0:
			month = m
		case err != nil:
			return "", false
		case n >= 1000 && n <= 9999 && year == 0:
			year = n
		case n >= 1 && n <= 31 && day == 0:
			day = n
		case n >= 1 && n <= 12 && day != 0 && month == 0 && i == 1:
			month = time.Month(n)
		default:
			return "", false
		}
	}
	if month == 0 || len(words) > 3 {
		return "", false
	}
	if day == 0 {
		day = 1
	}
	if year != 0 {
		t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		return DayOf(t), t.Day() == day
	}
	for back := range 8 { // 29 February needs a leap year
		t := time.Date(at.Year()-back, month, day, 0, 0, 0, 0, time.UTC)
		if t.Day() == day && !t.After(at) {
			return DayOf(t), true
		}
	}
	return "", false
}

func monthOf(word string) time.Month {
	if len(word) < 3 {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		if strings.HasPrefix(strings.ToLower(m.String()), word) {
			return m
		}
	}
	return 0
}
