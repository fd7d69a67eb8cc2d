"""The `admission` command: one subcommand a stage or job. Only typer is imported here; the rest inside the commands."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import typer

UNUSABLE_INPUT = 2
"""Exit code when the user's input or parameters cannot be used; a fault of ours exits with 1."""

Engine = Literal["duckdb", "spark"]

app = typer.Typer(
    help="Customer admission (客户准入): explained default risk of business customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@contextmanager
def _errors_in_words(*, as_json: bool = False) -> Iterator[None]:
    """Say unusable input in one message without a traceback, and exit with its code; `as_json` on stdout as well."""
    import json

    from pipelines.errors import InputError

    try:
        yield
    except (InputError, FileNotFoundError) as error:
        said = str(error) if isinstance(error, InputError) else _stage_to_run(error)
        if said is None:
            raise
        typer.secho(f"error: {said}", err=True, fg="red")
        if as_json:
            typer.echo(json.dumps({"error": said, "exit_code": UNUSABLE_INPUT}, ensure_ascii=False))
        sys.exit(UNUSABLE_INPUT)


def _stage_to_run(error: FileNotFoundError) -> str | None:
    """Return what to run first where a file that a stage writes is not there yet; None for any other file."""
    from pipelines.io import not_yet

    commands = (command.callback for command in app.registered_commands if command.callback)
    stages = {command.__name__ for command in commands if (command.__doc__ or "").startswith("Stage:")}
    found = re.search(r"data/([a-z]+)/[\w./-]+", str(error))
    stage = {"canonical": "ingest", "raw": "ingest", "truth": "ingest"}.get(found[1], found[1]) if found else ""
    return not_yet(found[0], stage) if found and stage in stages else None


def _log_to_stderr() -> None:
    logging.basicConfig(
        level="WARNING", format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    for package in ("pipelines", "models", "features"):
        logging.getLogger(package).setLevel("INFO")


def run_stage(name: str) -> None:
    """Run one stage of the pipeline with params.yaml of the current folder."""
    _log_to_stderr()
    with _errors_in_words():
        from pipelines.params import load

        import_module(f"pipelines.{name}").run(load())


@app.command()
def ingest() -> None:
    """Stage: raw tables of the chosen source -> canonical tables, bad rows set aside."""
    run_stage("ingest")


@app.command()
def label() -> None:
    """Stage: canonical tables -> one outcome per application."""
    run_stage("label")


@app.command()
def featurize() -> None:
    """Stage: canonical tables -> point-in-time features."""
    run_stage("featurize")


@app.command()
def split() -> None:
    """Stage: development and out-of-time samples, folds and weights."""
    run_stage("split")


@app.command()
def tune() -> None:
    """Stage: a search for the trees' settings, if params.yaml asks for one."""
    run_stage("tune")


@app.command()
def train() -> None:
    """Stage: the default-risk model, calibrated, as a bundle."""
    run_stage("train")


@app.command()
def evaluate() -> None:
    """Stage: metrics with intervals, challengers, plots."""
    run_stage("evaluate")


@app.command()
def audit() -> None:
    """Stage: the validation battery, challengers, selection, stability; validation report and model card."""
    run_stage("audit")


@app.command()
def decide() -> None:
    """Stage: the policy's answer to everybody who asked, and what other policies would have said."""
    run_stage("decide")


@app.command()
def explain() -> None:
    """Stage: SHAP -> indicators -> dimensions -> points; the cases."""
    run_stage("explain")


@app.command()
def report() -> None:
    """Stage: the committee's pages in Chinese and English."""
    run_stage("report")


@app.command()
def pdf() -> None:
    """Print the report's pages as PDF into data/pdf; needs Chromium."""
    _log_to_stderr()
    with _errors_in_words():
        from pipelines.pdf import print_report

        print_report()


@app.command()
def applicant(
    application_ids: Annotated[list[str], typer.Argument(help="Applications of the test sample, e.g. A0008143-3.")],
) -> None:
    """Write the committee's pages of single applicants into data/applicants."""
    _log_to_stderr()
    with _errors_in_words():
        from pipelines.applicant import run
        from pipelines.params import load

        run(load(), application_ids)


@app.command()
def track() -> None:
    """Stage: record the run in MLflow; the same run is recorded once."""
    run_stage("track")


@app.command()
def repro() -> None:
    """Run whatever is out of date (`dvc repro`), record the run, print the headline and where the report lies."""
    with _errors_in_words():
        from pipelines.repro import run

        run()


@app.command()
def score(
    model: Annotated[
        str, typer.Option(help="The bundle's folder (data/train/bundle), or models:/name@alias of MLflow's registry.")
    ],
    input: Annotated[
        Path,
        typer.Option(help="A folder of raw tables as in data/README.md, or a feature matrix (.parquet or .csv)."),
    ],
    output: Annotated[
        Path, typer.Option(help="Folder to write; an earlier job's output in it is replaced as a whole.")
    ],
    policy: Annotated[
        str | None, typer.Option(help="conservative, balanced, growth, or a YAML file; without one nothing is decided.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="What computes features and scores.")] = "duckdb",
    csv: Annotated[bool, typer.Option("--csv", help="Write scores.csv beside scores.parquet.")] = False,
    reasons: Annotated[
        bool, typer.Option("--reasons/--no-reasons", help="Contributions and reasons; without them it is faster.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the summary, or the error, as JSON on stdout.")] = False,
    allow_missing_table: Annotated[
        list[str] | None,
        typer.Option(help="A table that the model needs and the input lacks (repeatable): everybody to manual review."),
    ] = None,
    expected_sha256: Annotated[str | None, typer.Option(help="Refuse any other bundle than that of this hash.")] = None,
) -> None:
    """Score new applicants: files in, decisions and reasons out, in batches of any size.

    Writes scores.parquet (one record an application, in input order; schema.json says what the columns mean), rejects.csv
    (every row set aside, with the reason) and summary.json. Limits: section score of params.yaml.

    Exit codes: 0 all scored, 3 scored with rows set aside, 2 unusable input or model, 1 a fault of ours. Nothing is published
    unless the whole batch went through.
    """
    _log_to_stderr()
    with _errors_in_words(as_json=json):
        from json import dumps

        from pipelines.params import load
        from pipelines.score import Job, run

        job = Job(
            model=model,
            input=input,
            output=output,
            engine=engine,
            with_csv=csv,
            with_reasons=reasons,
            allow_missing=tuple(allow_missing_table or ()),
            expected_sha256=expected_sha256,
            policy=policy,
        )
        summary = run(job, load())
    rows = summary["rows"]
    typer.echo(
        dumps(summary, ensure_ascii=False)
        if json
        else f"{rows['scored']} of {rows['delivered']} applications scored, {rows['rejected']} set aside"
        + (f", and {rows['history_set_aside']} rows of their history" if rows["history_set_aside"] else "")
        + f": {output}"
    )
    raise typer.Exit(summary["exit_code"])


@app.command()
def promote(
    run_id: Annotated[str | None, typer.Argument(help="A recorded run; default: the newest.")] = None,
    to: Annotated[str, typer.Option(help="champion or challenger.")] = "champion",
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    role: Annotated[str, typer.Option(help="In which role, e.g. head of credit.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    override: Annotated[
        bool, typer.Option("--override", help="Promote although a gate says no; it is logged.")
    ] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Give the alias back to the champion before.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Print the approval log and do nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Make a recorded run champion or challenger, if the gates let it; exit code 2 if one says no."""
    _log_to_stderr()
    with _errors_in_words(as_json=json):
        from json import dumps

        from pipelines import promote as command
        from pipelines.errors import InputError
        from pipelines.params import load

        if to not in ("champion", "challenger"):
            raise InputError(f"--to is {to!r}; expected champion or challenger")
        params = load()
        if history:
            entries = command.history(params)
        elif rollback:
            entries = [command.rollback(params, command.Signature(by, role, reason))]
        else:
            signed = command.Signature(by, role, reason)
            entries = [command.promote(params, run_id, to, signed, override=override)]  # type: ignore[arg-type]
        lines = "\n".join(map(command.told, entries)) or "nothing was promoted yet"
        typer.echo(dumps(entries, ensure_ascii=False, indent=1) if json else lines)


@app.command()
def sources() -> None:
    """List the data sources and what each reads."""
    from pipelines.sources import SOURCES

    for name, source in SOURCES.items():
        typer.echo(f"{name:20} {source.en} ({source.zh}); input: {source.reads}")
    typer.echo("\nChoose one: dvc exp run -S source=american_bankruptcy -S input=path/to/file.csv")


@app.command()
def docs(
    templates: Annotated[
        Path | None, typer.Option(help="Write empty CSV templates of every table into this folder instead.")
    ] = None,
) -> None:
    """Write data/README.md (the data dictionary) from the contract and the catalogue."""
    with _errors_in_words():
        from pipelines.docs import write_dictionary, write_templates

        typer.echo(write_dictionary() if templates is None else write_templates(templates))


policy_app = typer.Typer(help="Admission policies: show one, compare two.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")


@policy_app.command("show")
def policy_show(name: Annotated[str, typer.Argument(help="Name of a policy, e.g. balanced.")]) -> None:
    """Print a policy that comes with the project, every number explained."""
    with _errors_in_words():
        from pipelines.policy import FOLDER, load

        load(name)
        path = FOLDER / f"{name}.yaml"
        typer.echo((path if path.exists() else Path(name)).read_text(encoding="utf-8"))


@policy_app.command("compare")
def policy_compare(
    first: Annotated[str, typer.Argument(help="A policy: balanced, conservative, growth, or a YAML file.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    on: Annotated[Path, typer.Option(help="The decision_inputs of a scoring job: a parquet file or a folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Who changes decision between two policies, with expected loss and sales: the swap set."""
    with _errors_in_words(as_json=json):
        from json import dumps

        from pipelines.policy import compare, in_words

        found = compare(first, second, on)
        typer.echo(dumps(found.as_dict(), ensure_ascii=False, indent=1) if json else in_words(found))


override_app = typer.Typer(help="Decisions against the policy: log one, review them.", no_args_is_help=True)
app.add_typer(override_app, name="override")


@override_app.command("add")
def override_add(
    application_id: Annotated[str, typer.Argument(help="The application.")],
    scores: Annotated[Path, typer.Option(help="scores.parquet of the scoring job that decided it.")],
    decision: Annotated[str, typer.Option(help="admit, conditional, manual_review or decline.")],
    reason: Annotated[str, typer.Option(help="new_information, group_support, collateral, strategic_customer, ...")],
    text: Annotated[str, typer.Option(help="The evidence, in words.")],
    author: Annotated[str, typer.Option(help="Who decides.")],
    role: Annotated[str, typer.Option(help="analyst, head_of_credit or risk_committee.")],
    expires_on: Annotated[str, typer.Option(help="Last day, YYYY-MM-DD.")],
    limit: Annotated[float | None, typer.Option(help="Final limit; default: the policy's, 0 to decline.")] = None,
    second_approver: Annotated[str | None, typer.Option(help="Needed to grant more than the policy.")] = None,
    policy: Annotated[
        str | None, typer.Option(help="File of the policy that decided; default: by its name in the scores.")
    ] = None,
    decided_on: Annotated[str | None, typer.Option(help="Day of the decision, YYYY-MM-DD; default: today.")] = None,
) -> None:
    """Append an override to data/overrides/log.jsonl, if it may stand."""
    with _errors_in_words():
        from pipelines.overrides import add, asked

        override, desk = asked(
            scores, policy, application_id, decision, limit, decided_on=decided_on, expires_on=expires_on,
            reason=reason, text=text, author=author, role=role, second_approver=second_approver,
        )  # fmt: skip
        typer.echo(f"logged as {add(override, desk)[:12]}")


@override_app.command("report")
def override_report(
    scores: Annotated[Path, typer.Option(help="scores.parquet: what the policy decided.")],
    outcomes: Annotated[Path | None, typer.Option(help="outcomes.parquet of stage label, once known.")] = None,
    on: Annotated[str | None, typer.Option(help="Day of the review, YYYY-MM-DD; default: today.")] = None,
    head: Annotated[str | None, typer.Option(help="Hash of a line noted earlier: refuse a log without it.")] = None,
) -> None:
    """Review the log: how often, why, what has expired, and how the granted ones turned out."""
    with _errors_in_words():
        import json

        from pipelines.overrides import report as review

        typer.echo(json.dumps(review(scores, outcomes, on, head), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    app()
