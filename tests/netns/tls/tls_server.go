// SPDX-License-Identifier: Apache-2.0
//
// An HTTPS server for many names on one address, for the tests of TLS names: tls_server PORT. It answers each request with
// "tenant NAME", the server name of the hello ("-" if there was none), and speaks to what is not TLS too. On SIGTERM it prints how
// many connections were reset.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

var resets int64

// Gives the first byte back to whoever reads the connection.
type peeked struct {
	net.Conn
	reader *bufio.Reader
}

func (p peeked) Read(to []byte) (int, error) { return p.reader.Read(to) }

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "tests"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"*.weather.com", "*.test", "weather.com"},
	}
	bytes, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{bytes}, PrivateKey: key}
}

func answer(connection net.Conn, reader *bufio.Reader, name string) {
	if name == "" {
		name = "-"
	}
	for {
		connection.SetDeadline(time.Now().Add(20 * time.Second))
		request, err := http.ReadRequest(reader)
		if err != nil {
			if errors.Is(err, syscall.ECONNRESET) {
				atomic.AddInt64(&resets, 1)
			}
			return
		}
		body := "tenant " + name + "\n"
		fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		if request.Close {
			return
		}
	}
}

func serve(connection net.Conn, config *tls.Config) {
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(20 * time.Second))
	reader := bufio.NewReader(connection)
	first, err := reader.Peek(1)
	if err != nil {
		if errors.Is(err, syscall.ECONNRESET) {
			atomic.AddInt64(&resets, 1)
		}
		return
	}
	if first[0] != 22 {
		answer(connection, reader, "")
		return
	}
	secure := tls.Server(peeked{connection, reader}, config)
	if err := secure.Handshake(); err != nil {
		if errors.Is(err, syscall.ECONNRESET) {
			atomic.AddInt64(&resets, 1)
		}
		return
	}
	answer(secure, bufio.NewReader(secure), secure.ConnectionState().ServerName)
	secure.Close()
}

func main() {
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	if len(os.Args) > 2 { // a group that clients offer without a key share: a HelloRetryRequest
		config.CurvePreferences = []tls.CurveID{tls.CurveP521}
	}
	listener, err := net.Listen("tcp", ":"+os.Args[1])
	if err != nil {
		panic(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(connection, config)
		}
	}()
	fmt.Println("ready")
	<-stop
	fmt.Println("resets", atomic.LoadInt64(&resets))
}
