package assets

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, address string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	if !Serve(w, r) {
		return nil
	}
	return w.Result()
}

func TestServe(t *testing.T) {
	for name, f := range files {
		plain := get(t, Path(name))
		if got, _ := io.ReadAll(plain.Body); !bytes.Equal(got, f.plain) {
			t.Errorf("%s is not served as it is", name)
		}
		if plain.Header.Get("Content-Type") == "" {
			t.Errorf("%s has no content type; add %s to types", name, path.Ext(name))
		}
		if !strings.Contains(plain.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s may not be kept: %s", name, plain.Header.Get("Cache-Control"))
		}
		again := get(t, Path(name), "If-None-Match", plain.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: a known tag is answered with %d", name, again.StatusCode)
		}
	}
}

func TestCompression(t *testing.T) {
	for accept, packed := range map[string]bool{
		"": false, "gzip": true, "br, gzip": true, "br": false, "gzip;q=0": false, "gzip;q=0.0": false, "gzip;q=0.5": true,
	} {
		r := get(t, Path("app.css"), "Accept-Encoding", accept)
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("Accept-Encoding %q: compressed is %v", accept, got)
		}
		if !packed {
			continue
		}
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, files["app.css"].plain) {
			t.Errorf("Accept-Encoding %q: not the same content: %v", accept, err)
		}
	}
}

func TestOtherAddresses(t *testing.T) {
	if r := get(t, Prefix+"0123456789abcdef/app.css"); r == nil || r.Header.Get("Cache-Control") != "no-cache" {
		t.Error("an open page of another release gets no style sheet, or keeps ours under a wrong address")
	}
	for _, address := range []string{Prefix, Prefix + version, Prefix + version + "/nothing.js", Prefix + version + "/../assets.go", Prefix + version + "/fonts/"} {
		if get(t, address) != nil {
			t.Errorf("%s is served", address)
		}
	}
}

// What a style sheet asks for must be there, and nothing comes from elsewhere.
func TestStyleSheets(t *testing.T) {
	link := regexp.MustCompile(`url\("?([^")]+)"?\)`)
	for name, f := range files {
		if path.Ext(name) != ".css" {
			continue
		}
		for _, m := range link.FindAllSubmatch(f.plain, -1) {
			if files[path.Join(path.Dir(name), string(m[1]))] == nil {
				t.Errorf("%s links to %s, which is not among the assets", name, m[1])
			}
		}
	}
}
