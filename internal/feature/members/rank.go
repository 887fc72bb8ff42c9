package members

import (
	"cmp"
	"slices"
	"time"
)

// shownItems is how many things one mail tells; the rest are counted.
const shownItems = 12

// soon is how far ahead a mail puts what takes place first: until the next mail, and a day
// to spare.
const soon = (every + 1) * 24 * time.Hour

// rank orders what a mail tells: what is called off, for which people would come in vain;
// what takes place before the next mail, soonest first; what has no time, as it was found;
// and what takes place later.
func rank(all []Item, now time.Time) []Item {
	all = slices.Clone(all)
	class := func(x Item) int {
		switch {
		case x.Off:
			return 0
		case x.When.IsZero():
			return 2
		case x.When.Before(now.Add(soon)):
			return 1
		}
		return 3
	}
	slices.SortStableFunc(all, func(a, b Item) int { return cmp.Or(class(a)-class(b), a.When.Compare(b.When)) })
	return all
}
