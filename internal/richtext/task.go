package richtext

import (
	"fmt"
	"hash/fnv"
	"html"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/throughline-pm/throughline/internal/fault"
)

func isTask(n ast.Node) bool { return n.Kind() == extast.KindTaskCheckBox }

// itemStart is where the line of a task begins, at its bracket.
func itemStart(n ast.Node) (int, bool) {
	lines := n.Parent().Lines()
	if lines == nil || lines.Len() == 0 {
		return 0, false
	}
	return lines.At(0).Start, true
}

// itemSum names what a task says, whether it is done or not.
func itemSum(src []byte, start int) string {
	line, _, _ := strings.Cut(string(src[start:]), "\n")
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.TrimSpace(line[min(len(line), len("[x]")):]))) // writing to a hash does not fail
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// The two faces of a box.
const (
	tickedBox = `<svg class="ck" viewBox="0 0 14 14" aria-hidden="true"><circle class="ck-y" cx="7" cy="7" r="6.5"></circle><path class="ck-t" d="M4.2 7.2l1.9 1.9 3.7-4"></path></svg>`
	openBox   = `<svg class="ck" viewBox="0 0 14 14" aria-hidden="true"><circle class="ck-n" cx="7" cy="7" r="5.75"></circle></svg>`
)

// task draws the box of a task, as a button of the form that ticks it.
func (w *weaver) task(n ast.Node) {
	done := n.(*extast.TaskCheckBox).IsChecked
	box, state, wanted := openBox, "false", "1"
	if done {
		box, state, wanted = tickedBox, "true", "0"
	}
	number := w.tasks
	w.tasks++
	name := strings.TrimSpace(w.words(n.Parent()))
	if r := []rune(name); len(r) > 80 {
		name = string(r[:80]) + "…"
	}
	if name == "" {
		name = "Task " + strconv.Itoa(number+1)
	}
	start, ok := itemStart(n)
	if w.reader.Ticking == "" || !ok {
		replace(n, w.slot(`<span class="tick" role="checkbox" aria-checked="`+state+`" aria-disabled="true" aria-label="`+html.EscapeString(name)+`">`+box+`</span>`))
		return
	}
	value := fmt.Sprintf("%d.%s.%s", number, itemSum(w.src, start), wanted)
	replace(n, w.slot(`<button class="tick" type="submit" form="`+html.EscapeString(w.reader.Ticking)+`" name="task" value="`+value+
		`" role="checkbox" aria-checked="`+state+`" aria-label="`+html.EscapeString(name)+`">`+box+`</button>`))
}

// Tick returns the text with the task ticked, or open again, that the value of a box
// names. It is a Conflict if the text has no such task any more.
func Tick(source, value string) (now, task string, err error) {
	gone := fault.New(fault.Conflict, "the text was changed meanwhile; look at it again")
	parts := strings.Split(value, ".")
	if len(parts) != 3 {
		return "", "", fault.New(fault.Invalid, "%q names no task", value)
	}
	number, err := strconv.Atoi(parts[0])
	if err != nil {
		return "", "", fault.New(fault.Invalid, "%q names no task", value)
	}
	src := []byte(source)
	count, at, name := 0, -1, ""
	w := &weaver{src: src}
	_ = ast.Walk(markdown.Parser().Parse(text.NewReader(src)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering || !isTask(n) {
			return ast.WalkContinue, nil
		}
		if start, ok := itemStart(n); ok && count == number && itemSum(src, start) == parts[1] {
			at, name = start, strings.TrimSpace(w.words(n.Parent()))
		}
		count++
		return ast.WalkContinue, nil
	})
	if at < 0 || at+1 >= len(src) || src[at] != '[' {
		return "", "", gone
	}
	mark := byte(' ')
	if parts[2] == "1" {
		mark = 'x'
	}
	src[at+1] = mark
	return string(src), name, nil
}
