package tableweb

//go:generate go tool templ generate
