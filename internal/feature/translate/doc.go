// Package translate lets readers translate the pages, and operators take their
// translations over without a restart.
//
// It owns the table translation. Whoever has an account may propose; a proposal
// is checked like a catalogue (placeholders, plural forms, no HTML, nothing
// hidden), waits for an operator, and is forgotten after ninety days. Nothing
// says who made it, but for a name that they may leave to be shown with the language. What an operator accepts is written into the operator's own
// catalogue, the file locales/LANG.po of the data folder, and shown at once.
//
// The texts of a page are found by rendering it as a visitor gets it and noting
// what is looked up; see web.Site.Texts.
package translate
