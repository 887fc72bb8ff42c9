package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"convoke/internal/i18n"
)

// translationsCmd is about catalogues of other languages.
type translationsCmd struct {
	Check translationsCheck `cmd:"" help:"Find mistakes in catalogues (PO files)."`
	Start translationsStart `cmd:"" help:"Write an empty catalogue of a language to standard output."`
}

// translationsCheck examines files.
type translationsCheck struct {
	Files []string `arg:"" name:"file" help:"Catalogues, named after their languages as uk.po is."`
}

// Help is shown by convoke translations check --help.
func (translationsCheck) Help() string {
	return `It compares every text with the English one: placeholders such as {name}, the number of plural forms, no HTML and
nothing hidden. A file without mistakes can go into the folder "locales" of the data folder, where a running node
notices it within seconds. It ends with 3 when there are mistakes; texts that this version does not know, and texts
that are not translated, are none.`
}

// Run prints what is wrong, and how much is done.
func (t *translationsCheck) Run(_ context.Context, p *program) error {
	b, err := i18n.Load(false)
	if err != nil {
		return err
	}
	wrong := false
	for _, name := range t.Files {
		data, err := os.ReadFile(name) //nolint:gosec // the file that was asked for
		if err != nil {
			return fmt.Errorf("read the catalogue: %w", err)
		}
		r := b.Check(filepath.Base(name), data)
		for _, s := range r.Errors {
			fmt.Fprintf(p.out, "%s: mistake: %s\n", name, s)
		}
		for _, s := range r.Warnings {
			fmt.Fprintf(p.out, "%s: note: %s\n", name, s)
		}
		if _, err := fmt.Fprintf(p.out, "%s: %d of %d texts are translated, %d mistakes\n", name, r.Done, r.All, len(r.Errors)); err != nil {
			return err
		}
		wrong = wrong || len(r.Errors) > 0
	}
	if wrong {
		return errProblems
	}
	return nil
}

// translationsStart makes a file to begin with.
type translationsStart struct {
	Lang  string `arg:"" help:"Tag of the language, such as uk or pt-BR."`
	Name  string `help:"What the language calls itself." placeholder:"NAME"`
	Forms string `help:"Its plural rule, as gettext writes it (default: one form for 1, one for the rest)." placeholder:"RULE" default:"nplurals=2; plural=n != 1;" sep:"none"`
}

// Run writes the file.
func (t *translationsStart) Run(_ context.Context, p *program) error {
	b, err := i18n.Load(false)
	if err != nil {
		return err
	}
	f, err := b.Start(t.Lang, t.Name, t.Forms)
	if err != nil {
		return usageError{err}
	}
	_, err = p.out.Write(f.Bytes())
	return err
}
