package vault_test

import (
	"testing"

	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
)

func BenchmarkOpenAPlate(b *testing.B) {
	v, _ := vaulttest.New(b, zhang)
	sealed := sealForBench(b, v)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(b.Context(), zhang, plateField, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenAPlateWithAColdKey(b *testing.B) {
	v, _ := vaulttest.New(b, zhang)
	sealed := sealForBench(b, v)
	b.ReportAllocs()
	for b.Loop() {
		v.Forget(zhang)
		if _, err := v.Open(b.Context(), zhang, plateField, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealAPlate(b *testing.B) {
	v, _ := vaulttest.New(b, zhang)
	b.ReportAllocs()
	for b.Loop() {
		sealForBench(b, v)
	}
}

func BenchmarkIndexAPlate(b *testing.B) {
	v, _ := vaulttest.New(b)
	b.ReportAllocs()
	for b.Loop() {
		v.Index("plate", plate)
	}
}

func TestOpeningAPlateIsCheap(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	sealed := seal(t, v, zhang, plate)
	allocs := testing.AllocsPerRun(100, func() { mustOpenQuietly(t, v, sealed) })
	if allocs > 3 {
		t.Errorf("%v allocations, a page opens twenty plates", allocs)
	}
}

func mustOpenQuietly(t *testing.T, v *vault.Vault, sealed vault.Sealed) {
	if _, err := v.Open(t.Context(), zhang, plateField, sealed); err != nil {
		t.Fatal(err)
	}
}

func sealForBench(b *testing.B, v *vault.Vault) vault.Sealed {
	sealed, err := v.SealString(b.Context(), zhang, plateField, plate)
	if err != nil {
		b.Fatal(err)
	}
	return sealed
}
