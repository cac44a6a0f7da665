// Command ghacache is a GitHub Actions cache service, that of nektos/act, on loopback: it prints its address and serves until its input ends.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/nektos/act/pkg/artifactcache"
)

func main() {
	handler, err := artifactcache.StartHandler(os.Args[1], "", "127.0.0.1", 0, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(handler.ExternalURL())
	io.Copy(io.Discard, os.Stdin)
	handler.Close()
}
