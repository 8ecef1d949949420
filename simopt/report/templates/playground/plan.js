// The fields of the plan: start, batches, order, clipping, schedule.

function planFields(app, box) {
  const { state } = app,
    changed = () => app.changed();
  const points = readPoints(state.points);
  const n = points.error ? 5000 : points.y.length;
  box.replaceChildren(
    make(
      "div",
      { class: "row" },
      ...state.w0.map((each, k) =>
        labelled(
          state.w0.length > 1 ? `start w ${k + 1}` : "start w",
          numberField(
            each,
            () => true,
            "a finite number",
            read => {
              state.w0[k] = read;
              changed();
            },
          ),
        ),
      ),
    ),
    make(
      "div",
      { class: "row" },
      labelled(
        "batch size",
        numberField(
          state.batchSize,
          each => each >= 1 && each <= n,
          `a whole number from 1 to ${n}`,
          read => {
            state.batchSize = read;
            changed();
          },
          true,
        ),
      ),
      labelled(
        "epochs",
        numberField(
          state.epochs,
          each => each >= 1 && each <= MOST_DRAWN,
          `a whole number from 1 to ${MOST_DRAWN}`,
          read => {
            state.epochs = read;
            changed();
          },
          true,
        ),
      ),
    ),
    make(
      "div",
      { class: "row" },
      labelled(
        "order of the points",
        choiceOf(
          ["never", "once", "epoch"],
          state.shuffle,
          value => {
            state.shuffle = value;
            changed();
          },
          each =>
            ({ never: "as they are", once: "one shuffle", epoch: "a new shuffle every epoch" })[
              each
            ],
        ),
      ),
      labelled(
        "seed",
        numberField(
          state.seed,
          each => each >= 0 && each <= Number.MAX_SAFE_INTEGER,
          "a whole number from 0 to 2^53 - 1",
          read => {
            state.seed = read;
            changed();
          },
          true,
        ),
      ),
    ),
    make(
      "label",
      { class: "check" },
      make("input", {
        type: "checkbox",
        checked: state.dropLast,
        onchange: event => {
          state.dropLast = event.target.checked;
          changed();
        },
      }),
      " leave out a short last batch",
    ),
    make(
      "div",
      { class: "row" },
      labelled(
        "clipping",
        choiceOf(
          ["", "norm", "value"],
          state.clip.kind,
          value => {
            state.clip.kind = value;
            changed();
            app.buildPlan();
          },
          each => ({ "": "none", norm: "of the norm", value: "of each component" })[each],
        ),
      ),
      ...(state.clip.kind
        ? [
            labelled(
              "bound",
              numberField(
                state.clip.bound,
                each => each > 0,
                "a finite number > 0",
                read => {
                  state.clip.bound = read;
                  changed();
                },
              ),
            ),
          ]
        : []),
    ),
    labelled(
      "schedule",
      choiceOf(
        ["", ...Object.keys(SCHEDULES)],
        state.schedule?.name ?? "",
        value => {
          state.schedule = value ? { name: value, settings: { ...SCHEDULES[value].start } } : null;
          changed();
          app.buildPlan();
        },
        each => (each ? each.replace(/_/g, " ") : "constant"),
      ),
    ),
    ...scheduleFields(app),
  );
}

function scheduleFields(app) {
  const { schedule } = app.state;
  if (!schedule) return [];
  const about = make("p", { class: "muted" }, SCHEDULES[schedule.name].about.replace(/`/g, ""));
  const fields = Object.entries(schedule.settings).map(([key, value]) => {
    const set = read => {
      schedule.settings[key] = read;
      app.changed();
    };
    const label = key.replace(/_/g, " ");
    if (key === "per")
      return labelled(
        "counts",
        choiceOf(["update", "epoch"], value, set, each => `${each}s`),
      );
    if (key === "convention")
      return labelled(
        label,
        choiceOf(Object.keys(COSINE_RISES), value, set, each => FRAMEWORKS[each].name),
      );
    if (Object.hasOwn(CHOICES, key)) return labelled(label, choiceOf(CHOICES[key], value, set));
    if (typeof value === "boolean")
      return labelled(
        label,
        choiceOf([false, true], value, set, each => (each ? "yes" : "no")),
      );
    const field = numberField(
      value ?? 0,
      each => (key === "total" && each === 0) || allowedInSchedule(key, each, schedule.name),
      key === "total"
        ? "a whole number >= 1; 0 for the whole run"
        : COUNTS.includes(key)
          ? "a whole number"
          : "a number that is not negative",
      read => set(key === "total" && read === 0 ? null : read),
    );
    return labelled(key === "total" ? "total (0: the whole run)" : label, field);
  });
  return [about, make("div", { class: "row wrap" }, ...fields)];
}
