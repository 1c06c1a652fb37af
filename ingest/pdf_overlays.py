"""What lies over a page of a PDF and is seen with it: filled-in fields, text boxes and stamps.

A page's own content holds none of it. pdfium draws it into the content, after which its words
are read like any others. Notes that open only when they are clicked on are left out.
"""

from __future__ import annotations

import ctypes
from typing import Any, cast

_MOST_OVERLAYS = 5_000  # on a page, that are looked at


def with_overlays(document: Any, number: int) -> Any:
    """The handle of page `number` (from 0) with its overlays drawn in; nothing if it is damaged.

    `document` is pypdfium2's. The caller closes the page.
    """
    import pypdfium2.raw

    raw = cast("Any", pypdfium2.raw)
    page = raw.FPDF_LoadPage(document.raw, number)
    if not page or not _has_overlays(raw, page):
        return page
    if document.formenv is not None:
        # Fields that were saved without their look get one here.
        raw.FORM_OnAfterLoadPage(page, document.formenv.raw)
        raw.FORM_OnBeforeClosePage(page, document.formenv.raw)
    box = raw.FS_RECTF()
    known = raw.FPDF_GetPageBoundingBox(page, ctypes.byref(box))
    drawn = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
    if drawn and known:  # drawing in makes a page forget the box that it shares with others
        sides = (box.left, box.bottom, box.right, box.top)
        raw.FPDFPage_SetMediaBox(page, *sides)
        raw.FPDFPage_SetCropBox(page, *sides)
    raw.FPDF_ClosePage(page)
    return raw.FPDF_LoadPage(document.raw, number)


def _has_overlays(raw: Any, page: Any) -> bool:
    shown = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP)
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_OVERLAYS)):
        overlay = raw.FPDFPage_GetAnnot(page, index)
        if not overlay:
            continue
        kind = raw.FPDFAnnot_GetSubtype(overlay)
        raw.FPDFPage_CloseAnnot(overlay)
        if kind in shown:
            return True
    return False
