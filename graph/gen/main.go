// Command gen makes everything that follows from the hand-written SDL: the composed contract, gqlgen's
// executor, models and resolver stubs, and the executor's serial form.
//
// It runs from the root of the repository, as `go run ./graph/gen` (`make generate`). What it writes is
// a function of the SDL, of gqlgen.yml and of the Go types they name, so a second run changes nothing.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	settings := flag.String("config", "gqlgen.yml", "gqlgen's configuration `file`, which names the SDL")
	contract := flag.String("contract", "schema.graphql,graph/contract/schema.graphql",
		"`files` for the composed contract, apart by commas: the client's and the one the program embeds; none if empty")
	flag.Parse()

	if err := generate(*settings, *contract); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
