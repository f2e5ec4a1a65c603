package richtext

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/throughline-pm/throughline/internal/ledger"
)

var (
	ana     = ledger.MustID("01900000-0000-7000-8000-00000000000a")
	picture = ledger.MustID("01900000-0000-7000-8000-00000000000b")
	plan    = ledger.MustID("01900000-0000-7000-8000-00000000000c")
	unknown = ledger.MustID("01900000-0000-7000-8000-00000000000d")
)

// reader knows one thing of each sort, with names that try to break out.
func reader() Reader {
	sync := Thing{Key: "FB-44", Title: `Sync "<b>`, Href: "/w/x/features/FB-44", Card: "/w/x/card/feature/1"}
	return Reader{
		Thing: func(key string) (Thing, bool) { return sync, key == "FB-44" || key == "OLD-1" },
		Page: func(address string) (Thing, bool) {
			return sync, address == "https://pm.example.com/w/x/features/FB-44"
		},
		Person: func(id ledger.ID) (Thing, bool) {
			return Thing{Title: "Ana <Kovač>", Href: "/w/x/people/1"}, id == ana
		},
		File: func(id ledger.ID) (File, bool) {
			switch id {
			case picture:
				return File{Name: "map.png", Href: "/files/x/1", Width: 40, Height: 30}, true
			case plan:
				return File{Name: "plan.pdf", Href: "/files/x/2"}, true
			}
			return File{}, false
		},
		Ticking: "tick-text",
	}
}

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"**bold** and `code`":            "<strong>bold</strong> and <code>code</code>",
		"| a | b |\n|---|--:|\n|1|2|":    `<td align="right">2</td>`,
		"see https://example.com/x":      `<a href="https://example.com/x" rel="nofollow noreferrer noopener" target="_blank">`,
		"~~gone~~":                       "<del>gone</del>",
		"one\ntwo":                       "one<br>",
		"```go\nx\n```":                  `<code class="language-go">`,
		"# A\n\n### B":                   "<h3>A</h3>\n<h4>B</h4>",
		"see FB-44, or not":              `see <a class="ref num" href="/w/x/features/FB-44" title="Sync &#34;&lt;b&gt;" data-card="/w/x/card/feature/1">FB-44</a>, or not`,
		"once OLD-1":                     `title="FB-44 Sync &#34;&lt;b&gt;" data-card="/w/x/card/feature/1">OLD-1</a>`,
		"FB-44 first\nthen":              `FB-44</a> first<br>`,
		"**FB-44**":                      `<strong><a class="ref num"`,
		"XFB-44 FB-44x FB-4 UTF-8":       "<p>XFB-44 FB-44x FB-4 UTF-8</p>",
		"`FB-44`":                        "<p><code>FB-44</code></p>",
		"[my FB-44](https://a.example/)": `>my FB-44</a>`,
		"https://pm.example.com/w/x/features/FB-44":                      `<span class="num">FB-44</span> Sync &#34;&lt;b&gt;</a>`,
		"[it](https://pm.example.com/w/x/features/FB-44)":                `data-card="/w/x/card/feature/1">it</a>`,
		"ask @[Ana](person:" + ana.String() + ") now":                    `ask <a class="mention" href="/w/x/people/1">@Ana &lt;Kovač&gt;</a> now`,
		"ask @[Bo *x*](person:" + unknown.String() + ")":                 "<p>ask @Bo x</p>",
		"![The map](file:" + picture.String() + ")":                      `<a class="picture" href="/files/x/1"><img src="/files/x/1" alt="The map" width="40" height="30" loading="lazy"></a>`,
		"![The plan](file:" + plan.String() + ")":                        `<a class="file" href="/files/x/2" title="plan.pdf">The plan</a>`,
		"![Gone](file:" + unknown.String() + ")":                         "<p>Gone</p>",
		"![far](https://far.example/a.png)":                              `<a href="https://far.example/a.png" rel="nofollow noreferrer noopener" target="_blank">far</a>`,
		"- [ ] FB-44 <b>x</b>":                                           `name="task" value="0.`,
		"- [x] done":                                                     `role="checkbox" aria-checked="true" aria-label="done">`,
		"<input type=checkbox checked> <button name=task>x</button> yes": "<p> x yes</p>",
	} {
		if got := HTML(in, reader()); !strings.Contains(strings.ReplaceAll(got, "<br/>", "<br>"), want) {
			t.Errorf("HTML(%q) = %q, want it to hold %q", in, got, want)
		}
	}
}

