"""Dagster: a look as an asset check, every morning; severity warns where something changed."""

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    Definitions,
    ScheduleDefinition,
    asset,
    asset_check,
    define_asset_job,
)

from watch_task import look


@asset
def todays_rows() -> str:
    """Return where the rows of today are."""
    return "/srv/today.csv"


@asset_check(asset=todays_rows)
def like_the_release(todays_rows: str) -> AssetCheckResult:
    """Hold them against the release."""
    found = look("/srv/release", todays_rows, "/srv/timeline.jsonl", "--act")
    return AssetCheckResult(
        passed=found["watched"]["says"] != "changed",
        severity=AssetCheckSeverity.WARN,
        metadata={"rows": found["n"], "summary": found["summary"]},
    )


daily = ScheduleDefinition(job=define_asset_job("watch"), cron_schedule="0 6 * * *")
defs = Definitions(assets=[todays_rows], asset_checks=[like_the_release], schedules=[daily])
