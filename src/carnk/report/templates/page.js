"use strict";
(function () {
  const pressed = (buttons, chosen) =>
    buttons.forEach((b) => b.setAttribute("aria-pressed", String(b === chosen)));

  // The table of numbers: search words and basis, both at once.
  const search = document.getElementById("search");
  const rows = [...document.querySelectorAll("table.numbers tr[data-basis]")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const bases = [...document.querySelectorAll("button[data-basis]")];
  let basis = "";
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      const kind = basis === "" || row.dataset.basis === basis ||
        (basis === "doubtful" && row.dataset.doubtful === "yes");
      row.hidden = !(kind && words.every((word) => texts[i].includes(word)));
      shown += row.hidden ? 0 : 1;
    });
    document.querySelectorAll("table.numbers tbody").forEach((body) => {
      body.hidden = ![...body.querySelectorAll("tr[data-basis]")].some((row) => !row.hidden);
    });
    document.getElementById("found").textContent =
      shown === rows.length ? "" : shown + " of " + rows.length + " shown";
  }
  search.addEventListener("input", filter);
  bases.forEach((button) => button.addEventListener("click", () => {
    basis = button.dataset.basis;
    pressed(bases, button);
    filter();
  }));

  // The courses.
  const source = document.getElementById("figure");
  if (!source || typeof Plotly === "undefined") return;
  const figure = JSON.parse(source.textContent);
  const root = document.documentElement;
  const armButtons = [...document.querySelectorAll("button[data-arm]")];
  const dayButtons = [...document.querySelectorAll("button[data-days]")];
  let arm = figure.arms.length > 1 ? -1 : 0;
  let until = figure.last;

  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const faded = (hex, alpha) => {
    const n = parseInt(hex.slice(1), 16);
    return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})`;
  };
  const short = (x) => Number(x.toPrecision(2)).toLocaleString("en", { maximumFractionDigits: 3 });
  const nice = (x) => {
    if (x >= 1e5 || x < 1e-3) {
      const [digits, power] = x.toExponential(1).split("e");
      return digits.replace(/\.0$/, "") + "×10<sup>" + Number(power) + "</sup>";
    }
    return short(x);
  };

  function band([low, high], fill, edge, pattern) {
    const line = edge ? { color: edge, width: 1.2, dash: "dot" } : { width: 0 };
    const side = { x: figure.days, mode: "lines", line, hoverinfo: "skip", showlegend: false };
    const inside = pattern ? { fillpattern: { shape: "/", size: 7, solidity: 0.14, fgcolor: color("--muted"), bgcolor: "rgba(0,0,0,0)" } } : { fillcolor: fill };
    return [{ ...side, y: low }, { ...side, y: high, fill: "tonexty", ...inside }];
  }

  const between = ([low, high], k) => nice(low[k]) + "–" + nice(high[k]);

  function traces(panel, i, alone) {
    const { median, population, parameter } = panel.bands[i];
    const ink = color("--arm-" + (i % 6));
    const hover = figure.days.map((_, k) => nice(median[k]) + "  (patients " + between(population, k) +
      (parameter ? ", worlds " + between(parameter, k) : "") + ")");
    return [
      ...band(population, faded(ink, alone ? 0.26 : 0.1)),
      ...(alone && parameter ? band(parameter, "", color("--ink"), true) : []),
      { x: figure.days, y: median, mode: "lines", name: figure.arms[i], text: hover,
        line: { color: ink, width: 2.4 }, hovertemplate: "%{text}<extra>" + "%{fullData.name}" + "</extra>", showlegend: false },
    ];
  }

  function logTicks(low, high) {
    const step = Math.max(1, Math.ceil((high - low) / 5));
    const values = [], texts = [];
    for (let e = Math.ceil(low); e <= high; e += step) {
      values.push(Math.pow(10, e));
      texts.push(e >= -2 && e <= (high > 4 ? 1 : 3) ? short(Math.pow(10, e)) : "10<sup>" + e + "</sup>");
    }
    return { tickmode: "array", tickvals: values, ticktext: texts };
  }

  function layout(panel, shown) {
    const ends = shown.flatMap((i) => [...panel.bands[i].population, ...(arm >= 0 && panel.bands[i].parameter || [])]);
    const inside = ends.flatMap((line) => line.filter((_, k) => figure.days[k] <= until));
    const limit = panel.id === "car_per_ul" ? figure.limit : null;
    const low = limit ? Math.floor(Math.log10(limit.value)) - 1 : Math.log10(Math.max(Math.min(...inside), panel.floor));
    const high = Math.log10(Math.max(...inside)) + 0.15;
    const grid = { gridcolor: color("--line"), zeroline: false, color: color("--muted"), tickfont: { size: 12 } };
    return {
      margin: { l: 52, r: 12, t: 8, b: 40 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: color("--ink") },
      hovermode: "x unified", showlegend: false,
      hoverlabel: { bgcolor: color("--paper"), bordercolor: color("--line"), font: { color: color("--ink"), size: 12 } },
      xaxis: { ...grid, range: [Math.min(0, figure.days[0]), until], title: { text: "Days", standoff: 6 }, unifiedhovertitle: { text: "Day %{x}" } },
      yaxis: { ...grid, type: "log", range: [low, high], ...logTicks(low, high) },
      shapes: limit ? [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: limit.value, y1: limit.value,
        line: { color: color("--muted"), width: 1.5, dash: "dash" } }] : [],
      annotations: limit ? [{ xref: "paper", x: 1, xanchor: "right", y: Math.log10(limit.value), yanchor: "top",
        text: limit.text, showarrow: false, bgcolor: faded(color("--paper"), 0.8), borderpad: 1, font: { size: 11, color: color("--muted") } }] : [],
    };
  }

  const options = { responsive: true, displaylogo: false, displayModeBar: false };
  function draw() {
    const shown = arm < 0 ? figure.arms.map((_, i) => i) : [arm];
    for (const panel of figure.panels) {
      const data = shown.flatMap((i) => traces(panel, i, arm >= 0));
      Plotly.react("chart-" + panel.id, data, layout(panel, shown), options);
    }
  }
  armButtons.forEach((button) => button.addEventListener("click", () => {
    arm = Number(button.dataset.arm);
    pressed(armButtons, button);
    draw();
  }));
  dayButtons.forEach((button) => {
    const days = button.dataset.days;
    if (days !== "all" && Number(days) >= figure.last) button.hidden = true;
    button.addEventListener("click", () => {
      until = days === "all" ? figure.last : Number(days);
      pressed(dayButtons, button);
      draw();
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // On paper: light colors, everything open, figures as wide as the page.
  const closed = () => [...document.querySelectorAll("details:not([open])")];
  let opened = [];
  addEventListener("beforeprint", () => {
    root.classList.add("paper");
    opened = closed();
    opened.forEach((each) => { each.open = true; });
    draw();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("paper");
    opened.forEach((each) => { each.open = false; });
    draw();
  });
  draw();
})();
