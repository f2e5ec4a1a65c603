package exchange

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/calendar"
)

// DateOrder is the order in which a date of numbers alone has its parts.
type DateOrder string

// The orders. A date that begins with its year, or names its month, needs none; with
// dots between the numbers the day stands first, as everywhere where dots are used.
const (
	AnyOrder   DateOrder = ""
	DayFirst   DateOrder = "d/m/y"
	MonthFirst DateOrder = "m/d/y"
	YearFirst  DateOrder = "y/m/d" // needed only for years of two digits
)

// ParseDateOrder reads the order from a mapping file, whatever signs stand between.
func ParseDateOrder(s string) (DateOrder, error) {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
	var order strings.Builder
	for i := range letters { // "dd.mm.yyyy" says the same as "d/m/y"
		if i == 0 || letters[i] != letters[i-1] {
			order.WriteByte(letters[i])
		}
	}
	switch order.String() {
	case "":
		return AnyOrder, nil
	case "dmy":
		return DayFirst, nil
	case "mdy":
		return MonthFirst, nil
	case "ymd":
		return YearFirst, nil
	}
	return "", fmt.Errorf("%q is no order of a date; write d/m/y, m/d/y or y/m/d", s)
}

// Date is a date as a file has it: a day, perhaps with a time of day, perhaps in a zone.
type Date struct {
	Year, Day int
	Month     time.Month
	Clock     time.Duration  // since the beginning of the day
	Timed     bool           // it has a time of day
	Zone      *time.Location // nil: the reader's
}

// In returns the moment: the beginning of the day if it has no time.
func (d Date) In(zone *time.Location) time.Time {
	if d.Zone != nil {
		zone = d.Zone
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, int(d.Clock), zone)
}

// DayIn returns the day on the calendars of the zone.
func (d Date) DayIn(zone *time.Location) calendar.Day {
	if !d.Timed {
		return calendar.DayOf(d.In(time.UTC))
	}
	return calendar.DayOf(d.In(zone).In(zone))
}

// errOrder is the answer for a date whose day and month could each be the other.
var errOrder = errors.New("could be either day/month or month/day")

var errDate = errors.New("is no date that can be read")

// ParseDate reads a date as tools write it: ISO 8601 and RFC 3339, with the month in
// numbers or as an English word, with 12 or 24 hours, with a weekday and a zone or not.
//
//	2024-05-14T08:53:33Z   Tue May 14 2024 08:53:33 GMT+0000 (GMT)   09/Jan/24 3:54 PM
//	7.6.2025 14:59:28      Mon, 21 Apr 2025 10:17:06 UTC+0000        03/20/2020
func ParseDate(s string, order DateOrder) (Date, error) {
	tokens, err := dateTokens(s)
	if err != nil {
		return Date{}, err
	}
	var d Date
	var numbers []dateToken
	pm, am := false, false
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t.clock:
			if d.Timed {
				return Date{}, errDate
			}
			d.Clock, d.Timed = t.at, true
		case t.zone != nil:
			if !d.Timed || d.Zone != nil && d.Zone != time.UTC {
				return Date{}, errDate
			}
			d.Zone = t.zone
		case t.word != "":
			switch t.word {
			case "am":
				am = true
			case "pm":
				pm = true
			case "t", "at", "of":
			case "z", "utc", "gmt":
				if d.Zone == nil {
					d.Zone = time.UTC
				}
			default:
				if m, ok := monthNamed(t.word); ok && d.Month == 0 {
					d.Month = m
				} else if !weekdays[t.word] {
					return Date{}, errDate
				}
			}
		default:
			numbers = append(numbers, t)
		}
	}
	if am || pm {
		hours := d.Clock / time.Hour
		if !d.Timed || hours < 1 || hours > 12 || am == pm {
			return Date{}, errDate
		}
		d.Clock -= hours * time.Hour
		if d.Clock += hours % 12 * time.Hour; pm {
			d.Clock += 12 * time.Hour
		}
	}
	if err := d.place(numbers, order); err != nil {
		if errors.Is(err, errOrder) { // of a day that neither order has, there is no question
			_, day := ParseDate(s, DayFirst)
			if _, month := ParseDate(s, MonthFirst); day != nil && month != nil {
				err = day
			}
		}
		return Date{}, err
	}
	if d.Day < 1 || d.Day > time.Date(d.Year, d.Month+1, 0, 0, 0, 0, 0, time.UTC).Day() || d.Month < 1 || d.Month > 12 {
		return Date{}, errors.New("is a day that does not exist")
	}
	if d.Year < 1 || d.Year > 9999 {
		return Date{}, errDate
	}
	return d, nil
}

