package config_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/server/config"
)

func TestWithoutSettingsItRunsFromTheDataFolder(t *testing.T) {
	got, err := config.Read([]string{"HOME=/root", "PARKBFF_TEST_DATABASE_URL=x"})
	if err != nil {
		t.Fatal(err)
	}

	want := config.Config{Addr: "127.0.0.1:8080", Data: "var", Keys: "var/keys", Mode: config.Development, InstantRefundFen: 5000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got.Embedded() {
		t.Error("the data folder is not seen as embedded")
	}
}

func TestEverySettingIsRead(t *testing.T) {
	got, err := config.Read([]string{
		"PARKBFF_ADDR=:9000", "PARKBFF_DATA=/srv/park", "PARKBFF_DATABASE_URL=postgres://db/park",
		"PARKBFF_DATABASE_REPLICAS=postgres://r1/park, postgresql://r2/park", "PARKBFF_NATS_URL=nats://a:4222,tls://b:4222",
		"PARKBFF_KEYS=/etc/park/keys", "PARKBFF_ENV=production",
		"PARKBFF_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.7", "PARKBFF_INSTANT_REFUND_FEN=0",
	})
	if err != nil {
		t.Fatal(err)
	}

	want := config.Config{
		Addr: ":9000", Data: "/srv/park", DatabaseURL: "postgres://db/park",
		DatabaseReplicas: []string{"postgres://r1/park", "postgresql://r2/park"}, NATSURL: "nats://a:4222,tls://b:4222",
		Keys: "/etc/park/keys", KeysGiven: true, Mode: config.Production,
		Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if got.Embedded() {
		t.Error("store and bus are elsewhere")
	}
}

func TestAWrongSettingIsNamedAndNeverShown(t *testing.T) {
	const secret = "s3cret-value"
	for name, environ := range map[string][]string{
		"PARKBFF_ADDR":               {"PARKBFF_ADDR=" + secret},
		"PARKBFF_INSTANT_REFUND_FEN": {"PARKBFF_INSTANT_REFUND_FEN=-" + secret},
		"PARKBFF_DATABASE_URL":       {"PARKBFF_DATABASE_URL=postgres://u:" + secret + "%zz@h/d"},
		"PARKBFF_DATABASE_REPLICAS":  {"PARKBFF_DATABASE_REPLICAS=" + secret, "PARKBFF_DATABASE_URL=postgres://h/d"},
		"PARKBFF_NATS_URL":           {"PARKBFF_NATS_URL=http://" + secret},
		"PARKBFF_KEYS":               {"PARKBFF_KEYS=kms://" + secret},
		"PARKBFF_ENV":                {"PARKBFF_ENV=" + secret},
		"PARKBFF_TRUSTED_PROXIES":    {"PARKBFF_TRUSTED_PROXIES=10.0.0.0/8," + secret},
		"PARKBFF_DATABSE_URL":        {"PARKBFF_DATABSE_URL=" + secret},
	} {
		_, err := config.Read(environ)

		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAllWrongSettingsAreToldAtOnce(t *testing.T) {
	_, err := config.Read([]string{"PARKBFF_ADDR=nowhere", "PARKBFF_ENV=test"})

	if err == nil || !strings.Contains(err.Error(), "PARKBFF_ADDR") || !strings.Contains(err.Error(), "PARKBFF_ENV") {
		t.Errorf("got %v", err)
	}
}

func TestReplicasNeedAPrimary(t *testing.T) {
	_, err := config.Read([]string{"PARKBFF_DATABASE_REPLICAS=postgres://r/park"})

	if err == nil || !strings.Contains(err.Error(), "PARKBFF_DATABASE_URL") {
		t.Errorf("got %v", err)
	}
}

func TestProductionNeedsKeysAndRealPartners(t *testing.T) {
	_, err := config.Read([]string{"PARKBFF_ENV=production"})
	if err == nil || !strings.Contains(err.Error(), "PARKBFF_KEYS") {
		t.Errorf("without keys: %v", err)
	}

	production := config.Config{Mode: config.Production}
	if err := production.RefuseSandboxes("sms", "ocr"); err == nil || !strings.Contains(err.Error(), "sms, ocr") {
		t.Errorf("with sandboxes: %v", err)
	}
	if err := production.RefuseSandboxes(); err != nil {
		t.Errorf("without sandboxes: %v", err)
	}
	if err := (config.Config{Mode: config.Development}).RefuseSandboxes("sms"); err != nil {
		t.Errorf("in development: %v", err)
	}
}

func TestSettingsPrintNoSecret(t *testing.T) {
	const secret = "s3cret"
	c := config.Config{DatabaseURL: "postgres://u:" + secret + "@h/d", NATSURL: "nats://" + secret + "@h", Keys: secret}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", c)

	for _, text := range []string{fmt.Sprintf("%v", c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", &c), log.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("printed %s", text)
		}
	}
}
