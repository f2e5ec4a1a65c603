package files_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
)

var (
	here  = ledger.MustID("01900000-0000-7000-8000-000000000001")
	there = ledger.MustID("01900000-0000-7000-8000-000000000002")
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func open(t *testing.T, store ledger.Store, c *clock) *files.Store {
	t.Helper()
	t.Cleanup(func() { _ = store.Close() })
	s, err := files.Open(t.Context(), store.DB(), files.Settings{Clock: c.Now, Limit: 1_000_000, Quota: 1_500_000})
	must(t, err)
	return s
}

// each runs a test on both engines.
func each(t *testing.T, test func(t *testing.T, s *files.Store, c *clock)) {
	t.Run("sqlite", func(t *testing.T) {
		store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "test.db"))
		must(t, err)
		c := &clock{time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC)}
		test(t, open(t, store, c), c)
	})
	t.Run("postgres", func(t *testing.T) {
		store, err := postgres.Open(context.Background(), pgtest.DSN(t))
		must(t, err)
		c := &clock{time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC)}
		test(t, open(t, store, c), c)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreKeptByContent(t *testing.T) {
	each(t, func(t *testing.T, s *files.Store, c *clock) {
		text := strings.Repeat("A line of a log.\n", 40_000) // three pieces
		f, err := s.Put(t.Context(), here, `C:\logs\..\day.log`, strings.NewReader(text))
		must(t, err)
		if f.Name != "day.log" || f.Type != "text/plain" || f.Size != int64(len(text)) {
			t.Errorf("it is %+v", f)
		}
		again, err := s.Put(t.Context(), here, "other.log", strings.NewReader(text))
		must(t, err)
		if used, _ := s.Used(t.Context(), here); again.SHA256 != f.SHA256 || used != f.Size {
			t.Errorf("sent twice it takes %d bytes", used)
		}
		r, err := s.Open(t.Context(), here, f.SHA256)
		must(t, err)
		if b, err := io.ReadAll(r); err != nil || string(b) != text {
			t.Errorf("what comes back is %d bytes, %v", len(b), err)
		}
		if _, err := r.Seek(300_000, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 17)
		if _, err := io.ReadFull(r, part); err != nil || string(part) != text[300_000:300_017] {
			t.Errorf("from the middle comes %q, %v", part, err)
		}
		if _, err := s.Open(t.Context(), there, f.SHA256); !fault.Is(err, fault.NotFound) {
			t.Errorf("another workspace reads it: %v", err)
		}
		_, err = s.Put(t.Context(), here, "b.txt", strings.NewReader(strings.Repeat("another ", 110_000)))
		if !fault.Is(err, fault.TooLarge) {
			t.Errorf("beyond the quota: %v", err)
		}
		_, err = s.Put(t.Context(), there, "c.txt", strings.NewReader(strings.Repeat("x", 1_000_001)))
		if !fault.Is(err, fault.TooLarge) {
			t.Errorf("beyond the limit of one file: %v", err)
		}

		// what nobody attaches goes after a month
		attached := map[ledger.ID]map[string]bool{here: {f.SHA256: true}, there: {}}
		other, err := s.Put(t.Context(), there, "d.txt", strings.NewReader("dee"))
		must(t, err)
		c.now = c.now.Add(29 * 24 * time.Hour)
		must(t, s.Sweep(t.Context(), attached))
		if _, err := s.Open(t.Context(), there, other.SHA256); err != nil {
			t.Errorf("swept after 29 days: %v", err)
		}
		c.now = c.now.Add(2 * 24 * time.Hour)
		must(t, s.Sweep(t.Context(), attached))
		if _, err := s.Open(t.Context(), there, other.SHA256); !fault.Is(err, fault.NotFound) {
			t.Errorf("not swept after 31 days: %v", err)
		}
		if _, err := s.Open(t.Context(), here, f.SHA256); err != nil {
			t.Errorf("an attached file was swept: %v", err)
		}
		c.now = c.now.Add(time.Second)
		must(t, s.Sweep(t.Context(), nil)) // the workspaces are gone
		if used, err := s.Used(t.Context(), here); used != 0 || err != nil {
			t.Errorf("a removed workspace has %d bytes, %v", used, err)
		}
	})
}

func drawn(w, h int, alpha uint8) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{uint8(255 * x / w), 0, 0, alpha})
		}
	}
	return m
}

// exif puts a part with an orientation and a secret behind the beginning of a JPEG.
func exif(b []byte, orientation uint16) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	binary.BigEndian.PutUint16(tiff[18:], orientation)
	part := append(append([]byte("Exif\x00\x00"), tiff...), "GPS 48.2082 N"...)
	head := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(part)+2))...)
	return append(append(head, part...), b[2:]...)
}

func zipped(names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		_, _ = z.Create(n)
	}
	_ = z.Close()
	return b.Bytes()
}

