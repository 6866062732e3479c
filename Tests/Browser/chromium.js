// A headless Chromium in the hands of a test, over the DevTools protocol on a pipe: no port, and it ends when the pipe does.

import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

const flags = [
  "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
  "--mute-audio", "--disable-extensions", "--disable-component-update", "--disable-background-networking", "--disable-sync",
  // Every page is looked at, as far as the browser knows: none is slowed down behind another.
  "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
];
const executable = ["chromium", "chromium-browser"]
  .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find(isExecutable);

/** Why tests in a browser cannot run here, or false. */
export const noBrowser = executable === undefined && "no chromium in PATH: install Debian's package chromium";

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts a browser with a profile of its own; it ends with the test. */
export async function startBrowser(context) {
  const browser = new Browser();
  context.after(() => browser.stop());
  await browser.command("Browser.getVersion");
  return browser;
}

export class Browser {
  #profile = mkdtempSync(join(tmpdir(), "switchback-browser-"));
  #process;
  #ended;
  #lastID = 0;
  #waiting = new Map(); // number of a command -> { resolve, reject }
  #pages = new Map(); // by DevTools session
  #received = "";

  constructor() {
    this.#process = spawn(executable, [...flags, `--user-data-dir=${this.#profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    this.#ended = new Promise((resolve) => this.#process.on("close", resolve));
    this.#process.on("error", (error) => this.#lose(error));
    this.#process.on("exit", (code, signal) => this.#lose(new Error(`chromium ended: ${code ?? signal}`)));
    this.#process.stdio[3].on("error", () => {});
    this.#process.stdio[4].setEncoding("utf8").on("data", (text) => this.#take(text));
  }

  /** Opens a page in a window of its own. */
  async open(url, { width = 1280, height = 760 } = {}) {
    const { targetId } = await this.command("Target.createTarget", { url: "about:blank", newWindow: true });
    const { sessionId } = await this.command("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    this.#pages.set(sessionId, page);
    for (const domain of ["Page", "Runtime", "Log"]) await page.command(`${domain}.enable`);
    await page.command("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await page.goTo(url);
    return page;
  }

  /** Says one thing to the browser, or to the page of a DevTools session, and answers its answer. */
  command(method, params = {}, sessionId = undefined) {
    const id = ++this.#lastID;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { method, resolve, reject }));
  }

  /** Ends the browser, at first by letting go of its pipe. */
  async stop() {
    this.#process.stdio[3].destroy();
    this.#process.stdio[4].destroy();
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await this.#ended;
    clearTimeout(impatience);
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }

  #take(text) {
    const messages = (this.#received + text).split("\0");
    this.#received = messages.pop();
    for (const { id, method, params, result, error, sessionId } of messages.map((message) => JSON.parse(message))) {
      if (id === undefined) {
        this.#pages.get(sessionId)?.happened(method, params);
        continue;
      }
      const command = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) command?.reject(new Error(`${command.method}: ${error.message}`));
      else command?.resolve(result);
    }
  }

  #lose(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** One page. Made by `browser.open`. */
export class Page {
  /** What went wrong in the page: uncaught errors, and what the browser logged as an error. */
  errors = [];
  #browser;
  #target;
  #session;
  #loaded = []; // who waits for the page to be loaded

  constructor(browser, target, session) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  command(method, params) {
    return this.#browser.command(method, params, this.#session);
  }

  async goTo(url) {
    await this.#loading(() => this.command("Page.navigate", { url }));
  }

  /** As the browser's own button does. */
  async reload() {
    await this.#loading(() => this.command("Page.reload"));
  }

  /** As a script of the page does. */
  async reloadItself() {
    await this.#loading(() => this.evaluate("location.reload()"));
  }

  /** As closing its tab does. */
  async close() {
    await this.#browser.command("Target.closeTarget", { targetId: this.#target });
  }

  /** From the next page on, scripts of pages do not run. */
  async forbidScripts() {
    await this.command("Emulation.setScriptExecutionDisabled", { value: true });
  }

  /** Does what makes the browser load another page, and waits for that. */
  async leadsOn(act) {
    await this.#loading(act);
  }

  /** The value of an expression, of its promise if it is one. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.command("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  /** Holds a key down until `release`: "ArrowRight", "KeyD". */
  async press(code) {
    await this.command("Input.dispatchKeyEvent", { type: "keyDown", code, key: code.replace(/^Key/, "").toLowerCase() });
  }

  async release(code) {
    await this.command("Input.dispatchKeyEvent", { type: "keyUp", code, key: code.replace(/^Key/, "").toLowerCase() });
  }

  async click(selector) {
    const [x, y] = await this.evaluate(`(() => {
      const box = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    })()`);
    for (const type of ["mousePressed", "mouseReleased"]) await this.command("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  }

  /** Types into whatever has the focus. */
  async type(text) {
    await this.command("Input.insertText", { text });
  }

  /** Writes what is to be seen to a PNG. */
  async screenshot(path) {
    const { data } = await this.command("Page.captureScreenshot", { format: "png" });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(data, "base64"));
  }

  /** For the browser. */
  happened(method, params) {
    if (method === "Page.loadEventFired") for (const resolve of this.#loaded.splice(0)) resolve();
    if (method === "Runtime.exceptionThrown") this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && params.entry.level === "error") this.errors.push(`${params.entry.text} ${params.entry.url ?? ""}`);
  }

  async #loading(start) {
    const loaded = new Promise((resolve) => this.#loaded.push(resolve));
    await start();
    await loaded;
  }
}
