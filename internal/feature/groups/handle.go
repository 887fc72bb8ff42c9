package groups

import "convoke/internal/handle"

// handles are the rules of a group's handle. There is no dot in it:
// /groups/HANDLE.json is another format of the page. The reserved ones are parts
// of addresses.
func handles() handle.Rules { return handle.Rules{Reserved: []string{"events", "mine"}} }
