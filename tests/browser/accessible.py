"""What a page is to eyes that need contrast and to hands without a mouse, read from the browser.

Contrast as WCAG 2.2 has it (1.4.3): 4.5 to 1, 3 to 1 for large text (24 px, or 18.66 px bold);
what is inactive is exempt. Keyboard (2.1.1, 2.4.7): every control takes the focus by Tab, and shows
that it has.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

_CONTRAST = """() => {
  const parse = (text) => {
    const n = (text.match(/[\\d.]+/g) || []).map(Number);
    if (text.startsWith('color(srgb')) { for (const i of [0, 1, 2]) n[i] *= 255; }
    return n.length >= 3 ? [n[0], n[1], n[2], n.length > 3 ? n[3] : 1] : [0, 0, 0, 0];
  };
  const over = (top, below) => {
    const a = top[3];
    return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a)).concat([1]);
  };
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.backgroundImage !== 'none') return null;  // a picture: not to be told from here
      const colour = parse(style.backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.textContent.trim();
    const e = texts.currentNode.parentElement;
    if (!text || !e || e.closest('svg, script, style, noscript, [aria-hidden=true]')) continue;
    if (e.closest('[disabled], [aria-disabled=true]')) continue;
    const style = getComputedStyle(e);
    if (style.fontFamily.includes('Material Symbols')) continue;  // a picture beside its word
    const box = e.getBoundingClientRect();
    if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (box.width < 2 || box.height < 2) continue;
    const back = ground(e);
    if (back === null) continue;
    let opacity = 1;
    for (let p = e; p; p = p.parentElement) opacity *= Number(getComputedStyle(p).opacity);
    const colour = parse(style.color);
    colour[3] *= opacity;
    const [one, other] = [light(over(colour, back)), light(back)].sort((a, b) => b - a);
    const px = parseFloat(style.fontSize);
    const large = px >= 24 || (px >= 18.66 && Number(style.fontWeight) >= 700);
    found.push({text: text.slice(0, 60), ratio: (one + 0.05) / (other + 0.05), large,
                place: (e.closest('[data-testid]') || e).getAttribute('data-testid') || e.tagName});
  }
  return found;
}"""

_LOOK = """(e) => {
  const chain = [];
  for (let p = e, n = 0; p && n < 6; p = p.parentElement, n += 1) {
    for (const part of [null, '::before', '::after']) {
      const s = getComputedStyle(p, part);
      chain.push([s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor,
                  s.backgroundColor, s.textDecorationLine].join());
    }
  }
  return chain.join('|');
}"""

_CONTROLS = (
    """() => {
  const look = """
    + _LOOK
    + """;
  const wanted = 'a[href], button, input, select, textarea, summary, [role=button], [role=radio]';
  const stand = (e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled
    && e.getAttribute('aria-disabled') !== 'true' && e.getBoundingClientRect().width > 1;
  const marked = [...document.querySelectorAll(wanted)].filter(stand);
  document.activeElement.blur();
  window.looks = marked.map(look);
  marked.forEach((e, i) => e.setAttribute('data-walk', i));
  return marked.map((e) => ({
    name: (e.getAttribute('aria-label') || e.innerText || e.title || e.tagName).trim().slice(0, 50),
    // Within a group that arrow keys walk through one member alone takes Tab, and the arrow of a
    // combobox none: its text field opens the list (ARIA Authoring Practices).
    within: !!e.closest('[role=radiogroup], [role=tablist]') || (e.tabIndex < 0
      && !!e.parentElement.querySelector('[role=combobox]')),
    place: (e.closest('[data-testid]') || e).getAttribute('data-testid') || e.tagName,
  }));
}"""
)

_FOCUSED = (
    """() => {
  const look = """
    + _LOOK
    + """;
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const walk = e.getAttribute('data-walk');
  const name = e.getAttribute('aria-label') || e.innerText || e.tagName;
  return {walk, name: name.trim().slice(0, 50),
          place: (e.closest('[data-testid]') || e).getAttribute('data-testid') || e.tagName,
          shown: walk === null || look(e) !== window.looks[Number(walk)]};
}"""
)
# What moves has its end at once, so that nothing has to be waited for.
_STILL = "*, *::before, *::after {transition: none !important; animation: none !important;}"
TURN_MS = 50  # for what a page does itself when the focus comes


@dataclass(frozen=True)
class Faint:
    """Text whose contrast (1 to 21) is below what WCAG AA wants of it."""

    text: str
    place: str
    ratio: float


@dataclass(frozen=True)
class Walk:
    """n_controls: that stand on the page. reached: by Tab, in order. missed, hidden: by name."""

    n_controls: int
    reached: tuple[str, ...]
    missed: tuple[str, ...]
    hidden: tuple[str, ...]


def faint_texts(page: Page) -> tuple[int, list[Faint]]:
    """How many visible texts were measured, and those too faint."""
    found = page.evaluate(_CONTRAST)
    faint = [
        Faint(t["text"], t["place"], round(t["ratio"], 2))
        for t in found
        if t["ratio"] < (3 if t["large"] else 4.5)
    ]
    return len(found), faint


def walk_by_tab(page: Page, limit: int = 400) -> Walk:
    """Press Tab from the top of the page until it comes round, and say what took the focus.

    What draws its own focus (a table's canvas, a page within the page) is reached, not judged.
    """
    page.add_style_tag(content=_STILL)
    controls = page.evaluate(_CONTROLS)
    reached: list[str] = []
    walked: set[int] = set()
    hidden: list[str] = []
    n_nowhere = 0
    for _ in range(limit):
        page.keyboard.press("Tab")
        page.wait_for_timeout(TURN_MS)
        focused = page.evaluate(_FOCUSED)
        n_nowhere = n_nowhere + 1 if focused is None else 0
        if focused is None:  # the browser's own bar between end and beginning, or a table at work
            if n_nowhere > 2:
                break
            continue
        number = None if focused["walk"] is None else int(focused["walk"])
        if number in walked:
            break
        reached.append(focused["name"])
        if number is not None:
            walked.add(number)
        if not focused["shown"]:
            hidden.append(f"{focused['place']}: {focused['name']}")
    missed = [
        f"{control['place']}: {control['name']}"
        for number, control in enumerate(controls)
        if number not in walked and not control["within"]
    ]
    return Walk(len(controls), tuple(reached), tuple(missed), tuple(hidden))
