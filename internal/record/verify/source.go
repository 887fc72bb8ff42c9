package verify

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// ErrAbsent says that a source has no such file.
var ErrAbsent = errors.New("there is no such file")

// maxFile bounds one file of a record: a bundle of 256 leaves of 64 KiB.
const maxFile = 17 << 20

// Source gives the files of a record by their paths, as in "log/checkpoint". It is
// safe for concurrent use. Absent files are [ErrAbsent].
type Source interface {
	Get(ctx context.Context, path string) ([]byte, error)
}

// Open finds out what target is: an address, a folder, or a zip file. box is the
// BID when the address names one, or when a zip file is about one only, as those are
// that a node offers at a box.
func Open(target string) (src Source, box string, closer io.Closer, err error) {
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		return openURL(target)
	}
	st, err := os.Stat(target)
	if err != nil {
		return nil, "", nil, fmt.Errorf("open %s: %w", target, err)
	}
	if st.IsDir() {
		return files{os.DirFS(target)}, "", io.NopCloser(nil), nil
	}
	z, err := zip.OpenReader(target)
	if err != nil {
		return nil, "", nil, fmt.Errorf("open %s: it is no folder and no zip file: %w", target, err)
	}
	return files{z}, onlyBox(z.File), z, nil
}

// Kept is where a target has the checkpoint of the node's log, which whoever wants to
// compare another day keeps a copy of.
func Kept(target string) string {
	const file = "log/checkpoint"
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host + "/" + file
	}
	if strings.HasSuffix(target, ".zip") {
		return file + " in " + target
	}
	return strings.TrimSuffix(target, "/") + "/" + file
}

// onlyBox is the box of an archive that has files of one alone.
func onlyBox(all []*zip.File) (box string) {
	for _, f := range all {
		path, ok := strings.CutPrefix(f.Name, "b/")
		if !ok {
			continue
		}
		b, _, _ := strings.Cut(path, "/")
		if box != "" && b != box {
			return ""
		}
		box = b
	}
	return box
}

// files is a folder or an archive.
type files struct{ fs fs.FS }

// Get implements [Source].
func (f files) Get(_ context.Context, path string) ([]byte, error) {
	r, err := f.fs.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrAbsent
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readAll(r)
}

func readAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("the file is larger than any file of a record")
	}
	return b, err
}

// remote is a node.
type remote struct {
	base   string
	client *http.Client
}

func openURL(target string) (Source, string, io.Closer, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, "", nil, fmt.Errorf("read the address %s: %w", target, err)
	}
	box := ""
	if rest, ok := strings.CutPrefix(u.Path, "/b/"); ok {
		box, _, _ = strings.Cut(rest, "/")
	}
	return remote{u.Scheme + "://" + u.Host, &http.Client{Timeout: time.Minute}}, box, io.NopCloser(nil), nil
}

// Get implements [Source]. It tries again when a server is busy.
func (s remote) Get(ctx context.Context, path string) ([]byte, error) {
	for try := 0; ; try++ {
		b, again, err := s.get(ctx, path)
		if !again || try == 4 {
			return b, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second << try):
		}
	}
}

func (s remote) get(ctx context.Context, path string) (b []byte, again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/"+path, nil)
	if err != nil {
		return nil, false, err
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, true, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, false, ErrAbsent
	case resp.StatusCode != http.StatusOK:
		return nil, resp.StatusCode == 429 || resp.StatusCode >= 500, fmt.Errorf("%s answers %s", path, resp.Status)
	}
	b, err = readAll(resp.Body)
	return b, err != nil, err
}
