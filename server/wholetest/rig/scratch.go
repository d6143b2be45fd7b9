package rig

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	_ "github.com/lib/pq"
)

// MakeDatabase makes an empty database, whose name begins with a word, on the PostgreSQL server that a URL names.
// It answers the URL of the database, and what drops it.
func MakeDatabase(ctx context.Context, server, word string) (at string, drop func() error, err error) {
	maintenance, err := url.Parse(server)
	if err != nil {
		return "", nil, errors.New("the URL of the database server cannot be read")
	}
	name := word + "_" + strings.ToLower(rand.Text())
	if err := execute(ctx, server, "CREATE DATABASE "+name); err != nil {
		return "", nil, fmt.Errorf("make a database: %w", err)
	}
	maintenance.Path = "/" + name
	return maintenance.String(), func() error {
		return execute(context.Background(), server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}, nil
}

func execute(ctx context.Context, server, statement string) error {
	db, err := sql.Open("postgres", server)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}
