"""Croissant: the release for machines, JSON-LD with responsible-AI and provenance fields.

References
----------
MLCommons, Croissant Format Specification 1.1; Croissant RAI Specification 1.0.
W3C, PROV-O: The PROV Ontology. W3C, ODRL Information Model 2.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import rfc8785

from assaymark.core.document import sha256
from assaymark.core.rights import DUO
from assaymark.release.build import row_files
from assaymark.release.documents.filled import deciding, quoted
from assaymark.release.pages.report_words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from assaymark.release.documents.graph import Graph
    from assaymark.release.pages.report_content import VerdictLine

__all__ = ["CROISSANT", "croissant"]

CROISSANT = "croissant.json"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "duo": "http://purl.obolibrary.org/obo/DUO_",
    "assaymark": "https://assaymark.dev/terms/",
    **{
        name: f"cr:{name}"
        for name in (
            *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty"),
            *("excludes", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
            *("includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
            *("path", "recordSet", "references", "regex", "readLines", "repeated", "replace"),
            *("samplingRate", "sdVersion", "separator", "source", "subField", "transform"),
            *("unArchive", "value"),
        )
    },
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}
_FORMATS = {".parquet": "application/x-parquet", ".csv": "text/csv"}
_LATER = ("attestations/release", "approvals/", "people/")
"""Statements about a release that has this file already."""
_GROUPS = ("representation.log_disparity", "representation.log_disparity_small")


def croissant(
    graph: Graph,
    judged: Sequence[VerdictLine],
    files: Mapping[str, bytes],
    types: Mapping[str, str],
) -> bytes:
    """Return the Croissant description of a release in RFC 8785 form.

    ``files`` are those of the release, ``types`` the type of each column as a schema.org term,
    ``sc:Integer``. Every text with a number is read from a statement.
    """
    plain: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        **_about(graph),
        "usageInfo": _usage(graph),
        "distribution": list(_distribution(graph, files)),
        "recordSet": [_records(graph, types)],
        **_collection(graph),
        **_judgement(graph, deciding(graph, judged)),
        **_provenance(graph),
        "assaymark:statement": [
            {"@type": "CreativeWork", "name": path, "sha256": digest}
            for path, digest in sorted(graph.digests.items())
            if not path.startswith(_LATER)
        ],
    }
    return rfc8785.dumps({k: v for k, v in plain.items() if v not in (None, "", [], {})})


def _about(graph: Graph) -> dict[str, Any]:
    title = "title" if graph.value("provenance:/title") else "name"
    return {
        "name": graph.value("provenance:/name"),
        "description": _text(
            graph,
            f"Synthetic rows in place of “{{provenance:/{title}}}”, drawn from a model of it.",
            "Passed policy {policy:/name} for {decision:/uses|approved} under threat model "
            "{threat:/profile}.",
        ),
        "license": _licence(graph),
        "url": f"urn:sha256:{graph.value('decision:/candidate')}",
        "version": "1.0.0",
        "creator": {
            "@type": "Organization",
            "name": graph.value("provenance:/rights/owner") or "not given",
        },
        "datePublished": graph.value("decision:/made_at"),
        "keywords": ["synthetic data", "tabular"],
        "isLiveDataset": False,
        "citeAs": _text(
            graph,
            f"Synthetic rows in place of “{{provenance:/{title}}}”, {{provenance:/software}}, "
            "{decision:/made_at|date}.",
            "Source: {provenance:/rights/attribution}.",
        ),
    }


def _text(graph: Graph, *lines: str) -> str:
    return " ".join(_said(graph, lines))


def _said(graph: Graph, lines: Iterable[str], prefix: str = "") -> Iterator[str]:
    for text in lines:
        line = quoted(text, graph, prefix)
        if line is not None:
            yield "".join(map(str, line))


def _licence(graph: Graph) -> str:
    said = str(graph.value("provenance:/rights/licence") or "")
    if re.fullmatch(r"[A-Za-z0-9.+-]+", said) and not said.startswith("LicenseRef"):
        return f"https://spdx.org/licenses/{said}.html"
    return said or str(graph.value("provenance:/rights/basis") or "not given")


def _usage(graph: Graph) -> list[dict[str, Any]]:
    codes = graph.value("provenance:/rights/duo") or []
    terms: list[dict[str, Any]] = [
        {
            "@type": "DefinedTerm",
            "name": DUO.get(code, code),
            "termCode": code.replace(":", "_"),
            "url": code.replace("DUO:", "duo:"),
        }
        for code in codes
    ]
    uses = graph.value("decision:/uses") or {}
    rules = graph.value("provenance:/rights/odrl") or []
    refused = [u for u, s in uses.items() if s != "approved"]
    refused += graph.value("provenance:/rights/prohibited") or []
    banned = [r["action"] for r in rules if r["rule"] == "prohibition"]
    offer = {
        "@type": ["CreativeWork", "odrl:Offer"],
        "name": "Uses that the release is approved for, and those that it is not",
        "odrl:permission": [
            _rule("Permission", "use", use) for use, s in uses.items() if s == "approved"
        ],
        "odrl:prohibition": [
            *(_rule("Prohibition", "use", use) for use in dict.fromkeys(refused)),
            *(_rule("Prohibition", action, "") for action in banned),
        ],
    }
    return [*terms, {k: v for k, v in offer.items() if v}]


def _rule(kind: str, action: str, use: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"@type": f"odrl:{kind}", "odrl:action": {"@id": f"odrl:{action}"}}
    if use:
        rule["odrl:constraint"] = {
            "@type": "odrl:Constraint",
            "odrl:leftOperand": {"@id": "odrl:purpose"},
            "odrl:operator": {"@id": "odrl:eq"},
            "odrl:rightOperand": {"@id": f"assaymark:use/{use}"},
        }
    return rule


def _distribution(graph: Graph, files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    n = int(graph.value("provenance:/replicates") or 1)
    for suffix, kind in _FORMATS.items():
        for path in row_files(n, suffix):
            yield {
                "@type": "cr:FileObject",
                "@id": path,
                "name": path.rpartition("/")[2],
                "contentUrl": path,
                "contentSize": f"{len(files[path])} B",
                "encodingFormat": kind,
                "sha256": sha256(files[path]),
            }


def _records(graph: Graph, types: Mapping[str, str]) -> dict[str, Any]:
    n = int(graph.value("provenance:/replicates") or 1)
    first = row_files(n, ".parquet")[0]
    return {
        "@type": "cr:RecordSet",
        "@id": "rows",
        "name": "rows",
        "description": _text(graph, "{provenance:/rows} synthetic rows of one table."),
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"rows/{_identifier(i, name)}",
                "name": name,
                "description": _text(
                    graph,
                    f"{{sketch:/columns/{i}/kind}}, {{sketch:/columns/{i}/n_unique}} "
                    "different values",
                ),
                "dataType": kind,
                "source": {"fileObject": {"@id": first}, "extract": {"column": name}},
            }
            for i, (name, kind) in enumerate(types.items())
        ],
    }


def _identifier(i: int, name: str) -> str:
    """Return the name as an identifier; where letters are lost, its place makes it unique."""
    safe = re.sub(r"[^A-Za-z0-9_.-]", "-", name)
    return safe if safe == name and name else f"{safe or 'column'}-{i}"


def _collection(graph: Graph) -> dict[str, Any]:
    """Return how the rows came to be, as fields of the responsible-AI vocabulary."""
    steps = graph.value("provenance:/transformations") or []
    change = "{./kind|use} ({./columns|names}): {./parameters}; {./why}"
    return {
        "rai:dataCollection": _text(
            graph,
            "Drawn by generator {provenance:/generator} from a model of {provenance:/source_rows} "
            "rows of {provenance:/source_persons} persons. How these were collected is not in "
            "the evidence.",
        ),
        "rai:dataCollectionType": ["Others"],
        "rai:dataCollectionRawData": _text(
            graph, "{provenance:/title}", "({provenance:/rights/owner})"
        ),
        "rai:dataPreprocessingProtocol": [
            line
            for i in range(len(steps))
            for line in _said(graph, (change,), f"provenance:/transformations/{i}")
        ],
        "rai:dataManipulationProtocol": _text(
            graph, "Parameters of the generator: {provenance:/parameters|pairs}."
        ),
        "rai:hasSyntheticData": True,
        "rai:syntheticDataExplanation": _text(
            graph,
            "Every row is synthetic. Made by {provenance:/software}.",
            "Synthetic depth {provenance:/ancestry/depth}, real fraction "
            "{provenance:/ancestry/real_fraction}.",
        ),
    }


def _judgement(graph: Graph, judged: Sequence[VerdictLine]) -> dict[str, Any]:
    """Return what is known of groups, limits and uses, and what happens later."""
    groups = [v.measurement.subject for v in judged if v.measurement.subject.startswith("group:")]
    protected = sorted({g.removeprefix("group:").partition("=")[0] for g in groups})
    limits = (
        "Verdicts assume that the rows go to {threat:/recipient}.",
        "Not covered: {threat:/not_covered}.",
        "Accepted: {threat:/residual_risk}.",
        "Not approved for {decision:/uses|refused}.",
    )
    return {
        "rai:personalSensitiveInformation": [f"Column {name} (protected)" for name in protected],
        "rai:dataBiases": list(_biases(graph, judged)),
        "rai:dataLimitations": list(_said(graph, limits)),
        "rai:dataUseCases": _text(graph, "{decision:/uses|approved}"),
        "rai:dataReleaseMaintenancePlan": _text(
            graph,
            "The rows are never changed; a new release replaces them. Ask the issuer for notices "
            "of withdrawal.",
            "May be used until {decision:/expires}.",
            "Contact: {provenance:/rights/contact}.",
        ),
    }


def _biases(graph: Graph, judged: Sequence[VerdictLine]) -> Iterator[str]:
    found = (
        "{./subject|subject}: log ratio of odds, synthetic to real, {./value|figure} "
        "({./low|figure} to {./high|figure})"
    )
    seen = set()
    for v in judged:
        at = graph.measurement(v.measurement, v.stage)
        if v.measurement.metric in _GROUPS and at not in seen:
            seen.add(at)
            missing = _said(graph, ("{./subject|subject}: {./reason}",), at)
            yield from list(_said(graph, (found,), at)) or missing


def _provenance(graph: Graph) -> dict[str, Any]:
    made = graph.value("decision:/made_at")
    software = {"@type": "prov:SoftwareAgent", "prov:label": graph.value("provenance:/software")}
    owner = graph.value("provenance:/rights/owner")
    source = {
        "@type": "prov:Entity",
        "@id": f"urn:assaymark:source:{graph.value('provenance:/source_commitment')}",
        "prov:label": graph.value("provenance:/title") or "the source",
    }
    steps = graph.value("provenance:/transformations") or []
    return {
        "prov:wasDerivedFrom": source,
        "prov:wasGeneratedBy": [
            *(
                {
                    "@type": "prov:Activity",
                    "prov:label": f"Change before the fit: {t['kind']} ({listed(t['columns'])})",
                    "prov:used": {"@id": source["@id"]},
                }
                for t in steps
            ),
            {
                "@type": "prov:Activity",
                "prov:label": f"Generation by {graph.value('provenance:/generator')}",
                "prov:used": {"@id": source["@id"]},
                "prov:wasAssociatedWith": software,
                "prov:endedAtTime": made,
            },
        ],
        "prov:wasAttributedTo": [
            software,
            *([{"@type": "prov:Agent", "prov:label": owner}] if owner else []),
        ],
    }
