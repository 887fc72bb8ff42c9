package bench

import (
	"bufio"
	"cmp"
	"fmt"
	"html/template"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"convoke/internal/feature/events"
	"convoke/internal/geo"
)

// worldSeed is the same in every run, so that runs compare.
const worldSeed = 1

// Shape of the synthetic events.
const (
	worldYears = 2      // before and after the middle
	vocabulary = 20_000 // different words
	venues     = 40     // places of a town at which events are held
	spread     = 0.06   // degrees around a town's middle
)

// kindShare is how often each kind occurs, in the words of a table.
var kindShare = [...]struct {
	kind  string
	parts int
}{
	{"rally", 40}, {"march", 15}, {"vigil", 8}, {"picket", 6}, {"meeting", 8}, {"training", 7}, {"assembly", 6},
	{"mutual_aid", 5}, {"strike", 3}, {"teach_in", 2},
}

// world makes events. The same seed makes the same world.
type world struct {
	towns  []geo.Place
	sum    []int // of people up to and with each town
	words  []string
	zipf   []float64 // cumulated
	kinds  []string
	seed   uint64
	middle time.Time // the day around which events lie
}

// newWorld finds towns by their first letters: the gazetteer answers the most
// populous first, so all larger ones are among them.
func newWorld(places *geo.Gazetteer, middle time.Time, seed uint64) *world {
	w := &world{seed: seed, middle: middle.UTC().Truncate(24 * time.Hour)}
	seen := map[string]bool{}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			for _, p := range places.Find(string(a)+string(b), 100) {
				if l := p.Label(); p.Precision == geo.PrecisionLocality && p.Population > 0 && !seen[l] {
					seen[l] = true
					w.towns = append(w.towns, p)
				}
			}
		}
	}
	slices.SortFunc(w.towns, func(a, b geo.Place) int {
		return cmp.Or(-cmp.Compare(a.Population, b.Population), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Point.Lat, b.Point.Lat))
	})
	total := 0
	for _, t := range w.towns {
		total += t.Population
		w.sum = append(w.sum, total)
	}
	for _, k := range kindShare {
		w.kinds = append(w.kinds, slices.Repeat([]string{k.kind}, k.parts)...)
	}
	w.makeWords()
	return w
}

// makeWords gives each rank a word of its own and a share that falls as one over
// the rank, which is how words of real texts are spread (Zipf's law).
func (w *world) makeWords() {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	sum := 0.0
	for i := range vocabulary {
		var b strings.Builder
		for n := i + 1; n > 0; n /= len(consonants) * len(vowels) {
			r := n % (len(consonants) * len(vowels))
			b.WriteByte(consonants[r%len(consonants)])
			b.WriteByte(vowels[r/len(consonants)])
		}
		b.WriteString("n") // never a word of the table's own
		w.words = append(w.words, b.String())
		sum += 1 / float64(i+1)
		w.zipf = append(w.zipf, sum)
	}
	for i := range w.zipf {
		w.zipf[i] /= sum
	}
}

// town draws one: large ones as often as they have people.
func (w *world) town(r *rand.Rand) *geo.Place {
	n := r.IntN(w.sum[len(w.sum)-1])
	return &w.towns[sort.SearchInts(w.sum, n+1)]
}

func (w *world) word(r *rand.Rand) string {
	i := sort.SearchFloat64s(w.zipf, r.Float64())
	return w.words[min(i, len(w.words)-1)]
}

func (w *world) sentence(b []byte, r *rand.Rand, n int) []byte {
	for i := range n {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, w.word(r)...)
	}
	return b
}

// rand is a stream of chance of its own for each purpose.
func (w *world) rand(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(w.seed, purpose)) } //nolint:gosec // no secrets here

// firstDay and days are when the events are.
func (w *world) firstDay() time.Time { return w.middle.AddDate(-worldYears, 0, 0) }

func (w *world) days() int {
	return int(w.middle.AddDate(worldYears, 0, 0).Sub(w.firstDay()) / (24 * time.Hour))
}

const tableHeader = "id,date,locality,region,country,place,lat,lon,event_type,title,organizations,claims\n"

// table writes n events as a table in our own layout, in the order of their
// days, as a history is imported.
func (w *world) table(out io.Writer, n int) error {
	b := bufio.NewWriterSize(out, 1<<16)
	if _, err := b.WriteString(tableHeader); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	r := w.rand(1)
	first, days := w.firstDay(), w.days()
	var line []byte
	for i := range n {
		day := first.AddDate(0, 0, int(int64(i)*int64(days)/int64(n)))
		line = w.row(line[:0], r, i, day)
		if _, err := b.Write(line); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

func (w *world) row(b []byte, r *rand.Rand, i int, day time.Time) []byte {
	t := w.town(r)
	b = append(b, 'e')
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, ',')
	b = day.AppendFormat(b, time.DateOnly)
	for _, s := range []string{t.Name, t.Region, t.Country} {
		b = append(b, `,"`...)
		b = append(b, strings.ReplaceAll(s, `"`, "")...)
		b = append(b, '"')
	}
	v := r.IntN(venues)
	p := venue(t.Point, v)
	b = append(b, ",Square "...)
	b = strconv.AppendInt(b, int64(v+1), 10)
	b = append(b, ',')
	b = strconv.AppendFloat(b, p.Lat, 'f', 5, 64)
	b = append(b, ',')
	b = strconv.AppendFloat(b, p.Lon, 'f', 5, 64)
	b = append(b, ',')
	b = append(b, w.kinds[r.IntN(len(w.kinds))]...)
	b = append(b, ',')
	b = w.sentence(b, r, 5)
	b = append(b, ',')
	b = w.sentence(b, r, 2)
	b = append(b, ',')
	b = w.sentence(b, r, 12)
	return append(b, '\n')
}

// event is one of n, as an import would have made it of a row, at a time of its
// day.
func (w *world) event(r *rand.Rand, i, n int) events.Event {
	t := w.town(r)
	v := r.IntN(venues)
	start := w.firstDay().Add(time.Duration(float64(i) / float64(n) * float64(w.days()*24) * float64(time.Hour))).Truncate(time.Minute)
	text := string(w.sentence(nil, r, 12))
	return events.Event{
		UID: "e" + strconv.Itoa(i), Title: string(w.sentence(nil, r, 5)), Organizer: string(w.sentence(nil, r, 2)),
		Description: text, HTML: template.HTML("<p>" + text + "</p>\n"), //nolint:gosec // made-up letters
		Kind: events.Kind(w.kinds[r.IntN(len(w.kinds))]), State: events.Confirmed, Start: start, End: start.Add(2 * time.Hour),
		Zone: t.Zone,
		Where: events.Where{
			Place: "Square " + strconv.Itoa(v+1), Locality: t.Name, Region: t.Region, Country: t.Country,
			Point: venue(t.Point, v), HasPoint: true, Precise: geo.PrecisionExact,
		},
	}
}

// venue is the n-th place of a town, on a spiral around its middle.
func venue(at geo.Point, n int) geo.Point {
	angle, far := float64(n)*2.4, spread*math.Sqrt(float64(n)/venues)
	lat := max(-85, min(85, at.Lat+far*math.Sin(angle)))
	lon := at.Lon + far*math.Cos(angle)/math.Max(0.2, math.Cos(at.Lat*math.Pi/180))
	if lon > 180 {
		lon -= 360
	} else if lon < -180 {
		lon += 360
	}
	return geo.Point{Lat: lat, Lon: lon}
}