// What nobody may know of stays the words that were written.
func TestWithoutRightsNothingIsALink(t *testing.T) {
	in := "FB-44 @[Ana](person:" + ana.String() + ") ![map](file:" + picture.String() + ")\n\n- [ ] task"
	got := HTML(in, Reader{})
	for _, no := range []string{"<a", "<img", "<button", ana.String(), picture.String()} {
		if strings.Contains(got, no) {
			t.Errorf("HTML for nobody = %q holds %q", got, no)
		}
	}
	if want := "<p>FB-44 @Ana map</p>"; !strings.Contains(got, want) {
		t.Errorf("HTML for nobody = %q, want it to hold %q", got, want)
	}
}

func TestWhatATextPointsTo(t *testing.T) {
	in := Mention("Ana [x]", ana) + " " + Mention("Ana", ana) + "\n\n`" + Mention("Bo", unknown) + "`\n\n" +
		FileLink("a*b_.png", picture, true) + FileLink("plan.pdf", plan, false)
	if got := Mentions(in); len(got) != 1 || got[0] != ana {
		t.Errorf("Mentions = %v, want Ana once; in code there is nobody", got)
	}
	if got := Files(in); len(got) != 2 || got[0] != picture || got[1] != plan {
		t.Errorf("Files = %v", got)
	}
}

func TestTick(t *testing.T) {
	text := "Intro\n\n- [ ] one\n  - [x] two\n\n1. [ ] three `code`\n"
	out := HTML(text, reader())
	value := func(label string) string {
		before, _, _ := strings.Cut(out, `aria-label="`+label)
		_, after, _ := strings.Cut(before[strings.LastIndex(before, "<button"):], `value="`)
		v, _, _ := strings.Cut(after, `"`)
		return v
	}
	for label, want := range map[string]string{
		"one":        strings.Replace(text, "[ ] one", "[x] one", 1),
		"two":        strings.Replace(text, "[x] two", "[ ] two", 1),
		"three code": strings.Replace(text, "[ ] three", "[x] three", 1),
	} {
		now, task, err := Tick(text, value(label))
		if err != nil || now != want || task != label {
			t.Errorf("Tick(%q) = %q, %q, %v", label, now, task, err)
		}
	}
	if _, _, err := Tick(strings.Replace(text, "one", "another", 1), value("one")); err == nil {
		t.Error("a task that says something else now was ticked")
	}
	if now, _, err := Tick("New above\n\n"+text, value("one")); err != nil || !strings.Contains(now, "[x] one") {
		t.Errorf("after an edit elsewhere: %q, %v", now, err)
	}
	for _, bad := range []string{"", "1", "x.y.z", "-1.a.1", "9.a.1"} {
		if _, _, err := Tick(text, bad); err == nil {
			t.Errorf("Tick(%q) did something", bad)
		}
	}
}

