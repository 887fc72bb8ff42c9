// Package eventcsv reads tables of past and planned events: one row per event,
// cells separated by comma, semicolon or tab, plain or gzip.
//
// Three layouts are told apart by their header:
//
//   - [LayoutTable]: this project's own table, with the columns id, date,
//     locality, region, country, place, lat, lon, county, event_type, title,
//     organizations, claims, online, size_text, size_low, size_high,
//     size_mean, arrests, sources and n_sources;
//   - [LayoutSheet]: the monthly sheets that the Crowd Counting Consortium's
//     volunteers fill in by hand (CityTown, StateTerritory, EstimateLow...);
//   - [LayoutCompiled]: the consortium's compiled files (doi
//     10.7910/DVN/6OPP7H and its successors: location_detail, source_1...).
//
// Only the columns that an event page needs are read. Columns that hold notes,
// verbatim slogans, initials of coders, named individuals, targets or a
// judgement of political side are passed over on purpose.
//
// The reader is a stream: it holds one record, of at most 1 MiB, and for the
// detection of repeats 8 bytes of hash for each of the first two million rows.
// A row that cannot be used is left out and named in a [Problem]; it never
// stops the import. Only an unreadable file, or a header without the columns
// that every event needs, is an error.
//
// The package knows no database and no network.
package eventcsv
