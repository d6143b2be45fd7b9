package jpush

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Limits of one push, in bytes.
const (
	maxAndroid = 4000
	maxIOS     = 2000
)

const longest = 10 * 24 * 3600 // seconds

// check answers what the phone would show, or the code and the words of the refusal.
func (a asked) check() (Message, int, string) {
	if len(a.Platform) == 0 || len(a.Audience.Phones) == 0 {
		return Message{}, 1002, "Missing parameter"
	}
	if len(a.Audience.Phones) > maxPhones || slices.ContainsFunc(a.Audience.Phones, func(to string) bool { return !phone.MatchString(to) }) {
		return Message{}, 1003, "Invalid registration_id in audience: " + strings.Join(a.Audience.Phones, ",")
	}
	if len(a.Notification.Android) > maxAndroid || len(a.Notification.IOS) > maxIOS {
		return Message{}, 1005, "Message too long"
	}
	if a.Options.Lasting < 0 || a.Options.Lasting > longest {
		return Message{}, 1003, "Invalid time_to_live"
	}
	var android struct {
		Alert, Title string
		Extras       map[string]string
	}
	if err := json.Unmarshal(a.Notification.Android, &android); err != nil || android.Alert == "" {
		return Message{}, 1003, "Invalid notification alert"
	}
	var ios struct {
		Alert struct{ Title, Body string }
		Badge string
	}
	if err := json.Unmarshal(a.Notification.IOS, &ios); err != nil || ios.Alert.Body != android.Alert || ios.Alert.Title != android.Title {
		return Message{}, 1003, "Invalid ios alert"
	}
	return Message{
		Key: a.Key, Title: android.Title, Body: android.Alert, Extras: android.Extras, Lasting: a.Options.Lasting,
		Makers: slices.Sorted(maps.Keys(a.Options.Makers)),
	}, 0, ""
}

// limit refuses for too many calls.
func limit(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Rate-Limit-Limit", "600")
	w.Header().Set("X-Rate-Limit-Remaining", "0")
	w.Header().Set("X-Rate-Limit-Reset", strconv.Itoa(30))
	refuse(w, http.StatusTooManyRequests, 2002, "Rate limit exceeded")
}

func answer(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content)
}

func refuse(w http.ResponseWriter, status, code int, said string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": said}})
}
