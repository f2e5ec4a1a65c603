package pages_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

const textPath = "features/FB-1/texts/description"

// saveText writes the description of FB-1 as somebody who began with was.
func (s *site) saveText(was, text string, status int) string {
	s.t.Helper()
	_, body := s.post(textPath, url.Values{"text": {text}, "was": {was}}, status)
	return body
}

// description is the text of FB-1 as its form has it.
func (s *site) description() string {
	s.t.Helper()
	return boxed(s.get(textPath+"/edit", 200))
}

var box = regexp.MustCompile(`(?s)<textarea class="ed-text"[^>]*>(.*?)</textarea>`)

// boxed is what stands in the editor of a page.
func boxed(body string) string {
	if m := box.FindStringSubmatch(body); m != nil {
		return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(m[1])
	}
	return "no editor"
}

func TestTwoWriteOneText(t *testing.T) {
	s := newSite(t)
	base := "One\n\nTwo\n\nThree"
	s.saveText(s.description(), base, http.StatusSeeOther)

	s.saveText(base, "One of us\n\nTwo\n\nThree", http.StatusSeeOther)
	s.saveText(base, "One\r\n\r\nTwo\r\n\r\nThree of us", http.StatusSeeOther) // began with the same
	if got, want := s.description(), "One of us\n\nTwo\n\nThree of us"; got != want {
		t.Errorf("after two edits in different lines the text is %q, want %q", got, want)
	}

	body := s.saveText(base, "One of mine\n\nTwo\n\nThree", http.StatusConflict)
	if got := boxed(body); got != "One of mine\n\nTwo\n\nThree" {
		t.Errorf("after a clash the box holds %q: what was typed is lost", got)
	}
	if !strings.Contains(body, `<del class="w">One</del>`) && !strings.Contains(body, `<ins class="w"> of us</ins>`) {
		t.Errorf("a clash does not show what the other changed:\n%s", plainText(body))
	}
	if got := s.description(); !strings.HasPrefix(got, "One of us") {
		t.Errorf("a clash wrote %q", got)
	}
	s.saveText("One of us\n\nTwo\n\nThree of us", "One of mine\n\nTwo\n\nThree", http.StatusSeeOther) // having seen it
	if got := s.description(); !strings.HasPrefix(got, "One of mine") {
		t.Errorf("saving again left %q", got)
	}
}

func TestTasksAreTickedInTheText(t *testing.T) {
	s := newSite(t)
	s.saveText(s.description(), "- [ ] pack\n- [x] go", http.StatusSeeOther)
	value := regexp.MustCompile(`name="task" value="([^"]+)" role="checkbox" aria-checked="false" aria-label="pack"`)
	m := value.FindStringSubmatch(s.get("features/FB-1", 200))
	if m == nil {
		t.Fatal("there is no box to tick")
	}
	s.post(textPath+"/tasks", url.Values{"task": {m[1]}}, http.StatusSeeOther)
	if got := s.description(); got != "- [x] pack\n- [x] go" {
		t.Errorf("the text is %q", got)
	}
	s.post("undo", url.Values{"seq": {""}}, http.StatusSeeOther)
	if got := s.description(); got != "- [ ] pack\n- [x] go" {
		t.Errorf("after one undo the text is %q", got)
	}
	s.saveText("- [ ] pack\n- [x] go", "- [ ] unpack", http.StatusSeeOther)
	s.post(textPath+"/tasks", url.Values{"task": {m[1]}}, http.StatusConflict)
	s.post(textPath+"/tasks", url.Values{"task": {"x"}}, http.StatusUnprocessableEntity)

	reader := s.Account(t, "Vera", access.Viewer)
	_, page := s.Get(t, s.Client(t, reader), "/w/fieldbook/features/FB-1")
	if strings.Contains(page, `name="task"`) || !strings.Contains(page, `aria-disabled="true" aria-label="unpack"`) {
		t.Error("a viewer is offered to tick")
	}
}

