package cli

import "testing"

func TestFormOf(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       form
	}{
		{"a.JSON", "", formJSON},
		{"a.yml", "{", formYAML},
		{"j301_1.sm", "", formPSPLIB},
		{"10_3_5_3.def", "", formIMOPSE},
		{"a", "\n {", formJSON},
		{"a", "****\nPRECEDENCE RELATIONS:", formPSPLIB},
		{"a.txt", "Tasks: 3\nResourceID\nTaskID", formIMOPSE},
		{"plan", "name: x\nhorizon: 5", formYAML},
		{"nrp1.txt", "3\n20\n", formXuan},
		{"readme.txt", "These are 3 files.", ""},
		{"empty", "", ""},
	} {
		if got := formOf(c.name, []byte(c.text)); got != c.want {
			t.Errorf("%s %q is %q, want %q", c.name, c.text, got, c.want)
		}
	}
}
