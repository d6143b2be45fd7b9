package servertest

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "github.com/lib/pq" // the driver of the store
)

// Kept is everything that is at rest: each file of the data folder, and on PostgreSQL each row of each
// table as text, in which bytes are written as hex.
func (h *House) Kept() string {
	h.T.Helper()
	var kept strings.Builder
	err := filepath.WalkDir(h.Config.Data, func(path string, file os.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		kept.Write(content)
		return err
	})
	if err == nil && h.Config.DatabaseURL != "" {
		err = rowsOf(h.Config.DatabaseURL, &kept)
	}
	if err != nil {
		h.T.Fatal(err)
	}
	return kept.String()
}

// Keeps tells whether a value is at rest in the open, in any of its Forms.
func Keeps(kept, value string) bool {
	return slices.ContainsFunc(Forms(value), func(form string) bool { return strings.Contains(kept, form) })
}

func rowsOf(databaseURL string, to *strings.Builder) error {
	db, err := sql.Open("postgres", databaseURL)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	tables, err := column(db, `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		rows, err := column(db, `SELECT t::text FROM `+table+` t`)
		if err != nil {
			return err
		}
		for _, row := range rows {
			to.WriteString(row + "\n")
		}
	}
	return nil
}

func column(db *sql.DB, query string) ([]string, error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var values []string
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}
