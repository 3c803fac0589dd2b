"use strict";
(function () {
  // The table: words, fields and two switches, all at once.
  const rows = [...document.querySelectorAll("table.trials tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const search = document.getElementById("search");
  const selects = [...document.querySelectorAll("select[data-field]")];
  const recruiting = document.getElementById("recruiting");
  const doubtful = document.getElementById("doubtful");
  const on = (button) => button.getAttribute("aria-pressed") === "true";
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = selects.filter((s) => s.value).map((s) => [s.dataset.field, s.value]);
    let shown = 0, counted = 0;
    rows.forEach((row, i) => {
      const kind = on(doubtful) || row.dataset.counted === "yes";
      const open = !on(recruiting) || row.dataset.status === "RECRUITING";
      const fits = asked.every(([field, value]) => row.dataset[field].split("; ").includes(value));
      row.hidden = !(kind && open && fits && words.every((word) => texts[i].includes(word)));
      shown += row.hidden ? 0 : 1;
      counted += kind ? 1 : 0;
    });
    document.getElementById("found").textContent = shown + " of " + counted + " shown";
  }
  search.addEventListener("input", filter);
  selects.forEach((select) => select.addEventListener("change", filter));
  [recruiting, doubtful].forEach((button) => button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(!on(button)));
    filter();
  }));
  filter();
})();
