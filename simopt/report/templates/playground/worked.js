// The worked lines of an update, written as simopt.walkthrough writes them.

// A number to five significant digits, as Python's "g" format has it: halves to even.
function plain(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size < 1e5 || size >= 1e9) return rounded(value, 5);
  const whole = Math.floor(size),
    rest = size - whole;
  const near = whole + (rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? 1 : 0);
  return `${value < 0 ? "-" : ""}${near}`;
}

function rounded(value, digits) {
  if (value === 0) return "0";
  // The decimal expansion, exact for all numbers that can lie in the middle of two.
  const [, sign, first, rest, power] = /^(-?)(\d)\.(\d+)e([+-]\d+)$/.exec(value.toExponential(60));
  let figures = BigInt(first + rest.slice(0, digits - 1));
  let exponent = Number(power);
  const left = rest.slice(digits - 1),
    half = "5".padEnd(left.length, "0");
  if (left > half || (left === half && figures % 2n === 1n)) figures += 1n;
  let text = figures.toString();
  if (text.length > digits) {
    text = text.slice(0, digits);
    exponent += 1;
  }
  if (exponent < -4 || exponent >= digits) {
    const tail = text.slice(1).replace(/0+$/, "");
    const places = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${text[0]}${tail ? "." + tail : ""}e${exponent < 0 ? "-" : "+"}${places}`;
  }
  if (exponent < 0) text = "0." + "0".repeat(-exponent - 1) + text;
  else if (exponent + 1 < text.length)
    text = text.slice(0, exponent + 1) + "." + text.slice(exponent + 1);
  return sign + (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

function shownNumber(value) {
  const clean = value === 0 ? 0 : value,
    text = plain(clean);
  const lost = Number.isFinite(clean) && Math.abs(Number(text) - clean) > 1e-9 * Math.abs(clean);
  return { text, rounded: lost };
}

function shownVector(values) {
  const each = values.map(shownNumber);
  if (each.length === 1) return each[0];
  return {
    text: `[${each.map(one => one.text).join(", ")}]`,
    rounded: each.some(one => one.rounded),
  };
}

// A formula's places filled with numbers, negative ones in brackets.
function filled(template, values) {
  let lost = false;
  const text = template.replace(/\{(\w+)\}/g, (match, name, place) => {
    const shown = values[name];
    lost ||= shown.rounded;
    const before = template.slice(0, place),
      after = template.slice(place + match.length);
    const opens = place === 0 || /[(|]$/.test(before);
    const raised = /^[²^]/.test(after);
    return shown.text.startsWith("-") && (raised || !opens) ? `(${shown.text})` : shown.text;
  });
  return [text, lost];
}

function workedLine(label, formula, template, values, value) {
  const [numbers, lost] = filled(template, values);
  const result = shownVector(value);
  return {
    label,
    formula,
    numbers,
    relation: lost || result.rounded ? "≈" : "=",
    result: result.text,
    value,
  };
}

// From the weights to the gradient of one point.
function pointLines(problem, w, i) {
  const x = problem.x.map(column => column[i]),
    y = problem.y[i];
  const z = predict(problem, w, i),
    error = z - y;
  const one = problem.d === 1;
  const values = {
    w: shownVector(w),
    x: shownVector(x),
    y: shownNumber(y),
    prediction: shownNumber(z),
    error: shownNumber(error),
  };
  return {
    number: i + 1,
    x: values.x.text,
    y: values.y.text,
    lines: [
      workedLine("Prediction", one ? "w x" : "w · x", one ? "{w} × {x}" : "{w} · {x}", values, [z]),
      workedLine("Error", "prediction - y", "{prediction} - {y}", values, [error]),
      workedLine(
        "Gradient",
        "2 × error × x",
        "2 × {error} × {x}",
        values,
        x.map(each => 2.0 * error * each),
      ),
    ],
  };
}

const MOST_POINTS = 8;

// Elementwise, as far as a value has more than one element.
function elementwise(compute, names, now) {
  const size = Math.max(1, ...names.filter(name => name in now).map(name => now[name].length));
  return Array.from({ length: size }, (_, k) => {
    const v = {};
    for (const name of names) if (name in now) v[name] = now[name][k % now[name].length];
    return compute(v);
  });
}

// What a rule knows before update t (from 1), and after it: name to a value a weight.
function quantities(problem, optimizer, columns, t) {
  const pick = (column, at) => column.map(each => each[at]);
  const before = { w: pick(columns.w, t - 1), t: [t - 1] };
  const after = { g: pick(columns.used, t), w: pick(columns.w, t), eta: [columns.eta[t]], t: [t] };
  optimizer.state.forEach((name, s) => {
    before[name] = pick(columns.state[s], t - 1);
    after[name] = pick(columns.state[s], t);
  });
  const derived = derivedAt(optimizer, columns, t, problem.d);
  for (const [name, value] of Object.entries(derived)) after[name] ??= value;
  return { before, after };
}

// What formulas carry that their rule computes otherwise: a product that begins at 1.
function carriedTo(problem, optimizer, columns, t) {
  let product = [1];
  const lines = optimizer.lines.map(i => LINES[i]);
  if (!lines.some(line => line.target === "product")) return {};
  for (let s = 1; s < t; s++) {
    const now = { ...numbersOf(optimizer), t: [s], product };
    for (const line of lines) {
      const [branch] = line.branches;
      if (branch.names.every(name => name in now || /^(sqrt|abs|max|min|sign)$/.test(name))) {
        now[line.target] = elementwise(branch.value, branch.names, now);
      }
      if (line.target === "product") {
        product = now.product;
        break;
      }
    }
  }
  return { product };
}

function numbersOf(optimizer) {
  return Object.fromEntries(
    Object.entries(optimizer.named).map(([name, value]) => [name, [value]]),
  );
}

function ruleLines(problem, optimizer, columns, t) {
  const { before, after } = quantities(problem, optimizer, columns, t);
  const all = optimizer.lines.map(i => LINES[i]);
  const counts = {
    target: "t",
    label: "Update count",
    names: ["t"],
    test: null,
    branches: [{ formula: "t + 1", template: "{t} + 1", names: ["t"], value: v => v.t + 1 }],
  };
  const steps = all.some(line => line.names.includes("t")) ? [counts, ...all] : all;
  const starts = carriedTo(problem, optimizer, columns, t);
  const now = { ...before, ...starts, ...numbersOf(optimizer), eta: after.eta, g: after.g };
  const written = [];
  steps.forEach((step, index) => {
    let branch = step.branches[0];
    if (step.test && !elementwise(step.test, step.names, now).every(Boolean))
      branch = step.branches[1];
    const last = steps.slice(index + 1).every(each => each.target !== step.target);
    const recorded = last && step.target in after && step.target !== "g";
    const value = recorded ? after[step.target] : elementwise(branch.value, branch.names, now);
    const shown = Object.fromEntries(
      Object.entries(now).map(([name, each]) => [name, shownVector(each)]),
    );
    written.push([
      step.target,
      branch.names,
      workedLine(step.label, branch.formula, branch.template, shown, value),
    ]);
    now[step.target] = value;
  });
  // A branch that is not taken needs none of the lines before it.
  const wanted = new Set(["w", ...optimizer.state, "product"]);
  return written
    .reverse()
    .filter(([target, names]) => {
      if (!wanted.has(target)) return false;
      names.forEach(name => wanted.add(name));
      return true;
    })
    .reverse()
    .map(([, , line]) => line);
}

// The worked step of update t, from 1.
function workedStep(problem, optimizer, plan, columns, t) {
  const epoch = Math.floor((t - 1) / plan.batches),
    batch = (t - 1) % plan.batches;
  const first = batch * plan.batchSize,
    end = Math.min(first + plan.batchSize, plan.used);
  const order = orderOf(problem, plan, epoch);
  const w = columns.w.map(each => each[t - 1]);
  const size = end - first,
    written = Math.min(size, MOST_POINTS);
  const points = Array.from(order.slice(first, first + written), i => pointLines(problem, w, i));
  const lines = [];
  const gradient = columns.gradient.map(each => each[t]);
  if (size > 1) {
    const values = {};
    points.forEach((point, k) => {
      values[`g${k}`] = shownVector(point.lines.at(-1).value);
    });
    const sum =
      Object.keys(values)
        .map(name => `{${name}}`)
        .join(" + ") + (size > written ? " + …" : "");
    const mean = workedLine(
      "Gradient",
      "mean over the points",
      `(${sum}) / ${size}`,
      values,
      gradient,
    );
    if (size > written) mean.relation = "≈";
    lines.push(mean);
  }
  if (plan.clip.kind) lines.push(clipLine(optimizer, plan, columns, gradient, t));
  lines.push(...ruleLines(problem, optimizer, columns, t));
  return { update: t, epoch: epoch + 1, batch: batch + 1, points, more: size - written, lines };
}

function clipLine(optimizer, plan, columns, gradient, t) {
  const used = columns.used.map(each => each[t]);
  const values = {
    g: shownVector(gradient),
    clip: shownNumber(plan.clip.bound),
    slack: shownNumber(optimizer.slack),
  };
  if (plan.clip.kind === "value") {
    return workedLine(
      "Clipped gradient",
      "between -clip and clip",
      "{g}, at most {clip} in size",
      values,
      used,
    );
  }
  values.norm = shownNumber(Math.hypot(...gradient));
  const slack = optimizer.slack ? " + {slack}" : "";
  return workedLine(
    "Clipped gradient",
    "g min(1, clip / |g|)",
    `{g} × min(1, {clip} / ({norm}${slack}))`,
    values,
    used,
  );
}
