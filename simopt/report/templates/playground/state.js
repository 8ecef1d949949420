// All that a run depends on, in one object: read from the address, written to it, and to Python.

const MOST_RULES = 7,
  MOST_DRAWN = 50000,
  MOST_WORK = 3e7;

// Points as lines of numbers: features, then the target. On one line alone ; parts the points; else
// it parts columns, as in tables whose numbers have a decimal comma.
function readPoints(text) {
  const lines = text.includes("\n") ? text.split("\n") : text.split(";");
  const commas = /[;\t]/.test(lines.join("")) && !text.includes(".");
  const rows = lines
    .map(line => (commas ? line.replace(/,/g, ".") : line).replace(/[;\t]/g, " ").trim())
    .filter(line => line && !line.startsWith("#"));
  if (rows.length && /[a-z]/i.test(rows[0].replace(/\d[eE][-+]?\d/g, ""))) rows.shift();
  const points = rows.map(line =>
    line
      .split(/[\s,|]+/)
      .filter(Boolean)
      .map(Number),
  );
  if (!points.length) return { error: "No points yet: a line for each, the target last." };
  const wide = points[0].length;
  for (const [i, point] of points.entries()) {
    if (point.some(each => !Number.isFinite(each)))
      return { error: `Point ${i + 1} has something that is no number.` };
    if (point.length !== wide)
      return {
        error: `Point ${i + 1} has ${point.length} number${point.length > 1 ? "s" : ""}, the first ${wide}.`,
      };
  }
  if (wide < 2 || wide > 3)
    return {
      error: `A point has ${wide} ${wide === 1 ? "number" : "numbers"}: it needs one or two features, then the target.`,
    };
  if (points.length > 5000) return { error: `${points.length} points: at most 5000.` };
  return { x: points.map(each => each.slice(0, -1)), y: points.map(each => each.at(-1)) };
}

function pointsText(x, y) {
  return x.map((each, i) => [...each, y[i]].join(" ")).join("\n");
}

function defaultState(example) {
  return {
    points: example.points,
    intercept: example.intercept,
    w0: [...example.w0],
    batchSize: 1,
    shuffle: "never",
    seed: 0,
    epochs: 25,
    dropLast: false,
    clip: { kind: "", bound: 1 },
    schedule: null,
    rules: ["SGD", "Momentum", "Adam"].map(rule => ({
      rule,
      convention: "document",
      given: { eta: 0.1 },
    })),
    active: 0,
    update: 0,
    big: false,
  };
}

const numberText = value => String(value);

function writeAddress(state, example) {
  const usual = defaultState(example),
    written = new URLSearchParams();
  if (state.points !== usual.points) written.set("points", linked(state.points));
  if (state.intercept !== usual.intercept) written.set("intercept", state.intercept ? 1 : 0);
  if (String(state.w0) !== String(usual.w0)) written.set("w0", state.w0.join(","));
  for (const name of ["batchSize", "shuffle", "seed", "epochs"]) {
    if (state[name] !== usual[name]) written.set(name, state[name]);
  }
  if (state.dropLast) written.set("dropLast", 1);
  if (state.clip.kind) written.set("clip", `${state.clip.kind}:${numberText(state.clip.bound)}`);
  if (state.schedule)
    written.set("schedule", pairs(state.schedule.name, scheduleGiven(state.schedule)));
  if (JSON.stringify(state.rules) !== JSON.stringify(usual.rules)) {
    for (const each of state.rules)
      written.append("rule", pairs(`${each.rule}:${each.convention}`, each.given));
  }
  if (state.active) written.set("active", state.active);
  if (state.update) written.set("update", state.update);
  if (state.big) written.set("big", 1);
  // What may stand in an address as it is stays legible.
  return written.toString().replace(/%(3A|2C|3D|3B)/g, decodeURIComponent);
}

// Points on one line, as the address has them.
function linked(text) {
  const { x, y } = readPoints(text);
  return x ? pointsText(x, y).replace(/\n/g, ";") : text.trim();
}

function pairs(name, values) {
  const inside = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  return [name, ...inside].join(",");
}

function scheduleGiven(schedule) {
  const { defaults, required } = SCHEDULES[schedule.name];
  return Object.fromEntries(
    Object.entries(schedule.settings).filter(
      ([key, value]) => required.includes(key) || value !== defaults[key],
    ),
  );
}

// A value as it stood in the address, of the kind of another.
function likeOf(text, like) {
  if (text === "true" || text === "false") return text === "true";
  const value = Number(text);
  return text !== "" && Number.isFinite(value) && typeof like !== "string"
    ? value
    : text === "null"
      ? null
      : text;
}

function unpaired(text) {
  const [name, ...rest] = text.split(",");
  return [name, Object.fromEntries(rest.map(each => each.split("=", 2)))];
}

