package edge

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// negotiate picks the media type of the answer by the Accept field (RFC 9110, section 12.5.1; GraphQL over
// HTTP, section "Body"), and tells whether the client takes it. Between equals whoever names the new type gets
// it; whoever takes anything gets plain JSON, which every client reads. A field that cannot be read is no field.
func negotiate(r *http.Request) (media string, ok bool) {
	ranges := rangesOf(r.Header["Accept"])
	if len(ranges) == 0 {
		return jsonMedia, true
	}
	young, named := quality(ranges, graphqlMedia)
	old, _ := quality(ranges, jsonMedia)
	if young > old || young == old && young > 0 && named {
		return graphqlMedia, true
	}
	return jsonMedia, old > 0
}

// mediaRange is one element of Accept.
type mediaRange struct {
	media   string // type/subtype, type/* or */*
	quality float64
}

func rangesOf(fields []string) (ranges []mediaRange) {
	for _, field := range fields {
		for element := range strings.SplitSeq(field, ",") {
			media, details, err := mime.ParseMediaType(element)
			switch {
			case err != nil:
				continue
			case !isUTF8(details["charset"]):
				media += ";charset" // which is none of ours
			}
			ranges = append(ranges, mediaRange{media, weight(details["q"])})
		}
	}
	return ranges
}

// weight reads a qvalue (RFC 9110, section 12.4.2). What is none counts as if it were not there.
func weight(text string) float64 {
	if q, err := strconv.ParseFloat(text, 64); err == nil && q >= 0 && q <= 1 {
		return q
	}
	return 1
}

// quality is that of the range which names the media type most closely.
func quality(ranges []mediaRange, media string) (q float64, named bool) {
	kind, _, _ := strings.Cut(media, "/")
	for _, name := range []string{media, kind + "/*", "*/*"} {
		for _, r := range ranges {
			if r.media == name {
				return r.quality, name == media
			}
		}
	}
	return 0, false
}

// isUTF8 tells whether a charset parameter names the only encoding there is, or none.
func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}
