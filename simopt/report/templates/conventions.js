// The search among calls: a call as it is typed, a framework, a rule; the choice stands after "#".
(() => {
  const form = document.getElementById("find");
  const said = document.getElementById("matches");
  const groups = [...document.querySelectorAll("details.calls")];
  const words = text => text.toLowerCase().split(/\W+/).filter(each => /[a-z]/.test(each));
  const rows = groups.flatMap(group => [...group.querySelectorAll("tbody tr")].map(row => ({
    row, group, framework: group.dataset.framework,
    rule: row.querySelector(".here").textContent.match(/^simopt\.(\w+)/)[1],
    words: new Set(words(`${row.textContent} ${group.dataset.framework}`)),
  })));
  const known = new Set(rows.flatMap(each => [...each.words]));

  // Of what is typed the words that some call has: aliases and numbers of one's own are left out.
  function wanted(text) {
    return words(text).filter(each => known.has(each));
  }

  function show() {
    const chosen = new FormData(form);
    const text = chosen.get("call").trim(), parts = wanted(text);
    let number = 0;
    for (const each of rows) {
      const fits = (!chosen.get("framework") || chosen.get("framework") === each.framework)
        && (!chosen.get("rule") || chosen.get("rule") === each.rule)
        && (!text || parts.length > 0) && parts.every(word => each.words.has(word));
      each.row.hidden = !fits;
      number += fits;
    }
    groups.forEach((group, place) => {
      group.hidden = !group.querySelector("tbody tr:not([hidden])");
      group.open = number === rows.length ? place === 0 : !group.hidden;
    });
    said.textContent = number === rows.length
      ? `All ${number} calls are listed.` : `${number} of ${rows.length} calls are listed.`;
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
  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(changed));
  form.addEventListener("submit", event => event.preventDefault());
  show();
})();
