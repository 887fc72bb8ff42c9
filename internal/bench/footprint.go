package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is the product in a process of its own.
type server struct {
	cmd  *exec.Cmd
	addr string
	took time.Duration // from the start of the process to its first answer
	now  float64       // MiB resident after that answer
}

// startServer starts the server on the database in dir and waits for its line
// and its first page. Settings of the environment do not reach it.
func (b *bench) startServer(ctx context.Context, dir string) (s *server, err error) {
	args := append(b.Serve[1:len(b.Serve):len(b.Serve)], dir)
	s = &server{cmd: exec.CommandContext(ctx, b.Serve[0], args...)} //nolint:gosec // this program itself
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 30 * time.Second
	s.cmd.Env = bareEnviron()
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, s.addr, _ = strings.Cut(strings.TrimSpace(line), "http://")
		err = firstAnswer(ctx, s.addr)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for the server: %w", err), s.stop())
	}
	s.took = time.Since(start)
	s.now, _ = resident(s.cmd.Process.Pid)
	return s, nil
}

// bareEnviron is the environment without settings of this program.
func bareEnviron() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CONVOKE_") || strings.HasPrefix(v, "CONVOKE_TEST_") {
			env = append(env, v)
		}
	}
	return env
}

func firstAnswer(ctx context.Context, addr string) error {
	one := load{addr: addr, conns: 1, total: 1, status: http.StatusOK, request: get(addr, "/events")}
	_, err := one.run(ctx)
	return err
}

// stop ends the process as an operator would.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the server: %w", err)
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server ended: %w", err)
	}
	return nil
}

// footprint measures what a node costs that does nothing yet: an existing
// database, the first page answered.
func (b *bench) footprint(ctx context.Context) error {
	if len(b.Serve) == 0 {
		return nil
	}
	dir := filepath.Join(b.dir, "footprint")
	node, err := openNode(ctx, dir)
	if err != nil {
		return err
	}
	_, err = b.pageNode(ctx, node)
	if err = errors.Join(err, node.Close()); err != nil {
		return err
	}
	var took, memory []float64
	for range b.starts {
		s, err := b.startServer(ctx, dir)
		if err != nil {
			return err
		}
		if err := s.stop(); err != nil {
			return err
		}
		took, memory = append(took, millis(s.took)), append(memory, s.now)
	}
	b.add(Line{What: "start of the process to the first page", Value: median(took), Unit: "ms", Times: len(took), Aim: Aim{Most: 300}})
	if m := median(memory); m > 0 {
		b.add(Line{What: "memory resident then", Value: m, Unit: "MiB", Times: len(memory), Aim: Aim{Most: 80}})
	}
	if st, err := os.Stat(b.Serve[0]); err == nil {
		b.add(Line{What: "binary", Value: float64(st.Size()) / 1e6, Unit: "MB", Aim: Aim{Most: 60}})
	}
	return nil
}
