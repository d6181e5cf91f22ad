"""Airflow: a look every morning; the next task runs only where something changed."""

import pendulum
from airflow.decorators import dag, task

from watch_task import look


@dag(schedule="0 6 * * *", start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def assaymark_watch():
    """Look, then tell."""

    @task
    def watch() -> dict:
        return look("/srv/release", "/srv/today.csv", "/srv/timeline.jsonl", "--act")

    @task.short_circuit
    def changed(found: dict) -> bool:
        return found["watched"]["says"] == "changed"

    @task
    def tell(found: dict) -> None:
        for odd in found["watched"]["odd"]:
            print(odd)
        for alarm in found["watched"]["alarms"]:
            print(alarm["subject"], alarm["what"], alarm["before"], alarm["after"])

    found = watch()
    changed(found) >> tell(found)


assaymark_watch()
