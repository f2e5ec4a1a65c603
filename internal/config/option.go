package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// prefix begins the name of every variable.
const prefix = "THROUGHLINE_"

// configOption is the one option that a file cannot give.
const configOption = "config"

// Option is one thing that an installation can be told.
type Option struct {
	Name    string // of the flag and in the file
	Default string
	Doc     string
	// Server says that its flag belongs to serve; variable and file count everywhere.
	Server bool

	mask func(string) string // hides what doctor must not print; nil: nothing
	at   func(*Config) value // the place of its value
}

// Options are all of them, in the order in which one reads about them.
var Options = []Option{
	{Name: configOption, Doc: "file with options, one NAME = VALUE a line", at: func(c *Config) value { return text(&c.File) }},
	{Name: "data", Default: "data", Doc: "folder for the database, the secret key and what else an installation keeps; readable by its owner alone", at: func(c *Config) value { return parsed(&c.Data, parseFolder) }},
	{Name: "database-url", Doc: "PostgreSQL database, as postgres://USER:PASSWORD@HOST/NAME; without it, SQLite in the data folder", mask: maskURL, at: func(c *Config) value { return text(&c.DatabaseURL) }},
	{Name: "secret-key", Doc: "key that seals secrets in the database, at least 32 characters; without it, the one in the data folder, which the first start makes", mask: maskAll, at: func(c *Config) value { return parsed(&c.SecretKey, parseKey) }},

	{Name: "addr", Default: "127.0.0.1:8080", Doc: "address to listen on, as HOST:PORT; an empty host means every network", Server: true, at: func(c *Config) value { return parsed(&c.Addr, parseAddr) }},
	{Name: "public-url", Doc: "address under which people reach the server, such as https://pm.example.com; links in mail begin with it", Server: true, at: func(c *Config) value { return parsed(&c.PublicURL, parsePublicURL) }},
	{Name: "tls-cert", Doc: "file with the certificate chain (PEM); read again when it changes", Server: true, at: func(c *Config) value { return text(&c.TLSCert) }},
	{Name: "tls-key", Doc: "file with the certificate's private key (PEM)", Server: true, at: func(c *Config) value { return text(&c.TLSKey) }},
	{Name: "trusted-proxy", Doc: "addresses or networks of reverse proxies whose X-Forwarded headers are believed, separated by commas", Server: true, at: func(c *Config) value { return parsed(&c.TrustedProxies, parseNetworks) }},
	{Name: "insecure-http", Default: "false", Doc: "serve people on other machines over plain HTTP, under a banner that warns them", Server: true, at: func(c *Config) value { return parsed(&c.InsecureHTTP, strconv.ParseBool) }},
	{Name: "drain", Default: "0s", Doc: "how long a stopping server says it is not ready before it takes no more connections; for load balancers", Server: true, at: func(c *Config) value { return parsed(&c.Drain, parseDuration) }},

	{Name: "smtp-addr", Doc: "mail server, as HOST:PORT; without it, links are for an administrator to hand on", Server: true, at: func(c *Config) value { return parsed(&c.SMTPAddr, parseServer) }},
	{Name: "smtp-user", Doc: "name to sign in to the mail server with", Server: true, at: func(c *Config) value { return text(&c.SMTPUser) }},
	{Name: "smtp-password", Doc: "password of the mail server", Server: true, mask: maskAll, at: func(c *Config) value { return text(&c.SMTPPassword) }},
	{Name: "smtp-from", Doc: "address that mail comes from", Server: true, at: func(c *Config) value { return parsed(&c.SMTPFrom, parseMailbox) }},
	{Name: "smtp-security", Default: "starttls", Doc: "starttls, tls, or none for a mail server on this machine", Server: true, at: func(c *Config) value { return oneOf(&c.SMTPSecurity, "starttls", "tls", "none") }},

	{Name: "file-limit", Default: "25", Doc: "megabytes that one attached file may have", Server: true, at: func(c *Config) value { return parsed(&c.FileLimit, parseMegabytes) }},
	{Name: "file-quota", Default: "5000", Doc: "megabytes that the attached files of one workspace may have; 0 is any number", Server: true, at: func(c *Config) value { return parsed(&c.FileQuota, parseMegabytes) }},

	{Name: "session-idle", Default: "336h", Doc: "unused time after which one has to sign in again", Server: true, at: func(c *Config) value { return parsed(&c.SessionIdle, parseLifetime) }},
	{Name: "session-absolute", Default: "2160h", Doc: "time after which one has to sign in again in any case", Server: true, at: func(c *Config) value { return parsed(&c.SessionAbsolute, parseLifetime) }},

	{Name: "development", Default: "false", Doc: "show the components of the interface, in all their states, at /_gallery", Server: true, at: func(c *Config) value { return parsed(&c.Development, strconv.ParseBool) }},
	{Name: "log-level", Default: "info", Doc: "debug, info, warn or error", at: func(c *Config) value { return parsed(&c.LogLevel, parseLevel) }},
	{Name: "log-format", Default: "text", Doc: "text or json", at: func(c *Config) value { return oneOf(&c.LogFormat, "text", "json") }},
}

// Variable is the name of the option in the environment.
func (o Option) Variable() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// Check says whether s can be a value of the option.
func (o Option) Check(s string) error { return o.at(&Config{}).Set(s) }

// Switch reports whether the option is on or off, so that its flag needs no value.
func (o Option) Switch() bool {
	_, ok := o.at(&Config{}).(field[bool])
	return ok
}

// value is the place of an option's value in a Config.
type value interface {
	Set(string) error
	String() string
}

// field is a place of type T.
type field[T any] struct {
	p     *T
	parse func(string) (T, error)
}

func (f field[T]) Set(s string) error {
	v, err := f.parse(s)
	if err == nil {
		*f.p = v
	}
	return err
}

func (f field[T]) String() string { return fmt.Sprint(*f.p) }

func parsed[T any](p *T, parse func(string) (T, error)) value { return field[T]{p, parse} }

func text(p *string) value {
	return parsed(p, func(s string) (string, error) { return s, nil })
}

func oneOf(p *string, choices ...string) value {
	return parsed(p, func(s string) (string, error) {
		if !slices.Contains(choices, s) {
			return "", fmt.Errorf("%q is none of %s", s, strings.Join(choices, ", "))
		}
		return s, nil
	})
}
