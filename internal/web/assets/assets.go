// Package assets holds the style sheets, scripts, icons and the font of the pages,
// and serves them under an address that names their content.
//
// What others made is listed with its licence in LICENCES.md. The scripts named
// *.gen.js are bundled from ../island by internal/tools/assets.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:generate go run github.com/throughline-pm/throughline/internal/tools/assets

//go:embed files
var embedded embed.FS

// Prefix is the first part of every address that Handler answers.
const Prefix = "/assets/"

// A file is served as it is or compressed, whichever the client accepts.
type file struct {
	name   string
	plain  []byte
	etag   string
	packed func() []byte // gzip; nil if that saves nothing
}

// types are given by us: what the machine's MIME table says varies.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

var (
	files   = map[string]*file{}
	version string
)

func init() {
	all := sha256.New()
	err := fs.WalkDir(embedded, "files", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := embedded.ReadFile(p)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, "files/")
		all.Write([]byte(name))
		all.Write(b)
		sum := sha256.Sum256(b)
		f := &file{name: name, plain: b, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
		if path.Ext(name) != ".woff2" {
			f.packed = sync.OnceValue(func() []byte { return pack(b) })
		}
		files[name] = f
		return nil
	})
	if err != nil {
		panic("assets: " + err.Error()) // cannot happen to what is embedded
	}
	version = hex.EncodeToString(all.Sum(nil)[:8])
}

func pack(b []byte) []byte {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("assets: " + err.Error()) // writing to memory does not fail
	}
	return packed.Bytes()
}

// Path returns the address of a file, "app.css" for example. The address changes
// with the content of the files, so that it may be kept for ever.
func Path(name string) string {
	if files[name] == nil {
		panic("assets: there is no file " + name) // a misspelt name in a template
	}
	return Prefix + version + "/" + name
}

// Serve answers a request for the file at an address that Path made. An address
// of another release finds the file of this one, which must not be kept: a page
// that was open during an upgrade goes on. Its answer is false if there is no
// such file, and then nothing was written.
func Serve(w http.ResponseWriter, r *http.Request) bool {
	v, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	f := files[name]
	if f == nil {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", types[path.Ext(name)])
	h.Set("ETag", f.etag)
	h.Add("Vary", "Accept-Encoding")
	if v == version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	body := f.plain
	if f.packed != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", strings.TrimSuffix(f.etag, `"`)+`-gzip"`)
		body = f.packed()
	}
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == h.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that is gone needs no answer
	}
	return true
}

// acceptsGzip reads an Accept-Encoding header; "gzip;q=0" refuses it.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q = strings.TrimSpace(q)
			return !strings.HasPrefix(q, "q=0") || strings.Trim(q, "q=0.") != ""
		}
	}
	return false
}
