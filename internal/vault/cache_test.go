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
	c := newCache(2, 3)
	hold(c, "a")
	hold(c, "b")
	c.get("a")
	hold(c, "c")
	for owner, want := range map[Owner]bool{"a": true, "b": false, "c": true} {
		if h, _ := c.get(owner); (h.opened != nil) != want || h.wrapped == nil {
			t.Errorf("of %s there is %+v", owner, h)
		}
	}
	hold(c, "d")
	if c.opened.Len() != 2 || c.wrapped.Len() != 3 {
		t.Errorf("holds %d and %d", c.opened.Len(), c.wrapped.Len())
	}
}

func TestAKeyReadBeforeAnErasureIsNotHeldAfterIt(t *testing.T) {
	for name, forget := range map[string]func(*cache){
		"of its owner": func(c *cache) { c.forget("a") }, "of all": (*cache).forgetAll,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache(2, 2)
			_, asOf := c.get("a")
			forget(c)
			c.put("a", held{namedKey{}, []byte("a")}, asOf)
			if h, _ := c.get("a"); h.opened != nil || h.wrapped != nil {
				t.Error("the erased key is held")
			}
		})
	}
}

func TestAForgottenKeyIsHeldInNoForm(t *testing.T) {
	for name, forget := range map[string]func(*cache){
		"of its owner": func(c *cache) { c.forget("a") }, "of all": (*cache).forgetAll,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache(2, 2)
			hold(c, "a")
			forget(c)
			if h, _ := c.get("a"); h.opened != nil || h.wrapped != nil {
				t.Errorf("holds %+v", h)
			}
		})
	}
}

func hold(c *cache, owner Owner) {
	_, asOf := c.get(owner)
	c.put(owner, held{namedKey{name: string(owner)}, []byte(owner)}, asOf)
}
