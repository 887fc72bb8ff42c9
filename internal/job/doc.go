// Package job is the durable queue: work that a transaction leaves to be done
// after it commits, and work that comes back every so often.
//
// A job is a row written by the same transaction as what caused it, so it
// exists if and only if that was kept. Any process that knows its kind may take
// it. Taking moves run_at to the end of a lease and counts the attempt, so the
// job of a process that died comes back by itself. A job therefore runs at least
// once: workers must be idempotent. Success deletes the row; failure waits,
// longer each time, and after the last attempt the row stays, marked as failed,
// for an operator to see, retry or discard.
//
// Arguments are stored as they are until the job is done, so they hold ids and
// never personal data. So do error messages, which are kept beside the job.
//
// It owns the table job.
package job
