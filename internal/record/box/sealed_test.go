package box_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
	"convoke/internal/record/verify"
)
