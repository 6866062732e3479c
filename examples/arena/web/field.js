// Draws the arena: the field of 1000 × 600 units, coins, players with their names, and a few small effects.
// The state steps 20 times a second; what is drawn glides from where it was to where it is.

const width = 1000;
const height = 600;
const playerRadius = 12;
const coinRadius = 6;
const effectMilliseconds = 700;

/** What a player is called here; those who gave no name are told apart by their keys. */
export function nameOf(key, player) {
  return player.name && player.name !== "guest" ? player.name : `guest ${key}`;
}

/** A player's colour: from its `hue` if it has one, else from its key. */
export function colourOf(key, player, lightness = 64) {
  const hue = player.hue ?? [...String(key)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  return `hsl(${Math.round(((Number(hue) % 256) * 360) / 256)} ${player.bot ? "38% 55%" : `62% ${lightness}%`})`;
}

export class Field {
  #canvas;
  #context;
  #room;
  #ownKey;
  #glides = new Map(); // key -> { fromX, fromY, x, y, at }
  #effects = []; // { kind, x, y, at, colour, text }
  #tickMilliseconds = 50;
  #lastCommit = null;
  #scale = 1;
  #textScale = 1; // larger letters where the field is small
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  /** `ownKey()` answers the key of the player in front of this page. */
  constructor(canvas, room, ownKey) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#room = room;
    this.#ownKey = ownKey;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
    room.on("commit", ({ tick }) => this.#measure(tick));
    const { players, coins } = room.tables;
    players.onRemove((key) => this.#glides.delete(key));
    players.onChange((key, row, fields, before) => {
      const gain = fields.includes("score") ? Number(row.score) - Number(before.score) : 0;
      if (gain > 0) this.#effect({ kind: "gain", x: row.x, y: row.y, colour: colourOf(key, row, 80), text: `+${gain}` });
    });
    coins.onRemove((_, coin) => this.#effect({ kind: "ring", x: coin.x, y: coin.y, colour: "#f2cf7a" }));
  }

  /** Where a pointer event is, in units of the field. */
  unitsAt(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  draw(now) {
    const context = this.#context;
    context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#drawGround(context);
    for (const [key, coin] of this.#room.tables.coins) this.#drawCoin(context, key, coin, now);
    const own = this.#ownKey();
    for (const [key, player] of this.#room.tables.players) if (key !== own) this.#drawPlayer(context, key, player, now, false);
    const ownPlayer = this.#room.tables.players.get(own);
    if (ownPlayer !== undefined) this.#drawPlayer(context, own, ownPlayer, now, true);
    this.#drawEffects(context, now);
  }

  #resize() {
    const pixels = Math.max(1, Math.round(this.#canvas.clientWidth * (devicePixelRatio || 1)));
    if (this.#canvas.width === pixels) return;
    this.#canvas.width = pixels;
    this.#canvas.height = Math.round((pixels * height) / width);
    this.#scale = pixels / width;
    this.#textScale = Math.max(1, 760 / Math.max(1, this.#canvas.clientWidth));
  }

  /** Learns how long a tick takes from the commits, so that another rate glides as well. */
  #measure(tick) {
    const now = performance.now();
    const last = this.#lastCommit;
    this.#lastCommit = { tick, at: now };
    if (last === null || tick <= last.tick || tick - last.tick > 10) return;
    const sample = Math.min(500, Math.max(5, (now - last.at) / (tick - last.tick)));
    this.#tickMilliseconds += (sample - this.#tickMilliseconds) * 0.05;
  }

  #effect(effect) {
    if (this.#calm.matches || document.visibilityState === "hidden" || this.#effects.length > 200) return;
    this.#effects.push({ ...effect, at: performance.now() });
  }

  /** Where to draw a row just now: one tick behind, on its way from the last place to the newest. */
  #placeOf(key, row, now) {
    let glide = this.#glides.get(key);
    if (glide === undefined) this.#glides.set(key, (glide = { fromX: row.x, fromY: row.y, x: row.x, y: row.y, at: now }));
    const share = Math.min(1, (now - glide.at) / (this.#tickMilliseconds * 1.15));
    const place = [glide.fromX + (glide.x - glide.fromX) * share, glide.fromY + (glide.y - glide.fromY) * share];
    if (glide.x === row.x && glide.y === row.y) return place;
    const isJump = Math.hypot(row.x - place[0], row.y - place[1]) > 150;
    const [fromX, fromY] = isJump ? [row.x, row.y] : place;
    Object.assign(glide, { fromX, fromY, x: row.x, y: row.y, at: now });
    return [fromX, fromY];
  }

  #drawGround(context) {
    context.fillStyle = "#232e3a";
    for (let x = 50; x < width; x += 50) for (let y = 50; y < height; y += 50) context.fillRect(x - 1, y - 1, 2, 2);
  }

  #drawCoin(context, key, coin, now) {
    const swing = this.#calm.matches ? 1 : Math.abs(Math.cos(now / 700 + Number(key) * 1.7));
    context.fillStyle = "#e9bd5b";
    context.beginPath();
    context.ellipse(coin.x, coin.y, Math.max(1.5, coinRadius * (0.35 + 0.65 * swing)), coinRadius, 0, 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = "#fbe7b0";
    context.lineWidth = 1.2;
    context.stroke();
  }

  #drawPlayer(context, key, player, now, isOwn) {
    const [x, y] = this.#placeOf(key, player, now);
    const radius = player.bot ? playerRadius - 3 : playerRadius;
    if (isOwn) {
      context.fillStyle = colourOf(key, player).replace(")", " / 16%)");
      circle(context, x, y, radius + 11);
      context.fill();
    }
    context.fillStyle = colourOf(key, player);
    circle(context, x, y, radius);
    context.fill();
    context.lineWidth = isOwn ? 2.5 : 1;
    context.strokeStyle = isOwn ? "#ffffff" : "rgb(0 0 0 / 45%)";
    context.stroke();
    this.#drawName(context, nameOf(key, player), player, x, y - radius - 7, isOwn);
  }

  #drawName(context, name, player, x, y, isOwn) {
    context.font = `${isOwn ? 600 : 400} ${13 * this.#textScale}px system-ui, "DejaVu Sans", sans-serif`;
    context.textAlign = "center";
    context.lineWidth = 3.5;
    context.lineJoin = "round";
    context.strokeStyle = "rgb(14 18 23 / 85%)";
    context.fillStyle = isOwn ? "#ffffff" : player.bot ? "#8b98a7" : "#c9d3dd";
    const top = y < 16 * this.#textScale ? y + 2 * playerRadius + 7 + 16 * this.#textScale : y;
    const half = context.measureText(name).width / 2 + 3;
    const middle = Math.min(width - half, Math.max(half, x));
    context.strokeText(name, middle, top);
    context.fillText(name, middle, top);
  }

  #drawEffects(context, now) {
    this.#effects = this.#effects.filter((effect) => now - effect.at < effectMilliseconds);
    for (const effect of this.#effects) {
      const share = Math.min(1, Math.max(0, (now - effect.at) / effectMilliseconds));
      context.globalAlpha = 1 - share;
      if (effect.kind === "ring") {
        context.strokeStyle = effect.colour;
        context.lineWidth = 2;
        circle(context, effect.x, effect.y, coinRadius + 20 * share);
        context.stroke();
      } else {
        context.fillStyle = effect.colour;
        context.font = `600 ${15 * this.#textScale}px system-ui, sans-serif`;
        context.textAlign = "center";
        context.fillText(effect.text, effect.x, effect.y - 30 - 20 * share);
      }
    }
    context.globalAlpha = 1;
  }
}

function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}