// place finds year, month and day among the numbers.
func (d *Date) place(n []dateToken, order DateOrder) error {
	named := d.Month != 0
	switch {
	case named && len(n) == 2:
		if n[0].digits == 4 {
			d.Year, d.Day = n[0].value, n[1].value
		} else {
			d.Day, d.Year = n[0].value, fullYear(n[1])
		}
	case named || len(n) != 3:
		return errDate
	case n[0].digits == 4 || order == YearFirst:
		d.Year, d.Month, d.Day = fullYear(n[0]), time.Month(n[1].value), n[2].value
	case n[2].digits != 4 && n[2].digits != 2:
		return errDate
	default:
		d.Year = fullYear(n[2])
		first, second := n[0].value, n[1].value
		switch {
		case order == MonthFirst:
			d.Month, d.Day = time.Month(first), second
		case order == DayFirst || n[1].after == '.' || (first == second && first <= 12):
			d.Day, d.Month = first, time.Month(second)
		default:
			return errOrder
		}
	}
	return nil
}

// fullYear reads a year of two digits as Go and POSIX do: 69 to 99 lie in the last
// century.
func fullYear(t dateToken) int {
	switch {
	case t.digits > 2:
		return t.value
	case t.value >= 69:
		return 1900 + t.value
	default:
		return 2000 + t.value
	}
}

// dateToken is one part of a date: a number, a word, a time of day or a zone.
type dateToken struct {
	value, digits int
	after         byte // the sign in front of a number; 0: none
	word          string
	clock         bool
	at            time.Duration
	zone          *time.Location
}

func dateTokens(s string) ([]dateToken, error) {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "(") // the zone's name, repeated
	if s == "" || len(s) > 64 {
		return nil, errDate
	}
	var all []dateToken
	clocked := false
	before := byte(0)
	for s != "" {
		switch c := s[0]; {
		case c >= '0' && c <= '9':
			n := span(s, isDigit)
			if n < len(s) && s[n] == ':' {
				at, rest, err := timeOfDay(s)
				if err != nil {
					return nil, err
				}
				all = append(all, dateToken{clock: true, at: at})
				clocked, s = true, rest
			} else {
				value, err := strconv.Atoi(s[:n])
				if err != nil || n > 4 {
					return nil, errDate
				}
				all = append(all, dateToken{value: value, digits: n, after: before})
				s = s[n:]
			}
			before = 0
		case clocked && (c == '+' || c == '-'):
			zone, rest, err := offset(s)
			if err != nil {
				return nil, err
			}
			all = append(all, dateToken{zone: zone})
			s = rest
		case isLetter(c):
			n := span(s, isLetter)
			all = append(all, dateToken{word: strings.ToLower(s[:n])})
			s, before = s[n:], 0
		case strings.IndexByte(" ,/.-", c) >= 0:
			if c != ' ' || before == 0 {
				before = c
			}
			s = s[1:]
		default:
			return nil, errDate
		}
	}
	return all, nil
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func span(s string, of func(byte) bool) int {
	n := 0
	for n < len(s) && of(s[n]) {
		n++
	}
	return n
}

