// The fields: what may be chosen comes from the catalogue; what is typed is checked before it counts.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

let made = 0;

function labelled(text, field) {
  field.id ||= `field-${++made}`;
  return make("div", { class: "field" }, make("label", { for: field.id }, text), field);
}

function choiceOf(options, value, changed, names = each => each) {
  const field = make("select", { onchange: () => changed(options[field.selectedIndex]) });
  for (const each of options)
    field.append(make("option", { selected: each === value }, names(each)));
  return field;
}

// A number that is refused in words where it is not allowed.
function numberField(value, fits, said, changed, whole = false) {
  const field = make("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    spellcheck: false,
    value: numberText(value),
    size: 8,
    oninput: () => {
      const read = field.value.trim() === "" ? NaN : Number(field.value);
      const good = Number.isFinite(read) && (!whole || Number.isInteger(read)) && fits(read);
      field.setCustomValidity(good ? "" : `must be ${said}`);
      field.setAttribute("aria-invalid", String(!good));
      field.title = good ? "" : `must be ${said}`;
      if (good) changed(read);
    },
  });
  return field;
}

// How a slider's places, 0 to 1, stand for a hyperparameter's values.
function slide(name) {
  const { low, high, highOpen } = SETTINGS[name];
  const short = (value, digits) => Number(value.toPrecision(digits));
  if (low === 0 && high === 1 && highOpen) {
    // Even steps of 1 - value, in powers of ten.
    return {
      to: p => short(1 - 10 ** (-4 * p), 4),
      from: v => -Math.log10(Math.max(1e-4, 1 - v)) / 4,
    };
  }
  if (low !== null && high !== null)
    return { to: p => short(low + p * (high - low), 3), from: v => (v - low) / (high - low) };
  if (low === null) return { to: p => short(20 * p - 10, 3), from: v => (v + 10) / 20 };
  const [first, last] = name === "eta" ? [-4, 1.5] : low > 0 ? [Math.log10(low), 2] : [-12, 1];
  return {
    to: p => (p <= 0 ? low : short(10 ** (first + p * (last - first)), 3)),
    from: v => (v <= 0 ? 0 : Math.max(0, Math.min(1, (Math.log10(v) - first) / (last - first)))),
  };
}

const SLIDES = 400;

// A hyperparameter's sign and name; the name alone where it has no sign of its own.
function signed(name) {
  const { sign } = SETTINGS[name],
    said = name.replace(/_/g, " ");
  return /^[a-z]{3,}/i.test(sign) ? ["", said] : [sign, said];
}

// A slider and a field for one hyperparameter; both show what the other sets.
function settingField(name, value, changed) {
  const { allowed: said } = SETTINGS[name],
    [sign, words] = signed(name);
  const { to, from } = slide(name);
  const typed = numberField(
    value,
    each => allowed(name, each),
    said,
    read => {
      slider.value = Math.round(from(read) * SLIDES);
      slider.setAttribute("aria-valuetext", numberText(read));
      changed(read);
    },
  );
  const slider = make("input", {
    type: "range",
    min: "0",
    max: String(SLIDES),
    step: "1",
    "aria-valuetext": numberText(value),
    "aria-label": `${sign} ${words}`,
    oninput: () => {
      const read = to(Number(slider.value) / SLIDES);
      typed.value = numberText(read);
      typed.setCustomValidity("");
      typed.setAttribute("aria-invalid", "false");
      slider.setAttribute("aria-valuetext", numberText(read));
      changed(read);
    },
  });
  slider.value = Math.round(from(value) * SLIDES);
  typed.id = `field-${++made}`;
  const field = make(
    "div",
    { class: "field setting" },
    make("label", { for: typed.id }, sign, " ", make("span", { class: "muted" }, words)),
    slider,
    typed,
  );
  field.set = read => {
    typed.value = numberText(read);
    slider.value = Math.round(from(read) * SLIDES);
  };
  return field;
}

