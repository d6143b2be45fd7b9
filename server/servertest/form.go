package servertest

import (
	"bytes"
	"mime/multipart"
	"net/textproto"
)

// FormPart is one part of a multipart request. Without a file name it is a field, and without a media type
// it declares none.
type FormPart struct {
	Name, FileName, MediaType string
	Content                   []byte
}

// SendsForm sends parts as they are, for requests that no well-behaved client sends.
func (c *Client) SendsForm(parts ...FormPart) *Answer {
	c.House.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, p := range parts {
		disposition := `form-data; name="` + p.Name + `"`
		if p.FileName != "" {
			disposition += `; filename="` + p.FileName + `"`
		}
		header := textproto.MIMEHeader{"Content-Disposition": {disposition}}
		if p.MediaType != "" {
			header.Set("Content-Type", p.MediaType)
		}
		part, err := form.CreatePart(header)
		if err == nil {
			_, err = part.Write(p.Content)
		}
		if err != nil {
			c.House.T.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		c.House.T.Fatal(err)
	}
	return c.send(form.FormDataContentType(), &body)
}
