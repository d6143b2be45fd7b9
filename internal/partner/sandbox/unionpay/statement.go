package unionpay

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/partner/unionpay/acp"
)

// file answers a settlement day's archive.
func (s *Sandbox) file(_ context.Context, said acp.Message) acp.Message {
	if said["txnType"] != "76" || said["txnSubType"] != "01" || said["fileType"] != "00" || len(said["settleDate"]) != 4 {
		return reply(said, incomplete)
	}
	content := s.trade(said["merId"], said["settleDate"])
	if content == "" {
		return reply(said, noFile)
	}
	name := fmt.Sprintf("INN%s%s88ZM_%s", s.clock.Now().In(clock.Shanghai).Format("06"), said["settleDate"], said["merId"])
	packed, err := Pack(map[string]string{name: content})
	if err != nil {
		return reply(said, broken)
	}
	m := reply(said, succeeded)
	m["settleDate"], m["fileType"], m["fileName"], m["fileContent"] = said["settleDate"], "00", said["merId"]+".zip", packed
	return m
}

// trade writes the lines of a merchant's settlement day, of this year or the last.
func (s *Sandbox) trade(merchantID, settleDate string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines strings.Builder
	for _, o := range s.all.All() {
		mine := o.code == succeeded && o.said["merId"] == merchantID
		if mine && settles(o.movedAt).Format("0102") == settleDate && s.clock.Now().Sub(o.movedAt) < 365*24*time.Hour {
			lines.WriteString(o.line())
		}
	}
	return lines.String()
}

// line writes an order as the specification lays lines out: every field is followed by a space, texts are padded on
// their right and numbers with zeros.
func (o *order) line() string {
	code, side, original := "S22", "C", &order{}
	if o.kind == refunding {
		code, side, original = "S30", "D", o.original
	}
	traceTime := o.movedAt.In(clock.Shanghai).Format("0102150405")
	return fmt.Sprintf("%-3s %-11s %-11s %6s %10s %-19s %012d %4s %2s %-21s %2s %-32s %2s %6s %10s "+
		"%s%012d %s%012d %4s %-15s %2s %2s %6s %2s %4s %-32s %1s %-21s %-15s %1s %-15s %-32s %-13s "+
		"%s%012d %-8s %-32s %-13s %-13s %-12s %-2s %1s %-32s %-98s\r\n",
		code, "00010000", "00049992", o.trace, traceTime, card(o.payer), o.fen, "7523", "08", o.query, "", o.number, "01",
		original.trace, "", "C", 0, side, o.fen, "0001", "", o.kind, o.said["txnSubType"], o.said["bizType"], "01", "", "", "0",
		original.query, o.said["merId"], "", "", "", "", side, o.fen, "00000001", "", "", "", "", "", "", original.number, "")
}

// Pack packs files as a file transfer does: a ZIP archive, deflated and in Base64.
func Pack(files map[string]string) (string, error) {
	var archive bytes.Buffer
	zipped := zip.NewWriter(&archive)
	for name, content := range files {
		w, err := zipped.Create(name)
		if err != nil {
			return "", fmt.Errorf("sandbox: pack: %w", err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			return "", fmt.Errorf("sandbox: pack: %w", err)
		}
	}
	if err := zipped.Close(); err != nil {
		return "", fmt.Errorf("sandbox: pack: %w", err)
	}
	return Deflate(archive.Bytes())
}

// Deflate is the last step of Pack.
func Deflate(raw []byte) (string, error) {
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	if _, err := w.Write(raw); err != nil {
		return "", fmt.Errorf("sandbox: deflate: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("sandbox: deflate: %w", err)
	}
	return base64.StdEncoding.EncodeToString(deflated.Bytes()), nil
}
