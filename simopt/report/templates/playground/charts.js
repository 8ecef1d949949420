// Drawing on canvases. What stays is drawn once, on a canvas behind; a frame draws what moves.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// A number as the other pages write it.
function readable(value, digits = 4) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent >= 7 || exponent <= -5) {
    const shown = String(Number(mantissa)),
      ten = `10${raisedPower(exponent)}`;
    return (shown === "1" ? ten : shown === "-1" ? `−${ten}` : `${shown} × ${ten}`).replace(
      "-",
      "−",
    );
  }
  const shown = exponent < digits ? String(Number(value.toPrecision(digits))) : value.toFixed(0);
  const [whole, ...decimals] = shown.replace("-", "−").split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...decimals].join(".");
}

function raisedPower(exponent) {
  return (
    (exponent < 0 ? "⁻" : "") +
    [...String(Math.abs(exponent))].map(each => SUPERSCRIPTS[each]).join("")
  );
}

const theme = {};

function readTheme(section) {
  const style = getComputedStyle(section);
  for (const name of [
    "ink",
    "muted",
    "grid",
    "paper",
    "tint",
    "accent",
    "blue",
    "orange",
    "vermillion",
    "green",
    "sky",
    "purple",
  ]) {
    theme[`--${name}`] = style.getPropertyValue(`--${name}`).trim();
  }
  theme.size = Math.max(11, parseFloat(style.fontSize) * 0.8);
  theme.font = `${theme.size}px ${style.fontFamily}`;
}

// An axis: "log" or "linear", between two numbers, over some pixels.
function makeAxis(kind, low, high, title) {
  const to = kind === "log" ? Math.log10 : each => each;
  return { kind, low, high, title, a: to(low), b: to(high), to };
}

function placed(axis, value, start, end) {
  return start + ((axis.to(value) - axis.a) / (axis.b - axis.a)) * (end - start);
}

function valueAt(axis, pixel, start, end) {
  const t = axis.a + ((pixel - start) / (end - start)) * (axis.b - axis.a);
  return axis.kind === "log" ? 10 ** t : t;
}

function ticksOf(axis, most) {
  if (axis.kind === "log") {
    const first = Math.ceil(axis.a - 1e-9),
      last = Math.floor(axis.b + 1e-9);
    const every = Math.max(1, Math.ceil((last - first + 1) / most));
    const powers = [];
    for (let k = last; k >= first; k -= every) powers.push(10 ** k);
    if (powers.length >= 2)
      return powers.map(value => [
        value,
        value > 0.0009 && value < 11000
          ? readable(value)
          : `10${raisedPower(Math.round(Math.log10(value)))}`,
      ]);
  }
  const raw = (axis.high - axis.low) / most,
    power = 10 ** Math.floor(Math.log10(raw));
  const every = [1, 2, 5, 10].map(each => each * power).find(each => each >= raw);
  const ticks = [];
  for (let k = Math.ceil(axis.low / every - 1e-9); k * every <= axis.high + every * 1e-9; k++) {
    ticks.push([k * every, readable(Math.abs(k * every) < every * 1e-9 ? 0 : k * every)]);
  }
  return ticks;
}

