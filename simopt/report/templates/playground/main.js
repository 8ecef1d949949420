// The page: one state, what follows from it, and what is seen of that.
(() => {
  const section = document.getElementById("playground");
  const EXAMPLES = JSON.parse(document.getElementById("examples").textContent);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const one = name => section.querySelector(`[data-${name}]`);

  const app = {
    state: readAddress(location.hash.slice(1), EXAMPLES[0]),
    model: { all: [], live: [] },
    opened: new Set(),
    playing: false,
    time: 0,
    dirty: true,
    speed: 8,
    quantity: "",
    weight: "w|0",
  };
  globalThis.playground = app;
  const plots = {
    landscape: [landscapeView, "landscape"],
    loss: [lossView, "loss"],
    weights: [quantityView(() => app.weight), "weights"],
    state: [quantityView(() => app.quantity), "state"],
    rates: [ratesView, "rates"],
    stability: [stabilityView, "stability"],
  };
  const drawn = Object.entries(plots).map(([name, [view]]) => ({
    name,
    view,
    plot: new Plot(one(`plot="${name}"`)),
  }));

  // From the state to trajectories; a mistake is said, and what was there stays.
  function compute() {
    const { state } = app,
      points = readPoints(state.points),
      problemError = one("error");
    problemError.textContent = points.error || "";
    one("counted").textContent = "";
    if (points.error) return false;
    app.points = points;
    const wide = points.x[0].length,
      count = points.y.length;
    one("counted").textContent =
      `${count} point${count > 1 ? "s" : ""}, ${wide > 1 ? "two features" : "one feature"}.`;
    if (wide > 1) state.intercept = false;
    one("intercept").checked = state.intercept;
    one("intercept").disabled = wide > 1;
    const columns = Array.from({ length: wide }, (_, k) => points.x.map(each => each[k]));
    if (state.intercept) columns.push(points.y.map(() => 1));
    if (state.w0.length !== columns.length) {
      state.w0 = columns.map((_, k) => state.w0[k] ?? 0);
      app.buildPlan();
    }
    if (state.batchSize > points.y.length) {
      state.batchSize = points.y.length;
      app.buildPlan();
    }
    const model = modelOf(state, columns, points.y, app.model);
    if (model.error) {
      problemError.textContent = model.error;
      return false;
    }
    app.model = model;
    section.dataset.updates = String(model.updates);
    return true;
  }

  // The worker, or, where there can be none, the same in pauses of the page.
  const answered = data => {
    if (data.id !== app.asked) return;
    const each = app.model.all[data.index];
    if (!each) return;
    each.losses = data.losses;
    const spent = (app.rate ??= { updates: 0, milliseconds: 0 });
    spent.updates += data.updates;
    spent.milliseconds += data.milliseconds;
    drawn.find(plot => plot.name === "rates").plot.stale = true;
    one("speed-said").textContent =
      `${readable(Math.round(spent.updates / spent.milliseconds / 10) * 10000, 3)} updates a second.`;
    wake();
  };
  let worker = null;
  try {
    const text = ["engine", "worker"].map(id => document.getElementById(id).textContent).join("\n");
    worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
    worker.onmessage = event => answered(event.data);
    worker.onerror = () => {
      worker = null;
      ask();
    };
  } catch {
    worker = null;
  }

  function ask() {
    const { problem } = app.model;
    if (!problem) return;
    app.asked = (app.asked || 0) + 1;
    const plan = { ...app.model.plan, orders: undefined, table: undefined };
    const question = {
      id: app.asked,
      columns: problem.x.map(each => Array.from(each)),
      y: Array.from(problem.y),
      w0: Array.from(problem.w0),
      plan: settingsOf(plan),
      rules: app.state.rules,
      etas: RATES,
    };
    const asked = JSON.stringify({
      ...question,
      id: 0,
      rules: question.rules.map(each => ({ ...each, given: { ...each.given, eta: 0 } })),
    });
    if (asked === app.question) {
      app.asked -= 1;
      return;
    }
    app.question = asked;
    if (worker) worker.postMessage(JSON.parse(JSON.stringify(question)));
    else answer(question, answered);
  }

  app.changed = () => {
    app.dirty = true;
    wake();
  };
  app.activate = index => {
    app.state.active = index;
    app.changed();
  };
  app.setRates = eta => {
    for (const each of app.state.rules) each.given.eta = eta;
    app.changed();
    app.buildRules();
  };
  app.remove = index => {
    app.state.rules.splice(index, 1);
    app.opened.clear();
    app.state.active = Math.min(app.state.active, app.state.rules.length - 1);
    app.question = "";
    app.changed();
    app.buildRules();
  };
  app.buildPlan = () => planFields(app, one("plan"));
  app.buildRules = () => {
    const focused = document.activeElement?.closest?.(".rule")?.dataset.index;
    const cards = app.state.rules.map((_, index) => ruleCard(app, index));
    one("rules").replaceChildren(...cards);
    app.cards = cards;
    if (focused !== undefined)
      cards[Math.min(focused, cards.length - 1)].querySelector("select").focus();
    one("add").disabled = app.state.rules.length >= MOST_RULES;
  };

  function address() {
    const text = writeAddress(
      { ...app.state, update: app.playing ? app.state.update : (app.model.t ?? 0) },
      EXAMPLES[0],
    );
    app.address = text;
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  }

  function go(t) {
    app.model.t = Math.max(0, Math.min(app.model.updates, Math.round(t)));
    app.time = app.model.t;
    app.state.update = app.model.t;
    app.unwritten = true;
    wake();
  }

  function play(on) {
    if (!app.model.problem) return;
    if (on && app.model.t >= app.model.updates) go(0);
    app.playing = on;
    app.time = app.model.t;
    app.last = 0;
    one("play").textContent = on ? "Pause" : "Play";
    one("play").setAttribute("aria-pressed", String(on));
    // While it plays, every update would be read aloud.
    one("now").setAttribute("aria-live", on ? "off" : "polite");
    app.unwritten = true;
    wake();
  }

  // Frames come as long as something moves or has changed.
  let waiting = false,
    wrote = 0,
    settled = null;
  function wake() {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(frame);
    }
  }

  function frame(now) {
    waiting = false;
    if (app.dirty) {
      app.dirty = false;
      app.good = compute();
      if (app.good) {
        buildQuantities(app, one);
        for (const { plot, view } of drawn) {
          const key = view.key?.(app.model);
          plot.stale ||= key === undefined || key !== plot.key;
          plot.key = key;
        }
        app.unwritten = true;
        ask();
      }
    }
    if (!app.model.problem) return;
    const { model } = app;
    if (app.playing) {
      app.time += app.last ? Math.min(0.1, (now - app.last) / 1000) * app.speed : 0;
      app.last = now;
      const t = Math.min(model.updates, Math.floor(app.time));
      if (t !== model.t) {
        model.t = t;
        app.unwritten = true;
      }
      if (t >= model.updates) play(false);
    }
    for (const { plot, view } of drawn) {
      plot.fit();
      if (!plot.canvas.width) continue;
      if (plot.stale) view.base(plot, model);
      plot.frame(context => view.frame(plot, model, context));
    }
    if (app.unwritten && now - wrote > 120) {
      app.unwritten = false;
      wrote = now;
      write(app, one, drawn);
    }
    app.frames = (app.frames || 0) + 1;
    if (app.playing || app.unwritten || app.dirty) wake();
    // The address follows once nothing has changed for a while: browsers allow few changes of it.
    clearTimeout(settled);
    if (!app.playing)
      settled = setTimeout(() => {
        address();
        section.dataset.ready = "true";
      }, 250);
  }

  function restart(state) {
    app.state = state;
    app.model.t = state.update;
    app.question = "";
    one("points").value = state.points;
    one("intercept").checked = state.intercept;
    section.classList.toggle("big", state.big);
    one("big").setAttribute("aria-pressed", String(state.big));
    readTheme(section);
    app.dirty = true;
    app.buildPlan();
    app.buildRules();
    wake();
  }

  const on = (name, event, what) => one(name).addEventListener(event, what);
  on("play", "click", () => play(!app.playing));
  on("forward", "click", () => {
    play(false);
    go(app.model.t + 1);
  });
  on("back", "click", () => {
    play(false);
    go(app.model.t - 1);
  });
  on("first", "click", () => {
    play(false);
    go(0);
  });
  on("last", "click", () => {
    play(false);
    go(app.model.updates);
  });
  on("place", "input", event => {
    play(false);
    go(Number(event.target.value));
  });
  on("pace", "change", event => {
    app.speed = Number(event.target.value);
  });
  on("points", "input", event => {
    app.state.points = event.target.value;
    app.changed();
  });
  on("intercept", "change", event => {
    app.state.intercept = event.target.checked;
    app.changed();
  });
  on("example", "change", event => {
    const example = EXAMPLES[event.target.selectedIndex];
    Object.assign(app.state, {
      points: example.points,
      intercept: example.intercept,
      w0: [...example.w0],
    });
    restart(app.state);
  });
  on("quantity", "change", event => {
    app.quantity = event.target.value;
    app.changed();
  });
  on("weight", "change", event => {
    app.weight = event.target.value;
    app.changed();
  });
  on("add", "click", () => {
    const used = app.state.rules.map(each => each.rule);
    const rule = Object.keys(RULES).find(each => !used.includes(each)) || "SGD";
    app.state.rules.push({
      rule,
      convention: "document",
      given: { eta: app.state.rules[0].given.eta ?? 0.1 },
    });
    app.changed();
    app.buildRules();
  });
  on("big", "click", () => {
    app.state.big = !app.state.big;
    restart(app.state);
  });
  on("reset", "click", () => {
    play(false);
    restart(defaultState(EXAMPLES[0]));
  });
  on("copy-code", "click", () => copy(one("code").textContent, "Python"));
  on("copy-link", "click", () => {
    address();
    copy(location.href, "link");
  });

  async function copy(text, what) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = make("textarea", { value: text, class: "hidden-copy" });
      section.append(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
    }
    one("said").textContent = done
      ? `The ${what} is on the clipboard.`
      : `The browser did not allow it: select the ${what} and copy it.`;
  }

  // The rate of the rule whose line is shown, dragged on the chart of rates.
  const rates = drawn.find(each => each.name === "rates").plot;
  rates.canvas.addEventListener("pointerdown", event => {
    rates.canvas.setPointerCapture(event.pointerId);
    drag(event);
  });
  rates.canvas.addEventListener("pointermove", event => {
    if (event.buttons) drag(event);
  });
  function drag(event) {
    const box = rates.canvas.getBoundingClientRect();
    const eta = valueAt(
      rates.x,
      Math.max(rates.left, Math.min(rates.right, event.clientX - box.left)),
      rates.left,
      rates.right,
    );
    const value = Number(eta.toPrecision(3)),
      { active } = app.state;
    app.state.rules[active].given.eta = value;
    app.cards[active].eta.set(value);
    app.changed();
  }

  section.querySelector(".views").addEventListener("keydown", event => {
    if (
      event.target.closest("input, select, button") ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    const keys = {
      ArrowRight: () => go(app.model.t + 1),
      ArrowLeft: () => go(app.model.t - 1),
      Home: () => go(0),
      End: () => go(app.model.updates),
      " ": () => play(!app.playing),
    };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  const repaint = () => {
    readTheme(section);
    for (const { plot } of drawn) plot.stale = true;
    wake();
  };
  addEventListener("resize", repaint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  matchMedia("print").addEventListener("change", () => {
    repaint();
    frame(performance.now());
  });
  addEventListener("hashchange", () => {
    if (location.hash.slice(1) !== app.address)
      restart(readAddress(location.hash.slice(1), EXAMPLES[0]));
  });

  for (const each of EXAMPLES) one("example").append(make("option", {}, each.name));
  if (still.matches) {
    app.speed = 2;
    one("pace").value = "2";
  }
  restart(app.state);
})();
