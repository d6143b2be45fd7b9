package identity_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parkbff/ent/signin"
	"parkbff/internal/identity"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

// What the flow below passes through the service and what must not be found in any file or log (R071,
// R091, R118).
var secrets = map[string]string{
	"plate": "B12345", "green plate": "BD12345", "other plate": "B54321", "mobile": "13800138000", "new mobile": "13700137000",
	"VIN": "1M8GDM9AXKP042788", "engine number": "EN9876543", "owner": "张三", "other owner": "李四", "model": "BYD7150",
	"identity number": adult, "other identity number": another, "nickname": "小红",
	"child's identity number": child, "own name": "白龙马", "region": "白云鄂博", "birthday": "1987-06-05",
	"guardian's mobile": "13600136000",
}

func TestNothingPersonalIsKeptInTheClear(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	h := newHouse(t, testkit.Open(t, store.Options{Dir: dir}))
	h.config.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.Service, err = identity.New(h.config)
	h.must(err)

	errs := h.wholeFlow(t)

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	h.must(err)
	wal := false
	for _, file := range files {
		content, err := os.ReadFile(file)
		h.must(err)
		wal = wal || strings.HasSuffix(file, "-wal") && len(content) > 0
		mustNotContain(t, filepath.Base(file), string(content))
	}
	if !wal {
		t.Error("the write-ahead log was not looked into")
	}
	mustNotContain(t, "log", log.String())
	for _, err := range errs {
		mustNotContain(t, "error text", fmt.Sprintf("%+v", err))
	}
}

// wholeFlow does everything an account can do, and answers the errors it met.
func (h *house) wholeFlow(t *testing.T) (errs []error) {
	met := func(err error) {
		t.Helper()
		if err == nil {
			t.Error("nothing was refused")
			return
		}
		errs = append(errs, err)
	}
	p, other := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)
	v, second := p.binds(plate), p.binds("粤BD12345")
	other.binds(plate)
	name := "小红"
	_, err := h.RenameVehicle(p.ctx, v.Row, &name)
	h.must(err)
	met(p.verifies(v, licence("粤B54321", "张三"), card("张三", adult)))
	met(p.verifies(v, licence(plate, "李四"), card("张三", adult)))
	met(p.verifies(v, licence(plate, "张三")+"!", card("张三", adult)))
	h.must(p.verifies(v, licence(plate, "张三"), card("张三", adult)))
	met(p.verifies(second, licence("粤BD12345", "李四"), card("李四", another)))
	_, err = h.BindPlate(other.ctx, plate, "", true)
	met(err)
	_, err = h.BindPlate(other.ctx, "粤B12345I", "", true)
	met(err)
	_, err = h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: wrong(h.code(mobile)), Channel: signin.ChannelAPP})
	met(err)
	met(h.ChangeMobile(p.ctx, "13900139000", h.codeFor(identity.CodeForChangeMobile, "13900139000")))
	h.must(h.ChangeMobile(p.ctx, "13700137000", h.codeFor(identity.CodeForChangeMobile, "13700137000")))
	h.must(h.SetFullMask(p.ctx, true))
	ownName, region, born := "白龙马", "白云鄂博", time.Date(1987, 6, 5, 0, 0, 0, 0, time.UTC)
	_, err = h.UpdateProfile(p.ctx, identity.Profile{Nickname: &ownName, Region: &region, Birthday: &born})
	h.must(err)
	h.must(h.GiveGuardianConsent(p.ctx, "13600136000", h.codeFor(identity.CodeForGuardianConsent, "13600136000")))
	met(h.GiveGuardianConsent(p.ctx, "13600136000", "000000"))
	third := other.binds("粤B99887")
	met(other.verifies(third, licence("粤B99887", "张三"), card("张三", child)))
	met(other.verifies(third, "行驶证 张三 1M8GDM9AXKP042788", card("张三", child)))
	h.must(h.CloseAccount(other.ctx))
	h.clock.Pass(time.Minute)
	tokens, err := h.Refresh(t.Context(), p.tokens.Refresh)
	h.must(err)
	h.must(h.UnbindPlate(p.ctx, v.Row))
	_, err = h.Refresh(t.Context(), tokens.Refresh+"x")
	met(err)
	return errs
}

func mustNotContain(t *testing.T, where, text string) {
	t.Helper()
	for what, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s in the clear in %s", what, where)
		}
	}
}
