package ui

import (
	"context"
	"io"
)

// The structs below are components: what each looks like is in the template of
// the same name in lower case.

// Render implements templ.Component.
func (b Button) Render(ctx context.Context, w io.Writer) error { return button(b).Render(ctx, w) }

// Render implements templ.Component.
func (i IconButton) Render(ctx context.Context, w io.Writer) error {
	return iconButton(i).Render(ctx, w)
}

// Render implements templ.Component.
func (p Person) Render(ctx context.Context, w io.Writer) error { return person(p).Render(ctx, w) }

// Render implements templ.Component.
func (o Objective) Render(ctx context.Context, w io.Writer) error { return objective(o).Render(ctx, w) }

// Render implements templ.Component.
func (s Status) Render(ctx context.Context, w io.Writer) error { return status(s).Render(ctx, w) }

// Render implements templ.Component.
func (c Chance) Render(ctx context.Context, w io.Writer) error { return chance(c).Render(ctx, w) }

// Render implements templ.Component.
func (t Thread) Render(ctx context.Context, w io.Writer) error { return thread(t).Render(ctx, w) }

// Render implements templ.Component.
func (d Dots) Render(ctx context.Context, w io.Writer) error { return dots(d).Render(ctx, w) }

// Render implements templ.Component.
func (s Steps) Render(ctx context.Context, w io.Writer) error { return steps(s).Render(ctx, w) }

// Render implements templ.Component.
func (n Note) Render(ctx context.Context, w io.Writer) error { return note(n).Render(ctx, w) }

// Render implements templ.Component.
func (v Void) Render(ctx context.Context, w io.Writer) error { return void(v).Render(ctx, w) }

// Render implements templ.Component.
func (f FirstRun) Render(ctx context.Context, w io.Writer) error { return firstRun(f).Render(ctx, w) }

// Render implements templ.Component.
func (t Toast) Render(ctx context.Context, w io.Writer) error { return toast(t).Render(ctx, w) }

// Render implements templ.Component.
func (c Chip) Render(ctx context.Context, w io.Writer) error { return chip(c).Render(ctx, w) }

// Render implements templ.Component.
func (p PageHead) Render(ctx context.Context, w io.Writer) error { return pageHead(p).Render(ctx, w) }

// Render implements templ.Component.
func (f Field) Render(ctx context.Context, w io.Writer) error { return field(f).Render(ctx, w) }

// Render implements templ.Component.
func (e Editor) Render(ctx context.Context, w io.Writer) error { return editor(e).Render(ctx, w) }

// Render implements templ.Component.
func (c Check) Render(ctx context.Context, w io.Writer) error { return check(c).Render(ctx, w) }

// Render implements templ.Component.
func (c Choices) Render(ctx context.Context, w io.Writer) error { return choices(c).Render(ctx, w) }

// Render implements templ.Component.
func (g Grid) Render(ctx context.Context, w io.Writer) error { return grid(g).Render(ctx, w) }

// Render implements templ.Component.
func (s Shell) Render(ctx context.Context, w io.Writer) error { return shell(s).Render(ctx, w) }

// Render implements templ.Component.
func (d Door) Render(ctx context.Context, w io.Writer) error { return door(d).Render(ctx, w) }

// Render implements templ.Component.
func (p Desk) Render(ctx context.Context, w io.Writer) error { return desk(p).Render(ctx, w) }

// Render implements templ.Component.
func (b Bulk) Render(ctx context.Context, w io.Writer) error { return bulk(b).Render(ctx, w) }
