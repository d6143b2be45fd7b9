package servertest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Refused is how Shown writes that a value was refused with a code.
func Refused(code string) string { return "!" + code }

// Shown answers the data as the viewer sees it, with the code of every error ("!NOT_FOUND") in the place
// that the error names. An answer without data is the code alone.
func (a *Answer) Shown() any {
	a.t.Helper()
	var whole struct {
		Data   any
		Errors []struct {
			Path       []any
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(a.Text), &whole); err != nil {
		a.t.Fatalf("no JSON: %s", a.Text)
	}
	shown := whole.Data
	for _, e := range whole.Errors {
		shown = refuse(shown, e.Path, Refused(e.Extensions.Code))
	}
	return shown
}

// refuse puts a code where a path leads, or where the null stands that swallowed the rest of the path.
func refuse(value any, path []any, code string) any {
	if value == nil || len(path) == 0 {
		return code
	}
	switch v := value.(type) {
	case map[string]any:
		if key, ok := path[0].(string); ok {
			v[key] = refuse(v[key], path[1:], code)
		}
	case []any:
		if i, ok := path[0].(float64); ok && int(i) < len(v) {
			v[int(i)] = refuse(v[int(i)], path[1:], code)
		}
	}
	return value
}

// Part answers the value at a path of what was Shown; a refusal or a null on the way stands for the rest.
func Part(shown any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch v := shown.(type) {
		case map[string]any:
			shown = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				return nil
			}
			shown = v[i]
		default:
			return shown
		}
	}
	return shown
}

// Nodes answers the nodes of the connection at a path of what was Shown; a refusal or a null instead of
// the connection is answered as it is.
func Nodes(shown any, path string) any {
	connection := Part(shown, path)
	edges, ok := Part(connection, "edges").([]any)
	if !ok {
		return connection
	}
	nodes := make([]any, len(edges))
	for i, edge := range edges {
		nodes[i] = Part(edge, "node")
	}
	return nodes
}
