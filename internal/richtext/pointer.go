package richtext

import (
	"bytes"
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// The schemes by which a link of a text leads to what is not a page.
const (
	personScheme = "person:"
	fileScheme   = "file:"
)

// Mention returns how a person stands in a text.
func Mention(name string, id ledger.ID) string {
	return "@[" + label(name) + "](" + personScheme + id.String() + ")"
}

// FileLink returns how an attachment stands in a text, a picture as such.
func FileLink(name string, id ledger.ID, picture bool) string {
	link := "[" + label(name) + "](" + fileScheme + id.String() + ")"
	if picture {
		return "!" + link
	}
	return link
}

// label is a name as the words of a link.
func label(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]\\\r\n`*_<>", r) {
			return -1
		}
		return r
	}, name)
}

// Mentions returns the people whom a text mentions, each once, in order.
func Mentions(source string) []ledger.ID { return pointed(source, personScheme) }

// Files returns the attachments that a text points to, each once, in order.
func Files(source string) []ledger.ID { return pointed(source, fileScheme) }

func pointed(source, scheme string) (all []ledger.ID) {
	if !strings.Contains(source, scheme) {
		return nil
	}
	seen := map[ledger.ID]bool{}
	doc := markdown.Parser().Parse(text.NewReader([]byte(source)))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if id, ok := idOf(destination(n), scheme); ok && entering && !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
		return ast.WalkContinue, nil
	})
	return all
}

func destination(n ast.Node) []byte {
	switch n := n.(type) {
	case *ast.Link:
		return n.Destination
	case *ast.Image:
		return n.Destination
	}
	return nil
}

func idOf(dest []byte, scheme string) (ledger.ID, bool) {
	after, ok := bytes.CutPrefix(dest, []byte(scheme))
	if !ok {
		return ledger.ID{}, false
	}
	id, err := ledger.ParseID(string(after))
	return id, err == nil
}

// slot is an inline node in whose place something is put later.
type slot struct {
	ast.BaseInline
	mark string
}

var kindSlot = ast.NewNodeKind("Slot")

// Kind implements ast.Node.
func (*slot) Kind() ast.NodeKind { return kindSlot }

// Dump implements ast.Node.
func (s *slot) Dump(source []byte, level int) { ast.DumpHelper(s, source, level, nil, nil) }

// slots renders slots as their marks.
type slots struct{}

// Extend implements goldmark.Extender.
func (slots) Extend(m goldmark.Markdown) {
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(slots{}, 100)))
}

// RegisterFuncs implements renderer.NodeRenderer.
func (slots) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindSlot, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString(n.(*slot).mark) // the buffer keeps its error
		}
		return ast.WalkSkipChildren, nil
	})
}

// replace puts other nodes in the place of one.
func replace(n ast.Node, by ...ast.Node) {
	parent := n.Parent()
	for _, o := range by {
		parent.InsertBefore(parent, n, o)
	}
	parent.RemoveChild(parent, n)
}

// words are the texts inside a node.
func (w *weaver) words(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(util.UnescapePunctuations(t.Segment.Value(w.src)))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// said is a text as it was written.
func said(words string) ast.Node {
	s := ast.NewString([]byte(html.EscapeString(words)))
	s.SetCode(true) // escaped already
	return s
}

// anchor is a link that the program makes. inner is HTML.
func anchor(class string, t Thing, title, inner string) string {
	var b strings.Builder
	attr := func(name, value string) {
		if value != "" {
			b.WriteString(" " + name + `="` + html.EscapeString(value) + `"`)
		}
	}
	name := "a"
	if t.Href == "" {
		name = "span"
	}
	b.WriteString("<" + name)
	attr("class", class)
	attr("href", t.Href)
	attr("title", title)
	if t.Href != "" {
		attr("data-card", t.Card)
	}
	b.WriteString(">" + inner + "</" + name + ">")
	return b.String()
}

// link makes chips of people and leads to files.
func (w *weaver) link(n *ast.Link) {
	words := w.words(n)
	if id, ok := idOf(n.Destination, personScheme); ok {
		w.person(n, id, words)
		return
	}
	if id, ok := idOf(n.Destination, fileScheme); ok {
		w.file(n, id, words)
		return
	}
	if w.reader.Page == nil {
		return
	}
	if t, ok := w.reader.Page(string(n.Destination)); ok { // the words are the writer's
		replace(n, w.slot(anchor("ref", t, strings.TrimSpace(t.Key+" "+t.Title), html.EscapeString(words))))
	}
}

func (w *weaver) person(n *ast.Link, id ledger.ID, words string) {
	at := "" // the sign before it is part of the chip
	if before, ok := n.PreviousSibling().(*ast.Text); ok && before.Segment.Stop > before.Segment.Start && w.src[before.Segment.Stop-1] == '@' && !before.SoftLineBreak() {
		before.Segment.Stop--
		at = "@"
	}
	var t Thing
	ok := w.reader.Person != nil
	if ok {
		t, ok = w.reader.Person(id)
	}
	if !ok {
		replace(n, said(at+words))
		return
	}
	replace(n, w.slot(anchor("mention", t, "", "@"+html.EscapeString(t.Title))))
}

func (w *weaver) file(n ast.Node, id ledger.ID, words string) {
	var f File
	ok := w.reader.File != nil
	if ok {
		f, ok = w.reader.File(id)
	}
	if !ok {
		replace(n, said(words))
		return
	}
	if words == "" {
		words = f.Name
	}
	to := Thing{Href: f.Href}
	if _, shown := n.(*ast.Image); !shown || f.Width == 0 {
		replace(n, w.slot(anchor("file", to, f.Name, html.EscapeString(words))))
		return
	}
	replace(n, w.slot(anchor("picture", to, "", `<img src="`+html.EscapeString(f.Href)+`" alt="`+html.EscapeString(words)+
		`" width="`+strconv.Itoa(f.Width)+`" height="`+strconv.Itoa(f.Height)+`" loading="lazy">`)))
}

