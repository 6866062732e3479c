// What a board's pages do when there is JavaScript. Everything works without it: this shows what is new while a page is open, keeps the writer's name, and
// shows times where the reader is. Texts go into the page as text nodes only.

import { connect } from "/switchback.js";

const main = document.querySelector("main");
const { channel, thread } = main.dataset;
const notice = document.getElementById("live");

// Times where the reader is

const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const showTimes = (within) => {
  for (const time of within.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = timeFormat.format(new Date(time.dateTime));
  }
};
showTimes(document);

// The writer's name, in this browser only

const stored = (name) => {
  try {
    if (name !== undefined) localStorage.setItem("board name", name);
    return localStorage.getItem("board name") ?? "";
  } catch {
    return ""; // storage is forbidden here
  }
};
for (const form of document.querySelectorAll("form.write")) {
  if (!form.author.value) form.author.value = stored();
  form.addEventListener("submit", () => {
    stored(form.author.value.trim());
    form.querySelector("button").disabled = true; // one press, one post
  });
  addEventListener("pageshow", () => (form.querySelector("button").disabled = false));
}

// What is new

if (channel) {
  const hub = connect(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/connect`);
  const room = hub.read(channel);
  window.board = { hub, room }; // for the console, and for tests in a browser
  if (thread) followThread(room, Number(thread));
  else followBoard(room);
}

/** New posts of the open thread appear below the others. */
function followThread(room, number) {
  const list = document.getElementById("posts");
  const show = () => {
    const posts = [...room.tables.posts].filter(([, post]) => Number(post.thread) === number);
    for (const [key, post] of posts.sort(([a], [b]) => Number(a) - Number(b))) {
      if (!document.getElementById(`p${key}`)) list.append(article(key, post));
    }
    if (room.tables.threads.size > 0 && !room.tables.threads.has(number)) say("This thread is gone: it made room for newer ones.");
  };
  room.on("attached", show);
  room.on("commit", show);
}

/** A page of a board or the catalog does not move under its reader: it says that there is something new. */
function followBoard(room) {
  const before = Number(main.dataset.newest); // when the page was built
  const show = () => {
    const count = Number(room.tables.board?.get(0)?.lastNumber ?? 0) - before;
    if (count > 0) say(`${count} new ${count === 1 ? "post" : "posts"}.`, true);
  };
  room.on("attached", show);
  room.on("commit", show);
}

function say(text, isReloadOffered = false) {
  notice.replaceChildren(text);
  if (isReloadOffered) notice.append(" ", Object.assign(document.createElement("a"), { href: location.pathname, textContent: "Show" }));
  notice.hidden = false;
}

/** A post as the pages show it. */
function article(key, post) {
  const element = (name, className, ...children) => {
    const made = Object.assign(document.createElement(name), { className });
    made.append(...children);
    return made;
  };
  const at = new Date(Number(post.at) * 1000);
  const time = element("time", "", timeFormat.format(at));
  time.dateTime = at.toISOString();
  const link = element("a", "number", `No. ${key}`);
  link.href = `#p${key}`;
  const made = element("article", "post new", element("header", "", element("b", "author", post.author), " ", time, " ", link), element("p", "text", ...lines(post.text)));
  made.id = `p${key}`;
  return made;
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => {
    const isQuote = line.startsWith(">") && !/^>>\d/.test(line);
    const nodes = isQuote ? [Object.assign(document.createElement("span"), { className: "quote" })] : words(line);
    if (isQuote) nodes[0].append(...words(line));
    return index === 0 ? nodes : [document.createElement("br"), ...nodes];
  });
}

function words(line) {
  return line.split(/(>>\d{1,12}|https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)])/).map((part, index) => {
    if (index % 2 === 0) return part;
    const link = Object.assign(document.createElement("a"), { textContent: part });
    if (!part.startsWith(">>")) return Object.assign(link, { href: part, rel: "nofollow noopener ugc" });
    if (!document.getElementById(`p${part.slice(2)}`)) return part;
    return Object.assign(link, { href: `#p${part.slice(2)}`, className: "ref" });
  });
}
