package vault

import "strconv"

// Owner names whose data key seals a value, as in "account:12". It carries a row id and nothing
// personal, and is part of what every sealed value is bound to: never reuse the row id of an owner.
type Owner string

// AccountKey is the owner of what belongs to one account.
func AccountKey(id int64) Owner { return owner("account", id) }

// LotKey is the owner of what a lot observed and no account owns.
func LotKey(id int64) Owner { return owner("lot", id) }

// StoreKey is the owner of a workshop's working records.
func StoreKey(id int64) Owner { return owner("store", id) }

// StaffKey is the owner of a staff member's own secrets.
func StaffKey(id int64) Owner { return owner("staff", id) }

func owner(kind string, id int64) Owner {
	return Owner(kind + ":" + strconv.FormatInt(id, 10))
}
