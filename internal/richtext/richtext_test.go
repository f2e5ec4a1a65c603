package richtext

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"**bold** and `code`":         "<strong>bold</strong> and <code>code</code>",
		"- [x] done\n- [ ] open":      `type="checkbox"`,
		"| a | b |\n|---|--:|\n|1|2|": `<td align="right">2</td>`,
		"see https://example.com/x":   `<a href="https://example.com/x" rel="nofollow noreferrer">`,
		"~~gone~~":                    "<del>gone</del>",
		"one\ntwo":                    "one<br>",
	} {
		if got := HTML(in); !strings.Contains(strings.ReplaceAll(got, "<br/>", "<br>"), want) {
			t.Errorf("HTML(%q) = %q, want it to hold %q", in, got, want)
		}
	}
}

// allowed are all elements and attributes that may come out, whatever goes in.
var allowed = map[string]string{
	"a": "href rel", "ol": "start", "th": "align", "td": "align", "input": "type checked disabled",
	"p": "", "br": "", "hr": "", "h1": "", "h2": "", "h3": "", "h4": "", "h5": "", "h6": "", "strong": "", "em": "", "del": "",
	"code": "", "pre": "", "blockquote": "", "ul": "", "li": "", "table": "", "thead": "", "tbody": "", "tr": "",
	"sub": "", "sup": "", "kbd": "", "details": "", "summary": "",
}

func holdsOnlyAllowed(t *testing.T, in string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(HTML(in)))
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		if tok.Type == html.TextToken || tok.Type == html.EndTagToken {
			continue
		}
		attrs, ok := allowed[tok.Data]
		if !ok {
			t.Fatalf("%q lets <%s> through", in, tok.Data)
		}
		for _, a := range tok.Attr {
			if !strings.Contains(" "+attrs+" ", " "+a.Key+" ") {
				t.Fatalf("%q lets <%s %s> through", in, tok.Data, a.Key)
			}
			scheme, _, has := strings.Cut(strings.ToLower(strings.TrimSpace(a.Val)), ":")
			if a.Key == "href" && has && scheme != "http" && scheme != "https" && scheme != "mailto" && !strings.ContainsAny(scheme, "/?#") {
				t.Fatalf("%q lets the address %q through", in, a.Val)
			}
		}
	}
}

var attacks = []string{
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))",
	"[x](data:text/html,<script>alert(1)</script>)", "<a href=\"java\tscript:alert(1)\">x</a>", "<svg><script>alert(1)</script></svg>",
	"<iframe src=https://example.com>", "<style>*{}</style>", "<p style=color:red onclick=x>y</p>", "![x](https://example.com/track.png)",
	"<form action=/x><input type=text name=a></form>", "# title {onclick=x}", "<https://example.com/\"onmouseover=alert(1)>",
	"<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", "<input type=checkbox onfocus=alert(1) autofocus>",
	"<!--><script>x</script>-->", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "[a]: vbscript:x\n[a]",
}

func TestNothingThatRunsComesThrough(t *testing.T) {
	for _, a := range attacks {
		holdsOnlyAllowed(t, a)
	}
}

func FuzzHTML(f *testing.F) {
	for _, a := range attacks {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, in string) { holdsOnlyAllowed(t, in) })
}
