// What is alive on a page. Every page works without it.
"use strict";

// The server's clock, whatever the browser's says.
const served = Number(document.documentElement.dataset.now), loaded = performance.now();
const now = () => served + (performance.now() - loaded);

const units = [["day", 86400000], ["hour", 3600000], ["minute", 60000], ["second", 1000]];
function left(ms) {
  const parts = [];
  for (const [name, size] of units) {
    const count = Math.floor(ms / size);
    ms -= count * size;
    if (count > 0 || (name === "second" && !parts.length)) parts.push(count + " " + name + (count === 1 ? "" : "s"));
  }
  return parts.slice(0, 2).join(" ") + " left";
}

function tick() {
  for (const item of document.querySelectorAll(".countdown[data-until]")) {
    const ms = Number(item.dataset.until) - now();
    const text = ms > 0 ? left(ms) : "time is over";
    if (item.textContent !== text) item.textContent = text;
    item.classList.toggle("soon", ms > 0 && ms < 900000);
    item.classList.toggle("over", ms <= 0);
  }
}

// The reader's own time first, UTC beside it.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const utc = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", timeZone: "UTC", hour12: false });
function localise(root) {
  for (const item of root.querySelectorAll("time[data-local]")) {
    const date = new Date(item.dateTime);
    item.title = item.textContent;
    item.textContent = local.format(date) + " (" + utc.format(date) + " UTC)";
    item.removeAttribute("data-local");
  }
}

localise(document);
tick();
setInterval(tick, 1000);
document.querySelector("[data-focus]")?.focus();
