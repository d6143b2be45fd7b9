// Package config reads the settings of the program from its environment. Nothing else in the program
// does, so that the list below is whole.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Mode is what the program runs for.
type Mode string

// Modes.
const (
	Development Mode = "development"
	Production  Mode = "production"
)

// Config is how one process is set up. It holds passwords, so it never prints itself.
type Config struct {
	Addr             string         // PARKBFF_ADDR: host:port to listen on
	Data             string         // PARKBFF_DATA: the data folder
	DatabaseURL      string         // PARKBFF_DATABASE_URL: PostgreSQL; empty is SQLite in the data folder
	DatabaseReplicas []string       // PARKBFF_DATABASE_REPLICAS: PostgreSQL URLs to read from, apart by commas
	NATSURL          string         // PARKBFF_NATS_URL: servers, apart by commas; empty is embedded
	Keys             string         // PARKBFF_KEYS: the key file
	KeysGiven        bool           // whether PARKBFF_KEYS was set; otherwise Keys may be made on first start
	Partners         string         // PARKBFF_PARTNERS: file of third parties' credentials; who is missing there is stood in for
	Mode             Mode           // PARKBFF_ENV
	InstantRefundFen int64          // PARKBFF_INSTANT_REFUND_FEN: up to what amount a disputed charge goes back at once
	Proxies          []netip.Prefix // PARKBFF_TRUSTED_PROXIES: networks of those who end TLS before the program, apart by commas
}

// The variables, and what they are when they are empty.
const (
	envAddr     = "PARKBFF_ADDR"
	envData     = "PARKBFF_DATA"
	envDatabase = "PARKBFF_DATABASE_URL"
	envReplicas = "PARKBFF_DATABASE_REPLICAS"
	envNATS     = "PARKBFF_NATS_URL"
	envKeys     = "PARKBFF_KEYS"
	envPartners = "PARKBFF_PARTNERS"
	envMode     = "PARKBFF_ENV"
	envProxies  = "PARKBFF_TRUSTED_PROXIES"
	envInstant  = "PARKBFF_INSTANT_REFUND_FEN"

	usualAddr = "127.0.0.1:8080"
	usualData = "var"
	keysFile  = "keys"
	// usualInstant is 50 yuan, as in Hangzhou (domain.md §3).
	usualInstant = 5000

	prefix = "PARKBFF_"
)

var known = []string{envAddr, envData, envDatabase, envReplicas, envNATS, envKeys, envPartners, envMode, envProxies, envInstant}

// elsewhere are names that tests and tools read.
var elsewhere = []string{"PARKBFF_TEST_", "PARKBFF_SHARED_"}

// Read takes the settings out of an environment such as os.Environ. A variable of ours that nobody
// knows is an error too: it is a misspelt one. The error tells every wrong variable and no value.
func Read(environ []string) (Config, error) {
	set, err := ours(environ)
	proxies, understood := networks(set[envProxies])
	instant, amount := fen(set[envInstant], usualInstant)
	c := Config{
		Addr:             or(set[envAddr], usualAddr),
		Data:             or(set[envData], usualData),
		DatabaseURL:      set[envDatabase],
		DatabaseReplicas: commaList(set[envReplicas]),
		NATSURL:          set[envNATS],
		Keys:             set[envKeys],
		KeysGiven:        set[envKeys] != "",
		Partners:         set[envPartners],
		Mode:             Mode(or(set[envMode], string(Development))),
		Proxies:          proxies,
		InstantRefundFen: instant,
	}
	if !c.KeysGiven {
		c.Keys = filepath.Join(c.Data, keysFile)
	}
	if err := errors.Join(append([]error{
		err, check(envProxies, understood, "is not a list of networks such as 10.0.0.0/8"),
		check(envInstant, amount, "is not an amount in fen such as 5000"),
	}, c.wrong()...)...); err != nil {
		return Config{}, err
	}
	return c, nil
}

func ours(environ []string) (map[string]string, error) {
	set := map[string]string{}
	var errs []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(name, prefix), slices.ContainsFunc(elsewhere, func(p string) bool { return strings.HasPrefix(name, p) }):
		case slices.Contains(known, name):
			set[name] = strings.TrimSpace(value)
		default:
			errs = append(errs, fmt.Errorf("%s: there is no such setting", name))
		}
	}
	return set, errors.Join(errs...)
}

// Embedded tells whether store or bus live in the data folder, which then is this process's alone.
func (c Config) Embedded() bool { return c.DatabaseURL == "" || c.NATSURL == "" }

// RefuseSandboxes fails in production when any partner is a stand-in.
func (c Config) RefuseSandboxes(partners ...string) error {
	if c.Mode != Production || len(partners) == 0 {
		return nil
	}
	return fmt.Errorf("%s: production cannot run with stand-ins for: %s", envMode, strings.Join(partners, ", "))
}

// Format prints no setting.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// LogValue logs what holds no secret.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("env", string(c.Mode)), slog.String("addr", c.Addr),
		slog.Bool("sqlite", c.DatabaseURL == ""), slog.Bool("embeddedBus", c.NATSURL == ""),
		slog.Int("replicas", len(c.DatabaseReplicas)),
	)
}

// fen reads an amount of money.
func fen(value string, usual int64) (amount int64, understood bool) {
	if value == "" {
		return usual, true
	}
	amount, err := strconv.ParseInt(value, 10, 64)
	return amount, err == nil && amount >= 0
}

func or(value, usual string) string {
	if value == "" {
		return usual
	}
	return value
}

func commaList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// networks reads a list of networks, or of single addresses.
func networks(text string) (all []netip.Prefix, understood bool) {
	for _, item := range commaList(text) {
		network, err := netip.ParsePrefix(item)
		if err != nil {
			addr, err := netip.ParseAddr(item)
			if err != nil {
				return nil, false
			}
			network = netip.PrefixFrom(addr, addr.BitLen())
		}
		all = append(all, network)
	}
	return all, true
}
