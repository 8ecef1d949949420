// The views: each draws its layer behind when something has changed, and its moving part every frame.

// The axis of losses: by powers of ten where they span many, without what diverged.
function lossAxis(model) {
  const lists = model.live.map(each => each.columns.loss);
  const most = Math.max(model.first * 1e3, 1e-300);
  let [low, high] = extent(lists, value => Number.isFinite(value) && value <= most);
  const positive = extent(lists, value => value > 0 && value <= most);
  if (positive[1] > 30 * positive[0]) {
    low = Math.max(positive[0], positive[1] * 1e-16);
    return makeAxis("log", low / 1.5, positive[1] * 1.5, "loss");
  }
  return makeAxis("linear", ...padded(Math.min(low, 0), high), "loss");
}

function updatesAxis(model) {
  return makeAxis("linear", 0, model.updates, "update");
}

function curvesBase(plot, model, y, valuesOf) {
  plot.base(updatesAxis(model), y, context => {
    for (const each of model.live) {
      const values = valuesOf(each);
      if (!values) continue;
      penOf(context, each.look, each === model.active ? 3 : 2);
      curve(context, plot, values, 1e4);
    }
  });
}

function cursor(plot, model, context, valuesOf) {
  const x = plot.toX(model.t);
  context.setLineDash([]);
  context.strokeStyle = theme["--ink"];
  context.lineWidth = 1;
  line(context, [
    [x, plot.top],
    [x, plot.bottom],
  ]);
  for (const each of model.live) {
    const values = valuesOf(each);
    const value = values && values[model.t];
    if (!values || !Number.isFinite(value) || (plot.y.kind === "log" && value <= 0)) continue;
    dot(context, x, Math.max(plot.top, Math.min(plot.bottom, plot.toY(value))), each.look, 4.5);
  }
}

const lossView = {
  values: each => each.columns.loss,
  base(plot, model) {
    curvesBase(plot, model, lossAxis(model), this.values);
  },
  frame(plot, model, context) {
    cursor(plot, model, context, this.values);
  },
};

// A quantity by its name: a weight, a state, what is derived from it, the gradient, the rate.
function series(model, each, quantity) {
  const [name, k] = quantity.split("|");
  const { columns, optimizer } = each;
  if (name === "w") return columns.w[k];
  if (name === "gradient") return columns.gradient[k];
  if (name === "eta") return columns.eta;
  const s = optimizer.state.indexOf(name);
  if (s >= 0) return columns.state[s][k];
  each.derived ??= new Map();
  if (!each.derived.has(name)) {
    const there = optimizer.derived && name in derivedAt(optimizer, columns, 1, model.problem.d);
    each.derived.set(
      name,
      there &&
        Array.from({ length: model.problem.d }, () =>
          new Float64Array(model.updates + 1).fill(NaN),
        ),
    );
    if (there)
      for (let t = 1; t <= model.updates; t++) {
        derivedAt(optimizer, columns, t, model.problem.d)[name].forEach((value, i) => {
          each.derived.get(name)[i][t] = value;
        });
      }
  }
  const found = each.derived.get(name);
  return found ? found[k] : null;
}

function quantityView(quantityOf) {
  return {
    base(plot, model) {
      const quantity = quantityOf(model);
      const lists = calm(model)
        .map(each => series(model, each, quantity))
        .filter(Boolean);
      const [low, high] = extent(lists),
        room = calm(model).length < model.live.length ? 0.5 : 0.06;
      curvesBase(
        plot,
        model,
        makeAxis("linear", ...padded(low, high, room), signOf(quantity, model)),
        each => series(model, each, quantity),
      );
    },
    frame(plot, model, context) {
      cursor(plot, model, context, each => series(model, each, quantityOf(model)));
    },
  };
}

// The rules that set the scale: one that runs away would flatten the rest.
function calm(model) {
  const kept = model.live.filter(
    each =>
      extent([each.columns.loss])[1] <= 20 * model.first &&
      Number.isFinite(each.columns.loss[model.updates]),
  );
  return kept.length ? kept : model.live;
}

function signOf(quantity, model) {
  const [name, k] = quantity.split("|");
  const sign = SETTINGS[name]?.sign ?? STATE_SIGNS[name] ?? name;
  return model.problem.d > 1 && name !== "eta" ? `${sign}, weight ${Number(k) + 1}` : sign;
}

