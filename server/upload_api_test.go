package server_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"sync"
	"testing"

	"parkbff/ent/vehiclebinding"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/server/servertest"
)

// pictureOf is a PNG that says it has so many pixels.
func pictureOf(t *testing.T, width, height uint32) []byte {
	t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	raw := picture.Bytes()
	const head = 8 + 4 // signature, and the length of the first chunk
	binary.BigEndian.PutUint32(raw[head+4:], width)
	binary.BigEndian.PutUint32(raw[head+8:], height)
	binary.BigEndian.PutUint32(raw[head+17:], crc32.ChecksumIEEE(raw[head:head+17]))
	return raw
}

func photo(t *testing.T) []byte {
	t.Helper()
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		t.Fatal(err)
	}
	return picture.Bytes()
}

// sendsLicence uploads a driving licence under a file name and a declared type, with a good identity card.
func sendsLicence(t *testing.T, c *servertest.Client, car, fileName, mediaType string, licence []byte) *servertest.Answer {
	t.Helper()
	operations, err := json.Marshal(servertest.Vars{"query": verifyWithFields, "variables": verifying(car)})
	if err != nil {
		t.Fatal(err)
	}
	return c.SendsForm(
		servertest.FormPart{Name: "operations", Content: operations},
		servertest.FormPart{Name: "map", Content: []byte(`{"l":["variables.in.drivingLicence"],"c":["variables.in.idCard"]}`)},
		servertest.FormPart{Name: "l", FileName: fileName, MediaType: mediaType, Content: licence},
		servertest.FormPart{Name: "c", FileName: "card", Content: servertest.PapersFor("粤B12345").Files()["in.idCard"]},
	)
}

const verifyWithFields = `mutation($in: VerifyVehicleInput!) {
	verifyVehicle(input: $in) { vehicle { verified } userErrors { code field } }
}`

func TestADocumentsPictureIsCheckedBeforeAnybodyReadsIt(t *testing.T) {
	testkit.Covers(t, "R063")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		licence := servertest.PapersFor("粤B12345").Files()["in.drivingLicence"]
		for name, test := range map[string]struct {
			declared string
			content  []byte
			code     string
		}{
			"empty":                    {"image/png", nil, "DOCUMENT_EMPTY"},
			"too large":                {"", bytes.Repeat([]byte(" "), 5<<20+1), "DOCUMENT_TOO_LARGE"},
			"too wide":                 {"image/png", pictureOf(t, 10_001, 1), "DOCUMENT_TOO_LARGE"},
			"too high":                 {"image/png", pictureOf(t, 1, 10_001), "DOCUMENT_TOO_LARGE"},
			"too many pixels":          {"image/png", pictureOf(t, 10_000, 5_001), "DOCUMENT_TOO_LARGE"},
			"a PNG called a JPEG":      {"image/jpeg", pictureOf(t, 1, 1), "DOCUMENT_TYPE_REFUSED"},
			"a JPEG called a PNG":      {"image/png", photo(t), "DOCUMENT_TYPE_REFUSED"},
			"a file called a picture":  {"image/jpeg", licence, "DOCUMENT_TYPE_REFUSED"},
			"a picture called a file":  {"application/json", photo(t), "DOCUMENT_TYPE_REFUSED"},
			"no type at all":           {"image", photo(t), "DOCUMENT_TYPE_REFUSED"},
			"a GIF":                    {"image/gif", []byte("GIF89a\x01\x00\x01\x00"), "DOCUMENT_TYPE_REFUSED"},
			"a WebP":                   {"image/webp", []byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "DOCUMENT_TYPE_REFUSED"},
			"a page":                   {"", []byte("<html><script>alert(1)</script>"), "DOCUMENT_TYPE_REFUSED"},
			"a PDF":                    {"", []byte("%PDF-1.7"), "DOCUMENT_TYPE_REFUSED"},
			"words":                    {"", []byte("行驶证"), "DOCUMENT_TYPE_REFUSED"},
			"a picture without a size": {"image/png", pictureOf(t, 0, 1), "DOCUMENT_TYPE_REFUSED"},
			"half a picture":           {"image/jpeg", photo(t)[:20], "DOCUMENT_TYPE_REFUSED"},
		} {
			t.Run(name, func(t *testing.T) {
				sendsLicence(t, driver, car, "licence", test.declared, test.content).MustBeRefused(test.code).
					MustContain(`"vehicle":null`, `"field":"drivingLicence"`)
			})
		}
		driver.Asks(vehicles).OK().MustContain(`"result":"NONE"`)
		for declared, picture := range map[string][]byte{
			"image/png": pictureOf(t, 10_000, 5_000), "image/jpeg": photo(t), "image/jpg": photo(t), "application/octet-stream": photo(t),
		} {
			sendsLicence(t, driver, car, "licence", declared, picture).MustBeRefused("VERIFICATION_REFUSED") // read, and nothing found
		}
		driver.Asks(vehicles).OK().MustContain(`"reason":"DOCUMENT_UNREADABLE"`)
		// All that was refused before cost no try: this is the fifth.
		sendsLicence(t, driver, car, "licence", "application/json; charset=utf-8", licence).OK().MustContain(`"verified":true`)
	})
}

