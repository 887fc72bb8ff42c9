// Package basemap holds a small vector map of the world and draws it.
//
// The map is a PMTiles version 3 archive of Mapbox Vector Tiles. One is built into the binary (Bundled, see DATA.md); an operator may open a larger
// one (Open). From it the package makes two things:
//
//   - Pictures: Archive.Draw paints a window of the map with markers as a small PNG. Pages without script, mail and print use it. Project and
//     its companions Clusters and FitBox tell callers where things are in that picture, so that they can build an image map.
//   - Tiles: Archive.Handler serves the tiles themselves to the map in the browser, so that no page ever asks a third party for one.
//
// # Formats
//
// PMTiles v3 (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md) and Mapbox Vector Tile 2.1
// (https://github.com/mapbox/vector-tile-spec/tree/master/2.1) are read by the package itself: both readers are short, and what they allocate is
// bounded by the size of their input, which a general decoder does not promise. Tiles must be uncompressed or gzip.
//
// The drawing knows these tile layers; others are ignored:
//
//	land     polygons
//	lakes    polygons
//	borders  lines; kind = country, state or county
//	labels   points; name, kind = country or state, rank (large is important)
//	places   points; name, pop
//
// # Coordinates
//
// Points are degrees, WGS 84. Pictures are Web Mercator (EPSG:3857), so latitudes beyond 85.0511 degrees are moved to that line. A box whose West is
// greater than its East crosses the antimeridian. Distances in a picture are in CSS pixels, whatever Picture.Scale says.
package basemap
