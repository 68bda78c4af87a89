// SPDX-License-Identifier: Apache-2.0
//
// A hostile client, for the tests of TLS names: tls_attack ADDRESS:PORT ALLOWED OTHER [plain]. The names have the same length. Tries to
// get a response for OTHER from a server that also serves ALLOWED, in many ways; `plain`: also without TLS. Prints one line each:
// "closed WAY" or "OPEN WAY".
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

var address, allowed, other string

// How long an answer takes that comes at all.
const patience = 400 * time.Millisecond

// Records what a client writes first.
type recorder struct{ written bytes.Buffer }

func (r *recorder) Write(bytes []byte) (int, error)  { return r.written.Write(bytes) }
func (r *recorder) Read([]byte) (int, error)         { return 0, io.EOF }
func (r *recorder) Close() error                     { return nil }
func (r *recorder) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (r *recorder) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (r *recorder) SetDeadline(time.Time) error      { return nil }
func (r *recorder) SetReadDeadline(time.Time) error  { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }

// The hello record of a client with this server name.
func hello(name string, protocols ...string) []byte {
	var r recorder
	tls.Client(&r, &tls.Config{ServerName: name, InsecureSkipVerify: name == "", NextProtos: protocols}).Handshake()
	return r.written.Bytes()
}

func put16(to []byte, value int) { to[0], to[1] = byte(value>>8), byte(value) }

// The same message in records of this size.
func spread(record []byte, size int) []byte {
	var out []byte
	for body := record[5:]; len(body) > 0; {
		n := size
		if n > len(body) {
			n = len(body)
		}
		out = append(out, 22, 3, 1, byte(n>>8), byte(n))
		out = append(out, body[:n]...)
		body = body[n:]
	}
	return out
}

// Appends an extension to the hello.
func extended(record []byte, kind int, body []byte) []byte {
	out := append([]byte{}, record...)
	out = append(out, byte(kind>>8), byte(kind), byte(len(body)>>8), byte(len(body)))
	out = append(out, body...)
	added := 4 + len(body)
	put16(out[3:], len(out)-5)
	message := len(out) - 9
	out[6], out[7], out[8] = byte(message>>16), byte(message>>8), byte(message)
	at := 43 + 1 + int(out[43])                           // session
	at += 2 + int(out[at])<<8 + int(out[at+1])            // ciphers
	at += 1 + int(out[at])                                // compression
	put16(out[at:], int(out[at])<<8+int(out[at+1])+added) // extensions
	return out
}

func serverName(names ...string) []byte {
	list := []byte{}
	for _, name := range names {
		list = append(list, 0, byte(len(name)>>8), byte(len(name)))
		list = append(list, name...)
	}
	return append([]byte{byte(len(list) >> 8), byte(len(list))}, list...)
}

func dial() *net.TCPConn {
	connection, err := net.DialTimeout("tcp", address, 3*time.Second)
	if err != nil {
		return nil
	}
	connection.SetDeadline(time.Now().Add(3 * time.Second))
	return connection.(*net.TCPConn)
}

// Does the server answer?
func answered(connection net.Conn) bool {
	connection.SetReadDeadline(time.Now().Add(patience))
	n, _ := connection.Read(make([]byte, 2000))
	return n > 0
}

func sends(parts ...[]byte) bool {
	connection := dial()
	if connection == nil {
		return false
	}
	defer connection.Close()
	connection.SetNoDelay(true)
	for _, part := range parts {
		if _, err := connection.Write(part); err != nil {
			return false
		}
		if len(parts) > 1 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	return answered(connection)
}

func pieces(all []byte, size int) [][]byte {
	var out [][]byte
	for ; len(all) > size; all = all[size:] {
		out = append(out, all[:size])
	}
	return append(out, all)
}

// A real client whose hellos from the given one on say the other name.
type changer struct {
	net.Conn
	from, seen int
}

func (c *changer) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte(allowed)) {
		if c.seen >= c.from {
			record = bytes.ReplaceAll(record, []byte(allowed), []byte(other))
		}
		c.seen++
	}
	return c.Conn.Write(record)
}

func asksAs(name, host string, from int) bool {
	connection := dial()
	if connection == nil {
		return false
	}
	defer connection.Close()
	secure := tls.Client(&changer{connection, from, 0}, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	fmt.Fprintf(secure, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	body, _ := io.ReadAll(secure)
	return strings.Contains(string(body), "tenant "+other)
}

func urgent() bool {
	connection := dial()
	if connection == nil {
		return false
	}
	defer connection.Close()
	raw, _ := connection.SyscallConn()
	evil := hello(other)
	raw.Control(func(fd uintptr) { syscall.SendmsgN(int(fd), evil, nil, nil, syscall.MSG_OOB) })
	return answered(connection)
}

func fastOpen() bool {
	const tcpFastOpenConnect = 30
	target, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return false
	}
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpFastOpenConnect, 1) })
	}, Timeout: 3 * time.Second}
	connection, err := dialer.Dial("tcp", target.String())
	if err != nil {
		return false
	}
	defer connection.Close()
	connection.Write(hello(other))
	return answered(connection)
}

