// Command newmigration writes the script that takes PostgreSQL's schema from the last script to the model
// in ent/schema:
//
//	go run ./internal/testkit/cmd/withpg -- go run ./internal/store/cmd/newmigration NAME
//
// It replays the existing scripts in the database PARKBFF_TEST_DATABASE_URL names, which must be empty,
// and empties it again. When the model has not changed, it writes nothing and says so.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	atlas "ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	_ "github.com/lib/pq" // the driver "postgres"

	"parkbff/ent/migrate"
)

func main() {
	dir := flag.String("dir", "internal/store/migrations", "folder of the scripts")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: newmigration [-dir folder] name_of_the_change")
		os.Exit(2)
	}
	err := write(context.Background(), *dir, flag.Arg(0), os.Getenv("PARKBFF_TEST_DATABASE_URL"))
	if errors.Is(err, atlas.ErrNoPlan) {
		fmt.Println("the scripts are up to date with the model")
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "newmigration:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, dir, name, url string) (err error) {
	scripts, err := atlas.NewLocalDir(dir)
	if err != nil {
		return err
	}
	db, err := entsql.Open(dialect.Postgres, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrate.NewSchema(db).NamedDiff(ctx, name,
		schema.WithDir(scripts),
		schema.WithFormatter(atlas.DefaultFormatter),
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDropColumn(true),
		schema.WithDropIndex(true),
		schema.WithErrNoPlan(true),
	)
}
