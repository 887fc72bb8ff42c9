// Package config reads the settings of a node: defaults, then a TOML file, then
// the environment (CONVOKE_ and the key in capitals), then flags; the last one
// that sets a key wins.
//
// It is strict. Unknown keys and values that cannot be right stop the start,
// and every problem is told at once, with its key and where it came from.
// Secrets are never quoted in a problem nor shown by [Config.Print].
package config
