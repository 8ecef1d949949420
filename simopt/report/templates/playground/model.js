// What follows from the state: trajectories, and what the views need to know of the problem.

// A model, or what is wrong; `last` is the one before.
function modelOf(state, columns, y, last) {
  const problem = makeProblem(columns, y, state.w0);
  const plan = makePlan(problem, settingsOf(state));
  if (plan.updates > MOST_DRAWN || plan.updates * problem.n > MOST_WORK) {
    return {
      error: `${plan.updates} updates over ${problem.n} points are more than a page should draw: fewer epochs, please.`,
    };
  }
  const looks = looksOf(state.rules),
    before = last.all;
  const asked = JSON.stringify([columns, y, state.w0, settingsOf(plan)]);
  const all = state.rules.map((choice, index) => {
    // Of a rule that has not changed the trajectory stays.
    const key = JSON.stringify(choice) + asked,
      same = before.find(each => each.key === key);
    const optimizer = same?.optimizer ?? chosen(choice);
    const path = same
      ? same.columns
      : optimizer.error
        ? null
        : trajectory(problem, optimizer, plan, optimizer.eta, true);
    return {
      choice,
      optimizer,
      key,
      index,
      columns: path,
      derived: same?.derived,
      look: looks[index],
      losses: before[index]?.choice === choice ? before[index].losses : null,
    };
  });
  const named = state.intercept
    ? ["w", "intercept"]
    : columns.map((_, k) => (columns.length > 1 ? `w ${k + 1}` : "w"));
  const live = all.filter(each => each.columns);
  const shape = shapeOf(problem);
  const spreads = Array.from(problem.w0, (start, k) => {
    const near = Math.max(1e-9, Math.abs(start - (shape.least?.[k] ?? start)) || 1);
    const [low, high] = extent(
      live.map(each => each.columns.w[k]),
      value => Math.abs(value - start) <= 4 * near,
    );
    // By steps: while a rate is dragged the view stands still.
    return 2 ** (Math.ceil(2 * Math.log2(Math.max(high - low, near))) / 2);
  });
  return {
    problem,
    plan,
    asked,
    all,
    live,
    updates: plan.updates,
    active: all[state.active],
    names: named,
    first: lossAt(problem, problem.w0),
    spreads,
    t: Math.min(last.t ?? state.update, plan.updates),
    ...shape,
  };
}

// The least, and the curvature, of the mean squared error.
function shapeOf({ x, y, n, d }) {
  const sum = (a, b) => {
    let s = 0;
    for (let i = 0; i < n; i++) s += a[i] * b[i];
    return s;
  };
  const h = [
    (2 * sum(x[0], x[0])) / n,
    d > 1 ? (2 * sum(x[0], x[1])) / n : 0,
    d > 1 ? (2 * sum(x[1], x[1])) / n : 0,
  ];
  const b = x.map(each => (2 * sum(each, y)) / n);
  if (d === 1) {
    const least = h[0] > 0 ? [b[0] / h[0]] : null;
    return {
      hessian: h,
      least,
      leastLoss: least ? lossAt({ x, y, n, d, work: new Float64Array(n) }, least) : NaN,
    };
  }
  const determinant = h[0] * h[2] - h[1] * h[1],
    half = (h[0] + h[2]) / 2;
  const flat = !(determinant > 1e-12 * half * half);
  const least = flat
    ? null
    : [(b[0] * h[2] - b[1] * h[1]) / determinant, (b[1] * h[0] - b[0] * h[1]) / determinant];
  return {
    hessian: h,
    least,
    leastLoss: least ? lossAt({ x, y, n, d, work: new Float64Array(n) }, least) : NaN,
  };
}

function settingsOf({ batchSize, epochs, shuffle, seed, dropLast, clip, schedule }) {
  return { batchSize, epochs, shuffle, seed, dropLast, clip, schedule };
}
