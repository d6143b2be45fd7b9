package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"strconv"
)

// upload is a file that takes the place of a variable.
type upload struct {
	variable string
	content  []byte
}

// multipartOf writes an operation with files as the GraphQL multipart request specification has it
// (https://github.com/jaydenseric/graphql-multipart-request-spec): operations, map, then the files.
func multipartOf(r request, files ...upload) (contentType string, body []byte, err error) {
	places := map[string][]string{}
	for i, file := range files {
		r.Variables[file.variable] = nil
		places[strconv.Itoa(i)] = []string{"variables." + file.variable}
	}
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	if err := writeJSON(form, "operations", r); err != nil {
		return "", nil, err
	}
	if err := writeJSON(form, "map", places); err != nil {
		return "", nil, err
	}
	for i, file := range files {
		part, err := form.CreateFormFile(strconv.Itoa(i), file.variable+".json")
		if err != nil {
			return "", nil, fmt.Errorf("write file: %w", err)
		}
		if _, err := part.Write(file.content); err != nil {
			return "", nil, fmt.Errorf("write file: %w", err)
		}
	}
	if err := form.Close(); err != nil {
		return "", nil, fmt.Errorf("write form: %w", err)
	}
	return form.FormDataContentType(), buffer.Bytes(), nil
}

func writeJSON(form *multipart.Writer, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if err := form.WriteField(name, string(text)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
