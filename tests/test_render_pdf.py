"""The PDF is tagged, complete, literal, and the same bytes everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter

import documents
import pikepdf
import pytest

from veille.errors import BuildFailed
from veille.render import document as d
from veille.render import pdf


@pytest.fixture(scope="module")
def sample_pdf(tmp_path_factory):
    out = tmp_path_factory.mktemp("pdf") / "sample.pdf"
    pdf.render(documents.sample(), out)
    return out


def structure(node):
    """Every element of a PDF's structure tree below `node`, in reading order."""
    if isinstance(node, pikepdf.Array):
        for child in node:
            yield from structure(child)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        if "/K" in node:
            yield from structure(node.K)


def elements(file: pikepdf.Pdf) -> list:
    return list(structure(file.Root.StructTreeRoot.K))


def text_of(path, *options: str) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler) is not installed")
    return subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True).stdout.decode()


def rendered(blocks, tmp_path, **head):
    out = tmp_path / "d.pdf"
    pdf.render({**documents.document(blocks), **head}, out)
    return out


def test_a_screen_reader_gets_title_language_and_structure(sample_pdf):
    with pikepdf.open(sample_pdf) as file:
        root = file.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang) == "fr"
        assert root.ViewerPreferences.DisplayDocTitle
        assert b"pdfuaid:part" in root.Metadata.read_bytes()
        assert str(file.docinfo["/Title"]) == "Bulletin de protection · Zone de Gao, juin 2017"
        assert str(file.docinfo["/Author"]) == "Cluster Protection Mali"
        assert "20170715" in str(file.docinfo["/CreationDate"])
        kinds = Counter(str(element.S) for element in elements(file))
    assert kinds["/H1"] == 1
    assert kinds["/H2"] == 6
    assert kinds["/H3"] == 2
    assert kinds["/Table"] == 3
    assert kinds["/Figure"] == 3
    assert kinds["/Caption"] == 6
    assert kinds["/L"] == 4
    assert kinds["/Link"] == 2


def test_every_figure_says_what_it_shows(sample_pdf):
    said = [d.plain(block["alt"]) for block in documents.sample()["blocks"] if block["kind"] == "figure"]
    with pikepdf.open(sample_pdf) as file:
        figures = [element for element in elements(file) if element.S == "/Figure"]
        assert [str(figure.Alt) for figure in figures] == said


def test_tables_have_header_cells(sample_pdf):
    with pikepdf.open(sample_pdf) as file:
        for table in (element for element in elements(file) if element.S == "/Table"):
            inside = list(structure(table))
            assert "/THead" in [str(element.S) for element in inside]
            assert sum(element.S == "/TH" for element in inside) >= 4


def test_headings_are_bookmarks(sample_pdf):
    with pikepdf.open(sample_pdf) as file, file.open_outline() as outline:
        (title,) = outline.root
        assert [entry.title for entry in title.children] == [
            block["text"]
            for block in documents.sample()["blocks"]
            if block["kind"] == "heading" and block["level"] == 2
        ]


def test_only_our_fonts_are_used_and_all_are_embedded(sample_pdf):
    with pikepdf.open(sample_pdf) as file:
        fonts = [obj for obj in file.objects if isinstance(obj, pikepdf.Dictionary) and "/FontName" in obj]
        assert {str(font.FontName).split("+")[1] for font in fonts} == {
            "VeilleSans-Regular",
            "VeilleSans-SemiBold",
            "VeilleSans-Italic",
        }
        assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts)


def test_french_text_copies_out_whole(sample_pdf):
    # pdftotext turns every kind of space into a plain one
    text = re.sub(r"\s+", " ", text_of(sample_pdf)).replace(" / ", "/")
    for words in (
        "Cœur, œuvre, naïve, « où » : tout s’affiche.",
        "à interpréter avec prudence",
        "15 269",
        "35,5 %",
        "Andéramboukane",
        "juil.",  # from a drawing
        "1/4",
        "Tableau 2. Personnes déplacées",
        "Figure 3. Plus de la moitié",
    ):
        assert words in text


