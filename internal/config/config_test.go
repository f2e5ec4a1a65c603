package config

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/internal/fault"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "throughline.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFlagBeatsAVariableBeatsTheFileBeatsTheDefault(t *testing.T) {
	file := write(t, "# ours\n\naddr = :1\n public-url=\"https://file.example\" \nlog-level = warn\n")
	flags := map[string]string{"addr": ":3", "config": file}
	environ := []string{"THROUGHLINE_ADDR=:2", "THROUGHLINE_PUBLIC_URL=https://variable.example/", "HOME=/"}
	c, err := Load(flags, environ)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != ":3" || c.PublicURL != "https://variable.example" || c.LogLevel != slog.LevelWarn || c.SessionIdle != 14*24*time.Hour {
		t.Errorf("addr %s, public-url %s, log-level %v, session-idle %v", c.Addr, c.PublicURL, c.LogLevel, c.SessionIdle)
	}
	want := map[string]string{"addr": "--addr", "public-url": "THROUGHLINE_PUBLIC_URL", "log-level": file + ":5", "session-idle": "default"}
	for _, s := range c.Settings() {
		if o, ok := want[s.Name]; ok && s.Origin != o {
			t.Errorf("origin of %s = %s, want %s", s.Name, s.Origin, o)
		}
	}
}

func TestTheFileMayBeNamedByAVariable(t *testing.T) {
	c, err := Load(nil, []string{"THROUGHLINE_CONFIG=" + write(t, "data = /srv/throughline\n")})
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "/srv/throughline" || c.Database() != "/srv/throughline/throughline.db" || c.KeyFile() != "/srv/throughline/secret.key" {
		t.Errorf("data %s, database %s, key %s", c.Data, c.Database(), c.KeyFile())
	}
}

func TestEveryFaultyOptionIsNamed(t *testing.T) {
	_, err := Load(
		map[string]string{"addr": "nowhere", "session-idle": "soon"},
		[]string{"THROUGHLINE_TRUSTED_PROXY=10.0.0.0/8, office", "THROUGHLINE_SECRET_KEY=short"})
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("Load = %v, want an Invalid", err)
	}
	for _, part := range []string{"--addr", "--session-idle", "THROUGHLINE_TRUSTED_PROXY", `"office"`, "THROUGHLINE_SECRET_KEY"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %s: %v", part, err)
		}
	}
}

func TestOptionsThatNeedEachOther(t *testing.T) {
	for _, flags := range []map[string]string{
		{"tls-cert": "cert.pem"},
		{"tls-key": "key.pem"},
		{"smtp-addr": "mail.example:25", "public-url": "https://pm.example"},
		{"smtp-addr": "mail.example:25", "smtp-from": "pm@pm.example"},
		{"session-idle": "3h", "session-absolute": "2h"},
	} {
		if _, err := Load(flags, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("Load(%v) = %v, want an Invalid", flags, err)
		}
	}
}

func TestURL(t *testing.T) {
	for want, flags := range map[string]map[string]string{
		"http://127.0.0.1:8080":  nil,
		"http://localhost:80":    {"addr": ":80"},
		"https://localhost:8443": {"addr": "[::]:8443", "tls-cert": "c", "tls-key": "k"},
		"https://pm.example":     {"addr": ":80", "public-url": "https://pm.example/"},
	} {
		c, err := Load(flags, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.URL(); got != want {
			t.Errorf("URL with %v = %s, want %s", flags, got, want)
		}
	}
}

func TestAFaultyFile(t *testing.T) {
	for text, want := range map[string]string{
		"addr":                 ":1: write NAME = VALUE",
		"\naddress = :80":      `:2: there is no option "address"`,
		"config = other.conf":  ":1: there is no option",
		"addr = :1\naddr = :2": ":2: addr was given already at",
		"log-format = xml":     `:1`,
	} {
		_, err := Load(map[string]string{"config": write(t, text)}, nil)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("Load of %q = %v, want %s", text, err, want)
		}
	}
	if _, err := Load(map[string]string{"config": filepath.Join(t.TempDir(), "none")}, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("Load of a file that is not there = %v", err)
	}
}

