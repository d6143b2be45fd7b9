package server

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"

	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/notice"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
)

// oneClickChannel asks for a token of a sign-in at one click.
const oneClickChannel = "ONE_CLICK"

// development are routes that production does not have: what a stand-in would give a person.
func (h *House) development() map[string]http.Handler {
	routes := map[string]http.Handler{
		"GET /dev/channel": http.HandlerFunc(h.devChannel),
		"POST /dev/follow": http.HandlerFunc(h.devFollow),
		"POST /dev/accept": http.HandlerFunc(h.devAccept),
		"GET /dev/carried": http.HandlerFunc(h.devCarried),
	}
	if h.Partners.Sandbox != nil {
		routes["GET /dev/sms"] = http.HandlerFunc(h.devSMS)
	}
	return routes
}

// devSMS answers the code that the stand-in for SMS took last for a mobile, and the text it came in.
func (h *House) devSMS(w http.ResponseWriter, r *http.Request) {
	mobile, err := cnid.ParseMobile(r.URL.Query().Get("mobile"))
	if err != nil {
		http.Error(w, `{"error":"INVALID_MOBILE"}`, http.StatusBadRequest)
		return
	}
	code, ok := h.Partners.Sandbox.Code(mobile)
	if !ok {
		http.Error(w, `{"error":"NO_CODE"}`, http.StatusNotFound)
		return
	}
	text, _ := h.Partners.Sandbox.Text(mobile)
	h.devAnswer(w, map[string]string{"code": code, "text": text})
}

// devChannel answers what proves ?person= (and ?mobile=) on ?channel=, or ?mobile= on ONE_CLICK.
func (h *House) devChannel(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var mobile cnid.Mobile
	var err error
	if q.Has("mobile") || q.Get("channel") == oneClickChannel {
		if mobile, err = cnid.ParseMobile(q.Get("mobile")); err != nil {
			http.Error(w, `{"error":"INVALID_MOBILE"}`, http.StatusBadRequest)
			return
		}
	}
	var proof Proof
	if q.Get("channel") == oneClickChannel {
		proof, err = h.Partners.ProveNumber(mobile)
	} else {
		proof, err = h.Partners.Prove(linkedaccount.Channel(q.Get("channel")), q.Get("person"), mobile)
	}
	if err != nil {
		devRefuse(w, err)
		return
	}
	h.devAnswer(w, proof)
}

// devFollow has the stand-in for ?channel= tell us, at the address at which we are asked, that ?person=
// follows (?following=true) or has left, and answers the status with which we took it.
func (h *House) devFollow(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	following, err := strconv.ParseBool(q.Get("following"))
	here, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if err != nil || !ok {
		http.Error(w, `{"error":"BAD_USER_INPUT"}`, http.StatusBadRequest)
		return
	}
	status, err := h.Partners.Follow(r.Context(), follower.Channel(q.Get("channel")), q.Get("person"), following, "http://"+here.String())
	if err != nil {
		devRefuse(w, err)
		return
	}
	h.devAnswer(w, map[string]int{"status": status})
}

// devAccept has ?person= allow one message more about ?kind= of notices in the mini-program of ?channel=.
func (h *House) devAccept(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if err := h.Partners.Accept(linkedaccount.Channel(q.Get("channel")), q.Get("person"), notice.Kind(q.Get("kind"))); err != nil {
		devRefuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// devCarried answers what the stand-ins were given to carry to people, by partner.
func (h *House) devCarried(w http.ResponseWriter, _ *http.Request) {
	h.devAnswer(w, h.Partners.Carried())
}

func devRefuse(w http.ResponseWriter, err error) {
	if errors.Is(err, fault.NotFound) {
		http.Error(w, `{"error":"NO_STAND_IN"}`, http.StatusNotFound)
		return
	}
	http.Error(w, `{"error":"INTERNAL"}`, http.StatusInternalServerError)
}

func (h *House) devAnswer(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(content); err != nil {
		h.Log.Debug("the client did not take the answer", "error", err)
	}
}
