// Package markdown turns what people write into HTML that is safe to show.
//
// The language is CommonMark 0.31, with three differences that suit
// descriptions written in a form: a line break is kept, a bare web or e-mail
// address becomes a link, and HTML is shown as the text that it is. Pictures
// become links to them, for a page contacts nobody. Headings begin at h3,
// below the page's own.
//
// Safety has two layers that do not know of each other: only known syntax
// trees are rendered, and the result passes an allow-list.
package markdown