func TestUnknownVariablesAreListed(t *testing.T) {
	c, err := Load(nil, []string{"THROUGHLINE_DATADIR=/x", "THROUGHLINE_ADDRESS=x", "THROUGHLINE_ADDR=:1", "THROUGHLINES=1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"THROUGHLINE_ADDRESS", "THROUGHLINE_DATADIR"}, c.Unknown); diff != "" {
		t.Error(diff)
	}
}

func TestSettingsMaskSecrets(t *testing.T) {
	const secret = "correct-horse-battery-staple-correct"
	for _, url := range []string{
		"postgres://ann:" + secret + "@db.example/pm?sslmode=require",
		"postgres://db.example/pm?user=ann&password=" + secret,
		"host=db.example dbname=pm password=" + secret,
	} {
		c, err := Load(map[string]string{"database-url": url, "secret-key": secret, "smtp-password": secret}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Settings() {
			if strings.Contains(s.Value, secret) {
				t.Errorf("%s shows %s", s.Name, s.Value)
			}
			if (s.Name == "secret-key" || s.Name == "smtp-password" || s.Name == "database-url") && s.Value == "" {
				t.Errorf("%s does not show that it is set", s.Name)
			}
		}
	}
	if got := maskURL("postgres://ann:x@db.example:5433/pm?a=b"); got != "postgres://ann@db.example:5433/pm" {
		t.Errorf("maskURL = %s", got)
	}
}

func TestForms(t *testing.T) {
	for name, cases := range map[string]map[string]bool{
		"addr":          {":0": true, "[::1]:80": true, "localhost:8080": true, "8080": false, "host:99999": false, "": false},
		"public-url":    {"": true, "http://x": true, "https://x:8443/": true, "https://x/path": false, "ftp://x": false, "x.example": false, "https://u@x": false},
		"smtp-addr":     {"": true, "mail:25": true, ":25": false, "mail": false},
		"smtp-from":     {"": true, "Throughline <pm@example.com>": true, "nobody": false},
		"smtp-security": {"tls": true, "ssl": false},
		"insecure-http": {"true": true, "0": true, "perhaps": false},
		"drain":         {"0s": true, "-1s": false, "5": false},
		"session-idle":  {"1h": true, "1s": false},
		"data":          {"x": true, "": false},
		"log-level":     {"DEBUG": true, "loud": false},
	} {
		o := option(t, name)
		for s, ok := range cases {
			if err := o.Check(s); (err == nil) != ok {
				t.Errorf("%s: Check(%q) = %v", name, s, err)
			}
		}
	}
}

func option(t *testing.T, name string) Option {
	t.Helper()
	for _, o := range Options {
		if o.Name == name {
			return o
		}
	}
	t.Fatalf("there is no option %s", name)
	return Option{}
}

func TestNetworks(t *testing.T) {
	n, err := parseNetworks("10.1.2.3/8, ::ffff:192.0.2.7,fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	if n.String() != "10.0.0.0/8,192.0.2.7/32,fd00::/8" {
		t.Errorf("networks = %s", n)
	}
	for addr, want := range map[string]bool{
		"10.255.0.1": true, "::ffff:10.0.0.1": true, "11.0.0.1": false, "192.0.2.7": true, "192.0.2.8": false, "fd12::1": true,
	} {
		if got := n.Contain(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Contain(%s) = %v", addr, got)
		}
	}
}

func TestOptionsAreDeclaredOnceAndWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Options {
		if seen[o.Name] || o.Doc == "" || strings.ContainsAny(o.Doc[:1], "ABCDEFGHIJKLMNOQRTUVWXYZ") {
			t.Errorf("option %q is declared twice, or has no doc that continues its name", o.Name)
		}
		seen[o.Name] = true
		if o.Switch() != (o.Name == "insecure-http" || o.Name == "development") {
			t.Errorf("Switch of %s = %v", o.Name, o.Switch())
		}
	}
	if got := option(t, "public-url").Variable(); got != "THROUGHLINE_PUBLIC_URL" {
		t.Errorf("variable = %s", got)
	}
}

// TestTheManualListsEveryOption holds the table in docs/operations.md against the
// declarations.
func TestTheManualListsEveryOption(t *testing.T) {
	manual, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var have, want []string
	for line := range strings.Lines(string(manual)) {
		if strings.HasPrefix(line, "| `--") {
			have = append(have, strings.TrimSpace(line))
		}
	}
	for _, o := range Options {
		usual := ""
		if o.Default != "" {
			usual = "`" + o.Default + "`"
		}
		want = append(want, "| `--"+o.Name+"` | `"+o.Variable()+"` | "+usual+" | "+o.Doc+" |")
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("docs/operations.md is not what the options say:\n%s", diff)
	}
}
