// Command requirements lists the rows of docs/requirements.md with the tests that say they prove them
// (testkit.Covers), and counts them. With -all it lists the other rows too. It fails when a test names a
// row that is not in the table.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	root := flag.String("root", ".", "the repository")
	all := flag.Bool("all", false, "list the rows that no test proves, too")
	flag.Parse()
	if err := run(os.Stdout, *root, *all); err != nil {
		fmt.Fprintln(os.Stderr, "requirements:", err)
		os.Exit(1)
	}
}

func run(to io.Writer, root string, all bool) error {
	rows, err := readTable(root)
	if err != nil {
		return err
	}
	proofs, err := findProofs(root)
	if err != nil {
		return err
	}
	if err := known(rows, proofs); err != nil {
		return err
	}
	return report(to, rows, proofs, all)
}

// known fails for a proof of a row that does not exist.
func known(rows []row, proofs []proof) error {
	ids := map[string]bool{}
	for _, r := range rows {
		ids[r.id] = true
	}
	for _, p := range proofs {
		if !ids[p.row] {
			return fmt.Errorf("%s covers %s, which is no row of %s", p.test, p.row, table)
		}
	}
	return nil
}

func report(to io.Writer, rows []row, proofs []proof, all bool) error {
	tests := map[string][]string{}
	for _, p := range proofs {
		tests[p.row] = append(tests[p.row], p.test)
	}
	out, covered := bufio.NewWriter(to), 0
	for _, r := range rows {
		if len(tests[r.id]) > 0 {
			covered++
		} else if !all {
			continue
		}
		fmt.Fprintf(out, "%s  %s\n", r.id, r.capability)
		for _, test := range tests[r.id] {
			fmt.Fprintf(out, "      %s\n", test)
		}
	}
	fmt.Fprintf(out, "requirements: %d of %d covered\n", covered, len(rows))
	return out.Flush()
}