func TestVersionsOfAText(t *testing.T) {
	s := newSite(t)
	first := s.description()
	s.saveText(first, "The supervisor chooses.\n\nSecond", http.StatusSeeOther)
	long := "The inspector chooses.\n\nSecond\n\n" + strings.Repeat("A long paragraph. ", 200) // lies among the blobs
	s.saveText("The supervisor chooses.\n\nSecond", long, http.StatusSeeOther)

	page := s.get(textPath, 200)
	if said := plainText(page); !strings.Contains(said, "3 versions") {
		t.Errorf("the page says %q", said)
	}
	if !strings.Contains(page, `<del class="w">supervisor</del><ins class="w">inspector</ins>`) {
		t.Errorf("the newest version does not show its change by words")
	}
	seqs := regexp.MustCompile(`version=(\d+)"`).FindAllStringSubmatch(page, -1)
	oldest := seqs[len(seqs)-1][1]
	if v := s.get(textPath+"?version="+oldest+"&as=text", 200); !strings.Contains(v, "Both edits are <strong>kept</strong>") {
		t.Error("an old version is not shown as it was")
	}
	if v := s.get(textPath+"?version="+oldest+"&as=now", 200); !strings.Contains(v, "inspector chooses") || !strings.Contains(v, "kept") {
		t.Error("an old version is not compared with now")
	}
	s.get(textPath+"?version=9999", 404)
	s.get("features/FB-1/texts/title", 404)
	s.post(textPath, url.Values{"version": {"9999"}}, 404)
	s.post(textPath, url.Values{"version": {oldest}}, http.StatusSeeOther)
	if got := s.description(); got != first {
		t.Errorf("after the restore the text is %q", got)
	}
	if !strings.Contains(plainText(s.get(textPath, 200)), "4 versions") {
		t.Error("a restore is no version of its own")
	}
	s.post("undo", url.Values{"seq": {""}}, http.StatusSeeOther)
	if got := s.description(); got != long {
		t.Errorf("after one undo the text is %.60q", got)
	}
	s.Clock.Move(48 * time.Hour)
	past := s.get(textPath+"?at=2026-05-12", 200)
	if strings.Contains(past, "Restore this") || !strings.Contains(past, "Versions") && !strings.Contains(past, "versions") {
		t.Error("in the past versions are read, not restored")
	}
}

// What a text points to is a link for those alone who may know of it.
func TestTextsTellNothingPrivate(t *testing.T) {
	s := newSite(t)
	var secret ledger.ID
	s.write(func(tx *ledger.Tx) (err error) {
		secret, err = access.Products.Create(tx, access.Product{Name: "Kestrel", Prefix: "KE", Private: true})
		return err
	})
	s.post("features", url.Values{"title": {"Kestrel lands"}, "product": {secret.String()}}, http.StatusSeeOther)
	s.saveText(s.description(), "After KE-1 and FB-2, see "+s.Server.URL+"/w/fieldbook/features/KE-1", http.StatusSeeOther)
	if page := s.get("features/FB-1", 200); !strings.Contains(page, `/features/KE-1" title="Kestrel lands"`) {
		t.Error("an owner has no link")
	}
	c := s.Client(t, s.Account(t, "Carla", access.Contributor))
	_, page := s.Get(t, c, "/w/fieldbook/features/FB-1")
	if strings.Contains(page, "Kestrel") || strings.Contains(page, `href="/w/fieldbook/features/KE-1"`) {
		t.Error("a text tells of a private feature")
	}
	if !strings.Contains(page, `href="/w/fieldbook/features/FB-2"`) {
		t.Error("what may be known is no link")
	}
	_, owners := s.Get(t, s.c, "/w/fieldbook/features/KE-1")
	id := regexp.MustCompile(`/card/feature/([0-9a-f-]{36})`).FindStringSubmatch(s.get("features/FB-1", 200))[1]
	if r, body := s.Get(t, c, "/w/fieldbook/card/feature/"+id); r.StatusCode != 404 || strings.Contains(body, "Kestrel") {
		t.Errorf("the card of a private feature is %d", r.StatusCode)
	}
	if card := s.get("card/feature/"+id, 200); !strings.Contains(card, "Kestrel lands") || !strings.Contains(owners, "Kestrel") {
		t.Errorf("the card says %q", plainText(card))
	}
	for _, path := range []string{"write/things?q=kes", "write/things?q=KE-1", "write/people?q=kes"} {
		if _, body := s.Get(t, c, "/w/fieldbook/"+path); body != "[]" {
			t.Errorf("%s suggests %s", path, body)
		}
	}
	if body := s.get("write/things?q=kes", 200); !strings.Contains(body, `{"insert":"KE-1","label":"Kestrel lands","note":"KE-1"}`) {
		t.Errorf("an owner is suggested %s", body)
	}
	if _, body := s.Post(t, c, "/w/fieldbook/write/preview", url.Values{"text": {"KE-1 *so*"}}); strings.Contains(body, "Kestrel") || !strings.Contains(body, "<em>so</em>") {
		t.Errorf("a preview says %s", body)
	}
}

