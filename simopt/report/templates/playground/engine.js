// Trajectories as simopt.run computes them, with the same bits. The rules, the shuffle and the
// clipping above are translated from Python; what follows are the loss and the loop around them.

// NumPy's sum: eight at a time up to 128 numbers, halves above.
function pairwise(a, start, n) {
  if (n < 8) {
    let sum = -0;
    for (let i = 0; i < n; i++) sum += a[start + i];
    return sum;
  }
  if (n <= 128) {
    let r0 = a[start],
      r1 = a[start + 1],
      r2 = a[start + 2],
      r3 = a[start + 3];
    let r4 = a[start + 4],
      r5 = a[start + 5],
      r6 = a[start + 6],
      r7 = a[start + 7];
    let i = 8;
    for (; i < n - (n % 8); i += 8) {
      r0 += a[start + i];
      r1 += a[start + i + 1];
      r2 += a[start + i + 2];
      r3 += a[start + i + 3];
      r4 += a[start + i + 4];
      r5 += a[start + i + 5];
      r6 += a[start + i + 6];
      r7 += a[start + i + 7];
    }
    let sum = r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
    for (; i < n; i++) sum += a[start + i];
    return sum;
  }
  const half = Math.floor(n / 2) - (Math.floor(n / 2) % 8);
  return pairwise(a, start, half) + pairwise(a, start + half, n - half);
}

function total(a, n) {
  return 0 + pairwise(a, 0, n);
}

// Least squares: columns x[k][i], targets y[i], one or two weights.
function makeProblem(columns, y, w0) {
  const n = y.length,
    d = columns.length;
  return {
    n,
    d,
    w0: Float64Array.from(w0),
    y: Float64Array.from(y),
    x: columns.map(each => Float64Array.from(each)),
    work: new Float64Array(n),
  };
}

function predict(problem, w, i) {
  const z = problem.x[0][i] * w[0];
  return problem.d > 1 ? z + problem.x[1][i] * w[1] : z;
}

function lossAt(problem, w) {
  const { n, y, work } = problem;
  for (let i = 0; i < n; i++) {
    const error = predict(problem, w, i) - y[i];
    work[i] = error * error;
  }
  return total(work, n) / n;
}

function batchLoss(problem, w, order, start, end) {
  const { y, work } = problem;
  for (let i = start; i < end; i++) {
    const error = predict(problem, w, order[i]) - y[order[i]];
    work[i - start] = error * error;
  }
  return total(work, end - start) / (end - start);
}

function gradientAt(problem, w, order, start, end, gradient) {
  const { y, work, d } = problem;
  const size = end - start;
  for (let k = 0; k < d; k++) {
    const column = problem.x[k];
    for (let i = start; i < end; i++) {
      const point = order[i];
      work[i - start] = 2.0 * (predict(problem, w, point) - y[point]) * column[point];
    }
    gradient[k] = total(work, size) / size + 0 * w[k];
  }
}

// The gradient as the rule is given it.
function clipGradient(gradient, clip) {
  if (clip.kind === "value") return gradient.map(each => clipped(each, clip.bound));
  if (clip.kind !== "norm") return gradient;
  const squares = gradient.map(each => each * each);
  const norm =
    gradient.length > 1 ? Math.sqrt(total(squares, squares.length)) : Math.abs(gradient[0]);
  let factor = shrink(norm, clip.bound, clip.slack);
  if (norm === Infinity) {
    const largest = Math.max(...gradient.map(Math.abs));
    const shares = gradient.map(each => (each / largest) * (each / largest));
    factor = clip.bound / largest / Math.sqrt(total(shares, shares.length));
  }
  return gradient.map(each => each * factor);
}

// What a trajectory visits, and at which rates: see simopt.training.plan.
function makePlan(problem, settings) {
  const { n } = problem;
  const batchSize = settings.batchSize === "full" ? n : settings.batchSize;
  const used = settings.dropLast ? n - (n % batchSize) : n;
  const batches = Math.ceil(used / batchSize);
  const updates = batches * settings.epochs;
  return { ...settings, batchSize, used, batches, updates, orders: new Map(), table: null };
}

function orderOf(problem, plan, epoch) {
  const key = plan.shuffle === "epoch" ? epoch : 0;
  let order = plan.orders.get(key);
  if (!order) {
    order = new Int32Array(problem.n);
    if (plan.shuffle === "never") for (let i = 0; i < problem.n; i++) order[i] = i;
    else shuffle(order, plan.seed, key);
    plan.orders.set(key, order);
  }
  return order;
}

// Factor and shift of every update: the rate is eta * factor + shift.
function ratesOf(plan) {
  if (!plan.schedule || plan.table) return plan.table;
  const { name, settings } = plan.schedule;
  const { formula, order } = SCHEDULES[name];
  const byEpoch = settings.per === "epoch";
  const counts = byEpoch ? plan.epochs : plan.updates;
  const given = order.map(key =>
    key === "total" && settings.total === null ? counts : settings[key],
  );
  const factor = new Float64Array(plan.updates),
    shift = new Float64Array(plan.updates);
  for (let t = 0; t < plan.updates; t++) {
    const pair = formula(byEpoch ? Math.floor(t / plan.batches) : t, ...given);
    factor[t] = pair[0];
    shift[t] = pair[1];
  }
  plan.table = { factor, shift };
  return plan.table;
}

