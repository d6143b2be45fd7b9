package paper_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/paper"
)

const (
	blueNumber = "26442000000123456789"
	redNumber  = "26442000000123456790"
)

func blue() paper.Invoice {
	return paper.Invoice{
		Number:   blueNumber,
		IssuedAt: time.Date(2026, 11, 21, 18, 30, 0, 0, time.UTC), // the 22nd in Shanghai
		Buyer:    paper.Party{Name: "深圳市捷顺科技实业股份有限公司", TaxNumber: "91440300279404163G"},
		Seller: paper.Party{
			Name: "深圳市示例停车管理有限公司", TaxNumber: "91440300552114241P", Address: "深圳市福田区梅林街道1号", Phone: "0755-12345678",
			Bank: "招商银行深圳分行梅林支行", Account: "755900000010001",
		},
		Lines:  []paper.Line{{Name: "*经营租赁*停车费", Unit: "次", Quantity: 3, Fen: 2752, TaxFen: 248, Rate: 90}},
		Remark: "停车订单：PK2026112100001、PK2026112100002、PK2026112100003\n车牌：粤B***45",
		Issuer: "王小明",
	}
}

func red() paper.Invoice {
	i := blue()
	i.Number, i.Reverses, i.Confirmation = redNumber, blueNumber, "44030026111002345678"
	for n, line := range i.Lines {
		i.Lines[n].Quantity, i.Lines[n].Fen, i.Lines[n].TaxFen = -line.Quantity, -line.Fen, -line.TaxFen
	}
	return i
}

func tenLines() paper.Invoice {
	i := blue()
	i.Lines = nil
	for n := range 10 {
		i.Lines = append(i.Lines, paper.Line{Name: "*经营租赁*停车费", Model: fmt.Sprintf("小型车%d", n), Unit: "次", Quantity: int64(n + 1), Fen: 1376 * int64(n+1), TaxFen: 124 * int64(n+1), Rate: 90})
	}
	return i
}

func longNames() paper.Invoice {
	i := blue()
	i.Buyer = paper.Party{
		Name:      strings.Repeat("内蒙古自治区呼伦贝尔市莫力达瓦达斡尔族自治旗", 3) + "智慧停车产业投资运营管理（集团）股份有限责任公司第一分公司",
		TaxNumber: "91440300279404163G", Address: strings.Repeat("莫力达瓦达斡尔族自治旗尼尔基镇纳文大街", 4) + "一百二十三号", Phone: "0470-4612345-8001",
		Bank: "中国农业银行股份有限公司莫力达瓦达斡尔族自治旗支行纳文大街营业所", Account: "05310101040012345678901234567890",
	}
	i.Lines = []paper.Line{
		{Name: "*经营租赁*" + strings.Repeat("地下车库固定车位及充电桩配套服务费", 5), Model: "B3层VIP-A0001至VIP-A0099（含充电位）", Unit: "车位·月", Quantity: 123456, Fen: 98_765_432_101, TaxFen: 8_888_888_889, Rate: 90},
		{Name: "*经营租赁*Underground parking for internationalisation committees", Fen: 1, Rate: paper.Exempt},
	}
	i.Remark = strings.Repeat("停车订单：PK20261121000010001、", 12) + "车牌：粤B***45"
	i.Issuer = "阿卜杜拉·买买提艾力·吐尔逊江"
	return i
}

func press(t *testing.T) *paper.Press {
	t.Helper()
	p, err := paper.NewPress()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func render(t *testing.T, i paper.Invoice) []byte {
	t.Helper()
	pdf, err := press(t).Invoice(i)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

// read answers what a reader of the PDF copies out of it, without blanks and line breaks.
func read(t *testing.T, pdf []byte) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Fatal("these tests need pdftotext: install poppler-utils, or make poppler")
	}
	command := exec.CommandContext(t.Context(), "pdftotext", "-raw", "-enc", "UTF-8", "-", "-")
	var complaints bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(pdf), &complaints
	text, err := command.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("pdftotext: %v: %s", err, complaints.String())
	}
	return squeezed(string(text))
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

// holds fails when one of the words cannot be read.
func holds(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, squeezed(word)) {
			t.Errorf("%q cannot be read in %s", word, text)
		}
	}
}