def test_the_table_behind_a_figure_is_printed_only_on_demand(tmp_path):
    figure = documents.figure(1, "f", "T", "s", documents.trend_svg(), "alt", table=documents.trend_table())
    assert "août 2016" not in text_of(rendered([figure], tmp_path))
    assert "août 2016" in text_of(rendered([{**figure, "table_in_pdf": True}], tmp_path))


def test_every_registered_number_is_printed_as_displayed():
    blocks = documents.sample()["blocks"]
    on_paper = [{**block, "table": None} if block["kind"] == "figure" else block for block in blocks]
    expected = Counter((number["key"], number["display"]) for number in d.numbers_of(on_paper))
    assert Counter(pdf.numbers_shown(documents.sample())) == expected


def test_what_people_type_is_never_read_as_markup(tmp_path):
    out = tmp_path / "hostile.pdf"
    pdf.render(documents.hostile(), out)
    lines = text_of(out, "-layout").splitlines()
    for typed in documents.MARKUP:
        assert typed in [line.strip() for line in lines]
    assert any("= pied // x" in line for line in lines)
    assert any("@org *x*" in line for line in lines)
    assert "@titre <fin> #panic()" in [line.strip() for line in lines]


def test_the_same_document_gives_the_same_bytes(sample_pdf, tmp_path):
    again = tmp_path / "again.pdf"
    pdf.render(documents.sample(), again)
    assert again.read_bytes() == sample_pdf.read_bytes()
    assert documents.render_elsewhere("pdf", tmp_path) == sample_pdf.read_bytes()


@pytest.mark.parametrize("filler", range(0, 60, 4))
def test_no_page_ends_with_a_heading_a_caption_or_a_group(filler, tmp_path):
    blocks = [
        *[d.paragraph("Ligne de remplissage.")] * filler,
        d.heading("Fin-section"),
        d.heading("Fin-sous-section", 3),
        documents.long_table(),
        d.heading("Fin-figure"),
        documents.figure(1, "f", "Fin-légende", "", documents.trend_svg(), "alt"),
    ]
    pages = text_of(rendered(blocks, tmp_path), "-layout").split("\f")[:-1]
    for page in pages:
        last = [line for line in page.splitlines() if line.strip()][-2]  # above the footer
        assert "Fin-" not in last
        assert not last.startswith(("Tableau", "Source", "Région", "Commune  "))


def test_a_long_table_repeats_its_header_and_a_short_one_stays_whole(tmp_path):
    out = rendered([documents.long_table(rows=90)], tmp_path)
    pages = text_of(out, "-layout").split("\f")[:-1]
    assert len(pages) > 1
    assert all("Déplacés" in page for page in pages)
    for filler in (20, 26, 32):
        blocks = [d.paragraph("x")] * filler + [documents.table_by_cercle()]
        pages = text_of(rendered(blocks, tmp_path), "-layout").split("\f")
        assert sum("Andéramboukane" in page and "Incidents par cercle" in page for page in pages) == 1


def test_a_table_of_few_long_rows_runs_over_and_no_row_is_cut(tmp_path):
    words = "Rappeler à chaque réunion que la matrice se remplit avant le dix du mois, puis le suivi des cas graves, puis la carte des communes que personne ne couvre plus"
    rows = [documents.row(f"Début{i} {words} Fin{i}", "Bailleurs", "14 juin 2017", words) for i in range(8)]
    heads = [documents.column(name, "left") for name in ("Recommandation", "À qui", "Échéance", "Suite donnée")]
    where = set()
    for filler in range(20, 34):
        blocks = [d.paragraph("x")] * filler + [documents.table(1, "suivi", "Suivi", heads, rows)]
        pages = text_of(rendered(blocks, tmp_path)).split("\f")[:-1]
        for i in range(8):
            assert sum(f"Début{i}" in page and f"Fin{i}" in page for page in pages) == 1, (filler, i)
        where.add(next(n for n, page in enumerate(pages) if "Début0" in page))
        assert len(pages) == 2 and "Fin7" in pages[1] and all("Suite donnée" in p for p in pages if "Fin" in p)
    assert 0 in where  # kept whole, it would begin on the second page every time


def test_headings_never_skip_a_level_even_without_a_cover(tmp_path):
    out = rendered([d.heading("Sous-section d’abord", 3), d.paragraph("Texte.")], tmp_path)
    with pikepdf.open(out) as file:
        kinds = [str(element.S) for element in elements(file)]
    assert [kind for kind in kinds if kind.startswith("/H")] == ["/H1", "/H2"]


