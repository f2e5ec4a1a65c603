package calendar_test

import (
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/calendar"
)

func TestSpoken(t *testing.T) {
	const today = calendar.Day("2026-05-12") // a Tuesday
	for text, want := range map[string]calendar.Day{
		"3 mar": "2026-03-03", "March 3": "2026-03-03", "3rd march 2025": "2025-03-03", "3.3.": "2026-03-03", "3.3.2024": "2024-03-03",
		"31 dec": "2025-12-31", "12 may": "2026-05-12", "13 may": "2025-05-13", "29 feb": "2024-02-29", "march": "2026-03-01", "june": "2025-06-01",
		"last week": "2026-05-05", "Last  Month": "2026-04-12", "last quarter": "2026-02-12", "last year": "2025-05-12",
		"2 weeks ago": "2026-04-28", "a month ago": "2026-04-12", "10 days ago": "2026-05-02",
		"monday": "2026-05-11", "tue": "2026-05-05", "last friday": "2026-05-08",
		"yesterday": "2026-05-11", "today-7d": "2026-05-05", "2026-03-03": "2026-03-03", "start-of-month": "2026-05-01",
		"": "", "31 feb": "", "last": "", "last bus": "", "0 days ago": "", "x days ago": "", "ma": "", "3 mar 2025 4": "", "40 mar": "", "sometime": "", "3": "", "29 feb 2025": "",
	} {
		got, err := calendar.Spoken(text, today, time.Monday)
		if got != want && want != "" || want == "" && err == nil {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}
