// Package pledges is "I will do this if so many others do, by that day": strike,
// host, bring a tool. Pledges are counted in a box of the public record, which
// knows keys and no people; this package has the text, the rule and the page.
//
// A pledge has one number for everybody, or each who pledges chooses their own; it
// counts all together, or by places or groups apart. Its text is frozen when it
// opens, by a hash in the record. Success is a line of the record: once reached it
// stays reached, whoever takes their pledge back later. After the last day to
// pledge the box stays open for two weeks, so that people can say that they did it.
//
// Several groups own a pledge with the same rights, so that it is not stranded
// when one of them vanishes.
//
// It owns the tables pledge, pledge_part, pledge_reached, pledge_owner and pledge_news.
package pledges
