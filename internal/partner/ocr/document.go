package ocr

import (
	"fmt"
	"io"
)

// DrivingLicence is what the main page of a vehicle licence (行驶证) says, as read; nothing is normalised
// or checked. It is used once and never kept (requirement R071): it prints and encodes as "document".
type DrivingLicence struct {
	Plate        string
	VIN          string
	EngineNumber string
	Owner        string
	BrandModel   string
}

// IDCard is what the front of a resident id card (身份证) says, as read. It is used once and never kept.
type IDCard struct {
	Name     string
	IDNumber string
}

// BusinessLicence is what a business licence (营业执照) says, as read. It is used once and never kept.
type BusinessLicence struct {
	Name                string
	CreditCode          string // unified social credit code (GB 32100), or the registration number before 2015
	LegalRepresentative string
}

// PropertyCertificate is what a certificate of ownership (产权证) says, as read.
type PropertyCertificate struct {
	Owner    string
	Location string // of the property
}

const document = "document"

// Format prints "document" whatever the verb.
func (DrivingLicence) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, document) }

// MarshalText answers "document".
func (DrivingLicence) MarshalText() ([]byte, error) { return []byte(document), nil }

// Format prints "document" whatever the verb.
func (IDCard) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, document) }

// MarshalText answers "document".
func (IDCard) MarshalText() ([]byte, error) { return []byte(document), nil }

// Format prints "document" whatever the verb.
func (BusinessLicence) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, document) }

// MarshalText answers "document".
func (BusinessLicence) MarshalText() ([]byte, error) { return []byte(document), nil }

// Format prints "document" whatever the verb.
func (PropertyCertificate) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, document) }

// MarshalText answers "document".
func (PropertyCertificate) MarshalText() ([]byte, error) { return []byte(document), nil }
