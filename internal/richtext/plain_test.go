package richtext_test

import (
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/richtext"
)

func TestPlain(t *testing.T) {
	source := "# Sync\n\nBoth edits are **kept**, see [the plan](https://x.example/secret) and `merge()`.\n\n- [x] one\n- two\n\n```go\nfmt.Println()\n```\n<script>alert(1)</script>\n"
	got := strings.Join(strings.Fields(richtext.Plain(source)), " ")
	if want := "Sync Both edits are kept, see the plan and merge(). one two fmt.Println()"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