// timeOfDay reads 8:53, 08:53:33 or 08:53:33.123.
func timeOfDay(s string) (at time.Duration, rest string, err error) {
	parts := [3]int{}
	for i := range parts {
		n := span(s, isDigit)
		if n < 1 || n > 2 || (i > 0 && n != 2) {
			return 0, "", errDate
		}
		parts[i], _ = strconv.Atoi(s[:n])
		s = s[n:]
		if i == 2 || s == "" || s[0] != ':' {
			break
		}
		s = s[1:]
	}
	if parts[0] > 23 || parts[1] > 59 || parts[2] > 59 {
		return 0, "", errors.New("has a time of day that does not exist")
	}
	at = time.Duration(parts[0])*time.Hour + time.Duration(parts[1])*time.Minute + time.Duration(parts[2])*time.Second
	if len(s) > 1 && (s[0] == '.' || s[0] == ',') && isDigit(s[1]) {
		n := 1 + span(s[1:], isDigit)
		fraction, _ := strconv.ParseFloat("0."+s[1:n], 64)
		at += time.Duration(fraction * float64(time.Second)).Truncate(time.Microsecond)
		s = s[n:]
	}
	return at, s, nil
}

// offset reads +0000, +00:00 or -07.
func offset(s string) (*time.Location, string, error) {
	sign := 1
	if s[0] == '-' {
		sign = -1
	}
	s = s[1:]
	n := span(s, isDigit)
	digits := s[:n]
	s = s[n:]
	if n == 2 && len(s) >= 3 && s[0] == ':' && isDigit(s[1]) && isDigit(s[2]) {
		digits, s = digits+s[1:3], s[3:]
	} else if n == 2 {
		digits += "00"
	}
	if len(digits) != 4 {
		return nil, "", errDate
	}
	hours, _ := strconv.Atoi(digits[:2])
	minutes, _ := strconv.Atoi(digits[2:])
	if hours > 14 || minutes > 59 {
		return nil, "", errDate
	}
	seconds := sign * (hours*3600 + minutes*60)
	if seconds == 0 {
		return time.UTC, s, nil
	}
	return time.FixedZone("", seconds), s, nil
}

func monthNamed(word string) (time.Month, bool) {
	for m := time.January; m <= time.December; m++ {
		name := strings.ToLower(m.String())
		if len(word) >= 3 && strings.HasPrefix(name, word) || word == "sept" && m == time.September {
			return m, true
		}
	}
	return 0, false
}

var weekdays = func() map[string]bool {
	all := map[string]bool{}
	for d := time.Sunday; d <= time.Saturday; d++ {
		name := strings.ToLower(d.String())
		all[name], all[name[:3]] = true, true
	}
	return all
}()

// orderEvidence gathers what the values of one column say about the order of their
// parts. Nothing else decides: a single value never does for itself.
type orderEvidence struct {
	dayFirst, monthFirst, unclear int
	example                       string // the first value that is unclear
}

// add looks at one value.
func (o *orderEvidence) add(s string) {
	_, d := ParseDate(s, DayFirst)
	_, m := ParseDate(s, MonthFirst)
	_, any := ParseDate(s, AnyOrder)
	switch {
	case !errors.Is(any, errOrder):
	case d == nil && m == nil:
		o.unclear++
		if o.example == "" {
			o.example = s
		}
	case d == nil:
		o.dayFirst++
	case m == nil:
		o.monthFirst++
	}
}

// order returns the order that the values agree on. ok is false if some could be read
// either way and nothing decides, or values contradict each other.
func (o *orderEvidence) order() (order DateOrder, ok bool) {
	switch {
	case o.dayFirst > 0 && o.monthFirst > 0:
		return AnyOrder, false
	case o.dayFirst > 0:
		return DayFirst, true
	case o.monthFirst > 0:
		return MonthFirst, true
	default:
		return AnyOrder, o.unclear == 0
	}
}
