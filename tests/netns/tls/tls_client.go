// SPDX-License-Identifier: Apache-2.0
//
// Opens connections for the tests of TLS names: tls_client ADDRESS:PORT NAME COUNT PARALLEL [ALPN_BYTES [PIECE]].
// Each makes one request and must get "tenant NAME". ALPN_BYTES makes the hello longer, PIECE writes it in pieces of so many bytes.
// Prints "ok N failed N slowest_ms N" and the first error.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Writes in pieces.
type sliced struct {
	net.Conn
	piece int
}

func (s sliced) Write(bytes []byte) (int, error) {
	for at := 0; at < len(bytes); at += s.piece {
		end := at + s.piece
		if end > len(bytes) {
			end = len(bytes)
		}
		if _, err := s.Conn.Write(bytes[at:end]); err != nil {
			return at, err
		}
	}
	return len(bytes), nil
}

func number(at int) int {
	if len(os.Args) <= at {
		return 0
	}
	value, err := strconv.Atoi(os.Args[at])
	if err != nil {
		panic(err)
	}
	return value
}

func fetch(address, name string, protocols []string, piece int) error {
	connection, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(20 * time.Second))
	if piece > 0 {
		connection = sliced{connection, piece}
	}
	secure := tls.Client(connection, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: protocols})
	if _, err := fmt.Fprintf(secure, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", name); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(secure), nil)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if string(body) != "tenant "+name+"\n" {
		return fmt.Errorf("got %q", body)
	}
	return nil
}

func main() {
	address, name, count, parallel := os.Args[1], os.Args[2], number(3), number(4)
	protocols := []string{}
	for left := number(5); left > 0; left -= 201 {
		protocols = append(protocols, strings.Repeat("x", 200))
	}
	var lock sync.Mutex
	ok, failed, slowest := 0, 0, time.Duration(0)
	first := ""
	work := make(chan struct{}, count)
	for i := 0; i < count; i++ {
		work <- struct{}{}
	}
	close(work)
	var group sync.WaitGroup
	for i := 0; i < parallel; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for range work {
				begin := time.Now()
				err := fetch(address, name, protocols, number(6))
				took := time.Since(begin)
				lock.Lock()
				if took > slowest {
					slowest = took
				}
				if err == nil {
					ok++
				} else if failed++; first == "" {
					first = err.Error()
				}
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	fmt.Printf("ok %d failed %d slowest_ms %d\n%s\n", ok, failed, slowest.Milliseconds(), first)
}