// Colours and dashes: a rule's own, or the next free one where two rules are of one kind.
function looksOf(rules) {
  const palette = ["--blue", "--orange", "--vermillion", "--green", "--sky", "--purple", "--ink"];
  const used = new Set();
  return rules.map(({ rule }) => {
    const { color, dash } = RULES[rule];
    const free = used.has(color) ? palette.find(each => !used.has(each)) || color : color;
    used.add(free);
    return { color: free, dash };
  });
}

function ruleCard(app, index) {
  const choice = app.state.rules[index],
    rule = RULES[choice.rule];
  const settings = { ...rule.defaults, ...rule.conventions[choice.convention], ...choice.given };
  const optimizer = chosen(choice);
  const again = () => {
    app.changed();
    app.buildRules();
  };
  const card = make("fieldset", { class: "rule", "data-index": String(index) });
  const look = app.model.all[index]?.look ?? looksOf(app.state.rules)[index];
  card.style.setProperty("--own", `var(${look.color})`);
  const name = make(
    "legend",
    {},
    make("span", { class: "swatch", "aria-hidden": "true" }),
    ` Rule ${index + 1}`,
  );
  const conventions = Object.keys(rule.conventions);
  const shown = make("input", {
    type: "radio",
    name: "active",
    checked: index === app.state.active,
    onchange: () => app.activate(index),
  });
  const head = make(
    "div",
    { class: "row" },
    labelled(
      "Rule",
      choiceOf(Object.keys(RULES), choice.rule, value => {
        app.state.rules[index] = {
          rule: value,
          convention: "document",
          given: "eta" in choice.given ? { eta: choice.given.eta } : {},
        };
        again();
      }),
    ),
    labelled(
      "Convention",
      choiceOf(
        conventions,
        choice.convention,
        value => {
          app.state.rules[index] = { ...choice, convention: value };
          again();
        },
        each => FRAMEWORKS[each].name,
      ),
    ),
    make("label", { class: "check" }, shown, "show its lines"),
  );
  card.append(name, head);
  if (optimizer.error) card.append(make("p", { class: "error", role: "alert" }, optimizer.error));
  const values = { eta: settings.eta };
  for (const each of optimizer.settings || []) values[each] = settings[each];
  for (const [each, value] of Object.entries(values)) {
    const field = settingField(each, value, read => {
      choice.given[each] = read;
      app.changed();
    });
    if (each === "eta") card.eta = field;
    card.append(field);
  }
  const more = make(
    "details",
    {
      class: "more",
      open: app.opened.has(index),
      ontoggle: () => {
        if (more.open) app.opened.add(index);
        else app.opened.delete(index);
      },
    },
    make("summary", {}, "Switches"),
  );
  for (const [each, options] of Object.entries(rule.switches)) {
    more.append(
      labelled(
        each.replace(/_/g, " "),
        choiceOf(
          options,
          settings[each],
          value => {
            choice.given[each] = value;
            again();
          },
          String,
        ),
      ),
    );
  }
  const preset = rule.conventions[choice.convention];
  for (const each of [...rule.optional, "weight_decay"]) {
    // What a convention has, it can't be without.
    if (each in preset) continue;
    more.append(
      make(
        "label",
        { class: "check" },
        make("input", {
          type: "checkbox",
          checked: each in choice.given,
          onchange: event => {
            if (event.target.checked) choice.given[each] = rule.defaults[each] ?? 0;
            else {
              delete choice.given[each];
              if (each === "weight_decay") delete choice.given.decay;
            }
            again();
          },
        }),
        signed(each).join(" "),
      ),
    );
  }
  if ("weight_decay" in settings && ("weight_decay" in preset || "weight_decay" in choice.given)) {
    more.append(
      labelled(
        "form of the decay",
        choiceOf(rule.decays, settings.decay, value => {
          choice.given.decay = value;
          again();
        }),
      ),
    );
  }
  card.append(
    more,
    make(
      "div",
      { class: "row" },
      make(
        "button",
        { type: "button", onclick: () => app.setRates(choice.given.eta ?? settings.eta) },
        "This η for all",
      ),
      ...(app.state.rules.length > 1
        ? [make("button", { type: "button", onclick: () => app.remove(index) }, "Remove")]
        : []),
    ),
  );
  return card;
}
