package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"convoke/internal/app"
)

// Machine names what was measured on. Where the system does not tell (it tells
// in /proc, on Linux), fields are "unknown" or 0.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"` // bytes
	OS     string `json:"os"`
	Go     string `json:"go"`
	SQLite string `json:"sqlite"`
}

func machine(ctx context.Context, n *app.Node) (Machine, error) {
	m := Machine{
		CPU: "unknown", Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Memory: procKiB("/proc/meminfo", "MemTotal") << 10,
	}
	if v := procField("/proc/cpuinfo", "model name"); v != "" {
		m.CPU = v
	}
	err := n.DB.Read(ctx, readColumn(ctx, "select sqlite_version()", &m.SQLite))
	if err != nil {
		return m, fmt.Errorf("ask SQLite's version: %w", err)
	}
	return m, nil
}

// procField is the first value of a name in a file of lines "name : value".
func procField(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// procKiB reads a value in "kB", which are KiB; 0 when it is not told.
func procKiB(path, name string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(procField(path, name), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// resident is the memory of a process in MiB: now, and at its highest.
func resident(pid int) (now, high float64) {
	path := "/proc/" + strconv.Itoa(pid) + "/status"
	return float64(procKiB(path, "VmRSS")) / 1024, float64(procKiB(path, "VmHWM")) / 1024
}

// resetPeak forgets the highest memory of this process, where the system can do so.
func resetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // elsewhere it is that since the start
}

// written is what this process has sent to disks, in bytes; 0 when it is not told.
func written() float64 {
	n, err := strconv.ParseFloat(procField("/proc/self/io", "write_bytes"), 64)
	if err != nil {
		return 0
	}
	return n
}
