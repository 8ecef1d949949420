// The search among calls: a call as it is typed, a framework, a rule; the choice stands after "#".
(() => {
  const form = document.getElementById("find");
  const said = document.getElementById("matches");
  const groups = [...document.querySelectorAll("details.calls")];
  const words = text => text.toLowerCase().split(/[\W_]+/).filter(each => /[a-z]/.test(each));
  const plain = name => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const AFFIX = /^(deepspeed|cpu|fused|paged)|(optimizer|config|legacy|torch|fused|apex|bnb|hf|xla|8bit|32bit)$/;
  // A rule's name without what packages put around it: FusedAdam, PagedAdamW8bit, adamw_torch_fused.
  function bare(name) {
    const shorter = plain(name).replace(AFFIX, "");
    return shorter && shorter !== plain(name) ? bare(shorter) : plain(name);
  }

  // Of code: what is called, its strings, its arguments with their values, the words in its paths.
  function parsed(code) {
    const strings = [...code.matchAll(/["']([\w.-]+)["']/g)].map(each => each[1]);
    const rest = code.replace(/["'][^"']*["']/g, each => each.replace(/\W/g, "_"));
    const pairs = [...rest.matchAll(/(\w+)\s*=\s*([^\s,()=]+|\([^()]*\))/g)].filter(
      each => rest.slice(0, each.index).includes("("));
    const given = new Map(pairs.map(each => [each[1], each[2]]));
    // Of numbers by their position the second is SGD's momentum, wherever it takes one.
    const inside = (rest.match(/\bsgd\s*\(([^]*)/i) || ["", ""])[1].replace(/\([^()]*\)/g, "");
    const second = inside.split(")")[0].split(",").filter(each => /^\s*\.?\d[\w.+-]*\s*$/.test(each))[1];
    if (second && !given.has("momentum")) given.set("momentum", second.trim());
    const called = [...rest.matchAll(/[A-Za-z_][\w.:!]*(?=\s*\()/g)].flatMap(each =>
      each[0].split(/[.:!]+/).filter(name => name && !/^(new|init)/.test(name)).slice(-1));
    const spoken = rest.replace(/\w+\s*=/g, " ");
    const letters = text => text.split(/\W+/).filter(each => /[a-z]/i.test(each));
    return {
      strings, called, paths: letters(spoken), ends: letters(spoken.replace(/\w+(?=\.|::)/g, " ")),
      first: (rest.match(/(?<![\w.])([A-Za-z_]\w*)(\.|::)\w/) || [])[1],
      given,
    };
  }

  const rows = groups.flatMap(group => [...group.querySelectorAll("tbody tr")].map(row => {
    const call = row.querySelector("code").textContent;
    const {strings, called, ends, given} = parsed(call);
    const names = [...strings, ...called, ...ends];
    return {
      row, group, call, given, framework: group.dataset.framework,
      rule: row.querySelector(".here").textContent.match(/^simopt\.(\w+)/)[1],
      names: new Set(names.map(plain)), bare: new Set(names.map(bare)),
      words: new Set(words(`${row.textContent} ${group.dataset.framework}`)),
    };
  }));
  const spelled = new Map(groups.map(group => [group.dataset.framework,
    new Set([plain(group.dataset.framework), ...group.dataset.spelled.split(" ").map(plain)])]));
  const left = groups.flatMap(group => [...group.querySelectorAll(".left")].map(item => {
    const name = item.querySelector(".name").textContent;
    const parts = /^[\w.]+$/.test(name) ? name.split(".").slice(-1)
      : name.split(/\W+/).filter(each => /[A-Z0-9]/.test(each));
    return {item, group, framework: group.dataset.framework, affix: name.startsWith("those "),
      names: parts.map(plain)};
  }));

  // How a row has a name: 1 as it is, 2 without affixes, 3 as its rule's; 0 if it has not.
  function level(name, each) {
    const rule = plain(each.rule);
    return each.names.has(plain(name)) ? 1 : each.bare.has(bare(name)) ? 2
      : rule === plain(name) || rule === bare(name) ? 3 : 0;
  }

  // The rows that have a name best: of all, or of each framework.
  function named(name, among, of = each => each.framework) {
    const best = new Map();
    for (const each of among) {
      const found = level(name, each);
      if (found && found < (best.get(of(each)) || 4)) best.set(of(each), found);
    }
    return among.filter(each => level(name, each) === best.get(of(each)));
  }

  const NEUTRAL = ["lr", "learning_rate", "params", "parameters", "name"];
  const off = value => /^(false|none|nil|0+(\.0*)?)$/i.test(value);
  const alike = (a, b) => a.toLowerCase() === b.toLowerCase()
    || /^[\d(.-]/.test(a) && /^[\d(.-]/.test(b) && off(a) === off(b);
  const told = given => [...given].filter(([name]) => !NEUTRAL.includes(name));

  // How near a row's arguments are to those typed.
  function score(given, each) {
    let sum = 0;
    for (const [name, value] of told(each.given)) {
      sum += !given.has(name) ? -1 : alike(given.get(name), value) ? 1 : -2;
    }
    return sum;
  }

  // The frameworks of the last word that is one's name.
  function whose(paths) {
    for (const word of [...paths].reverse()) {
      const found = [...spelled].filter(([, names]) => names.has(plain(word))).map(([name]) => name);
      if (found.length) return found;
    }
    return [];
  }

  // The rows of the frameworks that have the function that a string is given to.
  function around(called) {
    const found = rows.filter(each => called.some(name => each.names.has(plain(name))));
    const frames = new Set(found.map(each => each.framework));
    return frames.size ? rows.filter(each => frames.has(each.framework)) : rows;
  }

  // The rows for what is typed, what of "Not here" speaks of it, the nearest row, and a remark.
  function matched(text) {
    // scikit-learn's classifiers have the solvers of its regressors.
    const {strings, called, paths, ends, first, given} = parsed(
      text.replace(/\b(MLP|SGD)Classifier\b/g, "$1Regressor"));
    const frames = whose(paths), whole = /\(/.test(text);
    const own = name => frames.some(each => spelled.get(each).has(plain(name)));
    const candidates = [...strings, ...(whole ? called : [...ends].reverse().filter(each => !own(each)))];
    const ours = frames.length ? rows.filter(each => frames.includes(each.framework)) : rows;
    const missing = left.filter(each => (!frames.length || frames.includes(each.framework))
      && candidates.some(name => each.names.some(part =>
        part === plain(name) || each.affix && plain(name).includes(part))));
    for (const name of candidates) {
      const among = strings.includes(name) && !frames.length ? around(called) : ours;
      let found = named(name, among, frames.length ? () => "" : undefined);
      if (!found.length || frames.length && missing.length && level(name, found[0]) === 3) {
        continue;
      }
      if (!whole) {
        for (const word of words(text)) {
          const fewer = found.filter(each => each.words.has(word));
          if (fewer.length) found = fewer;
        }
      }
      let nearest = null;
      if (new Set(found.map(each => each.framework)).size === 1) {
        nearest = found.reduce((a, b) => score(given, b) > score(given, a) ? b : a);
      }
      const stranger = !frames.length && first && !/^(opt|optim|optimizers?|nn|self|model)$/i.test(first);
      const remark = stranger ? `None of these frameworks goes by ${first}; others' are listed. `
        : nearest && level(name, nearest) === 3 ? "By their rule, not by their name: " : "";
      return {found, missing: frames.length ? missing : [], nearest, given, remark};
    }
    if (missing.length) return {found: [], missing, given, remark: "No call of that name is listed. "};
    if (frames.length) {
      const others = candidates.map(name => named(name, rows)).find(found => found.length);
      const all = !candidates.length;
      return {found: others || ours, missing, given, remark: all ? ""
        : `No such call of ${frames.join(" or ")} is listed; ${others ? "others' are. " : "its others are. "}`};
    }
    const code = whole || first;
    const known = code ? [] : words(text).filter(word => rows.some(each => each.words.has(word)));
    const found = known.length ? rows.filter(each => known.every(word => each.words.has(word))) : [];
    return {found, missing, given, remark: ""};
  }

  function show() {
    const chosen = new FormData(form), text = chosen.get("call").trim();
    const {found, missing, nearest, given, remark} = text ? matched(text)
      : {found: rows, missing: [], remark: ""};
    let number = 0;
    for (const each of rows) {
      const fits = found.includes(each)
        && (!chosen.get("framework") || chosen.get("framework") === each.framework)
        && (!chosen.get("rule") || chosen.get("rule") === each.rule);
      each.row.hidden = !fits;
      each.row.classList.toggle("nearest", fits && each === nearest && found.length > 1);
      number += fits;
    }
    const speaks = missing.filter(each =>
      !chosen.get("framework") || chosen.get("framework") === each.framework);
    for (const each of left) each.item.classList.toggle("nearest", speaks.includes(each));
    groups.forEach((group, place) => {
      group.hidden = !group.querySelector("tbody tr:not([hidden])")
        && !speaks.some(each => each.group === group);
      group.querySelector("table").closest(".table, figure, div").hidden =
        !group.querySelector("tbody tr:not([hidden])");
      group.open = number === rows.length ? place === 0 : !group.hidden;
    });
    const say = [number === rows.length ? `All ${number} calls are listed.`
      : !number && remark ? remark.trim() : `${remark}${number} of ${rows.length} calls are listed.`];
    if (nearest && !nearest.row.hidden) {
      const silent = told(given).filter(([name, value]) =>
        !nearest.given.has(name) && !off(value) && !value.startsWith("_"));
      say.push(`Nearest to yours: ${nearest.call}.`);
      if (silent.length) say.push(`Yours sets besides: ${silent.map(([name]) => name).join(", ")}.`);
    }
    for (const each of speaks) say.push(`Not here: ${each.item.textContent}.`);
    if (!number && !speaks.length) {
      say.push("simopt.conformance.check(optimizer) tries yours and says which formula it has.");
    }
    said.textContent = say.join(" ");
  }

  function changed() {
    show();
    const all = [...new FormData(form)].filter(([, value]) => value.trim());
    const address = new URLSearchParams(all).toString();
    history.replaceState(null, "", address ? "#" + address : location.pathname + location.search);
  }

  const hash = location.hash.slice(1);
  if (hash.includes("=")) {
    for (const [name, value] of new URLSearchParams(hash)) {
      if (form.elements[name]) form.elements[name].value = value;
    }
  }
  // A rule's name leads to its heading, below which its formulas are folded.
  function unfold() {
    const place = location.hash.slice(1);
    if (!place || place.includes("=")) return;
    const formulas = document.querySelector(`#formulas #${CSS.escape(place)} ~ details`);
    if (formulas) formulas.open = true;
  }
  addEventListener("hashchange", unfold);
  unfold();
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(changed));
  form.addEventListener("submit", event => event.preventDefault());
  show();
})();
