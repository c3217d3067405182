#!/bin/sh
# Makes the namespace and the search attributes by which an operator finds what is stuck, and on whom.
set -eu
until temporal operator cluster health; do sleep 2; done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
for attribute in Stage WaitingOn Container Benchmark; do
  until temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$attribute" --type Keyword; do
    sleep 2
  done
done
