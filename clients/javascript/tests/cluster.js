// Real processes for tests: `hub run` with its fronts and the arena behind them, on a port of the system's choosing.
//
// However the test ends, so do they: each holds one end of a pipe whose other end is ours, and ends when ours is gone.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
const binaries = [".build/release", ".build/debug"].find((folder) => ["hub", "arena", "fog"].every((name) => existsSync(join(root, folder, name))));

/** Why tests with real processes cannot run here, or false. */
export const noCluster = binaries === undefined && "no .build/release/hub, arena and fog, nor in .build/debug: run `swift build` first";

/** Asks every few milliseconds until `ask` answers something, and answers that; throws with `what` after `withinMilliseconds`. */
export async function until(what, ask, withinMilliseconds = 10_000) {
  const deadline = performance.now() + withinMilliseconds;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${withinMilliseconds} ms: ${typeof what === "function" ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Starts a hub, `fronts` fronts and one back, an example's; they end with the test. */
export async function startCluster(context, { fronts = 2, back = "arena" } = {}) {
  const cluster = new Cluster(fronts, back);
  context.after(() => cluster.stop());
  await cluster.started;
  return cluster;
}

export class Cluster {
  /** What the processes said, for a test that fails. */
  log = [];
  /** Resolves when the public listener is open. */
  started;
  /** `http://127.0.0.1:PORT`. */
  url = null;
  #hub;
  #folder = mkdtempSync(join(tmpdir(), "switchback-test-"));
  #pids = new Set();

  constructor(frontCount, example) {
    const back = join(binaries, example);
    const files = [`/=examples/${example}/web`, "/switchback.js=clients/javascript/switchback.js"];
    const flags = [
      "run", "--listen", "127.0.0.1:0", "--fronts", frontCount, "--back", back, ...files.flatMap((mount) => ["--files", mount]),
      "--state", join(this.#folder, "state"), "--runtime", join(this.#folder, "run"),
    ];
    // The board has a front and a worker of its own: its script knows them.
    const [program, words] =
      example === "board" ? ["scripts/run-board.sh", [binaries, "127.0.0.1:0", ...flags.slice(flags.indexOf("--state"))]] : [join(binaries, "hub"), flags];
    this.#hub = spawn(join(root, program), words.map(String), {
      cwd: root, stdio: ["ignore", "pipe", "pipe", "pipe"], env: { ...process.env, HUB_LISTEN: "", SWITCHBACK_LIFELINE: "3" },
    });
    this.#hub.stdio[3].on("error", () => {});
    this.#pids.add(this.#hub.pid);
    createInterface({ input: this.#hub.stderr }).on("line", (line) => this.#said(line));
    this.started = new Promise((resolve, reject) => {
      this.#hub.on("error", reject);
      this.#hub.on("exit", (code, signal) => reject(new Error(`the hub ended (${code ?? signal}):\n${this.log.join("\n")}`)));
      createInterface({ input: this.#hub.stdout }).on("line", (line) => {
        this.#said(line);
        this.url ??= /http:\/\/[\d.]+:\d+/.exec(line)?.[0] ?? null;
        if (this.url !== null) resolve();
      });
    });
    this.started.catch(() => {}); // whoever waits hears of it
  }

  /** Where clients connect. */
  get address() {
    return `${this.url.replace("http", "ws")}/connect`;
  }

  get hubPID() {
    return this.#hub.pid;
  }

  /** What `/status.json` says. */
  async status() {
    const response = await fetch(`${this.url}/status.json`, { headers: { connection: "close" } });
    const status = await response.json();
    for (const { pid } of status.processes ?? []) if (pid > 0) this.#pids.add(pid);
    return status;
  }

  /** The running process of that name, or of that role if there is one. */
  async process(name) {
    const found = await until(`${name} runs`, async () => {
      const { processes } = await this.status();
      return processes.find((process) => [process.name, process.role].includes(name) && process.state === "running");
    });
    return found;
  }

  /** The front that serves a session; the hub hears of it within a second. */
  async frontOf(session) {
    return until(`a front serves ${session}`, async () => {
      const { clients, processes } = await this.status();
      const name = clients.find((client) => client.session === session)?.front;
      // The hub may not have heard yet that a front is gone.
      return processes.find((process) => process.name === name && process.state === "running" && isAlive(process.pid));
    });
  }

  kill({ pid }, signal = "SIGKILL") {
    process.kill(pid, signal);
  }

  /** Kills the hub and waits until it is gone. */
  async killHub() {
    this.kill({ pid: this.hubPID });
    await until("the hub is gone", () => !isAlive(this.hubPID));
  }

  /** Lets go of the pipe, and waits until every process is gone. */
  async stop() {
    this.#hub.stdio[3].destroy();
    for (const pid of this.#pids) wake(pid);
    await until(() => `all processes end: ${this.living.join(", ")} left\n${this.log.join("\n")}`, () => this.living.length === 0, 15_000);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The processes that are still there. */
  get living() {
    return [...this.#pids].filter(isAlive);
  }

  #said(line) {
    this.log.push(line);
    const pid = / process started .*\bpid=(\d+)/.exec(line)?.[1];
    if (pid !== undefined) this.#pids.add(Number(pid));
  }
}

/** A stopped process does not notice that its pipe is gone. */
function wake(pid) {
  try {
    if (isAlive(pid)) process.kill(pid, "SIGCONT");
  } catch {} // it ended meanwhile
}

function isAlive(pid) {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
