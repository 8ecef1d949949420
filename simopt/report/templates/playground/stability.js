// Where a rule whose step is linear in gradient and state settles: eta against its momentum.

// What an update makes of weight, gradient and state, as six numbers; null where it is not linear.
function linearMoves(optimizer, eta, values) {
  if (optimizer.state.length > 1 || optimizer.clock) return null;
  const at = (w, g, v) => {
    const next = optimizer.update(w, g, eta, ...(optimizer.state.length ? [v] : []), ...values);
    return optimizer.state.length ? next : [next, 0];
  };
  const moves = [at(1, 0, 0), at(0, 1, 0), optimizer.state.length ? at(0, 0, 1) : [0, 0]];
  const sum = at(1, 2, 3);
  for (let i = 0; i < 2; i++) {
    const expected = moves[0][i] + 2 * moves[1][i] + 3 * moves[2][i];
    if (!(Math.abs(sum[i] - expected) <= 1e-9 * (1 + Math.abs(expected)))) return null;
  }
  return moves;
}

// How much a pass multiplies the distance from the least by, in the long run; each of its batches has
// a curvature, a number or, of two weights, [xx, xy, yy].
function radius(moves, curvatures) {
  if (curvatures[0].length === 3) return radiusOfTwo(moves, curvatures);
  let [a, b, c, d] = [1, 0, 0, 1];
  for (const [h] of curvatures) {
    const p = moves[0][0] + h * moves[1][0],
      q = moves[2][0];
    const r = moves[0][1] + h * moves[1][1],
      s = moves[2][1];
    [a, b, c, d] = [p * a + q * c, p * b + q * d, r * a + s * c, r * b + s * d];
  }
  const half = (a + d) / 2,
    product = a * d - b * c,
    inside = half * half - product;
  return inside >= 0 ? Math.abs(half) + Math.sqrt(inside) : Math.sqrt(product);
}

function times(left, right) {
  const result = new Float64Array(16);
  for (let i = 0; i < 4; i++)
    for (let k = 0; k < 4; k++) {
      const factor = left[4 * i + k];
      for (let j = 0; j < 4; j++) result[4 * i + j] += factor * right[4 * k + j];
    }
  return result;
}

// Of both weights and their states: Gelfand's formula, the powers by squaring.
function radiusOfTwo([w, g, v], curvatures) {
  let pass = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  for (const [a, b, c] of curvatures) {
    pass = times(
      Float64Array.of(
        w[0] + g[0] * a,
        g[0] * b,
        v[0],
        0,
        g[0] * b,
        w[0] + g[0] * c,
        0,
        v[0],
        w[1] + g[1] * a,
        g[1] * b,
        v[1],
        0,
        g[1] * b,
        w[1] + g[1] * c,
        0,
        v[1],
      ),
      pass,
    );
  }
  let logarithm = 0,
    share = 1;
  for (let k = 0; k < 24; k++) {
    const size = Math.max(...pass.map(Math.abs));
    if (!(size > 0)) return size;
    logarithm += share * Math.log(size);
    share /= 2;
    pass = pass.map(each => each / size);
    pass = times(pass, pass);
  }
  return Math.exp(logarithm);
}

// The curvatures of a pass: of its batches where their order stays, of all points where it changes.
function passes(model) {
  const { problem, plan } = model,
    { x, d, n } = problem;
  const curvature = (order, first, end) => {
    const sums = d > 1 ? [0, 0, 0] : [0];
    for (let i = first; i < end; i++) {
      const a = x[0][order[i]],
        b = d > 1 ? x[1][order[i]] : 0;
      sums[0] += a * a;
      if (d > 1) {
        sums[1] += a * b;
        sums[2] += b * b;
      }
    }
    return sums.map(each => (2 * each) / (end - first));
  };
  const order = orderOf(problem, plan, 0);
  if (plan.batches === 1)
    return { each: [curvature(order, 0, plan.used)], said: "the gradient of the batch" };
  if (plan.shuffle === "epoch" || plan.batches > 400) {
    return { each: [curvature(order, 0, n)], said: "the gradient of all points at once" };
  }
  const each = Array.from({ length: plan.batches }, (_, b) => {
    const first = b * plan.batchSize;
    return curvature(order, first, Math.min(first + plan.batchSize, plan.used));
  });
  return { each, said: "a pass over the batches in their order" };
}

