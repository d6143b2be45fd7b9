package wholetest

import (
	"encoding/json"
	"slices"
	"testing"
)

// told is a notice as it came over a socket.
type told struct{ cursor, id string }

func (n *told) read(t *testing.T, message string) {
	t.Helper()
	var m struct {
		Payload struct {
			Data struct {
				NoticeReceived struct {
					Cursor string
					Notice struct{ ID string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(message), &m); err != nil || m.Payload.Data.NoticeReceived.Notice.ID == "" {
		t.Fatalf("no notice: %s (%v)", message, err)
	}
	n.cursor, n.id = m.Payload.Data.NoticeReceived.Cursor, m.Payload.Data.NoticeReceived.Notice.ID
}

// noticeList is the newest notices of a viewer, the newest first.
func (a asker) noticeList() (list []struct {
	Cursor string
	Node   struct{ ID string }
},
) {
	a.t.Helper()
	var data struct {
		Viewer struct {
			Notices struct {
				Edges []struct {
					Cursor string
					Node   struct{ ID string }
				}
			}
		}
	}
	if err := a.asks(`{ viewer { notices(first: 100) { edges { cursor node { id } } } } }`, nil).Into(&data); err != nil {
		a.t.Fatal(err)
	}
	return data.Viewer.Notices.Edges
}

// newestNotice is the cursor of the viewer's newest notice.
func (a asker) newestNotice() string {
	a.t.Helper()
	list := a.noticeList()
	if len(list) == 0 {
		a.t.Fatal("the viewer has no notice")
	}
	return list[0].Cursor
}

// notices are the ids of the viewer's notices, the oldest first.
func (a asker) notices() (ids []string) {
	a.t.Helper()
	for _, edge := range slices.Backward(a.noticeList()) {
		ids = append(ids, edge.Node.ID)
	}
	return ids
}
