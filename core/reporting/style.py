"""How the page looks: the window's colours by day and by night, and on paper."""

from __future__ import annotations

from dataclasses import fields

from core.plots import Palette

FOLLOWING = Palette(
    window="",
    line="var(--line)",
    track="var(--track)",
    text="var(--text)",
    muted="var(--muted)",
    accent="var(--accent)",
    error="var(--error)",
    font="inherit",
)
"""Pictures in the colours of the page that they are in."""

_SHEET = """
*{box-sizing:border-box}
body{margin:0;background:var(--window);color:var(--text);font:15px/1.5 var(--font)}
main{max-width:1000px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 8px}
h2{font-size:18px;margin:48px 0 8px}
h3{font-size:15px;margin:32px 0 8px}
p{margin:0 0 16px}
.quiet,small,.tiles span{color:var(--muted)}
.tiles{display:flex;flex-wrap:wrap;gap:16px 48px;margin:16px 0 32px}
.tiles div{display:flex;flex-direction:column}
.tiles b{font-size:40px;line-height:1.1;font-weight:600;color:var(--accent)}
.wide,.picture{overflow-x:auto}
.picture svg{max-width:100%;height:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:6px 16px 6px 0;border-bottom:1px solid var(--line);vertical-align:top;
overflow-wrap:anywhere}
th{color:var(--muted);font-weight:400;overflow-wrap:normal}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th.n{white-space:normal}
summary{cursor:pointer;color:var(--accent);padding:4px 0}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(144px,1fr));gap:24px 16px}
figure{margin:0;min-width:0;break-inside:avoid}
figure img,.none{width:128px;height:128px;object-fit:contain;background:var(--track);border-radius:8px;display:block}
.none{padding:12px;margin:0;font-size:12px;color:var(--muted);overflow:hidden}
figcaption{display:flex;flex-direction:column;font-size:14px;line-height:1.35;margin-top:6px;overflow-wrap:anywhere}
figcaption small{font-size:12px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 24px;font-size:14px}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
@media print{main{max-width:none;padding:0}h2,.quiet{break-after:avoid}
section:has(.picture),.picture,tr{break-inside:avoid}body{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def sheet(light: Palette, dark: Palette) -> str:
    """The page's style sheet; paper is white whatever the system prefers."""
    return (
        f":root{{{_variables(light)}}}@media screen and (prefers-color-scheme:dark){{:root{{{_variables(dark)}}}}}"
        f"@media print{{:root{{--window:#fff}}}}{_SHEET}"
    )


def _variables(palette: Palette) -> str:
    return "".join(f"--{entry.name}:{getattr(palette, entry.name)};" for entry in fields(palette))
