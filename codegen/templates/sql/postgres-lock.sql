
-- One migration of this machine at a time.
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('phasegate {{ n.machine }}', 0));
