package ledger

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// marked shows the marks of a text in brackets.
func marked(text string, marks []Mark) string {
	var b strings.Builder
	at := 0
	for _, m := range marks {
		b.WriteString(text[at:m.From] + "[" + text[m.From:m.To] + "]")
		at = m.To
	}
	return b.String() + text[at:]
}

func TestMarks(t *testing.T) {
	for _, x := range []struct{ text, query, want string }{
		{"Conflict-free sync", "sync", "Conflict-free [sync]"},
		{"Syncing and resync", "SYNC", "[Sync]ing and resync"},
		{"Der Résumé liegt da", "resume", "Der [Résumé] liegt da"},
		{"Die Straße nach Baden", "stras bad", "Die [Straß]e nach [Bad]en"},
		{"See FB-44, not FB-440 or B-44", "fb-44", "See [FB-44], not [FB-44]0 or B-44"},
		{"41 of 441", "41", "[41] of 441"},
		{"東京都の予算", "京都", "東[京都]の予算"},
		{"nothing here", "sync", "nothing here"},
		{"nothing here", "  ", "nothing here"},
		{"a\xffsync\xff", "sync", "a\xff[sync]\xff"},
	} {
		if got := marked(x.text, Marks(x.text, x.query)); got != x.want {
			t.Errorf("%q in %q: %q, want %q", x.query, x.text, got, x.want)
		}
	}
}

func TestExcerptOf(t *testing.T) {
	long := strings.Repeat("The crew works in the tunnel without any network. ", 20) +
		"Afterwards the device\n\nsends **what changed** and the server settles conflicts. " +
		strings.Repeat("Nothing else is of interest here. ", 20)
	e := ExcerptOf(long, "settle confl", 120)
	if got := marked(e.Text, e.Marks); !strings.Contains(got, "[settle]s [confl]icts") || !e.Before || !e.After || len(e.Text) > 120 || strings.Contains(e.Text, "\n") {
		t.Errorf("%q, before %t, after %t", got, e.Before, e.After)
	}
	if e := ExcerptOf("Short and sweet", "sweet", 120); e.Text != "Short and sweet" || e.Before || e.After || len(e.Marks) != 1 {
		t.Errorf("a short text: %+v", e)
	}
	if e := ExcerptOf(long, "absent", 60); e.Before || !e.After || !strings.HasPrefix(e.Text, "The crew") {
		t.Errorf("without the words: %+v", e)
	}
}

func FuzzExcerptOf(f *testing.F) {
	f.Add("Der Résumé 東京都 liegt\xff da", "resume 京都", 12)
	f.Add("ß\u0301ß", "ss", 3)
	f.Fuzz(func(t *testing.T, text, query string, size int) {
		size = 8 + (size&0xff+0x100)%0x100
		e := ExcerptOf(text, query, size)
		if !utf8.ValidString(e.Text) || len(e.Text) > size {
			t.Fatalf("%q is cut in a character, or longer than %d", e.Text, size)
		}
		at := 0
		for _, m := range e.Marks {
			if m.From < at || m.To <= m.From || m.To > len(e.Text) || !utf8.ValidString(e.Text[m.From:m.To]) {
				t.Fatalf("marks %v in %q", e.Marks, e.Text)
			}
			at = m.To
		}
	})
}