func TestEveryFieldOfABlueInvoiceCanBeRead(t *testing.T) {
	text := read(t, render(t, blue()))
	holds(
		t, text, "电子发票（普通发票）", "发票号码："+blueNumber, "开票日期：2026年11月22日",
		"名称：深圳市捷顺科技实业股份有限公司", "统一社会信用代码/纳税人识别号：91440300279404163G",
		"名称：深圳市示例停车管理有限公司", "统一社会信用代码/纳税人识别号：91440300552114241P",
		"项目名称", "规格型号", "单位", "数量", "单价", "金额", "税率/征收率", "税额",
		"*经营租赁*停车费次3 9.17333333 27.52 9% 2.48", "¥27.52", "¥2.48", "价税合计（大写）", "叁拾圆整", "（小写）¥30.00",
		"销售方地址：深圳市福田区梅林街道1号；", "电话：0755-12345678；", "开户银行：招商银行深圳分行梅林支行；", "银行账号：755900000010001；",
		"停车订单：PK2026112100001、PK2026112100002、PK2026112100003", "车牌：粤B***45", "开票人：王小明",
	)
	for _, never := range []string{"负数", "红冲", "样张", "（个人）", "页", "〓"} {
		if strings.Contains(text, never) {
			t.Errorf("%s stands on it", never)
		}
	}
}

func TestARedInvoiceNamesTheBlueOneAndItsAmountsAreBelowZero(t *testing.T) {
	text := read(t, render(t, red()))
	holds(
		t, text, "发票号码："+redNumber, "被红冲蓝字数电发票号码："+blueNumber, "红字发票信息确认单编号：44030026111002345678",
		"-3 9.17333333 -27.52 9% -2.48", "¥-27.52", "¥-2.48", "（负数）叁拾圆整", "¥-30.00",
	)
}

func TestAPersonIsMarkedAndASpecimenSaysSo(t *testing.T) {
	i := blue()
	i.Buyer, i.Specimen = paper.Party{Name: "张三", NaturalPerson: true}, true
	holds(t, read(t, render(t, i)), "名称：张三（个人）", "样张", "不作税务凭证")
}

func TestTenLinesStandOnOneSheetAndMoreGoOnWithSums(t *testing.T) {
	text := read(t, render(t, tenLines()))
	if strings.Contains(text, "页") || strings.Count(text, "*经营租赁*停车费") != 10 {
		t.Errorf("ten lines: %s", text)
	}
	holds(t, text, "小型车9", "合计¥756.80¥68.20", "捌佰贰拾伍圆整")
	i := tenLines()
	for range 2 {
		i.Lines = append(i.Lines, i.Lines...)
	}
	text = read(t, render(t, i))
	holds(t, text, "共5页第1页", "共5页第5页", "小计", "合计¥3027.20¥272.80", "叁仟叁佰圆整")
	for word, want := range map[string]int{"*经营租赁*停车费": 40, "小计": 5, "叁仟叁佰圆整": 1, "发票号码": 5, "¥3300.00": 1} {
		if got := strings.Count(text, word); got != want {
			t.Errorf("%s stands %d times, not %d", word, got, want)
		}
	}
}

func TestLongNamesAreWholeAndStayInTheirPlaces(t *testing.T) {
	i := longNames()
	pdf := render(t, i)
	text := read(t, pdf)
	holds(
		t, text, "名称："+i.Buyer.Name, "地址："+i.Buyer.Address, i.Buyer.Bank, i.Buyer.Account, i.Remark, i.Issuer, "123456 8000.05120051 987654321.01",
		"***", "免税", "壹拾亿柒仟陆佰伍拾肆万叁仟贰佰零玖圆玖角壹分",
	)
	if strings.Contains(text, "〓") {
		t.Error("a character is missing")
	}
	for _, word := range []string{i.Lines[0].Name, i.Lines[0].Model, i.Lines[1].Name} {
		for _, r := range squeezed(word) {
			if !strings.ContainsRune(text, r) {
				t.Errorf("%c of %s is missing", r, word)
			}
		}
	}
	inPlace(t, pdf)
}

// inPlace fails when any word on the first sheet lies across a line of the form.
func inPlace(t *testing.T, pdf []byte) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "pdftotext", "-bbox", "-", "-")
	command.Stdin = bytes.NewReader(pdf)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	const mm = 72 / 25.4
	seen := 0
	for line := range strings.Lines(string(out)) {
		var x1, y1, x2, y2 float64
		if n, _ := fmt.Sscanf(strings.TrimSpace(line), `<word xMin="%f" yMin="%f" xMax="%f" yMax="%f">`, &x1, &y1, &x2, &y2); n != 4 {
			continue
		}
		seen++
		middle := (y1 + y2) / 2 / mm
		for _, upright := range []struct{ x, top, bottom float64 }{{7, 0, 140}, {203, 0, 140}, {13, 29, 48}, {105, 29, 48}, {111, 29, 48}, {57, 100.5, 107.5}, {13, 107.5, 129}} {
			if middle > upright.top && middle < upright.bottom && x1 < upright.x*mm && x2 > upright.x*mm {
				t.Errorf("%s lies across the line at %v mm", strings.TrimSpace(line), upright.x)
			}
		}
		if x1 < 7*mm || x2 > 203*mm || y2 > 137*mm {
			t.Errorf("%s lies outside", strings.TrimSpace(line))
		}
	}
	if seen < 30 {
		t.Errorf("only %d words", seen)
	}
}

