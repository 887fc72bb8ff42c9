package bench

import "time"

const worldSeed = 1

type bench struct { started time.Time; say func(string, ...any) }
