package probe

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var (
	byServer = []string{"zone", "vantage", "server", "name", "transport"}

	upDesc      = desc("server_up", "1 if the server gave a usable answer in the last round.", byServer...)
	lagDesc     = desc("lag_seconds", "For how long another server has had newer data than this one.", byServer...)
	serialDesc  = desc("serial", "SOA serial that the server last answered with.", byServer...)
	latencyDesc = desc("latency_seconds", "Time to the first answer in the last round.", byServer...)
	sentDesc    = desc("queries_total", "Queries to the server.", byServer...)
	lostDesc    = desc("lost_queries_total", "Queries to the server that got no answer.", byServer...)
	ageDesc     = desc("heartbeat_age_seconds", "Age of a heartbeat record on the server.", append(byServer, "record")...)
	freshDesc   = desc("fresh_servers", "Servers that are fresh, over each transport.", "zone", "vantage")
	roundDesc   = desc("round_timestamp_seconds", "When the last round was over, in Unix seconds.", "zone", "vantage")
	writeDesc   = desc("write_up", "1 if the last round could write its heartbeat.", "zone", "vantage")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("holdfast_probe_"+name, help, labels, nil)
}

// exporter shows the last round.
type exporter struct{ last atomic.Pointer[Round] }

func (e *exporter) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, lagDesc, serialDesc, latencyDesc, sentDesc, lostDesc, ageDesc, freshDesc, roundDesc, writeDesc} {
		descs <- d
	}
}

func (e *exporter) Collect(metrics chan<- prometheus.Metric) {
	r := e.last.Load()
	if r == nil {
		return
	}
	send := func(d *prometheus.Desc, of prometheus.ValueType, value float64, labels ...string) {
		for i := range labels { // names may be any bytes, and labels not
			labels[i] = strings.ToValidUTF8(labels[i], "?")
		}
		metrics <- prometheus.MustNewConstMetric(d, of, value, labels...)
	}
	gauge := prometheus.GaugeValue
	send(freshDesc, gauge, float64(r.Fresh), r.Zone, r.Vantage)
	send(roundDesc, gauge, float64(r.At.UnixMilli())/1000, r.Zone, r.Vantage)
	if r.Write != nil {
		send(writeDesc, gauge, boolean(r.Write.Error == ""), r.Zone, r.Vantage)
	}
	for _, s := range r.Servers {
		labels := []string{r.Zone, r.Vantage, s.Address, s.Name, s.Transport}
		send(upDesc, gauge, boolean(s.State != Down), labels...)
		send(lagDesc, gauge, s.Lag, labels...)
		send(sentDesc, prometheus.CounterValue, float64(s.Sent), labels...)
		send(lostDesc, prometheus.CounterValue, float64(s.Lost), labels...)
		if s.Serial != nil {
			send(serialDesc, gauge, float64(*s.Serial), labels...)
		}
		if s.Latency != nil {
			send(latencyDesc, gauge, *s.Latency, labels...)
		}
		for _, record := range s.Records {
			if record.Age != nil {
				send(ageDesc, gauge, *record.Age, append(labels, record.Name)...)
			}
		}
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// listen serves /metrics at address until ctx is done, and returns the address.
func (e *exporter) listen(ctx context.Context, address string) (net.Addr, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(e)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // until it is closed
	return listener.Addr(), nil
}
