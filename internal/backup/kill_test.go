package backup

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/migrations"
)

// killEnv tells this test binary to restore and die.
const killEnv = "CONVOKE_KILL_RESTORE"

// victim is what a process that is to die gets.
type victim struct {
	File, Key, MainURL, KeysURL, Blobs, Boot string
	After                                    int // calls of Progress; 0 dies at the end
}

func TestMain(m *testing.M) {
	if os.Getenv(killEnv) != "" {
		die()
	}
	os.Exit(m.Run())
}

func failing(err error) func(context.Context, *db.DB) error {
	return func(context.Context, *db.DB) error { return err }
}

// die restores until it is killed.
func die() {
	var v victim
	if err := json.Unmarshal([]byte(os.Getenv(killEnv)), &v); err != nil {
		panic(err)
	}
	kill := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			panic(err)
		}
		select {}
	}
	boot := must(bootFrom(v.Boot))
	calls := 0
	_, err := Restore(context.Background(), Options{
		File: v.File, KeysFile: v.File + KeysSuffix, With: must(ReadKeys(v.Key)), MainURL: v.MainURL, KeysURL: v.KeysURL, MainFiles: migrations.Main, KeyFiles: migrations.Keys,
		Blobs: v.Blobs, Clock: testClock(), BootKey: &boot, Sealed: sealed, Derived: derived,
		Progress: func(int64) {
			if calls++; calls == v.After {
				kill()
			}
		},
		Finish: func(context.Context, *db.DB) error {
			if v.After > 0 {
				return errors.New("it ended before")
			}
			kill()
			return nil
		},
	})
	panic(errors.Join(err, errors.New("it should have been killed")))
}

func TestKilledRestoreRunsAgain(t *testing.T) {
	t.Parallel()
	for name, e := range engines {
		// Amid the rows, amid the keys, with all keys loaded, with all done.
		for _, after := range []int{9, 16, 18, 0} {
			t.Run(name+" "+string(rune('a'+after)), func(t *testing.T) {
				t.Parallel()
				n := filled(t, "")
				keyFile := n.dir + "/backup.key"
				to, created, err := OwnKey(keyFile, testClock().Now())
				if err != nil || !created {
					t.Fatal(err, created)
				}
				k := must(ReadKeys(keyFile))[0]
				o := n.target(t, n.backup(t, to), e.empty(t), k)
				v := victim{o.File, keyFile, o.MainURL, o.KeysURL, o.Blobs, n.dir + "/boot.key", after}
				c := exec.Command(os.Args[0])
				c.Env = append(os.Environ(), killEnv+"="+string(must(json.Marshal(v))))
				out, err := c.CombinedOutput()
				if !strings.Contains(err.Error(), "killed") {
					t.Fatalf("it was not killed: %v\n%s", err, out)
				}
				refused(t, o)
				o.Drop = nil
				if _, err := Restore(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(n.sums(t), reopen(t, o).sums(t)); diff != "" {
					t.Errorf("rows differ:\n%s", diff)
				}
				for _, f := range files3(t, n.dir) {
					if strings.Contains(f, "restoring") {
						t.Errorf("%s is left", f)
					}
				}
			})
		}
	}
}

// refused proves that no other command takes the half-restored place for a
// node.
func refused(t *testing.T, o Options) {
	t.Helper()
	if !isPostgres(o.MainURL) {
		if _, err := os.Stat(o.MainURL); err == nil {
			t.Error("there is a half-restored database")
		}
		return
	}
	d, err := db.Open(t.Context(), db.Options{URL: o.MainURL, Migrations: migrations.Main, Clock: testClock()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Migrate(t.Context()); !errors.Is(err, db.ErrNewer) || !strings.Contains(err.Error(), "run_convoke_restore_again") {
		t.Errorf("a half-restored database is taken for a whole one: %v", err)
	}
}