// The rest of a hello on another connection of the same ports.
func reconnects() bool {
	first := dial()
	if first == nil {
		return false
	}
	local := first.LocalAddr().(*net.TCPAddr)
	good := hello(allowed)
	first.Write(good[:60])
	time.Sleep(5 * time.Millisecond)
	first.SetLinger(0)
	first.Close()
	target, _ := net.ResolveTCPAddr("tcp", address)
	second, err := net.DialTCP("tcp", local, target)
	if err != nil {
		return false
	}
	defer second.Close()
	second.Write(hello(other))
	return answered(second)
}

func main() {
	address, allowed, other = os.Args[1], os.Args[2], os.Args[3]
	evil, good := hello(other), hello(allowed)
	bare := hello("")
	big := hello(other, strings.Repeat("x", 200), strings.Repeat("y", 200))
	replaced := func(name string) []byte { return extended(bare, 0, serverName(name)) }
	ways := []struct {
		name string
		open func() bool
	}{
		{"the other name", func() bool { return asksAs(other, other, 9) }},
		{"the allowed name, its Host header inside", func() bool { return asksAs(allowed, other, 9) }},
		{"the other name in capitals", func() bool { return sends(replaced(strings.ToUpper(other))) }},
		{"no name", func() bool { return sends(bare) }},
		{"an address as name", func() bool { return sends(replaced("198.18.0.80")) }},
		{"an empty name", func() bool { return sends(replaced("")) }},
		{"a trailing dot", func() bool { return sends(replaced(allowed + ".")) }},
		{"a leading dot", func() bool { return sends(replaced("." + allowed)) }},
		{"a zero byte", func() bool { return sends(replaced(allowed + "\x00." + other)) }},
		{"a name below the allowed one", func() bool { return sends(replaced("x." + allowed)) }},
		{"the allowed name as a part", func() bool { return sends(replaced(allowed + "." + other)) }},
		{"two names in the list", func() bool { return sends(extended(bare, 0, serverName(allowed, other))) }},
		{"two names in the list, turned", func() bool { return sends(extended(bare, 0, serverName(other, allowed))) }},
		{"two extensions", func() bool { return sends(extended(good, 0, serverName(other))) }},
		{"two extensions, turned", func() bool { return sends(extended(evil, 0, serverName(allowed))) }},
		{"a name of another type", func() bool {
			body := serverName(allowed)
			body[2] = 1
			return sends(extended(bare, 0, body))
		}},
		{"records of one byte", func() bool { return sends(spread(evil, 1)) }},
		{"records of 40 bytes", func() bool { return sends(spread(evil, 40)) }},
		{"segments of one byte", func() bool { return sends(pieces(evil, 1)...) }},
		{"segments of 16 bytes", func() bool { return sends(pieces(evil, 16)...) }},
		{"segments of 100 bytes", func() bool { return sends(pieces(big, 100)...) }},
		{"the other name behind 15 KB", func() bool { return sends(extended(extended(bare, 21, make([]byte, 15000)), 0, serverName(other))) }},
		{"a hello of more than 16 KB", func() bool { return sends(spread(extended(evil, 21, make([]byte, 17000)), 16000)) }},
		{"an alert before", func() bool { return sends(append([]byte{21, 3, 1, 0, 2, 1, 0}, evil...)) }},
		{"a change of ciphers before", func() bool { return sends(append([]byte{20, 3, 1, 0, 1, 1}, evil...)) }},
		{"an empty record before", func() bool { return sends(append([]byte{22, 3, 1, 0, 0}, evil...)) }},
		{"another message before", func() bool { return sends(append([]byte{22, 3, 1, 0, 4, 0, 0, 0, 0}, evil...)) }},
		{"an old version", func() bool { return sends(append([]byte{22, 2}, evil[2:]...)) }},
		{"encrypted hello outside", func() bool { return sends(extended(evil, 0xfe0d, make([]byte, 120))) }},
		{"the second hello changed", func() bool { return asksAs(allowed, other, 1) }},
		{"urgent data", urgent},
		{"Fast Open", fastOpen},
		{"a new connection of the same ports", reconnects},
	}
	if len(os.Args) > 4 {
		request := "GET / HTTP/1.1\r\nHost: " + other + "\r\n\r\n"
		ways = append(ways, []struct {
			name string
			open func() bool
		}{
			{"plain HTTP", func() bool { return sends([]byte(request)) }},
			{"plain HTTP, byte by byte", func() bool { return sends(pieces([]byte(request), 1)...) }},
			{"HTTP/2 without TLS", func() bool {
				return sends([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
			}},
			{"upgrade inside", func() bool { return sends([]byte("STARTTLS\r\n"), evil) }},
			{"a newline before", func() bool { return sends(append([]byte("\r\n"), evil...)) }},
			{"an SSLv2 hello", func() bool { return sends([]byte{0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10}) }},
			{"a zero byte before", func() bool { return sends(append([]byte{0}, evil...)) }},
		}...)
	}
	for _, way := range ways {
		word := "closed"
		if way.open() {
			word = "OPEN"
		}
		fmt.Println(word, way.name)
	}
}
