package table

import (
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
)

func TestFiltersHaveOneSpelling(t *testing.T) {
	for in, want := range map[string]string{
		`status = Building`:                             `status = Building`,
		`STATUS=Building`:                               `status = Building`,
		`title contains "offline sync"`:                 `title contains "offline sync"`,
		`title = "say \"hi\" \\ there"`:                 `title = "say \"hi\" \\ there"`,
		`a in (x,y ,"or")`:                              `a in (x, y, "or")`,
		`a not in (x)`:                                  `a not in (x)`,
		`a is empty`:                                    `a is empty`,
		`a IS NOT EMPTY`:                                `a is not empty`,
		`a>=3 and b<today+30d`:                          `a >= 3 and b < today+30d`,
		`a = 1 and (b = 2 or c = 3) and d = 4`:          `a = 1 and (b = 2 or c = 3) and d = 4`,
		`a = 1 or b = 2 and c = 3`:                      `a = 1 or (b = 2 and c = 3)`,
		`(a = 1 and b = 2) and c = 3`:                   `a = 1 and b = 2 and c = 3`,
		`not a = 1`:                                     `not a = 1`,
		`not (a = 1 or b = 2)`:                          `not (a = 1 or b = 2)`,
		`custom.points > 3`:                             `custom.points > 3`,
		`effort != -2.5`:                                `effort != -2.5`,
		"release = 4.1\n and\tteam = Sync":              `release = 4.1 and team = Sync`,
		`owner = ann@example.com and key = FB-42`:       `owner = ann@example.com and key = FB-42`,
		`title = "größe 検索" and tags in ("a,b", "c d")`: `title = "größe 検索" and tags in ("a,b", "c d")`,
	} {
		f, err := ParseFilter(in)
		if err != nil {
			t.Errorf("ParseFilter(%q): %v", in, err)
			continue
		}
		if got := f.String(); got != want {
			t.Errorf("ParseFilter(%q) reads %q, want %q", in, got, want)
		}
	}
}

func TestFaultyFiltersSayWhatIsWrong(t *testing.T) {
	for in, want := range map[string]string{
		`status`:                       "comparison",
		`status =`:                     "ends where a value",
		`= 3`:                          "name of a column",
		`status = a b`:                 `"b" where and, or or the end`,
		`(status = a`:                  "ends where )",
		`status in a`:                  "where (",
		`status in (a`:                 ", or )",
		`status in ()`:                 "a value",
		`status is a`:                  "where empty",
		`title = "open`:                "not closed",
		`a = 1 and`:                    "ends where the name",
		`not`:                          "ends where the name",
		`and = 3`:                      "name of a column",
		`a = and`:                      "a value",
		strings.Repeat("(", 100) + "a": "deeper than 32",
		strings.Repeat("not ", 100):    "deeper than 32",
		"a in (" + strings.Repeat("x,", 300) + "x)": "more than 200",
		strings.Repeat("x", 9000):                   "longer than",
		"a = \xff":                                  "no valid text",
	} {
		_, err := ParseFilter(in)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseFilter(%.40q) = %v, want it to say %q", in, err, want)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{`a = 1 and (b in (x, "y z") or not c is empty)`, `title contains "\"\\"`, `((`, `a!="`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		first, err := ParseFilter(in)
		if err != nil || first == nil {
			return
		}
		again, err := ParseFilter(first.String())
		if err != nil {
			if strings.Contains(err.Error(), "longer than") { // quotes may lengthen it
				return
			}
			t.Fatalf("%q reads as %q, which cannot be read: %v", in, first, err)
		}
		if again.String() != first.String() {
			t.Fatalf("%q reads as %q and then as %q", in, first, again)
		}
	})
}