// image shows pictures among the attachments; those of other servers become links.
func (w *weaver) image(n *ast.Image) {
	words := w.words(n)
	if id, ok := idOf(n.Destination, fileScheme); ok {
		w.file(n, id, words)
		return
	}
	if words == "" {
		words = string(n.Destination)
	}
	l := ast.NewLink()
	l.Destination = n.Destination
	l.AppendChild(l, said(words))
	replace(n, l)
}

// address shows a bare address of a page of the workspace by what is there.
func (w *weaver) address(n *ast.AutoLink) {
	if w.reader.Page == nil || n.AutoLinkType != ast.AutoLinkURL {
		return
	}
	t, ok := w.reader.Page(string(n.URL(w.src)))
	if !ok {
		return
	}
	inner := html.EscapeString(t.Title)
	if t.Key != "" {
		inner = `<span class="num">` + html.EscapeString(t.Key) + `</span> ` + inner
	}
	replace(n, w.slot(anchor("ref", t, "", inner)))
}

// keyPattern finds what may be the key of a thing.
var keyPattern = regexp.MustCompile(`[A-Z][A-Z0-9]{0,9}-~?[1-9][0-9]{0,8}`)

// wordly are the bytes that a key does not touch: it would be part of a longer word.
func wordly(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

// keys makes links of the keys in a text.
func (w *weaver) keys(n *ast.Text) {
	if w.reader.Thing == nil || n.IsRaw() {
		return
	}
	from, stop := n.Segment.Start, n.Segment.Stop
	var parts []ast.Node
	for _, at := range keyPattern.FindAllIndex(w.src[from:stop], -1) {
		start, end := n.Segment.Start+at[0], n.Segment.Start+at[1]
		if start > 0 && wordly(w.src[start-1]) || end < len(w.src) && wordly(w.src[end]) {
			continue
		}
		key := string(w.src[start:end])
		t, ok := w.reader.Thing(key)
		if !ok {
			continue
		}
		title := t.Title
		if t.Key != key { // it has another one now
			title = t.Key + " " + t.Title
		}
		parts = append(parts, ast.NewTextSegment(text.NewSegment(from, start)), w.slot(anchor("ref num", t, title, html.EscapeString(key))))
		from = end
	}
	if parts == nil {
		return
	}
	rest := ast.NewTextSegment(text.NewSegment(from, stop))
	rest.SetSoftLineBreak(n.SoftLineBreak())
	rest.SetHardLineBreak(n.HardLineBreak())
	replace(n, append(parts, rest)...)
}
