// What is alive on a page. Every page works without it.
"use strict";

// The server's clock, whatever the browser's says.
let served = Number(document.documentElement.dataset.now), loaded = performance.now();
const now = () => served + (performance.now() - loaded);
const main = document.getElementById("main");

// ---- Clocks

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

let nextLook = 0;
function tick() {
  let isOver = false;
  for (const item of document.querySelectorAll(".countdown[data-until]")) {
    const ms = Number(item.dataset.until) - now();
    const text = ms > 0 ? left(ms) : "time is over";
    if (item.textContent !== text) item.textContent = text;
    item.classList.toggle("soon", ms > 0 && ms < 900000);
    item.classList.toggle("over", ms <= 0);
    isOver ||= ms < -500;
  }
  // What ran out has changed at the server too; forms that are too late say so before they are sent.
  for (const part of document.querySelectorAll("section[data-until]")) {
    if (Number(part.dataset.until) > now() || part.dataset.over) continue;
    part.dataset.over = "yes";
    for (const button of part.querySelectorAll("button")) button.disabled = true;
    say(part, "The time to decide is over. Nothing can be sent any more.");
  }
  if (isOver && tag() !== undefined && performance.now() > nextLook) {
    nextLook = performance.now() + 15000;
    refresh();
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

// ---- Words to the reader

function say(place, text, link, label) {
  const note = document.createElement("p");
  note.className = "notice warn said-live";
  note.setAttribute("role", "status");
  note.append(text + " ");
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.textContent = label;
    note.append(anchor);
  }
  for (const old of place.querySelectorAll(":scope > .said-live")) old.remove();
  place.prepend(note);
}

// ---- Changes

const tag = () => main.dataset.live;
const dirty = new Set();
const isTyping = () => {
  for (const form of dirty) if (!form.isConnected) dirty.delete(form);
  const at = document.activeElement;
  return dirty.size > 0 || (at && main.contains(at) && at.matches("input, textarea, select"));
};

let isLooking = false, isStale = false;
async function refresh() {
  if (isLooking) { isStale = true; return; }
  isLooking = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { signedOut(); return; }
    if (!answer.ok) return;
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The server is away; the stream's next try, or the reader's, finds it again.
  } finally {
    isLooking = false;
    if (isStale) { isStale = false; refresh(); }
  }
}

function take(page) {
  const fresh = page.getElementById("main");
  if (!fresh || fresh.dataset.live === tag()) return;
  if (isTyping()) {
    say(main, "This page has changed. What you have typed is kept.", location.href, "Show the change");
    return;
  }
  served = Number(page.documentElement.dataset.now);
  loaded = performance.now();
  const open = [...main.querySelectorAll("details")].map((item) => item.open);
  const kept = main.querySelectorAll("details").length === fresh.querySelectorAll("details").length;
  main.replaceChildren(...fresh.childNodes);
  main.dataset.live = fresh.dataset.live ?? "";
  if (kept) main.querySelectorAll("details").forEach((item, index) => { item.open = open[index]; });
  document.title = page.title;
  ready(main);
  announce("This page was updated.");
}

function announce(text) {
  let place = document.getElementById("announced");
  if (!place) {
    place = document.createElement("p");
    place.id = "announced";
    place.className = "hidden";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.textContent = text;
}

let stream = null, polling = 0;
function signedOut() {
  hush();
  say(main, "You are signed out.", "/sign-in?next=" + encodeURIComponent(location.pathname), "Sign in again");
}

function listen() {
  if (tag() === undefined || stream || document.hidden) return;
  stream = new EventSource("/live");
  stream.addEventListener("changed", refresh);
  stream.addEventListener("error", () => {
    // Refused for good: too many pages are open, or the session is over. Asking now and then finds out which.
    if (stream && stream.readyState === EventSource.CLOSED) {
      stream = null;
      if (!polling) polling = setInterval(refresh, 15000);
      refresh();
    }
  });
}

function hush() {
  stream?.close();
  stream = null;
  clearInterval(polling);
  polling = 0;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) hush(); else { listen(); if (tag() !== undefined) refresh(); }
});
addEventListener("pagehide", hush);
addEventListener("pageshow", (event) => {
  for (const form of document.forms) delete form.dataset.sent;
  // Out of the browser's memory: what it shows may be long past.
  if (event.persisted) { listen(); refresh(); }
});

// ---- Forms

document.addEventListener("input", (event) => { if (event.target.form?.method === "post") dirty.add(event.target.form); });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  dirty.delete(form);
});

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value ?? field.textContent);
    button.textContent = "Copied";
  } catch {
    field.select?.();
    button.textContent = "Press Ctrl-C";
  }
}

function ready(root) {
  localise(root);
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  tick();
}

ready(document);
setInterval(tick, 1000);
listen();
document.querySelector("[data-focus]")?.focus();
