// Command policymatrix prints docs/policy-matrix.md. It runs from the root of the repository, last in
// `make generate`: it reads the contract that was composed before.
package main

import (
	"flag"
	"fmt"
	"os"

	"parkbff/server/policymatrix"
)

func main() {
	file := flag.String("out", "docs/policy-matrix.md", "the `file` to write")
	flag.Parse()
	page, err := policymatrix.Document()
	if err == nil {
		err = os.WriteFile(*file, page, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "policymatrix:", err)
		os.Exit(1)
	}
}
