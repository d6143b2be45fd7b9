package replay

import (
	"encoding/json"
	"fmt"
	"time"
)

// documentsOf are the two papers of an account's person, as the server's sandbox for documents reads
// them: JSON instead of pictures. No such person exists.
func documentsOf(a account) (licence, card []byte, err error) {
	const holder = "测试用户"
	licence, err = json.Marshal(map[string]string{
		"plate": a.plate, "owner": holder, "brandModel": "测试牌",
		"vin":          "1M8GDM9AXKP042788", // the specimen of ISO 3779
		"engineNumber": fmt.Sprintf("T%08d", a.number),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("write driving licence: %w", err)
	}
	card, err = json.Marshal(map[string]string{"name": holder, "idNumber": residentID(a.number)})
	if err != nil {
		return nil, nil, fmt.Errorf("write identity card: %w", err)
	}
	return licence, card, nil
}

// residentID is a number in the form of GB 11643, another for each account below ten million: the region
// 330102, a day of birth from 1960 to 1987, a serial number and the check character.
func residentID(number int) string {
	const days = 10_000
	born := time.Date(1960, 1, 1+number%days, 0, 0, 0, 0, time.UTC)
	text := fmt.Sprintf("330102%s%03d", born.Format("20060102"), number/days)
	sum := 0
	for i, weight := range [...]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += weight * int(text[i]-'0')
	}
	return text + string("10X98765432"[sum%11])
}
