// Command gazgen builds the gazetteer that package geo embeds.
//
//	go run ./internal/geo/gazgen -in DIR
//
// DIR holds places.csv.gz, us-localities.csv.gz and us-zcta-centroids.csv.gz
// as internal/geo/DATA.md describes them. The command writes gazetteer.bin.zst and
// zones.txt into internal/geo and says on standard error what it left out. The
// time zone of every point is looked up here, so that the server carries no
// zone polygons. The same input gives the same bytes.
package main