func marked(l Line) string {
	if l.Skipped > 0 {
		return "…"
	}
	var b strings.Builder
	for _, p := range l.Pieces {
		switch {
		case p.Added:
			b.WriteString("{+" + p.Text + "+}")
		case p.Removed:
			b.WriteString("{-" + p.Text + "-}")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	for _, c := range []struct{ was, now, want string }{
		{"", "", ""},
		{"", "new", "{+new+}"},
		{"old", "", "{-old-}"},
		{"a b c", "a b c", "…"},
		{"Edits are shown one after the other.", "Edits are shown side by side.", "Edits are shown {-one after the other-}{+side by side+}."},
		{"the supervisor chooses", "the inspector chooses", "the {-supervisor-}{+inspector+} chooses"},
		{"one\ntwo", "one\nzero\ntwo", "one|{+zero+}|two"},
		{"wholly other things", "nothing alike here", "{-wholly other things-}|{+nothing alike here+}"},
		{"1\n2\n3\n4\n5\n6\n7", "1\n2\n3\n4\n5\n6\n7\n8", "…|6|7|{+8+}"},
		{"naïve café", "naïve cafés", "naïve {-café-}{+cafés+}"},
	} {
		var got []string
		for _, l := range Diff(c.was, c.now) {
			got = append(got, marked(l))
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("Diff(%q, %q) = %q, want %q", c.was, c.now, s, c.want)
		}
	}
}

// A comparison holds both versions, whatever they are.
func FuzzDiff(f *testing.F) {
	f.Add("a b\nc", "a x\nc\nd")
	f.Add("\n\n", "")
	f.Fuzz(func(t *testing.T, was, now string) {
		var a, b strings.Builder
		for _, l := range changed(lines(was), lines(now)) {
			old, fresh := false, false
			for _, p := range l.Pieces {
				old, fresh = old || !p.Added, fresh || !p.Removed
				if !p.Added {
					a.WriteString(p.Text)
				}
				if !p.Removed {
					b.WriteString(p.Text)
				}
			}
			if old || len(l.Pieces) == 0 {
				a.WriteByte('\n')
			}
			if fresh || len(l.Pieces) == 0 {
				b.WriteByte('\n')
			}
		}
		flat := func(s string) string { return strings.ReplaceAll(s, "\n", "") }
		if flat(a.String()) != flat(was) || flat(b.String()) != flat(now) {
			t.Fatalf("Diff(%q, %q) holds %q and %q", was, now, a.String(), b.String())
		}
	})
}

// allowed are all elements and attributes that may come out, whatever goes in.
var allowed = map[string]string{
	"a": "href rel target class title data-card", "ol": "start", "th": "align", "td": "align", "code": "class",
	"img": "src alt width height loading", "button": "class type form name value role aria-checked aria-label",
	"svg": "class viewbox aria-hidden", "circle": "class cx cy r", "path": "class d",
	"span": "class role aria-checked aria-disabled aria-label title",
	"p":    "", "br": "", "hr": "", "h1": "", "h2": "", "h3": "", "h4": "", "h5": "", "h6": "", "strong": "", "em": "", "del": "",
	"pre": "", "blockquote": "", "ul": "", "li": "", "table": "", "thead": "", "tbody": "", "tr": "",
	"sub": "", "sup": "", "kbd": "", "details": "", "summary": "",
}

// classes are those that the program gives; a text cannot give itself another one.
var classes = "ref num mention file picture tick ck ck-y ck-n ck-t"

func holdsOnlyAllowed(t *testing.T, in string, r Reader) {
	t.Helper()
	out := HTML(in, r)
	z := html.NewTokenizer(strings.NewReader(out))
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
			if a.Key == "src" && !strings.HasPrefix(a.Val, "/files/") {
				t.Fatalf("%q loads %q", in, a.Val)
			}
			if a.Key == "form" && a.Val != "tick-text" || a.Key == "data-card" && a.Val != "/w/x/card/feature/1" {
				t.Fatalf("%q gives itself %s %q", in, a.Key, a.Val)
			}
			if a.Key == "class" && !strings.HasPrefix(a.Val, "language-") {
				for c := range strings.FieldsSeq(a.Val) {
					if !strings.Contains(" "+classes+" ", " "+c+" ") {
						t.Fatalf("%q gives itself the class %q", in, c)
					}
				}
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
	"[x](file:///etc/passwd)", "[x](person:javascript)", "![\"><script>](file:" + picture.String() + ")", "@[<script>](person:" + ana.String() + ")",
	"<a class=mention data-card=/w/x/card/evil href=/x>x</a>", "<button form=tick-text name=task value=0.a.1>x</button>", "<a title=\"FB-44\">x</a>",
	"<div>FB-44 <a href='FB-44'>", "[FB-44](FB-44 \"FB-44\")", "- [ ] \"><script>alert(1)</script>", "```\"onclick=x\nx\n```", "![x](  javascript:alert(1))",
	"<h3>a</h3>\n\n# FB-44\n\n- [x] FB-44 @[x](person:" + ana.String() + ")",
}

func TestNothingThatRunsComesThrough(t *testing.T) {
	for _, a := range attacks {
		holdsOnlyAllowed(t, a, reader())
	}
}

func FuzzHTML(f *testing.F) {
	for _, a := range attacks {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, in string) { holdsOnlyAllowed(t, in, reader()) })
}
