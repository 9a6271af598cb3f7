"""The report's files in a folder: all of them whole, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from services.planner.report.document import Document
from services.planner.report.flat import write_csv, write_dictionary
from services.planner.report.pdf import write_pdf
from services.planner.report.workbook import write_xlsx

Format = Literal["pdf", "xlsx", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)


def contents(document: Document, formats: Sequence[Format]) -> Mapping[str, bytes]:
    """Each file by its name. Raises CannotDraw."""
    files: dict[str, bytes] = {}
    for format_ in formats:
        match format_:
            case "pdf":
                files[f"{document.stem}.pdf"] = write_pdf(document)
            case "xlsx":
                files[f"{document.stem}.xlsx"] = write_xlsx(document)
            case "csv":
                files[f"{document.stem}.csv"] = write_csv(document)
                files[f"{document.stem}-dictionary.csv"] = write_dictionary(document)
    return files


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files; those of the same names are replaced, others stay. Raises OSError.

    They are written beside the folder's files first: what fails, fails before one is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".report-", dir=folder))
    try:
        for name, content in files.items():
            (draft / name).write_bytes(content)
        for name in files:
            (draft / name).replace(folder / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
