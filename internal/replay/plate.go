package replay

import (
	"hash/fnv"
	"strings"
)

// Synthetic plates are ordinary blue ones of GA 36-2018: province, issuing letter and five characters. The
// last character is a check over all others, so two plates never differ in one character alone: a server
// that takes such plates for misreadings of one another has nothing to suspect.
const (
	provinces  = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
	characters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
	plateColor = "BLUE"

	// Stays and accounts have issuing letters of their own, so their plates never meet.
	lettersOfStays    = "ABCDEFGHJKLMNPQRSTUVWX"
	lettersOfAccounts = "Y"

	// freeCharacters of a plate are neither province, letter nor check.
	freeCharacters = 4
	// stride is a prime that divides no number of plates, so multiples of it reach every plate once.
	stride = 15_485_863
)

var provinceRunes = []rune(provinces)

// plateOf is the plate of a row of a lot, one for each row. Lots begin at places of their own.
func plateOf(set set, lotCode string, row int) string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(set.name + "|" + lotCode)) // a hash never fails
	all := plateCount(lettersOfStays)
	return encodePlate((hash.Sum64()%all+uint64(row)%all*stride)%all, lettersOfStays)
}

// plateOfAccount is the plate of an account's vehicle, one for each account.
func plateOfAccount(number int) string {
	all := plateCount(lettersOfAccounts)
	return encodePlate(uint64(number)*stride%all, lettersOfAccounts)
}

func plateCount(letters string) uint64 {
	count := uint64(len(provinceRunes) * len(letters))
	for range freeCharacters {
		count *= uint64(len(characters))
	}
	return count
}

// encodePlate writes a number below plateCount as a plate.
func encodePlate(number uint64, letters string) string {
	take := func(base int) int {
		digit := number % uint64(base)
		number /= uint64(base)
		return int(digit)
	}
	var plate strings.Builder
	province, letter := take(len(provinceRunes)), take(len(letters))
	plate.WriteRune(provinceRunes[province])
	plate.WriteByte(letters[letter])
	sum := province + strings.IndexByte(characters, letters[letter])
	for range freeCharacters {
		c := take(len(characters))
		plate.WriteByte(characters[c])
		sum += c
	}
	plate.WriteByte(characters[sum%len(characters)])
	return plate.String()
}
