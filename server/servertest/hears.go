package servertest

import "time"

// Hears answers the next frame of a subscription as the server sent it, such as "next" or "error" and its
// payload; two empty texts when nothing arrives for a while.
func (w *Watch) Hears(wait time.Duration) (kind, payload string) {
	w.house.T.Helper()
	f, err := w.read(wait)
	if err != nil {
		return "", ""
	}
	return f.Type, string(f.Payload)
}

// Leaves ends the connection.
func (w *Watch) Leaves() {
	w.house.T.Helper()
	if err := w.conn.Close(); err != nil {
		w.house.T.Fatal(err)
	}
}
