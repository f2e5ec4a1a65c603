package exchange

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/throughline-pm/throughline/internal/fault"
)

// sampleSize is how much of a file is looked at to find out how it is written.
const sampleSize = 64 << 10

var byteOrderMark = []byte("\xef\xbb\xbf")

// decoded returns the text of a file as UTF-8 without a byte order mark. The file may be
// gzipped; its text is UTF-8, UTF-16 of either order, or Windows-1252, as spreadsheets
// save it.
func decoded(r io.Reader) (*bufio.Reader, error) {
	src := bufio.NewReaderSize(r, sampleSize)
	if magic, _ := src.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(src)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file begins like a gzip file but is damaged; pack it again")
		}
		src = bufio.NewReaderSize(unpacked, sampleSize)
	}
	sample, err := src.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readFailure(err)
	}
	var t transform.Transformer = lenientUTF8{}
	if order, ok := utf16Order(sample); ok {
		t = unicode.UTF16(order, unicode.UseBOM).NewDecoder()
	} else if bytes.HasPrefix(sample, byteOrderMark) {
		_, _ = src.Discard(len(byteOrderMark))
	}
	return bufio.NewReaderSize(transform.NewReader(src, t), sampleSize), nil
}

// readFailure tells a damaged archive, which is the file's fault, from a failing disk.
func readFailure(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt) {
		return fault.Wrap(fault.Invalid, err, "the file cannot be read to its end: %v; pack or save it again", err)
	}
	return err
}

// utf16Order recognises UTF-16 by its byte order mark, or else by the zero bytes that
// every second place of European text has.
func utf16Order(sample []byte) (unicode.Endianness, bool) {
	switch {
	case bytes.HasPrefix(sample, []byte{0xff, 0xfe}):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(sample, []byte{0xfe, 0xff}):
		return unicode.BigEndian, true
	}
	var zeros [2]int
	for i, b := range sample {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(sample) / 2
	switch {
	case zeros[1]*5 > half*2 && zeros[0]*20 < half:
		return unicode.LittleEndian, true
	case zeros[0]*5 > half*2 && zeros[1]*20 < half:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

// lenientUTF8 passes UTF-8 on and reads every byte that is none as Windows-1252. Text in
// that encoding practically never looks like UTF-8 by chance, so no sample has to be
// large enough to hold its first umlaut.
type lenientUTF8 struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (lenientUTF8) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if b := src[nSrc]; b < utf8.RuneSelf {
			if nDst == len(dst) {
				return nDst, nSrc, transform.ErrShortDst
			}
			dst[nDst] = b
			nDst++
			nSrc++
			continue
		}
		r, size := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && size == 1 {
			if !atEOF && !utf8.FullRune(src[nSrc:]) {
				return nDst, nSrc, transform.ErrShortSrc
			}
			r = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}