func TestACharacterThatNoFontHasIsSeenToBeMissing(t *testing.T) {
	i := blue()
	i.Buyer.Name = "张\U00030edd堃喆镕䶮㛃\t·O’Neil"
	holds(t, read(t, render(t, i)), "名称：张〓堃喆镕䶮㛃·O’Neil")
}

func TestEqualInvoicesAreEqualBytes(t *testing.T) {
	p := press(t)
	want, err := p.Invoice(longNames())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got, err := p.Invoice(longNames())
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("other bytes, %v", err)
			}
		})
	}
	all.Wait()
	if !bytes.Equal(render(t, longNames()), want) {
		t.Error("another press makes other bytes")
	}
	if other := render(t, blue()); bytes.Equal(other, want) || len(other) > 120<<10 {
		t.Errorf("%d bytes", len(other))
	}
}

func TestAnInvoiceThatCannotBeIsRefused(t *testing.T) {
	for field, spoil := range map[string]func(*paper.Invoice){
		"number":           func(i *paper.Invoice) { i.Number = "123" },
		"issuedAt":         func(i *paper.Invoice) { i.IssuedAt = time.Time{} },
		"issuer":           func(i *paper.Invoice) { i.Issuer = " " },
		"buyer.name":       func(i *paper.Invoice) { i.Buyer.Name = "" },
		"seller.name":      func(i *paper.Invoice) { i.Seller.Name = "" },
		"seller.taxNumber": func(i *paper.Invoice) { i.Seller.TaxNumber = "" },
		"lines":            func(i *paper.Invoice) { i.Lines = nil },
		"lines.0":          func(i *paper.Invoice) { i.Lines[0].Quantity = -1 },
		"reverses":         func(i *paper.Invoice) { i.Reverses = "12" },
	} {
		i := blue()
		spoil(&i)
		refused(t, i, paper.Invalid, field)
	}
	i := blue()
	i.Reverses = redNumber
	refused(t, i, paper.Invalid, "lines")
	i = red()
	i.Reverses = ""
	refused(t, i, paper.Invalid, "lines")
}

func TestWhatFindsNoRoomIsRefusedAndNotCutOff(t *testing.T) {
	for field, spoil := range map[string]func(*paper.Invoice){
		"buyer.name":       func(i *paper.Invoice) { i.Buyer.Name = strings.Repeat("捷", 1000) },
		"seller.taxNumber": func(i *paper.Invoice) { i.Seller.TaxNumber = strings.Repeat("9", 1000) },
		"remark":           func(i *paper.Invoice) { i.Remark = strings.Repeat("停", 3000) },
		"issuer":           func(i *paper.Invoice) { i.Issuer = strings.Repeat("王", 200) },
		"lines.0.name":     func(i *paper.Invoice) { i.Lines[0].Name = strings.Repeat("停", 1000) },
		"lines.0.unit":     func(i *paper.Invoice) { i.Lines[0].Unit = strings.Repeat("停", 20) },
		"lines":            func(i *paper.Invoice) { i.Lines = make([]paper.Line, 201) },
	} {
		i := blue()
		spoil(&i)
		refused(t, i, paper.TooLong, field)
	}
}

func refused(t *testing.T, i paper.Invoice, want error, field string) {
	t.Helper()
	pdf, err := press(t).Invoice(i)
	if !errors.Is(err, want) || fault.As(err).Field() != field || pdf != nil {
		t.Errorf("%s: %v at %q", field, err, fault.As(err).Field())
	}
}

func TestAnInvoiceIsNotPrintedByAccident(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("drawn", "invoice", blue())
	fmt.Fprintf(&out, "%v %+v %#v", blue(), blue(), blue())
	for _, secret := range []string{"捷顺", "91440300", "粤B"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s appears", secret)
		}
	}
}

// With PARKBFF_PAPERS naming a folder, the invoices of these tests are left there to be looked at.
func TestInvoicesCanBeLookedAt(t *testing.T) {
	folder := os.Getenv("PARKBFF_PAPERS")
	if folder == "" {
		folder = t.TempDir()
	}
	person := blue()
	person.Buyer, person.Specimen = paper.Party{Name: "张三", NaturalPerson: true}, true
	many := tenLines()
	many.Lines = append(many.Lines, many.Lines...)
	for name, i := range map[string]paper.Invoice{"blue": blue(), "red": red(), "ten": tenLines(), "long": longNames(), "person": person, "many": many} {
		if err := os.WriteFile(filepath.Join(folder, name+".pdf"), render(t, i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
