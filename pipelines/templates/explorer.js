// The explorer: search, filter, sort and open over the applicants embedded in the page. Text enters by textContent alone.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { words, rows, dimensions, indicators, grades, decisions, industries, scenarios, pages } = data;
  const PAGE = 40, POINT = 100, PD = 1e6, SVG = "http://www.w3.org/2000/svg";
  const count = rows.id.length;
  const all = Array.from({ length: count }, (_, i) => i);
  const text = all.map((i) => `${rows.id[i]} ${rows.customer[i]} ${industries[rows.industry[i]]}`.toLowerCase());
  const weakest = all.map((i) => {
    const points = byDimension(i);
    return points.indexOf(Math.min(...points));
  });
  const keys = {
    id: rows.id, customer: rows.customer, day: rows.day, industry: rows.industry.map((k) => industries[k]),
    grade: rows.grade, points: rows.points, pd: rows.pd, decision: rows.decision, weakest,
  };
  const state = { sort: "points", down: true, page: 0, found: all, open: -1 };
  const $ = (id) => document.getElementById(id);

  function byDimension(i) {
    const points = dimensions.map(() => 0);
    indicators.forEach((indicator, k) => { points[indicator.dimension] += rows.indicators[i][k]; });
    return points;
  }
  function number(x, digits) {
    const whole = x.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return Number(x.toFixed(digits)) === 0 ? whole.replace("-", "") : whole.replace("-", "\u2212");
  }
  const signed = (x) => (Number(x.toFixed(1)) > 0 ? "+" : "") + number(x, 1);
  const percent = (x) => `${number(100 * x, x === 0 ? 0 : x >= 0.1 ? 1 : x >= 0.001 ? 2 : 3)}%`;
  function element(tag, content, kind) {
    const made = document.createElement(tag);
    if (content !== undefined) made.textContent = content;
    if (kind) made.className = kind;
    return made;
  }
  function drawn(tag, attributes, content) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (content !== undefined) made.textContent = content;
    return made;
  }

  function search() {
    const wanted = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const [grade, decision, dimension] = ["grade", "decision", "dimension"].map((id) => $(id).value);
    state.found = all.filter((i) =>
      (grade === "" || rows.grade[i] === Number(grade)) &&
      (decision === "" || rows.decision[i] === Number(decision)) &&
      (dimension === "" || weakest[i] === Number(dimension)) &&
      wanted.every((word) => text[i].includes(word)));
    state.page = 0;
    sort();
  }
  function sort() {
    const key = keys[state.sort], sign = state.down ? -1 : 1;
    const order = (a, b) => (key[a] < key[b] ? -sign : key[a] > key[b] ? sign : a - b);
    state.found.sort(order);
    show();
  }
  function show() {
    const from = state.page * PAGE, part = state.found.slice(from, from + PAGE);
    $("rows").replaceChildren(...part.map(row));
    $("status").textContent = words.found.replace("{n}", number(state.found.length, 0)).replace("{all}", number(count, 0));
    $("place").textContent = part.length ? `${number(from + 1, 0)}\u2013${number(from + part.length, 0)}` : "";
    $("previous").disabled = from === 0;
    $("next").disabled = from + PAGE >= state.found.length;
    for (const head of document.querySelectorAll("th[data-key]")) {
      const sorted = head.dataset.key === state.sort;
      head.setAttribute("aria-sort", sorted ? (state.down ? "descending" : "ascending") : "none");
    }
  }
  function row(i) {
    const made = element("tr"), name = element("th"), button = element("button", rows.id[i]);
    made.dataset.row = i;
    if (i === state.open) made.className = "open";
    name.scope = "row";
    button.type = "button";
    button.setAttribute("aria-expanded", String(i === state.open));
    button.setAttribute("aria-controls", "detail");
    name.append(button);
    made.append(name, element("td", rows.customer[i]), element("td", rows.day[i], "nowrap"),
      element("td", industries[rows.industry[i]]), element("td", grades[rows.grade[i]]),
      element("td", number(rows.points[i] / POINT, 0), "num"), element("td", percent(rows.pd[i] / PD), "num"),
      element("td", decisions[rows.decision[i]]), element("td", dimensions[weakest[i]].name));
    return made;
  }

  function open(i) {
    state.open = i;
    for (const made of $("rows").children) {
      const mine = Number(made.dataset.row) === i;
      made.className = mine ? "open" : "";
      made.querySelector("button").setAttribute("aria-expanded", String(mine));
    }
    const title = element("h2", `${rows.customer[i]} \u00b7 ${rows.id[i]}`);
    const facts = element("p", [grades[rows.grade[i]], `${number(rows.points[i] / POINT, 0)} ${words.points}`,
      `PD ${percent(rows.pd[i] / PD)}`, decisions[rows.decision[i]], rows.day[i]].join(" \u00b7 "), "claim");
    const parts = [title, facts, waterfall(i), element("h3", words.indicators), indicatorTable(i)];
    if (scenarios[rows.scenario[i]]) parts.push(element("h3", words.scenario), element("p", scenarios[rows.scenario[i]]));
    const page = pages[rows.id[i]];
    if (page) {
      const link = element("a", words.page);
      link.href = page;
      parts.push(element("p"));
      parts[parts.length - 1].append(link);
    }
    $("detail").replaceChildren(...parts);
    history.replaceState(null, "", `#${encodeURIComponent(rows.id[i])}`);
  }
  function waterfall(i) {
    const points = byDimension(i).map((x) => x / POINT), base = data.base, score = rows.points[i] / POINT;
    const steps = [{ name: words.base, from: base, to: base, label: number(base, 1), total: true }];
    let level = base;
    dimensions.forEach((dimension, k) => {
      steps.push({ name: dimension.name, from: level, to: level + points[k], label: signed(points[k]), fill: dimension.colour });
      level += points[k];
    });
    steps.push({ name: words.score, from: score, to: score, label: number(score, 1), total: true });
    const ends = steps.flatMap((s) => [s.from, s.to]), pitch = 26, left = 204, width = 520;
    const middle = (Math.max(...ends) + Math.min(...ends)) / 2, half = Math.max(20, (Math.max(...ends) - Math.min(...ends)) / 2);
    const x = (v) => left + 52 + ((v - middle + half) / (2 * half)) * (width - left - 104);
    const figure = drawn("svg", { viewBox: `0 0 ${width} ${steps.length * pitch}`, role: "img",
      "aria-label": `${words.waterfall}: ${steps.map((s) => `${s.name} ${s.label}`).join("; ")}` });
    steps.forEach((s, k) => {
      const y = k * pitch + 3, low = Math.min(x(s.from), x(s.to)), high = Math.max(x(s.from), x(s.to));
      figure.append(drawn("text", { x: left - 6, y: y + 14, "text-anchor": "end", "font-size": 11.5,
        "font-weight": s.total ? 600 : 400, fill: "#1c2430" }, s.name));
      if (k < steps.length - 1) figure.append(drawn("line", { x1: x(s.to), x2: x(s.to), y1: y + 18, y2: y + pitch, stroke: "#5b6675", "stroke-dasharray": "2 2" }));
      figure.append(s.total ? drawn("rect", { x: low - 2, y: y - 1, width: 4, height: 21, fill: "#1f3a5f" })
        : drawn("rect", { x: low, y, width: Math.max(high - low, 1), height: 18, fill: s.fill }));
      const before = !s.total && s.to < s.from;
      figure.append(drawn("text", { x: before ? low - 5 : high + 6, y: y + 14, "text-anchor": before ? "end" : "start",
        "font-size": 11.5, "font-weight": s.total ? 600 : 400, fill: "#1c2430" }, s.label));
    });
    return figure;
  }
  function indicatorTable(i) {
    const table = element("table", undefined, "dense"), body = element("tbody");
    const order = indicators.map((_, k) => k).sort((a, b) => rows.indicators[i][a] - rows.indicators[i][b]);
    const largest = Math.max(...rows.indicators[i].map(Math.abs), 1);
    for (const k of order) {
      const points = rows.indicators[i][k], length = (40 * Math.abs(points)) / largest;
      const line = element("tr"), bar = element("td"), drawing = drawn("svg", { viewBox: "0 0 80 10", width: 80, height: 10, "aria-hidden": "true" });
      drawing.append(drawn("rect", { x: points < 0 ? 40 - length : 40, y: 1, width: length, height: 8,
        fill: dimensions[indicators[k].dimension].colour }), drawn("line", { x1: 40, x2: 40, y1: 0, y2: 10, stroke: "#5b6675" }));
      bar.append(drawing);
      line.append(element("td", indicators[k].name), element("td", signed(points / POINT), "num"), bar);
      body.append(line);
    }
    table.append(body);
    return table;
  }

  $("search").addEventListener("input", search);
  for (const id of ["grade", "decision", "dimension"]) $(id).addEventListener("change", search);
  $("previous").addEventListener("click", () => { state.page -= 1; show(); });
  $("next").addEventListener("click", () => { state.page += 1; show(); });
  document.querySelector("thead").addEventListener("click", (event) => {
    const head = event.target.closest("th[data-key]");
    if (!head) return;
    state.down = state.sort === head.dataset.key ? !state.down : ["points", "pd"].includes(head.dataset.key);
    state.sort = head.dataset.key;
    state.page = 0;
    sort();
  });
  $("rows").addEventListener("click", (event) => {
    const made = event.target.closest("tr");
    if (made) open(Number(made.dataset.row));
  });
  $("rows").addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const beside = step && event.target.closest("tr")[step];
    if (!beside) return;
    event.preventDefault();
    beside.querySelector("button").focus();
  });
  search();
  const asked = rows.id.indexOf(decodeURIComponent(location.hash.slice(1)));
  if (count) open(asked < 0 ? state.found[0] : asked);
})();
