// Draws the figures that the page carries; without this script the table says the same.
"use strict";
(() => {
  const place = document.getElementById("chart");
  const figures = document.getElementById("chart-figures");
  if (!place || !figures) return;
  const { times, series, timeZone, timeLabel } = JSON.parse(figures.textContent);
  const axis = { stroke: "#d5d5d5", grid: { stroke: "#3a3d42" }, ticks: { stroke: "#3a3d42" } };
  const isFrench = document.documentElement.lang === "fr";
  const chart = new uPlot(
    {
      width: place.clientWidth - 16,
      height: 320,
      // Charts follow the site's clock, also on the days on which it changes.
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeZone),
      fmtDate: (template) => uPlot.fmtDate(isFrench ? french(template) : template),
      axes: [axis, axis],
      scales: { y: { range: (_, __, most) => [0, (most || 1) * 1.05] } },
      series: [
        { label: timeLabel, value: isFrench ? "{DD}/{MM}/{YYYY} {HH}:{mm}" : "{YYYY}-{MM}-{DD} {HH}:{mm}" },
        ...series.map(({ label, color, dash }) => ({
          label,
          stroke: color,
          dash,
          width: 2,
          spanGaps: false,
          points: { show: times.length < 80, size: 6 },
        })),
      ],
    },
    [times, ...series.map(({ values }) => values)],
    place,
  );
  window.addEventListener("resize", () => chart.setSize({ width: place.clientWidth - 16, height: 320 }));

  function french(template) {
    return template.replace("{M}/{D}/{YY}", "{DD}/{MM}/{YY}").replace("{M}/{D}", "{DD}/{MM}").replace("{h}{aa}", "{H} h").replace("{h}:{mm}{aa}", "{HH}:{mm}");
  }
})();
