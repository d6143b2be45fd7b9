package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"mime/multipart"
	"strconv"
)

// File takes the place of a variable.
type File struct {
	Variable string
	Content  []byte
}

// Upload sends an operation with files
// (https://github.com/jaydenseric/graphql-multipart-request-spec).
func (c Client) Upload(ctx context.Context, query string, variables map[string]any, files ...File) (Answer, error) {
	variables, places := maps.Clone(variables), map[string][]string{}
	for i, file := range files {
		variables[file.Variable] = nil
		places[strconv.Itoa(i)] = []string{"variables." + file.Variable}
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	err := errors.Join(writeJSON(form, "operations", operation{query, variables}), writeJSON(form, "map", places))
	for i, file := range files {
		part, failed := form.CreateFormFile(strconv.Itoa(i), file.Variable+".json")
		if failed == nil {
			_, failed = part.Write(file.Content)
		}
		err = errors.Join(err, failed)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		return Answer{}, err
	}
	return c.Post(ctx, form.FormDataContentType(), body.Bytes())
}

func writeJSON(form *multipart.Writer, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return form.WriteField(name, string(text))
}
