package vault

import "parkbff/internal/fault"

var (
	// NoKey is the answer of DataKeys.Load when the owner never had a data key or was erased.
	NoKey = fault.New("VAULT_NO_KEY", "What this owner kept has been erased.")

	// Unreadable is answered for a value that does not open: sealed for another owner or column,
	// under other keys, or changed since.
	Unreadable = fault.New("VAULT_UNREADABLE", "A stored value cannot be read.")
)
