package vault

import (
	"testing"

	"github.com/tink-crypto/tink-go/v2/tink"
)

type namedKey struct {
	tink.AEAD
	name string
}

func TestTheKeyUsedLongestAgoMakesRoom(t *testing.T) {
	c := newOpenedCache(2)
	hold(c, "a")
	hold(c, "b")
	c.get("a")
	hold(c, "c")
	for owner, want := range map[Owner]bool{"a": true, "b": false, "c": true} {
		if key, _ := c.get(owner); (key != nil) != want {
			t.Errorf("%s held: %v", owner, key != nil)
		}
	}
	if c.recent.Len() != 2 || len(c.byOwner) != 2 {
		t.Errorf("holds %d and %d", c.recent.Len(), len(c.byOwner))
	}
}

func TestAKeyReadBeforeAnErasureIsNotHeldAfterIt(t *testing.T) {
	c := newOpenedCache(2)
	_, asOf := c.get("a")
	c.forget("a")
	c.put("a", namedKey{}, asOf)
	if key, _ := c.get("a"); key != nil {
		t.Error("the erased key is held")
	}
}

func TestTwoReadersOfOneKeyHoldItOnce(t *testing.T) {
	c := newOpenedCache(2)
	hold(c, "a")
	hold(c, "a")
	c.forget("a")
	if c.recent.Len() != 0 || len(c.byOwner) != 0 {
		t.Errorf("holds %d and %d", c.recent.Len(), len(c.byOwner))
	}
}

func hold(c *openedCache, owner Owner) {
	_, asOf := c.get(owner)
	c.put(owner, namedKey{name: string(owner)}, asOf)
}
