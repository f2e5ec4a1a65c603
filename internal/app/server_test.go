package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve runs the server; stop asks it to end, and ended has what Run returned.
func serve(t *testing.T, a *App) (url string, stop func(), ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	started, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- a.Run(ctx, func(url string) { started <- url }) }()
	select {
	case url = <-started:
	case err := <-done:
		cancel()
		t.Fatalf("the server did not start: %v", err)
	}
	return url, cancel, done
}

func get(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestTheServerSaysThatItIsAliveAndReady(t *testing.T) {
	for name, fresh := range configs {
		t.Run(name, func(t *testing.T) {
			a := open(t, fresh(t), Options{Create: true})
			url, stop, ended := serve(t, a)
			for _, path := range []string{"/healthz", "/readyz"} {
				if status, body := get(t, http.DefaultClient, url+path); status != http.StatusOK {
					t.Errorf("%s = %d %s", path, status, body)
				}
			}
			stop()
			if err := <-ended; err != nil {
				t.Errorf("Run = %v", err)
			}
		})
	}
}

func TestTheServerIsNotReadyWithoutItsDatabase(t *testing.T) {
	a := open(t, load(t, nil), Options{Create: true})
	if err := a.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Ready(t.Context()); err == nil {
		t.Error("it is ready with a closed database")
	}
}

// TestAStoppingServerLetsRequestsEnd begins a request, asks the server to stop and sends
// the rest of the request only when the server says that it is not ready.
func TestAStoppingServerLetsRequestsEnd(t *testing.T) {
	a := open(t, load(t, map[string]string{"drain": "2s"}), Options{Create: true})
	url, stop, ended := serve(t, a)
	addr := strings.TrimPrefix(url, "http://")
	slow, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := io.WriteString(slow, "GET /healthz HTTP/1.1\r\nHost: "+addr+"\r\n"); err != nil {
		t.Fatal(err)
	}
	// the answer to another request shows that the server has taken both connections
	if status, _ := get(t, http.DefaultClient, url+"/readyz"); status != http.StatusOK {
		t.Fatalf("readyz = %d before the stop", status)
	}
	stop()
	<-a.stopping
	if status, _ := get(t, http.DefaultClient, url+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("readyz = %d while the server stops", status)
	}
	if _, err := io.WriteString(slow, "Connection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(slow); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("the request that ran was answered %q, %v", answer, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("a stopped server takes connections")
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := open(t, load(t, map[string]string{"addr": l.Addr().String()}), Options{Create: true})
	if err := a.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("Run = %v", err)
	}
}

func TestACertificateIsReadAgainWhenItsFilesChange(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	trust := x509.NewCertPool()
	writeCertificate(t, trust, cert, key, 1, time.Now().Add(-time.Hour))
	a := open(t, load(t, map[string]string{"tls-cert": cert, "tls-key": key}), Options{Create: true})
	url, stop, ended := serve(t, a)
	serial := func() int64 {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: "localhost"}, DisableKeepAlives: true,
		}}
		r, err := client.Get(url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		return r.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if !strings.HasPrefix(url, "https://") || serial() != 1 {
		t.Fatalf("%s has certificate %d", url, serial())
	}
	writeCertificate(t, trust, cert, key, 2, time.Now())
	await(t, "the second certificate is used", func() bool { return serial() == 2 })
	if err := os.WriteFile(cert, []byte("half a certi"), 0o600); err != nil {
		t.Fatal(err)
	}
	looked := time.Now().Add(lookAgain)
	await(t, "the files are looked at again", func() bool { return serial() == 2 && time.Now().After(looked) })
	if got := serial(); got != 2 {
		t.Errorf("with a damaged file the certificate is %d", got)
	}
	writeCertificate(t, trust, cert, key, 3, time.Now().Add(time.Minute))
	await(t, "the third certificate is used", func() bool { return serial() == 3 })
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestAServerWithoutAUsableCertificateDoesNotStart(t *testing.T) {
	a := open(t, load(t, map[string]string{"tls-cert": "none.pem", "tls-key": "none.pem"}), Options{Create: true})
	if err := a.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "none.pem") {
		t.Errorf("Run = %v", err)
	}
}

// await waits for what is sure to happen, though not for ever.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in a minute it did not happen that %s", what)
		}
	}
}

// writeCertificate writes a certificate for localhost that clients with trust believe.
func writeCertificate(t *testing.T, trust *x509.CertPool, certFile, keyFile string, serial int64, changed time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		keyFile: {Type: "PRIVATE KEY", Bytes: secret}, certFile: {Type: "CERTIFICATE", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trust.AddCert(leaf)
}
