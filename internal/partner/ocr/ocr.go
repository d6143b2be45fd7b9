// Package ocr reads the documents with which a driver proves that a vehicle is theirs, through Tencent
// Cloud OCR (2018-11-19: VehicleLicenseOCR, https://cloud.tencent.com/document/api/866/36209, IDCardOCR,
// https://cloud.tencent.com/document/api/866/33524, BizLicenseOCR,
// https://cloud.tencent.com/document/api/866/36215, and PropOwnerCertOCR). Neither images nor what they say are kept, and no
// error repeats them.
package ocr

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/partner/ocr/tc3"
)

// Endpoint of the real service.
const Endpoint = "https://ocr.tencentcloudapi.com"

// MaxImage is the largest image the service takes, in bytes: 7 MiB once it is Base64.
const MaxImage = 7 << 20 / 4 * 3

// timeout is generous, since images are large and recognition takes seconds.
const timeout = 20 * time.Second

// Faults of this package.
var (
	Unreadable  = fault.New("DOCUMENT_UNREADABLE", "The document could not be read. Take another photo, sharp and whole.")
	NotOriginal = fault.New("DOCUMENT_NOT_ORIGINAL", "The photo must show the original document, neither a copy, a screen nor an edited picture.")
	TooLarge    = fault.New("DOCUMENT_TOO_LARGE", "The photo is too large; it may have 5 MB.")
)

// Config says whom to ask and in whose name. Region, AlsoTakes and Transport are optional.
type Config struct {
	BaseURL     string   // Endpoint, or a stand-in's
	Region      string   // such as ap-guangzhou
	AlsoTakes   []string // media types that a stand-in reads beyond the service's own
	Credentials tc3.Credentials
	Transport   http.RoundTripper
}

// Client reads documents. It may be used by many goroutines at once.
type Client struct {
	config Config
	http   *http.Client
	clock  clock.Clock
}

// New answers a client. The error names the setting that is wrong.
func New(config Config, clock clock.Clock) (*Client, error) {
	if base, err := url.Parse(config.BaseURL); err != nil || base.Host == "" {
		return nil, errors.New("ocr: the base URL is not one")
	}
	if config.Credentials.ID == "" || config.Credentials.Secret == "" {
		return nil, errors.New("ocr: credentials are required")
	}
	return &Client{
		config: config,
		http: &http.Client{
			Transport: config.Transport,
			Timeout:   timeout,
			// A redirect would carry the document to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		clock: clock,
	}, nil
}

// Takes lists the media types of the images that can be read. The service says of all three interfaces:
// PNG, JPG and JPEG.
func (c *Client) Takes() []string {
	return append([]string{"image/jpeg", "image/png"}, c.config.AlsoTakes...)
}

// ReadDrivingLicence reads the main page of a vehicle licence from a PNG or JPEG image. Plate and VIN are
// there when it succeeds; the rest as far as it was legible.
//
// Errors: Unreadable, NotOriginal, TooLarge; fault.Unavailable when the service cannot answer.
func (c *Client) ReadDrivingLicence(ctx context.Context, image []byte) (DrivingLicence, error) {
	var reply struct {
		FrontInfo *struct {
			Plate        string `json:"PlateNo"`
			VIN          string `json:"Vin"`
			EngineNumber string `json:"EngineNo"`
			Owner        string `json:"Owner"`
			BrandModel   string `json:"Model"`
		} `json:"FrontInfo"`
		Warnings []int `json:"RecognizeWarnCode"`
	}
	if err := c.call(ctx, "VehicleLicenseOCR", image, request{CardSide: "FRONT"}, &reply); err != nil {
		return DrivingLicence{}, err
	}
	if has(reply.Warnings, notOriginal) {
		return DrivingLicence{}, NotOriginal
	}
	if reply.FrontInfo == nil || reply.FrontInfo.Plate == "" || reply.FrontInfo.VIN == "" {
		return DrivingLicence{}, Unreadable
	}
	return DrivingLicence(*reply.FrontInfo), nil
}

// idCardWarnings asks for the findings that notOriginal names; the service looks for none by itself.
const idCardWarnings = `{"CopyWarn":true,"ReshootWarn":true,"DetectPsWarn":true}`

// ReadIDCard reads the front of a resident id card from a PNG or JPEG image. Errors as ReadDrivingLicence.
func (c *Client) ReadIDCard(ctx context.Context, image []byte) (IDCard, error) {
	var reply struct {
		Name     string `json:"Name"`
		IDNumber string `json:"IdNum"`
		// Advanced is a JSON text within the JSON.
		Advanced string `json:"AdvancedInfo"`
	}
	if err := c.call(ctx, "IDCardOCR", image, request{CardSide: "FRONT", Config: idCardWarnings}, &reply); err != nil {
		return IDCard{}, err
	}
	var advanced struct {
		Warnings []int `json:"WarnInfos"`
	}
	if reply.Advanced != "" {
		if err := json.Unmarshal([]byte(reply.Advanced), &advanced); err != nil {
			return IDCard{}, unavailable("its findings are not JSON")
		}
	}
	if has(advanced.Warnings, notOriginal) {
		return IDCard{}, NotOriginal
	}
	if reply.Name == "" || reply.IDNumber == "" {
		return IDCard{}, Unreadable
	}
	return IDCard{Name: reply.Name, IDNumber: reply.IDNumber}, nil
}

// ReadBusinessLicence reads a business licence (营业执照) from a PNG or JPEG image. Name and number are there
// when it succeeds. Errors as ReadDrivingLicence.
func (c *Client) ReadBusinessLicence(ctx context.Context, image []byte) (BusinessLicence, error) {
	var reply struct {
		CreditCode          string `json:"RegNum"`
		Name                string `json:"Name"`
		LegalRepresentative string `json:"Person"`
		Warnings            []int  `json:"RecognizeWarnCode"`
	}
	if err := c.call(ctx, "BizLicenseOCR", image, request{EnableCopyWarn: true}, &reply); err != nil {
		return BusinessLicence{}, err
	}
	if has(reply.Warnings, notOriginalLicence) {
		return BusinessLicence{}, NotOriginal
	}
	if reply.Name == "" || reply.CreditCode == "" {
		return BusinessLicence{}, Unreadable
	}
	return BusinessLicence{Name: reply.Name, CreditCode: reply.CreditCode, LegalRepresentative: reply.LegalRepresentative}, nil
}

// ReadPropertyCertificate reads a certificate of ownership (产权证) from a PNG or JPEG image. Owner and location are there
// when it succeeds. The service looks for no copies among these. Errors as ReadDrivingLicence, but NotOriginal.
func (c *Client) ReadPropertyCertificate(ctx context.Context, image []byte) (PropertyCertificate, error) {
	var reply struct {
		Owner    string `json:"Owner"`
		Location string `json:"Location"`
	}
	if err := c.call(ctx, "PropOwnerCertOCR", image, request{}, &reply); err != nil {
		return PropertyCertificate{}, err
	}
	if reply.Owner == "" || reply.Location == "" {
		return PropertyCertificate{}, Unreadable
	}
	return PropertyCertificate(reply), nil
}

// Warning codes of a photocopy (-9102), a photo of a screen or print and an edited picture. The interfaces
// count differently: -9104 is such a photo of a business licence, and a temporary card among id cards.
var (
	notOriginal        = []int{-9102, -9103, -9106}
	notOriginalLicence = []int{-9102, -9104}
)

func has(warnings, of []int) bool {
	return slices.ContainsFunc(warnings, func(code int) bool { return slices.Contains(of, code) })
}
