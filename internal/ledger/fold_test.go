package ledger

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWords(t *testing.T) {
	for _, c := range []struct{ text, words string }{
		{"", ""},
		{"  --  ", ""},
		{"Checkout, v2: faster!", "checkout v2 faster"},
		{"résumé RÉSUMÉ re\u0301sume\u0301", "resume resume resume"},
		{"Größe GROẞE", "grosse grosse"},
		{"Æther œuvre Øresund Łódź Đorđe Þór", "aether oeuvre oresund lodz dorde thor"},
		{"İstanbul ısı", "istanbul isi"},
		{"ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"},
		{"Ёлка й", "елка и"},
		{"ﬁne ① x² ＡＢＣ", "fine 1 x2 abc"},
		{"co\u00ADoperate a\u200Bb", "cooperate ab"},
		{"FB-42", "fb-42 fb 42"},
		{"see FB-42.", "see fb-42 fb 42"},
		{"FB-~3", "fb-~3 fb 3"},
		{"FB-42a FB--42 FB- 2024-01", "fb 42a fb 42 fb 2024 01"},
		{"a-1-2", "a-1 a 1 2"},
		{"FB-42\u00e9", "fb 42e"},
		{"全文搜索", "全文 文搜 搜索 索"},
		{"搜", "搜"},
		{"搜索API改进", "搜索 索 api 改进 进"},
		{"データ", "デー ータ タ"},
		{"ﾃﾞｰﾀ", "デー ータ タ"},
		{"ガカ", "ガカ カ"},
		{"검색 기능", "검색 색 기능 능"},
		{"हिन्दी भाषा", "हिन्दी भाषा"},
		{"كِتَاب שָׁלוֹם", "كتاب שלום"},
		{"a\xffb\xc3", "a b"},
		{"é\xe9x", "e x"},
		{"0\xf1\u013d", "0 l"},
		{"é́́x", "ex"},
	} {
		if got := strings.Join(Words(c.text), " "); got != c.words {
			t.Errorf("Words(%q) = %q, want %q", c.text, got, c.words)
		}
	}
}

func TestLongWords(t *testing.T) {
	long := Words(strings.Repeat("x", 200) + " y")
	if len(long) != 2 || len(long[0]) != longestWord || long[1] != "y" {
		t.Errorf("a long word became %q", long)
	}
	for _, w := range Words("a" + strings.Repeat("д", 100)) {
		if len(w) > longestWord || !utf8.ValidString(w) {
			t.Errorf("a long word became %q", w)
		}
	}
}

func TestFoldNeedsNoMemoryForASCII(t *testing.T) {
	var f folder
	f.cut("Checkout of FB-42 for customers in 14 countries")
	if n := testing.AllocsPerRun(100, func() { f.cut("Checkout of FB-42 for customers in 14 countries") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"FB-42 x", "Größe", "全文搜索a", "ﾃﾞｰ\u3099タ", "हिन्दी", "e\u0301\xff", "각ᄀ", "ไทย", "ŉ Ǆ ﷺ", "\u0345α\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Words(s) {
			if w == "" || len(w) > longestWord || !utf8.ValidString(w) {
				t.Fatalf("Words(%q) holds %q", s, w)
			}
			if again := Words(w); len(again) == 0 || again[0] != w {
				t.Fatalf("Words(%q) holds %q, whose words are %q", s, w, again)
			}
		}
		// What is typed is found: folding does not depend on where a text begins.
		if a, b := Words(s), Words(". "+s); !slices.Equal(a, b) {
			t.Fatalf("Words(%q) = %q, behind a full stop %q", s, a, b)
		}
	})
}
