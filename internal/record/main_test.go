package record_test

import "context"

var ctx = context.Background()
