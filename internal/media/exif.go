package media

import "encoding/binary"

// tiffOrientation finds tag 274 in the first directory of a TIFF block (TIFF
// 6.0, section 2; Exif 2.32, section 4.6.2). It returns 0 when there is none
// or the block is not sound.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0
	}
	dir := b[at:]
	count := int(order.Uint16(dir))
	dir = dir[2:]
	for range count {
		if len(dir) < 12 {
			return 0
		}
		const orientation, short = 274, 3
		if order.Uint16(dir) == orientation {
			if order.Uint16(dir[2:]) != short || order.Uint32(dir[4:]) != 1 {
				return 0
			}
			return int(order.Uint16(dir[8:]))
		}
		dir = dir[12:]
	}
	return 0
}
