package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is the server's certificate, read again when one of its files changes.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	now    *tls.Certificate
	stamp  string    // of the files as they were read last
	looked time.Time // when they were last compared
}

// lookAgain is how long the files are not looked at after a look.
const lookAgain = time.Second

// openCertificate reads the certificate for the first time.
func openCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// get implements tls.Config.GetCertificate. Files that cannot be read, because they are
// just being replaced for example, leave the certificate as it is.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookAgain {
		c.looked = now
		if err := c.read(); err != nil {
			c.log.Error("the new certificate cannot be used; the one before stays", "error", err)
		}
	}
	return c.now, nil
}

func (c *certificate) read() error {
	stamp, err := stampOf(c.certFile, c.keyFile)
	if err != nil || stamp == c.stamp {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate from %s and %s: %w", c.certFile, c.keyFile, err)
	}
	if c.now != nil {
		c.log.Info("the certificate was read again", "file", c.certFile, "until", pair.Leaf.NotAfter)
	}
	c.now, c.stamp = &pair, stamp
	return nil
}

// stampOf changes when one of the files does.
func stampOf(files ...string) (stamp string, err error) {
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return "", err
		}
		stamp += fmt.Sprintln(info.ModTime().UnixNano(), info.Size())
	}
	return stamp, nil
}
