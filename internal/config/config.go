// Package config knows every option of an installation: its name, default, meaning and
// form, declared once, and where its value comes from.
//
// A value is taken from the flag --NAME; else from the variable THROUGHLINE_NAME; else
// from the file that --config or THROUGHLINE_CONFIG names; else it is the default.
package config

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Config is what an installation was told. Load makes it.
type Config struct {
	File        string // the configuration file; "": none
	Data        string // the data folder
	DatabaseURL string // PostgreSQL; "": SQLite in the data folder
	SecretKey   string // seals secrets in the database; "": the one in the data folder

	Addr            string
	PublicURL       string // without a slash at the end; "": not told
	TLSCert, TLSKey string // files; "": plain HTTP
	TrustedProxies  Networks
	InsecureHTTP    bool
	Development     bool
	Drain           time.Duration

	SMTPAddr, SMTPUser, SMTPPassword, SMTPFrom string
	SMTPSecurity                               string // "starttls", "tls" or "none"

	FileLimit, FileQuota int64 // megabytes of one attached file, and of those of a workspace; no quota: 0

	SessionIdle, SessionAbsolute time.Duration

	LogLevel  slog.Level
	LogFormat string // "text" or "json"

	// Unknown are variables that begin like ours and name no option: mistyped ones, or
	// what a container platform sets for a service of our name.
	Unknown []string

	origins map[string]string
}

// Database is the SQLite file of the installation.
func (c *Config) Database() string { return filepath.Join(c.Data, "throughline.db") }

// KeyFile is the file in the data folder that holds the secret key.
func (c *Config) KeyFile() string { return filepath.Join(c.Data, "secret.key") }

// URL is the address that links begin with: the public one, or without one that by which
// this machine reaches the server.
func (c *Config) URL() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(c.Addr) // was checked by Load
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// Setting is one option as it stands, for doctor.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`  // secrets are masked
	Origin string `json:"origin"` // "--addr", "THROUGHLINE_ADDR", "FILE:3" or "default"
}

// Settings returns every option with its value and origin.
func (c *Config) Settings() []Setting {
	var all []Setting
	for _, o := range Options {
		s := Setting{o.Name, o.at(c).String(), c.origins[o.Name]}
		if s.Origin == "" {
			s.Origin = "default"
		}
		if o.mask != nil && s.Value != "" {
			s.Value = o.mask(s.Value)
		}
		all = append(all, s)
	}
	return all
}

// Load puts a Config together from the values of flags by name, the environment as
// os.Environ gives it, and the file. It returns an Invalid fault with every faulty option.
func Load(flags map[string]string, environ []string) (*Config, error) {
	c := &Config{origins: map[string]string{}}
	for _, o := range Options {
		if err := o.at(c).Set(o.Default); err != nil {
			return nil, fmt.Errorf("default of %s: %w", o.Name, err)
		}
	}
	variables, unknown := variables(environ)
	c.Unknown = unknown

	var wrong fault.Fields
	name := cmp.Or(flags[configOption], variables[configOption].value)
	file, err := readFile(name)
	if err != nil {
		wrong.Add(configOption, "%v", err)
	}
	for _, o := range Options {
		given, ok := source{}, false
		if value, set := flags[o.Name]; set {
			given, ok = source{value, "--" + o.Name}, true
		} else if given, ok = variables[o.Name]; !ok {
			given, ok = file[o.Name]
		}
		if !ok {
			continue
		}
		if err := o.at(c).Set(given.value); err != nil {
			wrong.Add(given.origin, "%v", err)
		}
		c.origins[o.Name] = given.origin
	}
	if wrong == nil {
		c.check(&wrong)
	}
	return c, wrong.Err()
}

// mostFile is how many megabytes one attached file may be allowed to have: it lies in memory
// while it is taken in.
const mostFile = 256

// check holds options against each other.
func (c *Config) check(f *fault.Fields) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		f.Add("tls-cert", "give --tls-cert and --tls-key together")
	}
	if c.SMTPAddr != "" && c.SMTPFrom == "" {
		f.Add("smtp-from", "mail needs an address to come from, such as throughline@example.com")
	}
	if c.SMTPAddr != "" && c.PublicURL == "" {
		f.Add("public-url", "mail needs an address that its links begin with, such as https://pm.example.com")
	}
	if c.FileLimit < 1 || c.FileLimit > mostFile {
		f.Add("file-limit", "a file may have 1 to %d megabytes", mostFile)
	}
	if c.SessionIdle > c.SessionAbsolute {
		f.Add("session-idle", "a session cannot be idle for longer than the %v after which it ends", c.SessionAbsolute)
	}
}

// source is a value that was given, and where.
type source struct{ value, origin string }

// variables picks ours from the environment, by the name of their option.
func variables(environ []string) (known map[string]source, unknown []string) {
	options := map[string]string{}
	for _, o := range Options {
		options[o.Variable()] = o.Name
	}
	known = map[string]source{}
	for _, entry := range environ {
		variable, value, _ := strings.Cut(entry, "=")
		if name, ok := options[variable]; ok {
			known[name] = source{value, variable}
		} else if strings.HasPrefix(variable, prefix) {
			unknown = append(unknown, variable)
		}
	}
	slices.Sort(unknown)
	return known, unknown
}

// readFile returns the values in a configuration file by the name of their option. Its
// lines are NAME = VALUE with the names of the flags; a value may stand in double quotes;
// blank lines and lines that begin with # say nothing.
func readFile(path string) (map[string]source, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]source{}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		origin := fmt.Sprintf("%s:%d", path, i+1)
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s: write NAME = VALUE", origin)
		case name == configOption || !slices.ContainsFunc(Options, func(o Option) bool { return o.Name == name }):
			return nil, fmt.Errorf("%s: there is no option %q; the options are %s", origin, name, strings.Join(names(), ", "))
		case values[name] != source{}:
			return nil, fmt.Errorf("%s: %s was given already at %s", origin, name, values[name].origin)
		}
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		values[name] = source{value, origin}
	}
	return values, nil
}

// names are the options that a file may give, sorted.
func names() []string {
	all := map[string]bool{}
	for _, o := range Options {
		all[o.Name] = true
	}
	delete(all, configOption)
	return slices.Sorted(maps.Keys(all))
}
