#!/bin/sh
# Makes Temporal's two databases, or brings them to this version; what is there stays.
set -eu
schema=/etc/temporal/schema/postgresql/v12
for database in temporal visibility; do
  name=temporal
  [ "$database" = visibility ] && name=temporal_visibility
  temporal-sql-tool --db "$name" create
  temporal-sql-tool --db "$name" setup-schema -v 0.0
  temporal-sql-tool --db "$name" update-schema -d "$schema/$database/versioned"
done
