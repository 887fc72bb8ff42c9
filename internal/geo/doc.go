// Package geo is geography without a network: points, distances and windows,
// a gazetteer of places and US postcodes, time zones, and the cells by which
// both database engines index positions.
//
// The gazetteer is embedded and read in place, so opening it costs neither
// time nor heap. DATA.md says where its data comes from and how it is made;
// [Credit] must be shown wherever places are. Folded spelling ([Fold]) is
// shared with full text search, so that a place and a text meet under the same
// letters.
package geo

// Credit names the sources of the gazetteer, as their licences ask.
const Credit = "GeoNames (CC BY 4.0), US Census Bureau"
