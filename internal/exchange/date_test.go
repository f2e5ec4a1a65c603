package exchange

import (
	"errors"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in    string
		order DateOrder
		want  string // RFC 3339 in the zone of Berlin
		day   string
	}{
		{"2024-05-14", "", "2024-05-14T00:00:00+02:00", "2024-05-14"},
		{"2025-10-9", "", "2025-10-09T00:00:00+02:00", "2025-10-09"},
		{"2024/05/14", "", "2024-05-14T00:00:00+02:00", "2024-05-14"},
		{"2024-05-14T08:53:33Z", "", "2024-05-14T10:53:33+02:00", "2024-05-14"},
		{"2024-05-14T23:30:00.125Z", "", "2024-05-15T01:30:00+02:00", "2024-05-15"},
		{"2020-03-17T15:11:26-07:00", "", "2020-03-17T23:11:26+01:00", "2020-03-17"},
		{"2024-05-14 08:53", "", "2024-05-14T08:53:00+02:00", "2024-05-14"},
		{"2021-02-10T08:00:00.000+0000", "", "2021-02-10T09:00:00+01:00", "2021-02-10"},
		{"Tue May 14 2024 08:53:33 GMT+0000 (GMT)", "", "2024-05-14T10:53:33+02:00", "2024-05-14"},
		{"Mon, 21 Apr 2025 10:17:06 UTC+0000", "", "2025-04-21T12:17:06+02:00", "2025-04-21"},
		{"Mon, 02 Jan 2006 15:04:05 GMT", "", "2006-01-02T16:04:05+01:00", "2006-01-02"},
		{"09/Jan/24 3:54 PM", "", "2024-01-09T15:54:00+01:00", "2024-01-09"},
		{"09/Jan/24 12:05 AM", "", "2024-01-09T00:05:00+01:00", "2024-01-09"},
		{"09/Jan/24 12:05 PM", "", "2024-01-09T12:05:00+01:00", "2024-01-09"},
		{"31-Dec-2023", "", "2023-12-31T00:00:00+01:00", "2023-12-31"},
		{"April 5, 2025", "", "2025-04-05T00:00:00+02:00", "2025-04-05"},
		{"7.6.2025 14:59:28", "", "2025-06-07T14:59:28+02:00", "2025-06-07"},
		{"03/20/2020", MonthFirst, "2020-03-20T00:00:00+01:00", "2020-03-20"},
		{"03/04/2020", MonthFirst, "2020-03-04T00:00:00+01:00", "2020-03-04"},
		{"03/04/2020", DayFirst, "2020-04-03T00:00:00+02:00", "2020-04-03"},
		{"05/05/2020", "", "2020-05-05T00:00:00+02:00", "2020-05-05"},
		{"24-05-06", YearFirst, "2024-05-06T00:00:00+02:00", "2024-05-06"},
		{"1/2/69", DayFirst, "1969-02-01T00:00:00+01:00", "1969-02-01"},
	} {
		d, err := ParseDate(c.in, c.order)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if got := d.In(berlin).In(berlin).Format(time.RFC3339); got != c.want {
			t.Errorf("%q is %s, want %s", c.in, got, c.want)
		}
		if got := string(d.DayIn(berlin)); got != c.day {
			t.Errorf("the day of %q is %s, want %s", c.in, got, c.day)
		}
	}
}

func TestDatesThatAreNone(t *testing.T) {
	for in, want := range map[string]error{
		"": errDate, "TBD": errDate, "v1.21": errDate, "2024": errDate, "13:45": errDate, "1.21": errDate,
		"yesterday": errDate, "2024-05-14T": nil, "03/04/2020": errOrder, "3-4-20": errOrder,
		"31/12/20": errOrder, "2024-05-14 10:00 11:00": errDate, "99999999999999999999": errDate,
	} {
		if _, err := ParseDate(in, AnyOrder); want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", in, err, want)
		} else if want == nil && err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, in := range []string{"2023-02-29", "31.4.2024", "32/Jan/24", "2024-13-01", "2024-00-10", "2024-05-14T25:00"} {
		if d, err := ParseDate(in, AnyOrder); err == nil {
			t.Errorf("%q, which does not exist, is read as %v", in, d)
		}
	}
	if d, err := ParseDate("29/2/2023", DayFirst); err == nil {
		t.Errorf("29 February 2023 is read as %v", d)
	}
	if _, err := ParseDate("31/02/2026", AnyOrder); err == nil || errors.Is(err, errOrder) {
		t.Errorf("a day that neither order has is %v", err)
	}
}

func TestTheValuesOfAColumnDecideItsOrder(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   DateOrder
		ok     bool
	}{
		{[]string{"03/04/2020", "03/20/2020"}, MonthFirst, true},
		{[]string{"03/04/2020", "20/03/2020"}, DayFirst, true},
		{[]string{"03/04/2020", "01/02/2021"}, AnyOrder, false},
		{[]string{"13/04/2020", "04/13/2020"}, AnyOrder, false},
		{[]string{"2020-03-04", "7.6.2025", "05/05/2020", "TBD", ""}, AnyOrder, true},
	} {
		var o orderEvidence
		for _, v := range c.values {
			o.add(v)
		}
		if got, ok := o.order(); got != c.want || ok != c.ok {
			t.Errorf("%q: %q %t, want %q %t", c.values, got, ok, c.want, c.ok)
		}
	}
}

func TestParseDateOrder(t *testing.T) {
	for in, want := range map[string]DateOrder{
		"d/m/y": DayFirst, "dd.mm.yyyy": DayFirst, "DD/MM/YYYY": DayFirst, "m/d/y": MonthFirst, "MM-DD-YY": MonthFirst, "yyyy-mm-dd": YearFirst,
	} {
		if got, err := ParseDateOrder(in); got != want || err != nil {
			t.Errorf("%q is %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"day", "y/d/m", "d/m"} {
		if got, err := ParseDateOrder(in); err == nil {
			t.Errorf("%q is %q", in, got)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2024-05-14T08:53:33.5Z", "09/Jan/24 3:54 PM", "7.6.2025 14:59:28", "Tue May 14 2024 08:53:33 GMT+0000 (GMT)", "03/04/2020"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, order := range []DateOrder{AnyOrder, DayFirst, MonthFirst, YearFirst} {
			d, err := ParseDate(s, order)
			if err != nil {
				continue
			}
			at := d.In(time.UTC)
			again, err := ParseDate(at.Format(time.RFC3339Nano), AnyOrder)
			if err != nil || !again.In(time.UTC).Equal(at) {
				t.Fatalf("%q is %s, which is read back as %v, %v", s, at, again, err)
			}
			if y, m, day := at.In(d.location()).Date(); y != d.Year || m != d.Month || day != d.Day {
				t.Fatalf("%q: the day %v became %s", s, d, at)
			}
		}
	})
}

func (d Date) location() *time.Location {
	if d.Zone != nil {
		return d.Zone
	}
	return time.UTC
}
