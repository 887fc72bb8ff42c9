// Package shape sets text whose letters join, carry marks or run from right to
// left: it chooses the form of each letter of one word of Arabic or Hebrew
// script, places its marks, and orders the words of a line.
//
// It reads as much of the OpenType tables as the fonts bundled for posters have,
// and no more: [New] refuses others. What it does is held by tests against a
// complete shaper and a complete bidirectional algorithm.
package shape
