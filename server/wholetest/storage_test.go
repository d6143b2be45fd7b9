package wholetest

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"

	"parkbff/internal/testkit"
	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

// planted are persons whose values can be searched for. None of them exists; the numbers have the form and
// the check digits that the rules ask for.
var (
	plantedOwner = rig.Person{
		Mobile: "13966660001", Channel: "APP", Plate: "浙B3XK91",
		VIN: "1M8GDM9AXKP042788", EngineNumber: "ENG7731902Q", Name: "慕容测试甲", Model: "测试牌QX7731", IDNumber: "11010519491231002X",
	}
	plantedFollower = rig.Person{Mobile: "13966660002", Channel: "APP", Plate: "浙B8TR47"}
	plantedStranger = "浙B5WN63"
)

func TestNothingPersonalLiesOpenInTheStoreOrTheLog(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R071", "R091", "R118")
	eachStoreOnABus(t, func(t *testing.T, h *house) {
		tokens := h.livesThroughAll()

		held := h.held()
		if !strings.Contains(held, "PARKBFF_WORK") {
			t.Error("not even the name of the stream of work was found: the scan saw none of it")
		}
		hides(t, "the store", held, secrets(tokens)...)
		h.logHides(secrets(tokens)...)
		if !strings.Contains(held, rig.LotName) {
			t.Error("not even the lot's name was found: the scan saw nothing")
		}
	})
}

// livesThroughAll lets every kind of personal value into the program, and answers the tokens it gave out.
func (h *house) livesThroughAll() []string {
	h.t.Helper()
	owner := h.owner(plantedOwner)
	follower, tokens := h.driver(plantedFollower)
	owner.asks(`mutation { registerPushEndpoint(input: {provider: JPUSH, platform: ANDROID, deviceToken: "`+plantedPhone+`"}) { userErrors { code } }
  setMessageChannels(input: {sms: true}) { userErrors { code } } }`, nil)
	gate := h.gate(rig.Lot)
	for i, plate := range []string{plantedOwner.Plate, plantedFollower.Plate, plantedStranger} {
		for _, direction := range []string{rig.Entry, rig.Exit} {
			gate.reports(rig.Seen(fmt.Sprintf("%d-%s", i, direction), rig.Lot, direction, plate, time.Now()))
		}
	}
	gate.reports(rig.Seen("waits", rig.Lot, rig.Exit, "浙B9QQ11", time.Now()))
	h.anybody().asks(`query($plate: Plate!) { quote(input: {plateAtLot: {plate: $plate, lotCode: "`+rig.Lot+`"}}) {
  ... on Payable { amount } } }`, map[string]string{"plate": plantedStranger})
	h.hasTold(owner)
	history := `{ viewer { account { mobile } vehicles { plate } sessions(first: 10) { edges { node { plate lotName } } } notices(first: 10) { edges { node { plate } } } } }`
	holds(h.t, "the owner's history", owner.asks(history, nil).Body, plantedOwner.Plate, rig.LotName)
	holds(h.t, "the follower's history", follower.asks(history, nil).Body, plantedFollower.Plate)
	return []string{tokens.AccessToken, tokens.RefreshToken, owner.Token, gate.Token}
}

// hasTold waits until news has left for somebody's phone.
func (h *house) hasTold(owner asker) {
	h.t.Helper()
	const told = `{ viewer { account { deliveries(first: 10) { edges { node { channel state reason } } } } } }`
	eventually(h.t, 30*time.Second, "what has left is on record", func() bool {
		return strings.Contains(string(owner.asks(told, nil).Body), `"JPUSH","state":"SENT"`)
	})
}

// eachStoreOnABus is eachStore with a cluster of the bus of its own, which keeps its streams in the server's folder.
func eachStoreOnABus(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			h := &rig.House{Program: program, Data: t.TempDir()}
			if engine == "postgres" {
				h.Database = pgtest.URL(t)
			}
			bus := must(rig.StartBus(t.Context(), filepath.Join(h.Data, "bus"), busRoom))(t)
			t.Cleanup(func() { check(t, bus.KillAll()) })
			h.Extra = append(h.Extra, "PARKBFF_NATS_URL="+bus.URL())
			test(t, start(t, h, sampleLots(t)))
		})
	}
}

// busRoom is more than the stream of work may take.
const busRoom = 1 << 30

// plantedPhone is what JPush would call a phone.
const plantedPhone = "1104planted6ea7e1phone"

// secrets are everything that may not be found, in the ways in which values are written.
func secrets(tokens []string) []string {
	var all []string
	for _, p := range []rig.Person{plantedOwner, plantedFollower} {
		all = append(all, p.Mobile, "+86"+p.Mobile, p.Plate, strings.TrimPrefix(p.Plate, "浙"))
	}
	all = append(all, plantedPhone, plantedStranger, "B5WN63", "B9QQ11",
		plantedOwner.VIN, plantedOwner.EngineNumber, plantedOwner.Name, plantedOwner.Model, plantedOwner.IDNumber)
	for _, plain := range all {
		all = append(all, hex.EncodeToString([]byte(plain)), base64.RawStdEncoding.EncodeToString([]byte(plain)))
	}
	return append(all, tokens...)
}

// held is all that the server has put down: the files of its folder, and the rows of its database.
func (h *house) held() string {
	h.t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(h.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		all.WriteString(path + "\n")
		all.Write(content)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if h.Database != "" {
		h.dump(&all)
	}
	return all.String()
}

// dump writes every row of every table of the PostgreSQL database as text. Binary columns are written as
// they are, beside their usual form in hexadecimal.
func (h *house) dump(into *bytes.Buffer) {
	h.t.Helper()
	db := must(sql.Open("postgres", h.Database))(h.t)
	defer func() { _ = db.Close() }()
	for _, table := range texts(h.t, db, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`) {
		quoted := pq.QuoteIdentifier(table)
		for _, row := range texts(h.t, db, `SELECT t::text FROM `+quoted+` t`) {
			into.WriteString(table + row + "\n")
		}
		columns := texts(h.t, db, `SELECT column_name::text FROM information_schema.columns
 WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name = `+pq.QuoteLiteral(table))
		for _, column := range columns {
			for _, value := range texts(h.t, db, `SELECT `+pq.QuoteIdentifier(column)+` FROM `+quoted+` WHERE `+pq.QuoteIdentifier(column)+` IS NOT NULL`) {
				into.WriteString(value + "\n")
			}
		}
	}
}

func texts(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows := must(db.QueryContext(t.Context(), query))(t)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
