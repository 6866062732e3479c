// The arena's page: what it reads from `arena/<room>`, how it steers, and what it shows beside the field.
// The drawing is in field.js. Everything shared comes out of the room's tables; nothing of it is kept here.

import { connect } from "/switchback.js";
import { Field, colourOf, nameOf } from "./field.js";

const query = new URLSearchParams(location.search);
const roomName = query.get("room") || "1";
const isAutomatic = query.get("auto") === "1";
const stepLimit = 12; // units an input, as the server clamps
const sendMilliseconds = 50;
const unansweredLimit = 10; // moves without an outcome; more would only be late
const scoreRows = 14;

const element = (id) => document.getElementById(id);
const nameField = element("name");

const hub = connect(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/connect`);
const room = hub.read(`arena/${roomName}`, { write: true });
const { players } = room.tables;
const field = new Field(element("field"), room, () => room.me);
window.arena = { hub, room }; // for the console, and for tests in a browser

// What the player says

async function say(input) {
  const outcome = await room.send(input);
  if (outcome.status === "refused") notice(`Refused: ${outcome.reason}`);
}

function notice(text) {
  element("notice").textContent = text;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => (element("notice").textContent = ""), 4_000);
}

function storedName(name) {
  try {
    if (name !== undefined) localStorage.setItem("arena name", name);
    return localStorage.getItem("arena name");
  } catch {
    return null; // storage is forbidden here: the name lasts as long as the page
  }
}

nameField.value = query.get("name") ?? storedName() ?? "";
element("name-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = nameField.value.trim();
  if (!query.has("name")) storedName(name);
  if (name) say({ name });
  element("field").focus();
});
room.on("granted", ({ isNew }) => isNew && nameField.value.trim() && say({ name: nameField.value.trim() }));
element("add-bots").addEventListener("click", () => {
  const botCount = [...players.values()].filter((player) => player.bot).length;
  say({ bots: botCount + 5 });
});
element("invite").addEventListener("click", async () => {
  const link = new URL(location.href);
  link.search = new URLSearchParams({ room: roomName });
  try {
    await navigator.clipboard.writeText(link.href);
    notice("The link is copied.");
  } catch {
    notice(link.href);
  }
});

// Steering

const directions = {
  ArrowUp: [0, -1], KeyW: [0, -1], ArrowDown: [0, 1], KeyS: [0, 1], ArrowLeft: [-1, 0], KeyA: [-1, 0], ArrowRight: [1, 0], KeyD: [1, 0],
};
const pressed = new Set();
let pointer = null; // where it is held, in units of the field
let lastSentAt = 0;
let unansweredCount = 0;

const isTyping = (target) => target instanceof HTMLInputElement;
addEventListener("keydown", (event) => {
  if (!(event.code in directions) || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  pressed.add(event.code);
  event.preventDefault();
});
addEventListener("keyup", (event) => pressed.delete(event.code));
addEventListener("blur", () => pressed.clear());

const canvas = element("field");
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointer = field.unitsAt(event);
});
canvas.addEventListener("pointermove", (event) => pointer && (pointer = field.unitsAt(event)));
for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, () => (pointer = null));

/** Where to, at most one step long; null to stand still. */
function heading(own, now) {
  const keys = [...pressed].map((code) => directions[code]);
  const byKeys = keys.reduce(([x, y], [dx, dy]) => [x + dx, y + dy], [0, 0]);
  if (byKeys[0] || byKeys[1]) return scaled(byKeys, Infinity);
  const target = pointer ?? (isAutomatic ? automaticTarget(own, now) : null);
  if (target === null || own === undefined) return null;
  const [dx, dy] = [target[0] - own.x, target[1] - own.y];
  const distance = Math.hypot(dx, dy);
  return distance < 3 ? null : scaled([dx, dy], distance);
}

function scaled([dx, dy], distance) {
  const factor = Math.min(stepLimit, distance) / Math.hypot(dx, dy);
  return [Math.round(dx * factor * 100) / 100, Math.round(dy * factor * 100) / 100];
}

/** The nearest coin, or a slow round where there is none. */
function automaticTarget(own, now) {
  if (own === undefined) return null;
  let nearest = null;
  let least = Infinity;
  for (const coin of room.tables.coins.values()) {
    const distance = Math.hypot(coin.x - own.x, coin.y - own.y);
    if (distance < least) [nearest, least] = [[coin.x, coin.y], distance];
  }
  return nearest ?? [500 + 380 * Math.cos(now / 2_400), 300 + 210 * Math.sin(now / 1_700)];
}

function steer(now) {
  if (now - lastSentAt < sendMilliseconds || hub.status !== "connected" || room.status !== "attached") return;
  const move = heading(players.get(room.me), now);
  if (move === null || unansweredCount >= unansweredLimit) return;
  // On the grid of 50 ms, so that frames of 60 Hz do not turn 20 a second into 15.
  lastSentAt = now - lastSentAt < 2 * sendMilliseconds ? lastSentAt + sendMilliseconds : now;
  unansweredCount += 1;
  say({ move }).finally(() => (unansweredCount -= 1));
}

// What stands beside the field

const figures = Object.fromEntries([...document.querySelectorAll("[data-figure]")].map((place) => [place.dataset.figure, place]));
const figure = (name, text) => figures[name].textContent !== text && (figures[name].textContent = text);
let bytesBefore = 0;

/** Once a second. */
function showTraffic() {
  const bytes = hub.receivedByteCount - bytesBefore;
  bytesBefore = hub.receivedByteCount;
  figure("bytes", bytes < 10_000 ? `${bytes} B/s` : `${(bytes / 1000).toFixed(1)} kB/s`);
}

function showFigures() {
  figure("tick", room.version ? String(room.tick) : "–");
  figure("version", room.version ? String(room.version) : "–");
  figure("roundTrip", hub.roundTripMilliseconds === null ? "–" : `${hub.roundTripMilliseconds.toFixed(1)} ms`);
  figure("players", String(players.size));
  figure("session", hub.session?.slice(0, 8) ?? "–");
}

const scoreOf = (player) => Number(player.score ?? 0);

function showScores() {
  const best = [...players].sort(([keyA, a], [keyB, b]) => scoreOf(b) - scoreOf(a) || (keyA < keyB ? -1 : 1));
  const shown = best.slice(0, scoreRows);
  const ownIndex = best.findIndex(([key]) => key === room.me);
  if (ownIndex >= scoreRows) shown.splice(-1, 1, best[ownIndex]);
  const list = element("scores");
  while (list.children.length > shown.length) list.lastChild.remove();
  while (list.children.length < shown.length) list.append(scoreItem());
  shown.forEach(([key, player], index) => {
    const item = list.children[index];
    const [dot, name, score] = item.children;
    item.className = [key === room.me && "own", player.bot && "bot"].filter(Boolean).join(" ");
    dot.style.background = colourOf(key, player);
    name.textContent = nameOf(key, player) + (key === room.me ? " (you)" : "");
    score.textContent = String(player.score ?? 0);
  });
  element("more").hidden = best.length <= shown.length;
  element("more").textContent = `and ${best.length - shown.length} more`;
}

function scoreItem() {
  const item = document.createElement("li");
  for (const name of ["dot", "name", "score"]) item.append(Object.assign(document.createElement("span"), { className: name }));
  return item;
}

// How the connection is

let tryingAt = 0;

function bannerFor(event) {
  if (room.status === "unlinked") return { tone: "bad", title: "Not let in.", text: whyUnlinked };
  switch (event.status) {
    case "connected":
      return room.status === "unavailable" ? { title: "The game is away for a moment.", text: "It goes on by itself." } : null;
    case "connecting":
      return { title: "Connecting…", text: "" };
    case "waiting":
      return { title: "Disconnected.", text: `Trying again ${waitText()}.`, button: "Try now" };
    case "superseded":
      return { tone: "bad", title: "Playing elsewhere.", text: "This session is open in another place.", button: "Play here" };
    default:
      return { tone: "bad", title: event.status === "refused" ? "Refused." : "The game is over.", text: event.reason ?? "", button: "Try again" };
  }
}

function waitText() {
  const seconds = Math.ceil((tryingAt - performance.now()) / 1000);
  return seconds > 1 ? `in ${seconds} s` : "now";
}

let connection = { status: "connecting" };
let wasConnected = false;
let whyUnlinked = "";

function showBanner() {
  // The first second belongs to an ordinary start: no banner that only flashes.
  const banner = connection.status === "connecting" && !wasConnected && performance.now() < 1_000 ? null : bannerFor(connection);
  const place = element("banner");
  place.hidden = banner === null;
  document.body.classList.toggle("away", banner !== null);
  for (const control of [element("add-bots")]) control.disabled = banner !== null;
  if (banner === null) return;
  place.dataset.tone = banner.tone ?? "warn";
  const text = (id, value) => element(id).textContent !== value && (element(id).textContent = value);
  text("banner-title", banner.title);
  text("banner-text", banner.text);
  text("banner-button", banner.button ?? "");
  element("banner-button").hidden = banner.button === undefined;
}

hub.on("status", (event) => {
  const isAnotherTry = event.status === "connecting" && connection.status === "waiting";
  if (event.status === "waiting") tryingAt = performance.now() + (event.retryMilliseconds ?? 0);
  if (event.status === "connected") wasConnected = true;
  if (!isAnotherTry) connection = event; // "waiting" stays until a try has succeeded
  if (isAnotherTry) tryingAt = 0;
  showBanner();
});
room.on("attached", showBanner);
room.on("unlinked", ({ reason }) => {
  whyUnlinked = reason;
  showBanner();
});
element("banner-button").addEventListener("click", () => {
  tryingAt = 0;
  if (hub.status === "closed") location.reload();
  else hub.reconnect();
});

// The start

document.title = `Arena ${roomName} · Switchback`;
element("room-name").textContent = roomName;
for (const name of new Set(["1", "2", "3", "4", roomName])) {
  const link = Object.assign(document.createElement("a"), { href: `?${new URLSearchParams({ room: name })}`, textContent: `Room ${name}` });
  if (name === roomName) link.setAttribute("aria-current", "page");
  element("rooms").append(link);
}

function frame(now) {
  steer(now);
  field.draw(now);
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
setInterval(showTraffic, 1_000);
setInterval(() => {
  showFigures();
  showScores();
  showBanner();
}, 250);
