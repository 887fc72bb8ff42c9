package basemap

import "image/color"

// shades are the colours of one picture. Land and water differ little, so that the markers are what one sees; text keeps a contrast of at least 4.5
// to 1 with both.
type shades struct {
	water, land                       color.RGBA
	county, state, country            color.RGBA // borders
	country1, state1, place, placeDot color.RGBA // names
	marker, ring, number              color.RGBA
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

func lightShades() shades {
	return shades{
		water: rgb(0xd3e2e6), land: rgb(0xf7f4ed),
		county: rgb(0xe6e0d3), state: rgb(0xd2c9b8), country: rgb(0xb3a793),
		country1: rgb(0x6d6557), state1: rgb(0x776f61), place: rgb(0x4b463d), placeDot: rgb(0x7d7566),
		marker: rgb(0x0b6e69), ring: rgb(0xffffff), number: rgb(0xffffff),
	}
}

func darkShades() shades {
	return shades{
		water: rgb(0x151b20), land: rgb(0x252b30),
		county: rgb(0x30373d), state: rgb(0x3e474e), country: rgb(0x5a656d),
		country1: rgb(0x98a4ac), state1: rgb(0x8b979f), place: rgb(0xb8c2c8), placeDot: rgb(0x88949c),
		marker: rgb(0x4fd1c5), ring: rgb(0x12181c), number: rgb(0x06201e),
	}
}
