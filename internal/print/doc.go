// Package print makes posters, flyers, pictures for sharing and QR codes of a
// public page.
//
// What a poster says is a [Sheet]. One layout places its words, fitted to their
// room: first smaller, then cut with an ellipsis, never over an edge. Two
// painters draw that layout, as PDF and as PNG, so that both look the same.
//
// The bundled fonts have Latin, Greek, Cyrillic, Arabic and Hebrew letters.
// Package shape joins and orders those that need it; a sheet in such a language
// is mirrored. Nothing here sets Hindi, Thai or Chinese: a sheet with other
// letters is no PDF but a page for the reader's own browser to print, which
// can; see [Press.Fits].
//
// Drawing takes some megabytes and a good part of a second: a [Press] draws two
// at once, and turns away who would wait too long.
package print
