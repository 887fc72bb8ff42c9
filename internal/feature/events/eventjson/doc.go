// Package eventjson reads events as two other systems write them: the Open
// Supporter Data Interface 1.2 (https://opensupporter.github.io/osdi-docs/) and
// Mobilize's API (https://github.com/mobilizeamerica/api).
//
// Only members that describe an event are named here, so nothing else is read:
// no person, contact, party, gender, ethnicity, employer, candidate or district,
// wherever it stands. What is private there is left out here, and an address that
// only says that there is none to see is recognized as such.
package eventjson
