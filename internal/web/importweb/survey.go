package importweb

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/exchange"
)

// manyValues is up to how many different values a column has a line for each.
const manyValues = 60

// survey is what a person needs to know of a file to say what its columns mean.
type survey struct {
	columns []string
	of      map[string]*column
}

// column is what stands in one column of a file.
type column struct {
	example string
	values  []string // the different ones, in order
	many    bool     // there are more than manyValues; then values are only the first
	number  bool     // every value is one
	date    bool
}

// file returns a part of the upload for reading.
func (im *Importer) file(ctx context.Context, j *job, part, name string) exchange.File {
	return exchange.File{Name: name, Open: func() (io.ReadCloser, error) { return im.store.open(ctx, j.ID, part) }}
}

// survey reads the file through.
func (im *Importer) survey(ctx context.Context, j *job) (*survey, error) {
	f, err := im.store.open(ctx, j.ID, partFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := exchange.Read(f, "")
	if err != nil {
		return nil, err
	}
	s := &survey{of: map[string]*column{}}
	for row, err := range r.Rows() {
		if err != nil {
			return nil, err
		}
		for i, values := range row.Cells {
			name := r.Columns()[i]
			c := s.of[name]
			if c == nil {
				c = &column{number: true, date: true}
				s.of[name] = c
			}
			for _, v := range values {
				c.add(strings.TrimSpace(v))
			}
		}
	}
	s.columns = r.Columns()
	return s, nil
}

func (c *column) add(v string) {
	if v == "" {
		return
	}
	if c.example == "" {
		c.example = v
	}
	if c.number {
		_, err := strconv.ParseFloat(v, 64)
		c.number = err == nil
	}
	if c.date {
		_, err := exchange.ParseDate(v, exchange.AnyOrder)
		c.date = err == nil
	}
	if !c.many && !slices.Contains(c.values, v) {
		if len(c.values) == manyValues {
			c.many = true
			return
		}
		c.values = append(c.values, v)
	}
}

// column returns what is known of a column, also of one that the file does not have.
func (s *survey) column(name string) *column {
	if c := s.of[name]; c != nil {
		return c
	}
	return &column{}
}
