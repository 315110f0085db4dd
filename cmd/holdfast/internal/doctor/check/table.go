package check

// Checks are all checks, by section.
var Checks = []Check{
	{ID: "unknown-plugin", Section: corefiles, Level: Wrong, server: unknownPlugin,
		Title: "the binary has every plugin that the Corefile uses"},
	{ID: "zone-word", Section: corefiles, Level: Warning, server: zoneWord,
		Title: "what ttlfloor and stalecheck take as zones are zones"},

	{ID: "grace-period", Section: shutdown, Level: Wrong, server: gracePeriod,
		Title: "the grace period is longer than a shutdown takes"},
	{ID: "lame-duck", Section: shutdown, Level: Wrong, server: lameDuck,
		Title: "the lame duck is longer than the readiness probe takes to notice"},
	{ID: "rollout", Section: shutdown, Level: Wrong, server: rollout,
		Title: "a rollout leaves enough servers in service"},

	{ID: "readiness-probe", Section: probes, Level: Wrong, server: readinessProbe,
		Title: "the readiness probe asks the right endpoint"},
	{ID: "liveness-probe", Section: probes, Level: Wrong, server: livenessProbe,
		Title: "the liveness probe only asks whether the process is alive"},

	{ID: "min-peers", Section: peers, Level: Wrong, server: minPeers,
		Title: "there are at least min_peers peers"},
	{ID: "min-peers-percentage", Section: peers, Level: Warning, server: minPeersPercentage,
		Title: "min_peers allows for pods that come back with another address"},
	{ID: "peers-service", Section: peers, Level: Wrong, server: peersService,
		Title: "the Service of the peers includes every server"},

	{ID: "one-replica", Section: redundancy, Level: Wrong, server: oneReplica,
		Title: "there is more than one server"},
	{ID: "same-node", Section: redundancy, Level: Warning, server: sameNode,
		Title: "servers are kept on different nodes"},
	{ID: "disruption-budget", Section: redundancy, Level: Warning, server: disruptionBudget,
		Title: "a disruption budget limits evictions, and allows some"},

	{ID: "canary-cached", Section: data, Level: Warning, server: canaryCached,
		Title: "canaries are not answered from a cache"},
	{ID: "heartbeat-writer", Section: data, Level: Warning, server: heartbeatWriter,
		Title: "something writes the heartbeat"},

	{ID: "kubeadm-upgrade", Section: upkeep, Level: Wrong, server: kubeadmUpgrade,
		Title: "kubeadm upgrade does not mistake the image for CoreDNS's own"},
	{ID: "certificate-expiry", Section: upkeep, Level: Wrong, all: certificateExpiry,
		Title: "certificates stay valid for a while"},
	{ID: "manifest-fields", Section: upkeep, Level: Warning, all: manifestFields,
		Title: "manifests have only fields that the API knows, each once"},

	{ID: "live-answers", Section: live, Level: Warning, live: liveAnswers,
		Title: "every known server answers"},
	{ID: "live-fit", Section: live, Level: Wrong, live: liveFit,
		Title: "servers are fit, and in service"},
	{ID: "live-ready", Section: live, Level: Warning, live: liveReady,
		Title: "somebody reads /ready"},
	{ID: "live-peers", Section: live, Level: Wrong, live: livePeers,
		Title: "servers know and reach each other"},
	{ID: "live-min-peers", Section: live, Level: Wrong, live: liveMinPeers,
		Title: "servers know at least min_peers peers"},
	{ID: "live-clocks", Section: live, Level: Wrong, live: liveClocks,
		Title: "clocks agree"},
	{ID: "live-versions", Section: live, Level: Warning, live: liveVersions,
		Title: "servers run the same version"},
	{ID: "live-observe", Section: live, Level: Wrong, live: liveObserve,
		Title: "all servers observe, or none does"},
	{ID: "live-zones", Section: live, Level: Warning, live: liveZones,
		Title: "the age of every zone is known"},
	{ID: "live-stale", Section: live, Level: Wrong, live: liveStale,
		Title: "no zone is stale"},
	{ID: "live-primaries", Section: live, Level: Warning, live: livePrimaries,
		Title: "a primary of every zone answers"},
}

// Sections.
const (
	corefiles  = "Corefile"
	shutdown   = "Shutdown"
	probes     = "Probes"
	peers      = "Peers"
	redundancy = "Redundancy"
	data       = "Data"
	upkeep     = "Upkeep"
	live       = "Running servers"
)