// What an address says, over what is usual; what is not allowed is left out.
function readAddress(text, example) {
  const state = defaultState(example),
    given = new URLSearchParams(text);
  if (given.has("points")) state.points = given.get("points").replace(/;/g, "\n");
  if (given.has("intercept")) state.intercept = given.get("intercept") === "1";
  if (given.has("w0"))
    state.w0 = given
      .get("w0")
      .split(",")
      .map(Number)
      .map(each => (Number.isFinite(each) ? each : 0));
  const whole = (name, low, high) => {
    const value = Number(given.get(name));
    return given.has(name) && Number.isInteger(value) && value >= low && value <= high
      ? value
      : state[name];
  };
  state.batchSize = whole("batchSize", 1, 5000);
  state.seed = whole("seed", 0, Number.MAX_SAFE_INTEGER);
  state.epochs = whole("epochs", 1, MOST_DRAWN);
  state.active = whole("active", 0, MOST_RULES - 1);
  state.update = whole("update", 0, MOST_DRAWN);
  if (["never", "once", "epoch"].includes(given.get("shuffle")))
    state.shuffle = given.get("shuffle");
  state.dropLast = given.get("dropLast") === "1";
  state.big = given.get("big") === "1";
  const [kind, bound] = (given.get("clip") || "").split(":");
  if (["norm", "value"].includes(kind) && Number(bound) > 0)
    state.clip = { kind, bound: Number(bound) };
  const [name, settings] = unpaired(given.get("schedule") || "");
  if (Object.hasOwn(SCHEDULES, name)) {
    const { start } = SCHEDULES[name];
    state.schedule = { name, settings: { ...start } };
    for (const [key, value] of Object.entries(settings)) {
      const read = likeOf(value, start[key]);
      if (key in start && allowedInSchedule(key, read, name)) state.schedule.settings[key] = read;
    }
  }
  const rules = given.getAll("rule").slice(0, MOST_RULES).map(readRule).filter(Boolean);
  if (rules.length) state.rules = rules;
  state.active = Math.min(state.active, state.rules.length - 1);
  return state;
}

const COUNTS = ["total", "every", "warmup", "decay", "up", "down"];

function allowedInSchedule(key, value, name) {
  if (key === "per") return value === "update" || value === "epoch";
  if (key === "convention") return Object.hasOwn(COSINE_RISES, value);
  if (Object.hasOwn(CHOICES, key)) return CHOICES[key].includes(value);
  if (key === "peak_at" || (key === "gamma" && name === "cyclic")) return value >= 0 && value <= 1;
  if (value === null) return key === "total";
  if (COUNTS.includes(key)) return Number.isInteger(value) && value >= (key === "warmup" ? 0 : 1);
  return Number.isFinite(value) && (key === "power" ? value > 0 : value >= 0);
}

function readRule(text) {
  const [head, settings] = unpaired(text);
  const [rule, convention] = head.split(":");
  if (!Object.hasOwn(RULES, rule) || !Object.hasOwn(RULES[rule].conventions, convention))
    return null;
  const given = {};
  for (const [key, value] of Object.entries(settings)) {
    const read = likeOf(
      value,
      Object.hasOwn(RULES[rule].switches, key) || key === "decay" ? "" : 0,
    );
    if (Object.hasOwn(RULES[rule].switches, key)) {
      if (RULES[rule].switches[key].includes(read)) given[key] = read;
    } else if (key === "decay") {
      if (RULES[rule].decays.includes(read)) given[key] = read;
    } else if (Object.hasOwn(SETTINGS, key) && allowed(key, read)) given[key] = read;
  }
  return { rule, convention, given };
}

function allowed(name, value) {
  const { low, high, highOpen } = SETTINGS[name];
  return (
    Number.isFinite(value) &&
    (low === null || value >= low) &&
    (high === null || (highOpen ? value < high : value <= high))
  );
}

const pythonValue = value =>
  typeof value === "string"
    ? JSON.stringify(value)
    : value === true
      ? "True"
      : value === false
        ? "False"
        : value === null
          ? "None"
          : numberText(value);

function pythonCall(name, values) {
  return `${name}(${Object.entries(values)
    .map(([key, value]) => `${key}=${pythonValue(value)}`)
    .join(", ")})`;
}

// The Python that gives the same runs.
function pythonCode(state, points) {
  const wide = points.x[0].length > 1;
  const x = wide
    ? points.x.map(each => `[${each.join(", ")}]`)
    : points.x.map(each => numberText(each[0]));
  const start = state.w0.length === 1 ? numberText(state.w0[0]) : `[${state.w0.join(", ")}]`;
  const optimizers = state.rules.map(({ rule, convention, given }) =>
    pythonCall(`simopt.${rule}`, convention === "document" ? given : { ...given, convention }),
  );
  const plan = { batch_size: state.batchSize, epochs: state.epochs };
  if (state.shuffle !== "never") Object.assign(plan, { shuffle: state.shuffle, seed: state.seed });
  if (state.dropLast) plan.drop_last = true;
  if (state.clip.kind) plan[`clip_${state.clip.kind}`] = state.clip.bound;
  const settings = Object.entries(plan).map(([key, value]) => `${key}=${pythonValue(value)}`);
  if (state.schedule) {
    settings.push(
      `schedule=${pythonCall(`simopt.schedules.${state.schedule.name}`, scheduleGiven(state.schedule))}`,
    );
  }
  return [
    "import simopt",
    "",
    "problem = simopt.problems.least_squares(",
    `    [${x.join(", ")}],`,
    `    [${points.y.map(numberText).join(", ")}],`,
    `    w0=${start},`,
    ...(state.intercept ? ["    intercept=True,"] : []),
    ")",
    "optimizers = [",
    ...optimizers.map(each => `    ${each},`),
    "]",
    "for optimizer in optimizers:",
    `    run = simopt.run(problem, optimizer, ${settings.join(", ")})`,
    '    print(optimizer, run.steps.iloc[-1], sep="\\n")',
    "",
  ].join("\n");
}
