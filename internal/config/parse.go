package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Networks are networks of addresses.
type Networks []netip.Prefix

// String lists the networks, separated by commas.
func (n Networks) String() string {
	texts := make([]string, len(n))
	for i, p := range n {
		texts[i] = p.String()
	}
	return strings.Join(texts, ",")
}

// Contain reports whether one of the networks contains addr.
func (n Networks) Contain(addr netip.Addr) bool {
	for _, p := range n {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// parseNetworks reads addresses and networks, separated by commas.
func parseNetworks(s string) (Networks, error) {
	var all Networks
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if addr, err := netip.ParseAddr(part); err == nil {
			addr = addr.Unmap()
			all = append(all, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, fmt.Errorf("%q is no network such as 10.0.0.0/8 or fd00::/8, nor an address", part)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func parseFolder(s string) (string, error) {
	if s == "" {
		return "", errors.New("name a folder")
	}
	return s, nil
}

// parseKey asks for what cannot be guessed, as far as a length can tell.
func parseKey(s string) (string, error) {
	if s != "" && len(s) < 32 {
		return "", errors.New("a key has at least 32 characters")
	}
	return s, nil
}

// parseAddr reads an address to listen on.
func parseAddr(s string) (string, error) {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is not HOST:PORT, such as 127.0.0.1:8080 or :8080", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is no port from 0 to 65535", port)
	}
	return s, nil
}

// parseServer reads the address of a server to connect to.
func parseServer(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if _, err := parseAddr(s); err != nil || strings.HasPrefix(s, ":") {
		return "", fmt.Errorf("%q is not HOST:PORT, such as mail.example.com:587", s)
	}
	return s, nil
}

func parsePublicURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is not scheme and host alone, such as https://pm.example.com", s)
	}
	return u.Scheme + "://" + u.Host, nil
}

func parseMailbox(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if _, err := mail.ParseAddress(s); err != nil {
		return "", fmt.Errorf("%q is no mail address", s)
	}
	return s, nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time such as 90s, 15m or 336h", s)
	}
	return d, nil
}

func parseLifetime(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d < time.Minute {
		err = errors.New("a session lasts a minute or more")
	}
	return d, err
}

func parseMegabytes(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no number of megabytes", s)
	}
	return n, nil
}

func parseLevel(s string) (l slog.Level, err error) {
	if err := l.UnmarshalText([]byte(s)); err != nil {
		return 0, fmt.Errorf("%q is none of debug, info, warn, error", s)
	}
	return l, nil
}

func maskAll(string) string { return "***" }

// maskURL leaves of a database's address what tells it from others: no password, and no
// parameters, which may hold one too.
func maskURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return maskAll(s) // the form with key=value pairs
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}
