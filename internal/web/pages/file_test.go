package pages_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/browsertest"
)

// keep is a store of files for a test.
func keep(t testing.TB, k *web.Kit) *files.Store {
	t.Helper()
	s, err := files.Open(t.Context(), k.Ledger.DB(), files.Settings{Clock: k.Clock, Limit: 1_000_000, Quota: 10_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pngOf(w, h int) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{uint8(x), uint8(y), 120, 255})
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, m)
	return b.Bytes()
}

// upload sends a file as a form does.
func (s *site) upload(c *http.Client, path, name string, content []byte, accept string) (*http.Response, string) {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.Server.URL+"/w/fieldbook/"+path, &body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept", accept)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(said)
}

var fileAddress = regexp.MustCompile(`/files/fieldbook/[0-9a-f-]{36}`)

func TestFilesOfAFeature(t *testing.T) {
	s := newSite(t)
	r, said := s.upload(s.c, "attachments?kind=feature&about=FB-1", "map.png", pngOf(60, 40), "application/json")
	m := regexp.MustCompile(`"markdown":"(!\[map.png\]\(file:([0-9a-f-]{36})\))"`).FindStringSubmatch(said)
	if r.StatusCode != 200 || m == nil {
		t.Fatalf("a script is answered %d %s", r.StatusCode, said)
	}
	if r, _ := s.upload(s.c, "attachments?kind=feature&about=FB-1", "notes.txt", []byte("what was said"), "text/html"); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("a form is answered %d", r.StatusCode)
	}
	s.saveText(s.description(), "Look: "+m[1], http.StatusSeeOther)
	page := s.get("features/FB-1", 200)
	if !strings.Contains(page, `alt="map.png" width="60" height="40"`) || !strings.Contains(plainText(page), "notes.txt") {
		t.Errorf("the page has neither picture nor file: %s", plainText(page))
	}

	address := "/files/fieldbook/" + m[2]
	r, body := s.Get(t, s.c, address)
	h := r.Header
	if r.StatusCode != 200 || h.Get("Content-Type") != "image/png" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Disposition") != `inline; filename=map.png` {
		t.Errorf("a picture is served %d with %v", r.StatusCode, h)
	}
	if c, err := png.DecodeConfig(strings.NewReader(body)); err != nil || c.Width != 60 {
		t.Errorf("what is served is %v, %v", c, err)
	}
	if r, _ := s.Do(t, s.c, "GET", address, nil, "If-None-Match", h.Get("ETag")); r.StatusCode != http.StatusNotModified {
		t.Errorf("who has it already gets %d", r.StatusCode)
	}
	for _, a := range fileAddress.FindAllString(page, -1) {
		if a == address {
			continue
		}
		if r, body := s.Get(t, s.c, a); !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") || body != "what was said" {
			t.Errorf("a text is served as %v", r.Header)
		}
	}

	for name, content := range map[string]string{"a.svg": "<svg onload=alert(1)>", "a.html": "<!doctype html><script>", "empty.txt": ""} {
		if r, said := s.upload(s.c, "attachments?kind=feature&about=FB-1", name, []byte(content), "application/json"); r.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s is answered %d %s", name, r.StatusCode, said)
		}
	}
	if r, _ := s.upload(s.c, "attachments?kind=feature&about=FB-1", "a.txt", bytes.Repeat([]byte("x"), 1_000_001), "application/json"); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large a file is answered %d", r.StatusCode)
	}

	// renamed, deleted and back again
	at := "attachments/" + m[2]
	s.post(at+"/edit", url.Values{"name": {"plan.png"}}, http.StatusSeeOther)
	s.post(at+"/edit", url.Values{"name": {"plan.html"}}, http.StatusUnprocessableEntity)
	s.post(at+"/delete", url.Values{}, http.StatusSeeOther)
	if r, _ := s.Get(t, s.c, address); r.StatusCode != 404 {
		t.Errorf("a deleted file is served %d", r.StatusCode)
	}
	if page := s.get("features/FB-1", 200); strings.Contains(page, address) {
		t.Error("a text shows a deleted picture")
	}
	s.post("undo", url.Values{"seq": {""}}, http.StatusSeeOther)
	if r, _ := s.Get(t, s.c, address); r.StatusCode != 200 || !strings.Contains(r.Header.Get("Content-Disposition"), "plan.png") {
		t.Errorf("an undone deletion is served %d", r.StatusCode)
	}
}

