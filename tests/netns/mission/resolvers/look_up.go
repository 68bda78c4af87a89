// SPDX-License-Identifier: Apache-2.0

// Looks names up with Go's own resolver. Prints for each: the name, its first address or "-", and the milliseconds.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	for _, name := range os.Args[1:] {
		begin := time.Now()
		found, err := net.LookupHost(name)
		text := "-"
		if err == nil && len(found) > 0 {
			text = found[0]
		}
		fmt.Println(name, text, time.Since(begin).Milliseconds())
	}
}
