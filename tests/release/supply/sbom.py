"""Writes a CycloneDX software bill of materials of each artefact to target/sbom: what is linked into
it, where each crate comes from, with the hash that the lock file has for it, and which uses which.
The same sources give the same file, byte for byte. Each is checked against CycloneDX's own schema.
"""

from __future__ import annotations

import sys
import uuid

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from linked import ARTEFACTS, ROOT, Crate, Runtime, arguments, linked, runtimes, rust_version
from packageurl import PackageURL


def component(crate: Crate) -> Component:
    # Some crates write an alternative the old way.
    terms = "" if crate.license is None else crate.license.replace(" / ", " OR ").replace("/", " OR ")
    return Component(
        name=crate.name,
        version=crate.version,
        type=ComponentType.LIBRARY,
        bom_ref=crate.key,
        licenses=[LicenseExpression(terms)] if terms else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=crate.checksum)] if crate.checksum else [],
        purl=PackageURL("cargo", None, crate.name, crate.version),
    )


def standard_library() -> Component:
    version = rust_version()
    return Component(
        name="std",
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"std {version}",
        licenses=[LicenseExpression("MIT OR Apache-2.0")],
        description="the Rust standard library",
        purl=PackageURL("generic", None, "rust-std", version),
    )


def runtime_component(runtime: Runtime) -> Component:
    zig = runtime.version.removeprefix("(of zig ").removesuffix(")")
    return Component(
        name=runtime.name,
        version=zig,
        type=ComponentType.LIBRARY,
        bom_ref=runtime.key,
        licenses=[LicenseExpression(runtime.license)],
        description="as zig links it into a shared library",
        purl=PackageURL("pypi", None, "ziglang", zig, subpath=f"lib/{runtime.name}"),
    )


def bill(artefact: str, others: list[Runtime]) -> str:
    crates = linked(artefact)
    components = {crate.key: component(crate) for crate in crates}
    top = next(crate for crate in crates if crate.name == ARTEFACTS[artefact])
    bom = Bom(metadata=BomMetaData(component=components[top.key]))
    # A moment would make each file another.
    bom.metadata.timestamp = None  # type: ignore[assignment]
    for crate in crates:
        if crate is not top:
            bom.components.add(components[crate.key])
        bom.register_dependency(components[crate.key], [components[key] for key in sorted(crate.uses)])
    standard = standard_library()
    for part in [standard, *map(runtime_component, others)]:
        bom.components.add(part)
        bom.register_dependency(components[top.key], [part])
    contents = [f"{crate.key} {crate.checksum}" for crate in crates]
    contents += [standard.version or "", *(runtime.key for runtime in others)]
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, " ".join(contents))
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def main() -> None:
    given = arguments("sbom")
    given.out.mkdir(parents=True, exist_ok=True)
    for artefact in ARTEFACTS:
        text = bill(artefact, runtimes(artefact, given.zig))
        if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
            sys.exit(f"the bill of {artefact} is not CycloneDX: {problem}")
        path = given.out / f"seekauth-{artefact}.cdx.json"
        path.write_text(text)
        count = text.count('"purl"')
        print(f"{path.resolve().relative_to(ROOT)}: {count} components, valid CycloneDX 1.6")


if __name__ == "__main__":
    main()
