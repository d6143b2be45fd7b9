package stmtcache_test

import (
	"database/sql"
	"database/sql/driver"
	"testing"

	"parkbff/internal/store/stmtcache"
)

func BenchmarkRead(b *testing.B) {
	engines := map[string]struct {
		open  func(testing.TB) driver.Connector
		query string
	}{
		"sqlite":   {onSQLite, "SELECT id, name FROM things WHERE id >= ? ORDER BY id LIMIT 20"},
		"postgres": {onPostgres, "SELECT id, name FROM things WHERE id >= $1 ORDER BY id LIMIT 20"},
	}
	for name, engine := range engines {
		b.Run(name, func(b *testing.B) {
			plain := engine.open(b)
			setUp(b, plain)
			b.Run("plain", func(b *testing.B) { read(b, plain, engine.query) })
			b.Run("cached", func(b *testing.B) { read(b, stmtcache.Wrap(plain, stmtcache.Options{}), engine.query) })
		})
	}
}

func setUp(b *testing.B, c driver.Connector) {
	db := sql.OpenDB(c)
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE things (id int PRIMARY KEY, name text);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		INSERT INTO things SELECT i, 'name' FROM n`); err != nil {
		b.Fatal(err)
	}
}

func read(b *testing.B, c driver.Connector, query string) {
	db := sql.OpenDB(c)
	defer db.Close()
	db.SetMaxOpenConns(1)
	b.ReportAllocs()
	for b.Loop() {
		rows, err := db.Query(query, 500)
		if err != nil {
			b.Fatal(err)
		}
		var id int64
		var name string
		for rows.Next() {
			if err := rows.Scan(&id, &name); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Err(); err != nil {
			b.Fatal(err)
		}
	}
}