// A rule with its choices made: {rule, convention, given} to the functions and numbers to use.
// What is no such rule has an error in place of them.
function chosen(choice) {
  const rule = RULES[choice.rule];
  const preset = rule.conventions[choice.convention];
  const settings = { ...preset, ...choice.given };
  const digits = [];
  for (const [name, values] of Object.entries(rule.switches))
    digits.push(values.indexOf(settings[name]));
  for (const name of rule.optional) digits.push(name in settings ? 1 : 0);
  digits.push("weight_decay" in settings ? 1 + rule.decays.indexOf(settings.decay) : 0);
  const variant = rule.variants[digits.join("")];
  if (typeof variant === "string") return { error: variant };
  const [shape, lines, update, clock, derived] = variant;
  const values = { ...rule.defaults, ...settings };
  const own = rule.shapes[shape];
  return {
    ...own,
    name: choice.rule,
    convention: choice.convention,
    lines,
    update,
    clock,
    derived,
    eta: values.eta,
    values: own.settings.map(name => values[name]),
    named: Object.fromEntries(["eta", ...own.settings].map(name => [name, values[name]])),
    slack: FRAMEWORKS[choice.convention].slack,
    numbers: own.clock,
  };
}

// One trajectory. Recorded it has a column for every quantity; else only the last loss is computed.
function trajectory(problem, optimizer, plan, eta, recorded) {
  const { d } = problem;
  const updates = plan.updates,
    states = optimizer.state.length;
  const clip = { ...plan.clip, slack: optimizer.slack };
  const w = Array.from(problem.w0);
  const named = { ...optimizer.named, null: 0 };
  const start = w.map(each => optimizer.sources.map(name => (name === "w" ? each : named[name])));
  const { update, clock, values } = optimizer;
  const numbers = optimizer.numbers.map(() => 0),
    clocked = numbers.length;
  // Arguments stand ready: w, g, eta, the state, the clock's values, the hyperparameters.
  const ready = w.map((each, k) => [each, 0, eta, ...start[k], ...numbers, ...values]);
  // The weights that losses are about: themselves, or what the rule keeps as their average.
  const at = optimizer.shown === null ? 0 : 3 + optimizer.shown;
  const loss = () => lossAt(problem, at ? ready.map(each => each[at]) : w);

  const ticking = [...numbers, ...values.slice(0, optimizer.ticked)];
  const table = ratesOf(plan);
  const column = () => new Float64Array(updates + 1);
  const columns = recorded && {
    updates,
    eta: column(),
    loss: column(),
    batchLoss: column(),
    w: w.map(column),
    gradient: w.map(column),
    used: w.map(column),
    state: optimizer.state.map(() => w.map(column)),
    clock: optimizer.numbers.map(column),
  };
  if (recorded) {
    columns.loss[0] = loss();
    for (let k = 0; k < d; k++) {
      columns.w[k][0] = w[k];
      for (let s = 0; s < states; s++) columns.state[s][k][0] = start[k][s];
    }
  }
  const gradient = new Array(d).fill(0);
  let t = 0;
  for (let epoch = 0; t < updates; epoch++) {
    const order = orderOf(problem, plan, epoch);
    for (let batch = 0; batch < plan.batches && t < updates; batch++) {
      const first = batch * plan.batchSize,
        end = Math.min(first + plan.batchSize, plan.used);
      const rate = table ? rateAt(eta, table.factor[t], table.shift[t]) : eta;
      gradientAt(problem, w, order, first, end, gradient);
      if (recorded) columns.batchLoss[t + 1] = batchLoss(problem, w, order, first, end);
      const used = clip.kind ? clipGradient(gradient, clip) : gradient;
      if (clocked) {
        const ticked = clock(...ticking);
        for (let c = 0; c < clocked; c++) ticking[c] = ticked[c];
      }
      for (let k = 0; k < d; k++) {
        const given = ready[k];
        given[1] = used[k];
        given[2] = rate;
        for (let c = 0; c < clocked; c++) given[3 + states + c] = ticking[c];
        const next = update(...given);
        if (states) {
          given[0] = next[0];
          for (let s = 0; s < states; s++) given[3 + s] = next[s + 1];
        } else given[0] = next;
        w[k] = given[0];
      }
      t++;
      if (recorded) {
        columns.eta[t] = rate;
        columns.loss[t] = loss();
        for (let k = 0; k < d; k++) {
          columns.w[k][t] = w[k];
          columns.gradient[k][t] = gradient[k];
          columns.used[k][t] = used[k];
          for (let s = 0; s < states; s++) columns.state[s][k][t] = ready[k][3 + s];
        }
        for (let c = 0; c < clocked; c++) columns.clock[c][t] = ticking[c];
      }
    }
  }
  return recorded ? columns : loss();
}

// Further quantities of an update that a rule has names for, such as m_hat: name to a value a weight.
function derivedAt(optimizer, columns, t, d) {
  if (!optimizer.derived) return {};
  const values = {};
  for (let k = 0; k < d; k++) {
    const named = { ...optimizer.named, eta: columns.eta[t] };
    optimizer.state.forEach((name, s) => {
      named[name] = columns.state[s][k][t];
    });
    optimizer.numbers.forEach((name, c) => {
      named[name] = columns.clock[c][t];
    });
    for (const [name, value] of Object.entries(optimizer.derived(named)))
      (values[name] ??= []).push(value);
  }
  return values;
}