func TestFilesAreForThoseWhoSeeWhatTheyHangOn(t *testing.T) {
	s := newSite(t)
	_, said := s.upload(s.c, "attachments?kind=feature&about=FB-1", "a.txt", []byte("secret words"), "application/json")
	id := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(said)[1]
	viewer := s.Client(t, s.Account(t, "Vera", access.Viewer))
	if r, _ := s.Get(t, viewer, "/files/fieldbook/"+id); r.StatusCode != 200 {
		t.Errorf("a viewer gets %d", r.StatusCode)
	}
	if r, _ := s.upload(viewer, "attachments?kind=feature&about=FB-1", "b.txt", []byte("b"), "application/json"); r.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer attaches: %d", r.StatusCode)
	}
	helper := s.Client(t, s.Account(t, "Carl", access.Contributor))
	_, said = s.upload(helper, "attachments?kind=feature&about=FB-1", "c.txt", []byte("mine"), "application/json")
	mine := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(said)
	if mine == nil {
		t.Fatalf("a contributor attaches: %s", said)
	}
	if r, _ := s.Post(t, helper, "/w/fieldbook/attachments/"+id+"/delete", url.Values{}); r.StatusCode != http.StatusForbidden {
		t.Errorf("a contributor deletes what others attached: %d", r.StatusCode)
	}
	if r, _ := s.Post(t, helper, "/w/fieldbook/attachments/"+mine[1]+"/delete", url.Values{}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("a contributor does not delete their own: %d", r.StatusCode)
	}
	s.write(func(tx *ledger.Tx) error {
		for p := range access.Products.All(tx) {
			if err := access.Products.Edit(tx, p.ID, func(p *access.Product) error { p.Private = true; return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	for who, c := range map[string]*http.Client{"a viewer": viewer, "nobody": s.Client(t, access.Account{}), "an outsider": s.Client(t, s.Account(t, "Otto", access.Nobody))} {
		if r, body := s.Get(t, c, "/files/fieldbook/"+id); r.StatusCode == 200 || strings.Contains(body, "secret words") {
			t.Errorf("%s gets a file of a private product: %d", who, r.StatusCode)
		}
	}
}

func TestAPastedPictureInABrowser(t *testing.T) {
	s := newSite(t)
	p := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features/FB-1", browsertest.Desk, "dark", s.Session(t, s.Owner))
	has(t, p, "#edit-text-description").MustClick()
	has(t, p, ".ed-text:focus").MustEval(`(b64) => {
		const b = Uint8Array.from(atob(b64), c => c.charCodeAt(0))
		const d = new DataTransfer()
		d.items.add(new File([b], 'map.png', {type: 'image/png'}))
		this.dispatchEvent(new ClipboardEvent('paste', {clipboardData: d, bubbles: true, cancelable: true}))
	}`, base64.StdEncoding.EncodeToString(pngOf(320, 180)))
	if err := p.Timeout(15 * time.Second).Wait(evalOf(`() => /!\[map.png\]\(file:[0-9a-f-]{36}\)/.test(document.querySelector('.ed-text').value)`)); err != nil {
		t.Fatalf("the box holds %q", has(t, p, ".ed-text").MustEval(`() => this.value`).Str())
	}
	p.MustElementR("#text-description button", "^Save").MustClick()
	says(t, p, ".toast", "Description saved")
	has(t, p, "#text-description a.picture img")
	has(t, p, "#files .files li")
	p.Until(`() => [...document.images].every((i) => i.complete)`)
	p.Shot("picture-dark")
	p.Check()
	has(t, p, `#files [aria-label="What to do with map.png"]`).MustClick()
	p.MustElementR("#files button", "Delete").MustClick()
	says(t, p, ".toast", "Deleted map.png")
	if err := p.Timeout(15 * time.Second).Wait(evalOf(`() => !document.querySelector('a.picture')`)); err != nil {
		t.Error("the text still shows the picture")
	}
	phone := browsertest.Open(t, s.Server.URL+"/w/fieldbook/features/FB-1", browsertest.Phone, "light", s.Session(t, s.Owner))
	has(t, phone, "#files").MustScrollIntoView()
	phone.Check()
	phone.Shot("files-phone")
}
