package events

import (
	"errors"
	"slices"

	"convoke/internal/fault"
	"convoke/internal/plaintext"
)

// archivedVersion is a version in the archive of a group.
type archivedVersion struct {
	Lang        string `json:"language"`
	Title       string `json:"title"`
	Description string `json:"description"` // Markdown
	AccessNote  string `json:"access_note"`
	Bring       string `json:"bring"` // Markdown
	Credit      string `json:"credit"`
	Older       bool   `json:"older"` // the event itself was changed since
}

func archivedVersions(e *Event, bring string, vs []Version) []archivedVersion {
	var out []archivedVersion
	for _, t := range apiTexts(e, bring, vs) {
		out = append(out, archivedVersion(t))
	}
	return out
}

// archivedVersions checks the versions of a row as strictly as the form does. One
// that was older than its event stays so.
func (p *parser) archivedVersions(all []archivedVersion, e *Event, bring string, render func(string) (string, error)) []Version {
	var out []Version
	for _, x := range all {
		v, err := VersionInput{
			Lang: x.Lang, Title: plaintext.Line(x.Title), Description: plaintext.Text(x.Description), AccessNote: plaintext.Text(x.AccessNote),
			Bring: plaintext.Text(x.Bring), Credit: plaintext.Line(x.Credit),
		}.parse(render)
		if f := (*fault.Error)(nil); errors.As(err, &f) {
			p.fields = append(p.fields, f.Fields...)
			continue
		}
		if e.ownLang(v.Lang) || slices.ContainsFunc(out, func(o Version) bool { return o.Lang == v.Lang }) {
			p.fail("versions", "event.own_lang", "The event itself is in this language. Choose another one, or change the event.")
		}
		if v.Of = e.said(bring); x.Older {
			v.Of = olderThan
		}
		out = append(out, v)
	}
	return out
}

// olderThan is the hash of no text: of a version whose original was changed where
// it comes from.
const olderThan = "older"
