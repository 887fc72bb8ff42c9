// Command potool keeps the catalogues in internal/i18n/locales in step with
// the texts of the program. Run it anywhere inside the repository:
//
//	go run ./internal/i18n/potool update   write convoke.pot, merge into every .po, pack them for the program
//	go run ./internal/i18n/potool check    print what is missing; exit 1 if anything is
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"convoke/internal/i18n/extract"
	"convoke/internal/i18n/po"
)

const locales = "internal/i18n/locales"

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "potool:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 1 || args[0] != "update" && args[0] != "check" {
		return errors.New("say what to do: update or check")
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	c, err := extract.Find(os.DirFS(root), "internal", "cmd")
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(root, locales, "*.po"))
	if err != nil {
		return err
	}
	if args[0] == "check" {
		return check(c, files, out)
	}
	if err := update(c, files, filepath.Join(root, locales, "convoke.pot"), out); err != nil {
		return err
	}
	packed, err := extract.Pack(filepath.Join(root, locales))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, locales, "..", "catalogues.zip"), packed, 0o644) //nolint:gosec // carried by the program
}

// moduleRoot is the nearest folder upwards with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside the repository: no go.mod above this folder")
		}
		dir = up
	}
}

func read(file string) (*po.File, error) {
	data, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	if err != nil {
		return nil, err
	}
	f, err := po.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return f, nil
}

func check(c extract.Catalogue, files []string, out io.Writer) error {
	problems := c.Problems
	for _, file := range files {
		f, err := read(file)
		if err != nil {
			return err
		}
		for _, p := range extract.Check(c, f) {
			problems = append(problems, filepath.Base(file)+": "+p)
		}
	}
	for _, p := range problems {
		fmt.Fprintln(out, p)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d problems", len(problems))
	}
	return nil
}

func update(c extract.Catalogue, files []string, pot string, out io.Writer) error {
	if err := os.WriteFile(pot, extract.Template(c).Bytes(), 0o644); err != nil { //nolint:gosec // source file
		return err
	}
	for _, p := range c.Problems {
		fmt.Fprintln(out, p)
	}
	for _, file := range files {
		f, err := read(file)
		if err != nil {
			return err
		}
		merged, err := extract.Merge(c, f)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(file, merged.Bytes(), 0o644); err != nil { //nolint:gosec // source file
			return err
		}
		empty := 0
		for _, e := range merged.Entries {
			if !e.Translated() {
				empty++
			}
		}
		fmt.Fprintf(out, "%s: %d texts, %d to translate\n", filepath.Base(file), len(merged.Entries), empty)
	}
	return nil
}
