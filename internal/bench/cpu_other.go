//go:build !unix

package bench

import (
	"os"
	"time"
)

// processorTime is not told here.
func processorTime() time.Duration { return 0 }

// peakOf is not told here.
func peakOf(*os.ProcessState) float64 { return 0 }
