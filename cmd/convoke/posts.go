package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"convoke/internal/app"
	"convoke/internal/feature/statements"
)

// importPosts takes in texts that exist elsewhere.
type importPosts struct {
	Files  []string `arg:"" name:"file" help:"Markdown files, and folders that hold some."`
	Group  string   `required:"" help:"Handle of the group that speaks." placeholder:"HANDLE"`
	Lang   string   `help:"Language of posts that do not say (default: the group's first)." placeholder:"CODE"`
	Site   string   `help:"Address of the site that the posts come from, to complete its links." placeholder:"URL"`
	DryRun bool     `help:"Read and compare everything, write nothing."`
	JSON   bool     `name:"json" help:"Write the report to standard output as JSON."`
}

// Help is shown by convoke import posts --help.
func (importPosts) Help() string {
	return `The date is the field "date", else the one in the file's name (2026-11-28-a-title.md); without any, the post
becomes a draft. SLUG.LANG.md beside SLUG.md is its version in another language. Pictures are taken when they are
files beside the post; none is fetched. Published posts are public at once.`
}

// Run ends with 0 when every file was taken or is named in the report, and with
// 1 when one could not be read.
func (i *importPosts) Run(ctx context.Context, p *program, set Settings) (err error) {
	if i.Site != "" && !strings.HasPrefix(i.Site, "https://") && !strings.HasPrefix(i.Site, "http://") {
		return usageError{errors.New("--site: write a full address that begins with https://")}
	}
	n, err := p.node(ctx, set, app.Options{Migrate: !i.DryRun})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	out := p.err
	if i.JSON {
		out = p.out
	}
	report := statements.NewReport(out, i.JSON).In(p.locale(n))
	bar := p.progress(-1, "Posts")
	began := n.Clock.Now()
	err = n.ImportPosts(ctx, postFiles(i.Files), statements.ImportOptions{
		Group: strings.TrimPrefix(i.Group, "@"), Lang: i.Lang, Site: strings.TrimSuffix(i.Site, "/"), DryRun: i.DryRun, Progress: bar.set,
	}, report)
	bar.end()
	sum := report.Summary()
	sum.Seconds = n.Clock.Now().Sub(began).Seconds()
	return errors.Join(err, report.Close(sum))
}

// postFiles walks through files and folders. A post reaches pictures within the
// folder that was named, or that the file lies in, and nothing outside.
func postFiles(names []string) iter.Seq2[statements.File, error] {
	return func(yield func(statements.File, error) bool) {
		for _, name := range names {
			if !walkPosts(name, yield) {
				return
			}
		}
	}
}

func walkPosts(name string, yield func(statements.File, error) bool) bool {
	st, err := os.Stat(name)
	if err != nil {
		return yield(statements.File{}, fmt.Errorf("read the file: %w", err))
	}
	if !st.IsDir() {
		return yield(postFile(filepath.Dir(name), filepath.Base(name), name), nil)
	}
	going := true
	err = fs.WalkDir(os.DirFS(name), ".", func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && at != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.Type().IsRegular() || !isMarkdown(at):
			return nil
		}
		if going = yield(postFile(name, at, filepath.Join(name, filepath.FromSlash(at))), nil); !going {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return yield(statements.File{}, fmt.Errorf("read the folder: %w", err))
	}
	return going
}

func isMarkdown(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".md" || ext == ".markdown"
}

// postFile is the file at a path within a folder; shown is what it is called.
func postFile(folder, at, shown string) statements.File {
	open := func(name string) (io.ReadCloser, error) {
		root, err := os.OpenRoot(folder)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return root.Open(filepath.FromSlash(name))
	}
	return statements.File{
		Name: shown,
		Open: func() (io.ReadCloser, error) { return open(at) },
		Beside: func(name string) (io.ReadCloser, error) {
			if rest, ok := strings.CutPrefix(name, "/"); ok { // from the root of the site
				return open(rest)
			}
			return open(path.Join(path.Dir(filepath.ToSlash(at)), name))
		},
	}
}

// exportPosts writes a group's statements.
type exportPosts struct {
	Group  string `required:"" help:"Handle of the group." placeholder:"HANDLE"`
	Output string `required:"" short:"o" help:"The folder to write into; it is made when it is missing." placeholder:"DIR"`
}

// Help is shown by convoke export posts --help.
func (exportPosts) Help() string {
	return `Every statement of the group, drafts and withdrawn ones too: DAY-SLUG.md, DAY-SLUG.LANG.md for each version in
another language, and pictures/. "convoke import posts" reads the same on another node. Files that are there already
are overwritten, others stay.`
}

// Run streams the statements; each file is whole or not there.
func (e *exportPosts) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		bar := p.progress(-1, "Statements")
		defer bar.end()
		write := func(name string, data []byte) error {
			to := filepath.Join(e.Output, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return fmt.Errorf("make the folder: %w", err)
			}
			return toFile(to, func(w io.Writer) error {
				_, err := w.Write(data)
				return err
			})
		}
		return n.ExportPosts(ctx, strings.TrimPrefix(e.Group, "@"), write, bar.set)
	})
}
