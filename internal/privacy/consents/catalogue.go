package consents

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"parkbff/ent/consent"
	"parkbff/internal/language"
)

// published is the policy as it is published: what is agreed to, in whose words, since which version.
//
//go:embed catalogue.json
var published []byte

// Catalogue is what can be agreed to, in every version of the policy. It is read at the start and never
// changes; a version may lie in the future and is in force from its day on.
type Catalogue struct {
	document   string
	controller string
	versions   []version // by the day on which they come into force
	purposes   []purpose
}

type version struct {
	Version     string    `json:"version"`
	EffectiveAt time.Time `json:"effectiveAt"`
}

type purpose struct {
	Code       consent.Purpose `json:"code"`
	Separate   bool            `json:"separate"`
	PerVehicle bool            `json:"perVehicle"`
	Texts      []text          `json:"texts"` // oldest first
}

// text is what a purpose is from one version of the policy on.
type text struct {
	ChangedIn   string    `json:"changedIn"`
	Source      string    `json:"source"`
	Name        bilingual `json:"name"`
	Description bilingual `json:"description"`
}

type bilingual struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

func (b bilingual) in(l language.Language) string {
	if l == language.Chinese {
		return b.Zh
	}
	return b.En
}

// Published answers the catalogue that the program was built with. An error is a mistake in that file.
func Published() (*Catalogue, error) { return ParseCatalogue(published) }

// ParseCatalogue reads a catalogue: JSON with document, controller, versions [{version, effectiveAt}] and
// purposes [{code, separate, perVehicle, texts [{changedIn, source, name{zh,en}, description{zh,en}}]}].
// Every purpose of the contract must be there, with every text whole and its first one in the first version,
// and nothing that is not known.
func ParseCatalogue(raw []byte) (*Catalogue, error) {
	var file struct {
		Document   string    `json:"document"`
		Controller string    `json:"controller"`
		Versions   []version `json:"versions"`
		Purposes   []purpose `json:"purposes"`
	}
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&file); err != nil {
		return nil, fmt.Errorf("consents: read the catalogue: %w", err)
	}
	if strict.More() {
		return nil, errors.New("consents: the catalogue goes on after its end")
	}
	c := &Catalogue{document: file.Document, controller: file.Controller, versions: file.Versions, purposes: file.Purposes}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("consents: the catalogue: %w", err)
	}
	return c, nil
}

func (c *Catalogue) check() error {
	if c.document == "" || c.controller == "" || len(c.versions) == 0 {
		return errors.New("document, controller or versions are missing")
	}
	for i, v := range c.versions {
		if v.Version == "" || c.rank(v.Version) != i {
			return fmt.Errorf("version %q is empty or there twice", v.Version)
		}
		if v.EffectiveAt.IsZero() || i > 0 && !v.EffectiveAt.After(c.versions[i-1].EffectiveAt) {
			return fmt.Errorf("version %q does not come into force after the one before it", v.Version)
		}
	}
	for _, code := range Purposes() {
		if n := len(c.named(code)); n != 1 {
			return fmt.Errorf("purpose %s is there %d times", code, n)
		}
	}
	for _, p := range c.purposes {
		if err := c.checkPurpose(p); err != nil {
			return fmt.Errorf("purpose %q: %w", p.Code, err)
		}
	}
	return nil
}

func (c *Catalogue) checkPurpose(p purpose) error {
	if consent.PurposeValidator(p.Code) != nil {
		return errors.New("is none of the contract's")
	}
	if len(p.Texts) == 0 || c.rank(p.Texts[0].ChangedIn) != 0 {
		return errors.New("has no text in the first version")
	}
	last := -1
	for _, t := range p.Texts {
		rank := c.rank(t.ChangedIn)
		if rank <= last {
			return fmt.Errorf("text of version %q: no such version, or not after the text before it", t.ChangedIn)
		}
		last = rank
		if t.Source == "" || t.Name.Zh == "" || t.Name.En == "" || t.Description.Zh == "" || t.Description.En == "" {
			return fmt.Errorf("text of version %q is not whole", t.ChangedIn)
		}
	}
	return nil
}

// Purposes lists the contract's purposes.
func Purposes() []consent.Purpose {
	return []consent.Purpose{
		consent.PurposePARKING_CORE, consent.PurposeMOVEMENT_TRACK, consent.PurposeTHIRD_PARTY_ACCOUNT,
		consent.PurposeAFFILIATE_SHARING, consent.PurposePROMOTIONS, consent.PurposeMEMBERSHIP,
	}
}

// InForce is the version of the policy at a moment; the first one before that came into force.
func (c *Catalogue) InForce(at time.Time) string { return c.versions[c.rankAt(at)].Version }

// InForceSince is when the version that is in force at a moment took effect.
func (c *Catalogue) InForceSince(at time.Time) time.Time { return c.versions[c.rankAt(at)].EffectiveAt }

// Notices are the purposes as they are at a moment, agreed to by nobody.
func (c *Catalogue) Notices(at time.Time, l language.Language) []*PurposeNotice {
	all := make([]*PurposeNotice, len(c.purposes))
	for i, p := range c.purposes {
		t := c.text(p, at)
		all[i] = &PurposeNotice{
			Purpose: p.Code, Name: t.Name.in(l), Description: t.Description.in(l), PolicyVersion: t.ChangedIn,
			Separate: p.Separate, PerVehicle: p.PerVehicle, Source: t.Source,
		}
	}
	return all
}

// Counts tells whether a consent to a purpose in a version of the policy holds at a moment: that version is in
// force or was, and the purpose has not changed since (R078).
func (c *Catalogue) Counts(code consent.Purpose, version string, at time.Time) bool {
	return slices.Contains(c.Counting(code, at), version)
}

// Counting lists the versions in which a consent to a purpose counts at a moment.
func (c *Catalogue) Counting(code consent.Purpose, at time.Time) []string {
	p, ok := c.purpose(code)
	if !ok {
		return nil
	}
	var names []string
	for _, v := range c.versions[c.rank(c.text(p, at).ChangedIn) : c.rankAt(at)+1] {
		names = append(names, v.Version)
	}
	return names
}

// text is what a purpose is at a moment.
func (c *Catalogue) text(p purpose, at time.Time) text { return c.textIn(p, c.InForce(at)) }

// textIn is what a purpose is in a version.
func (c *Catalogue) textIn(p purpose, version string) text {
	rank, found := c.rank(version), p.Texts[0]
	for _, t := range p.Texts[1:] {
		if c.rank(t.ChangedIn) <= rank {
			found = t
		}
	}
	return found
}

func (c *Catalogue) purpose(code consent.Purpose) (purpose, bool) {
	found := c.named(code)
	if len(found) == 0 {
		return purpose{}, false
	}
	return found[0], true
}

func (c *Catalogue) named(code consent.Purpose) []purpose {
	var found []purpose
	for _, p := range c.purposes {
		if p.Code == code {
			found = append(found, p)
		}
	}
	return found
}

// rank is a version's place, or -1.
func (c *Catalogue) rank(name string) int {
	return slices.IndexFunc(c.versions, func(v version) bool { return v.Version == name })
}

func (c *Catalogue) rankAt(at time.Time) int {
	rank := 0
	for i, v := range c.versions {
		if !v.EffectiveAt.After(at) {
			rank = i
		}
	}
	return rank
}