class Plot {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.layer = document.createElement("canvas");
    this.layer.setAttribute("aria-hidden", "true");
    const box = document.createElement("div");
    box.className = "plot";
    canvas.replaceWith(box);
    box.append(this.layer, canvas);
    this.stale = true;
  }

  // Whether the size has changed; both layers take it.
  fit() {
    const scale = Math.min(devicePixelRatio || 1, 3);
    const width = Math.round(this.canvas.clientWidth * scale),
      height = Math.round(this.canvas.clientHeight * scale);
    if (width === this.canvas.width && height === this.canvas.height) return;
    for (const each of [this.canvas, this.layer]) {
      each.width = width;
      each.height = height;
    }
    this.scale = scale;
    this.stale = true;
  }

  get width() {
    return this.canvas.width / this.scale;
  }
  get height() {
    return this.canvas.height / this.scale;
  }

  // Axes, and the area that they leave; `draw` adds the curves, clipped to it.
  base(x, y, draw) {
    const context = this.layer.getContext("2d"),
      { size } = theme;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.font = theme.font;
    const ticks = ticksOf(y, Math.max(3, Math.floor(this.height / (size * 3.2))));
    const wide = Math.max(...ticks.map(([, text]) => context.measureText(text).width), size * 1.5);
    Object.assign(this, {
      x,
      y,
      left: wide + size * 2.1,
      right: this.width - size * 0.9,
      top: size * 0.9,
      bottom: this.height - size * 3.1,
    });
    context.lineWidth = 1;
    context.strokeStyle = theme["--grid"];
    context.fillStyle = theme["--ink"];
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const [value, text] of ticks) {
      const at = this.toY(value);
      line(context, [
        [this.left, at],
        [this.right, at],
      ]);
      context.fillText(text, this.left - size * 0.5, at);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const [value, text] of ticksOf(x, Math.max(3, Math.floor(this.width / (size * 5.5))))) {
      const at = this.toX(value);
      line(context, [
        [at, this.top],
        [at, this.bottom],
      ]);
      context.fillText(text, at, this.bottom + size * 0.4);
    }
    context.fillText(x.title, (this.left + this.right) / 2, this.height - size * 1.35);
    context.save();
    context.translate(size * 0.15, (this.top + this.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(y.title, 0, 0);
    context.restore();
    this.inside(context, () => draw(context));
    this.stale = false;
  }

  toX(value) {
    return placed(this.x, value, this.left, this.right);
  }
  toY(value) {
    return placed(this.y, value, this.bottom, this.top);
  }

  inside(context, draw) {
    context.save();
    context.beginPath();
    context.rect(
      this.left - 1,
      this.top - 1,
      this.right - this.left + 2,
      this.bottom - this.top + 2,
    );
    context.clip();
    draw(context);
    context.restore();
  }

  // What moves.
  frame(draw) {
    const { context } = this;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.font = theme.font;
    this.inside(context, () => draw(context));
  }
}

function line(context, points) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

function penOf(context, look, width = 2) {
  context.strokeStyle = theme[look.color];
  context.lineWidth = width;
  context.setLineDash(look.dash.map(each => each * width));
  context.lineJoin = "round";
}

// A curve of many values; where several share a pixel, from the least to the largest of them.
function curve(context, plot, values, limit) {
  const n = values.length,
    across = Math.max(1, plot.right - plot.left);
  const each = Math.max(1, Math.round(n / across));
  const cut = y => Math.max(-limit, Math.min(limit, y));
  context.beginPath();
  let pen = false;
  for (let i = 0; i < n; i += each) {
    let low = Infinity,
      high = -Infinity;
    for (let j = i; j < Math.min(n, i + each); j++) {
      const value = values[j];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low === Infinity || (plot.y.kind === "log" && high <= 0)) {
      pen = false;
      continue;
    }
    const x = plot.toX(i);
    for (const value of high > low ? [low, high] : [low]) {
      const y = cut(plot.y.kind === "log" && value <= 0 ? plot.bottom + 50 : plot.toY(value));
      if (pen) context.lineTo(x, y);
      else context.moveTo(x, y);
      pen = true;
    }
  }
  context.stroke();
}

function dot(context, x, y, look, radius) {
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = theme[look.color];
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = theme["--paper"];
  context.stroke();
}

// The least and the largest of what can be drawn.
function extent(lists, fits = Number.isFinite) {
  let low = Infinity,
    high = -Infinity;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (!fits(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low === Infinity ? [0, 1] : [low, high];
}

function padded(low, high, share = 0.06) {
  const pad = (high - low || Math.abs(high) || 1) * share;
  return [low - pad, high + pad];
}
