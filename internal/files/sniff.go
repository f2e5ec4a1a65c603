package files

import (
	"archive/zip"
	"bytes"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/fault"
)

// kind is a sort of file that is taken.
type kind struct {
	media   string
	ends    []string // what its name may end in, the usual first
	picture bool     // drawn anew and shown
}

// kinds are all that are taken. A page or a drawing that could run in a browser is none.
var kinds = map[string]kind{
	"image/png":        {"image/png", []string{".png"}, true},
	"image/jpeg":       {"image/jpeg", []string{".jpg", ".jpeg"}, true},
	"image/gif":        {"image/gif", []string{".gif"}, true},
	"image/webp":       {"image/webp", []string{".webp"}, true},
	"application/pdf":  {"application/pdf", []string{".pdf"}, false},
	"application/zip":  {"application/zip", []string{".zip"}, false},
	"application/gzip": {"application/gzip", []string{".gz", ".tgz"}, false},
	"video/mp4":        {"video/mp4", []string{".mp4", ".m4v", ".mov"}, false},
	"video/webm":       {"video/webm", []string{".webm"}, false},
	"text/plain":       {"text/plain", []string{".txt", ".md", ".csv", ".tsv", ".json", ".log", ".yaml", ".yml", ".toml", ".ics", ".diff", ".patch", ".sql"}, false},
	officeMedia + "wordprocessingml.document":   {officeMedia + "wordprocessingml.document", []string{".docx"}, false},
	officeMedia + "spreadsheetml.sheet":         {officeMedia + "spreadsheetml.sheet", []string{".xlsx"}, false},
	officeMedia + "presentationml.presentation": {officeMedia + "presentationml.presentation", []string{".pptx"}, false},
	openMedia + "text":                          {openMedia + "text", []string{".odt"}, false},
	openMedia + "spreadsheet":                   {openMedia + "spreadsheet", []string{".ods"}, false},
	openMedia + "presentation":                  {openMedia + "presentation", []string{".odp"}, false},
}

const (
	officeMedia = "application/vnd.openxmlformats-officedocument."
	openMedia   = "application/vnd.oasis.opendocument."
)

// refused is what is wrong with a file.
func refused(format string, args ...any) error {
	var f fault.Fields
	f.Add("file", format, args...)
	return f.Err()
}

// sniff finds out from its content what a file is; the name and what the sender calls it
// are not believed.
func sniff(name string, b []byte) (kind, error) {
	if len(b) == 0 {
		return kind{}, refused("is empty")
	}
	media, _, _ := strings.Cut(http.DetectContentType(b), ";")
	switch media {
	case "application/x-gzip":
		media = "application/gzip"
	case "application/zip":
		media = packed(b)
	case "text/plain":
		if !utf8.Valid(b) || bytes.ContainsRune(b, 0) || strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(b[:min(len(b), 256)]))), "<svg") {
			media = ""
		}
	}
	k, ok := kinds[media]
	if !ok {
		return kind{}, refused("is of a kind that is not taken: there are pictures, PDF, documents of offices, text, video and ZIP. Pack another one into a ZIP file")
	}
	return k, nil
}

// packedAtMost is how many names of an archive are looked at.
const packedAtMost = 4000

// packed tells the documents of offices from other archives, by the names in them. Nothing
// is unpacked.
func packed(b []byte) string {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return "" // no whole archive
	}
	office := false
	for i, f := range r.File {
		if i == packedAtMost {
			break
		}
		if f.Name == "[Content_Types].xml" {
			office = true
		}
		if i == 0 && f.Name == "mimetype" && f.Method == zip.Store && f.UncompressedSize64 < 100 {
			if at, err := f.DataOffset(); err == nil && at+int64(f.UncompressedSize64) <= int64(len(b)) {
				if media := string(b[at : at+int64(f.UncompressedSize64)]); strings.HasPrefix(media, openMedia) {
					return media
				}
			}
		}
	}
	for i, f := range r.File {
		if !office || i == packedAtMost {
			break
		}
		switch folder, _, _ := strings.Cut(f.Name, "/"); folder {
		case "word":
			return officeMedia + "wordprocessingml.document"
		case "xl":
			return officeMedia + "spreadsheetml.sheet"
		case "ppt":
			return officeMedia + "presentationml.presentation"
		}
	}
	return "application/zip"
}

// longestName is how many letters a name keeps.
const longestName = 100

// named makes a name that can be shown and saved: without folders and control characters,
// and with an ending of its kind.
func named(name string, k kind) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || strings.ContainsRune(`:*?"<>|`, r) {
			return -1
		}
		return r
	}, name))
	name = strings.TrimLeft(name, ".")
	end := strings.ToLower(path.Ext(name))
	stem := strings.TrimSuffix(name, path.Ext(name))
	if !slices.Contains(k.ends, end) {
		if k.picture { // it was of another kind of picture before
			name = stem
		}
		stem, end = name, k.ends[0]
	}
	if stem == "" {
		stem = "file"
	}
	if r := []rune(stem); len(r) > longestName {
		stem = string(r[:longestName])
	}
	for len(stem) > 180 { // the letters of some scripts are long
		_, n := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-n]
	}
	return stem + end
}

// Shown reports whether browsers show a type in a window of its own; anything else they
// save.
func Shown(media string) bool {
	return media == "application/pdf" || kinds[media].picture
}
