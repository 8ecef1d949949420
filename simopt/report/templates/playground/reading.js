// What is written beside the charts: lines, table, sentences, and the choice of quantities.

// How the field writes a state, where that is not its name.
const STATE_SIGNS = JSON.parse(document.getElementById("signs").textContent);

// What can be drawn: weights, and everything that a rule here has a name for.
function buildQuantities(app, one) {
  const { live, problem } = app.model,
    names = new Map();
  const add = (name, said) => {
    for (let k = 0; k < (name === "eta" ? 1 : problem.d); k++) names.set(`${name}|${k}`, said);
  };
  add("gradient", "gradient");
  for (const each of live) {
    each.optimizer.state.forEach(name => add(name, STATE_SIGNS[name] ?? name));
    for (const name of Object.keys(derivedAt(each.optimizer, each.columns, 1, problem.d)))
      add(name, STATE_SIGNS[name] ?? SETTINGS[name]?.sign ?? name);
  }
  add("eta", "η as scheduled");
  if (!names.has(app.quantity))
    app.quantity = [...names.keys()][Math.min(problem.d, names.size - 1)];
  const said = key =>
    `${names.get(key)}${problem.d > 1 && !key.startsWith("eta") ? `, weight ${Number(key.split("|")[1]) + 1}` : ""}`;
  refill(one("quantity"), [...names.keys()], app.quantity, said);
  const weights = Array.from({ length: problem.d }, (_, k) => `w|${k}`);
  if (!weights.includes(app.weight)) app.weight = "w|0";
  refill(one("weight"), weights, app.weight, key => app.model.names[Number(key.split("|")[1])]);
  one("weight").closest("label").hidden = problem.d === 1;
}

function refill(select, keys, value, said) {
  const key = keys.join() + value;
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  select.replaceChildren(
    ...keys.map(each => make("option", { value: each, selected: each === value }, said(each))),
  );
}

// Lines, table and sentences: for reading, so not more often than they can be read.
function write(app, one, drawn) {
  const { model, state } = app,
    { t, active } = model;
  one("now").textContent = `Update ${t} of ${model.updates}`;
  one("place").max = model.updates;
  one("place").value = t;
  one("place").setAttribute("aria-valuetext", `update ${t} of ${model.updates}`);
  const rows = model.all.map(each =>
    make(
      "tr",
      { class: each === active ? "best" : "" },
      make(
        "th",
        { scope: "row" },
        swatch(each.look),
        ` ${each.choice.rule}`,
        each.choice.convention === "document" ? "" : `, ${FRAMEWORKS[each.choice.convention].name}`,
      ),
      ...(each.columns
        ? [
            readable(each.optimizer.eta),
            ...each.columns.w.map(column => readable(column[t], 5)),
            readable(each.columns.loss[t], 5),
          ]
        : ["–", ...model.names.map(() => "–"), "–"]
      ).map(text => make("td", { class: "number" }, text)),
    ),
  );
  one("table").replaceChildren(
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        ...["rule", "η", ...model.names, "loss"].map((text, i) =>
          make("th", { scope: "col", class: i ? "number" : "" }, text),
        ),
      ),
    ),
    make("tbody", {}, ...rows),
  );
  writeLines(app, one);
  const radiusNow = stabilityView.fits(model) ? stabilityView.now(model) : null;
  one("stability-said").textContent =
    radiusNow === null
      ? `${active.choice.rule}: its step is not linear in the gradient, or changes with time; it has no boundary in these two numbers alone.`
      : `${active.choice.rule}: ${passes(model).said} multiplies the distance from the least loss by ${readable(radiusNow, 3)} in the long run${unlike(model.plan)}: it ${radiusNow < 1 ? "settles" : "does not settle"}.`;
  const described = model.live
    .map(each => `${each.choice.rule} ${readable(each.columns.loss[t], 3)}`)
    .join(", ");
  for (const { plot, name } of drawn)
    plot.canvas.setAttribute(
      "aria-label",
      `${plot.canvas.dataset.title}. At update ${t} the losses are: ${described}.`,
    );
  one("code").textContent = pythonCode(state, app.points);
}

// What the boundary leaves out.
function unlike(plan) {
  const left = [
    ...(plan.clip.kind ? ["clipping"] : []),
    ...(plan.schedule ? ["the schedule"] : []),
    ...(plan.shuffle === "epoch" && plan.batches > 1 ? ["what batches add"] : []),
  ];
  return left.length ? ` (leaving out ${left.join(" and ")})` : "";
}

function swatch(look) {
  const mark = make("span", { class: "swatch", "aria-hidden": "true" });
  mark.style.setProperty("--own", `var(${look.color})`);
  return mark;
}

function writeLines(app, one) {
  const { model } = app,
    { t, active, problem, plan } = model,
    box = one("lines");
  if (!active.columns) {
    box.replaceChildren(make("p", { class: "error" }, active.optimizer.error));
    return;
  }
  if (t === 0) {
    box.replaceChildren(
      make(
        "p",
        {},
        `At the start w = ${shownVector(Array.from(problem.w0)).text}; the loss is ${readable(model.first, 5)}. Step to see the first update.`,
      ),
    );
    return;
  }
  const step = workedStep(problem, active.optimizer, plan, active.columns, t);
  const which =
    step.points.map(each => each.number).join(", ") + (step.more ? ` and ${step.more} more` : "");
  const several = step.points.length + step.more > 1;
  const entries = [
    ...step.points.flatMap(point =>
      point.lines.map(each => [each, several ? `, point ${point.number}` : ""]),
    ),
    ...step.lines.map(each => [each, ""]),
  ];
  const list = make("dl", { class: "steps" });
  for (const [each, suffix] of entries) {
    list.append(
      make("dt", {}, each.label + suffix),
      make(
        "dd",
        {},
        make("span", { class: "formula" }, each.formula),
        ` = ${each.numbers} ${each.relation} `,
        make("strong", {}, each.result),
      ),
    );
  }
  box.replaceChildren(
    make(
      "p",
      {},
      `${active.choice.rule}, update ${t} (epoch ${step.epoch}, batch ${step.batch}): point${several ? "s" : ""} ${which}`,
    ),
    list,
  );
}
