#!/bin/sh
# BIRD has no checks of its own: this enables and disables what announces the address. If
# selfpreserve has tls, ask for https://192.0.2.11:8182/ready with --cacert CA, its CA's file.
# By HTTP no server is ready then, and each route is withdrawn.
while sleep 2; do
    if curl -sf --max-time 1 http://192.0.2.11:8182/ready >/dev/null; then
        birdc enable dns
    else
        birdc disable dns
    fi
done >/dev/null