// A person is mentioned by who they are: a new name needs no new text.
func TestMentionsFollowNames(t *testing.T) {
	s := newSite(t)
	var mira string
	body := s.get("write/people?q=mi", 200)
	if m := regexp.MustCompile(`"insert":"([^"]+)","label":"Mira"`).FindStringSubmatch(body); m != nil {
		mira = m[1]
	} else {
		t.Fatalf("suggested are %s", body)
	}
	s.saveText(s.description(), "Ask "+mira, http.StatusSeeOther)
	s.write(func(tx *ledger.Tx) error {
		p, _ := people.Of(tx, s.Owner.ID)
		return people.Persons.Edit(tx, p.ID, func(p *people.Person) error { p.Name = "Mira Novak"; return nil })
	})
	if page := s.get("features/FB-1", 200); !strings.Contains(page, ">@Mira Novak</a>") {
		t.Error("a mention keeps the old name")
	}
}

func evalOf(js string) *rod.EvalOptions { return rod.Eval(js) }

// has waits until an element fits.
func has(t *testing.T, p *browsertest.Page, selector string) *rod.Element {
	t.Helper()
	return p.Has(selector)
}

// says waits until an element says something.
func says(t *testing.T, p *browsertest.Page, selector, words string) {
	t.Helper()
	p.Says(selector, words)
}