def test_empty_blocks_leave_no_trace(tmp_path):
    empty = documents.table(None, "vide", "Rien reçu", [documents.column("Cercle", "left")], [])
    blocks = [{"kind": "keyfigures", "items": []}, empty, d.bullet_list([]), d.note("", style="info")]
    assert "Rien reçu" in text_of(rendered(blocks, tmp_path, header="", chips=[], subtitle=""))


def test_english_pages_say_so(tmp_path):
    out = rendered([documents.table_by_cercle()], tmp_path, lang="en")
    with pikepdf.open(out) as file:
        assert str(file.Root.Lang) == "en"
    assert "Table 1. Incidents par cercle" in text_of(out)


@pytest.mark.parametrize(
    ("svg", "width"),
    [
        pytest.param('<svg width="240pt">', 240, id="points"),
        pytest.param('<svg width="320px">', 240, id="pixels"),
        pytest.param('<svg width="320">', 240, id="bare-numbers-are-pixels"),
        pytest.param("<svg height='1pt' viewBox='0 0 475 100'>", 475, id="box-only"),
        pytest.param("<svg>", 0, id="unknown"),
    ],
)
def test_a_drawing_has_a_natural_width(svg, width):
    assert pdf.svg_width(svg) == pytest.approx(width)


def test_a_drawing_is_never_enlarged(tmp_path):
    out = rendered([documents.figure(1, "f", "t", "s", documents.map_svg(120), "alt")], tmp_path)
    with pikepdf.open(out) as file:
        (figure,) = (element for element in elements(file) if element.S == "/Figure")
        left, _, right, _ = (float(x) for x in figure.A[0].BBox)
    assert right - left == pytest.approx(120, abs=1)


def test_drawings_shrink_a_little_rather_than_leave_half_a_page_white(tmp_path):
    def pages(filler):
        blocks = [d.paragraph("Ligne.")] * filler + [
            documents.figure(1, "f", "Un", "", documents.map_svg(470), "alt"),
            d.paragraph("Fin."),
        ]
        with pikepdf.open(rendered(blocks, tmp_path)) as file:
            (figure,) = (element for element in elements(file) if element.S == "/Figure")
            left, _, right, _ = (float(x) for x in figure.A[0].BBox)
            return len(file.pages), right - left

    assert pages(1) == (1, pytest.approx(470, abs=1))  # it fits
    assert pages(13) == (1, pytest.approx(0.92 * 470, abs=1))  # or one line would stand alone on a page
    assert pages(15) == (1, pytest.approx(0.85 * 470, abs=1))
    assert pages(20) == (2, pytest.approx(470, abs=1))  # too far from fitting: it keeps its size


def test_letters_that_our_fonts_lack_are_still_drawn(tmp_path):
    assert "ɓooɗo mot\u2011composé" in text_of(rendered([d.paragraph("ɓooɗo mot\u2011composé")], tmp_path))


@pytest.mark.parametrize(
    ("block", "advice"),
    [
        pytest.param(d.paragraph("Confidentiel 😀"), "Un caractère du texte", id="a-letter-no-font-has"),
        pytest.param(documents.figure(1, "f", "Confidentiel", "", "<svg", "a"), "Une figure", id="a-broken-drawing"),
        pytest.param(
            documents.figure(
                1,
                "f",
                "Confidentiel",
                "",
                '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image href="/etc/passwd"/></svg>',
                "a",
            ),
            "Une figure",
            id="a-drawing-that-reads-a-file",
        ),
    ],
)
def test_a_failure_tells_what_to_do_and_quotes_nothing(block, advice, tmp_path):
    with pytest.raises(BuildFailed) as failure:
        rendered([block], tmp_path)
    assert failure.value.next_step.startswith(advice)
    assert "Confidentiel" not in str(failure.value) and "😀" not in str(failure.value)
    assert not (tmp_path / "d.pdf").exists()


def test_a_drawing_becomes_a_picture_of_the_asked_width():
    png = pdf.rasterise(documents.map_svg(), 240, ppi=144)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 480
    assert png == pdf.rasterise(documents.map_svg(), 240, ppi=144)