func encoded(t *testing.T, as string, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	switch as {
	case "png":
		must(t, png.Encode(&b, m))
	case "jpeg":
		must(t, jpeg.Encode(&b, m, nil))
	case "gif":
		must(t, gif.Encode(&b, m, nil))
	}
	return b.Bytes()
}

// bomb is the head of a PNG that says it is very large.
func bomb(t *testing.T, side uint32) []byte {
	b := encoded(t, "png", drawn(1, 1, 255))
	binary.BigEndian.PutUint32(b[16:], side)
	binary.BigEndian.PutUint32(b[20:], side)
	return b
}

func TestWhatIsTakenAndAsWhat(t *testing.T) {
	store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "test.db"))
	must(t, err)
	s := open(t, store, &clock{time.Now()})
	red := drawn(40, 20, 255)
	for _, c := range []struct {
		name    string
		content []byte
		is      string // name and type; "": refused
	}{
		{"a.png", encoded(t, "png", drawn(4, 2, 90)), "a.png image/png"},
		{"../../etc/passwd.jpeg", encoded(t, "jpeg", red), "passwd.jpeg image/jpeg"},
		{"anim.gif", encoded(t, "gif", red), "anim.png image/png"},
		{"evil.html", encoded(t, "png", red), "evil.png image/png"},
		{"x.pdf", []byte("%PDF-1.7\n"), "x.pdf application/pdf"},
		{"notes.md", []byte("# Notes\n<b>"), "notes.md text/plain"},
		{"a.svg", []byte("plain words"), "a.svg.txt text/plain"},
		{"..", []byte("plain words"), "file.txt text/plain"},
		{"r\r\nSet-Cookie: x\u202e.txt", []byte("plain"), "rSet-Cookie x.txt text/plain"},
		{"w.docx", zipped("[Content_Types].xml", "word/document.xml"), "w.docx application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"w.exe", zipped("a/b"), "w.exe.zip application/zip"},
		{"a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">`), ""},
		{"a.svg", []byte(`<?xml version="1.0"?><svg>`), ""},
		{"a.txt", []byte("<!doctype html><script>alert(1)</script>"), ""},
		{"a.txt", []byte("<html>"), ""},
		{"a.exe", []byte("MZ\x90\x00\x03\x00\x00\x00"), ""},
		{"a.wasm", []byte("\x00asm\x01\x00\x00\x00"), ""},
		{"a.zip", []byte("PK\x03\x04 cut"), ""},
		{"a.png", encoded(t, "png", red)[:60], ""},
		{"a.png", bomb(t, 60_000), ""},
		{"a.png", bomb(t, 9_000), ""},
		{"empty", nil, ""},
	} {
		f, err := s.Put(t.Context(), here, c.name, bytes.NewReader(c.content))
		got := ""
		if err == nil {
			got = f.Name + " " + f.Type
		} else if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", c.name, err)
		}
		if got != c.is {
			t.Errorf("%q of %.20q is %q, want %q (%v)", c.name, c.content, got, c.is, err)
		}
	}
}

func TestPicturesAreDrawnAnew(t *testing.T) {
	store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "test.db"))
	must(t, err)
	s := open(t, store, &clock{time.Now()})
	sent := exif(encoded(t, "jpeg", drawn(40, 20, 255)), 6)
	sent = append(sent, "<script>alert(1)</script>"...)
	f, err := s.Put(t.Context(), here, "photo.jpg", bytes.NewReader(sent))
	must(t, err)
	if f.Width != 20 || f.Height != 40 {
		t.Errorf("a photograph taken sideways is %d × %d", f.Width, f.Height)
	}
	r, err := s.Open(t.Context(), here, f.SHA256)
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	if bytes.Contains(b, []byte("GPS")) || bytes.Contains(b, []byte("script")) || bytes.Contains(b, []byte("Exif")) {
		t.Error("what a camera noted, or somebody hung on, is still there")
	}
	m, err := jpeg.Decode(bytes.NewReader(b))
	must(t, err)
	top, _, _, _ := m.At(10, 2).RGBA()
	bottom, _, _, _ := m.At(10, 37).RGBA()
	if top > bottom {
		t.Errorf("the picture stands on its head: %d above %d", top>>8, bottom>>8)
	}
}

func FuzzPut(f *testing.F) {
	store, err := sqlite.Open(context.Background(), filepath.Join(f.TempDir(), "test.db"))
	if err != nil {
		f.Fatal(err)
	}
	defer store.Close()
	s, err := files.Open(context.Background(), store.DB(), files.Settings{Clock: time.Now, Limit: 100_000})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("a.zip", zipped("mimetype", "[Content_Types].xml"))
	f.Add("../x", []byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00\x2a"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		got, err := s.Put(t.Context(), here, name, bytes.NewReader(b))
		if err != nil {
			return
		}
		if strings.ContainsAny(got.Name, "/\\\r\n\x00\"") || len(got.Name) > 200 || strings.HasPrefix(got.Name, ".") {
			t.Fatalf("%q is shown as %q", name, got.Name)
		}
	})
}