func TestWritingInABrowser(t *testing.T) {
	s := newSite(t)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features/FB-1", browsertest.Desk, "light", s.Session(t, s.Owner))
	press := func(keys ...input.Key) {
		t.Helper()
		if err := p.Keyboard.Type(keys...); err != nil {
			t.Fatal(err)
		}
	}
	with := func(key, other input.Key) {
		t.Helper()
		if err := p.KeyActions().Press(key).Type(other).Release(key).Do(); err != nil {
			t.Fatal(err)
		}
	}
	value := func(want string) {
		t.Helper()
		err := p.Timeout(15 * time.Second).Wait(rod.Eval(`(w) => document.querySelector('.ed-text')?.value === w`, want))
		if err != nil {
			got := has(t, p, ".ed-text").MustEval(`() => this.value`).Str()
			t.Fatalf("the box holds %q, want %q", got, want)
		}
	}
	clear := func() {
		t.Helper()
		has(t, p, ".ed-text").MustEval(`() => { this.focus(); this.select() }`)
		press(input.Backspace)
		value("")
	}
	type_ := func(text string) {
		t.Helper()
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				press(input.Enter)
			}
			if line != "" {
				p.MustInsertText(line)
			}
		}
	}
	click := func(tool string) { t.Helper(); has(t, p, `[data-md="`+tool+`"]`).MustClick() }

	has(t, p, "#text-description .prose")
	press('e')
	has(t, p, "#text-description .ed-text:focus")
	p.Check()
	clear()

	// tools and keys
	p.MustInsertText("keep both")
	has(t, p, ".ed-text").MustEval(`() => this.setSelectionRange(5, 9)`)
	with(input.ControlLeft, 'b')
	value("keep **both**")
	with(input.ControlLeft, 'b')
	value("keep both")
	click("italic")
	value("keep *both*")
	with(input.ControlLeft, 'z')
	value("keep both")
	clear()
	click("heading")
	value("## ")
	p.MustInsertText("Steps")
	press(input.Enter)
	click("tasks")
	type_("pack")
	press(input.Enter)
	value("## Steps\n- [ ] pack\n- [ ] ")
	type_("check FB-")
	says(t, p, ".ed-list li", "FB-2")
	p.Shot("editor-things")
	press(input.Escape)
	has(t, p, ".ed-text:focus")
	p.MustInsertText("2")
	press(input.Enter, input.Tab)
	p.MustInsertText("inner")
	value("## Steps\n- [ ] pack\n- [ ] check FB-2\n  - [ ] inner")
	press(input.Enter, input.Enter)
	value("## Steps\n- [ ] pack\n- [ ] check FB-2\n  - [ ] inner\n")
	press(input.Enter)
	p.MustInsertText("Ask @mi")
	says(t, p, ".ed-list li", "Mira")
	p.Shot("editor-people")
	press(input.Enter)
	if err := p.Timeout(15 * time.Second).Wait(rod.Eval(`() => /Ask @\[Mira\]\(person:[0-9a-f-]{36}\) $/.test(document.querySelector('.ed-text').value)`)); err != nil {
		t.Fatalf("the box holds %q", has(t, p, ".ed-text").MustEval(`() => this.value`).Str())
	}

	// the server shows it
	click("preview")
	has(t, p, ".ed-view .mention")
	p.Shot("editor-preview")
	p.Check()
	click("preview")

	// Escape keeps a draft, which is there when one comes back
	has(t, p, ".ed-text:not([hidden])").MustFocus()
	press(input.Escape)
	has(t, p, "#text-description .prose")
	p.MustReload().MustWaitLoad()
	has(t, p, "#edit-text-description").MustClick()
	has(t, p, ".ed-draft:not([hidden])")
	p.Shot("editor-draft")

	// pasted
	paste := func(data map[string]string) {
		t.Helper()
		has(t, p, ".ed-text").MustEval(`(data) => {
			this.focus()
			const d = new DataTransfer()
			for (const k in data) d.setData(k, data[k])
			this.dispatchEvent(new ClipboardEvent('paste', {clipboardData: d, bubbles: true, cancelable: true}))
		}`, data)
	}
	has(t, p, ".ed-text").MustEval(`() => { this.focus(); this.setSelectionRange(this.value.length, this.value.length) }`)
	paste(map[string]string{"text/plain": "A B 1 2", "text/html": `<meta charset=utf-8><p>See <b>this</b>:</p><table><tr><th>A<th>B</tr><tr><td>1 | 1</td><td><a href="https://example.com/x">two</a></td></tr></table>`})
	has(t, p, ".ed-text")
	if got := has(t, p, ".ed-text").MustEval(`() => this.value`).Str(); !strings.Contains(got, "See **this**:\n\n| A | B |\n| --- | --- |\n| 1 \\| 1 | [two](https://example.com/x) |") {
		t.Errorf("pasted is %q", got)
	}
	with(input.ControlLeft, input.Enter)
	says(t, p, ".toast", "Description saved")
	has(t, p, "#text-description > .prose .mention")
	p.Shot("text-saved")

	// a card of what a link leads to
	has(t, p, "#text-description a.ref").MustHover()
	says(t, p, ".hover-card:popover-open", "Audit export")
	p.Shot("hover-card")
	p.Check()
	press(input.Escape)
	if err := p.Timeout(15 * time.Second).Wait(rod.Eval(`() => !document.querySelector('.hover-card')`)); err != nil {
		t.Error("Escape does not close a card")
	}

	// a task, and one undo
	has(t, p, `button.tick[aria-label="pack"]`).MustClick()
	has(t, p, `button.tick[aria-label="pack"][aria-checked="true"]`)
	p.Mouse.MustMoveTo(700, 5)
	has(t, p, "#main").MustEval(`() => document.activeElement.blur()`)
	with(input.ControlLeft, 'z')
	has(t, p, `button.tick[aria-label="pack"][aria-checked="false"]`)

	// versions, and an old one again
	p.MustNavigate(s.Server.URL + "/w/fieldbook/" + textPath).MustWaitLoad()
	has(t, p, ".versions a:last-child").MustClick()
	p.MustWaitLoad()
	p.MustElementR(".seg a", "Against now").MustClick()
	p.MustWaitLoad()
	has(t, p, ".text-diff ins.w")
	p.Shot("versions")
	p.Check()
	p.MustElementR("button", "Restore this version").MustClick()
	says(t, p, ".toast", "restored as of")
	says(t, p, "#text-description", "Both edits are kept")
}

func TestTextsLookRight(t *testing.T) {
	s := newSite(t)
	s.saveText(s.description(), "Two engineers who edit the same inspection offline keep **both** edits, see FB-2.\n\n## What happens\n\n- [x] Both are stored\n- [ ] The inspector chooses, and `merge()` keeps the other\n  1. first\n  2. second\n\n> Never again on paper.\n\n| Case | Today | Then |\n| --- | --- | ---: |\n| Same field | lost | kept |\n\n```go\nfunc merge(a, b Edit) Edit {\n```\n\nhttps://example.com/spec", http.StatusSeeOther)
	for _, c := range []struct {
		name   string
		width  int
		scheme string
	}{{"text-dark", browsertest.Desk, "dark"}, {"text-phone", browsertest.Phone, "light"}} {
		p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features/FB-1", c.width, c.scheme, s.Session(t, s.Owner))
		has(t, p, "#text-description .prose")
		p.Check()
		p.Shot(c.name)
		has(t, p, "#edit-text-description").MustClick()
		has(t, p, ".ed-text:focus")
		p.Check()
		p.Shot(c.name + "-edit")
	}
}
