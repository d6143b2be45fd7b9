package engine

import (
	"errors"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// Text is err as a log may hold it. Errors of this house hold no personal value; those of the database
// and of number parsing quote what they were given, so these parts are replaced.
func Text(err error) string {
	text := err.Error()
	if refused := (*pq.Error)(nil); errors.As(err, &refused) {
		text = strings.ReplaceAll(text, refused.Error(), postgres(refused))
	}
	if number := (*strconv.NumError)(nil); errors.As(err, &number) {
		text = strings.ReplaceAll(text, number.Error(), "strconv."+number.Func+": "+number.Err.Error())
	}
	return text
}

// postgres names the error without its message, which quotes input, and without Detail, which quotes
// rows (https://www.postgresql.org/docs/current/protocol-error-fields.html).
func postgres(refused *pq.Error) string {
	text := "pq: " + refused.Code.Name() + " (" + string(refused.Code) + ")"
	for _, part := range []struct{ label, name string }{
		{"table", refused.Table}, {"column", refused.Column}, {"constraint", refused.Constraint},
	} {
		if part.name != "" {
			text += " " + part.label + " " + part.name
		}
	}
	return text
}
