package app

import (
	"context"
	"path/filepath"
	"time"

	"convoke/internal/config"
	"convoke/internal/i18n"
)

// lookAtTranslations is how often the folder of translations is looked at: often
// enough for somebody who has just saved a file, and a directory entry or two.
const lookAtTranslations = 3 * time.Second

// LocalesFolder is where the operator's own catalogues lie.
func LocalesFolder(c config.Config) string { return filepath.Join(c.Data, "locales") }

func openLocales(c config.Config) (*i18n.Bundle, error) { return i18n.Open(LocalesFolder(c), c.Dev) }

// Locale is that of a reader who wishes for one of these languages, as of
// i18n.Bundle.Match.
func (n *Node) Locale(wishes ...string) *i18n.Locale { return n.locales.Match(wishes...) }

// warnOfTranslations logs what is wrong with files of the operator.
func (n *Node) warnOfTranslations() {
	for _, p := range n.locales.Problems() {
		n.Log.Warn("a translation was not read; the language stays as it was", "problem", p)
	}
}

// ReloadTranslations reads all catalogues again; nobody sees a page with the old
// ones after it returns.
func (n *Node) ReloadTranslations() {
	if err := n.locales.Reload(); err != nil {
		n.Log.Error("reload the translations", "error", err)
		return
	}
	n.Log.Info("translations were read again", "languages", len(n.locales.Locales()))
	n.warnOfTranslations()
	n.Site.Reloaded()
}

// followTranslations reads them again when a file has changed or somebody asks,
// until ctx ends.
func (n *Node) followTranslations(ctx context.Context) error {
	tick := time.NewTicker(lookAtTranslations)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.Reload:
			n.ReloadTranslations()
		case <-tick.C:
			if n.locales.Changed() {
				n.ReloadTranslations()
			}
		}
	}
}

// translations says, for doctor, which languages there are and which files
// cannot be used.
func (d *Doctor) translations() {
	b, err := openLocales(d.Config)
	if err != nil {
		d.failed("languages", err, "")
		return
	}
	for _, p := range b.Problems() {
		d.add("languages", Warning, p, d.command("translations check FILE")+" lists all mistakes")
	}
	if len(b.Problems()) == 0 {
		d.add("languages", OK, languageList(b), "")
	}
}

func languageList(b *i18n.Bundle) string {
	text := ""
	for _, l := range b.Locales() {
		if text != "" {
			text += ", "
		}
		text += l.Tag() + " " + l.Plain(l.Complete()) + " %"
	}
	return text
}
