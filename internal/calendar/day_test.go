package calendar

import (
	"testing"
	"time"
)

func TestParseDay(t *testing.T) {
	for _, good := range []string{"", "2024-02-29", "1999-12-31"} {
		if d, err := ParseDay(good); err != nil || string(d) != good {
			t.Errorf("ParseDay(%q) = %q, %v", good, d, err)
		}
	}
	for _, bad := range []string{"2026-02-31", "2023-02-29", "2026-1-1", "31.12.2026", "today", "0000-01-01"} {
		if d, err := ParseDay(bad); err == nil {
			t.Errorf("ParseDay(%q) = %q, want an error", bad, d)
		}
	}
}

func TestEndOfADayWithASwitchOfClocks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	d := Day("2026-03-29") // 23 hours long
	if got := d.End(berlin).Sub(d.Go(berlin)); got != 23*time.Hour-time.Microsecond {
		t.Errorf("the day lasts %v", got)
	}
}

func TestResolve(t *testing.T) {
	const today = Day("2026-05-12") // a Tuesday
	for in, want := range map[string]Day{
		"2026-01-31": "2026-01-31", "today": today, "Tomorrow": "2026-05-13", "yesterday": "2026-05-11",
		"today+7d": "2026-05-19", "today-2w": "2026-04-28", "today+1m": "2026-06-12", "today-1q": "2026-02-12",
		"start-of-week": "2026-05-11", "start-of-month": "2026-05-01", "start-of-quarter": "2026-04-01",
		"start-of-quarter+1q": "2026-07-01", "start-of-quarter-1d": "2026-03-31", "start-of-year": "2026-01-01",
	} {
		if got, err := Resolve(in, today, time.Monday); err != nil || got != want {
			t.Errorf("Resolve(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	if got, _ := Resolve("start-of-week", today, time.Sunday); got != "2026-05-10" {
		t.Errorf("a week from Sunday starts on %s", got)
	}
	if got, _ := Resolve("today+1m", "2026-01-31", time.Monday); got != "2026-02-28" {
		t.Errorf("a month after 31 January is %s", got)
	}
	for _, bad := range []string{"soon", "today+", "today+7", "today+7y", "today+99999999999d", "2026-02-31"} {
		if got, err := Resolve(bad, today, time.Monday); err == nil {
			t.Errorf("Resolve(%q) = %q, want an error", bad, got)
		}
	}
}

func TestSub(t *testing.T) {
	if n := Day("2026-03-30").Sub("2026-03-28"); n != 2 {
		t.Errorf("%d days", n)
	}
}
