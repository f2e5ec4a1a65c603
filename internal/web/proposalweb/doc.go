// Package proposalweb has the pages of proposals: what one would change, where that meets
// what others changed meanwhile, who was asked and what they say, and its end.
package proposalweb

//go:generate go tool templ generate -f pages.templ
