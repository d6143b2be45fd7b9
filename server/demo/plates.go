package demo

import (
	"strings"

	"parkbff/internal/cnid"
)

// symbols are what a plate may bear after its head (GA 36-2018: no I, no O).
const symbols = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// tail answers the n-th ending of so many characters. The last character is a check: all of them, by
// their places in symbols, add up to a multiple of its length. So two endings differ in at least two
// characters, and one that is misread is never another car's.
func tail(n, length int, alphabet string) string {
	base := len(alphabet)
	text, sum := make([]byte, length), 0
	for i := range length - 1 {
		text[i] = alphabet[n%base]
		sum += n % base
		n /= base
	}
	text[length-1] = alphabet[(base-sum%base)%base]
	return string(text)
}

// scattered spreads neighbouring numbers, so that the plates of a lot do not look like a series. It is a
// permutation of the first 34^4 numbers, because the factor shares no divisor with 34.
func scattered(n int) int {
	const all = 34 * 34 * 34 * 34
	return (n*917_363 + 402_337) % all
}

// bluePlate answers the n-th ordinary plate of a head such as 粤B. Numbers are good below 34^4, and
// plates of different numbers differ in at least two characters whatever their heads.
func bluePlate(head string, n int) (cnid.Plate, error) {
	return cnid.ParsePlate(head+tail(scattered(n), 5, symbols), cnid.Blue)
}

// greenPlate answers the n-th plate of a small electric car. Numbers are good below 10^4.
func greenPlate(head string, n int) (cnid.Plate, error) {
	return cnid.ParsePlate(head+"D"+tail((n*7_919+1_303)%10_000, 5, symbols[:10]), cnid.Green)
}

// misread answers a plate with one character read wrongly, such that nobody but its own car in the list
// is that near to it. It answers false when there is none.
func misread(plate cnid.Plate, all []cnid.Plate, from int) (cnid.Plate, bool) {
	text := plate.Text()
	for i := range len(symbols) {
		wrong := symbols[(from+i)%len(symbols)]
		read, err := cnid.ParsePlate(text[:len(text)-1]+string(wrong), plate.Color())
		if err == nil && read != plate && nearest(read, all) == 1 {
			return read, true
		}
	}
	return cnid.Plate{}, false
}

// nearest counts the plates that a reading could be meant for.
func nearest(read cnid.Plate, all []cnid.Plate) int {
	n := 0
	for _, p := range all {
		if p == read || p.NearTo(read) {
			n++
		}
	}
	return n
}

// cityOf is where cars with such a plate drive in the demo.
func cityOf(plate cnid.Plate) string {
	for head, city := range heads {
		if strings.HasPrefix(plate.Text(), head) {
			return city
		}
	}
	return ""
}

// heads of plates and the cities that issue them.
var heads = map[string]string{"粤B": "深圳", "浙A": "杭州", "京N": "北京", "川A": "成都"}
