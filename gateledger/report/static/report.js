/* Draws the charts and lets tables be sorted. Values only ever become text, never markup. */
"use strict";
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const tone = (name) => colour(name.startsWith("line-") ? name : "fill-" + name) || colour("text");
  const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const figure = (value, unit) =>
    value === null || value === undefined ? "–" : unit === "%" ? value.toFixed(2) + "%" : value.toLocaleString("en-US");

  function stacked(series) {
    const sums = new Array(series[0]?.values.length ?? 0).fill(0);
    return series.map((one) => one.values.map((value, at) => (value === null ? null : (sums[at] += value))));
  }

  function draw(holder) {
    const data = JSON.parse(holder.querySelector("script").textContent);
    const plot = holder.querySelector(".plot");
    const readout = holder.querySelector(".readout");
    if (!data.series.length) return;
    const layered = data.kind === "stacked";
    // Layers are drawn from the highest sum to the lowest, each over the one before.
    const order = data.series.map((_, at) => at);
    if (layered) order.reverse();
    const values = layered ? stacked(data.series) : data.series.map((one) => one.values);
    const tell = (chart) => {
      const at = chart.cursor.idx ?? data.days.length - 1;
      readout.textContent =
        day(data.days[at]) + ": " +
        data.series.map((one) => one.label + " " + figure(one.values[at], data.unit)).join(", ");
    };
    let chart = null;
    const build = () => {
      chart?.destroy();
      const grid = { stroke: colour("line"), width: 1 };
      const axis = { stroke: colour("soft"), grid, ticks: { ...grid, size: 4 }, font: "12px system-ui, sans-serif" };
      const percent = data.unit === "%";
      const options = {
        width: Math.max(200, plot.clientWidth), height: Math.max(160, plot.clientHeight),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: !layered, size: 7 } },
        scales: {
          x: { time: true },
          y: { range: (_, low, high) => percent
            ? [Math.max(0, Math.floor((low ?? 0) / 10) * 10 - (low % 10 === 0 && low > 0 ? 10 : 0)), Math.min(100, Math.ceil(((high ?? 100) + 1) / 10) * 10)]
            : [0, Math.max(4, (high ?? 0) * 1.08)] },
        },
        axes: [
          { ...axis, size: 32, space: 70, values: (_, ticks) => ticks.map((tick) => {
            const at = new Date(tick * 1000);
            return at.getUTCHours() ? "" : at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
          }) },
          { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => (percent ? tick + "%" : tick % 1 ? "" : tick.toLocaleString("en-US"))) },
        ],
        series: [{}, ...order.map((at) => ({
          stroke: layered ? colour("surface") : tone(data.series[at].tone), width: layered ? 1 : 2,
          fill: layered ? tone(data.series[at].tone) : undefined,
          points: { show: data.days.length < 2 }, spanGaps: false,
        }))],
        hooks: { setCursor: [tell] },
      };
      chart = new uPlot(options, [data.days, ...order.map((at) => values[at])], plot);
      holder.dataset.drawn = "yes";
      tell(chart);
    };
    build();
    dark.addEventListener("change", build);
    new ResizeObserver(() => chart.setSize({ width: Math.max(200, plot.clientWidth), height: Math.max(160, plot.clientHeight) })).observe(plot);
  }

  // Numbers and percentages sort by their value, a dash before all of them.
  const plain = (text) => (text === "–" ? "-1" : /^[\d,]+(\.\d+)?%?$/.test(text) ? text.replace(/[,%]/g, "") : text);
  const shown = (cell) => cell.dataset.value ?? plain(cell.textContent.trim());
  const compare = (one, other) => {
    const numbers = one !== "" && other !== "" && !isNaN(one) && !isNaN(other);
    return numbers ? Number(one) - Number(other) : one.localeCompare(other, "en", { numeric: true, sensitivity: "base" });
  };

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      if ("fixed" in head.dataset) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((one, other) => compare(shown(one.cells[at]), shown(other.cells[at])) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  }

  document.querySelectorAll("[data-chart]").forEach(draw);
  document.querySelectorAll("table[data-sortable]").forEach(sortable);
})();
