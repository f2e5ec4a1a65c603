package files

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	_ "image/gif" // read as their first picture
	"image/jpeg"
	"image/png"

	_ "golang.org/x/image/webp" // read, and written as PNG or JPEG
)

// The size of a picture in pixels; a few bytes can unpack to any number of them.
const (
	mostPixels = 40_000_000
	mostSide   = 16_384
)

// jpegQuality is the quality that photographs are written with.
const jpegQuality = 88

type picture struct {
	bytes         []byte
	media         string
	width, height int
}

// redraw decodes a picture and encodes it anew: what else was in the file is gone, a place
// or a face that a camera noted, or a script for who reads it as something else.
func redraw(b []byte) (picture, error) {
	c, format, err := image.DecodeConfig(bytes.NewReader(b))
	switch {
	case err != nil:
		return picture{}, refused("is no picture that can be read")
	case c.Width < 1 || c.Height < 1 || c.Width > mostSide || c.Height > mostSide || c.Width*c.Height > mostPixels:
		return picture{}, refused("is a picture of %d × %d pixels; there is room for %d million", c.Width, c.Height, mostPixels/1_000_000)
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return picture{}, refused("is a picture that is damaged")
	}
	if format == "jpeg" {
		m = upright(m, orientation(b))
	}
	var out bytes.Buffer
	p := picture{media: "image/png", width: m.Bounds().Dx(), height: m.Bounds().Dy()}
	if opaque, ok := m.(interface{ Opaque() bool }); format == "jpeg" || format == "webp" && ok && opaque.Opaque() {
		p.media = "image/jpeg"
		err = jpeg.Encode(&out, m, &jpeg.Options{Quality: jpegQuality})
	} else {
		err = png.Encode(&out, m)
	}
	p.bytes = out.Bytes()
	return p, err
}

// orientation reads how a camera was held from the EXIF part of a JPEG: 1 is upright, as
// is whatever cannot be read (Exif 2.32, tag 0x0112).
func orientation(b []byte) int {
	for at := 2; at+4 <= len(b) && b[at] == 0xff; {
		size := int(binary.BigEndian.Uint16(b[at+2:]))
		if size < 2 || at+2+size > len(b) || b[at+1] == 0xda {
			return 1
		}
		part := b[at+4 : at+2+size]
		if b[at+1] == 0xe1 && bytes.HasPrefix(part, []byte("Exif\x00\x00")) {
			return tiffOrientation(part[6:])
		}
		at += 2 + size
	}
	return 1
}

func tiffOrientation(t []byte) int {
	if len(t) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if t[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(t[4:]))
	if at < 8 || at+2 > len(t) {
		return 1
	}
	for n := int(order.Uint16(t[at:])); n > 0; n-- {
		entry := at + 2 + 12*(n-1)
		if entry+12 > len(t) {
			continue
		}
		if order.Uint16(t[entry:]) == 0x0112 {
			if o := int(order.Uint16(t[entry+8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}

// upright turns and mirrors a picture to how it was seen.
func upright(m image.Image, o int) image.Image {
	if o == 1 {
		return m
	}
	from := m.Bounds()
	w, h := from.Dx(), from.Dy()
	src := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(src, src.Bounds(), m, from.Min, draw.Src)
	tw, th := w, h
	if o >= 5 {
		tw, th = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, tw, th))
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch o {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			copy(dst.Pix[dst.PixOffset(tx, ty):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}
