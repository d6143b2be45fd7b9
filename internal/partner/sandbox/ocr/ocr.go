// Package ocr stands in for Tencent Cloud OCR: it speaks the wire protocol of VehicleLicenseOCR, IDCardOCR,
// BizLicenseOCR and PropOwnerCertOCR and checks signatures like the original. Its "document image" is a JSON file, one of
//
//	{"plate":…,"vin":…,"engineNumber":…,"owner":…,"brandModel":…}
//	{"name":…,"idNumber":…}
//	{"name":…,"creditCode":…,"person":…}
//	{"owner":…,"location":…}
//
// and anything else is answered as an image that cannot be read. It keeps nothing.
package ocr

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"parkbff/internal/clock"
	"parkbff/internal/partner/ocr/tc3"
)

const (
	maxImage = 7 << 20 // in Base64
	maxBody  = maxImage + 4<<10
)

// MediaType of a document that only the stand-in reads.
const MediaType = "application/json"

// Sandbox is an http.Handler.
type Sandbox struct {
	credentials tc3.Credentials
	clock       clock.Clock
	requests    atomic.Int64
}

// New answers a stand-in that knows one API key.
func New(credentials tc3.Credentials, clock clock.Clock) *Sandbox {
	return &Sandbox{credentials: credentials, clock: clock}
}

// failure is an error by the service's own code.
type failure string

const (
	tooLarge    failure = "LimitExceeded.TooLargeFileError"
	undecodable failure = "FailedOperation.ImageDecodeFailed"
	unrecognise failure = "FailedOperation.OcrFailed"
	noIDCard    failure = "FailedOperation.ImageNoIdCard"
	noAction    failure = "InvalidAction"
	noVersion   failure = "NoSuchVersion"
	badRequest  failure = "InvalidParameter"
)

func (f failure) Error() string { return string(f) }

// ServeHTTP answers one call. Like the original it answers faults with status 200.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, err := s.handle(w, r)
	if err != nil {
		reply = map[string]any{"Error": map[string]string{"Code": err.Error(), "Message": err.Error()}}
	}
	reply["RequestId"] = fmt.Sprintf("sandbox-%08d", s.requests.Add(1))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"Response": reply})
}

func (s *Sandbox) handle(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, tooLarge
	}
	if err := tc3.Verify(r, body, s.credentials, "ocr", s.clock.Now()); err != nil {
		return nil, err
	}
	if r.Header.Get("X-TC-Version") != "2018-11-19" {
		return nil, noVersion
	}
	var request struct{ ImageBase64, CardSide string }
	action := r.Header.Get("X-TC-Action")
	if err := json.Unmarshal(body, &request); err != nil || request.CardSide != side(action) {
		return nil, badRequest
	}
	if len(request.ImageBase64) > maxImage {
		return nil, tooLarge
	}
	image, err := base64.StdEncoding.DecodeString(request.ImageBase64)
	if err != nil || len(image) == 0 {
		return nil, undecodable
	}
	switch action {
	case "VehicleLicenseOCR":
		return vehicleLicence(image)
	case "IDCardOCR":
		return idCard(image)
	case "BizLicenseOCR":
		return businessLicence(image)
	case "PropOwnerCertOCR":
		return propertyCertificate(image)
	}
	return nil, noAction
}

// side is what must be said of the page that is shown: some documents have but one.
func side(action string) string {
	if action == "BizLicenseOCR" || action == "PropOwnerCertOCR" {
		return ""
	}
	return "FRONT"
}

func vehicleLicence(image []byte) (map[string]any, error) {
	var page struct{ Plate, VIN, EngineNumber, Owner, BrandModel string }
	if err := read(image, &page); err != nil || page.Plate == "" {
		return nil, unrecognise
	}
	return map[string]any{
		"FrontInfo": map[string]string{
			"PlateNo": page.Plate, "Vin": page.VIN, "EngineNo": page.EngineNumber, "Owner": page.Owner, "Model": page.BrandModel,
		},
		"BackInfo": nil, "RecognizeWarnCode": []int{}, "RecognizeWarnMsg": []string{},
	}, nil
}

func idCard(image []byte) (map[string]any, error) {
	var card struct{ Name, IDNumber string }
	if err := read(image, &card); err != nil || card.IDNumber == "" {
		return nil, noIDCard
	}
	return map[string]any{"Name": card.Name, "IdNum": card.IDNumber, "AdvancedInfo": `{"WarnInfos":[]}`}, nil
}

func businessLicence(image []byte) (map[string]any, error) {
	var page struct{ Name, CreditCode, Person string }
	if err := read(image, &page); err != nil || page.CreditCode == "" {
		return nil, unrecognise
	}
	return map[string]any{"RegNum": page.CreditCode, "Name": page.Name, "Person": page.Person, "RecognizeWarnCode": []int{}}, nil
}

func propertyCertificate(image []byte) (map[string]any, error) {
	var page struct{ Owner, Location string }
	if err := read(image, &page); err != nil || page.Owner == "" {
		return nil, unrecognise
	}
	return map[string]any{
		"Owner": page.Owner, "Possession": "单独所有", "RegisterTime": "2015-02-22", "Purpose": "车位", "Nature": "商品房",
		"Location": page.Location,
	}, nil
}

// read takes one JSON object with the members of page and no others.
func read(image []byte, page any) error {
	d := json.NewDecoder(bytes.NewReader(image))
	d.DisallowUnknownFields()
	if err := d.Decode(page); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return undecodable
	}
	return nil
}
