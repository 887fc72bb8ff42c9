package main

import (
	"fmt"
	"strconv"
	"strings"

	"convoke/internal/geo/gazfile"
)

// zipRanges says which state the first three digits of a ZIP mean. Exceptions
// to a range come before it.
const zipRanges = "005 NY|006-007 PR|008 VI|009 PR|010-027 MA|028-029 RI|030-038 NH|039-049 ME|055 MA|050-059 VT|" +
	"060-069 CT|070-089 NJ|100-149 NY|150-196 PA|197-199 DE|201 VA|200-205 DC|206-219 MD|220-246 VA|247-268 WV|" +
	"270-289 NC|290-299 SC|300-319 GA|320-349 FL|350-369 AL|370-385 TN|386-397 MS|398-399 GA|400-427 KY|430-459 OH|" +
	"460-479 IN|480-499 MI|500-528 IA|530-549 WI|550-567 MN|570-577 SD|580-588 ND|590-599 MT|600-629 IL|630-658 MO|" +
	"660-679 KS|680-693 NE|700-714 LA|716-729 AR|733 TX|730-749 OK|750-799 TX|800-816 CO|820-831 WY|832-838 ID|" +
	"840-847 UT|850-865 AZ|870-884 NM|885 TX|889-898 NV|900-961 CA|967-968 HI|969 GU|970-979 OR|980-994 WA|995-999 AK"

// stateOfZip gives the postal code of the state or territory.
func stateOfZip(code int) (string, error) {
	switch {
	case code == 6390: // Fishers Island is served from Connecticut
		return "NY", nil
	case code >= 96950 && code <= 96952:
		return "MP", nil
	}
	for r := range strings.SplitSeq(zipRanges, "|") {
		span, state, _ := strings.Cut(r, " ")
		first, last, found := strings.Cut(span, "-")
		if !found {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return "", err
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return "", err
		}
		if code/100 >= from && code/100 <= to {
			return state, nil
		}
	}
	return "", fmt.Errorf("no state for postcode %05d", code)
}

func (b *builder) addZips(rows []zipRow) error {
	for _, r := range rows {
		state, err := stateOfZip(r.code)
		if err != nil {
			return err
		}
		zone, err := b.zones.at(r.point)
		if err != nil {
			return err
		}
		lat, lon := r.e6()
		b.Zips = append(b.Zips, gazfile.Zip{Code: r.code, LatE6: lat, LonE6: lon, Region: state, Zone: zone})
		country, region := usArea(state)
		b.extend(country, region, r.point)
	}
	return nil
}
