(() => {
// What the style of a page promises, measured in the page as it is drawn: a list of what is amiss.

/** Where an element stands, in short. */
function named(element) {
  const owner = element.closest("[id]");
  const text = (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
  return `${owner ? "#" + owner.id + " " : ""}${element.localName} "${text}"`;
}

/** Everything open, as on paper: what is folded is read too. */
function unfold() {
  for (const each of document.querySelectorAll("details")) each.open = true;
}

function seen(element) {
  return element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
}

/** Wider than the window, or cut off without a sign that there is more. */
function clipped() {
  const amiss = [];
  const whole = document.scrollingElement;
  if (whole.scrollWidth > whole.clientWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter(each =>
      seen(each) && each.getBoundingClientRect().right > innerWidth + 1
      && !each.closest(".table, pre, .scroll, .skip, svg"));
    amiss.push(`the page is ${whole.scrollWidth} px wide: ${wide.slice(0, 3).map(named)}`);
  }
  for (const each of document.body.querySelectorAll("*")) {
    const hidden = each.scrollWidth - each.clientWidth;
    const style = getComputedStyle(each);
    if (hidden < 2 || each.clientWidth < 2 || !seen(each) || style.overflowX === "visible") continue;
    if (each.closest("svg, select, textarea, input")) continue;
    if (!["auto", "scroll"].includes(style.overflowX)) {
      amiss.push(`${named(each)} is cut off, ${hidden} px`);
    } else {
      if (!style.backgroundAttachment.includes("local")) {
        amiss.push(`${named(each)} scrolls ${hidden} px without a sign of it`);
      }
      if (each.tabIndex < 0) amiss.push(`${named(each)} scrolls, but not by keyboard`);
    }
  }
  return amiss;
}

/** CSS pixels on the screen of one of the element's own. */
function scaleOf(element) {
  if (!(element instanceof SVGGraphicsElement)) return 1;
  const matrix = element.getScreenCTM();
  return matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : 1;
}

/** Every element that has text of its own, and is seen. */
function texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, style, title, desc, noscript, .skip")) {
      continue;
    }
    if (element.closest("select")) continue;
    if (seen(element)) found.add(element);
  }
  return [...found];
}

/** Text under so many pixels. */
function small(least) {
  const amiss = [];
  for (const each of texts()) {
    const size = parseFloat(getComputedStyle(each).fontSize) * scaleOf(each.closest("text") || each);
    if (size < least - 0.005) amiss.push(`${named(each)} is of ${size.toFixed(2)} px`);
  }
  return amiss;
}

/** Text of a figure that a window's edge cuts. */
function cut() {
  const amiss = [];
  for (const each of texts()) {
    if (!each.closest("svg") || each.closest(".table, pre, .scroll")) continue;
    const { left, right } = each.getBoundingClientRect();
    const out = Math.max(-left, right - innerWidth);
    if (out > 0.5) amiss.push(`${named(each)} "${each.textContent}" is cut, ${out.toFixed(1)} px`);
  }
  return amiss;
}

/** Text of a figure that lies outside of it, or on other text of it; lines of letters may touch. */
function misplaced() {
  const amiss = [], all = texts().filter(each => each.closest("figure svg"));
  for (const svg of document.querySelectorAll("figure svg")) {
    const whole = svg.getBoundingClientRect();
    const placed = all.filter(each => each.localName === "text" && svg.contains(each))
      .map(each => [each, each.getBoundingClientRect()]);
    placed.forEach(([each, box], i) => {
      const out = Math.max(whole.left - box.left, box.right - whole.right,
        whole.top - box.top, box.bottom - whole.bottom);
      if (out > 5) amiss.push(`${named(each)} leaves its figure by ${out.toFixed(1)} px`);
      for (const [other, its] of placed.slice(0, i)) {
        const wide = Math.min(box.right, its.right) - Math.max(box.left, its.left);
        const high = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
        if (Math.min(wide, high) > 5) amiss.push(`${named(each)} lies on ${named(other)}`);
      }
    });
  }
  return amiss;
}

/** Red, green, blue and opacity. */
function channels(color) {
  const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
}

/** What lies behind the text of an element: the nearest background that is not transparent. */
function behind(element) {
  for (let each = element; each; each = each.parentElement) {
    const color = channels(getComputedStyle(each).backgroundColor);
    if (color[3] > 0.99) return color;
  }
  return [255, 255, 255, 1];
}

/** The relative luminance of a colour, as WCAG defines it. */
function luminance(color) {
  const [r, g, b] = color.slice(0, 3).map(each => {
    const x = each / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Text too pale for what is behind it, by WCAG's AA. axe leaves out figures, and what scrolls. */
function pale() {
  const amiss = [];
  for (const each of texts()) {
    const style = getComputedStyle(each);
    if (each.closest(":disabled, [aria-disabled=true]")) continue;
    const [r, g, b, a] = channels(each instanceof SVGElement ? style.fill : style.color);
    const paper = behind(each);
    const ink = [r, g, b].map((x, i) => a * x + (1 - a) * paper[i]);
    const [low, high] = [luminance(ink), luminance(paper)].sort((x, y) => x - y);
    const contrast = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize) * scaleOf(each.closest("text") || each);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (contrast < (large ? 3 : 4.5)) {
      amiss.push(`${named(each)} has a contrast of ${contrast.toFixed(1)}`);
    }
  }
  return amiss;
}

/** What axe finds, each rule with the first places; `pale` looks at contrast, figures too. */
async function violations() {
  const found = await axe.run(document, {
    resultTypes: ["violations"], rules: { "color-contrast": { enabled: false } },
  });
  return found.violations.map(each => {
    const places = each.nodes.slice(0, 3).map(node => `${node.target}: ${node.failureSummary}`);
    return `${each.id}, ${each.nodes.length} times: ${places.join("; ")}`;
  });
}

/** What the window's width decides, with everything open. */
window.measured = least => { unfold(); return [...clipped(), ...cut(), ...misplaced(), ...small(least)]; };
window.pale = pale;
window.violations = violations;
})();
