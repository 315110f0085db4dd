// Package verdict decides whether a server's copy of a zone is fresh, stale or of unknown
// age.
//
// It decides from what has been observed: the serials of the server itself and of its
// references (primaries and peers), the time in a heartbeat, and the time in the serial.
// A History (history.go) keeps these observations, above all when each newer serial was first
// seen (sightings.go), because two serials tell which is newer but not by how much. From the
// History each source makes a Finding (findings.go), and Judge, in this file, makes one Verdict
// of all findings. serial.go and heartbeat.go read times.
//
// The package has no clock, network, log or goroutine: every call that needs the time
// takes it as now. So the command holdfast can measure lag exactly as the plugin does.
package verdict

import (
	"slices"
	"time"
)

// Source is where the age of a zone comes from.
type Source int

// The sources. Backend is no setting: it says whether the zone is served at all.
const (
	Primary Source = iota
	Peers
	Heartbeat
	Serial
	Backend
	NumSources
)

var sourceNames = [NumSources]string{"primary", "peers", "heartbeat", "serial", "backend"}

func (s Source) String() string { return sourceNames[s] }

// Status says whether a zone is fresh or stale.
type Status int

// The statuses.
const (
	Unknown Status = iota
	Fresh
	Stale
	NumStatuses
)

var statusNames = [NumStatuses]string{"unknown", "fresh", "stale"}

func (s Status) String() string { return statusNames[s] }

// Service says whether the server's backend serves the zone.
type Service int

// Whether the zone is served.
const (
	Served Service = iota
	NotLoaded
	NoLongerServed // it was, and has expired
)

// Rules are the operator's settings for a zone.
type Rules struct {
	MaxAge       time.Duration    // above which it is stale
	Sources      [NumSources]bool // which count; Backend always does
	SerialFormat SerialFormat     // for the source Serial
}

// Verdict is what all sources together say about a zone.
type Verdict struct {
	Status   Status
	Source   Source // of Age, unless the status is Unknown
	Age      time.Duration
	Reason   Reason
	Text     string // the age and its reason, or why no source can tell
	Findings [NumSources]Finding
	Due      time.Time // when a source turns stale next if nothing happens; zero if none will
	Service  Service

	// Contact is when a primary last gave a usable answer or, if none has, was first asked; zero
	// if there is none. A zone may be fresh by another source while all primaries are silent.
	Contact time.Time

	// NewerElsewhere: a primary or peer that answers now has a newer serial, so that
	// another server can answer in this one's place.
	NewerElsewhere bool
}

// Judge decides on the zone by what has been observed until now. The zone is stale if any source
// says so, and unknown if no source can tell.
func (h *History) Judge(now time.Time) Verdict {
	v := Verdict{Service: h.service(), NewerElsewhere: h.newerElsewhere()}
	if h.rules.Sources[Primary] {
		v.Contact = h.contact.last()
	}
	v.Findings = [NumSources]Finding{
		Primary:   h.judgeReferences(Primary, now),
		Peers:     h.judgeReferences(Peers, now),
		Heartbeat: h.judgeHeartbeat(now),
		Serial:    h.judgeSerial(now),
		Backend:   h.judgeBackend(now),
	}
	for s := range NumSources {
		if !h.rules.Sources[s] && s != Backend {
			v.Findings[s] = Finding{}
			continue
		}
		f := &v.Findings[s]
		if due := now.Add(f.due); f.due > 0 && (v.Due.IsZero() || due.Before(v.Due)) {
			v.Due = due
		}
		status := Unknown
		switch {
		case f.Stale:
			status = Stale
		case f.Known:
			status = Fresh
		}
		if status > v.Status || (status == v.Status && f.Age > v.Age) {
			v.Status, v.Source, v.Age, v.Reason, v.Text = status, s, f.Age, f.Reason, f.Text
		}
	}
	if v.Status == Fresh && v.Service != Served {
		// However new the zone is, there are no answers of it to be fresh.
		v.Status, v.Source, v.Age, v.Reason = Unknown, 0, 0, ""
	}
	if v.Status == Unknown {
		v.Text = h.whyUnknown(&v)
	}
	return v
}

func (h *History) service() Service {
	switch {
	case h.own.failure != ServFail:
		return Served
	case h.own.known:
		return NoLongerServed
	}
	return NotLoaded
}

func (h *History) newerElsewhere() bool {
	if !h.own.known || h.own.unanswered() {
		return false // nobody knows what ours is now
	}
	return slices.ContainsFunc(h.references, func(r reference) bool { return r.Up() && NewerSerial(r.Serial, h.own.serial) })
}

// whyUnknown names each source that cannot tell, and why.
func (h *History) whyUnknown(v *Verdict) string {
	text := ""
	add := func(source, why string) {
		if text != "" {
			text += "; "
		}
		text += source + ": " + why
	}
	for s := range NumSources {
		if f := &v.Findings[s]; h.rules.Sources[s] && !f.Known {
			add(s.String(), string(f.Reason))
			for _, r := range h.references {
				if f.Reason == NoAnswer && r.Source == s && r.Failure != "" {
					text += " (" + r.Address + ": " + string(r.Failure) + ")"
				}
			}
		}
	}
	if h.own.failure != "" {
		add("backend", string(h.own.failure))
	}
	return text
}
