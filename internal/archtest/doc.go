// Package archtest holds the tests of the house rules: who may import whom,
// what feature code must not touch, that everything is documented, that pages
// carry no inline code and no untranslated words, and that no file tells of the
// machine that it was written on.
//
// It has no code outside its tests. Each rule is a function over plain values
// (packages, syntax trees, texts), so that one test shows on small fixtures that
// the rule can fail, and another applies it to the repository.
package archtest
