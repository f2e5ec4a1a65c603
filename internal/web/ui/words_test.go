package ui

import (
	"testing"
	"time"
)

func words(t *testing.T) Words {
	t.Helper()
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	// 1 January in Auckland, while it is still the year before in Greenwich
	return Words{Now: time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC), Zone: zone}
}

func TestDays(t *testing.T) {
	w := words(t)
	for _, c := range []struct {
		got, want string
	}{
		{w.Day("2026-03-03"), "3 Mar"},
		{w.Day("2025-12-31"), "31 Dec 2025"},
		{w.Day(""), ""},
		{w.LongDay("2026-03-03"), "Tuesday 3 March 2026"},
		{w.Range("2026-06-19", "2026-07-01"), "19 Jun – 1 Jul"},
		{w.Range("2025-06-19", "2025-07-01"), "19 Jun – 1 Jul 2025"},
		{w.Range("2025-12-19", "2026-01-05"), "19 Dec 2025 – 5 Jan"},
		{w.Range("2026-06-19", "2026-06-19"), "19 Jun"},
		{w.Range("2026-06-19", ""), "from 19 Jun"},
		{w.Range("", "2026-07-01"), "until 1 Jul"},
		{w.Range("", ""), ""},
		{w.DayHead("2026-01-01"), "Today, 1 Jan"},
		{w.DayHead("2025-12-31"), "Yesterday, 31 Dec 2025"},
		{w.DayHead("2025-12-28"), "Sunday, 28 Dec 2025"},
		{w.Moment(w.Now), "1 Jan, 01:00"},
		{w.Clock(w.Now), "01:00"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestAges(t *testing.T) {
	w := words(t)
	for ago, want := range map[time.Duration][2]string{
		0:                   {"now", "just now"},
		-time.Hour:          {"now", "just now"}, // another machine's clock
		59 * time.Second:    {"now", "just now"},
		5 * time.Minute:     {"5 min", "5 min ago"},
		119 * time.Minute:   {"1 h", "1 h ago"},
		47 * time.Hour:      {"1 d", "1 d ago"},
		59 * 24 * time.Hour: {"59 d", "59 d ago"},
		60 * 24 * time.Hour: {"2 Nov 2025", "on 2 Nov 2025"},
	} {
		if got := [2]string{w.Age(w.Now.Add(-ago)), w.Ago(w.Now.Add(-ago))}; got != want {
			t.Errorf("%v ago: %q, want %q", ago, got, want)
		}
	}
	if w.Age(time.Time{}) != "" || w.Ago(time.Time{}) != "never" {
		t.Error("no time has an age")
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		got, want string
	}{
		{Number(0), "0"},
		{Number(-0.01), "0"},
		{Number(2.5), "2.5"},
		{Number(2.04), "2"},
		{Number(9.96), "10"},
		{Number(-3), "−3"},
		{Number(12.5), "12"},
		{Number(1204), "1,204"},
		{Number(-1234567), "−1,234,567"},
		{Signed(18), "+18"},
		{Signed(-2), "−2"},
		{Signed(0), "0"},
		{Signed(0.01), "0"},
		{Effort(0.5), "0.5 pd"},
		{Effort(9.9), "9.9 pd"},
		{Effort(10), "2 pw"},
		{Effort(11), "2.2 pw"},
		{Effort(110), "22 pw"},
		{Money(14000, "EUR"), "€14k"},
		{Money(1250000, "USD"), "$1.2M"},
		{Money(999999, "EUR"), "€1M"},
		{Money(-14000, "EUR"), "−€14k"},
		{Money(8, "points"), "8 points"},
		{Money(300, "CHF"), "300 CHF"},
		{Percent(.834), "83%"},
		{Percent(0), "0%"},
		{Odds(.995), ">99%"},
		{Odds(1), ">99%"},
		{Odds(.99), "99%"},
		{Odds(.001), "<1%"},
		{Count(1, "feature", "features"), "1 feature"},
		{Count(0, "feature", "features"), "0 features"},
		{Count(1204, "feature", "features"), "1,204 features"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
