package web_test

import (
	"testing"

	"github.com/go-rod/rod/lib/input"

	"github.com/throughline-pm/throughline/internal/web/browsertest"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

func TestKeysInABrowser(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	p := browsertest.Open(t, s.Server.URL+"/_gallery?toast=1", browsertest.Desk, "light")
	press := func(keys ...input.Key) {
		t.Helper()
		if err := p.Keyboard.Type(keys...); err != nil {
			t.Fatal(err)
		}
	}
	// is waits until an element fits, as the page may still be about to change
	is := func(selector string) {
		t.Helper()
		p.Has(selector)
	}
	is(".toast form button")
	press('?')
	is("dialog#keys[open]")
	p.Shot("keys")
	press(input.Escape)
	is("dialog#keys:not([open])")
	press('[')
	is(`html[data-side="mini"]`)
	p.Shot("mini")
	press('[')
	is("html:not([data-side])")
	press('t')
	is("#time-pop:popover-open")
	p.Shot("time")
	press(input.Escape)
	is("#time-pop:not(:popover-open)")
	press('j')
	is("tr[data-row].cur:nth-of-type(2)")
	press('j', 'x')
	is(`tr[data-row].cur input:checked`)
	is("form#bulk.on")
	p.Shot("selected")
	press(input.Escape)
	is("form#bulk:not(.on)")
	press('/')
	is("dialog#palette[open]")
	press('s', 'y')
	p.Shot("palette")
	press(input.Escape)
	is("dialog#palette:not([open])")
	p.MustElement(`[popovertarget="me"]`).MustClick()
	is("#me:popover-open")
	p.Shot("me")
	press(input.Escape)
	p.MustElement(`[popovertarget="group"]`).MustClick()
	is("#group:popover-open")
	p.Shot("menu")
	press(input.Escape)
	press('v')
	is("#columns:popover-open")
	press(input.Escape)
	p.MustElement(`[data-act="theme"]`).MustClick()
	is(`html[data-theme="light"]`)
	press('g', 'f')
	p.MustWaitLoad()
	is(`html[data-theme="light"]`) // from the server, by the cookie
	p.Check()
}
