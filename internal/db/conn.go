package db

import (
	"context"
	"database/sql"
	"errors"
)

// maxStatements bounds the prepared statements kept by one connection.
const maxStatements = 400

// conn is one connection with its prepared statements. Only one goroutine uses
// it at a time. pgx keeps prepared statements itself, so there stmts is nil.
type conn struct {
	c      *sql.Conn
	stmts  map[string]*sql.Stmt
	before func(q string) error // see [Options]
}

func newConn(ctx context.Context, d *sql.DB, prepare bool) (*conn, error) {
	c, err := d.Conn(ctx)
	if err != nil {
		return nil, err
	}
	k := &conn{c: c}
	if prepare {
		k.stmts = map[string]*sql.Stmt{}
	}
	return k, nil
}

func (k *conn) close() error {
	var errs []error
	for _, s := range k.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, k.c.Close())...)
}

// stmt returns the prepared statement of q, or nil when it is not kept.
func (k *conn) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if k.stmts == nil {
		return nil, nil
	}
	if s, ok := k.stmts[q]; ok {
		return s, nil
	}
	if len(k.stmts) >= maxStatements {
		return nil, nil
	}
	s, err := k.c.PrepareContext(ctx, q)
	if err != nil {
		return nil, err
	}
	k.stmts[q] = s
	return s, nil
}

func (k *conn) exec(ctx context.Context, q string, args ...any) (sql.Result, error) {
	if k.before != nil {
		if err := k.before(q); err != nil {
			return nil, err
		}
	}
	s, err := k.stmt(ctx, q)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.c.ExecContext(ctx, q, args...)
	}
	return s.ExecContext(ctx, args...)
}

func (k *conn) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	if k.before != nil {
		if err := k.before(q); err != nil {
			return nil, err
		}
	}
	s, err := k.stmt(ctx, q)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return k.c.QueryContext(ctx, q, args...)
	}
	return s.QueryContext(ctx, args...)
}
