package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"parkbff/internal/vault"
)

type keysCommand struct {
	RotateSigning rotateSigningCommand `cmd:"" help:"Change the key that signs tokens, in three steps."`
}

// Steps of a rotation. Each is installed on every replica, by a restart, before the next.
const (
	stepPublish = "publish"
	stepSign    = "sign"
	stepRetire  = "retire"
)

type rotateSigningCommand struct {
	Step string `arg:"" enum:"publish,sign,retire" help:"publish: a new key verifies and stands in jwks.json; sign: it signs from now on; retire: tokens of the keys before are refused."`
}

// Run takes one step in the key file. A running server goes on with the keys it has read.
func (c *rotateSigningCommand) Run(s *surroundings) error {
	keys, err := vault.LoadKeys(s.config.Keys)
	if err != nil {
		return err
	}
	next, err := c.next(keys)
	if err != nil {
		return err
	}
	if err := next.Replace(s.config.Keys); err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%s: done in %s; restart every server that has a copy\n", c.Step, s.config.Keys)
	return nil
}

func (c *rotateSigningCommand) next(keys *vault.Keys) (*vault.Keys, error) {
	promoted := keys.PromoteSigningKey()
	waiting := promoted.SigningKeys()[0].ID != keys.SigningKeys()[0].ID
	switch {
	case c.Step == stepPublish && !waiting:
		return keys.AddSigningKey(rand.Reader)
	case c.Step == stepSign && waiting:
		return promoted, nil
	case c.Step == stepRetire && !waiting:
		return keys.RetireSigningKeys(), nil
	case waiting:
		return nil, errors.New("a published key waits to sign: the next step is sign")
	}
	return nil, errors.New("no published key waits to sign: the first step is publish")
}
