// Package media takes in pictures from strangers and keeps them.
//
// A [Normalizer] reads a JPEG, PNG, GIF or WebP file, of which a GIF gives its
// first frame, and makes a new one: turned upright, scaled down, encoded
// afresh as JPEG, or as PNG when it is transparent anywhere. Nothing of the
// original file survives but its pixels: no place, camera, author, thumbnail,
// colour profile or bytes behind the end.
//
// A hostile picture is refused before it costs anything: its length, its
// declared size and the memory that its decoder would take are known from the
// headers. How many are decoded at once is bounded by the Normalizer, of which
// a process has one; how long one may take, by the context.
//
// A [Store] keeps the results under the hash of their bytes.
package media
