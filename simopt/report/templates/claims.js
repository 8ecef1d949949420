// The filter of the claims: what is chosen stands in the address after "#", and nowhere else.
(() => {
  const form = document.getElementById("filter");
  const said = document.getElementById("shown");
  const claims = [...document.querySelectorAll(".claim")];
  const parts = [...document.querySelectorAll(".part")];
  const texts = new Map();

  function text(claim) {
    if (!texts.has(claim)) texts.set(claim, claim.textContent.toLowerCase());
    return texts.get(claim);
  }

  function chosen() {
    const all = [...new FormData(form)].filter(([, value]) => value.trim());
    return new URLSearchParams(all);
  }

  function show() {
    const wanted = chosen();
    const verdicts = wanted.getAll("verdict");
    const section = wanted.get("section");
    const optimizer = wanted.get("optimizer");
    const words = (wanted.get("text") || "").toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const claim of claims) {
      const fits = (!verdicts.length || verdicts.includes(claim.dataset.verdict))
        && (!section || section === claim.dataset.section)
        && (!optimizer || claim.dataset.optimizers.split(" ").includes(optimizer))
        && words.every(word => text(claim).includes(word));
      claim.hidden = !fits;
      number += fits;
    }
    // Without a choice all is folded, as it came.
    for (const part of parts) {
      part.hidden = !part.querySelector(".claim:not([hidden])");
      part.open = number < claims.length && !part.hidden;
    }
    said.textContent = number === claims.length
      ? `All ${number} claims are listed.`
      : `${number} of ${claims.length} claims are listed.`;
    return wanted.toString();
  }

  function changed() {
    const address = show();
    history.replaceState(null, "", address ? "#" + address : location.pathname + location.search);
  }

  // An address either holds a choice, or names a place on the page, which must then be seen.
  function follow() {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) {
      show();
      const place = document.getElementById(hash);
      const part = place && place.closest("details");
      if (part) {
        if (place.closest("[hidden]")) {
          form.reset();
          show();
        }
        part.open = true;
        place.scrollIntoView();
      }
      return;
    }
    const wanted = new URLSearchParams(hash);
    for (const box of form.querySelectorAll("[type=checkbox]")) {
      box.checked = wanted.getAll(box.name).includes(box.value);
    }
    for (const list of form.querySelectorAll("select")) {
      list.value = wanted.get(list.name) || "";
      if (list.selectedIndex < 0) list.value = "";
    }
    form.elements.text.value = wanted.get("text") || "";
    show();
  }

  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  addEventListener("hashchange", follow);
  follow();
})();