func TestAPictureIsTakenForOnePurposeOnly(t *testing.T) {
	testkit.Covers(t, "R066")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		sends := func(purpose string) *servertest.Answer {
			in := verifying(car)
			in["in"].(servertest.Vars)["purpose"] = purpose
			return driver.Uploads(servertest.VerifyVehicle, in, servertest.PapersFor("粤B12345").Files())
		}
		for _, purpose := range []string{"PAY", "ACTIVITY", "FEEDBACK", "SHARE"} {
			sends(purpose).MustBeRefused("BAD_USER_INPUT").MustContain(`"field":"purpose"`).MustNotContain(`"verified":true`)
		}
		sends("SURVEILLANCE").MustBeRefused("GRAPHQL_VALIDATION_FAILED")
		driver.Asks(vehicles).OK().MustContain(`"result":"NONE"`)
		sends("VERIFY_PLATE").OK().MustContain(`"verified":true`)
	})
}

func TestAFormThatIsNoUploadIsRefusedAndItsNamesAreNowhere(t *testing.T) {
	testkit.Covers(t, "R063", "R071")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const secret = "张三的行驶证"
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		operations, err := json.Marshal(servertest.Vars{"query": verifyWithFields, "variables": verifying(car)})
		if err != nil {
			t.Fatal(err)
		}
		part := func(name string, content []byte) servertest.FormPart {
			return servertest.FormPart{Name: name, FileName: "../../" + secret + ".json", Content: content}
		}
		first, oneMap := part("operations", operations), part("map", []byte(`{"l":["variables.in.drivingLicence"]}`))
		for name, parts := range map[string][]servertest.FormPart{
			"no map":              {first},
			"no file":             {first, oneMap},
			"another file":        {first, oneMap, part(secret, []byte("{}"))},
			"three files":         {first, part("map", []byte(`{"a":["variables.in.idCard"],"b":["variables.in.idCard"],"c":["variables.in.idCard"]}`))},
			"for no variable":     {first, part("map", []byte(`{"l":["variables.in.`+secret+`"]}`)), part("l", []byte("{}"))},
			"no operation":        {part("operations", []byte(`{"query":"`+secret)), oneMap},
			"one file and a hole": {first, oneMap, part("l", []byte("{}"))},
		} {
			t.Run(name, func(t *testing.T) {
				got := driver.SendsForm(parts...).MustNotContain(secret, "..", `"verified"`)
				if len(got.Codes()) == 0 {
					t.Errorf("taken: %s", got.Text)
				}
			})
		}
		// A name that climbs out of folders is no name of anything here.
		sendsLicence(t, driver, car, "../../"+secret+".json", "", servertest.PapersFor("粤B12345").Files()["in.drivingLicence"]).
			OK().MustContain(`"verified":true`).MustNotContain(secret)
		mustNotBeKept(t, h, secret)
		if strings.Contains(h.Logged(), "..") {
			t.Error("a file's name is logged")
		}
	})
}

func TestWhatDocumentsSayIsNowhereWhateverBecomesOfThem(t *testing.T) {
	testkit.Covers(t, "R071", "R072")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		var bus heardOnBus
		stop, err := h.Bus.Subscribe(">", bus.hear)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		good := servertest.PapersFor("粤B12345")
		other, child, broken := good, good, good
		other.Plate, other.VIN, other.EngineNumber, other.Owner = "粤B54321", "1M8GDM9AXKP042788", "EN9876543", "慕容甲乙"
		other.BrandModel, other.IDNumber = "比亚迪牌BYD7150", "440308199001011239"
		child.IDNumber, broken.IDNumber = "110105201501010017", "11010519491231"
		var secrets []string
		for _, p := range []servertest.Papers{good, other, child, broken} {
			secrets = append(secrets, p.VIN, p.EngineNumber, p.Owner, p.BrandModel, p.IDNumber)
		}

		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		answers := []*servertest.Answer{
			driver.Shows(car, other).MustBeRefused("VERIFICATION_REFUSED"),
			driver.Shows(car, child).MustBeRefused("VERIFICATION_REFUSED"),
			driver.Shows(car, broken).MustBeRefused("VERIFICATION_REFUSED"),
			sendsLicence(t, driver, car, good.Owner+".png", "image/png", good.Files()["in.drivingLicence"]).MustBeRefused("DOCUMENT_TYPE_REFUSED"),
			driver.Shows(h.ID("Vehicle", 1<<40), other).MustBeRefused("NOT_FOUND"),
			h.Anonymous().Shows(car, other).MustBeRefused("UNAUTHENTICATED"),
			driver.Shows(car, good).OK(),
			driver.Shows(car, other).OK(), // verified already: nothing is read
			driver.Asks(vehicles).OK(),
		}
		for _, a := range answers {
			a.MustNotContain(secrets...)
		}
		mustNotBeKept(t, h, secrets...)
		if heard := bus.all(); heard == "" {
			t.Error("the bus was not heard")
		} else {
			for i, secret := range secrets {
				if strings.Contains(heard, secret) {
					t.Errorf("secret %d is on the bus", i)
				}
			}
		}

		ctx := h.AsSystem()
		kept := h.Store.Fresh(ctx).VehicleBinding.Query().OnlyX(ctx)
		if kept.Verification != vehiclebinding.VerificationPASSED || *kept.VerificationMethod != vehiclebinding.VerificationMethodDOCUMENTS ||
			kept.CheckedAt == nil || kept.VerificationReason != "" {
			t.Errorf("kept of the verification: %v", kept)
		}
		if person := h.Store.Fresh(ctx).Account.Query().OnlyX(ctx); len(person.PersonIndex) != vault.IndexSize || !*person.Adult {
			t.Errorf("kept of the person: %v", person)
		}
	})
}

// heardOnBus is all that was said on the bus.
type heardOnBus struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *heardOnBus) hear(subject string, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.WriteString(subject + " " + string(payload) + "\n")
}

func (b *heardOnBus) all() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