const GRID = { low: 1e-3, high: 1e2, columns: 48, rows: 160 };

const stabilityView = {
  key: model =>
    JSON.stringify([
      model.active.optimizer.error ?? stabilityView.settled(model),
      model.active.look,
    ]),
  // The hyperparameter that stands on the axis beside the rate.
  momentumOf(optimizer) {
    return optimizer.settings.find(name => name === "beta" || name === "momentum");
  },
  base(plot, model) {
    const { low, high, columns, rows } = GRID;
    plot.base(
      makeAxis("linear", 0, 1, "momentum"),
      makeAxis("log", low, high, "learning rate η"),
      context => {
        if (!this.fits(model)) return;
        const settles = this.grid(model);
        context.fillStyle = theme[model.active.look.color];
        context.globalAlpha = 0.3;
        const width = (plot.right - plot.left) / columns,
          height = (plot.bottom - plot.top) / rows;
        context.beginPath();
        for (let i = 0; i < columns; i++) {
          for (let j = 0, first = -1; j <= rows; j++) {
            const inside = j < rows && settles[i * rows + j];
            if (inside && first < 0) first = j;
            if (inside || first < 0) continue;
            context.rect(
              plot.left + i * width,
              plot.bottom - j * height,
              width + 0.5,
              (j - first) * height,
            );
            first = -1;
          }
        }
        context.fill();
      },
    );
  },
  // Which cells settle; kept as long as nothing but eta and the momentum has changed.
  grid(model) {
    const { optimizer } = model.active,
      { columns, rows } = GRID;
    const name = this.momentumOf(optimizer),
      place = optimizer.settings.indexOf(name);
    const curvatures = passes(model).each,
      values = optimizer.values.slice();
    const key = this.settled(model);
    if (key === this.from) return this.kept;
    const settles = new Uint8Array(columns * rows);
    for (let i = 0; i < columns; i++) {
      if (name) values[place] = (i + 0.5) / columns;
      for (let j = 0; j < rows; j++) {
        const eta = GRID.low * (GRID.high / GRID.low) ** ((j + 0.5) / rows);
        const moves = linearMoves(optimizer, eta, values);
        settles[i * rows + j] = moves && radius(moves, curvatures) < 1 ? 1 : 0;
      }
    }
    Object.assign(this, { from: key, kept: settles });
    return settles;
  },
  // All that the cells depend on.
  settled(model) {
    const { optimizer } = model.active,
      beside = this.momentumOf(optimizer);
    const values = optimizer.values.map((value, i) =>
      optimizer.settings[i] === beside ? 0 : value,
    );
    return JSON.stringify([optimizer.name, optimizer.lines, values, passes(model).each]);
  },
  fits(model) {
    const { optimizer } = model.active;
    return !optimizer.error && linearMoves(optimizer, 0.1, optimizer.values) !== null;
  },
  // The radius at the rate and momentum that are set.
  now(model) {
    const { optimizer } = model.active,
      moves = linearMoves(optimizer, optimizer.eta, optimizer.values);
    return moves && radius(moves, passes(model).each);
  },
  frame(plot, model, context) {
    const { optimizer, look } = model.active;
    if (optimizer.error) return;
    const name = this.momentumOf(optimizer);
    const beta = name ? optimizer.named[name] : 0;
    const y = Math.max(plot.top, Math.min(plot.bottom, plot.toY(Math.max(optimizer.eta, 1e-12))));
    dot(context, plot.toX(beta), y, look, 7);
  },
};
