package verify

// InSmallParts counts boxes in parts of a few leaves, with blocks of so many of them.
func (o Options) InSmallParts(leaves int64, block int) Options {
	o.parts = partSizes{leaves, block, 4096}
	return o
}
