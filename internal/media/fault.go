package media

import (
	"errors"

	"convoke/internal/fault"
)

// Fault says beside a form's field what is wrong with a picture, for forms whose
// other fields are stored before it. Other errors come back as they are.
func Fault(field string, err error) error {
	say := func(code, msg string) error {
		return fault.Because(fault.Invalid(fault.Field(field, code, msg)), err)
	}
	switch {
	case errors.Is(err, ErrTooLarge):
		return say("picture.large", "All else is saved, but the picture is larger than this server takes. Please send a smaller one.")
	case errors.Is(err, ErrTooManyPixels):
		return say("picture.pixels", "All else is saved, but the picture has too many pixels. Please send a smaller one.")
	case errors.Is(err, ErrNotPicture):
		return say("picture.type", "All else is saved, but that file is not a JPEG, PNG, GIF or WebP picture.")
	case errors.Is(err, ErrBroken):
		return say("picture.broken", "All else is saved, but the picture is broken and cannot be read.")
	}
	return err
}