// The loss over the weight, or its contours over two, with the way of each rule.
const landscapeView = {
  key: model => JSON.stringify([model.asked, model.spreads]),
  base(plot, model) {
    if (model.problem.d === 1) this.curve(plot, model);
    else this.contours(plot, model);
  },
  curve(plot, model) {
    const middle = model.least ? model.least[0] : model.problem.w0[0];
    const far = Math.max(
      Math.abs(model.problem.w0[0] - middle) * 1.6,
      model.spreads[0] * 0.5,
      1e-9,
    );
    const [low, high] = [middle - far, middle + far];
    const at = Array.from({ length: 161 }, (_, i) => low + ((high - low) * i) / 160);
    const losses = at.map(w => lossAt(model.problem, [w]));
    const [, most] = extent([losses]);
    plot.base(
      makeAxis("linear", low, high, "w"),
      makeAxis("linear", Math.min(0, ...losses), most * 1.05 || 1, "loss"),
      context => {
        context.strokeStyle = theme["--muted"];
        context.lineWidth = 2;
        line(
          context,
          at.map((w, i) => [plot.toX(w), plot.toY(losses[i])]),
        );
      },
    );
  },
  contours(plot, model) {
    const { problem, least, hessian } = model;
    const middle = least || Array.from(problem.w0);
    const reach = [0, 1].map(k =>
      Math.max(Math.abs(problem.w0[k] - middle[k]) * 1.5, model.spreads[k] * 0.55, 1e-9),
    );
    plot.base(
      makeAxis("linear", middle[0] - reach[0], middle[0] + reach[0], model.names[0]),
      makeAxis("linear", middle[1] - reach[1], middle[1] + reach[1], model.names[1]),
      context => {
        if (!least) return;
        const start = Array.from(problem.w0),
          off = [start[0] - middle[0], start[1] - middle[1]];
        const high = quadratic(hessian, off) || 1;
        context.strokeStyle = theme["--muted"];
        context.lineWidth = 1;
        for (let level = -8; level <= 6; level++)
          ellipse(context, plot, middle, hessian, high * 2 ** level);
        cross(context, plot.toX(middle[0]), plot.toY(middle[1]));
      },
    );
  },
  frame(plot, model, context) {
    const { problem, t } = model,
      flat = problem.d === 1;
    const from = Math.max(0, t - (flat ? 12 : 1500));
    for (const each of model.live) {
      const { w, loss } = each.columns;
      const place = i => [plot.toX(w[0][i]), plot.toY(flat ? loss[i] : w[1][i])];
      const way = [];
      for (let i = from; i <= t; i++) {
        const [x, y] = place(i);
        if (!Number.isFinite(x) || !Number.isFinite(y)) break;
        way.push([Math.max(-1e4, Math.min(1e4, x)), Math.max(-1e4, Math.min(1e4, y))]);
      }
      if (!way.length) continue;
      penOf(context, each.look, each === model.active ? 2.5 : 1.5);
      context.globalAlpha = flat ? 0.45 : 0.85;
      line(context, way);
      context.globalAlpha = 1;
      const [x, y] = way.at(-1);
      const inX = Math.max(plot.left, Math.min(plot.right, x)),
        inY = Math.max(plot.top, Math.min(plot.bottom, y));
      dot(context, inX, inY, each.look, each === model.active ? 7 : 5.5);
    }
  },
};

// The excess of a quadratic loss at a distance from its least.
function quadratic(hessian, [a, b]) {
  return (hessian[0] * a * a + 2 * hessian[1] * a * b + hessian[2] * b * b) / 2;
}

function ellipse(context, plot, middle, hessian, level) {
  context.beginPath();
  for (let i = 0; i <= 120; i++) {
    const angle = (2 * Math.PI * i) / 120,
      way = [Math.cos(angle), Math.sin(angle)];
    const width = plot.x.high - plot.x.low,
      height = plot.y.high - plot.y.low;
    const direction = [way[0] * width, way[1] * height];
    const reach = Math.sqrt(level / Math.max(quadratic(hessian, direction), level * 1e-6));
    const x = plot.toX(middle[0] + direction[0] * reach),
      y = plot.toY(middle[1] + direction[1] * reach);
    if (i) context.lineTo(x, y);
    else context.moveTo(x, y);
  }
  context.stroke();
}

function cross(context, x, y) {
  context.strokeStyle = theme["--ink"];
  context.lineWidth = 2;
  line(context, [
    [x - 6, y - 6],
    [x + 6, y + 6],
  ]);
  line(context, [
    [x - 6, y + 6],
    [x + 6, y - 6],
  ]);
}

// Loss after the last update against the rate, from the worker.
const RATES = Array.from({ length: 111 }, (_, i) => 10 ** (-4 + i / 20));

const ratesView = {
  base(plot, model) {
    const known = model.all.filter(each => each.losses);
    const most = model.first * 30,
      least = model.leastLoss;
    const [low, high] = extent(
      known.map(each => each.losses),
      value => value > 0 && value <= most,
    );
    const bottom = Math.max(low, high * 1e-14, Number.isFinite(least) && least > 0 ? least : 0);
    plot.base(
      makeAxis("log", RATES[0], RATES.at(-1), "learning rate η"),
      makeAxis(
        "log",
        (bottom || 1e-12) / 1.6,
        Math.max(high, bottom * 10, 1e-12) * 1.6,
        `loss after ${model.updates} updates`,
      ),
      context => {
        for (const each of known) {
          penOf(context, each.look, each === model.active ? 3 : 2);
          context.beginPath();
          let pen = false;
          each.losses.forEach((loss, i) => {
            if (!Number.isFinite(loss)) {
              pen = false;
              return;
            }
            const y = Math.max(-1e4, Math.min(1e4, plot.toY(Math.max(loss, 1e-300))));
            if (pen) context.lineTo(plot.toX(RATES[i]), y);
            else context.moveTo(plot.toX(RATES[i]), y);
            pen = true;
          });
          context.stroke();
        }
      },
    );
  },
  frame(plot, model, context) {
    for (const each of model.live) {
      if (each.optimizer.eta < RATES[0]) continue;
      const x = plot.toX(each.optimizer.eta),
        last = each.columns.loss[model.updates];
      context.setLineDash(each === model.active ? [] : [3, 3]);
      context.strokeStyle = theme[each.look.color];
      context.lineWidth = each === model.active ? 2 : 1;
      line(context, [
        [x, plot.top],
        [x, plot.bottom],
      ]);
      const y = last > 0 && Number.isFinite(last) ? plot.toY(last) : plot.top;
      dot(
        context,
        x,
        Math.max(plot.top, Math.min(plot.bottom, y)),
        each.look,
        each === model.active ? 7 : 5,
      );
    }
  },
};
