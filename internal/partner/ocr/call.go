package ocr

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"parkbff/internal/fault"
	"parkbff/internal/partner/ocr/tc3"
)

const (
	service  = "ocr"
	version  = "2018-11-19"
	maxReply = 1 << 20
)

// request is the body of every interface; each knows some of the fields and refuses the others. The front
// is the page with the photo or the seal.
type request struct {
	ImageBase64    string `json:"ImageBase64"`
	CardSide       string `json:"CardSide,omitempty"`
	Config         string `json:"Config,omitempty"`
	EnableCopyWarn bool   `json:"EnableCopyWarn,omitempty"`
}

// call sends an image and reads the answer into reply, which is left alone on error.
func (c *Client) call(ctx context.Context, action string, image []byte, content request, reply any) error {
	if len(image) == 0 {
		return Unreadable
	}
	if len(image) > MaxImage {
		return TooLarge
	}
	content.ImageBase64 = base64.StdEncoding.EncodeToString(image)
	r, err := c.request(ctx, action, content)
	if err != nil {
		return err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return fault.Unavailable.Because(fmt.Errorf("ocr: send: %w", err))
	}
	defer func() { _ = response.Body.Close() }()
	var envelope struct {
		Response json.RawMessage `json:"Response"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&envelope); err != nil {
		return unavailable(fmt.Sprintf("status %d without a readable reply", response.StatusCode))
	}
	return open(envelope.Response, reply)
}

func (c *Client) request(ctx context.Context, action string, content request) (*http.Request, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("ocr: write request: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.BaseURL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ocr: build request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-TC-Action", action)
	r.Header.Set("X-TC-Version", version)
	if c.config.Region != "" {
		r.Header.Set("X-TC-Region", c.config.Region)
	}
	tc3.Sign(r, body, c.config.Credentials, service, c.clock.Now())
	return r, nil
}

// open reads the content of a reply: an error of the service, or what was recognised.
func open(content json.RawMessage, reply any) error {
	var failure struct {
		Error *struct {
			Code string `json:"Code"`
		} `json:"Error"`
		RequestID string `json:"RequestId"`
	}
	if err := json.Unmarshal(content, &failure); err != nil {
		return unavailable("its reply has no content")
	}
	if failure.Error != nil {
		return refusal(failure.Error.Code, failure.RequestID)
	}
	if err := json.Unmarshal(content, reply); err != nil {
		return unavailable("its reply has another form")
	}
	return nil
}

// refusal translates the service's code. Its message is dropped, because it may repeat the document.
// What is not about the image (keys, quota, arrears, the engine) is ours to mend, not the driver's.
func refusal(code, requestID string) error {
	cause := fmt.Errorf("ocr: refused with %q, request %q", code, requestID)
	switch code {
	case "FailedOperation.DetectFailed", "FailedOperation.EmptyImageError", "FailedOperation.IdCardInfoIllegal",
		"FailedOperation.ImageBlur", "FailedOperation.ImageDecodeFailed", "FailedOperation.ImageNoIdCard",
		"FailedOperation.ImageNoText", "FailedOperation.MultiCardError", "FailedOperation.OcrFailed",
		"InvalidParameter.EngineImageDecodeFailed":
		return Unreadable.Because(cause)
	case "FailedOperation.ImageSizeTooLarge", "LimitExceeded.TooLargeFileError":
		return TooLarge.Because(cause)
	}
	return fault.Unavailable.Because(cause)
}

// unavailable drops the decoder's error: decoders quote what they cannot read.
func unavailable(why string) error {
	return fault.Unavailable.Because(errors.New("ocr: " + why))
}
