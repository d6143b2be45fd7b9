package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// wrong answers what is wrong with the settings. Errors of parsers quote the value, so none is wrapped.
func (c Config) wrong() []error {
	return []error{
		check(envAddr, isAddr(c.Addr), "is not host:port"),
		check(envDatabase, c.DatabaseURL == "" || isPostgres(c.DatabaseURL), "is not a postgres:// URL"),
		check(envReplicas, !slices.ContainsFunc(c.DatabaseReplicas, isNotPostgres), "is not a list of postgres:// URLs"),
		check(envReplicas, len(c.DatabaseReplicas) == 0 || c.DatabaseURL != "", "needs "+envDatabase),
		check(envNATS, isNATS(c.NATSURL), "is not a list of nats:// or tls:// URLs"),
		check(envKeys, !strings.Contains(c.Keys, "://"), "is not the path of a file"),
		check(envMode, c.Mode == Development || c.Mode == Production, "is neither development nor production"),
		check(envKeys, c.Mode != Production || c.KeysGiven, "is required in production"),
	}
}

func check(variable string, holds bool, otherwise string) error {
	if holds {
		return nil
	}
	return fmt.Errorf("%s %s", variable, otherwise)
}

func isAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isPostgres(text string) bool { return isURL(text, "postgres", "postgresql") }

func isNotPostgres(text string) bool { return !isPostgres(text) }

func isNATS(text string) bool {
	return !slices.ContainsFunc(commaList(text), func(s string) bool { return !isURL(s, "nats", "tls", "ws", "wss") })
}

func isURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && slices.Contains(schemes, u.Scheme)
}
