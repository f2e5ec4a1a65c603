// Package richtext turns what people write, Markdown, into HTML that is safe to show:
// one renderer and one sanitiser for every text of the system.
//
// # What a text can point to
//
// Three things stand in a text by what they are, not by what they are called, so that a
// new name needs no new text:
//
//	FB-42                     a thing of the workspace, by its key of now or before
//	@[Ana Kovač](person:ID)   a person
//	![Map](file:ID)           a picture among the attachments; [Plan](file:ID) another file
//
// Reader says what of them whoever reads the text may know; anything else stays the words
// that were written.
package richtext

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// markdown is CommonMark with GitHub's tables, task lists, strikethrough and bare
// addresses as links. HTML inside is shown as far as the sanitiser allows it.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Linkify, extension.Strikethrough, extension.TaskList, slots{},
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))),
	goldmark.WithRendererOptions(html.WithHardWraps(), html.WithUnsafe()), // the sanitiser is what makes it safe
)

var sanitiser = newSanitiser()

// newSanitiser allows the elements of prose and nothing that runs, loads or styles. A
// picture of another server would tell it who reads what, so there are none.
func newSanitiser() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "code", "pre",
		"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "sub", "sup", "kbd", "details", "summary")
	p.AllowAttrs("href").OnElements("a")
	p.AllowStandardURLs()
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true) // and noopener with it
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|right|center)$`)).OnElements("th", "td")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[A-Za-z0-9+#-]{1,30}$`)).OnElements("code")
	return p
}

// Reader is what whoever reads a text may know of what it points to. Without a function
// nothing of that sort is known.
type Reader struct {
	Thing   func(key string) (Thing, bool)     // what has or had the key
	Page    func(address string) (Thing, bool) // whose page an address of this server is
	Person  func(id ledger.ID) (Thing, bool)
	File    func(id ledger.ID) (File, bool)
	Ticking string // the form that ticks boxes of task lists; "": they cannot be ticked
}

// Thing is an entity that a text points to.
type Thing struct {
	Key, Title string
	Href       string // its page; "": it has none
	Card       string // the address of what is shown when one points at it; "": nothing
}

// File is an attachment that a text points to.
type File struct {
	Name, Href    string
	Width, Height int // of a picture; 0: it is none
}

// HTML returns Markdown as HTML that is safe inside a page, below a heading of the
// second level.
func HTML(source string, r Reader) string {
	src := []byte(source)
	doc := markdown.Parser().Parse(text.NewReader(src))
	w := &weaver{src: src, reader: r, seal: seal()}
	w.weave(doc)
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, src, doc); err != nil { // only a failing writer fails
		return ""
	}
	return w.fill(string(sanitiser.SanitizeBytes(b.Bytes())))
}

// seal returns a word that no text can hold, because it was not there when the text was
// written.
func seal() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// weaver puts what the program itself makes of a text into it: links to things, people
// and files, pictures and boxes. The sanitiser sees but a mark in their place, so it need
// not allow what they consist of.
type weaver struct {
	src    []byte
	reader Reader
	seal   string
	pieces []string
	tasks  int
}

// slot is the place of a piece.
func (w *weaver) slot(piece string) *slot {
	w.pieces = append(w.pieces, piece)
	return &slot{mark: w.seal + "." + strconv.Itoa(len(w.pieces)-1) + "."}
}

// fill puts the pieces where their marks are.
func (w *weaver) fill(out string) string {
	if len(w.pieces) == 0 {
		return out
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(out, w.seal+".")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		number, rest, _ := strings.Cut(after, ".")
		if n, err := strconv.Atoi(number); err == nil && n < len(w.pieces) {
			b.WriteString(w.pieces[n])
		}
		out = rest
	}
}

// weave replaces the nodes of a document that point to something.
func (w *weaver) weave(doc ast.Node) {
	levels := map[int]bool{}
	var found []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			levels[n.Level] = true
			found = append(found, n)
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Link, *ast.Image, *ast.AutoLink:
			found = append(found, n)
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			found = append(found, n)
		default:
			if isTask(n) {
				found = append(found, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range found {
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = below(levels, n.Level)
		case *ast.Link:
			w.link(n)
		case *ast.Image:
			w.image(n)
		case *ast.AutoLink:
			w.address(n)
		case *ast.Text:
			w.keys(n)
		default:
			w.task(n)
		}
	}
}

// below brings the levels of headings that a text uses to those that follow the heading
// that it stands under, without a gap.
func below(used map[int]bool, level int) int {
	now := 2
	for l := 1; l <= level; l++ {
		if used[l] {
			now++
		}
	}
	return min(now, 6)
}
