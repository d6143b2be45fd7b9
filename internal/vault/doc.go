// Package vault encrypts personal values at rest and finds them again without reading them.
//
// Every owner (an account, a lot, a store) has a data key of its own. The store keeps it wrapped by
// the key encryption key of the key file, so rotating that key rewraps data keys and touches no
// value, and erasing an owner's data key makes every copy of what it sealed unreadable, back-ups
// included. A value is bound to its place, "entity.column|owner": moved to another row owner or
// another column it does not open. Lookups go through Index, a keyed hash beside the sealed column.
//
// Sources: J(二)5(2) and J(五)2 of the privacy policy (requirements R091, R118).
package vault
